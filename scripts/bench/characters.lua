local byte, char, sub = string.byte, string.char, string.sub
local function checksum(text)
  local total = 7
  for i = 1, #text do total = (total * 31 + byte(text, i)) % 1000003 end
  return total
end
local function rotate(text, by)
  local result = {}
  for i = 1, #text do
    local c = sub(text, i, i)
    if c >= "a" and c <= "z" then
      result[#result + 1] = char((byte(c) - 97 + by) % 26 + 97)
    else
      result[#result + 1] = c
    end
  end
  return table.concat(result)
end
local function scan(text)
  local total, number, i = 0, 0, 1
  while i <= #text do
    local c = sub(text, i, i)
    if c >= "0" and c <= "9" then
      number = number * 10 + tonumber(c)
    elseif c == "," then
      total = total + number
      number = 0
    end
    i = i + 1
  end
  return total + number
end
local function run(n)
  local text, total = "the quick brown fox jumps over the lazy dog 12,7,1995", 0
  for i = 0, n - 1 do
    text = rotate(text, i % 26)
    total = (total + checksum(text) + scan(text)) % 1000003
  end
  return total, text
end
print(string.format("%d %s", run(tonumber(arg[1]))))
