#!/usr/bin/env python3
"""`mini explore` against what was derived by hand, by formula and by brute force: sets of outcomes, fewest preemptions,
verdicts, exit statuses; tokens replay; every reduction leaves the outcomes as they are."""
import argparse
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

HERE = pathlib.Path(__file__).resolve().parent
PUZZLES = HERE.parent.parent / "scripts" / "puzzles"
STATUS = {"safe": 0, "bad": 5, "incomplete": 6}

INCREMENTS = """
import threading
x = 0
def add():
    global x
    for _ in range({rounds}):
        x += 1
threads = [threading.Thread(target=add) for _ in range({threads})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(x)
"""

EVENT = """
import threading, time
ready = threading.Event()
def work():
    print(ready.wait({patience}))
a = threading.Thread(target=work)
a.start()
time.sleep({delay})
ready.set()
a.join()
"""

failures = []


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAIL:", message)


def check_verified(result, title):
    check(not any("INTERNAL" in line for line in result["not_covered"]), f"{title}: {result['not_covered']}")


class Explorer:
    def __init__(self, mini, folder):
        self.mini = mini
        self.folder = pathlib.Path(folder)

    def run(self, source, *options):
        """Explores a text or a file; the one model's result."""
        path = source
        if not isinstance(source, pathlib.Path):
            path = self.folder / "script.py"
            path.write_text(source)
        done = subprocess.run([self.mini, "explore", "--format=json", *options, str(path)], capture_output=True, text=True)
        if done.returncode not in (0, 5, 6):
            raise SystemExit(f"mini explore {options} {path}: status {done.returncode}\n{done.stdout}{done.stderr}")
        document = json.loads(done.stdout)
        worst = [model["verdict"] for model in document["models"]]
        expected = 5 if "bad" in worst else 6 if "incomplete" in worst else 0
        check(done.returncode == expected, f"{path} {options}: exit status {done.returncode} for {worst}")
        return document["models"][0] if len(document["models"]) == 1 else document["models"]

    def text(self, source, *options):
        """What a command on a text, a file or (None) what the options name prints."""
        path = source
        if isinstance(source, str):
            path = self.folder / "script.py"
            path.write_text(source)
        files = [] if source is None else [str(path)]
        return subprocess.run([self.mini, "explore", *options, *files], capture_output=True, text=True).stdout

    def replay(self, source, token):
        path = self.folder / "script.py"
        path.write_text(source)
        return subprocess.run([self.mini, f"--replay={token}", str(path)], capture_output=True, text=True)


def outputs(result):
    """The outcomes as {(kind, output): preemptions}."""
    found = {}
    for outcome in result["outcomes"]:
        key = outcome["kind"], outcome["output"]
        found[key] = min(found.get(key, outcome["preemptions"]), outcome["preemptions"])
    return found


def brute_force(threads, rounds):
    """Fewest preemptions for each final value of `x += 1`, over all words; main's part left out."""
    best = {}
    seen = {}
    queue = [((0,) * threads, 0, (None,) * threads, None, 0)]  # steps done, x, loaded, last, cost
    while queue:
        done, x, loaded, last, cost = queue.pop()
        if seen.get((done, x, loaded, last), 99) <= cost:
            continue
        seen[done, x, loaded, last] = cost
        if all(steps == 2 * rounds for steps in done):
            best[x] = min(best.get(x, 99), cost)
            continue
        for t in range(threads):
            if done[t] == 2 * rounds:
                continue
            forced = last is not None and last != t and done[last] < 2 * rounds
            step = done[:t] + (done[t] + 1,) + done[t + 1:]
            if done[t] % 2 == 0:
                queue.append((step, x, loaded[:t] + (x,) + loaded[t + 1:], t, cost + forced))
            else:
                queue.append((step, loaded[t] + 1, loaded[:t] + (None,) + loaded[t + 1:], t, cost + forced))
    return best


def increments(explorer, quick):
    """exploration.md, section 1: final values and fewest preemptions; states in proportion."""
    states = {}
    for threads, rounds in ((2, 1), (2, 2), (2, 3), (3, 1)) + (() if quick else ((2, 4), (3, 2))):
        result = explorer.run(INCREMENTS.format(threads=threads, rounds=rounds))
        expected = {("ended", f"{x}\n"): cost for x, cost in brute_force(threads, rounds).items()}
        check(outputs(result) == expected, f"{threads} threads, {rounds} rounds: {outputs(result)}, not {expected}")
        states[threads, rounds] = result["states"]
    # Polynomials of the fourth degree (57, 195 for shared accesses alone; mini has main's steps and the threads' ends).
    ratio = states[2, 3] / states[2, 2]
    check(1.5 < ratio < 3.5, f"states grow by {ratio} from two to three rounds")
    for model in ("3.10", "3.12"):
        result = explorer.run(INCREMENTS.format(threads=2, rounds=2), f"--switch-points={model}")
        check(result["verdict"] == "safe" and outputs(result) == {("ended", "4\n"): 0}, f"{model}: {outputs(result)}")


def reductions(explorer):
    """Without the reduction, with hashes of the whole heap: the same outcomes."""
    script = INCREMENTS.format(threads=2, rounds=1)
    reduced, whole = explorer.run(script, "--verify"), explorer.run(script, "--no-reduction", "--verify")
    check(outputs(reduced) == outputs(whole), f"--no-reduction: {outputs(whole)}, not {outputs(reduced)}")
    check(reduced["states"] < whole["states"], f"the reduction saves no states: {reduced['states']}, {whole['states']}")
    for result in (reduced, whole):
        check_verified(result, "hashes")


