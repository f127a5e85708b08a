# numbers: points of the Mandelbrot set
# sizes: 600 16
import sys


def run(size):
    inside = 0
    steps = 0
    for y in range(size):
        ci = 2.0 * y / size - 1.0
        for x in range(size):
            cr = 2.0 * x / size - 1.5
            zr = zi = 0.0
            i = 0
            while i < 50:
                zr2 = zr * zr
                zi2 = zi * zi
                if zr2 + zi2 > 4.0:
                    break
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                i += 1
            else:
                inside += 1
            steps += i
    return inside, steps


print("%d %d" % run(int(sys.argv[1])))
