# objects: methods that read and write attributes
# sizes: 2500000 8000
import sys


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.changes = 0

    def deposit(self, amount):
        self.balance += amount
        self.changes += 1

    def withdraw(self, amount):
        if amount <= self.balance:
            self.balance -= amount
            self.changes += 1
            return True
        return False

    def total(self):
        return self.balance * 2 + self.changes


class Savings(Account):
    def withdraw(self, amount):
        if amount > 50:
            return False
        return super().withdraw(amount)


def run(n):
    a = Account(100)
    b = Savings(1000)
    refused = 0
    for i in range(n):
        a.deposit(i % 13)
        if not a.withdraw(i % 17):
            refused += 1
        if i % 8 == 0 and not b.withdraw(i % 64):
            refused += 1
            b.deposit(31)
    return a.total(), b.total(), refused


print("%d %d %d" % run(int(sys.argv[1])))
