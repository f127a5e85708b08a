local function element(i, j)
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end
local function times(v, n)
  local result = {}
  for i = 0, n - 1 do
    local total = 0.0
    for j = 0, n - 1 do total = total + element(i, j) * v[j + 1] end
    result[#result + 1] = total
  end
  return result
end
local function times_transposed(v, n)
  local result = {}
  for i = 0, n - 1 do
    local total = 0.0
    for j = 0, n - 1 do total = total + element(j, i) * v[j + 1] end
    result[#result + 1] = total
  end
  return result
end
local function run(n)
  local u, v = {}, nil
  for i = 1, n do u[i] = 1.0 end
  for step = 1, 6 do
    v = times_transposed(times(u, n), n)
    u = times_transposed(times(v, n), n)
  end
  local uv, vv = 0.0, 0.0
  for i = 1, n do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.sqrt(uv / vv)
end
print(string.format("%.9f", run(tonumber(arg[1]))))
