# exceptions: raised and caught, in the same function and through calls
# sizes: 2500000 1500
import sys


class TooLarge(Exception):
    def __init__(self, size):
        self.size = size


def check(i):
    if i % 5 == 0:
        raise ValueError(i)
    if i % 7 == 0:
        raise TooLarge(i)
    return i


def outer(i):
    return check(i) + 1


def run(n):
    total = caught = 0
    table = {}
    for i in range(n):
        try:
            total += outer(i)
        except TooLarge as error:
            total -= error.size % 3
            caught += 1
        except ValueError:
            caught += 1
        try:
            total += table[i % 9]
        except KeyError:
            table[i % 9] = i
    return total, caught


print("%d %d" % run(int(sys.argv[1])))
