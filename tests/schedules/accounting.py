#!/usr/bin/env python3
"""What --stats, --stats=json and the module mini_gil tell about threads, locks and switches."""
import argparse
import json
import subprocess
import sys
import textwrap
import unittest

options = None


def mini(script, *arguments, status=0):
    done = subprocess.run([options.mini, *arguments, "-c", textwrap.dedent(script)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == status, (script, arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def statistics(script, *arguments, status=0):
    return json.loads(mini(script, "--stats=json", *arguments, status=status)[1])


TWO = """\
import threading, time
lock = threading.Lock()
ready = threading.Condition()
def work():
    global x
    for i in range(20000):
        x += 1
    with lock:
        time.sleep(0.05)
x = 0
threads = [threading.Thread(target=work, name=name) for name in ('left', 'right')]
for thread in threads: thread.start()
for thread in threads: thread.join()
with ready:
    ready.notify()
"""


class Json(unittest.TestCase):
    def test_the_fields_are_the_ones_that_the_readme_documents(self):
        result = statistics(TWO, "--schedule=interval:100us")
        self.assertEqual(list(result), ["switch_points", "schedule", "clock", "hand_overs", "forced_switches", "fairness",
                                        "gil_waits", "switches", "threads", "locks", "stuck"])
        self.assertEqual(list(result["threads"][0]), ["thread", "name", "daemon", "running", "outside", "forced_switches",
                                                      "voluntary_switches", "gil_waits", "blocked"])
        self.assertEqual(list(result["gil_waits"]), ["count", "total", "median", "p90", "p99", "p999", "longest"])
        self.assertEqual(list(result["locks"][0]), ["kind", "name", "made", "count", "acquisitions", "contended",
                                                    "longest_hold", "longest_hold_at"])
        self.assertEqual(list(result["switches"][0]), ["what", "where", "count"])
        self.assertEqual((result["switch_points"], result["schedule"], result["clock"], result["stuck"]),
                         ("3.9", "interval:100us", "real", []))

    def test_times_add_up(self):
        result = statistics(TWO, "--schedule=interval:100us")
        threads = {thread["name"]: thread for thread in result["threads"]}
        self.assertEqual(set(threads), {"MainThread", "left", "right"})
        for name in ("left", "right"):
            self.assertGreaterEqual(threads[name]["blocked"]["sleep"], 0.05)
            self.assertGreater(threads[name]["running"], 0)
            waits = threads[name]["gil_waits"]
            self.assertLessEqual(waits["median"], waits["p90"])
            self.assertLessEqual(waits["p90"], waits["p99"])
            self.assertLessEqual(waits["p99"], waits["longest"])
            self.assertGreaterEqual(waits["total"], waits["longest"])
        self.assertGreaterEqual(threads["MainThread"]["blocked"]["join"], 0.09)
        # One of them waited for the lock while the other slept with it.
        self.assertGreaterEqual(threads["left"]["blocked"]["lock"] + threads["right"]["blocked"]["lock"], 0.04)
        self.assertEqual(result["forced_switches"], sum(switch["count"] for switch in result["switches"]))
        self.assertEqual(result["gil_waits"]["count"], sum(thread["gil_waits"]["count"] for thread in result["threads"]))
        self.assertTrue(0 < result["fairness"] <= 1)

    def test_locks(self):
        locks = {lock["name"]: lock for lock in statistics(TWO)["locks"]}
        self.assertEqual(locks["lock"]["kind"], "Lock")
        self.assertEqual((locks["lock"]["acquisitions"], locks["lock"]["contended"]), (2, 1))
        self.assertGreaterEqual(locks["lock"]["longest_hold"], 0.05)
        self.assertEqual(locks["lock"]["longest_hold_at"], "<string>:8")
        self.assertEqual(locks["lock"]["made"], "<string>:2")
        self.assertEqual((locks["ready"]["kind"], locks["ready"]["made"], locks["ready"]["acquisitions"]),
                         ("Condition", "<string>:3", 1))

    def test_locks_that_died_are_counted_by_their_place(self):
        locks = statistics("""\
            import threading
            for i in range(50):
                lock = threading.Lock()
                with lock: pass
            lock = None
            """)["locks"]
        self.assertEqual([(lock["count"], lock["acquisitions"], lock["made"]) for lock in locks if lock["made"] == "<string>:3"],
                         [(50, 50, "<string>:3")])

    def test_more_threads_than_are_told_one_by_one(self):
        threads = statistics("""\
            import threading
            for i in range(1010):
                thread = threading.Thread(target=int)
                thread.start()
                thread.join()
            """)["threads"]
        self.assertEqual(len(threads), 1000)
        self.assertEqual(threads[-1]["name"], "all later ones")

    def test_a_deterministic_schedule_has_the_same_statistics_each_time(self):
        for schedule in ("seeded:3", "every:7"):
            runs = {json.dumps(statistics(TWO, f"--schedule={schedule}", f"--runner={runner}"))
                    for runner in ("os", "one", "os", "one")}
            self.assertEqual(len(runs), 1, runs)
            self.assertEqual(json.loads(runs.pop())["clock"], "virtual")

    def test_two_that_are_stuck_beside_one_that_is_not(self):
        script = """\
            import threading, time
            a, b = threading.Lock(), threading.Lock()
            ready = threading.Barrier(2)
            def work(first, second):
                with first:
                    ready.wait()
                    second.acquire()
            for name, locks in (('left', (a, b)), ('right', (b, a))):
                threading.Thread(target=work, args=locks, name=name, daemon=True).start()
            waiter = threading.Thread(target=a.acquire, name='behind', daemon=True)
            time.sleep(0.1)
            waiter.start()
            time.sleep(0.1)
            """
        expected = ["left waits at <string>:7 for Lock 'b' (made at <string>:2), held by right since <string>:5",
                    "right waits at <string>:7 for Lock 'a' (made at <string>:2), held by left since <string>:5",
                    "behind waits in the library for Lock 'a' (made at <string>:2), held by left since <string>:5"]
        for runner in ("os", "one"):
            self.assertEqual(statistics(script, f"--runner={runner}")["stuck"], expected)
            _, err = mini(script, "--stats", f"--runner={runner}")
            self.assertTrue(err.endswith("stuck: threads that wait for each other, or for one that has ended\n" +
                                         "".join(f"  {line}\n" for line in expected)), err)
        out, _ = mini(textwrap.dedent(script) + "import mini_gil\nfor line in mini_gil.stuck(): print(line)")
        self.assertEqual(out.splitlines(), expected)

    def test_a_deadlock_has_statistics_too(self):
        _, err = mini("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", "--stats=json", status=3)
        report, text = err.split("{", 1)
        self.assertTrue(report.startswith("deadlock: no thread can run\n"), err)
        result = json.loads("{" + text)
        self.assertEqual(result["locks"][0]["contended"], 1)

    def test_the_table_names_threads_and_locks(self):
        _, err = mini(TWO, "--stats", "--schedule=interval:100us")
        for text in ("switch points 3.9, schedule interval:100us: ", "threads, in ms (fairness ", "  MainThread", "  left",
                     "Lock 'lock', made at <string>:2, longest from <string>:8", "Condition 'ready', made at <string>:3"):
            self.assertIn(text, err)

    def test_another_form_is_refused(self):
        _, err = mini("pass", "--stats=xml", status=2)
        self.assertTrue(err.startswith("mini: --stats=xml: not table or json\n"), err)


class Responsive(unittest.TestCase):
    def test_nobody_starves(self):
        """Eight threads that compute beside eight that sleep: inside each group, shares within a factor of two."""
        out, _ = mini("""\
            import threading, time
            over = False
            computed, woken = [0] * 8, [0] * 8
            def compute(me):
                while not over: computed[me] += 1
            def sleep(me):
                while not over:
                    time.sleep(0.001)
                    woken[me] += 1
            threads = [threading.Thread(target=target, args=(me,)) for me in range(8) for target in (compute, sleep)]
            for thread in threads: thread.start()
            time.sleep(2)
            over = True
            for thread in threads: thread.join()
            print(min(computed), max(computed), min(woken), max(woken))
            """, "--schedule=responsive:5ms")
        least_computed, most_computed, least_woken, most_woken = map(int, out.split())
        self.assertLess(most_computed, 2 * least_computed)
        self.assertLess(most_woken, 2 * least_woken)


class Module(unittest.TestCase):
    def test_accounts(self):
        out, _ = mini("""\
            import mini_gil, threading, time
            time.sleep(0.03)
            mine = mini_gil.account()
            print(mine['name'], mine['sleeping'] >= 0.03, mine['blocked'] >= mine['sleeping'], mine['running'] > 0)
            print(sorted(mine))
            event = threading.Event()
            thread = threading.Thread(target=event.wait, name='waiter')
            thread.start()
            print([each['name'] for each in mini_gil.threads()], mini_gil.threads()[1]['ident'] == thread.ident)
            event.set()
            thread.join()
            print(0 < mini_gil.fairness() <= 1)
            """)
        self.assertEqual(out, "MainThread True True True\n"
                              "['blocked', 'forced_switches', 'ident', 'longest_wait', 'median_wait', 'name', 'outside', "
                              "'p99_wait', 'running', 'sleeping', 'voluntary_switches', 'waiting']\n"
                              "['MainThread', 'waiter'] True\nTrue\n")

    def test_locks(self):
        out, _ = mini("""\
            import mini_gil, threading, time
            lock = threading.Lock()
            with lock: pass
            print(mini_gil.lock(lock))
            mini_gil.measure_locks()
            with lock: time.sleep(0.02)
            print(mini_gil.lock(lock)['longest_hold'] >= 0.02, mini_gil.lock(threading.RLock())['acquisitions'])
            try:
                mini_gil.lock(3)
            except TypeError as error:
                print(error)
            """)
        self.assertEqual(out, "{'acquisitions': 1, 'contended': 0, 'longest_hold': 0.0}\nTrue 0\n"
                              "a Lock or RLock is needed, not int\n")

    def test_affinity_can_be_turned_off(self):
        out, _ = mini("import mini_gil; print(mini_gil.one_cpu(), mini_gil.one_cpu(False), mini_gil.one_cpu())")
        self.assertEqual(out, "True False False\n")
        out, _ = mini("import mini_gil; print(mini_gil.one_cpu())", "--affinity=free")
        self.assertEqual(out, "False\n")


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
