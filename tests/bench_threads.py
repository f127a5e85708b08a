#!/usr/bin/env python3
"""What threads cost in mini, beside CPython and plain C++: `make -f Makefile.extra bench-threads`.

Each figure is a median of interleaved short runs; on a shared machine read it as within 25 to 40 %, and the ratios of one
run rather than figures of two."""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import oracles

# Each prints one number. SECONDS stands for how long it may take.
PING_PONG = """\
import threading, time
first, second = threading.Lock(), threading.Lock()
second.acquire()
over = False
def other():
    while not over:
        second.acquire()
        first.release()
thread = threading.Thread(target=other)
thread.start()
rounds, passed, begin = 0, 0, time.perf_counter()
while passed < SECONDS:
    for i in range(50):
        first.acquire()
        second.release()
    rounds += 50
    passed = time.perf_counter() - begin
first.acquire()
over = True
second.release()
thread.join()
print(rounds / passed)
"""

START_JOIN = """\
import threading, time
def work():
    pass
rounds, passed, begin = 0, 0, time.perf_counter()
while passed < SECONDS:
    for i in range(20):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    rounds += 20
    passed = time.perf_counter() - begin
print(rounds / passed)
"""

WITH_LOCK = """\
import threading, time
lock = threading.Lock()
def work(n):
    for i in range(n):
        with lock:
            pass
def empty(n):
    for i in range(n):
        pass
n = 20000
rounds, spent = 0, 0
while spent < SECONDS / 2:
    begin = time.perf_counter()
    work(n)
    middle = time.perf_counter()
    empty(n)
    spent += middle - begin - (time.perf_counter() - middle)
    rounds += n
print(rounds / spent)
"""

# How much longer two threads take than one, for the same work; 1 is best.
CPU_BOUND = """\
import threading, time
def work(n):
    x = 0
    for i in range(n):
        x += i
n = 1000
begin = time.perf_counter()
while time.perf_counter() - begin < SECONDS / 4:
    n *= 2
    work(n)
begin = time.process_time()
work(n); work(n)
one = time.process_time() - begin
begin = time.process_time()
threads = [threading.Thread(target=work, args=(n,)) for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print((time.process_time() - begin) / one)
"""

# What a switch costs at an interval of 10 us, in microseconds of CPU: what two threads take more than one, by switch.
FORCED = """\
import sys, threading, time
sys.setswitchinterval(1e-5)
owner = None
def work(me, n):
    global owner
    switches = 0
    for i in range(n):
        if owner is not me:
            owner = me
            switches += 1
    counts.append(switches)
n = 1000
begin = time.perf_counter()
while time.perf_counter() - begin < SECONDS / 4:
    n *= 2
    counts = []
    work(1, n)
begin = time.process_time()
work(1, n); work(2, n)
one = time.process_time() - begin
counts = []
threads = [threading.Thread(target=work, args=(me, n)) for me in ('a', 'b')]
begin = time.process_time()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(max(time.process_time() - begin - one, 1e-9) / max(sum(counts), 1) * 1e6)
"""

QUEUE = """\
import queue, threading, time
items = queue.KIND()
def take():
    get = items.get
    while get() is not None:
        pass
thread = threading.Thread(target=take)
thread.start()
rounds, passed, begin = 0, 0, time.perf_counter()
put = items.put
while passed < SECONDS:
    for i in range(2000):
        put(i)
    while items.qsize() > 20000:
        time.sleep(0.0001)
    rounds += 2000
    passed = time.perf_counter() - begin
put(None)
thread.join()
print(rounds / (time.perf_counter() - begin))
"""

ALIVE = """\
import threading, time
begin = time.perf_counter()
go = threading.Event()
threads = [threading.Thread(target=go.wait) for i in range(2000)]
for thread in threads: thread.start()
go.set()
for thread in threads: thread.join()
print(time.perf_counter() - begin)
"""

# Echoes with a peer process beside BURNERS CPU-bound threads: rate, p50, p99, p99.9 and longest in microseconds, and the
# loop passes per second of the burners.
ECHO = """\
import threading, time
reader, writer = open('/dev/fd/READ'), open('/dev/fd/WRITE', 'w')
over = False
passes = []
def burn():
    n = 0
    while not over:
        for i in range(100):
            n += 1
    passes.append(n)
threads = [threading.Thread(target=burn) for i in range(BURNERS)]
for thread in threads: thread.start()
times = []
begin = now = time.perf_counter()
while ECHOES and now - begin < SECONDS:
    writer.write('x')
    writer.flush()
    reader.read(1)
    after = time.perf_counter()
    times.append(after - now)
    now = after
if not ECHOES:
    time.sleep(SECONDS)
passed = time.perf_counter() - begin
over = True
for thread in threads: thread.join()
times.sort()
def at(share):
    return times[min(int(share * len(times)), len(times) - 1)] * 1e6 if times else 0
print(len(times) / passed, at(0.5), at(0.99), at(0.999), at(1), sum(passes) / passed)
"""

