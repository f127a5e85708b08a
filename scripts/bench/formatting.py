# strings: f-strings, % and format
# sizes: 500000 600
import sys


def run(n):
    total = 0
    name = "mini"
    for i in range(n):
        total += len(f"{name}: {i} of {n}")
        total += len("%d %s %05d" % (i, name, i % 1000))
        total += len("{} {:>8} {:x}".format(i, name, i))
        total += len(f"{i / 7:.3f}|{i:6d}")
    return total


print(run(int(sys.argv[1])))
