local function logistic(n)
  local x, total = 0.3, 0.0
  for i = 0, n - 1 do
    x = 3.7 * x * (1.0 - x)
    total = total + x
  end
  return total / n
end
local function integral(n)
  local h, total = 2.0 / n, 0.0
  for i = 0, n - 1 do
    local x = (i + 0.5) * h
    total = total + x * x / (1.0 + x)
  end
  return total * h
end
local n = tonumber(arg[1])
print(string.format("%.9f %.9f", logistic(n), integral(n)))
