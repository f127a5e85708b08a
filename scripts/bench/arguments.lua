function none() return 1 end
function one(a) return a end
function two(a, b) return a - b end
function three(a, b, c) return a + b - c end
function four(a, b, c, d) return a - b + c - d end
function default(a, b, c)
  if b == nil then b = 2 end
  if c == nil then c = 3 end
  return a + b + c
end
local function run(n)
  local total = 0
  for i = 0, n - 1 do
    total = total + none()
    total = total + one(i)
    total = total - two(i, 3)
    total = total + three(i, total, 7)
    total = four(total, i, 5, 9) % 1000003
    total = total + default(i)
    total = total - default(i, nil, 4)
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
