local function run(n)
  local parts = {}
  for i = 0, n - 1 do
    parts[#parts + 1] = "ab"
    if i % 10 == 0 then parts[#parts + 1] = "-" end
  end
  local text = table.concat(parts)
  local pieces = {}
  for i = 0, n - 1 do pieces[#pieces + 1] = tostring(i % 100) end
  local joined = table.concat(pieces, ",")
  local total = 0
  for i = 0, math.floor(n / 2) - 1 do
    local at = i % 20 + 1
    local key = "key" .. tostring(i % 50) .. ":" .. text:sub(at, at)
    total = total + #key
  end
  local _, count = text:gsub("b%-", "")
  return #text, #joined, total, count, (joined:find("99,0,1", 1, true) or 0) - 1
end
print(string.format("%d %d %d %d %d", run(tonumber(arg[1]))))
