# objects: classes that override a method, isinstance, properties
# sizes: 18000 16
import sys


class Shape:
    count = 0

    def __init__(self, size):
        self.size = size

    def area(self):
        return 0

    @property
    def weight(self):
        return self.area() + self.size


class Square(Shape):
    def area(self):
        return self.size * self.size


class Triangle(Shape):
    def area(self):
        return self.size * self.size // 2


class Line(Shape):
    pass


def run(n):
    shapes = []
    for i in range(300):
        kind = i % 3
        if kind == 0:
            shapes.append(Square(i))
        elif kind == 1:
            shapes.append(Triangle(i))
        else:
            shapes.append(Line(i))
    total = squares = 0
    for i in range(n):
        for shape in shapes:
            total += shape.weight
            if isinstance(shape, Square):
                squares += 1
                shape.size = (shape.size + 1) % 300
    return total, squares


print("%d %d" % run(int(sys.argv[1])))
