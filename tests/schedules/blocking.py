#!/usr/bin/env python3
"""The GIL is free during every call that may block: the table of all of them. Each row shows that another thread runs
meanwhile, that a timeout ends the wait, and that an interrupt does."""
import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

options = None

# name: (setup, call that is over after about 0.15 s by itself, or by FEED; the same call without an end). None: there is none.
LATER = "later = lambda work: threading.Timer(0.15, work).start()\n"
# A child that ends after SLEEP seconds, or with its parent, and keeps no pipe of its parent's open.
BE_CHILD = """\
import os
def be_child():
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    end = time.monotonic() + SLEEP
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.01)
parent = os.getpid()
"""
CHILD = BE_CHILD + "child = os.fork()\nif child == 0:\n    be_child()\n    os._exit(0)"
PROCESSES = BE_CHILD + "import multiprocessing\nprocess = multiprocessing.Process(target=be_child, daemon=True)\n"
TABLE = {
    "time.sleep": ("", "time.sleep(0.15)", "time.sleep(1000)"),
    "Lock.acquire": (LATER + "lock = threading.Lock(); lock.acquire()",
                     "later(lock.release); lock.acquire()", "lock.acquire()"),
    "Lock.acquire, timeout": ("lock = threading.Lock(); lock.acquire()", "assert not lock.acquire(timeout=0.15)",
                              "lock.acquire(timeout=1000)"),
    "with Lock": (LATER + "lock = threading.Lock(); lock.acquire()",
                  "later(lock.release)\nwith lock: pass", "with lock: pass"),
    "RLock.acquire, timeout": ("lock = threading.RLock()\nother = threading.Thread(target=lock.acquire)\n"
                               "other.start(); other.join()", "assert not lock.acquire(timeout=0.15)",
                               "lock.acquire(timeout=1000)"),
    "Condition.wait": (LATER + "ready = threading.Condition()\ndef notify():\n    with ready: ready.notify()",
                       "with ready:\n    later(notify); assert ready.wait()", "with ready: ready.wait()"),
    "Condition.wait, timeout": ("ready = threading.Condition()", "with ready: assert not ready.wait(0.15)",
                                "with ready: ready.wait(1000)"),
    "Condition.wait_for, timeout": ("ready = threading.Condition()",
                                    "with ready: assert not ready.wait_for(lambda: False, 0.15)",
                                    "with ready: ready.wait_for(lambda: False)"),
    "Event.wait": (LATER + "event = threading.Event()", "later(event.set); assert event.wait()", "event.wait()"),
    "Event.wait, timeout": ("event = threading.Event()", "assert not event.wait(0.15)", "event.wait(1000)"),
    "Semaphore.acquire": (LATER + "seats = threading.Semaphore(0)", "later(seats.release); seats.acquire()",
                          "seats.acquire()"),
    "Semaphore.acquire, timeout": ("seats = threading.Semaphore(0)", "assert not seats.acquire(timeout=0.15)",
                                   "seats.acquire(timeout=1000)"),
    "Barrier.wait, timeout": ("barrier = threading.Barrier(2)",
                              "try: barrier.wait(0.15)\nexcept threading.BrokenBarrierError: pass", "barrier.wait()"),
    "Thread.join": ("sleeper = threading.Thread(target=time.sleep, args=(SLEEP,), daemon=True); sleeper.start()",
                    "sleeper.join()", "sleeper.join()"),
    "Thread.join, timeout": ("sleeper = threading.Thread(target=time.sleep, args=(1000,), daemon=True); sleeper.start()",
                             "sleeper.join(0.15); assert sleeper.is_alive()", "sleeper.join(1000)"),
    "Thread.start": ("", "for i in range(20): threading.Thread(target=int).start()", None),
    "input": ("", "assert input() == 'fed'", "input()"),
    "sys.stdin.readline": ("import sys", "assert sys.stdin.readline() == 'fed\\n'", "sys.stdin.readline()"),
    "file read": ("import sys", "assert open('/dev/stdin').read(3) == 'fed'", "open('/dev/stdin').read()"),
    "file write to a full pipe": ("import sys", "sys.stdout.write('x' * 200000); sys.stdout.flush()",
                                  "sys.stdout.write('x' * 300000); sys.stdout.flush()"),
    "flush while another thread writes": (
        LATER + "import atexit, os\nreader, writer = os.pipe(); atexit.register(os.close, reader); file = open(writer, 'w')\n"
        "def fill():\n    try:\n        file.write('x' * 200000); file.flush()\n    except BrokenPipeError:\n        pass\n"
        "def take():\n    count = 0\n    while count < 200001: count += len(os.read(reader, 65536))\n"
        "threading.Thread(target=fill, daemon=True).start(); time.sleep(0.05)",
        "later(take); file.write('y'); file.flush()", "file.write('y'); file.flush()"),
    "print to a full pipe": ("", "print('x' * 200000)", "print('x' * 300000)"),
    "SimpleQueue.get": (LATER + "import queue; items = queue.SimpleQueue()",
                        "later(lambda: items.put(1)); assert items.get() == 1", "items.get()"),
    "SimpleQueue.get, timeout": ("import queue; items = queue.SimpleQueue()",
                                 "try: items.get(timeout=0.15)\nexcept queue.Empty: pass", "items.get(timeout=1000)"),
    "Queue.get": (LATER + "import queue; items = queue.Queue()",
                  "later(lambda: items.put(1)); assert items.get() == 1", "items.get()"),
    "Queue.get, timeout": ("import queue; items = queue.Queue()",
                           "try: items.get(timeout=0.15)\nexcept queue.Empty: pass", "items.get(timeout=1000)"),
    "Queue.put": (LATER + "import queue; items = queue.Queue(1); items.put(0)",
                  "later(items.get); items.put(1)", "items.put(1)"),
    "Queue.put, timeout": ("import queue; items = queue.Queue(1); items.put(0)",
                           "try: items.put(1, timeout=0.15)\nexcept queue.Full: pass", "items.put(1, timeout=1000)"),
    "Queue.join": (LATER + "import queue; items = queue.Queue(); items.put(0)",
                   "later(items.task_done); items.join()", "items.join()"),
    "Future.result": ("import concurrent.futures as f; pool = f.ThreadPoolExecutor(1)\n"
                      "future = pool.submit(time.sleep, SLEEP)", "future.result()", None),
    "Future.result, timeout": ("import concurrent.futures as f; future = f.Future()",
                               "try: future.result(0.15)\nexcept TimeoutError: pass", "future.result(1000)"),
    "futures.wait, timeout": ("import concurrent.futures as f; futures = [f.Future()]",
                              "assert not f.wait(futures, 0.15).done", "f.wait(futures)"),
    "Executor.shutdown": ("import concurrent.futures as f; pool = f.ThreadPoolExecutor(1)\n"
                          "pool.submit(time.sleep, SLEEP)", "pool.shutdown()", None),
    "os.read": (LATER + "import os; reader, writer = os.pipe()",
                "later(lambda: os.write(writer, b'1')); assert os.read(reader, 1) == b'1'", "os.read(reader, 1)"),
    "os.waitpid": (CHILD, "assert os.waitpid(child, 0) == (child, 0)", "os.waitpid(child, 0)"),
    "Process.join": (PROCESSES + "process.start()", "process.join()", "process.join()"),
    "Process.join, timeout": (PROCESSES + "SLEEP = 1000; process.start()",
                              "process.join(0.15); assert process.is_alive(); process.kill()", "process.join(1000)"),
    "Connection.recv": (LATER + PROCESSES + "reader, writer = multiprocessing.Pipe(False)",
                        "later(lambda: writer.send(1)); assert reader.recv() == 1", "reader.recv()"),
    "Connection.poll, timeout": (PROCESSES + "reader, writer = multiprocessing.Pipe(False)",
                                 "assert not reader.poll(0.15)", "reader.poll(1000)"),
    "multiprocessing.Lock.acquire": (LATER + PROCESSES + "lock = multiprocessing.Lock(); lock.acquire()",
                                     "later(lock.release); lock.acquire()", "lock.acquire()"),
    "multiprocessing.Lock.acquire, timeout": (PROCESSES + "lock = multiprocessing.Lock(); lock.acquire()",
                                              "assert not lock.acquire(timeout=0.15)", "lock.acquire(timeout=1000)"),
    "multiprocessing.Event.wait, timeout": (PROCESSES + "event = multiprocessing.Event()",
                                            "assert not event.wait(0.15)", "event.wait(1000)"),
    "multiprocessing.Queue.get": (LATER + PROCESSES + "items = multiprocessing.Queue()",
                                  "later(lambda: items.put(1)); assert items.get() == 1", "items.get()"),
    "multiprocessing.Queue.get, timeout": (PROCESSES + "import queue; items = multiprocessing.Queue()",
                                           "try: items.get(timeout=0.15)\nexcept queue.Empty: pass", "items.get(timeout=1000)"),
    "signal.pause": ("import signal; signal.signal(signal.SIGALRM, lambda *args: None)",
                     "signal.setitimer(signal.ITIMER_REAL, SLEEP, SLEEP); signal.pause()\n"
                     "signal.setitimer(signal.ITIMER_REAL, 0)", None),
}

