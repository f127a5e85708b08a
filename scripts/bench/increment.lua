x = 0
function increment() x = x + 1 end
local function run(n)
  for _ = 1, n do increment() end
end
run(tonumber(arg[1]))
print(string.format("%d", x))
