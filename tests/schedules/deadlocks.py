#!/usr/bin/env python3
"""Deadlock is an answer, not a hang: what is reported, with which words, and what must not be reported."""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

options = None


def mini(script, *arguments, status=3, stdin=subprocess.DEVNULL, timeout=60):
    """Runs a script as a file; stdout, and stderr with the file's name shortened to FILE."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory).resolve() / "script.mini"
        path.write_text(textwrap.dedent(script))
        done = subprocess.run([options.mini, *arguments, str(path)], capture_output=True, text=True, timeout=timeout,
                              stdin=stdin)
        assert done.returncode == status, (script, arguments, done.returncode, done.stdout, done.stderr)
        # How to see it again is the recordings' business.
        err = re.sub(r"  again with --replay=\S+\n", "", done.stderr)
        return done.stdout, err.replace(str(path), "FILE")


HEADER = "deadlock: no thread can run\n"


class Reported(unittest.TestCase):
    def need(self, module):
        if subprocess.run([options.mini, "-c", f"import {module}"], capture_output=True).returncode != 0:
            self.skipTest(f"no module {module}")

    def check(self, script, *lines, runners=("os", "one"), arguments=()):
        for runner in runners:
            with self.subTest(runner=runner):
                _, err = mini(script, f"--runner={runner}", *arguments)
                self.assertEqual(err, HEADER + "".join(f"  {line}\n" for line in lines))

    def test_a_lock_taken_twice_by_one_thread(self):
        self.check("""\
            import threading
            b = threading.Lock()
            b.acquire()
            b.acquire()
            """, "MainThread waits at FILE:4 for Lock 'b' (made at FILE:2), held by itself since FILE:3")

    def test_two_locks_in_opposite_order(self):
        self.check("""\
            import threading, time
            a = threading.Lock()
            b = threading.Lock()
            def left():
                with a:
                    time.sleep(0.05)
                    with b:
                        pass
            def right():
                with b:
                    time.sleep(0.05)
                    with a:
                        pass
            threads = [threading.Thread(target=left), threading.Thread(target=right)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """,
            "MainThread waits at FILE:16 for the end of Thread-1 (left)",
            "Thread-1 (left) waits at FILE:7 for Lock 'b' (made at FILE:3), held by Thread-2 (right) since FILE:10",
            "Thread-2 (right) waits at FILE:12 for Lock 'a' (made at FILE:2), held by Thread-1 (left) since FILE:5")

    def test_a_circle_of_three_whose_forks_are_items_of_a_list(self):
        self.check("""\
            import threading
            forks = [threading.Lock() for i in range(3)]
            ready = threading.Barrier(3)
            def eat(me):
                with forks[me]:
                    ready.wait()
                    with forks[(me + 1) % 3]:
                        pass
            for me in range(3):
                threading.Thread(target=eat, args=(me,), name='philosopher %d' % me).start()
            """,
            "MainThread waits at its end for the end of philosopher 0, philosopher 1, philosopher 2",
            *(f"philosopher {me} waits at FILE:7 for Lock 'forks[{(me + 1) % 3}]' (made at FILE:2), "
              f"held by philosopher {(me + 1) % 3} since FILE:5" for me in range(3)))

    def test_threads_that_join_each_other(self):
        self.check("""\
            import threading
            threads = []
            started = threading.Event()
            def work(other):
                started.wait()
                threads[other].join()
            threads += [threading.Thread(target=work, args=(1,)), threading.Thread(target=work, args=(0,))]
            for thread in threads: thread.start()
            started.set()
            """,
            "MainThread waits at its end for the end of Thread-1 (work), Thread-2 (work)",
            "Thread-1 (work) waits at FILE:6 for the end of Thread-2 (work)",
            "Thread-2 (work) waits at FILE:6 for the end of Thread-1 (work)")

    def test_an_owner_that_ended_by_an_exception_and_one_that_returned(self):
        self.check("""\
            import threading, sys
            threading.excepthook = lambda args: None
            lock = threading.Lock()
            def left():
                lock.acquire()
                raise ValueError
            thread = threading.Thread(target=left)
            thread.start()
            thread.join()
            with lock:
                pass
            """,
            "MainThread waits at FILE:10 for Lock 'lock' (made at FILE:3), held by Thread-1 (left), "
            "which ended at FILE:6")
        self.check("""\
            import threading
            lock = threading.RLock()
            def left(n):
                lock.acquire()
                if n > 2:
                    return n
                n += 1
            thread = threading.Thread(target=left, args=(5,))
            thread.start()
            thread.join()
            lock.acquire()
            """,
            "MainThread waits at FILE:11 for RLock 'lock' (made at FILE:2), held by Thread-1 (left), "
            "which ended at FILE:6")

    def test_an_owner_without_a_name_of_its_own(self):
        self.check("""\
            import _thread, time
            lock = _thread.allocate_lock()
            def left():
                lock.acquire()
            _thread.start_new_thread(left, ())
            time.sleep(0.1)
            lock.acquire()
            """, "MainThread waits at FILE:7 for Lock 'lock' (made at FILE:2), held by T1, which ended at FILE:4")

    def test_a_lost_wake_up(self):
        self.check("""\
            import threading
            class Box:
                def __init__(self):
                    self.changed = threading.Condition()
            box = Box()
            with box.changed:
                box.changed.notify()
            with box.changed:
                box.changed.wait()
            """, "MainThread waits at FILE:9 for Condition 'box.changed' (made at FILE:4): "
                 "nobody is left who could notify it")

    def test_conditions_whose_lock_somebody_else_has(self):
        self.check("""\
            import threading
            mutex = threading.Lock()
            ready = threading.Condition(mutex)
            mutex.acquire()
            with ready:
                pass
            """, "MainThread waits at FILE:5 for Condition 'ready', held by itself since FILE:4")
        self.check("""\
            import threading, time
            ready = threading.Condition()
            go = threading.Event()
            def notifier():
                with ready:
                    ready.notify()
                    go.wait()
            with ready:
                thread = threading.Thread(target=notifier)
                thread.start()
                ready.wait()
            """,
            "MainThread waits at FILE:11 for Condition 'ready' (made at FILE:2), "
            "held by Thread-1 (notifier) since FILE:5",
            "Thread-1 (notifier) waits at FILE:7 for Event 'go' (made at FILE:3): nobody is left who could set it")

    def test_semaphore_event_and_barrier(self):
        self.check("""\
            import threading
            seats = threading.BoundedSemaphore(1)
            seats.acquire()
            with seats:
                pass
            """, "MainThread waits at FILE:4 for BoundedSemaphore 'seats' (made at FILE:2): "
                 "nobody is left who could release it")
        self.check("""\
            import threading
            def main():
                done = threading.Event()
                done.wait()
            main()
            """, "MainThread waits at FILE:4 for Event 'done' (made at FILE:3): nobody is left who could set it")
        self.check("""\
            import threading
            start = threading.Barrier(3)
            threading.Thread(target=start.wait, name='one').start()
            start.wait()
            """,
            "MainThread waits at FILE:4 for Barrier 'start' (made at FILE:2): 2 of 3 threads have come, "
            "nobody is left who could",
            "one waits in the library for Barrier 'start' (made at FILE:2): 2 of 3 threads have come, "
            "nobody is left who could")

    def test_queues(self):
        self.need("queue")
        self.check("""\
            import queue
            jobs = queue.Queue()
            jobs.get()
            """, "MainThread waits at FILE:3 for Queue 'jobs' (made at FILE:2): "
                 "nobody is left who could put something into it")
        self.check("""\
            import queue
            jobs = queue.LifoQueue(1)
            jobs.put(1)
            jobs.put(2)
            """, "MainThread waits at FILE:4 for LifoQueue 'jobs' (made at FILE:2): "
                 "nobody is left who could take something out of it")
        self.check("""\
            import queue
            jobs = queue.Queue()
            jobs.put(1)
            jobs.join()
            """, "MainThread waits at FILE:4 for Queue 'jobs' (made at FILE:2): nobody is left who could call task_done()")
        self.check("""\
            import queue
            jobs = queue.SimpleQueue()
            jobs.get()
            """, "MainThread waits at FILE:3 for SimpleQueue 'jobs' (made at FILE:2): "
                 "nobody is left who could put something into it")

    def test_executors_and_futures(self):
        self.need("concurrent.futures")
        self.check("""\
            from concurrent.futures import Future
            answer = Future()
            answer.result()
            """, "MainThread waits at FILE:3 for Future 'answer' (made at FILE:2): nobody is left who could finish it")
        # A task that waits for one which its own, only worker would have to run.
        for runner in ("os", "one"):
            _, err = mini("""\
                from concurrent.futures import ThreadPoolExecutor
                pool = ThreadPoolExecutor(1)
                def outer():
                    return pool.submit(int).result()
                print(pool.submit(outer).result())
                """, f"--runner={runner}")
            lines = err.splitlines()
            self.assertEqual(lines[0], HEADER.strip())
            self.assertRegex(lines[1], r"^  MainThread waits at FILE:5 for Future \(made at FILE:5\): "
                                       r"nobody is left who could finish it$")
            self.assertRegex(lines[2], r"^  ThreadPoolExecutor-0_0 waits at FILE:4 for Future \(made at FILE:4\): "
                                       r"nobody is left who could finish it$")
            self.assertEqual(len(lines), 3)

    def test_an_executor_that_is_shut_down_while_its_worker_is_stuck(self):
        self.need("concurrent.futures")
        for runner in ("os", "one"):
            _, err = mini("""\
                import threading
                from concurrent.futures import ThreadPoolExecutor
                never = threading.Event()
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(never.wait)
                """, f"--runner={runner}")
            lines = err.splitlines()
            self.assertRegex(lines[1], r"^  MainThread waits at FILE:[45] for ThreadPoolExecutor 'pool' \(made at FILE:4\): "
                                       r"for the end of ThreadPoolExecutor-0_0$")
            self.assertRegex(lines[2], r"^  ThreadPoolExecutor-0_0 waits in the library for Event 'never' "
                                       r"\(made at FILE:3\): nobody is left who could set it$")

    def test_the_main_thread_at_its_end_waits_for_one_that_is_stuck(self):
        self.check("""\
            import threading
            class Account:
                lock = threading.Lock()
            def stuck():
                with Account.lock:
                    Account.lock.acquire()
            threading.Thread(target=stuck, name='clerk').start()
            """,
            "MainThread waits at its end for the end of clerk",
            "clerk waits at FILE:6 for Lock 'Account.lock' (made at FILE:3), held by itself since FILE:5")

    def test_a_lock_that_has_no_name(self):
        self.check("""\
            import threading
            def make():
                return threading.Lock()
            make().__enter__() and None
            def lockers():
                yield make()
            for lock in lockers():
                lock.acquire()
                getattr(lock, 'acquire')()
            """, "MainThread waits at FILE:9 for Lock 'lock' (made at FILE:3), held by itself since FILE:8")

    def test_a_daemon_that_is_stuck_too_changes_nothing(self):
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            threading.Thread(target=lock.acquire, daemon=True, name='helper').start()
            lock.acquire()
            """,
            "MainThread waits at FILE:5 for Lock 'lock' (made at FILE:2), held by itself since FILE:3",
            "helper waits in the library for Lock 'lock' (made at FILE:2), held by MainThread since FILE:3")

    def test_what_was_printed_comes_first_and_no_script_code_runs_afterwards(self):
        for runner in ("os", "one"):
            out, err = mini("""\
                import threading
                lock = threading.Lock()
                class Loud:
                    def __del__(self):
                        print('no')
                def work():
                    loud = Loud()
                    try:
                        with lock:
                            print('yes', end='')
                            lock.acquire()
                    finally:
                        print('no')
                threading.Thread(target=work).start()
                """, f"--runner={runner}")
            self.assertEqual(out, "yes")
            self.assertTrue(err.startswith(HEADER), err)

    def test_a_sort_key_that_waits_for_ever(self):
        # A native that called back is on the C++ stack: it is left without running script code.
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            def key(n):
                lock.acquire()
            [2, 1].sort(key=key)
            """, "MainThread waits at FILE:5 for Lock 'lock' (made at FILE:2), held by itself since FILE:3")

    def test_every_schedule_reports(self):
        script = """\
            import threading
            lock = threading.Lock()
            def work(is_second):
                while is_second and not lock.locked(): pass
                lock.acquire()
            threads = [threading.Thread(target=work, args=(i == 1,)) for i in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """
        for schedule in ("interval:10us", "every:1", "seeded:3", "steps:T1* T2*"):
            self.check(script, "MainThread waits at FILE:8 for the end of Thread-2 (work)",
                       "Thread-2 (work) waits at FILE:5 for Lock 'lock' (made at FILE:2), "
                       "held by Thread-1 (work), which ended at FILE:5", arguments=(f"--schedule={schedule}",))

    def test_at_a_hang_as_cpython_has_it_ctrl_c_ends_the_wait(self):
        for runner in ("os", "one"):
            process = subprocess.Popen(
                [options.mini, "--deadlock=hang", f"--runner={runner}", "-c",
                 "import threading; lock = threading.Lock(); lock.acquire(); print('here', flush=True); lock.acquire()"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "here\n")
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, -signal.SIGINT)
            self.assertIn("KeyboardInterrupt", err)

    def test_the_prompt_comes_back(self):
        lines = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()\nprint(lock.locked())\nexit(4)\n"
        done = subprocess.run([options.mini, "-i"], input=lines, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (4, "True\nTrue\n"))
        self.assertIn(HEADER + "  MainThread waits at <stdin>-3:1 for Lock 'lock' (made at <stdin>-1:1), "
                               "held by itself since <stdin>-2:1\n", done.stderr)

    def test_a_value_of_the_option_that_is_none_is_refused(self):
        done = subprocess.run([options.mini, "--deadlock=no", "-c", "pass"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr.startswith("mini: --deadlock=no: not report or hang\n"), done.stderr)


class NotReported(unittest.TestCase):
    """Near misses: somebody can still run, or will."""

    def check(self, script, out, runners=("os", "one"), **more):
        for runner in runners:
            with self.subTest(runner=runner):
                self.assertEqual(mini(script, f"--runner={runner}", status=0, **more), (out, ""))

    def test_a_timeout(self):
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            print(lock.acquire(timeout=0.05))
            """, "False\n")

    def test_a_condition_with_a_timeout(self):
        self.check("""\
            import threading
            ready = threading.Condition()
            with ready:
                print(ready.wait(0.05))
            """, "False\n")

    def test_a_sleeper_that_will_release(self):
        self.check("""\
            import threading, time
            lock = threading.Lock()
            lock.acquire()
            def later():
                time.sleep(0.05)
                lock.release()
            threading.Thread(target=later).start()
            print(lock.acquire())
            """, "True\n")

    def test_a_timer(self):
        self.check("""\
            import threading
            done = threading.Event()
            threading.Timer(0.05, done.set).start()
            print(done.wait())
            """, "True\n")

    def test_a_daemon_that_could_still_notify(self):
        self.check("""\
            import threading, time
            ready = threading.Condition()
            def helper():
                time.sleep(0.05)
                with ready:
                    ready.notify()
                time.sleep(1000)
            threading.Thread(target=helper, daemon=True).start()
            with ready:
                print(ready.wait())
            """, "True\n")

    def test_a_join_with_a_timeout_of_one_that_is_stuck_for_ever(self):
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            thread = threading.Thread(target=lock.acquire)
            thread.start()
            thread.join(0.05)
            print(thread.is_alive())
            lock.release()
            """, "True\n")

    def test_stuck_daemons_do_not_hold_up_the_end(self):
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            for i in range(3):
                threading.Thread(target=lock.acquire, daemon=True).start()
            print('end')
            """, "end\n")

    def test_a_thread_that_reads_a_descriptor(self):
        # Only system threads can let others run meanwhile.
        reader, writer = os.pipe()
        try:
            with tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory) / "script.mini"
                path.write_text(textwrap.dedent("""\
                    import sys, threading
                    done = threading.Event()
                    def read():
                        print(sys.stdin.readline(), end='')
                        done.set()
                    threading.Thread(target=read).start()
                    print('waits', flush=True)
                    print(done.wait())
                    """))
                process = subprocess.Popen([options.mini, str(path)], stdin=reader, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True)
                self.assertEqual(process.stdout.readline(), "waits\n")
                with self.assertRaises(subprocess.TimeoutExpired):
                    process.wait(0.3)
                os.write(writer, b"line\n")
                out, err = process.communicate(timeout=30)
                self.assertEqual((process.returncode, out, err), (0, "line\nTrue\n", ""))
        finally:
            os.close(reader)
            os.close(writer)

    def test_a_lock_released_by_another_thread_than_took_it(self):
        self.check("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            thread = threading.Thread(target=lock.release)
            thread.start()
            print(lock.acquire())
            """, "True\n")

    def test_an_rlock_taken_again(self):
        self.check("""\
            import threading
            lock = threading.RLock()
            with lock, lock:
                print(lock.acquire())
            """, "True\n")

    def test_a_thousand_rounds_of_waiting_for_each_other(self):
        self.check("""\
            import threading
            turns = [threading.Lock() for i in range(3)]
            for lock in turns[1:]: lock.acquire()
            rounds = 0
            def play(me):
                global rounds
                for i in range(1000):
                    turns[me].acquire()
                    rounds += 1
                    turns[(me + 1) % 3].release()
            threads = [threading.Thread(target=play, args=(me,)) for me in range(3)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            print(rounds)
            """, "3000\n")

    def test_a_virtual_clock_goes_on_to_the_next_deadline(self):
        self.assertEqual(mini("""\
            import threading
            lock = threading.Lock()
            lock.acquire()
            print(lock.acquire(timeout=1e6))
            """, "--schedule=seeded:1", status=0), ("False\n", ""))


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
