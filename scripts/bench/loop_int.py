# numbers: integer arithmetic in a `while` loop
# sizes: 9000000 40000
import sys


def run(n):
    i = 0
    total = 0
    while i < n:
        total = (total * 31 + i % 7 - i // 3) % 1000003
        i += 1
    return total


print(run(int(sys.argv[1])))
