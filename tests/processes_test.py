#!/usr/bin/env python3
"""Processes and interpreters from outside: workers that die, rounds that leave nothing behind, Ctrl-C, damaged messages.

    processes_test.py --mini PATH
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

MINI = None
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'scripts')
AT_ONCE = 30  # seconds: far less than the minute that the scripts below would sleep, far more than a busy machine needs


ENVIRONMENT = {'PATH': os.environ.get('PATH', ''), 'PYTHONHASHSEED': '0', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', ''),
               'TSAN_OPTIONS': os.environ.get('TSAN_OPTIONS', '')}


def mini(*arguments, timeout=120):
    """Status, output and errors."""
    result = subprocess.run([MINI, *arguments], capture_output=True, encoding='utf-8', timeout=timeout, env=ENVIRONMENT)
    return result.returncode, result.stdout, result.stderr


class Processes(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def script(self, text):
        path = os.path.join(self.directory.name, 'script.py')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def mini(self, text, *options, timeout=120):
        """Status, output and errors of a script."""
        return mini(*options, self.script(text), timeout=timeout)

    def check(self, text, expected, *options, timeout=120):
        status, out, err = self.mini(text, *options, timeout=timeout)
        self.assertEqual((status, out), (0, expected), err)
        return err

    # Workers that die

    def test_a_killed_process_has_its_exit_code_at_once(self):
        self.check('''import multiprocessing, os, signal, time
process = multiprocessing.Process(target=time.sleep, args=(60,))
process.start()
os.kill(process.pid, signal.SIGKILL)
start = time.monotonic()
process.join()
print(process.exitcode, process.is_alive(), time.monotonic() - start < 30)
''', '-9 False True\n', timeout=AT_ONCE)

    def test_a_killed_worker_breaks_the_pool_and_nothing_that_was_done_is_lost(self):
        for how in ('os.kill(os.getpid(), 9)', 'os._exit(1)', 'os.abort()'):
            with self.subTest(how=how):
                self.check(f'''import os, time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
reader, writer = os.pipe()
def square(n): return n * n
def die():
    os.read(reader, 1)  # until the others wait
    {how}
pool = ProcessPoolExecutor(2)
done = [pool.submit(square, n) for n in range(5)]
for future in done: future.result()
slow = pool.submit(time.sleep, 60)
future = pool.submit(die)
waiting = [pool.submit(square, n) for n in range(3)]
os.write(writer, b'.')
for each in (future, slow, *waiting):
    try:
        print(each.result())
    except BrokenProcessPool as error:
        print(error)
print([future.result() for future in done])
try:
    pool.submit(square, 1)
except BrokenProcessPool as error:
    print(error)
pool.shutdown()
''', 'A process in the process pool was terminated abruptly while the future was running or pending.\n' * 5 +
                    '[0, 1, 4, 9, 16]\n'
                    'A child process terminated abruptly, the process pool is not usable anymore\n', timeout=AT_ONCE)

    def test_a_killed_worker_of_multiprocessing_costs_its_own_task(self):
        self.check('''import multiprocessing, os
def work(n):
    if n == 3: os.kill(os.getpid(), 9)
    return n * n
with multiprocessing.Pool(2) as pool:
    results = [pool.apply_async(work, (n,)) for n in range(8)]
    for result in results:
        try:
            print(result.get(), end=' ')
        except multiprocessing.ProcessError as error:
            print(error, end=' ')
    print(pool.map(abs, [-1, -2]))
''', '0 1 4 the worker of this task ended with exit code -9 16 25 36 49 [1, 2]\n', timeout=AT_ONCE)

    def test_an_initializer_that_fails(self):
        error = self.check('''import multiprocessing
from concurrent.futures import ProcessPoolExecutor, InterpreterPoolExecutor, BrokenExecutor
def fail(): raise ValueError('not today')
if __name__ == '__main__':
    with multiprocessing.Pool(2, fail) as pool:
        try: pool.map(abs, [1])
        except multiprocessing.ProcessError as error: print('ProcessError')
    for kind in (ProcessPoolExecutor, InterpreterPoolExecutor):
        with kind(2, initializer=fail) as pool:
            try: pool.submit(abs, 1).result()
            except BrokenExecutor as error: print(type(error).__name__)
''', 'ProcessError\nBrokenProcessPool\nBrokenInterpreterPool\n', timeout=AT_ONCE)
        self.assertIn('Exception in initializer:', error)

    def test_no_memory_in_a_worker_is_an_exception(self):
        self.check('''from concurrent.futures import ProcessPoolExecutor, InterpreterPoolExecutor
def fill(): return len([0] * 10 ** 8)
if __name__ == '__main__':
    for kind in (ProcessPoolExecutor, InterpreterPoolExecutor):
        with kind(1) as pool:
            try: pool.submit(fill).result()
            except MemoryError as error: print('MemoryError')
            print(pool.submit(abs, -1).result())
''', 'MemoryError\n1\nMemoryError\n1\n', '--memory-limit=64M')

    def test_workers_end_with_their_parent(self):
        """Also if it is killed, and cannot tell them."""
        for make in ('concurrent.futures.ProcessPoolExecutor', 'multiprocessing.Pool'):
            with self.subTest(make=make):
                parent = subprocess.Popen([MINI, self.script(f'''import concurrent.futures, multiprocessing, os
def ident(_): return os.getpid()
pool = {make}(3)
print(*set(pool.map(ident, range(20))), flush=True)
input()
''')],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
                workers = [int(word) for word in parent.stdout.readline().split()]
                self.assertGreaterEqual(len(workers), 1)
                parent.kill()
                parent.wait()
                parent.stdin.close()
                parent.stdout.close()
                self.wait_until_gone(workers)

    def wait_until_gone(self, processes):
        end = time.monotonic() + AT_ONCE
        while any(self.runs(pid) for pid in processes):
            self.assertLess(time.monotonic(), end, 'a process is left behind')
            time.sleep(0.02)

    @staticmethod
    def runs(pid):
        try:
            with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
                return file.read().rpartition(')')[2].split()[0] != 'Z'
        except OSError:
            return False

    # Nothing is left behind

    def test_a_thousand_rounds_leave_nothing_behind(self):
        self.check('''import gc, multiprocessing, os
def work(queue, lock, value):
    with lock: value.value += 1
    queue.put(value.value)
def counts():
    gc.collect()
    maps = open('/proc/self/maps').read().count('/dev/zero')
    children = open(f'/proc/self/task/{os.getpid()}/children').read()
    return len(os.listdir('/proc/self/fd')), maps, children.strip(), len(os.listdir('/dev/shm'))
def one():
    queue, lock, value = multiprocessing.Queue(), multiprocessing.Lock(), multiprocessing.Value('i', 0)
    process = multiprocessing.Process(target=work, args=(queue, lock, value))
    process.start()
    assert queue.get() == 1
    process.join()
    assert process.exitcode == 0
for _ in range(3): one()
before = counts()
for _ in range(1000): one()
print(before == counts() or (before, counts()))
''', 'True\n', timeout=900)

    def test_pools_leave_nothing_behind(self):
        self.check('''import concurrent.futures, gc, multiprocessing, os
def counts():
    gc.collect()
    children = open(f'/proc/self/task/{os.getpid()}/children').read()
    return len(os.listdir('/proc/self/fd')), children.strip(), len(os.listdir('/proc/self/task')) < 40
def one():
    with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1]) == [1]
    with concurrent.futures.ProcessPoolExecutor(2) as pool: assert pool.submit(abs, -1).result() == 1
    with concurrent.futures.InterpreterPoolExecutor(2) as pool: assert pool.submit(abs, -1).result() == 1
if __name__ == '__main__':
    for _ in range(3): one()
    before = counts()
    for _ in range(40): one()
    print(before == counts() or (before, counts()))
''', 'True\n', timeout=600)

    def test_no_descriptors_is_an_error_not_a_hang(self):
        self.check('''import multiprocessing, os
opened = []
try:
    while True: opened.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    print(error.strerror)
for make in (multiprocessing.Pipe, multiprocessing.Queue, lambda: multiprocessing.Pool(1)):
    try: make()
    except OSError as error: print(error.strerror)
process = multiprocessing.Process(target=print)
try: process.start()
except OSError as error: print(error.strerror, process.exitcode)
for each in opened[:20]: os.close(each)
process = multiprocessing.Process(target=print, args=('fine',))
process.start()
process.join()
print(process.exitcode)
''', 'Too many open files\n' * 4 + 'Too many open files None\nfine\n0\n')

    # Ctrl-C

    def test_ctrl_c_ends_parent_and_workers(self):
        for pool in ('concurrent.futures.ProcessPoolExecutor(2)', 'multiprocessing.Pool(2)'):
            with self.subTest(pool=pool):
                parent = subprocess.Popen([MINI, self.script(f'''import concurrent.futures, multiprocessing, os, time
def ident(_):
    time.sleep(0.05)
    return os.getpid()
if __name__ == '__main__':
    with {pool} as pool:
        print(*set(pool.map(ident, range(6))), flush=True)
        list(pool.map(time.sleep, [60] * 4))
''')], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, env=ENVIRONMENT, encoding='utf-8')
                workers = [int(word) for word in parent.stdout.readline().split()]
                # One after the other: where a worker's answer comes together with the interrupt, Condition.wait() may leave
                # without its lock, in CPython as well, and what is raised is another exception.
                for process in (parent.pid, *workers):
                    time.sleep(0.2)
                    with contextlib.suppress(ProcessLookupError):  # a Pool ends its workers
                        os.kill(process, signal.SIGINT)
                _, errors = parent.communicate(timeout=AT_ONCE)
                self.assertEqual(parent.returncode, -signal.SIGINT, errors)
                self.assertIn('KeyboardInterrupt', errors)
                self.wait_until_gone(workers)

    # Fork beside other threads

    def test_a_fork_beside_threads_that_hold_locks(self):
        text = '''import os, threading, time
lock = threading.Lock()
stop = False
def busy():
    while not stop:
        with lock: pass
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
def in_child():
    found = []
    own = [threading.Thread(target=found.append, args=(n,)) for n in range(4)]
    for thread in own: thread.start()
    for thread in own: thread.join()
    return len(found) + 10 * threading.active_count() + 100 * (threading.current_thread() is threading.main_thread())
def forks():
    for _ in range(20):
        pid = os.fork()
        if pid == 0: os._exit(in_child())
        assert os.waitpid(pid, 0)[1] >> 8 == 114
forks()
thread = threading.Thread(target=forks)
thread.start()
thread.join()
stop = True
for thread in threads: thread.join()
print('done')
'''
        for options in ([], ['--runner=one'], ['--schedule=seeded:3', '--clock=real'], ['--observed']):
            with self.subTest(options=options):
                error = self.check(text, 'done\n', *options)
                self.assertIn('DeprecationWarning: This process (pid=', error)

    def test_a_lock_that_another_thread_held_is_a_deadlock_in_the_child(self):
        status, out, err = self.mini('''import os, threading
lock, held, done = threading.Lock(), threading.Event(), threading.Event()
def hold():
    with lock:
        held.set()
        done.wait()
thread = threading.Thread(target=hold, name='holder')
thread.start()
held.wait()
pid = os.fork()
if pid == 0: lock.acquire()
print(os.waitpid(pid, 0)[1] >> 8)
done.set()
''')
        self.assertEqual((status, out), (0, '3\n'))
        self.assertIn("MainThread waits at", err)
        self.assertIn("held by holder, which ended", err)

    def test_a_thread_that_forked_is_the_main_one_of_the_child(self):
        self.check('''import atexit, os, threading
atexit.register(print, 'at exit')
def forks():
    pid = os.fork()
    if pid == 0:
        print(threading.current_thread() is threading.main_thread(), threading.active_count())
        return
    print(os.waitpid(pid, 0)[1])
thread = threading.Thread(target=forks)
thread.start()
thread.join()
''', 'True 1\n0\nat exit\n')

    def test_runs_that_are_one_process(self):
        text = '''import multiprocessing, os
for what in (os.fork, multiprocessing.Lock, multiprocessing.Pipe):
    try: print(what())
    except RuntimeError as error: print(error)
'''
        recording = os.path.join(self.directory.name, 'run.rec')
        error = 'cannot fork: a run that is recorded, replayed or stepped is one process\n'
        status, out, _ = self.mini(text, f'--record={recording}')
        self.assertEqual((status, out.count(error)), (0, 3))
        out = mini('explore', self.script('import os\nos.fork()\n'))[1]
        self.assertIn('cannot fork: a run that is explored or stepped is one process', out)

    # Messages

    def test_what_cannot_be_sent_is_named_with_the_way_to_it(self):
        self.check('''import multiprocessing, threading, sys
class Thing: pass
thing = Thing()
thing.parts = {'lock': [1, threading.Lock()]}
ours, theirs = multiprocessing.Pipe()
for value in (thing, [lambda: 0], {1: (2, sys)}, ValueError(sys), {thing}):
    try: ours.send(value)
    except Exception as error: print(type(error).__name__, error.__notes__)
with multiprocessing.Pool(1) as pool:
    try: pool.apply(abs, (sys,))
    except TypeError as error: print(error, error.__notes__)
''', """TypeError ["cannot be sent: the object.parts['lock'][1]"]
PicklingError ['cannot be sent: the object[0]']
TypeError ['cannot be sent: the object[1][1]']
TypeError ['cannot be sent: the object.args[1][0]']
TypeError ["cannot be sent: the object.element.parts['lock'][1]"]
cannot pickle 'module' object ['cannot be sent: the task[1][0]']
""")

    def test_values_come_back_as_they_were(self):
        self.check('''import random, _serial
class Thing:
    def __init__(self, **names): self.__dict__.update(names)
    def __eq__(self, other): return self.__dict__ == other.__dict__
    def __hash__(self): return 1
class Kept(dict):
    pass
random.seed(5)
def value(depth):
    kind = random.randrange(14 if depth else 8)
    if kind == 0: return random.randrange(-300, 300)
    if kind == 1: return random.randrange(-2 ** 200, 2 ** 200)
    if kind == 2: return random.choice([0.0, -0.0, 1e308, 1e-320, float('inf'), random.random()])
    if kind == 3: return ''.join(random.choice('aé€😀\\n') for _ in range(random.randrange(6)))
    if kind == 4: return bytes(random.randrange(256) for _ in range(random.randrange(6)))
    if kind == 5: return random.choice([None, True, False, ..., NotImplemented, int, len, value, Thing])
    if kind == 6: return random.choice([range(3), slice(1), 2 ** 61, -2 ** 61, 2 ** 62, 2 ** 63, -2 ** 63, 127, 128])
    if kind == 7: return '\\ud800' * random.randrange(3)
    parts = [value(depth - 1) for _ in range(random.randrange(5))]
    if kind == 8: return parts
    if kind == 9: return tuple(parts)
    if kind == 10: return {str(i): part for i, part in enumerate(parts)}
    if kind == 11: return frozenset(range(len(parts)))
    if kind == 12: return Thing(**{f'a{i}': part for i, part in enumerate(parts)})
    return Kept({i: part for i, part in enumerate(parts)})
for _ in range(3000):
    before = value(4)
    after = _serial.loads(_serial.dumps(before))
    assert after == before and repr(after).split(' at ')[0] == repr(before).split(' at ')[0], (before, after)
deep = None
for _ in range(100000): deep = [deep]
after = _serial.loads(_serial.dumps(deep))
count = 0
while after is not None: after, count = after[0], count + 1
print(count)
''', '100000\n')

    def test_damaged_and_hostile_messages_are_refused(self):
        """Without the key nothing passes; with it, the worst is an exception."""
        self.check('''import random, _serial
class Thing:
    def __init__(self): self.names = {'a': (1, 2.5, 'text', b'bytes', {3}, frozenset({4})), 'b': [None, True, 2 ** 100]}
def function(): pass
def damage(message, kinds):
    damaged = list(message)
    for _ in range(random.randrange(1, 4)):
        what = random.randrange(kinds)
        at = random.randrange(len(damaged) or 1)
        if what == 0: damaged[at:at + 1] = [random.randrange(256)]
        elif what == 1: del damaged[at:at + random.randrange(1, 9)]
        elif what == 2: damaged[at:at] = [random.randrange(256) for _ in range(random.randrange(1, 9))]
        else: damaged[at:at + 1] = [ord(random.choice('NTFEAIBDSWYtldszGior'))]
    return bytes(damaged)
random.seed(11)
thing = Thing()
circle = [thing, thing, function, ValueError('x'), range(3), '\\ud800']
circle.append(circle)
message = _serial.dumps(circle)
refused = 0
for _ in range(4000):
    damaged = damage(message, 3)
    if damaged == message: continue
    try:
        _serial.loads(damaged)
        raise SystemExit(f'passed: {damaged!r}')
    except ValueError as error:
        refused += 1
assert refused > 3900
content = message[12:]
texts = set()
for _ in range(30000):
    try:
        repr(_serial._loads_content(damage(content, 4)))
    except Exception as error:
        texts.add(type(error).__name__)
for bomb in (b'l' + b'\\xff' * 8 + b'\\x7f', b't\\xff\\xff\\xff\\x7f' + b'N' * 50, b'l\\x40' * 60, b'S\\xff\\xff\\x7fx', b'r\\x00', b'', b'i\\x01N',
             b'o\\x00GS\\x08builtinsS\\x04evalN', b'd\\x01l\\x00N', b's\\x01t\\x01r\\x01'):
    try: print(_serial._loads_content(bomb))
    except Exception as error: pass
print('ValueError' in texts)
''', 'True\n', timeout=300)

    # Scripts for people

    def test_parallel(self):
        status, out, err = mini(os.path.join(SCRIPTS, 'parallel.mini'), '200000')
        self.assertEqual((status, err), (0, ''))
        for line in ('1 thread', '2 threads', '2 processes', '2 interpreters',
                     r'2 threads       they see 1000 and 2000, the main thread sees 2000',
                     r'2 processes     they see 1000 and 1000, the main thread sees 0',
                     r'2 interpreters  they see 1000 and 1000, the main thread sees 0'):
            self.assertRegex(out, f'(?m)^ *{line}')

    def test_io_bound(self):
        status, out, err = mini(os.path.join(SCRIPTS, 'io_bound.mini'))
        self.assertEqual((status, err), (0, ''))
        seconds = float(re.search(r'50 threads +([\d.]+) s', out).group(1))
        self.assertLess(seconds, 2.5)  # of the 5 s that they take one after the other; 0.2 s on an idle machine

    # Interpreters

    def test_interpreters(self):
        self.check('''from concurrent.futures import InterpreterPoolExecutor
import os, sys, threading
x = 0
class Point:
    def __init__(self, x): self.x = x
def add(n):
    global x
    x += n
    return x, threading.current_thread().name
def fail(): raise ValueError('there')
def attempt(function, *args):
    try: print(function(*args))
    except BaseException as error: print(type(error).__name__, error)
if __name__ == '__main__':
    with InterpreterPoolExecutor(1) as pool:
        print(pool.submit(add, 1).result(), pool.submit(add, 2).result(), x, list(pool.map(add, (1, 1))))
        point = pool.submit(Point, 3).result()
        print(type(point) is Point, point.x)
        error = pool.submit(fail).exception()
        print(repr(error), type(error.__cause__).__name__, 'in fail' in str(error.__cause__))
        attempt(pool.submit(os.fork).result)
        attempt(pool.submit(sys.exit, 3).result)
        print(pool.submit(abs, -4).result())
    attempt(pool.submit, abs, 1)
''', '''(1, 'MainThread') (3, 'MainThread') 0 [(4, 'MainThread'), (5, 'MainThread')]
True 3
ValueError('there') ExecutionFailed True
RuntimeError fork not supported for isolated subinterpreters
SystemExit 3
4
RuntimeError cannot schedule new futures after shutdown
''')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    options, rest = parser.parse_known_args()
    MINI = os.path.abspath(options.mini)
    unittest.main(argv=[sys.argv[0], *rest])
