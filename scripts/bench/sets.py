# containers: sets: membership, union, difference; a graph search
# sizes: 4500 10
import sys


def neighbours(n, size):
    return (n * 3 + 1) % size, (n * 7 + 5) % size, (n + 1) % size


def reach(start, size, limit):
    seen = {start}
    front = [start]
    steps = 0
    while front and len(seen) < limit:
        following = []
        for node in front:
            for other in neighbours(node, size):
                if other not in seen:
                    seen.add(other)
                    following.append(other)
        front = following
        steps += 1
    return seen, steps


def run(n):
    total = 0
    for i in range(n):
        a, steps = reach(i, 1000, 300)
        b, more = reach(i * 17 % 1000, 1000, 200)
        total += len(a | b) + len(a & b) - len(a - b) + steps * more
    return total


print(run(int(sys.argv[1])))
