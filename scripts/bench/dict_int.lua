local function collatz(n, known)
  local path, length = {}, 0
  while known[n] == nil do
    length = length + 1
    path[length] = n
    if n % 2 == 0 then n = math.floor(n / 2) else n = 3 * n + 1 end
  end
  local steps = known[n]
  while length > 0 do
    steps = steps + 1
    known[path[length]] = steps
    length = length - 1
  end
  return steps
end
local function size(t)
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  return count
end
local function run(n)
  local known, longest, best = {[1] = 0}, 0, 0
  for i = 1, n - 1 do
    local steps = collatz(i, known)
    if steps > longest then longest, best = steps, i end
  end
  local counts = {}
  for i = 0, n * 2 - 1 do
    local key = i * i % 1009
    counts[key] = (counts[key] or 0) + 1
  end
  local total = 0
  for key, count in pairs(counts) do total = total + key * count end
  for key = 0, 1008, 2 do counts[key] = nil end
  return longest, best, total, size(counts), size(known)
end
print(string.format("%d %d %d %d %d", run(tonumber(arg[1]))))
