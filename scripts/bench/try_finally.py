# exceptions: blocks that are entered and left without one: try, finally, with
# sizes: 3500000 2000
import sys


class Scope:
    def __init__(self):
        self.depth = 0

    def __enter__(self):
        self.depth += 1
        return self

    def __exit__(self, kind, value, traceback):
        self.depth -= 1
        return kind is KeyError


def run(n):
    scope = Scope()
    total = 0
    for i in range(n):
        try:
            total += i
        except ValueError:
            total = 0
        try:
            total -= i // 2
        finally:
            total += 1
        with scope as s:
            total += s.depth
            if i % 50 == 0:
                raise KeyError(i)
    return total, scope.depth


print("%d %d" % run(int(sys.argv[1])))