# Objects made during the exploration that threads share, keys that come and go, what was shared and becomes one thread's own.
ACCOUNTS = """
import threading
class Account:
    def __init__(self):
        self.balance = 10
        self.log = []
a, b = Account(), Account()
lock = threading.RLock()
done = {}
def move(name, source, target, amount):
    if source.balance >= amount:
        source.balance -= amount
        with lock:
            target.balance += amount
            source.log.append((name, amount))
    done[name] = True
threads = [threading.Thread(target=move, args=args) for args in (('x', a, b, 5), ('y', b, a, 7))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(a.balance + b.balance, len(a.log), sorted(done))
"""

BATCHES = """
import queue, threading
box = queue.Queue(1)
local = threading.local()
total = [0]
batches = [[1], [2]]
ready = threading.Condition()
def give():
    box.put(3)
    local.given = 1
    box.put(4)
def take():
    for _ in range(2):
        got = box.get()
        batch = batches.pop()
        batch.append(got)
        with ready:
            total[0] += sum(batch)
            ready.notify()
def wait():
    with ready:
        ready.wait(1)
        print(total[0])
threads = [threading.Thread(target=work) for work in (give, take, wait)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def foretold(explorer):
    """What is known of a step from others is what comes of it: --verify executes all of them, and compares."""
    for title, (source, _, _) in SCRIPTS.items():
        check_verified(explorer.run(source, "--verify", "--states=5000"), title)
    puzzles = {name: PUZZLES / f"{name}.mini" for name in ("philosophers_ordered", "readers_writers", "peterson")}
    for name, source in (puzzles | {"accounts": ACCOUNTS, "batches": BATCHES}).items():
        every = explorer.run(source, "--any-output", "--verify", "--no-commuting")
        verified = explorer.run(source, "--any-output", "--verify")
        quick = explorer.run(source, "--any-output")
        check_verified(verified, name)
        check(outputs(every) == outputs(quick) and every["states"] == quick["states"],
              f"{name}: {quick['states']} states {outputs(quick)}, not {every['states']}, {outputs(every)}")
        check(quick["predicted"] > 0, f"{name}: nothing was foretold")


# Objects of the base that more than one holds, of which one is the last: whether it dies with what it holds, no part of a state
# tells, nor whether a thread has it for itself.
START = "ts = [threading.Thread(target=work) for work in ({})]\nfor t in ts: t.start()\nfor t in ts: t.join()\n"
# Either drops it last, and whether it was written to before, its death shows.
TWO_HOLD = """
import sys, threading, types
{made}
out = []
def write():
    mine = shared
    if mine: {write}
def drop():
    global shared
    shared = None
    out.append(1)
def take():
    {take}
    out.append(2)
""" + START.format("write, drop, take") + "print(shared)\n"
FUNCTION = {"made": "def shared(): pass\nheld = [shared]", "take": "held.pop()"}
DROPPED = {
    "a task of a pool": """
from concurrent.futures import ThreadPoolExecutor
def square(x): return x * x
with ThreadPoolExecutor(2) as pool: print(pool.submit(square, 3).result())
""",
    "a list that one drops and others hold": """
import threading
box = [[1], [2]]
out = []
def drop():
    box.pop()
def hold():
    mine = box[-1]
    out.append(len(mine))
    mine.append(3)
    out.append(len(mine))
""" + START.format("drop, hold, hold"),
    "a list that dies with what has it": """
import threading
class Box: pass
a = Box()
a.b = [1]
def drop():
    global a
    mine = a
    if mine: mine.b.append(2)
    a = None
    mine = None
""" + START.format("drop, drop"),
    "a dict in a list": TWO_HOLD.format(made="shared = {'a': 1}\nouter = [[shared]]", write="mine['a'] = 2", take="outer.clear()"),
    "a dict in a tuple": TWO_HOLD.format(made="shared = ({'a': 1}, 1)\nheld = [shared]", write="mine[0]['a'] = 2", take="held.pop()"),
    "a function": TWO_HOLD.format(**FUNCTION, write="mine.calls = 1"),
    "a function whose dict is written to": TWO_HOLD.format(**FUNCTION, write="mine.__dict__['calls'] = 1"),
    "a function that is given its own name": """
import threading
def f(): pass
held = [f, f]
out = []
def rename():
    mine = held.pop()
    mine.__name__ = 'f'
    for _ in range(2): mine.__name__ = 'f'
    out.append(mine.__name__)
def drop():
    global f
    f = None
""" + START.format("rename, rename, drop"),
    "a module": TWO_HOLD.format(made="shared = sys.modules['other'] = types.ModuleType('other')", write="mine.x = 1",
                                take="del sys.modules['other']"),
}


def dropped(explorer):
    """What drops a reference is foretold where it is the last one and where it is not, and never one for the other."""
    for title, source in DROPPED.items():
        for model in ("3.9", "3.12"):
            common = "--any-output", f"--switch-points={model}"
            every, verified, quick = (explorer.run(source, *common, *options) for options in (["--no-commuting"], ["--verify"], []))
            check_verified(verified, f"{title}, {model}")
            check_verified(quick, f"{title}, {model}")
            for result in (verified, quick):
                check(outputs(every) == outputs(result) and every["verdict"] == result["verdict"] and every["states"] == result["states"],
                      f"{title}, {model}: {result['states']} states {outputs(result)}, not {every['states']}, {outputs(every)}")
            check(quick["predicted"] > 0, f"{title}, {model}: nothing was foretold")


def samples(explorer):
    """Random schedules find the common outcomes, and never say that all was proved."""
    result = explorer.run(INCREMENTS.format(threads=2, rounds=2), "--engine=random:200", "--any-output")
    check(result["verdict"] == "incomplete", f"random: {result['verdict']}")
    check(len(result["outcomes"]) == 3, f"random: {outputs(result)}")


SCRIPTS = {
    # name: (source, {(kind, output): preemptions or None}, verdict)
    "with a lock": ("""
