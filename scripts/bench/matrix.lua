local function make(n, seed)
  local m = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[j + 1] = (i * seed + j * 7) % 31 end
    m[i + 1] = row
  end
  return m
end
local function multiply(a, b, n)
  local result = {}
  for i = 1, n do
    local row, left = {}, a[i]
    for j = 1, n do
      local total = 0
      for k = 1, n do total = total + left[k] * b[k][j] end
      row[j] = total % 1009
    end
    result[i] = row
  end
  return result
end
local n = tonumber(arg[1])
local a, b = make(n, 3), make(n, 5)
local c = multiply(multiply(a, b, n), a, n)
local trace = 0
for i = 1, n do trace = trace + c[i][i] end
print(string.format("%d %d", trace, c[1][n]))
