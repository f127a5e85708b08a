# calls: counters and adders that share variables
# sizes: 3000000 8000
import sys


def counter(step):
    count = 0

    def bump():
        nonlocal count
        count += step
        return count

    return bump


def compose(f, g):
    return lambda x: f(g(x))


def run(n):
    by_one = counter(1)
    by_three = counter(3)
    both = compose(lambda x: x + 1, lambda x: x * 2)
    total = 0
    for i in range(n):
        total += by_one() - by_three() + both(i)
        if i % 100 == 0:
            by_three = counter(3)
    return total


print(run(int(sys.argv[1])))
