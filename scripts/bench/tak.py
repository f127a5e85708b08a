# calls: Takeuchi's function, three arguments deep
# sizes: 27 12
import sys


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


n = int(sys.argv[1])
print(tak(n, n * 2 // 3, n // 3))
