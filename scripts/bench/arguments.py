# calls: functions with none to four arguments, defaults and keywords
# sizes: 2500000 3000
import sys


def none():
    return 1


def one(a):
    return a


def two(a, b):
    return a - b


def three(a, b, c):
    return a + b - c


def four(a, b, c, d):
    return a - b + c - d


def default(a, b=2, c=3):
    return a + b + c


def run(n):
    total = 0
    for i in range(n):
        total += none()
        total += one(i)
        total -= two(i, 3)
        total += three(i, total, 7)
        total = four(total, i, 5, 9) % 1000003
        total += default(i)
        total -= default(i, c=4)
    return total


print(run(int(sys.argv[1])))
