local function run(size)
  local inside, steps = 0, 0
  for y = 0, size - 1 do
    local ci = 2.0 * y / size - 1.0
    for x = 0, size - 1 do
      local cr = 2.0 * x / size - 1.5
      local zr, zi, i, escaped = 0.0, 0.0, 0, false
      while i < 50 do
        local zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0 then escaped = true break end
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
        i = i + 1
      end
      if not escaped then inside = inside + 1 end
      steps = steps + i
    end
  end
  return inside, steps
end
print(string.format("%d %d", run(tonumber(arg[1]))))
