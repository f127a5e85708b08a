local function run(n)
  local flags = {}
  for i = 0, n do flags[i] = true end
  flags[0], flags[1] = false, false
  local i = 2
  while i * i <= n do
    if flags[i] then
      for j = i * i, n, i do flags[j] = false end
    end
    i = i + 1
  end
  local count, total = 0, 0
  for k = 0, n do
    if flags[k] then
      count = count + 1
      total = total + k
    end
  end
  return count, total
end
print(string.format("%d %d", run(tonumber(arg[1]))))
