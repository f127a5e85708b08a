local function reach(start, size, limit)
  local seen, count, front, steps = {[start] = true}, 1, {start}, 0
  while #front > 0 and count < limit do
    local following = {}
    for _, node in ipairs(front) do
      for _, other in ipairs({(node * 3 + 1) % size, (node * 7 + 5) % size, (node + 1) % size}) do
        if not seen[other] then
          seen[other] = true
          count = count + 1
          following[#following + 1] = other
        end
      end
    end
    front = following
    steps = steps + 1
  end
  return seen, steps
end
local function run(n)
  local total = 0
  for i = 0, n - 1 do
    local a, steps = reach(i, 1000, 300)
    local b, more = reach(i * 17 % 1000, 1000, 200)
    local both, either, only = 0, 0, 0
    for key in pairs(a) do
      if b[key] then both = both + 1 else only = only + 1 end
    end
    either = both + only
    for key in pairs(b) do
      if not a[key] then either = either + 1 end
    end
    total = total + either + both - only + steps * more
  end
  return total
end
print(string.format("%d", run(tonumber(arg[1]))))
