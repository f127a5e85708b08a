# containers: comprehensions, tuples, unpacking, zip and enumerate
# sizes: 120000 80
import sys


def run(n):
    total = 0
    for i in range(n):
        squares = [x * x for x in range(20)]
        evens = [x for x in squares if x % 2 == 0]
        pairs = [(x, y) for x in evens for y in (1, 2)]
        table = {x: y for x, y in pairs}
        for at, (x, y) in enumerate(pairs):
            total += at * x - y
        for a, b in zip(squares, evens):
            total += a - b
        total = (total + len(table) + sum(squares)) % 1000003
    return total


print(run(int(sys.argv[1])))
