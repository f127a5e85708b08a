local function counter(step)
  local count = 0
  return function()
    count = count + step
    return count
  end
end
local function compose(f, g)
  return function(x) return f(g(x)) end
end
local function run(n)
  local by_one, by_three = counter(1), counter(3)
  local both = compose(function(x) return x + 1 end, function(x) return x * 2 end)
  local total = 0
  for i = 0, n - 1 do
    total = total + by_one() - by_three() + both(i)
    if i % 100 == 0 then by_three = counter(3) end
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
