#!/usr/bin/env python3
"""The program mini from outside: usage, exit statuses, bad scripts, pipes, Ctrl-C, the prompt.

    cli_test.py --mini PATH

Where CPython 3.13 is at hand, the same input goes to both.
"""
import argparse
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracles
from conformance import errors, normal

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

MINI = None
PYTHON = oracles.wanted('3.13')
ENVIRONMENT = {'PATH': os.environ.get('PATH', ''), 'PYTHONHASHSEED': '0', 'TZ': 'UTC', 'TERM': 'dumb',
               'PYTHONDONTWRITEBYTECODE': '1', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '')}


def run(program, *arguments, text='', cwd=None, timeout=60):
    result = subprocess.run([program, *arguments], input=text, capture_output=True, encoding='utf-8',
                            errors='surrogateescape', env=ENVIRONMENT, cwd=cwd, timeout=timeout)
    return result.returncode, result.stdout, result.stderr


def mini(*arguments, **options):
    return run(MINI, *arguments, **options)


class Script:
    """A file with a program in a directory of its own."""

    def __init__(self, content, name='script.mini'):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, name)
        with open(self.path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def __enter__(self):
        return self.path

    def __exit__(self, *args):
        self.directory.cleanup()


class Usage(unittest.TestCase):
    def test_help_and_version(self):
        status, out, err = mini('--help')
        self.assertEqual((status, err), (0, ''))
        for option in ('--switch-points', '--schedule', '--clock', '--memory-limit', '--stats', '--version'):
            self.assertIn(option, out)
        status, out, err = mini('--version')
        self.assertRegex(out, r'^mini \d+\.\d+')

    def test_wrong_options_end_with_status_2(self):
        for options in (['--nope', 'x'], ['-q', 'x'], ['--schedule=whenever', '-c', '1'], ['--switch-points=2.7', '-c', '1'],
                        ['--clock=sun', '-c', '1'], ['--memory-limit=much', '-c', '1'], ['--runner=two', '-c', '1'], ['-c'],
                        ['dis']):
            with self.subTest(options=options):
                status, out, err = mini(*options)
                self.assertEqual((status, out), (2, ''))
                self.assertTrue(err.startswith('mini: '), err)

    def test_everything_after_the_file_is_the_scripts(self):
        with Script('import sys; print(sys.argv[1:])') as path:
            self.assertEqual(mini(path, '--stats', '-c', 'x'), (0, "['--stats', '-c', 'x']\n", ''))
        self.assertEqual(mini('-c', 'import sys; print(sys.argv)', 'a', '-b'), (0, "['-c', 'a', '-b']\n", ''))
        self.assertEqual(mini('-', 'a', text='import sys; print(sys.argv)'), (0, "['-', 'a']\n", ''))

    def test_scripts_that_cannot_be_read(self):
        self.assertEqual(mini('/no/such/script'),
                         (2, '', "mini: can't open file '/no/such/script': [Errno 2] No such file or directory\n"))
        self.assertEqual(mini('/'), (2, '', "mini: can't open file '/': [Errno 21] Is a directory\n"))

    def test_dis(self):
        with Script('x = 1\n') as path:
            status, out, err = mini('dis', path)
            self.assertEqual((status, err), (0, ''))
            self.assertIn('STORE_NAME', out)
        with Script('x = = 1\n') as path:
            status, out, err = mini('dis', path)
            self.assertEqual((status, out), (1, ''))
            self.assertIn('SyntaxError: invalid syntax', err)

    def test_stats(self):
        with Script('import threading\nx = 0\ndef f():\n  global x\n  for i in range(300000): x += 1\n'
                    'ts = [threading.Thread(target=f) for _ in range(2)]\n'
                    'for t in ts: t.start()\nfor t in ts: t.join()\n') as path:
            status, out, err = mini('--stats', '--schedule=every:100', path)
            self.assertEqual((status, out), (0, ''))
            self.assertRegex(err, r'hand-overs')
            self.assertRegex(err, r'\d+  after (LOAD_GLOBAL|INPLACE_ADD|STORE_GLOBAL|FOR_ITER|JUMP_ABSOLUTE)')
            self.assertNotRegex(err, r'after (LOAD_FAST|LOAD_CONST|STORE_FAST)\b')


class Statuses(unittest.TestCase):
    CASES = {
        'nothing': '', 'end': 'print(1)', 'exit': 'import sys; sys.exit(5)', 'text': 'import sys; sys.exit("why")',
        'none': 'raise SystemExit', 'error': '1/0', 'wide': 'import sys; sys.exit(256 + 7)', 'true': 'exit(True)',
        'list': 'import sys; sys.exit([1])', 'negative': 'import sys; sys.exit(-1)', 'syntax': 'x = = 1',
        'in a thread': 'import threading, sys\nt = threading.Thread(target=sys.exit, args=(4,)); t.start(); t.join()',
    }

    @unittest.skipUnless(PYTHON, 'no CPython 3.13')
    def test_as_cpython(self):
        for name, code in self.CASES.items():
            with self.subTest(name), Script(code) as path:
                expected = run(PYTHON, path)
                got = mini(path)
                self.assertEqual((got[0], got[1], errors(got[2])), (expected[0], expected[1], errors(expected[2])))


class BadScripts(unittest.TestCase):
    CASES = {
        'null bytes': b'x = 1\0\n', 'binary': bytes(range(256)), 'latin-1': b'x = "\xe4"\n', 'empty': b'',
        'tabs': b'if 1:\n\tx = 1\n        y = 2\n', 'bom': b'\xef\xbb\xbfprint(1)\n', 'crlf': b'print(1)\r\nprint(2)\r\n',
        'no newline': b'print(1)', 'form feed': b'\x0cprint(1)\n', 'open bracket': b'x = (1,\n', 'open string': b'x = "abc\n',
        'dedent': b'if 1:\n    x\n  y\n', 'brackets': b'x = ' + b'(' * 100000 + b')' * 100000 + b'\n',
        'keyword': b'for = 1\n', 'return': b'return 1\n', 'unicode': 'print("ü€😀")\n'.encode(),
    }

    @unittest.skipUnless(PYTHON, 'no CPython 3.13')
    def test_as_cpython(self):
        for name, content in self.CASES.items():
            with self.subTest(name), Script(content) as path:
                expected = run(PYTHON, path)
                got = mini(path)
                self.assertEqual((got[0], got[1], errors(got[2]).replace('\r', '')),
                                 (expected[0], expected[1], errors(expected[2]).replace('\r', '')))

    def test_deep_expressions_do_not_crash(self):
        for content in ('x = ' + '-' * 100000 + '1\n', 'x = ' + '+'.join(['1'] * 100000) + '\nprint(x)\n',
                        'x = ' + 'f(' * 5000 + ')' * 5000, '[' * 150 + ']' * 150):
            with Script(content) as path:
                status, out, err = mini(path)
                self.assertIn(status, (0, 1), err[-300:])

    def test_deep_recursion_is_an_exception_in_every_thread(self):
        code = ('import threading, sys\ndef f(n): return f(n + 1)\n'
                'def g():\n  try: f(0)\n  except RecursionError as e: print(e)\n'
                'g()\nt = threading.Thread(target=g); t.start(); t.join()\n'
                'class A:\n  def __repr__(self): return repr(self)\n'
                'try: repr(A())\nexcept RecursionError: print("repr")\n'
                'x = []\nfor _ in range(100000): x = [x]\n'
                'try: repr(x)\nexcept RecursionError: print("list")\n')
        with Script(code) as path:
            status, out, err = mini(path)
            self.assertEqual((status, err), (0, ''))
            self.assertEqual(out, 'maximum recursion depth exceeded\n' * 2 + 'repr\nlist\n')

    def test_memory_limit(self):
        with Script('try:\n  x = []\n  while True: x.append("a" * 1000000)\nexcept MemoryError: x = None; print("limited")\n') as path:
            self.assertEqual(mini('--memory-limit=32M', path), (0, 'limited\n', ''))


class Pipes(unittest.TestCase):
    def closed_pipe(self, program, code):
        read, write = os.pipe()
        os.close(read)
        with Script(code) as path:
            process = subprocess.run([program, path], stdout=write, stderr=subprocess.PIPE, encoding='utf-8',
                                     env=ENVIRONMENT, timeout=60)
        os.close(write)
        return process.returncode, re.sub(r'File ".*?"', 'File', errors(process.stderr))

    def test_output_to_a_closed_pipe(self):
        for code in ('print("x")', 'print("x"); 1 / 0', 'print("x" * 5)\nprint("y" * 9000)', 'for i in range(100000): print(i)',
                     'import sys\ntry:\n  print("x" * 100000)\n  sys.stdout.flush()\nexcept BrokenPipeError as e: print(e, file=sys.stderr)\n'):
            with self.subTest(code):
                got = self.closed_pipe(MINI, code)
                self.assertIn('[Errno 32] Broken pipe', got[1])
                if PYTHON:
                    self.assertEqual(got, self.closed_pipe(PYTHON, code))

    def test_output_is_complete_at_the_end(self):
        code = 'import sys\nfor i in range(20000): print(i)\nprint("e", file=sys.stderr)\nsys.exit(3)'
        with Script(code) as path:
            self.assertEqual(mini(path), (3, ''.join(f'{i}\n' for i in range(20000)), 'e\n'))


class Ends(unittest.TestCase):
    def test_what_only_the_vm_holds_is_freed_at_its_end(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = os.path.join(folder, 'kept')
            for code in (f'import builtins; builtins.kept = open({kept!r}, "w"); builtins.kept.write("text")',
                         'import sys; sys.path.append(sys.path)', 'import sys; del sys.modules["sys"]; sys.itself = sys',
                         'import builtins, sys; builtins.__dict__["names"] = builtins.__dict__; sys.modules.clear()',
                         'import builtins\nclass A: pass\nbuiltins.A = A; A.itself = A()'):
                for options in ([], ['--check-leaks'], ['--runner=one']):
                    self.assertEqual(mini(*options, '-c', code), (0, '', ''), code)
            with open(kept) as file:
                self.assertEqual(file.read(), 'text')

    def test_a_daemon_that_is_stuck_in_a_write_ends_with_the_program(self):
        with Script('import sys, threading, time\n'
                    'def work():\n    sys.stdout.write("x" * 300000); sys.stdout.flush()\n'
                    'threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.2)\n') as path:
            with subprocess.Popen([MINI, path], stdout=subprocess.PIPE) as process:
                self.assertEqual(process.wait(timeout=30), 0)  # nobody has read

    def test_threads_that_flush_all_the_time_all_get_on(self):
        with Script('import sys, threading, time\ncounts, over = [0, 0], False\n'
                    'def work(i):\n    while not over:\n        print(i, flush=True)\n        counts[i] += 1\n'
                    'threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]\n'
                    'for thread in threads: thread.start()\n'
                    'while time.process_time() < 60 and min(counts) < 20: time.sleep(0.01)\n'
                    'over = True\nfor thread in threads: thread.join()\nprint(min(counts) >= 20, file=sys.stderr)\n') as path:
            status, _, err = mini(path)
            self.assertEqual((status, err), (0, 'True\n'))

    def test_close_does_not_take_a_file_from_under_a_write(self):
        with Script('import os, signal\nreader, writer = os.pipe()\nfile = open(writer, "w")\n'
                    'def handler(*args):\n    try:\n        file.close()\n    except RuntimeError as error:\n'
                    '        print(error, file.closed)\n    os.read(reader, 65536)\n'
                    'signal.signal(signal.SIGALRM, handler); signal.setitimer(signal.ITIMER_REAL, 0.1)\n'
                    'file.write("x" * 100000); file.close(); print(file.closed)\n') as path:
            status, out, err = mini(path)
            self.assertRegex(out, r"^reentrant call inside <_io.BufferedWriter name=\d+> False\nTrue\n$")
            self.assertEqual((status, err), (0, ''))


class Interrupts(unittest.TestCase):
    def interrupt(self, program, code, delay=0.4):
        with Script(code) as path:
            process = subprocess.Popen([program, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
                                       env=ENVIRONMENT)
            process.stdout.readline()  # it says that it is there
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return 'hangs', '', ''
        return process.returncode, out, errors(err)

    START = 'import sys, threading, time\nprint("up", flush=True)\n'

    def test_ends_by_the_signal_as_cpython(self):
        for code in ('while True: pass\n', 'time.sleep(100)\n',
                     'def f():\n    for i in range(10 ** 9):\n        i + 1\nf()\n',
                     'try:\n    time.sleep(100)\nexcept KeyboardInterrupt:\n    print("caught")\n',
                     'try:\n    time.sleep(100)\nfinally:\n    print("finally")\n',
                     'threading.Event().wait(100)\n',
                     't = threading.Thread(target=time.sleep, args=(0.8,)); t.start()\n'
                     'try:\n    t.join()\nexcept KeyboardInterrupt:\n    print("join")\n'):
            with self.subTest(code):
                got = self.interrupt(MINI, self.START + code)
                if PYTHON:
                    expected = self.interrupt(PYTHON, self.START + code)
                    self.assertEqual((got[0], got[1]), (expected[0], expected[1]))
                    self.assertEqual(got[2].split('\n')[-2:], expected[2].split('\n')[-2:])
                else:
                    self.assertIn(got[0], (0, -signal.SIGINT))


class Imports(unittest.TestCase):
    SCHEDULES = [[], ['--runner=one'], ['--observed'], ['--schedule=every:1'], ['--schedule=every:7'],
                 *[[f'--schedule=seeded:{seed}'] for seed in range(6)], ['--schedule=seeded:3', '--runner=one']]

    def under_schedules(self, main, **modules):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {'main': main, **modules}.items():
                with open(os.path.join(folder, name + '.py'), 'w') as file:
                    file.write(text)
            return [mini(*options, 'main.py', cwd=folder) for options in self.SCHEDULES]

    def test_no_thread_sees_a_module_half_made(self):
        main = ('import threading\ndef use():\n    import slow\n    slow.last\n    from slow import last\n    __import__("slow").last\n'
                'threads = [threading.Thread(target=use) for _ in range(4)]\n'
                'for t in threads: t.start()\nfor t in threads: t.join()\nprint("whole")\n')
        for answer in self.under_schedules(main, slow='first = 1\nfor i in range(200): first += i\nlast = 2\n'):
            self.assertEqual(answer, (0, 'whole\n', ''))

    def test_who_waited_for_an_import_that_failed_imports_anew(self):
        main = ('import threading, sys\nresults = []\ndef use():\n    try:\n        import failing\n        results.append(failing.last)\n'
                '    except ValueError as e: results.append(str(e))\n'
                'threads = [threading.Thread(target=use) for _ in range(3)]\n'
                'for t in threads: t.start()\nfor t in threads: t.join()\nprint(sorted(results))\n')
        failing = ('import sys, time\ncount = sys.count = getattr(sys, "count", 0) + 1\ntime.sleep(0.01)\n'
                   'if count == 1: raise ValueError("first")\nlast = "whole"\n')
        for answer in self.under_schedules(main, failing=failing):
            self.assertEqual(answer, (0, "['first', 'whole', 'whole']\n", ''))

    def test_threads_that_import_in_a_circle_do_not_wait_for_ever(self):
        names = ['one', 'two', 'three']
        main = ('import threading\n' + ''.join(f'def use_{name}():\n    import {name}\n    {name}.last\n' for name in names) +
                f'threads = [threading.Thread(target=use) for use in ({", ".join("use_" + name for name in names)})]\n'
                'for t in threads: t.start()\nfor t in threads: t.join()\n'
                'import one\nprint(one.two.three.one is one, one.last, one.two.last, one.two.three.last)\n')
        circle = {name: f'import time\ntime.sleep(0.01)\nimport {after}\nlast = {name!r}\n'
                  for name, after in zip(names, names[1:] + names[:1])}
        for answer in self.under_schedules(main, **circle):
            self.assertEqual(answer, (0, 'True one two three\n', ''))

    def test_a_deadlock_names_the_module(self):
        main = 'import threading\nlock = threading.Lock()\nlock.acquire()\ndef use(): import stuck\n' \
               't = threading.Thread(target=use); t.start()\nimport time; time.sleep(0.05)\nimport stuck\n'
        for status, out, err in self.under_schedules(main, stuck='import __main__\n__main__.lock.acquire()\n'):
            self.assertEqual((status, out), (3, ''))
            self.assertRegex(err, r"MainThread waits at \S*main.py:\d+ for module 'stuck', which Thread-1 \(use\) imports|"
                                  r"Thread-1 \(use\) waits at \S*main.py:\d+ for module 'stuck', which MainThread imports")


class Prompt(unittest.TestCase):
    SESSION = '''import sys
s = "hello world"
sys.getrefcount(s)
s2 = s
sys.getrefcount(s)
_ + 1
def f(a):
    return a / 0

f(1)
for i in range(2):
    print(i)

x = [1,
2]
x
if x:
  print('yes')
else:
  print('no')

class A:
    def __repr__(self):
        return 'an A'

A()
'open
1 = 2
import nope
try:
    raise ValueError(5)
except ValueError as e:
    print(e)

None
lambda: 0 if None else 1
@staticmethod
def g(): pass

exit(4)
print('not reached')
'''

    @unittest.skipUnless(PYTHON, 'no CPython 3.13')
    def test_as_cpythons(self):
        expected, got = run(PYTHON, '-q', '-i', text=self.SESSION), mini('-i', text=self.SESSION)
        self.maxDiff = None
        self.assertEqual((got[0], normal(got[1]), errors(got[2])),
                         (expected[0], normal(expected[1]), errors(expected[2])))

    def test_after_a_script(self):
        with Script('x = 5\n') as path:
            status, out, err = mini('-i', path, text='x + 1\n')
            self.assertEqual((status, out), (0, '6\n'))

    def test_the_documents_session_on_a_terminal(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(MINI, [MINI], ENVIRONMENT)
        seen = b''
        try:
            for line in (b'import sys', b's = "hello"', b'sys.getrefcount(s)', b's2 = s', b'sys.getrefcount(s)', b'exit()'):
                deadline = time.monotonic() + 20
                prompts = seen.count(b'>>> ')
                while time.monotonic() < deadline and seen.count(b'>>> ') == prompts:
                    if select.select([terminal], [], [], 0.2)[0]:
                        try:
                            seen += os.read(terminal, 4096)
                        except OSError:
                            break
                os.write(terminal, line + b'\n')
            while True:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                seen += piece
        finally:
            status = os.waitpid(pid, 0)[1]
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        answers = re.findall(rb'\n(\d+)\r?\n', seen)
        self.assertEqual(answers, [b'2', b'3'], seen)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    given, rest = parser.parse_known_args()
    MINI = os.path.abspath(given.mini)
    unittest.main(argv=[sys.argv[0], *rest])