options = None


def numbers(command, script, **pipes):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script.replace("SECONDS", str(options.seconds)))
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True, timeout=120, **pipes)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stderr}")
    return [float(number) for number in done.stdout.split()]


def echo(command, burners, echoes=True):
    """Runs ECHO with a peer process at the other end of two pipes."""
    there, back = os.pipe(), os.pipe()
    peer = subprocess.Popen([options.floor, "echo"], stdin=there[0], stdout=back[1])
    os.close(there[0])
    os.close(back[1])
    script = (ECHO.replace("READ", str(back[0])).replace("WRITE", str(there[1])).replace("BURNERS", str(burners))
              .replace("ECHOES", str(echoes)))
    try:
        return numbers(command, script, pass_fds=(back[0], there[1]))
    finally:
        os.close(back[0])
        os.close(there[1])
        peer.wait()


def medians(commands, measure):
    """A median for each command, the runs interleaved; each number by itself if there are several."""
    runs = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in runs.items()}


def floor(*arguments):
    done = subprocess.run([options.floor, *arguments, str(options.seconds)], capture_output=True, text=True, check=True)
    return [float(done.stdout)]


def table(commands):
    floors = {"futex": ("futex",), "futex, one CPU": ("futex", "pinned"), "condvar": ("condvar",), "create": ("create",)}
    measured = medians(floors, lambda arguments: floor(*arguments))
    print("C++ floors, rounds a second:", ", ".join(f"{name} {value[0]:,.0f}" for name, value in measured.items()))
    print(f"\n{'':34}" + "".join(f"{name:>16}" for name in commands))
    rows = {"lock ping-pong, rounds/s": PING_PONG, "start and join, /s": START_JOIN, "with lock, uncontended, /s": WITH_LOCK,
            "two threads over one, CPU time": CPU_BOUND, "forced switch at 10 us, CPU us each": FORCED,
            "queue.Queue, items/s": QUEUE.replace("KIND", "Queue"),
            "queue.SimpleQueue, items/s": QUEUE.replace("KIND", "SimpleQueue"), "2,000 threads alive, s": ALIVE}
    for title, script in rows.items():
        if options.only and options.only not in title:
            continue
        row = medians(commands, lambda command: numbers(command, script))
        print(f"{title:34}" + "".join(f"{row[name][0]:16,.3f}" if row[name][0] < 100 else f"{row[name][0]:16,.0f}"
                                     for name in commands), flush=True)


def convoy(commands):
    print(f"\necho with a peer process{'':10}{'echoes/s':>10}{'p50 us':>10}{'p99 us':>10}{'p99.9':>10}{'longest':>10}"
          f"{'burners keep':>14}")
    alone = {}
    for burners in (0, 1, 2, 4):
        if burners:
            alone[burners] = medians(commands, lambda command: echo(command, burners, echoes=False))
        rows = medians(commands, lambda command: echo(command, burners))
        for name, row in rows.items():
            kept = f"{row[5] / alone[burners][name][5]:14.2f}" if burners else ""
            print(f"{name:20} {burners} burner{'s' if burners != 1 else ' '}   " +
                  "".join(f"{value:10,.0f}" for value in row[:5]) + kept, flush=True)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    parser.add_argument("--floor", required=True, help="the program tests/tools/thread_floor.cpp")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--only", help="only rows whose title contains this; convoy: only the echo")
    options = parser.parse_args()
    commands = {"mini": [options.mini], "mini, free": [options.mini, "--affinity=free"]}
    for version in ("3.9", "3.13"):
        python = oracles.find(version)
        if python:
            commands[f"CPython {version}"] = [str(python)]
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs, {options.rounds} rounds of {options.seconds} s")
    if options.only != "convoy":
        table(commands)
    if options.only in (None, "convoy"):
        commands = {"mini": [options.mini], "mini responsive": [options.mini, "--schedule=responsive:5ms"],
                    **{name: command for name, command in commands.items() if name == "CPython 3.13"}}
        convoy(commands)


if __name__ == "__main__":
    main()
