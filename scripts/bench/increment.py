# calls: the document's program, without its threads: `x += 1` on a global, in a function
# sizes: 16000000 20000
import sys

x = 0


def increment():
    global x
    x += 1


def run(n):
    for _ in range(n):
        increment()


run(int(sys.argv[1]))
print(x)
