local TEXT = [[The quick brown fox jumps over the lazy dog; the dog sleeps.
A bytecode instruction is a small thing, and a thread may stop after it.
Between reading and writing, another thread may have written.]]
local function run(n)
  local counts, total = {}, 0
  for i = 1, n do
    for line in TEXT:gmatch("[^\n]+") do
      for word in line:gmatch("%S+") do
        word = word:gsub("^[.,;]+", ""):gsub("[.,;]+$", ""):lower()
        counts[word] = (counts[word] or 0) + 1
        if word:sub(1, 2) == "th" or word:sub(-3) == "ing" then
          total = total + #(word:gsub("th", "s"))
        end
      end
    end
  end
  local best, size = 0, 0
  for _, count in pairs(counts) do
    size = size + 1
    if count > best then best = count end
  end
  return best, size, total
end
print(string.format("%d %d %d", run(tonumber(arg[1]))))