import threading
x = 0
lock = threading.Lock()
def add():
    global x
    with lock:
        x += 1
a = threading.Thread(target=add); b = threading.Thread(target=add)
a.start(); b.start(); a.join(); b.join()
print(x)
""", {("ended", "2\n"): 0}, "safe"),
    "two locks in two orders": ("""
import threading
p = threading.Lock(); q = threading.Lock()
def one():
    with p:
        with q:
            pass
def two():
    with q:
        with p:
            pass
a = threading.Thread(target=one); b = threading.Thread(target=two)
a.start(); b.start(); a.join(); b.join()
print('done')
""", {("ended", "done\n"): 0, ("deadlock", ""): 1}, "bad"),
    "no join: daemon threads may do less": ("""
import threading
done = []
def work():
    done.append(1)
a = threading.Thread(target=work, daemon=True)
a.start()
print(len(done))
""", {("ended", "0\n"): 1, ("ended", "1\n"): 0}, "bad"),
    "an event": ("""
import threading
ready = threading.Event()
x = 0
def give():
    global x
    x = 1
    ready.set()
def take():
    ready.wait()
    print(x)
a = threading.Thread(target=take); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
""", {("ended", "1\n"): 0}, "safe"),
    "a semaphore for one": ("""
import threading
gate = threading.Semaphore(1)
inside = 0
def work():
    global inside
    with gate:
        inside += 1
        assert inside == 1
        inside -= 1
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
""", {("ended", ""): 0}, "safe"),
    "a timeout fires when nothing else can": ("""
import threading
lock = threading.Lock()
lock.acquire()
def work():
    print(lock.acquire(timeout=1))
a = threading.Thread(target=work)
a.start(); a.join()
""", {("ended", "False\n"): 0}, "safe"),
    "an exception in one order": ("""
