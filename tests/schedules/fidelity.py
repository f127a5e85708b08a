#!/usr/bin/env python3
"""Compares the race of mini with CPython 3.9's, side by side: share of iterations that lose updates, and how many.

Both run the same programs in turn, at their default switch interval and at a tenth of it. The two must agree in the share
of iterations that lose anything, within 15 points, and in the distribution of what is lost (Kolmogorov-Smirnov).
"""
import argparse
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import oracles

COMMON = """
import sys, threading
if TENTH: sys.setswitchinterval(sys.getswitchinterval() / 10)
def main_task():
    start()
    t1 = threading.Thread(target=thread_task)
    t2 = threading.Thread(target=thread_task)
    t1.start()
    t2.start()
    t1.join()
    t2.join()
for i in range(ROUNDS):
    main_task()
    print(value())
"""
PROGRAMS = {
    "function": """
x = 0
def start():
    global x
    x = 0
def value(): return x
def increment():
    global x
    x += 1
def thread_task():
    for _ in range(100000):
        increment()
""",
    "inline": """
x = 0
def start():
    global x
    x = 0
def value(): return x
def thread_task():
    global x
    for _ in range(200000):
        x += 1
""",
    "attribute": """
class Counter: pass
counter = Counter()
def start(): counter.n = 0
def value(): return counter.n
def thread_task():
    for _ in range(150000):
        counter.n += 1
""",
}
TOTAL = {"function": 200000, "inline": 400000, "attribute": 300000}


def sample(command, program, tenth, rounds):
    text = f"TENTH = {tenth}\nROUNDS = {rounds}\n" + PROGRAMS[program] + COMMON
    done = oracles.run([*command, "-c", text])
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}")
    return [TOTAL[program] - int(line) for line in done.stdout.split()]


def distance(a, b):
    """The largest difference of the two empirical distributions, and the chance of one at least as large."""
    points = sorted(set(a) | set(b))
    d = max(abs(sum(v <= p for v in a) / len(a) - sum(v <= p for v in b) / len(b)) for p in points)
    n = len(a) * len(b) / (len(a) + len(b))
    t = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * d
    chance = 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * t * t) for k in range(1, 101)) if t > 0.2 else 1.0
    return d, max(0.0, min(1.0, chance))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--option", action="append", default=[], help="an option for mini")
    parser.add_argument("--report-only", action="store_true")
    arguments = parser.parse_args()
    python = oracles.require("3.9")
    failed = False
    print(f"{'program':10} {'interval':8} {'lossy: 3.9':>10} {'mini':>6}   {'mean loss: 3.9':>14} {'mini':>8}   {'D':>5} {'p':>6}")
    for program in PROGRAMS:
        for tenth in (False, True):
            theirs, ours = [], []
            per_run = 10
            for _ in range(max(1, arguments.iterations // per_run)):
                theirs += sample([python], program, tenth, per_run)
                ours += sample([arguments.mini, *arguments.option], program, tenth, per_run)
            share = [sum(loss > 0 for loss in losses) / len(losses) for losses in (theirs, ours)]
            mean = [sum(losses) / len(losses) for losses in (theirs, ours)]
            d, p = distance(theirs, ours)
            bad = abs(share[0] - share[1]) > 0.15 or p < 0.001
            failed |= bad
            print(f"{program:10} {'tenth' if tenth else 'default':8} {share[0]:10.2f} {share[1]:6.2f}   {mean[0]:14.0f} {mean[1]:8.0f}"
                  f"   {d:5.2f} {p:6.3f}{'  DIFFERS' if bad else ''}", flush=True)
    return 1 if failed and not arguments.report_only else 0


if __name__ == "__main__":
    sys.exit(main())
