local function run(n)
  local stock = {apples = 0, pears = 10, plums = 20}
  local names = {"apples", "pears", "plums", "figs", "dates"}
  for i = 0, n - 1 do
    local name = names[i % 5 + 1]
    if stock[name] ~= nil then
      stock[name] = stock[name] + i % 3
    else
      stock[name] = 1
    end
    stock.apples = stock.apples - 1
  end
  local index, words = {}, 0
  for i = 0, math.floor(n / 4) - 1 do
    local word = "w" .. string.format("%d", i * 7919 % 5003)
    if index[word] == nil then
      index[word] = {}
      words = words + 1
    end
    local places = index[word]
    places[#places + 1] = i
  end
  local longest = 0
  for word, places in pairs(index) do
    if #places > longest then longest = #places end
  end
  return stock.apples, stock.pears, stock.dates, words, longest
end
print(string.format("%d %d %d %d %d", run(tonumber(arg[1]))))
