#!/usr/bin/env python3
"""Recordings and tokens from outside: what was recorded is repeated, and what does not fit is refused.

    recording_test.py --mini PATH
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from example import RACE

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

MINI = None
INCREMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'scripts', 'increment.mini')

# All that comes from outside, and threads that print while others run.
OUTSIDE = '''import os, random, sys, threading, time
print(sys.argv, len(sys.executable) > 0)
print(time.time(), time.monotonic() > 0, random.random(), os.getpid(), os.urandom(4))
print(os.environ.get('MINI_TEST'), input('name? '), sys.stdin.read())
with open(sys.argv[1], 'w') as file:
    file.write('written')
with open(sys.argv[1]) as file:
    print(file.read())
def work(number):
    for i in range(30):
        print('work', number, i, flush=True)
        if i % 10 == 0:
            time.sleep(0.001)
lock = threading.Lock()
lock.acquire()
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
print(lock.acquire(timeout=0.002))
for thread in threads: thread.join()
print(time.monotonic_ns() > 0)
'''

DEADLOCK = '''import threading
a, b = threading.Lock(), threading.Lock()
def left():
    for i in range(100000):
        with a:
            with b:
                pass
def right():
    for i in range(100000):
        with b:
            with a:
                pass
threads = [threading.Thread(target=left), threading.Thread(target=right)]
for thread in threads: thread.start()
for thread in threads: thread.join()
'''

# Threads that fight for locks of each kind: whose waiters take them without the GIL.
FIGHT = '''import threading
lock, again, condition = threading.Lock(), threading.RLock(), threading.Condition()
owner, rows, x, y, refused = None, 0, 0, 0, 0
def work(me):
    global owner, rows, x, y, refused
    for i in range(60000):
        if not lock.acquire(timeout=-1 if i % 3 else 100):
            raise RuntimeError('timed out')
        if owner is not me:
            rows += 1
            owner = me
        x += 1
        lock.release()
    for i in range(5000):
        with again:
            with again:
                y += 1
        if i % 50 == 0:
            with condition:
                condition.notify()
            if lock.acquire(blocking=False):
                lock.release()
            else:
                refused += 1
threads = [threading.Thread(target=work, args=(me,)) for me in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(x + y, rows, refused, lock.locked(), again._is_owned())
'''


def mini(*arguments, text='', env=None, cwd=None, timeout=60):
    environment = {'PATH': os.environ.get('PATH', ''), **(env or {})}
    result = subprocess.run([MINI, *arguments], input=text, capture_output=True, encoding='utf-8', env=environment,
                            cwd=cwd, timeout=timeout)
    return result.returncode, result.stdout, result.stderr


class Recordings(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.file = self.path('recording')

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def script(self, text, name='script.py'):
        with open(self.path(name), 'w') as file:
            file.write(text)
        return self.path(name)

    def check_repeats(self, recorded, *arguments, **options):
        for extra in ([], ['--runner=one'], ['--observed'], ['--observed', '--runner=one']):
            self.assertEqual(mini(f'--replay={self.file}', *extra, *arguments, **options), recorded, extra)

    def test_every_schedule_and_both_runners(self):
        script = self.script(RACE.replace('x += 1', 'for i in range(2000): x += 1'))
        for schedule in ('interval:50us', 'every:7', 'seeded:11', 'steps:T1*30 T2* T1*'):
            for runner in ('os', 'one'):
                recorded = mini(f'--record={self.file}', f'--schedule={schedule}', f'--runner={runner}', script)
                self.assertEqual(recorded[0], 0, recorded)
                self.check_repeats(recorded, script)

    def test_what_comes_from_outside_is_repeated(self):
        script = self.script(OUTSIDE)
        target = self.path('target')
        recorded = mini(f'--record={self.file}', '--schedule=interval:20us', script, target, text='Ada\nrest\n',
                        env={'MINI_TEST': 'seen'})
        self.assertEqual(recorded[0], 0, recorded)
        self.assertIn('seen', recorded[1])
        os.remove(target)
        # No input, other environment, and no arguments: those of the recorded run are taken.
        self.check_repeats(recorded, script)
        self.assertFalse(os.path.exists(target))
        status, out, err = mini(f'--replay={self.file}', script, 'other')
        self.assertEqual((status, out), (4, ''))
        self.assertIn('arguments', err)

    def test_deadlocks_and_their_tokens(self):
        script = self.script(DEADLOCK)
        for attempt in range(20):
            recorded = mini(f'--record={self.file}', '--schedule=interval:5us', script)
            if recorded[0] == 3:
                break
        self.assertEqual(recorded[0], 3)
        self.check_repeats(recorded, script)
        self.script(DEADLOCK.replace('100000', '3'))
        for seed in range(100):
            status, out, err = mini(f'--schedule=seeded:{seed}', script)
            if status == 3:
                break
        self.assertEqual(status, 3)
        token = re.search(r'--replay=(m1:\S+)', err).group(1)
        self.assertEqual(mini(f'--replay={token}', script)[:2], (3, ''))

    def test_a_deadlock_after_a_time_came_in_the_middle_of_a_slice_has_no_token(self):
        script = self.script('''import threading
lock = threading.Lock()
lock.acquire()
waiter = threading.Thread(target=lock.acquire, kwargs={'timeout': 0.01})
waiter.start()
for i in range(20_000_000): pass
waiter.join()
lock.acquire()
''')
        recorded = mini(f'--record={self.file}', script)
        self.assertEqual(recorded[0], 3)
        self.assertRegex(mini('recording', self.file)[1], "T1's wait is over, after .* its time has come")
        self.assertNotIn('--replay=', recorded[2])
        self.check_repeats(recorded, script)

    def test_what_is_named_in_a_recorded_run_is_named_in_its_replay(self):
        recorded = mini(f'--record={self.file}', '--schedule=interval:100us', INCREMENT)
        printed = sum(int(value) for value in re.findall(r'x = (\d+)', recorded[1]))
        status, out, err = mini(f'--replay={self.file}', '--explain', INCREMENT)
        self.assertEqual((status, out), recorded[:2])
        named = re.match(r'x: (\d+) updates? lost', err)
        self.assertEqual(int(named[1]) if named else 0, 2_000_000 - printed)
        explained = mini(f'--record={self.file}', '--explain', '--schedule=interval:100us', INCREMENT)
        self.assertEqual(mini(f'--replay={self.file}', '--explain', INCREMENT), explained)

    def test_an_interrupt_is_repeated(self):
        script = self.script('''import time
n = 0
try:
    print('ready', flush=True)
    while True:
        n += 1
except KeyboardInterrupt:
    print('interrupted', n)
''')
        process = subprocess.Popen([MINI, f'--record={self.file}', script], stdout=subprocess.PIPE, encoding='utf-8')
        self.assertEqual(process.stdout.readline(), 'ready\n')
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        self.assertIn('interrupted', rest)
        for extra in ([], ['--runner=one']):
            status, out, err = mini(f'--replay={self.file}', *extra, script)
            self.assertEqual((status, out), (0, 'ready\n' + rest), err)

    def test_waiters_that_take_locks_without_the_gil_are_repeated(self):
        script = self.script(FIGHT)
        # A short interval: the fight begins with a switch while the lock is held, for which the default has too few.
        recorded = mini('--schedule=interval:1ms', f'--record={self.file}', script)
        self.assertEqual(recorded[0], 0, recorded)
        x, rows, _, *free = recorded[1].split()
        self.assertEqual((x, free), ('195000', ['False', 'False']))
        self.assertGreater(int(rows), 100)  # else one a switch: some twenty
        self.check_repeats(recorded, script)
        self.assertGreater(mini('recording', self.file)[1].count('has taken the lock'), 50)
        stepped = mini('--step-commands=' + self.script('replay\n', 'commands'), f'--replay={self.file}', script)
        self.assertIn(recorded[1], stepped[1])

    def test_imports_are_checked(self):
        script = self.script('import helper\nprint(helper.answer)\n')
        self.script('answer = 42\n', 'helper.py')
        recorded = mini(f'--record={self.file}', script)
        self.assertEqual(recorded, (0, '42\n', ''))
        self.check_repeats(recorded, script)
        # The same files elsewhere, from another directory.
        with tempfile.TemporaryDirectory() as other:
            for name in ('script.py', 'helper.py'):
                with open(self.path(name)) as source, open(os.path.join(other, name), 'w') as copy:
                    copy.write(source.read())
            self.assertEqual(mini(f'--replay={self.file}', 'script.py', cwd=other), recorded)
        self.script('answer = 43\n', 'helper.py')
        status, out, err = mini(f'--replay={self.file}', script)
        self.assertEqual((status, out), (4, ''))
        self.assertIn('helper', err)

    def test_refusals_say_what_differs(self):
        script = self.script(RACE)
        mini(f'--record={self.file}', script)
        with open(self.file, 'rb') as file:
            good = file.read()
        generator = random.Random(4)
        for _ in range(20):
            at = generator.randrange(len(good))
            for bad in (good[:at], good[:at] + bytes([good[at] ^ 1 << generator.randrange(8)]) + good[at + 1:]):
                with open(self.file, 'wb') as file:
                    file.write(bad)
                status, out, err = mini(f'--replay={self.file}', script)
                self.assertEqual((status, out), (4, ''))
                self.assertTrue(err.startswith('mini: '), err)
                self.assertEqual(mini('recording', self.file)[0], 4)
        with open(self.file, 'wb') as file:
            file.write(good)
        self.script(RACE.replace('print(x)', 'print(x, x)'))
        status, out, err = mini(f'--replay={self.file}', script)
        self.assertEqual((status, out), (4, ''))
        self.assertIn('the script has changed', err)
        self.script(RACE)
        status, out, err = mini(f'--replay={self.file}', '--switch-points=3.12', script)
        self.assertEqual((status, out), (4, ''))
        self.assertIn('3.9', err)
        self.assertEqual(mini(f'--replay={self.path("none")}', script)[0], 4)
        self.assertEqual(mini(f'--replay={self.file}', '--schedule=every:3', script)[0], 2)
        self.assertEqual(mini(f'--record={self.path("no/such/directory")}', script)[0], 2)

    def test_words(self):
        script = self.script(RACE)
        mini(f'--record={self.file}', '--schedule=steps:T1*3 T2* T1*', script)
        status, out, err = mini('recording', self.file)
        self.assertEqual((status, err), (0, ''))
        self.assertRegex(out, r'T1 +is made to give way after \d+ ticks, before increment:5, offset 6 \(STORE_GLOBAL\); '
                              r'T2 goes on')
        self.assertIn('the run with it', out)

    def test_a_hand_over_takes_less_than_three_bytes(self):
        recorded = mini(f'--record={self.file}', '--schedule=interval:100us', INCREMENT)
        self.assertEqual(recorded[0], 0)
        slices = int(re.search(r'(\d+) slices', mini('recording', self.file)[1]).group(1))
        if slices > 200:
            self.assertLess((os.path.getsize(self.file) - 200) / slices, 3)
        self.check_repeats(recorded, INCREMENT)

    def test_tokens(self):
        script = self.script(RACE)
        status, out, err = mini('--schedule=steps:T1*3 T2* T1*', '--stats', script)
        token = re.search(r'--replay=(m1:\S+)', err).group(1)
        self.assertLess(len(token), 30)
        self.assertEqual(out, '1\n')
        for runner in ('os', 'one'):
            self.assertEqual(mini(f'--replay={token}', f'--runner={runner}', script), (0, '1\n', ''))
        self.assertEqual(mini('--replay=m1:nonsense', script)[0], 4)
        status, out, err = mini(f'--replay={token}', self.script(RACE + '\n', 'changed.py'))
        self.assertEqual((status, out), (4, ''))
        self.assertIn('another script', err)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    options, rest = parser.parse_known_args()
    MINI = os.path.abspath(options.mini)
    unittest.main(argv=[sys.argv[0], *rest])
