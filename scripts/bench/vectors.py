# objects: small vectors with operator methods
# sizes: 1000000 2000
import sys


class Vector:
    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor % 1009, self.y * factor % 1009, self.z * factor % 1009)

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y and self.z == other.z

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z


def run(n):
    v = Vector(1, 2, 3)
    w = Vector(4, 5, 6)
    total = same = 0
    for i in range(n):
        v = (v + w) * 3
        total += v.dot(w)
        if v == w:
            same += 1
    return total, same


print("%d %d" % run(int(sys.argv[1])))