MEANWHILE = """\
import threading, time
SLEEP = 0.15
SETUP
passes, over = 0, False
def other():
    global passes
    while not over:
        passes += 1
thread = threading.Thread(target=other)
thread.start()
while passes == 0:
    time.sleep(0.001)
import sys
print('begins', file=sys.stderr, flush=True)
first, begin = passes, time.monotonic()
CALL
spent, second = time.monotonic() - begin, passes
over = True
thread.join()
print(second - first, spent, file=sys.stderr)
"""

ENDLESS = """\
import threading, time
SLEEP = 1000
SETUP
import sys
print('ready', file=sys.stderr, flush=True)
try:
    CALL
except KeyboardInterrupt:
    print('interrupted', file=sys.stderr, flush=True)
"""


def indented(text):
    return text.replace("\n", "\n    ")


def start(script, *arguments):
    with tempfile.NamedTemporaryFile("w", suffix=".mini", delete=False) as file:
        file.write(script)
    process = subprocess.Popen([options.mini, *arguments, file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.script = file.name
    return process


class Blocking(unittest.TestCase):
    def rows(self, which):
        for name, (setup, *calls) in TABLE.items():
            if calls[which] is not None:
                yield name, setup, calls[which]

    def check_rows(self, which, check):
        """All rows, four at a time: they mostly wait."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            futures = {name: pool.submit(check, name, setup, call) for name, setup, call in self.rows(which)}
        for name, future in futures.items():
            with self.subTest(call=name):
                future.result()

    def test_another_thread_runs_meanwhile_and_a_timeout_ends_the_wait(self):
        self.check_rows(0, self.check_meanwhile)

    def check_meanwhile(self, name, setup, call):
        process = start(MEANWHILE.replace("SETUP", setup).replace("CALL", call))
        feeds, drains = "fed" in call, "200000" in call

        def serve():
            time.sleep(0.2)
            if feeds:
                process.stdin.write("fed\n")
                process.stdin.flush()
            if drains:
                process.stdout.read()

        guard = threading.Timer(60, process.kill)
        guard.start()
        self.assertEqual(process.stderr.readline(), "begins\n")
        helper = threading.Thread(target=serve)
        helper.start()
        err = process.stderr.read()
        guard.cancel()
        helper.join()
        process.communicate()
        os.unlink(process.script)
        self.assertEqual(process.returncode, 0, err)
        passes, spent = err.split()
        self.assertGreater(int(passes), 50)
        if name != "Thread.start":
            self.assertGreater(float(spent), 0.1)
            self.assertLess(float(spent), 20)

    def test_an_interrupt_ends_the_wait(self):
        self.check_rows(1, self.check_interrupt)

    def check_interrupt(self, name, setup, call):
        process = start(ENDLESS.replace("SETUP", setup).replace("CALL", indented(call)), "--deadlock=hang")
        guard = threading.Timer(30, process.kill)
        guard.start()
        try:
            self.assertEqual(process.stderr.readline(), "ready\n")
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)  # before the wait begins, it is raised there as well
            self.assertEqual(process.stderr.readline(), "interrupted\n")
        finally:
            guard.cancel()
            process.kill()
            process.communicate()
            os.unlink(process.script)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
