local wrap, yield = coroutine.wrap, coroutine.yield
local function count(n)
  return wrap(function()
    local i = 0
    while i < n do
      yield(i)
      i = i + 1
    end
  end)
end
local function squares(numbers)
  return wrap(function()
    for number in numbers do yield(number * number % 1009) end
  end)
end
local function walk(depth)
  if depth > 0 then
    walk(depth - 1)
    yield(depth)
    walk(depth - 1)
  end
end
local function run(n)
  local total = 0
  for s in squares(count(n)) do total = total + s end
  local thirds = wrap(function()
    for i = 0, n - 1 do
      if i % 3 == 0 then yield(i) end
    end
  end)
  for i in thirds do total = total + i end
  for rounds = 1, math.floor(n / 4000) do
    for depth in wrap(function() walk(10) end) do total = total + depth end
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
