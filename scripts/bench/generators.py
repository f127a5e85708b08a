# calls: generators that feed each other
# sizes: 3600000 8000
import sys


def count(n):
    i = 0
    while i < n:
        yield i
        i += 1


def squares(numbers):
    for number in numbers:
        yield number * number % 1009


def tree(depth):
    if depth > 0:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def run(n):
    total = 0
    for s in squares(count(n)):
        total += s
    total += sum(i for i in range(n) if i % 3 == 0)
    for rounds in range(n // 4000):
        for depth in tree(10):
            total += depth
    return total


print(run(int(sys.argv[1])))
