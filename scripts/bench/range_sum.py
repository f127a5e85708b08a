# numbers: sums in `for ... in range(...)`
# sizes: 15000000 40000
import sys


def run(n):
    total = 0
    for i in range(n):
        total += i
    for i in range(0, n, 3):
        total -= i
    for i in range(n, 0, -2):
        total += i & 1
    return total


print(run(int(sys.argv[1])))
