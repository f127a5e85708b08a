local format = string.format
local function run(n)
  local total, name = 0, "mini"
  for i = 0, n - 1 do
    total = total + #format("%s: %d of %d", name, i, n)
    total = total + #format("%d %s %05d", i, name, i % 1000)
    total = total + #format("%d %8s %x", i, name, i)
    total = total + #format("%.3f|%6d", i / 7, i)
  end
  return total
end
print(format("%d", run(tonumber(arg[1]))))
