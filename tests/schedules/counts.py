#!/usr/bin/env python3
"""What the GIL protects: --refcounts=unprotected says which objects would be freed too early or never, and nothing of the
kind occurs with protected counts, or with one thread."""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "refcount_race.mini"
options = None


def mini(*arguments, status=0):
    done = subprocess.run([options.mini, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr.replace(str(SCRIPT), "FILE")


def command_of_header():
    """The options of the command that the script's header gives."""
    line = re.search(r"#     mini (.*) scripts/refcount_race.mini", SCRIPT.read_text()).group(1)
    return shlex.split(line)


class Unprotected(unittest.TestCase):
    def test_the_script_shows_both_as_its_header_says(self):
        for runner in ("os", "one"):
            out, err = mini(*command_of_header(), f"--runner={runner}", str(SCRIPT))
            self.assertEqual(out, "box and jar are whole: 1 1\n")
            lines = re.sub(r"\(\d+ bytes\)", "(N bytes)", err).splitlines()
            self.assertEqual(lines[0], "freed too early: Thing 'box' (N bytes), still held by 'box': "
                                       "Thread-1 (look) (LOAD_GLOBAL at FILE:21) overlapped "
                                       "Thread-2 (look) (LOAD_GLOBAL at FILE:21)")
            self.assertEqual(lines[1], "never freed: Thing 'jar' (N bytes), 1 more than it has references: "
                                       "Thread-4 (drop) (STORE_FAST at FILE:25) overlapped "
                                       "Thread-3 (drop) (STORE_FAST at FILE:25)")
            self.assertRegex(lines[2], r"^\d+ bytes leaked$")
            self.assertEqual(len(lines), 3)

    def test_protected_counts_are_never_wrong(self):
        for seed in range(options.seeds):
            self.assertEqual(mini(f"--schedule=seeded:{seed}", "--switch-points=every", str(SCRIPT)),
                             ("box and jar are whole: 1 1\n", ""))

    def test_one_thread_loses_nothing(self):
        code = "class C: pass\nx = C()\nfor i in range(50):\n    y = x\n    y = None\n    x\nprint(i)"
        for seed in range(options.seeds):
            self.assertEqual(mini("--refcounts=unprotected", f"--schedule=seeded:{seed}", "-c", code), ("49\n", ""))

    def test_random_schedules_find_it_too_and_mini_stays_whole(self):
        code = """
import threading
class C: pass
x = C()
def work():
    for i in range(200):
        y = x
        y = None
threads = [threading.Thread(target=work) for i in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(type(x).__name__)
"""
        found = 0
        for seed in range(options.seeds):
            out, err = mini("--refcounts=unprotected", f"--schedule=seeded:{seed}", "--check-leaks", "-c", code)
            self.assertEqual(out, "C\n")
            found += "freed too early: C 'x'" in err or "never freed: C 'x'" in err
        self.assertGreater(found, options.seeds // 2)

    def test_a_value_that_is_none_is_refused(self):
        _, err = mini("--refcounts=maybe", "-c", "pass", status=2)
        self.assertTrue(err.startswith("mini: --refcounts=maybe: not protected or unprotected\n"), err)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    parser.add_argument("--seeds", type=int, default=20)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
