# numbers: the motion of five bodies, in lists of floats
# sizes: 130000 400
import math
import sys


def make():
    return [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47841760435743],
        [4.841431442464721, -1.1603200440274284, -0.10362204447112311,
         0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949],
        [8.34336671824458, 4.124798564124305, -0.4035234171143214,
         -1.0107743461787924, 1.8256623712304119, 0.008415761376584154, 0.011286326131968767],
        [12.894369562139131, -15.111151401698631, -0.22330757889265573,
         1.0827910064415354, 0.8687130181696082, -0.010832637401363636, 0.0017237240570597112],
        [15.379697114850917, -25.919314609987964, 0.17925877295037118,
         0.979090732243898, 0.5946989986476762, -0.034755955550407495, 0.0020336868699246304],
    ]


def energy(bodies):
    total = 0.0
    for i in range(len(bodies)):
        b = bodies[i]
        total += 0.5 * b[6] * (b[3] * b[3] + b[4] * b[4] + b[5] * b[5])
        for j in range(i + 1, len(bodies)):
            c = bodies[j]
            dx = b[0] - c[0]
            dy = b[1] - c[1]
            dz = b[2] - c[2]
            total -= b[6] * c[6] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return total


def advance(bodies, steps, dt):
    count = len(bodies)
    for step in range(steps):
        for i in range(count):
            b = bodies[i]
            for j in range(i + 1, count):
                c = bodies[j]
                dx = b[0] - c[0]
                dy = b[1] - c[1]
                dz = b[2] - c[2]
                d2 = dx * dx + dy * dy + dz * dz
                magnitude = dt / (d2 * math.sqrt(d2))
                bm = b[6] * magnitude
                cm = c[6] * magnitude
                b[3] -= dx * cm
                b[4] -= dy * cm
                b[5] -= dz * cm
                c[3] += dx * bm
                c[4] += dy * bm
                c[5] += dz * bm
        for b in bodies:
            b[0] += dt * b[3]
            b[1] += dt * b[4]
            b[2] += dt * b[5]


bodies = make()
before = energy(bodies)
advance(bodies, int(sys.argv[1]), 0.01)
print("%.8f %.8f" % (before, energy(bodies)))
