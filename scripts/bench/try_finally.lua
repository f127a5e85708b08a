local pcall, error, floor = pcall, error, math.floor
local Scope = {}
Scope.__index = Scope
function Scope:enter() self.depth = self.depth + 1 return self end
function Scope:exit() self.depth = self.depth - 1 return true end
local function run(n)
  local scope, total = setmetatable({depth = 0}, Scope), 0
  for i = 0, n - 1 do
    if not pcall(function() total = total + i end) then total = 0 end
    local ok, message = pcall(function() total = total - floor(i / 2) end)
    total = total + 1
    if not ok then error(message) end
    local s = scope:enter()
    pcall(function()
      total = total + s.depth
      if i % 50 == 0 then error({key = i}) end
    end)
    scope:exit()
  end
  return total, scope.depth
end
print(string.format("%d %d", run(tonumber(arg[1]))))
