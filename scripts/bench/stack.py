# containers: append and pop at the end of a list
# sizes: 4500000 10000
import sys


def run(n):
    stack = []
    total = 0
    state = 12345
    for i in range(n):
        state = (state * 1103515245 + 12345) % 2147483648
        if state % 3 != 0 or len(stack) == 0:
            stack.append(state % 1000)
        else:
            total += stack.pop()
    while stack:
        total = (total + stack.pop() * len(stack)) % 1000003
    return total


print(run(int(sys.argv[1])))
