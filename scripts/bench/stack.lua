local function run(n)
  local stack, total, state = {}, 0, 12345
  local insert, remove = table.insert, table.remove
  for i = 1, n do
    -- in two halves: the product does not fit the 53 bits of a double
    local high, low = math.floor(state / 65536), state % 65536
    state = ((high * 1103515245 % 32768) * 65536 + low * 1103515245 + 12345) % 2147483648
    if state % 3 ~= 0 or #stack == 0 then
      insert(stack, state % 1000)
    else
      total = total + remove(stack)
    end
  end
  while #stack > 0 do
    local top = remove(stack)
    total = (total + top * #stack) % 1000003
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
