# containers: products of matrices in lists of lists
# sizes: 190 12
import sys


def make(n, seed):
    return [[(i * seed + j * 7) % 31 for j in range(n)] for i in range(n)]


def multiply(a, b, n):
    result = []
    for i in range(n):
        row = [0] * n
        left = a[i]
        for j in range(n):
            total = 0
            for k in range(n):
                total += left[k] * b[k][j]
            row[j] = total % 1009
        result.append(row)
    return result


def run(n):
    a = make(n, 3)
    b = make(n, 5)
    c = multiply(multiply(a, b, n), a, n)
    trace = 0
    for i in range(n):
        trace += c[i][i]
    return trace, c[0][n - 1]


print("%d %d" % run(int(sys.argv[1])))
