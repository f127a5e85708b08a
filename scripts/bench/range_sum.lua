local function run(n)
  local total = 0
  for i = 0, n - 1 do total = total + i end
  for i = 0, n - 1, 3 do total = total - i end
  for i = n, 1, -2 do total = total + i % 2 end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
