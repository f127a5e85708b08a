# numbers: float arithmetic: a logistic map and a numeric integral
# sizes: 8000000 20000
import sys


def logistic(n):
    x = 0.3
    total = 0.0
    for i in range(n):
        x = 3.7 * x * (1.0 - x)
        total += x
    return total / n


def integral(n):
    h = 2.0 / n
    total = 0.0
    for i in range(n):
        x = (i + 0.5) * h
        total += x * x / (1.0 + x)
    return total * h


n = int(sys.argv[1])
print("%.9f %.9f" % (logistic(n), integral(n)))
