# objects: many small trees, made and dropped
# sizes: 15 6
import sys


class Node:
    def __init__(self, left, right):
        self.left = left
        self.right = right

    def check(self):
        if self.left is None:
            return 1
        return 1 + self.left.check() + self.right.check()


def make(depth):
    if depth == 0:
        return Node(None, None)
    return Node(make(depth - 1), make(depth - 1))


def run(depth):
    long_lived = make(depth)
    total = 0
    for d in range(4, depth + 1, 2):
        for i in range(1 << (depth - d + 2)):
            total += make(d).check()
    return total + long_lived.check()


print(run(int(sys.argv[1])))
