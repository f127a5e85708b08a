#!/usr/bin/env python3
"""Threads by the thousand, that end in every way there is, with tiny intervals: nothing hangs, leaks or is reported by a
sanitizer. With a program built under TSan or ASan (`make -f Makefile.extra stress`) this is the test of the GIL."""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

options = None

HEADER = """\
import random, sys, threading, time
sys.setswitchinterval(1e-5)
COUNT = {count}
"""

# name: (script, exit status, what standard output ends with)
SCRIPTS = {
    "created and joined": ("""
total = 0
lock = threading.Lock()
def work(n):
    global total
    with lock:
        total += n
for burst in range(COUNT // 20):
    threads = [threading.Thread(target=work, args=(1,)) for i in range(20)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(total == COUNT // 20 * 20)
""", 0, "True\n"),
    "threads that start threads": ("""
done = []
def work(depth):
    if depth:
        children = [threading.Thread(target=work, args=(depth - 1,)) for i in range(2)]
        for child in children: child.start()
        for child in children: child.join()
    done.append(depth)
for i in range(max(1, COUNT // 100)): work(4)
print(len(done) == 31 * max(1, COUNT // 100))
""", 0, "True\n"),
    "abandoned daemons": ("""
lock = threading.Lock()
lock.acquire()
def busy():
    x = 0
    while True: x += 1
def sorts():
    while True: sorted(range(50), key=lambda n: -n)
for i in range(COUNT // 40):
    for target in (lock.acquire, busy, sorts, lambda: time.sleep(1000)):
        if i < 10 or target not in (busy, sorts):
            threading.Thread(target=target, daemon=True).start()
print('end')
""", 0, "end\n"),
    "raising and dying inside locks": ("""
threading.excepthook = lambda args: failures.append(args.exc_type)
failures = []
def work(n):
    lock = threading.Lock()
    lock.acquire()
    if n % 3 == 0: raise ValueError(n)
    if n % 3 == 1: sys.exit(n)
    {}[n]
for burst in range(COUNT // 20):
    threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(len(failures) == COUNT // 20 * 20)
""", 0, "True\n"),
    "exit while others wait": ("""
ready = threading.Condition()
lock = threading.Lock()
def waits():
    with ready: ready.wait()
def ends():
    time.sleep(0.01)
    with ready: ready.notify_all()
for i in range(COUNT // 10): threading.Thread(target=waits).start()
for i in range(COUNT // 20): threading.Thread(target=waits, daemon=True).start()
def last():
    while threading.active_count() > 2 + COUNT // 20: ends()
threading.Thread(target=last, daemon=True).start()
sys.exit(7)
""", 7, ""),
    "a ring of locks": ("""
locks = [threading.Lock() for i in range(8)]
for lock in locks[1:]: lock.acquire()
passes = 0
def play(me):
    global passes
    for i in range(COUNT // 8):
        locks[me].acquire()
        passes += 1
        locks[(me + 1) % 8].release()
threads = [threading.Thread(target=play, args=(me,)) for me in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(passes == COUNT // 8 * 8)
""", 0, "True\n"),
    "timeouts beside notifications": ("""
ready = threading.Condition()
over = False
woken = 0
def waits():
    global woken
    while not over:
        with ready:
            woken += ready.wait(random.random() / 1000)
threads = [threading.Thread(target=waits) for i in range(6)]
for thread in threads: thread.start()
for i in range(COUNT // 4):
    with ready: ready.notify(2)
    if i % 7 == 0: time.sleep(0.0002)
over = True
for thread in threads: thread.join()
print(woken >= 0)
""", 0, "True\n"),
    "sleepers that wait for a queue": ("""
from queue import Queue
for i in range(COUNT // 10):
    work = Queue()
    def worker():
        while work.get() is not None:
            time.sleep(0.001)
            work.task_done()
    threads = [threading.Thread(target=worker) for i in range(3)]
    for thread in threads: thread.start()
    for number in range(10): work.put(number)
    work.join()
    for thread in threads: work.put(None)
    for thread in threads: thread.join()
print(work.qsize() == 0)
""", 0, "True\n"),
    "output from everywhere": ("""
def work(me):
    for i in range(COUNT // 50): print(me, i, flush=i % 5 == 0)
threads = [threading.Thread(target=work, args=(me,)) for me in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print('end')
""", 0, "end\n"),
}

INTERRUPTED = """
lock = threading.Lock()
def work():
    x = 0
    while True:
        with lock: x += 1
        if x % 50 == 0: time.sleep(0.0001)
for i in range(4): threading.Thread(target=work, daemon=True).start()
print('ready', flush=True)
while True:
    thread = threading.Thread(target=sorted, args=(range(20),))
    thread.start()
    thread.join()
    with lock: pass
"""


class Stress(unittest.TestCase):
    def command(self, script):
        with tempfile.NamedTemporaryFile("w", suffix=".mini", delete=False) as file:
            file.write(HEADER.format(count=options.count) + script)
        self.addCleanup(os.unlink, file.name)
        return [options.mini, *self.arguments, file.name]

    def check_quiet(self, err):
        for word in ("Sanitizer", "runtime error", "broken invariant"):
            self.assertNotIn(word, err)

    def test_scripts(self):
        for round_number in range(options.rounds):
            for name, (script, status, end) in SCRIPTS.items():
                for self.arguments in (["--check-leaks"] if status == 0 else [], ["--schedule=responsive:100us"],
                                       ["--affinity=free", "--schedule=interval:1us"]):
                    with self.subTest(script=name, arguments=self.arguments, round=round_number):
                        done = subprocess.run(self.command(script), capture_output=True, text=True, timeout=300)
                        self.check_quiet(done.stderr)
                        self.assertEqual(done.returncode, status, done.stderr)
                        self.assertTrue(done.stdout.endswith(end), done.stdout[-200:])

    def test_ctrl_c_at_any_time(self):
        self.arguments = []
        chance = random.Random(1)
        for _ in range(options.rounds * 5):
            process = subprocess.Popen(self.command(INTERRUPTED), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "ready\n")
            time.sleep(chance.random() / 20)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
            self.check_quiet(err)
            self.assertIn("KeyboardInterrupt", err)
            self.assertEqual(process.returncode, -signal.SIGINT, err)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--count", type=int, default=400, help="threads, passes ... of each script")
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
