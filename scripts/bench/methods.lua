local Account = {}
Account.__index = Account
function Account.new(class, balance)
  return setmetatable({balance = balance, changes = 0}, class)
end
function Account:deposit(amount)
  self.balance = self.balance + amount
  self.changes = self.changes + 1
end
function Account:withdraw(amount)
  if amount <= self.balance then
    self.balance = self.balance - amount
    self.changes = self.changes + 1
    return true
  end
  return false
end
function Account:total() return self.balance * 2 + self.changes end
local Savings = setmetatable({}, {__index = Account})
Savings.__index = Savings
function Savings:withdraw(amount)
  if amount > 50 then return false end
  return Account.withdraw(self, amount)
end
local function run(n)
  local a, b, refused = Account.new(Account, 100), Account.new(Savings, 1000), 0
  for i = 0, n - 1 do
    a:deposit(i % 13)
    if not a:withdraw(i % 17) then refused = refused + 1 end
    if i % 8 == 0 and not b:withdraw(i % 64) then
      refused = refused + 1
      b:deposit(31)
    end
  end
  return a:total(), b:total(), refused
end
print(string.format("%d %d %d", run(tonumber(arg[1]))))
