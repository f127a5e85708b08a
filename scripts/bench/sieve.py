# containers: primes by Eratosthenes' sieve, in a list of flags
# sizes: 6000000 10000
import sys


def run(n):
    flags = [True] * (n + 1)
    flags[0] = flags[1] = False
    i = 2
    while i * i <= n:
        if flags[i]:
            for j in range(i * i, n + 1, i):
                flags[j] = False
        i += 1
    count = total = 0
    for i in range(n + 1):
        if flags[i]:
            count += 1
            total += i
    return count, total


print("%d %d" % run(int(sys.argv[1])))
