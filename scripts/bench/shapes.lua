local floor = math.floor
local function class(parent)
  local c = setmetatable({}, {__index = parent})
  c.__index = c
  return c
end
local Shape = class(nil)
function Shape:area() return 0 end
function Shape:weight() return self:area() + self.size end
local Square, Triangle, Line = class(Shape), class(Shape), class(Shape)
function Square:area() return self.size * self.size end
function Triangle:area() return floor(self.size * self.size / 2) end
local function run(n)
  local shapes = {}
  for i = 0, 299 do
    local kind = i % 3
    local c = kind == 0 and Square or kind == 1 and Triangle or Line
    shapes[#shapes + 1] = setmetatable({size = i}, c)
  end
  local total, squares = 0, 0
  for i = 1, n do
    for _, shape in ipairs(shapes) do
      total = total + shape:weight()
      if getmetatable(shape) == Square then
        squares = squares + 1
        shape.size = (shape.size + 1) % 300
      end
    end
  end
  return total, squares
end
print(string.format("%d %d", run(tonumber(arg[1]))))