import threading
d = {'k': 1}
def take():
    if 'k' in d:
        d.pop('k')
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0, ("uncaught exception", "end\n"): 1}, "bad"),
    "a dict that grows while it is iterated over": ("""
import threading
d = {1: 1, 2: 2}
def read():
    for key in d:
        pass
def write():
    d[3] = 3
a = threading.Thread(target=read); b = threading.Thread(target=write)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0, ("uncaught exception", "end\n"): 1}, "bad"),
    "waiting for a flag that is never set": ("""
import threading
flag = False
def wait():
    while not flag:
        pass
a = threading.Thread(target=wait)
a.start(); a.join()
""", {("livelock", ""): 0}, "bad"),
    "a generator that two threads share": ("""
import threading
def numbers():
    for i in range(2):
        yield i
shared = numbers()
def take():
    for i in shared:
        pass
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0, ("uncaught exception", "end\n"): 1}, "bad"),
    "a generator that two threads share and natives go through": ("""
import threading
def numbers():
    for i in range(2):
        yield i
shared = numbers()
def take():
    sum(shared)
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0}, "incomplete"),  # no native that calls back is interrupted
    "a generator that two threads share through next()": ("""
import threading
def numbers():
    yield 1
    yield 2
shared = numbers()
def take():
    next(shared, None)
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0, ("uncaught exception", "end\n"): 1}, "bad"),
    "a generator that two threads share through send()": ("""
import threading
def numbers():
    while True:
        got = yield
        got.append(1)
shared = numbers()
next(shared)
items = []
def give():
    shared.send(items)
a = threading.Thread(target=give); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
print(len(items))
""", {("ended", "2\n"): 0, ("uncaught exception", "1\n"): 1}, "bad"),
    "a native that waits for another thread, spinning": ("""
import threading
flag = False
def looks():
    while True:
        yield flag
def wait():
    print(any(looks()))
def give():
    global flag
    flag = True
a = threading.Thread(target=wait); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
""", {("ended", "True\n"): 0}, "incomplete"),
    "what was freed in one schedule is there in the other": ("""
import threading
big = [7] * 1_000_000  # so large that the memory goes back to the system
def drop():
    global big
    big = None
def look():
    items = big
    print(items is None or items[500_000] + items[999_999])
a = threading.Thread(target=drop); b = threading.Thread(target=look)
a.start(); b.start(); a.join(); b.join()
""", {("ended", "True\n"): 0, ("ended", "14\n"): None}, "bad"),
    "generators of each thread's own": ("""
import threading
def numbers():
    yield 1
    yield 2
def take():
    for i in numbers():
        pass
    sum(i for i in numbers())
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0}, "safe"),
    "two prints in any order": ("""
import threading
def say(what):
    print(what)
a = threading.Thread(target=say, args=('a',)); b = threading.Thread(target=say, args=('b',))
a.start(); b.start(); a.join(); b.join()
""", {("ended", "a\nb\n"): 0, ("ended", "b\na\n"): None}, "bad"),
    "one thread": ("print(1 + 1)\n", {("ended", "2\n"): 0}, "safe"),
    "the end of main ends daemons": ("""
import threading, time
def work():
    time.sleep(1)
    print('late')
threading.Thread(target=work, daemon=True).start()
""", {("ended", ""): 0}, "safe"),
    "joined without a lock": ("""
import threading
results = []
def work():
    results.append(1)
a = threading.Thread(target=work)
a.start(); a.join()
results.append(2)
print(results)
""", {("ended", "[1, 2]\n"): 0}, "safe"),
    "a condition with a flag": ("""
import threading
ready = threading.Condition()
item = None
def give():
    global item
    with ready:
        item = 'x'
        ready.notify()
def take():
    with ready:
        while item is None:
            ready.wait()
        print(item)
a = threading.Thread(target=take); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
""", {("ended", "x\n"): 0}, "safe"),
    # The first one waits until the time has come, unless it is stopped before it has the lock and hears of nothing to wait for.
    "a condition without a flag": ("""
import threading
ready = threading.Condition()
def give():
    with ready:
        ready.notify()
def take():
    with ready:
        print(ready.wait(1))
a = threading.Thread(target=take); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
""", {("ended", "True\n"): 0, ("ended", "False\n"): 1}, "bad"),
    "a semaphore for two": ("""
import threading
gate = threading.Semaphore(2)
inside = peak = 0
lock = threading.Lock()
def work():
    global inside, peak
    with gate:
        with lock:
            inside += 1
            peak = max(peak, inside)
        with lock:
            inside -= 1
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(peak)
""", {("ended", "1\n"): 0, ("ended", "2\n"): 1}, "bad"),
    "a semaphore that nobody gives": ("""
import threading
gate = threading.Semaphore(0)
a = threading.Thread(target=gate.acquire)
a.start(); a.join()
""", {("deadlock", ""): 0}, "bad"),
    "a barrier": ("""
import threading
barrier = threading.Barrier(2)
came = [False, False]
def work(me):
    came[me] = True
    barrier.wait()
    assert all(came)
a = threading.Thread(target=work, args=(0,)); b = threading.Thread(target=work, args=(1,))
a.start(); b.start(); a.join(); b.join()
""", {("ended", ""): 0}, "safe"),
    "a queue": ("""
import threading, queue
box = queue.Queue()
def give():
    box.put(1)
    box.put(2)
got = []
def take():
    got.append(box.get())
    got.append(box.get())
a = threading.Thread(target=take); b = threading.Thread(target=give)
a.start(); b.start(); a.join(); b.join()
print(got)
""", {("ended", "[1, 2]\n"): 0}, "safe"),
    "a queue with two who give": ("""
import threading, queue
box = queue.SimpleQueue()
a = threading.Thread(target=box.put, args=(1,)); b = threading.Thread(target=box.put, args=(2,))
a.start(); b.start()
print(box.get(), box.get())
""", {("ended", "1 2\n"): 0, ("ended", "2 1\n"): 1}, "bad"),
    "an event that comes too late": (EVENT.format(patience=1, delay=2), {("ended", "False\n"): 0}, "safe"),
    "an event in time": (EVENT.format(patience=2, delay=1), {("ended", "True\n"): 0}, "safe"),
    "an exception in a thread": ("""
import threading
def work():
    raise ValueError
a = threading.Thread(target=work)
a.start(); a.join()
print('end')
""", {("uncaught exception", "end\n"): 0}, "bad"),
    "a list that grows while it is iterated over": ("""
import threading
items = [1, 2]
def read():
    count = 0
    for item in items:
        count += 1
    print(count)
a = threading.Thread(target=read); b = threading.Thread(target=items.append, args=(3,))
a.start(); b.start(); a.join(); b.join()
""", {("ended", "2\n"): 0, ("ended", "3\n"): 1}, "bad"),
    "two who take the last one": ("""
import threading
items = [1]
def take():
    if items:
        items.pop()
a = threading.Thread(target=take); b = threading.Thread(target=take)
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0, ("uncaught exception", "end\n"): 1}, "bad"),
    "a lock taken twice": ("""
import threading
lock = threading.RLock()
x = 0
def work():
    global x
    with lock:
        with lock:
            x += 1
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
print(x)
""", {("ended", "2\n"): 0}, "safe"),
    "threads in two rounds": ("""
import threading
x = 0
def work():
    global x
    x += 1
for _ in range(2):
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(x)
""", {("ended", "2\n4\n"): 0, ("ended", "1\n3\n"): 1, ("ended", "2\n3\n"): 1, ("ended", "1\n2\n"): 2}, "bad"),
    "natives that are one instruction": ("""
import bisect, heapq, threading
from collections import Counter
heap = [5, 1]; row = [4]; counts = Counter()
heapq.heapify(heap)
def work(n):
    heapq.heappush(heap, n)
    bisect.insort(row, n)
    counts.update('aba')
a = threading.Thread(target=work, args=(0,)); b = threading.Thread(target=work, args=(-1,))
a.start(); b.start(); a.join(); b.join()
print(heap[0], sorted(heap), row, counts['a'], counts['b'])
""", {("ended", "-1 [-1, 0, 1, 5] [-1, 0, 4] 4 2\n"): 0}, "safe"),
    "a heap whose items compare in script": ("""
import heapq, threading
class Item:
    def __init__(self, number):
        self.number = number
    def __lt__(self, other):
        return self.number < other.number
heap = [Item(2)]
def work(n):
    try:
        heapq.heappush(heap, Item(n))
    except RuntimeError as error:
        print(error)
a = threading.Thread(target=work, args=(0,)); b = threading.Thread(target=work, args=(1,))
a.start(); b.start(); a.join(); b.join()
print(heap[0].number)
""", {("ended", "0\n"): 0}, "incomplete"),  # CPython may switch in the middle of heappush()
    "attributes of what has none": ("""
import threading
class Names(dict):
    pass
a_names, b_names = Names(), Names()
def work(names):
    names.get(1)
    names.mark = getattr(names, 'mark', 0) + 1
a = threading.Thread(target=work, args=(a_names,)); b = threading.Thread(target=work, args=(b_names,))
a.start(); b.start(); a.join(); b.join()
print(a_names.mark, b_names.mark)
""", {("ended", "1 1\n"): 0}, "safe"),
    "the first attribute of what has none": ("""
import threading
class Names(dict):
    pass
names = Names()
def work():
    names.mark = getattr(names, 'mark', 0) + 1
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
print(names.mark)
""", {("ended", "2\n"): 0, ("ended", "1\n"): 1}, "bad"),
    "an attribute of a class": ("""
import threading
class Counter:
    count = 0
    @classmethod
    def add(cls):
        cls.count += 1
a = threading.Thread(target=Counter.add); b = threading.Thread(target=Counter.add)
a.start(); b.start(); a.join(); b.join()
print(Counter.count)
""", {("ended", "2\n"): 0, ("ended", "1\n"): 1}, "bad"),
    "an attribute of a function": ("""
import threading
def add():
    add.count += 1
add.count = 0
a = threading.Thread(target=add); b = threading.Thread(target=add)
a.start(); b.start(); a.join(); b.join()
print(add.count)
""", {("ended", "2\n"): 0, ("ended", "1\n"): 1}, "bad"),
    "the order of new attributes": ("""
import threading
class A: pass
a = A()
def work(): a.y = 1
t = threading.Thread(target=work)
t.start()
a.x = 1
t.join()
print(list(a.__dict__))
""", {("ended", "['x', 'y']\n"): None, ("ended", "['y', 'x']\n"): None}, "bad"),
    "the order of new variables": ("""
import threading
def work():
    global b
    b = 1
t = threading.Thread(target=work)
t.start()
a = 1
t.join()
print([name for name in globals() if name in 'ab'])
""", {("ended", "['a', 'b']\n"): None, ("ended", "['b', 'a']\n"): None}, "bad"),
    "which threading.local was made first": ("""
import threading
names = ['', '']
def work(i): names[i] = repr(threading.local())
a = threading.Thread(target=work, args=(0,)); b = threading.Thread(target=work, args=(1,))
a.start(); b.start(); a.join(); b.join()
print(names[0] < names[1])
""", {("ended", "True\n"): None, ("ended", "False\n"): None}, "bad"),
    "what each thread has for itself": ("""
import threading
local = threading.local()
def work(i):
    local.x = i
    local.x += 1
    local.x += 1
a = threading.Thread(target=work, args=(0,)); b = threading.Thread(target=work, args=(1,))
a.start(); b.start(); a.join(); b.join()
print('end')
""", {("ended", "end\n"): 0}, "safe"),
    "threads that start threads": ("""
import threading
x = 0
def inner():
    global x
    x += 1
def outer():
    threading.Thread(target=inner).start()
a = threading.Thread(target=outer); b = threading.Thread(target=outer)
a.start(); b.start(); a.join(); b.join()
print(x)
""", {("ended", "2\n"): 0, ("ended", "1\n"): 1, ("ended", "0\n"): 2}, "bad"),
    "asking whether a thread is alive": ("""
import threading
def work():
    pass
a = threading.Thread(target=work)
a.start()
print(a.is_alive())
""", {("ended", "True\n"): 1, ("ended", "False\n"): 0}, "bad"),
    "a join that gives up": ("""
import threading
lock = threading.Lock()
lock.acquire()
def work():
    lock.acquire()
a = threading.Thread(target=work)
a.start()
a.join(1)
print(a.is_alive())
lock.release()
""", {("ended", "True\n"): 0}, "safe"),
    "a join without patience": ("""
import threading
def work():
    pass
a = threading.Thread(target=work)
a.start()
a.join(0)
print(a.is_alive())
""", {("ended", "True\n"): 1, ("ended", "False\n"): 0}, "bad"),
    "daemons go on until the exit": ("""
import threading, sys
x = 0
def work():
    global x
    x = 1
    print('late')
threading.Thread(target=work, daemon=True).start()
sys.exit(x)
""", {("ended", ""): 1, ("ended", "late\n"): 2, ("exit", ""): 1, ("exit", "late\n"): 0}, "bad"),
    "the time that passed": ("""
import threading, time
begin = time.monotonic()
spans = []
def work(span):
    time.sleep(span)
    spans.append(round(time.monotonic() - begin))
a = threading.Thread(target=work, args=(1,)); b = threading.Thread(target=work, args=(2,))
a.start(); b.start(); a.join(); b.join()
print(spans, round(time.monotonic() - begin))
""", {("ended", "[1, 2] 2\n"): 0}, "safe"),
    "a slot written through its descriptor": ("""
import threading
class Counter:
    __slots__ = 'x',
c = Counter(); c.x = 0
member = Counter.x
def work():
    member.__set__(c, member.__get__(c) + 1)
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
print(c.x)
""", {("ended", "2\n"): 0, ("ended", "1\n"): 1}, "bad"),
    "what an exception computes, through its descriptor": ("""
import threading
e = Exception(0)
args = BaseException.__dict__['args']
def work():
    args.__set__(e, (args.__get__(e)[0] + 1,))
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
print(e.args)
""", {("ended", "(2,)\n"): 0, ("ended", "(1,)\n"): 1}, "bad"),
    "what an exception computes": ("""
import threading
e = Exception(0)
def work():
    e.args = (e.args[0] + 1,)
a = threading.Thread(target=work); b = threading.Thread(target=work)
a.start(); b.start(); a.join(); b.join()
print(e.args)
""", {("ended", "(2,)\n"): 0, ("ended", "(1,)\n"): 1}, "bad"),
    "another class": ("""
import threading
class A:
    def name(self): return 'A'
class B:
    def name(self): return 'B'
o = A()
got = []
def work():
    got.append(o.name())
def change():
    o.__class__ = B
a = threading.Thread(target=work); b = threading.Thread(target=change)
a.start(); b.start(); a.join(); b.join()
print(got)
""", {("ended", "['A']\n"): 0, ("ended", "['B']\n"): 1}, "bad"),
    "exit in one order": ("""
import threading, sys
x = 0
def work():
    global x
    x = 1
a = threading.Thread(target=work)
a.start()
seen = x
a.join()
if seen:
    sys.exit(3)
""", {("ended", ""): 1, ("exit", ""): 0}, "bad"),  # start() waits until the thread has begun, which then goes on
}


