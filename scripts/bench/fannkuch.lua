local function run(n)
  local p, q, s = {}, {}, {}
  for i = 0, n - 1 do p[i], q[i], s[i] = i, i, i end
  local sign, most, total = 1, 0, 0
  while true do
    local first = p[0]
    if first ~= 0 then
      for i = 1, n - 1 do q[i] = p[i] end
      local flips = 1
      while true do
        local second = q[first]
        if second == 0 then break end
        q[first] = first
        if first >= 3 then
          local i, j = 1, first - 1
          while i < j do
            q[i], q[j] = q[j], q[i]
            i = i + 1
            j = j - 1
          end
        end
        first = second
        flips = flips + 1
      end
      if flips > most then most = flips end
      total = total + sign * flips
    end
    if sign == 1 then
      p[0], p[1] = p[1], p[0]
      sign = -1
    else
      p[1], p[2] = p[2], p[1]
      sign = 1
      for i = 2, n - 1 do
        if s[i] ~= 0 then s[i] = s[i] - 1 break end
        if i == n - 1 then return total, most end
        s[i] = i
        local t = p[0]
        for j = 0, i do p[j] = p[j + 1] end
        p[i + 1] = t
      end
    end
  end
end
print(string.format("%d %d", run(tonumber(arg[1]))))
