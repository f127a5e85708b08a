#!/usr/bin/env python3
"""The prompt on a terminal: editing, history, completion, `_`, Ctrl-C and Ctrl-D.

    prompt_test.py --mini PATH

Each test is a person at a pseudo-terminal: types, waits for what has to appear, types on.
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
import termios
import time
import unittest

MINI = None
PATIENCE = 20  # seconds that an answer may take
TAB, UP, LEFT, CONTROL_A, CONTROL_C, CONTROL_D = '\t', '\x1b[A', '\x1b[D', '\x01', '\x03', '\x04'


class Terminal:
    """A run of mini on a terminal of its own. What it writes is gathered; expect() takes it up to a text."""

    def __init__(self, *arguments, history=''):
        environment = {'PATH': os.environ.get('PATH', ''), 'TERM': 'vt100', 'MINI_HISTORY': history,
                       'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '')}
        self.seen = ''
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(MINI, [MINI, *arguments], environment)

    def read(self, deadline):
        if select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                piece = os.read(self.terminal, 65536)
            except OSError:  # the other side is closed
                piece = b''
            self.seen += piece.decode('utf-8', 'replace')
            return bool(piece)
        return False

    def expect(self, text):
        """What was written until `text`, that included."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            if not self.read(deadline) and (time.monotonic() >= deadline or self.ended()):
                raise AssertionError(f'no {text!r} in {self.seen!r}')
        end = self.seen.index(text) + len(text)
        taken, self.seen = self.seen[:end], self.seen[end:]
        return re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', taken)

    def ended(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def edit(self, keys):
        """Types keys that mean something to the editor. It shows its prompt, and then takes the terminal over."""
        deadline = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.terminal)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.005)
        self.type(keys)

    def line(self, text):
        """Types a line at a prompt; what is written until the next one."""
        self.edit(text + '\r')
        return self.expect('\n>>> ')  # what is edited is shown anew behind '\r>>> '

    def status(self):
        deadline = time.monotonic() + PATIENCE
        while self.read(deadline):
            pass
        while not self.ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Prompt(unittest.TestCase):
    def start(self, *arguments, **options):
        terminal = Terminal(*arguments, **options)
        terminal.expect('>>> ')
        return terminal

    def test_answers_and_the_last_one(self):
        terminal = self.start()
        self.assertIn('\n42\r\n', terminal.line('6 * 7'))
        self.assertIn('\n43\r\n', terminal.line('_ + 1'))
        self.assertNotIn('\nNone', terminal.line('None'))
        self.assertIn("\n43\r\n", terminal.line('_'))
        self.assertIn("\n'a\\tb'\r\n", terminal.line("'a\\tb'"))
        terminal.type('exit(3)\r')
        self.assertEqual(terminal.status(), 3)

    def test_a_block_ends_with_an_empty_line(self):
        terminal = self.start()
        terminal.type('for i in range(3):\r')
        terminal.expect('... ')
        terminal.type('    print(i * 11)\r')
        terminal.expect('... ')
        self.assertIn('\n0\r\n11\r\n22\r\n', terminal.line(''))
        terminal.type('x = (1,\r')
        terminal.expect('... ')
        self.assertNotIn('Error', terminal.line('2)'))
        self.assertIn('\n(1, 2)\r\n', terminal.line('x'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_errors_leave_the_prompt(self):
        terminal = self.start()
        terminal.type('def f(): return 1 / 0\r')
        terminal.expect('... ')
        terminal.line('')
        shown = terminal.line('f()')
        self.assertIn('Traceback (most recent call last):', shown)
        self.assertIn('ZeroDivisionError: division by zero', shown)
        self.assertIn('SyntaxError: invalid syntax', terminal.line('x = = 1'))
        self.assertIn('\n5\r\n', terminal.line('2 + 3'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_editing(self):
        terminal = self.start()
        self.assertIn('\n123\r\n', terminal.line('13' + LEFT + '2'))
        self.assertIn('\n9999\r\n', terminal.line('99' + CONTROL_A + '99'))
        self.assertIn('\n7\r\n', terminal.line('78\x7f'))
        self.assertIn("\n'ü'\r\n", terminal.line("'ü'"))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_history_is_kept_between_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'history')
            terminal = self.start(history=path)
            terminal.line('first = 1000 + 1')
            terminal.line('second = 2000 + 2')
            self.assertIn('\n2002\r\n', terminal.line('second'))
            self.assertIn('\n2002\r\n', terminal.line(UP))
            terminal.edit(CONTROL_D)
            self.assertEqual(terminal.status(), 0)
            terminal = self.start(history=path)
            shown = terminal.line(UP + UP + UP + UP)  # second, second, second = …, first = …
            self.assertIn('first = 1000 + 1', shown)
            self.assertIn('\n1001\r\n', terminal.line('first'))
            terminal.edit(CONTROL_D)
            self.assertEqual(terminal.status(), 0)
            with open(path) as file:
                self.assertIn('second', file.read())

    def test_completion(self):
        terminal = self.start()
        terminal.line('remarkable = 31 + 1')
        self.assertIn('\n32\r\n', terminal.line('rema' + TAB))
        terminal.line('import threading')
        self.assertIn('function current_thread', terminal.line('threading.current_th' + TAB))
        terminal.type('class Thing: pass\r')
        terminal.expect('... ')
        terminal.line('')
        terminal.line('thing = Thing()')
        terminal.line('thing.wonderful = 71 + 6')
        self.assertIn('\n77\r\n', terminal.line('thing.wond' + TAB))
        self.assertIn('\n3\r\n', terminal.line("len('abc'.rep" + TAB + "\x15len('abc')"))  # nothing is known of an expression
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_control_c_ends_a_statement(self):
        terminal = self.start()
        terminal.type('while True: pass\r')
        terminal.expect('... ')
        terminal.type('\r')
        time.sleep(0.3)
        terminal.type(CONTROL_C)
        shown = terminal.expect('>>> ')
        self.assertIn('KeyboardInterrupt', shown)
        terminal.type('import time; print("asleep"); time.sleep(100)\r')
        terminal.expect('\nasleep\r\n')
        terminal.type(CONTROL_C)
        self.assertIn('KeyboardInterrupt', terminal.expect('>>> '))
        self.assertIn('\n4\r\n', terminal.line('2 + 2'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_control_c_drops_a_line(self):
        terminal = self.start()
        terminal.edit('x = 5 +')
        terminal.expect('x = 5 +')
        terminal.type(CONTROL_C)
        self.assertIn('KeyboardInterrupt', terminal.expect('>>> '))
        terminal.type('if 1:\r')
        terminal.expect('... ')
        terminal.edit('  y = 1')
        terminal.expect('y = 1')
        terminal.type(CONTROL_C)
        self.assertIn('KeyboardInterrupt', terminal.expect('>>> '))
        self.assertIn("NameError: name 'x' is not defined", terminal.line('x'))
        self.assertIn("NameError: name 'y' is not defined", terminal.line('y'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_control_c_is_heard_whenever_it_comes(self):
        terminal = self.start()
        for _ in range(200):  # between the echo and the wait for the next key, too
            terminal.edit('x')
            terminal.expect('x')
            terminal.type(CONTROL_C)
            self.assertIn('KeyboardInterrupt', terminal.expect('>>> '))
        self.assertIn('\n4\r\n', terminal.line('2 + 2'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_a_thread_runs_on_while_a_line_is_typed(self):
        terminal = self.start()
        terminal.line('import threading, time')
        terminal.line('done = threading.Event()')
        terminal.line("threading.Thread(target=lambda: (time.sleep(0.2), done.set(), print('from the thread', flush=True))).start()")
        terminal.expect('from the thread')
        terminal.edit('done.is_set()\r')
        terminal.expect('\nTrue\r\n')  # behind a prompt that the thread's text stands behind
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_a_deadlock_gives_the_prompt_back(self):
        terminal = self.start()
        terminal.line('import threading')
        terminal.line('lock = threading.Lock()')
        self.assertIn('True', terminal.line('lock.acquire()'))
        self.assertIn('deadlock: no thread can run', terminal.line('lock.acquire()'))
        self.assertIn('\n6\r\n', terminal.line('1 + 5'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)

    def test_after_a_script_its_names_are_there(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'script.py')
            with open(path, 'w') as file:
                file.write('import sys\nvalue = sys.argv[1:]\nprint(__name__, __file__ == sys.argv[0])\n')
            terminal = Terminal('-i', path, 'a', 'b')
            self.assertIn('__main__ True', terminal.expect('>>> '))
            self.assertIn("\n['a', 'b']\r\n", terminal.line('value'))
            terminal.edit(CONTROL_D)
            self.assertEqual(terminal.status(), 0)
        terminal = Terminal('-i', '-c', 'value = 5 + 5')
        terminal.expect('>>> ')
        self.assertIn('\n10\r\n', terminal.line('value'))
        terminal.edit(CONTROL_D)
        self.assertEqual(terminal.status(), 0)


class Sources(unittest.TestCase):
    """Where a program comes from, and what it finds in its names."""

    PROGRAM = 'import sys\nprint(sys.argv, __name__, globals().get("__file__"))\n'

    def run_mini(self, *arguments, text=''):
        done = subprocess.run([MINI, *arguments], input=text, capture_output=True, encoding='utf-8', timeout=PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def test_a_piped_script(self):
        self.assertEqual(self.run_mini(text=self.PROGRAM), (0, "[''] __main__ None\n", ''))
        self.assertEqual(self.run_mini('-', 'x', text=self.PROGRAM), (0, "['-', 'x'] __main__ None\n", ''))
        status, out, err = self.run_mini(text='print(1)\n1 / 0\n')
        self.assertEqual((status, out), (1, '1\n'))
        self.assertIn('File "<stdin>", line 2', err)

    def test_code_and_files(self):
        self.assertEqual(self.run_mini('-c', self.PROGRAM, 'x'), (0, "['-c', 'x'] __main__ None\n", ''))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'script.mini')
            with open(path, 'w') as file:
                file.write(self.PROGRAM)
            self.assertEqual(self.run_mini(path, 'x'), (0, f"['{path}', 'x'] __main__ {path}\n", ''))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    given, rest = parser.parse_known_args()
    MINI = os.path.abspath(given.mini)
    unittest.main(argv=[sys.argv[0], *rest])
