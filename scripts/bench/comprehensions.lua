local function run(n)
  local total = 0
  for i = 1, n do
    local squares, evens, pairs_, keys = {}, {}, {}, {}
    for x = 0, 19 do squares[#squares + 1] = x * x end
    for _, x in ipairs(squares) do
      if x % 2 == 0 then evens[#evens + 1] = x end
    end
    for _, x in ipairs(evens) do
      for y = 1, 2 do pairs_[#pairs_ + 1] = {x, y} end
    end
    local count = 0
    for _, pair in ipairs(pairs_) do
      if keys[pair[1]] == nil then count = count + 1 end
      keys[pair[1]] = pair[2]
    end
    for at, pair in ipairs(pairs_) do total = total + (at - 1) * pair[1] - pair[2] end
    for at, b in ipairs(evens) do total = total + squares[at] - b end
    local sum = 0
    for _, x in ipairs(squares) do sum = sum + x end
    total = (total + count + sum) % 1000003
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
