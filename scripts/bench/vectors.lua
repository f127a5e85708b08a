local Vector = {}
Vector.__index = Vector
local function new(x, y, z) return setmetatable({x = x, y = y, z = z}, Vector) end
function Vector.__add(a, b) return new(a.x + b.x, a.y + b.y, a.z + b.z) end
function Vector.__mul(a, f) return new(a.x * f % 1009, a.y * f % 1009, a.z * f % 1009) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
function Vector:dot(b) return self.x * b.x + self.y * b.y + self.z * b.z end
local function run(n)
  local v, w, total, same = new(1, 2, 3), new(4, 5, 6), 0, 0
  for i = 1, n do
    v = (v + w) * 3
    total = total + v:dot(w)
    if v == w then same = same + 1 end
  end
  return total, same
end
print(string.format("%d %d", run(tonumber(arg[1]))))
