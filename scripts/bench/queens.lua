local function place(row, n, columns, up, down)
  if row == n then return 1 end
  local count = 0
  for column = 0, n - 1 do
    if columns[column] and up[row + column] and down[row - column + n] then
      columns[column], up[row + column], down[row - column + n] = false, false, false
      count = count + place(row + 1, n, columns, up, down)
      columns[column], up[row + column], down[row - column + n] = true, true, true
    end
  end
  return count
end
local n = tonumber(arg[1])
local columns, up, down = {}, {}, {}
for i = 0, 2 * n do columns[i], up[i], down[i] = true, true, true end
print(string.format("%d", place(0, n, columns, up, down)))
