# containers: dicts with int keys: counting, memory of a recursion, removal
# sizes: 500000 800
import sys


def collatz(n, known):
    steps = 0
    path = []
    while n not in known:
        path.append(n)
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps = known[n]
    while path:
        steps += 1
        known[path.pop()] = steps
    return steps


def run(n):
    known = {1: 0}
    longest = best = 0
    for i in range(1, n):
        steps = collatz(i, known)
        if steps > longest:
            longest = steps
            best = i
    counts = {}
    for i in range(n * 2):
        key = i * i % 1009
        counts[key] = counts.get(key, 0) + 1
    total = 0
    for key, count in counts.items():
        total += key * count
    for key in range(0, 1009, 2):
        if key in counts:
            del counts[key]
    return longest, best, total, len(counts), len(known)


print("%d %d %d %d %d" % run(int(sys.argv[1])))
