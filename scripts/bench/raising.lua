local pcall, error = pcall, error
local TooLarge, ValueError = {}, {}
local function check(i)
  if i % 5 == 0 then error({kind = ValueError}) end
  if i % 7 == 0 then error({kind = TooLarge, size = i}) end
  return i
end
local function outer(i) return check(i) + 1 end
local function run(n)
  local total, caught, t = 0, 0, {}
  for i = 0, n - 1 do
    local ok, result = pcall(outer, i)
    if ok then
      total = total + result
    elseif result.kind == TooLarge then
      total = total - result.size % 3
      caught = caught + 1
    else
      caught = caught + 1
    end
    local key = i % 9
    ok, result = pcall(function()
      if t[key] == nil then error("missing") end
      return t[key]
    end)
    if ok then total = total + result else t[key] = i end
  end
  return total, caught
end
print(string.format("%d %d", run(tonumber(arg[1]))))
