# calls: doubly recursive Fibonacci numbers
# sizes: 34 16
import sys


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


print(fib(int(sys.argv[1])))
