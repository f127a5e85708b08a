#!/usr/bin/env python3
"""The schedules, from outside: how they are written and what is refused, that the same one gives the same run under both
runners, that `steps:` puts a race where it is wanted, the switch interval, and the clocks."""
import argparse
import pathlib
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import oracles
from example import RACE

# Switches show in what is printed: who got the lock, who ate what, when who woke.
BUSY = """\
import random, threading, time
lock = threading.Lock()
shared, x = [], 0
def numbers(n):
    for i in range(n):
        yield i
def work(me):
    global x
    try:
        for i in numbers(60):
            x += 1
            shared.append((me, i))
            if i == 30:
                time.sleep(random.random() / 100)
            if i % 7 == 2:
                with lock:
                    print(me, i, x, round(time.monotonic(), 4))
        {}[me]
    except KeyError as error:
        print("over:", error, x)
random.seed(1)
threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(x, shared)
"""

options = None


def mini(code, *arguments, status=0):
    done = subprocess.run([options.mini, *arguments, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def runners():
    return "--runner=os", "--runner=one"


class Written(unittest.TestCase):
    def test_a_schedule_that_is_none_is_a_usage_error_that_says_what_is_needed(self):
        for text, reason in {
            "fair": "not one of interval:TIME, every:N, seeded:SEED, steps:LIST, responsive:TIME",
            "Every:1": "not one of interval:TIME, every:N, seeded:SEED, steps:LIST, responsive:TIME",
            "interval": "interval: needs a time such as 5ms, 100us or 1s",
            "interval:5": "interval: needs a time such as 5ms, 100us or 1s",
            "interval:0ms": "interval: needs a time such as 5ms, 100us or 1s",
            "interval:-1ms": "interval: needs a time such as 5ms, 100us or 1s",
            "interval:5 ms": "interval: needs a time such as 5ms, 100us or 1s",
            "interval:1e99s": "interval: needs a time such as 5ms, 100us or 1s",
            "responsive:5": "responsive: needs a time such as 5ms, 100us or 1s",
            "every": "every: needs a number of instructions, from 1",
            "every:0": "every: needs a number of instructions, from 1",
            "every:-1": "every: needs a number of instructions, from 1",
            "every:1.5": "every: needs a number of instructions, from 1",
            "every:1 ": "every: needs a number of instructions, from 1",
            "every:18446744073709551616": "every: needs a number of instructions, from 1",
            "seeded:": "seeded: needs a number from 0 to 2**64-1",
            "seeded:x": "seeded: needs a number from 0 to 2**64-1",
            "seeded:18446744073709551616": "seeded: needs a number from 0 to 2**64-1",
            "steps:": "steps: needs a list such as 'T1*3 T2* T1*'",
            "steps: ,": "steps: needs a list such as 'T1*3 T2* T1*'",
            "steps:T1*3 T": "'T' is no step: Tn*k",
            "steps:1*3": "'1*3' is no step: Tn*k",
            "steps:T1*0": "'T1*0' is no step: Tn*k",
            "steps:T1*-2": "'T1*-2' is no step: Tn*k",
            "steps:T1**": "'T1**' is no step: Tn*k",
            "steps:T4294967296": "'T4294967296' is no step: Tn*k",
        }.items():
            with self.subTest(schedule=text):
                out, err = mini("print(1)", f"--schedule={text}", status=2)
                self.assertEqual(out, "")
                self.assertTrue(err.startswith(f"mini: --schedule={text}: {reason}"), err)

    def test_what_can_be_written_runs_and_is_named_in_the_statistics(self):
        for text, shown in {"interval:5ms": "interval:5ms", "interval:0.5ms": "interval:500us", "interval:2s": "interval:2s",
                            "interval:1500ns": "interval:1500ns", "interval:1ns": "interval:1us", "every:1": "every:1",
                            "every:18446744073709551615": "every:18446744073709551615", "seeded:0": "seeded:0",
                            "seeded:18446744073709551615": "seeded:18446744073709551615",
                            "responsive:500us": "responsive:500us", "steps:T0": "steps:T0", "steps: T0*2,T0*": "steps:T0*2 T0*"}.items():
            with self.subTest(schedule=text):
                _, err = mini("for i in range(9): pass", f"--schedule={text}", "--stats")
                self.assertIn(f"schedule {shown}:", err)


class SameRun(unittest.TestCase):
    def test_the_same_schedule_gives_the_same_output_each_time_and_under_both_runners(self):
        for model in ("3.9", "3.10", "3.12", "every"):
            for schedule in ("seeded:1", "seeded:2", "every:1", "every:10"):
                arguments = f"--schedule={schedule}", f"--switch-points={model}"
                runs = [mini(BUSY, *arguments, runner) for runner in (*runners(), *runners())]
                with self.subTest(schedule=schedule, model=model):
                    self.assertEqual(len(set(runs)), 1, runs)

    def test_the_statistics_are_the_same_too(self):
        runs = {mini(BUSY, "--schedule=seeded:7", "--stats", runner)[1] for runner in runners()}
        self.assertEqual(len(runs), 1, runs)
        self.assertNotIn(" 0 forced switches", runs.pop())

    def test_seeds_differ(self):
        self.assertGreater(len({mini(BUSY, f"--schedule=seeded:{seed}", "--runner=one")[0] for seed in range(10)}), 8)


class Steps(unittest.TestCase):
    def check(self, steps, out, *arguments):
        for runner in runners():
            self.assertEqual(mini(RACE, f"--schedule=steps:{steps}", runner, *arguments), (f"{out}\n", ""), steps)

    def refuse(self, steps, error, *arguments):
        for runner in runners():
            self.assertEqual(mini(RACE, f"--schedule=steps:{steps}", runner, *arguments, status=2)[1], f"mini: {error}\n")

    def test_the_lost_update_of_the_readme(self):
        self.check("T1*3 T2* T1*", 1)
        self.check("T1* T2*", 2)

    def test_every_place_of_the_first_thread_loses_or_keeps_the_update(self):
        # LOAD_GLOBAL | LOAD_CONST INPLACE_ADD | STORE_GLOBAL | LOAD_CONST RETURN_VALUE
        for count, result in ((1, 1), (3, 1), (4, 2), (6, 2)):
            self.check(f"T1*{count} T2*" + (" T1*" if count < 6 else ""), result)
        for count, result in ((1, 1), (2, 1), (3, 1), (4, 2), (5, 2)):
            self.check(f"T1*{count} T2* T1*", result, "--switch-points=every")

    def test_more_threads_than_two_stand_at_their_beginning_when_the_list_begins(self):
        code = RACE.replace("a.start(); b.start(); a.join(); b.join()",
                           "threads = [a, b, threading.Thread(target=increment), threading.Thread(target=increment)]\n"
                           "for thread in threads: thread.start()\nfor thread in threads: thread.join()")
        for steps, result in (("T1*3 T2*3 T3*3 T4* T1* T2* T3*", 1), ("T4* T3* T2* T1*", 4), ("T1*1 T2* T3* T1* T4*", 2)):
            for runner in runners():
                self.assertEqual(mini(code, f"--schedule=steps:{steps}", runner), (f"{result}\n", ""), steps)

    def test_separators_order_and_single_steps(self):
        self.check("T2*3,T1*,T2*", 1)
        self.check("T1 T2 T1* T2*", 1)
        self.check("T1 T1 T1 T2* T1*", 2)
        self.check("T2*", 2)  # what the list leaves open, the lowest thread that can run does

    def test_a_count_without_a_switch_point_says_which_are_possible(self):
        self.refuse("T1*2 T2* T1*", "T1*2 ends where no switch can occur; possible there: T1*1 or T1*3")
        self.refuse("T1*3 T2*2 T1*", "T2*2 ends where no switch can occur; possible there: T2*1 or T2*3")
        self.refuse("T1*5 T2*", "T1*5 ends where no switch can occur; possible there: T1*4 or T1*6, or T1*")
        self.refuse("T1*7 T2*", "T1*7: T1 ends after 6 instructions; possible there: T1*4 or T1*6, or T1*")
        # Under 3.12 nothing in the function is a point.
        self.refuse("T1*3 T2* T1*", "T1*3 ends where no switch can occur; possible there: T1*6, or T1*",
                    "--switch-points=3.12")

    def test_a_thread_that_cannot_run_is_named(self):
        self.refuse("T3*1", "T3 was never started")
        self.refuse("T1* T1*", "T1*: T1 has ended; can run there: T0")  # T2 is not waited for: nobody named it
        self.refuse("T1* T1* T2*", "T1*: T1 has ended; can run there: T2")  # T0 waits for b to begin
        self.refuse("T1* T2* T2", "T2: T2 has ended; can run there: T0")
        self.refuse("T1* T2* T0* T1", "T1: the program is over")
        locked = """\
import threading
lock = threading.Lock()
def work():
    with lock: pass
lock.acquire()
thread = threading.Thread(target=work)
thread.start()
lock.release()
thread.join()
"""
        for runner in runners():
            _, err = mini(locked, "--schedule=steps:T1* T1*1", runner, status=2)
            self.assertEqual(err, "mini: T1*1: T1 is blocked; can run there: T0\n")


class Interval(unittest.TestCase):
    VALUES = """\
import sys
for value in (0.01, 1.5e-6, 0.0123456789, 1, 3.7, 2.0000019, 1e6, True):
    sys.setswitchinterval(value)
    print(value, sys.getswitchinterval())
for value in (0, 0.0, -1, -0.5, "x", None):
    try:
        sys.setswitchinterval(value)
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
"""

    def test_the_interval_is_the_schedules(self):
        code = "import sys; print(sys.getswitchinterval())"
        self.assertEqual(mini(code)[0], "0.005\n")  # CPython's
        self.assertEqual(mini(code, "--schedule=interval:5ms")[0], "0.005\n")
        self.assertEqual(mini(code, "--schedule=interval:100us")[0], "9.999999999999999e-05\n")  # as in CPython
        self.assertEqual(mini(code, "--schedule=interval:1ns")[0], "1e-06\n")
        for schedule in ("seeded:1", "every:1", "steps:T0*"):
            self.assertEqual(mini(code, f"--schedule={schedule}")[0], "0.005\n")  # CPython's: it has none

    def test_what_a_script_sets_reads_as_in_cpython(self):
        python = oracles.wanted("3.13")
        if python is None:
            self.skipTest("CPython 3.13 is not installed")
        expected = oracles.run([python, "-c", self.VALUES]).stdout
        self.assertIn("3.6999999999999997", expected)
        for schedule in ("interval:5ms", "seeded:1"):
            self.assertEqual(mini(self.VALUES, f"--schedule={schedule}")[0], expected)

    def test_less_than_a_microsecond_is_one(self):
        for schedule in ("interval:5ms", "every:5"):
            out, _ = mini("import sys; sys.setswitchinterval(1e-9); print(sys.getswitchinterval())",
                          f"--schedule={schedule}")
            self.assertEqual(out, "1e-06\n")

    def test_a_script_that_sets_it_is_switched_more_often(self):
        spin = """\
import sys, threading
sys.setswitchinterval(INTERVAL)
def work():
    for i in range(400000): pass
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
        def switches(interval):
            _, err = mini(spin.replace("INTERVAL", interval), "--schedule=interval:5ms", "--stats")
            return int(err.split(" hand-overs, ")[1].split()[0])
        self.assertLess(switches("1000"), 5)
        self.assertGreater(switches("0.00001"), 20)

    # Where a thread stood that had to give way, in ten stretches of a loop's body; CPython 3.9 switches as often in each.
    LONG_BODY = """\
import threading
last, place, seen = 0, [0, 0], [0] * 11
def work(me):
    global last
    x = y = 0
    for _ in range(60000):
        if last != me:
            seen[place[1 - me]] += 1
            last = me
BODY
        place[me] = 0
threads = [threading.Thread(target=work, args=(me,)) for me in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*seen[1:])
"""

    def test_a_long_body_of_a_loop_is_left_everywhere(self):
        for inner in ("", "        for _ in range(6): x = y\n"):  # where ticks are far apart, and where they are uneven as well
            stretches = [f"        place[me] = {i}\n" + "        x = y; y = x; x = y; y = x\n" * 8 for i in range(1, 11)]
            body = "".join(stretches[:5]) + inner + "".join(stretches[5:])
            out, _ = mini(self.LONG_BODY.replace("BODY\n", body), "--schedule=interval:200us")
            seen = [int(word) for word in out.split()]
            self.assertGreater(sum(seen), 400, seen)
            for count in seen:
                self.assertTrue(0.03 < count / sum(seen) < 0.25, (inner, seen))

    def test_the_schedules_that_count_instructions_do_not_care(self):
        code = BUSY.replace("random.seed(1)", "random.seed(1)\nimport sys\nsys.setswitchinterval(1e-6)")
        other = BUSY.replace("random.seed(1)", "random.seed(1)\nimport sys\nsys.setswitchinterval(1e6)")
        self.assertEqual(mini(code, "--schedule=seeded:3", "--runner=one"), mini(other, "--schedule=seeded:3"))


class Clocks(unittest.TestCase):
    SLEEP = """\
import threading, time
start = time.monotonic()
def sleep(seconds):
    time.sleep(seconds)
    print(seconds, time.monotonic() - start, time.time() - wall)
wall = time.time()
threads = [threading.Thread(target=sleep, args=(seconds,)) for seconds in (1000, 500, 2000)]
for thread in threads: thread.start()
threads[1].join(timeout=250)
print(250, time.monotonic() - start, threads[1].is_alive())
for thread in threads: thread.join()
print(threading.Lock().acquire(), time.monotonic() - start)
"""

    def test_a_virtual_clock_goes_on_only_while_all_sleep_and_costs_no_time(self):
        expected = "250 250.0 True\n500 500.0 500.0\n1000 1000.0 1000.0\n2000 2000.0 2000.0\nTrue 2000.0\n"
        for arguments in (["--schedule=seeded:1"], ["--schedule=every:3"], ["--schedule=steps:T1*"], ["--clock=virtual"],
                          ["--clock=virtual", "--schedule=interval:1ms"]):
            for runner in runners():
                begin = time.monotonic()
                self.assertEqual(mini(self.SLEEP, *arguments, runner), (expected, ""), arguments)
                self.assertLess(time.monotonic() - begin, 50)

    def test_a_lock_with_a_timeout_sleeps_by_the_same_clock(self):
        code = """\
import threading, time
lock = threading.Lock()
lock.acquire()
print(lock.acquire(timeout=3600), time.monotonic() >= 3600)
"""
        self.assertEqual(mini(code, "--schedule=seeded:1")[0], "False True\n")

    def test_a_real_clock_takes_its_time(self):
        code = "import time; start = time.monotonic(); time.sleep(0.25); print(time.monotonic() - start >= 0.25)"
        for arguments in ([], ["--clock=real"], ["--clock=real", "--schedule=seeded:1"],
                          ["--clock=real", "--schedule=every:1", "--runner=one"]):
            begin = time.monotonic()
            self.assertEqual(mini(code, *arguments)[0], "True\n")
            self.assertGreaterEqual(time.monotonic() - begin, 0.25, arguments)

    def test_a_clock_that_is_none_is_refused(self):
        out, err = mini("print(1)", "--clock=fast", status=2)
        self.assertEqual(out, "")
        self.assertTrue(err.startswith("mini: --clock=fast: not real or virtual\n"), err)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
