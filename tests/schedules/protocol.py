#!/usr/bin/env python3
"""The GIL of mini beside CPython 3.9's: where switches fall, how long slices are, who waits how long. A table, no verdict:
`make -f Makefile.extra fidelity` prints it behind fidelity.py's.

mini is faster than CPython, and its switch interval counts in CPython's time. So all lengths here are counted in passes of a
loop, and told in the milliseconds that CPython 3.9 takes for as many.
"""
import argparse
import collections
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import oracles

LOOP = """
import sys, threading, time
x = 0
def increment():
    global x
    x += 1
def work(n):
    for _ in range(n):
        increment()
"""

# The instruction after which a thread stands that had to give way, sampled by another one: offset and function.
SAMPLED = LOOP + """
import random
sys.setswitchinterval(1e-4)
worker = threading.Thread(target=work, args=(3000000,))
worker.start()
frames = sys._current_frames
while worker.is_alive():
    frame = frames().get(worker.ident)
    if frame is not None and frame.f_code.co_name in ('work', 'increment'):
        print(frame.f_code.co_name, frame.f_lasti)
    del frame
    time.sleep(random.random() * 2e-4)
"""
COUNTED = LOOP + """
threads = [threading.Thread(target=work, args=(1500000,)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""

# Passes of each slice.
SLICES = """
import threading
owner = None
def work(me):
    global owner
    passes = 0
    for _ in range(PASSES):
        if owner is not me:
            if owner is not None: slices.append(passes)
            owner, passes = me, 0
        passes += 1
slices = []
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for passes in slices: print(passes)
"""

# Passes of two busy threads from the start of a third until its first statement.
THIRD = """
import threading
counts = [0, 0]
over = False
def burn(i):
    while not over:
        counts[i] += 1
def third():
    seen.append(sum(counts))
burners = [threading.Thread(target=burn, args=(i,)) for i in range(2)]
for thread in burners: thread.start()
for _ in range(15):
    seen = []
    thread = threading.Thread(target=third)
    before = sum(counts)
    thread.start()
    thread.join()
    print(seen[0] - before)
over = True
for thread in burners: thread.join()
"""

# How often one thread after the other got a lock that both want all the time, in a row.
UNFAIR = """
import threading
lock = threading.Lock()
owner, row, rows = None, 0, []
def work(me):
    global owner, row
    for _ in range(PASSES):
        lock.acquire()
        if owner is not me:
            rows.append(row)
            owner, row = me, 0
        row += 1
        lock.release()
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for row in rows[1:] or [PASSES]: print(row)
"""

# Milliseconds for one pass of each loop, alone.
ALONE = """
import threading, time
owner, passes, lock, rows, row, counts, over = 0, 0, threading.Lock(), [], 0, [0, 0], False
def slices(me):
    global owner
    passes = 0
    for _ in range(200000):
        if owner is not me:
            owner, passes = me, 0
        passes += 1
def third(i):
    for _ in range(200000):
        if not over: counts[i] += 1
def unfair(me):
    global owner, row
    for _ in range(200000):
        lock.acquire()
        if owner is not me:
            rows.append(row)
        row += 1
        lock.release()
for loop in slices, third, unfair:
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        loop(0)
        times.append(time.perf_counter() - begin)
    print(min(times) * 1000 / 200000)
"""


def run(command, script, *options):
    done = oracles.run([*command, *options, "-c", script])
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}")
    return done


def numbers(command, script):
    return [float(line) for line in run(command, script.replace("PASSES", "1000000")).stdout.split()]


def positions(python, mini):
    """Shares of the places where switches fell in the loop, of CPython and mini."""
    theirs = collections.Counter(tuple(line.split()) for line in run([python], SAMPLED).stdout.splitlines())
    report = json.loads(run([mini], COUNTED, "--schedule=interval:100us", "--stats=json").stderr)
    ours = collections.Counter()
    for place in report["switches"]:
        _, _, rest = place["where"].partition(" in ")
        function, _, offset = rest.partition(", at ")
        entered = place["what"].startswith("at the entry")
        if function in ("work", "increment"):
            ours[function, "-1" if entered else offset] += place["count"]
    return theirs, ours


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    mini = parser.parse_args().mini
    python = oracles.require("3.9")
    theirs, ours = positions(python, mini)
    print(f"where switches fall        3.9    mini   (of {sum(theirs.values())} and {sum(ours.values())})")
    apart = 0
    for place in sorted(theirs.keys() | ours.keys(), key=lambda place: (place[0] != "work", int(place[1]))):
        shares = theirs[place] / sum(theirs.values()), ours[place] / sum(ours.values())
        apart += abs(shares[0] - shares[1]) / 2
        where = "at its entry" if place[1] == "-1" else f"after offset {place[1]}"
        print(f"{place[0]:9} {where:14} {shares[0]:6.1%}  {shares[1]:6.1%}")
    print(f"{'differing':24} {apart:6.1%}")
    passes = numbers([python], ALONE)
    print("\nin ms of CPython 3.9              3.9: median    90 %      mini: median    90 %")
    for title, script, each in (("slice at 5 ms", SLICES, passes[0]), ("third thread's first slice", THIRD, passes[1]),
                                ("one lock, the same owner", UNFAIR, passes[2])):
        figures = []
        for command in ([python], [mini]):
            values = sorted(value * each for value in numbers(command, script) + numbers(command, script))
            figures += [statistics.median(values), values[len(values) * 9 // 10]]
        print(f"{title:32} {figures[0]:12.2f} {figures[1]:8.2f} {figures[2]:16.2f} {figures[3]:8.2f}")


if __name__ == "__main__":
    main()
