#!/usr/bin/env python3
"""Compares the race of mini with CPython 3.9's, side by side: share of iterations that lose updates, and how many.

Both run the same programs in turn, at their default switch interval and at a tenth of it. The two must agree in the share
of iterations that lose anything, within 15 points, and in the distribution of what is lost (Kolmogorov-Smirnov's distance).

The iterations of one process are alike: it started on some CPU, beside whatever else the machine was doing. So how likely
a distance is by chance is found by dealing out whole processes, at random, to the two sides.
"""
import argparse
import itertools
import pathlib
import random
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


def distance(runs):
    """The largest difference of the two sides' empirical distributions; `runs`: pairs of a side, 0 or 1, and its losses."""
    losses = sorted((loss, side) for side, run in runs for loss in run)
    size = [sum(side == which for _, side in losses) for which in (0, 1)]
    seen, largest = [0, 0], 0.0
    for _, same in itertools.groupby(losses, lambda pair: pair[0]):
        for _, side in same:
            seen[side] += 1
        largest = max(largest, abs(seen[0] / size[0] - seen[1] / size[1]))
    return largest


def chance(runs, at_least, trials=2000):
    """How often whole processes dealt out at random to the two sides are at least that far from each other."""
    deal = random.Random(1)
    sides = [side for side, _ in runs]
    as_far = 0
    for _ in range(trials):
        deal.shuffle(sides)
        as_far += distance([(side, run) for side, (_, run) in zip(sides, runs)]) >= at_least
    return as_far / trials


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
            runs = []
            per_run = 10
            for _ in range(max(1, arguments.iterations // per_run)):
                runs.append((0, sample([python], program, tenth, per_run)))
                runs.append((1, sample([arguments.mini, *arguments.option], program, tenth, per_run)))
            sides = [[loss for side, run in runs if side == which for loss in run] for which in (0, 1)]
            share = [sum(loss > 0 for loss in losses) / len(losses) for losses in sides]
            mean = [sum(losses) / len(losses) for losses in sides]
            d = distance(runs)
            p = chance(runs, d)
            bad = abs(share[0] - share[1]) > 0.15 or p < 0.001
            failed |= bad
            print(f"{program:10} {'tenth' if tenth else 'default':8} {share[0]:10.2f} {share[1]:6.2f}   {mean[0]:14.0f} {mean[1]:8.0f}"
                  f"   {d:5.2f} {p:6.3f}{'  DIFFERS' if bad else ''}", flush=True)
    return 1 if failed and not arguments.report_only else 0


if __name__ == "__main__":
    sys.exit(main())