def scripts(explorer):
    for title, (source, expected, verdict) in SCRIPTS.items():
        result = explorer.run(source)
        found = outputs(result)
        check(set(found) == set(expected), f"{title}: {found}, not {expected}")
        for outcome, preemptions in expected.items():
            if preemptions is not None and outcome in found:
                check(found[outcome] == preemptions, f"{title}: {outcome} with {found[outcome]} preemptions, not {preemptions}")
        check(result["verdict"] == verdict, f"{title}: {result['verdict']}, not {verdict}")


def traces(explorer, quick):
    """exploration.md, section 1: the numbers of Mazurkiewicz traces. And the same outcomes as the search of states."""
    expected = {(2, 1): 4, (2, 2): 34, (2, 3): 328, (3, 1): 36}
    if not quick:
        expected |= {(2, 4): 3334, (4, 1): 576, (3, 2): 7134}
    for (threads, rounds), runs in expected.items():
        result = explorer.run(INCREMENTS.format(threads=threads, rounds=rounds), "--engine=traces", "--any-output")
        check(result["runs"] == runs, f"{threads} threads, {rounds} rounds: {result['runs']} runs, not {runs}")
        # Source sets alone begin a few runs in vain; here, only with more threads and rounds.
        check(result["blocked_runs"] <= runs // 500, f"{threads} threads, {rounds} rounds: {result['blocked_runs']} blocked")
        values = {f"{x}\n" for x in brute_force(threads, rounds)}
        check({output for _, output in outputs(result)} == values, f"traces: {outputs(result)}, not {values}")
    for title, (source, outcomes, verdict) in SCRIPTS.items():
        if any(kind == "livelock" for kind, _ in outcomes):
            continue  # only states can be known again
        if title in ("a semaphore for two", "a queue", "a queue with two who give") and quick:
            continue  # each order in which threads come to a lock is a trace of its own: there are many
        result = explorer.run(source, "--engine=traces")
        check(set(outputs(result)) == set(outcomes), f"traces, {title}: {outputs(result)}, not {outcomes}")
        check(result["verdict"] == verdict, f"traces, {title}: {result['verdict']}, not {verdict}")


ENDLESS = """
import threading
def always():
    while True:
        yield True
def work():
    print(all(always()))
a = threading.Thread(target=work)
a.start(); a.join()
"""

GROWING = """
import threading
grown = None
def grow():
    global grown
    grown = bytes(400_000_000)
def look():
    print(grown is None)
a = threading.Thread(target=grow); b = threading.Thread(target=look)
a.start(); b.start(); a.join(); b.join()
"""

MANY = INCREMENTS.format(threads=3, rounds=12)  # more states than anybody waits for


def limits(explorer):
    """What cannot be explored to the end says so, and why; in no case does it hang or crash."""
    for engine in ("states", "traces", "random:20"):
        result = explorer.run(ENDLESS, f"--engine={engine}")
        check(result["verdict"] == "incomplete", f"a native that never ends, {engine}: {result['verdict']}")
        check(any("all() at script.py:7" in line for line in result["not_covered"]), f"{engine}: {result['not_covered']}")
    for end in ("os._exit(3)", "os.abort()"):
        result = explorer.run(EVENT.format(patience="", delay=1).replace("import threading, time", "import os, threading, time")
                              .replace("print(ready.wait())", end))
        check(any(outcome["kind"] == "uncaught exception" and "cannot end the process" in outcome["errors"] for outcome in result["outcomes"]),
              f"{end}: {result['outcomes']}")
    result = explorer.run(GROWING)
    check(result["verdict"] == "incomplete" and "memory grew" in result["incomplete"], f"growing: {result['incomplete']}")
    for jobs in (1, 2):
        result = explorer.run(MANY, "--any-output", "--memory=8", f"--jobs={jobs}")
        check(result["verdict"] == "incomplete" and "memory limit" in result["incomplete"], f"--memory=8: {result['incomplete']}")
        result = explorer.run(MANY, "--any-output", "--time=1", f"--jobs={jobs}")
        check(result["verdict"] == "incomplete" and result["states"] > 0, f"--time=1: {result['incomplete']}")
        (explorer.folder / "script.py").write_text(MANY)
        running = subprocess.Popen([explorer.mini, "explore", "--format=json", f"--jobs={jobs}", str(explorer.folder / "script.py")],
                                   stdout=subprocess.PIPE, text=True, start_new_session=True)
        time.sleep(1.5)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        text, _ = running.communicate(timeout=60)
        result = json.loads(text)["models"][0]
        check(result["incomplete"] == "interrupted" and result["states"] > 0, f"Ctrl-C, {jobs} jobs: {result['incomplete']}")


def progress(explorer):
    """On a terminal a line tells how far it is, and is gone at the end; elsewhere there is none."""
    script = explorer.folder / "script.py"
    script.write_text(INCREMENTS.format(threads=3, rounds=3))
    for engine, expected in (("states", r"3\.9: \d+ states, \d+ waiting, \d+ a second, at \d+ preemptions, (\d+ s left or less|no end in sight)"),
                             ("traces", r"3\.9: \d+ runs, \d+ a second")):
        terminal, other_end = pty.openpty()
        running = subprocess.Popen([explorer.mini, "explore", f"--engine={engine}", "--time=1", str(script)], stdout=subprocess.DEVNULL,
                                   stderr=other_end)
        os.close(other_end)
        text = ""
        while True:
            try:
                text += os.read(terminal, 65536).decode()
            except OSError:  # the other end is closed
                break
        running.wait()
        os.close(terminal)
        lines = [line for line in text.split("\r\033[K") if line]
        check(lines and all(re.fullmatch(expected, line) for line in lines), f"{engine}: progress {lines[:3]}")
        check(text.endswith("\r\033[K"), f"{engine}: the line stays: {text[-100:]!r}")
    done = subprocess.run([explorer.mini, "explore", str(script)], capture_output=True, text=True)
    check(done.stderr == "", f"progress without a terminal: {done.stderr!r}")


def together(explorer):
    """Several processes find what one finds; the shards of an exploration, merged, what it finds as a whole."""
    scripts = [(INCREMENTS.format(threads=2, rounds=5), "3.9"), (INCREMENTS.format(threads=3, rounds=2), "3.9"),
               (PUZZLES / "philosophers_ordered.mini", "3.12"), (PUZZLES / "peterson_broken.mini", "3.9")]
    for source, model in scripts:
        options = [f"--switch-points={model}", "--any-output"]
        alone = explorer.run(source, *options, "--no-symmetry")  # several processes tell equal threads apart
        crew = explorer.run(source, *options, "--jobs=2")
        check(crew["verdict"] == alone["verdict"] and outputs(crew) == outputs(alone) and crew["states"] == alone["states"],
              f"--jobs=2: {crew['states']} states {outputs(crew)}, not {alone['states']}, {outputs(alone)}")
        tokens = {outcome["replay"] for outcome in crew["outcomes"]}
        check(None not in tokens and len(tokens) == len(crew["outcomes"]), f"--jobs=2: tokens {tokens}")
        parts = []
        for i in (1, 2, 3):
            part = explorer.folder / f"part{i}.json"
            part.write_text(explorer.text(source, *options, f"--shard={i}/3", "--format=json"))
            parts.append(str(part))
        merged = json.loads(explorer.text(None, "--merge", "--format=json", *parts))["models"][0]
        check(merged["verdict"] == alone["verdict"] and outputs(merged) == outputs(alone),
              f"--merge: {merged['verdict']} {outputs(merged)}, not {outputs(alone)}")
        check(merged["states"] > alone["states"], "each shard has the beginning of all")
        lacking = json.loads(explorer.text(None, "--merge", "--format=json", parts[0], parts[2]))["models"][0]
        check(lacking["incomplete"] == "shard 2/3 is missing", f"--merge of two: {lacking['incomplete']}")
    for jobs in (1, 2):
        result = explorer.run(scripts[0][0], "--engine=random:100", "--any-output", f"--jobs={jobs}")
        check(result["runs"] == 100, f"random, {jobs} jobs: {result['runs']} runs")
    wrong = explorer.folder / "wrong.json"
    wrong.write_text("{}")
    done = subprocess.run([explorer.mini, "explore", "--merge", str(wrong)], capture_output=True, text=True)
    check(done.returncode == 2 and done.stderr.startswith("mini: explore: --merge: "), f"--merge {{}}: {done.stderr!r}")


def formats(explorer):
    """What the README says of the JSON report is what there is; JUnit is XML, with a failure where there is one."""
    readme = (HERE.parent.parent / "README.md").read_text()
    begin = readme.index("**For programs**")
    documented = set(re.findall(r"`([a-z_]+)`", readme[begin:readme.index("\n## ", begin)]))
    script = INCREMENTS.format(threads=2, rounds=1)
    document = json.loads(explorer.text(script, "--format=json"))
    model = document["models"][0]
    for keys in (document, model, model["shard"], model["outcomes"][0]):
        check(set(keys) <= documented, f"not in the README: {set(keys) - documented}")
    for options, failures_expected, skipped in ([], 1, 0), (["--any-output"], 0, 0), (["--any-output", "--states=5"], 0, 1):
        suite = xml.etree.ElementTree.fromstring(explorer.text(script, "--format=junit", *options))
        found = len(suite.findall("testcase/failure")), len(suite.findall("testcase/skipped"))
        check(found == (failures_expected, skipped), f"junit {options}: {found}")
        check((suite.get("failures"), suite.get("skipped")) == tuple(map(str, found)), f"junit {options}: {suite.attrib}")
    quoting = explorer.text("import threading\nt = threading.Thread(target=print, args=('<&\\x01>',))\nt.start()\nassert 0, ']]>'\n",
                            "--format=junit")
    check(xml.etree.ElementTree.fromstring(quoting).get("failures") == "1", f"junit: {quoting}")


LOCKS = """
import threading
p = threading.Lock(); q = threading.Lock(); gate = threading.Lock()
x = 0
def one():
    global x
    with gate:
        with p:
            with q:
                pass
    with p:
        x = 1
def deep():
    with q:
        with p:
            pass
def two():
    {guard}
    {body}
    print(x)
a = threading.Thread(target=one); b = threading.Thread(target=two)
a.start(); b.start(); a.join(); b.join()
"""


def races(explorer):
    """Both stacks of a race, the locks held, where the threads began; locks taken in a circle, and what prevents harm."""
    def report(source, *options):
        path = explorer.folder / "script.py"
        path.write_text(source)
        done = subprocess.run([explorer.mini, "races", *options, str(path)], capture_output=True, text=True)
        return done.returncode, done.stdout

    status, text = report(LOCKS.format(guard="pass", body="deep()"))
    check(status == 5, f"races: status {status}")
    for expected in ("race on x:", "T1 writes it, holding p, at", "script.py:12 in one", "T2 reads it at", "script.py:20 in two",
                     "potential deadlock:", "T1 takes q, holding gate, p, at", "T2 takes p, holding q, at",
                     "script.py:15 in deep", "called at", "script.py:19 in two", "T1 is Thread-1 (one), started at", "script.py:22 in <module>"):
        check(expected in text, f"races: {expected!r} is not in\n{text}")
    status, text = report(LOCKS.format(guard="with gate:", body="    deep()"))
    check("but never at once, because of gate:" in text and "potential deadlock" not in text, f"races, with a gate:\n{text}")
    status, text = report("import threading\nlock = threading.Lock()\ndef work():\n    with lock:\n        pass\n"
                          "a = threading.Thread(target=work); b = threading.Thread(target=work)\na.start(); b.start()\n")
    check(status == 0 and text.endswith("no races\n"), f"races, none: {status} {text}")
    status, text = report(SCRIPTS["what each thread has for itself"][0])
    check(status == 0 and text.endswith("no races\n"), f"races, threading.local: {status} {text}")


PUZZLE_ANSWERS = {
    # name: (options, verdict, kind of the first bad outcome, its preemptions)
    "peterson": ([], "safe", None, None),
    "peterson_broken": ([], "bad", "failed assert", 2),
    "readers_writers": (["--any-output"], "safe", None, None),
    "barbershop": ([], "bad", "deadlock", 1),
    "double_checked": ([], "bad", "failed assert", 1),
    "aba_stack": (["--first"], "bad", "failed assert", 1),
    "broken_barrier": (["--first"], "bad", None, None),
    "lost_wakeup": ([], "bad", "deadlock", 1),
    "philosophers": (["--first"], "bad", "deadlock", 3),
    "one_condition": (["--first"], "bad", "deadlock", 0),
    "safe_stack": (["--switch-points=3.12", "--first"], "bad", "failed assert", 7),
}


def puzzles(explorer):
    for name, (options, verdict, kind, preemptions) in PUZZLE_ANSWERS.items():
        result = explorer.run(PUZZLES / f"{name}.mini", *options)
        check(result["verdict"] == verdict, f"{name}: {result['verdict']}, not {verdict}")
        bad = [outcome for outcome in result["outcomes"] if outcome["bad"]]
        if kind and bad:
            check(bad[0]["kind"] == kind, f"{name}: {bad[0]['kind']}, not {kind}")
            check(bad[0]["preemptions"] == preemptions, f"{name}: {bad[0]['preemptions']} preemptions, not {preemptions}")


def tokens(explorer):
    """What a token replays is the outcome beside it."""
    script = INCREMENTS.format(threads=2, rounds=3)
    for outcome in explorer.run(script)["outcomes"]:
        done = explorer.replay(script, outcome["replay"])
        if "unknown option" in done.stderr:
            print("note: this mini has no --replay; tokens are not tried")
            return
        check(done.stdout == outcome["output"] and done.returncode == outcome["exit_status"],
              f"{outcome['replay']}: {done.stdout!r} {done.stderr!r}, not {outcome['output']!r}")


def options(explorer):
    script = INCREMENTS.format(threads=2, rounds=2)
    result = explorer.run(script, "--bad=x < 4")
    check([o["kind"] for o in result["outcomes"] if o["bad"]] == ["bad state", "bad state"], f"--bad: {outputs(result)}")
    result = explorer.run(script, "--bad=x < 2")
    check(result["verdict"] == "safe", f"--bad=x < 2: {result['verdict']}")
    result = explorer.run(script, "--any-output", "--preemptions=1")
    check(result["verdict"] == "incomplete" and result["preemptions_done"] == 1, f"--preemptions=1: {result['verdict']}")
    result = explorer.run(script, "--any-output", "--states=20")
    check(result["verdict"] == "incomplete", f"--states=20: {result['verdict']}")
    models = explorer.run(script, "--switch-points=all")
    check([m["verdict"] for m in models] == ["bad", "safe", "safe", "bad"], f"all: {[m['verdict'] for m in models]}")
    for wrong in (["--bad=x <"], ["--switch-points=2.7"], ["--format=yaml"], ["--nonsense"]):
        done = subprocess.run([explorer.mini, "explore", *wrong, str(explorer.folder / "script.py")], capture_output=True, text=True)
        check(done.returncode == 2 and done.stderr.startswith("mini: explore: "), f"{wrong}: {done.returncode} {done.stderr!r}")
    done = subprocess.run([explorer.mini, "explore", str(explorer.folder / "absent.py")], capture_output=True, text=True)
    check(done.returncode == 2 and "No such file" in done.stderr, f"absent file: {done.stderr!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--all", action="store_true", help="larger cases too")
    parser.add_argument("only", nargs="*", help="names of groups")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        explorer = Explorer(arguments.mini, folder)
        groups = {
            "increments": lambda: increments(explorer, not arguments.all),
            "reductions": lambda: reductions(explorer),
            "scripts": lambda: scripts(explorer),
            "traces": lambda: traces(explorer, not arguments.all),
            "foretold": lambda: foretold(explorer),
            "dropped": lambda: dropped(explorer),
            "samples": lambda: samples(explorer),
            "puzzles": lambda: puzzles(explorer),
            "tokens": lambda: tokens(explorer),
            "options": lambda: options(explorer),
            "limits": lambda: limits(explorer),
            "progress": lambda: progress(explorer),
            "together": lambda: together(explorer),
            "formats": lambda: formats(explorer),
            "races": lambda: races(explorer),
        }
        for name, group in groups.items():
            if not arguments.only or name in arguments.only:
                group()
    print(f"{len(failures)} failures" if failures else "all as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
