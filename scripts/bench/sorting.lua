local floor, sort = math.floor, table.sort
local function numbers(n)
  local state, result = 42, {}
  for i = 1, n do
    state = (state * 16807) % 2147483647
    result[i] = state
  end
  return result
end
local function copy(items)
  local result = {}
  for i = 1, #items do result[i] = items[i] end
  return result
end
local function quicksort(items, low, high)
  while low < high do
    local pivot = items[floor((low + high) / 2)]
    local i, j = low, high
    while i <= j do
      while items[i] < pivot do i = i + 1 end
      while items[j] > pivot do j = j - 1 end
      if i <= j then
        items[i], items[j] = items[j], items[i]
        i = i + 1
        j = j - 1
      end
    end
    quicksort(items, low, j)
    low = i
  end
end
local function run(n)
  local items = numbers(n)
  local ordered = copy(items)
  sort(ordered)
  local by_rest, keys = copy(items), {}
  for i = 1, n do keys[items[i]] = items[i] % 1000 * 2147483647 + items[i] end
  sort(by_rest, function(a, b) return keys[a] < keys[b] end)
  local words = {}
  for i = 1, n do words[i] = string.format("%d", items[i]) end
  sort(words)
  local pairs_ = {}
  for i = 1, n do pairs_[i] = {items[i] % 50, items[i]} end
  sort(pairs_, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  local mine = copy(items)
  quicksort(mine, 1, n)
  local same = 1
  for i = 1, n do
    if mine[i] ~= ordered[i] then same = 0 end
  end
  local at = floor(n / 3) + 1
  return same, ordered[at], by_rest[at], words[at], pairs_[at][2]
end
print(string.format("%d %d %d %s %d", run(tonumber(arg[1]))))
