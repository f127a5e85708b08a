local Node = {}
Node.__index = Node
local function new(left, right) return setmetatable({left = left, right = right}, Node) end
function Node:check()
  if self.left == nil then return 1 end
  return 1 + self.left:check() + self.right:check()
end
local function make(depth)
  if depth == 0 then return new(nil, nil) end
  return new(make(depth - 1), make(depth - 1))
end
local function run(depth)
  local long_lived, total = make(depth), 0
  for d = 4, depth, 2 do
    for i = 1, 2 ^ (depth - d + 2) do total = total + make(d):check() end
  end
  return total + long_lived:check()
end
print(string.format("%d", run(tonumber(arg[1]))))
