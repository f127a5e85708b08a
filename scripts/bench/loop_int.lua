local floor = math.floor
local function run(n)
  local i, total = 0, 0
  while i < n do
    total = (total * 31 + i % 7 - floor(i / 3)) % 1000003
    i = i + 1
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
