#!/usr/bin/env python3
"""The stepper: an interleaving made by hand, and taken back; commands from a file, a pipe and a terminal.

    step_test.py --mini PATH
"""
import argparse
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

from example import RACE

MINI = None
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')

LOST = ['break read x', 'run', 'continue T0', 'continue T2', 'step T1 3', 'continue T2', 'continue T1', 'print T0 x']
RIGHT = ['undo 3', 'continue T1', 'continue T2', 'print T0 x']


class Stepper(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, name, text):
        path = os.path.join(self.directory.name, name)
        with open(path, 'w') as file:
            file.write(text)
        return path

    def step(self, script, commands, *options):
        """The status, and what was said after each command."""
        path = self.file('script.py', script)
        listed = self.file('commands', '\n'.join(commands) + '\n')
        result = subprocess.run([MINI, f'--step-commands={listed}', *options, path], capture_output=True,
                                encoding='utf-8', timeout=300)
        said = re.split(r'^\(step\) .*\n', result.stdout, flags=re.M)
        return result.returncode, said, result.stderr

    def test_the_lost_update_by_hand_and_back(self):
        self.assertLessEqual(len(LOST), 12)
        status, said, err = self.step(RACE, LOST + RIGHT + ['delete', 'run'])
        self.assertEqual((status, err), (0, ''), said)
        self.assertEqual(said[len(LOST)], '1\n')
        self.assertEqual(said[len(LOST) + len(RIGHT)], '2\n')
        self.assertEqual(said[-1], '2\nthe program is over, exit status 0\n')

    def test_output_is_not_printed_twice(self):
        script = 'for i in range(5):\n    print("line", i, flush=True)\nprint("end")\n'
        commands = ['break PRINT_EXPR', 'step 40', 'back 30', 'step 30', 'back 40', 'run', 'back 5', 'run']
        status, said, err = self.step(script, commands)
        self.assertEqual((status, err), (0, ''))
        text = ''.join(said)
        for i in range(5):
            self.assertEqual(text.count(f'line {i}\n'), 1, text)
        self.assertEqual(text.count('end\n'), 1)

    def test_back_is_exact(self):
        script = RACE.replace('x += 1', 'for i in range(300): x += 1')
        status, said, err = self.step(script, ['run seeded:5', 'back 200', 'info', 'back 1500', 'info', 'run seeded:5',
                                               'back 1500', 'back 1', 'step', 'info'])
        self.assertEqual((status, err), (0, ''), said)
        self.assertIn('the program is over', said[1])
        self.assertEqual(said[2], said[3])
        self.assertEqual(said[4], said[5])
        self.assertRegex(said[2], r'after \d+ instructions')

    def test_another_way_from_a_place_further_back(self):
        script = """import threading
x = 0
def work():
    global x
    for i in range(3000):
        x = x + 1
a = threading.Thread(target=work)
b = threading.Thread(target=work)
a.start()
b.start()
a.join()
"""
        both_started, asked = ['break 11', 'run every:50'], ['info', 'print T1 i', 'print T2 i']
        winding = ['step T1 4000', 'step T1 5000', 'back 6500', 'step T2 3000', 'step T1 5000', 'back 6590']
        straight = ['step T1 2500', 'step T2 1410']
        shown = []
        for way in winding, straight:
            status, said, err = self.step(script, both_started + way + asked)
            self.assertEqual((status, err), (0, ''), said)
            where = said[-len(asked)].splitlines()[0]
            shown.append([where, *said[1 - len(asked):]])
        self.assertEqual(shown[0], shown[1])

    def test_a_deadlock_and_the_way_out_of_it(self):
        script = '''import threading
a, b = threading.Lock(), threading.Lock()
def left():
    with a:
        with b:
            print('left')
def right():
    with b:
        with a:
            print('right')
threads = [threading.Thread(target=left), threading.Thread(target=right)]
for thread in threads: thread.start()
for thread in threads: thread.join()
'''
        status, said, err = self.step(script, [
            'break 5', 'break 9', 'run', 'continue T0', 'continue T2', 'locks', 'continue T1', 'locks', 'continue T2',
            'locks', 'undo', 'undo', 'token', 'where T1', 'list T1', 'shared', 'print T1 a.locked()'])
        self.assertEqual(status, 0, (said, err))
        self.assertIn('held by T1', said[6])
        self.assertRegex(said[8], r"T1 .*waits for|waited for by T1")

    def test_expressions(self):
        script = '''import threading
shared = {'k': [1, 2]}
def work(number):
    local = number * 2
    def inner():
        return local + 1
    print(inner())
threading.Thread(target=work, args=(21,)).start()
'''
        status, said, err = self.step(script, ['break 7', 'run', 'print local + number', "print shared['k'][-1]",
                                               'print T0 len(shared)', 'print [inner()] * 2', 'continue'])
        self.assertEqual((status, err), (0, ''), said)
        self.assertEqual(said[3:7], ['63\n', '2\n', '1\n', '[43, 43]\n'])
        status, said, err = self.step(script, ['print nothing'])
        self.assertEqual(status, 2)
        self.assertIn("NameError: name 'nothing' is not defined", said[1])

    def test_wrong_commands(self):
        for command, words in (('fly', 'no command'), ('step T9', 'never started'), ('break', 'where?'),
                               ('step x', 'no number'), ('run interval:5ms', 'count instructions'), ('delete 7', 'no breakpoint'),
                               ('continue T1', 'never started'), ('save', 'which file')):
            status, said, err = self.step(RACE, [command])
            self.assertEqual(status, 2, command)
            self.assertIn(words, said[1])
            self.assertIn('commands:1', err)
        self.assertEqual(subprocess.run([MINI, '--step-commands=/none', self.file('s.py', RACE)],
                                        capture_output=True).returncode, 2)

    def test_saving(self):
        recording = os.path.join(self.directory.name, 'recording')
        status, said, err = self.step(RACE, LOST + ['delete', 'run', 'token', 'save ' + recording])
        self.assertEqual((status, err), (0, ''), said)
        token = re.search(r'--replay=(m1:\S+)', said[-2]).group(1)
        script = os.path.join(self.directory.name, 'script.py')
        for replay in (token, recording):
            result = subprocess.run([MINI, f'--replay={replay}', script], capture_output=True, encoding='utf-8')
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, '1\n', ''))

    def test_saving_before_the_end(self):
        recording = os.path.join(self.directory.name, 'recording')
        script = RACE.replace('print(x)', 'print("x", x)')
        status, said, err = self.step(script, LOST[:5] + ['save ' + recording, 'info', 'continue T2', 'delete', 'run', 'back 5'])
        self.assertEqual((status, err), (0, ''), said)
        self.assertEqual(said[6], f'saved: again with --replay={recording}\n')
        self.assertEqual(''.join(said).count('x 1\n'), 1)
        script = os.path.join(self.directory.name, 'script.py')
        result = subprocess.run([MINI, f'--replay={recording}', script], capture_output=True, encoding='utf-8')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertRegex(result.stdout, r'^x [12]\n$')
        status, said, err = self.step('import threading\nwhile True: pass\n', ['step 5', 'save ' + recording])
        self.assertEqual(status, 2)
        self.assertIn('does not end', said[2])

    def test_a_list_of_steps(self):
        script = os.path.join(self.directory.name, 'script.py')
        for commands, printed in ((LOST, '1\n'), (LOST + RIGHT, '2\n')):
            for end in ([], ['delete', 'run']):
                status, said, err = self.step(RACE, commands + end + ['steps'])
                self.assertEqual((status, err), (0, ''), said)
                steps = re.fullmatch(r"--schedule='(steps:.*)'\n", said[-1])
                self.assertTrue(steps, said[-1])
                result = subprocess.run([MINI, f'--schedule={steps[1]}', script], capture_output=True, encoding='utf-8')
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, printed, ''), steps[1])

    def test_following_a_run(self):
        recording = os.path.join(self.directory.name, 'recording')
        script = self.file('script.py', RACE)
        done = subprocess.run([MINI, '--schedule=steps:T1*3 T2* T1*', f'--record={recording}', '--stats', script],
                              capture_output=True, encoding='utf-8')
        self.assertEqual(done.stdout, '1\n')
        token = re.search(r'--replay=(m1:\S+)', done.stderr).group(1)
        for replay in (token, recording):
            status, said, err = self.step(RACE, [
                'break write x', 'replay', 'replay', 'print T0 x', 'delete', 'replay 3', 'back 3', 'replay', 'back 2', 'replay'],
                f'--replay={replay}')
            self.assertEqual((status, err), (0, ''), said)
            self.assertIn('stopped: before a write of x', said[2])
            self.assertEqual(said[4], '0\n')
            self.assertEqual(said[8], '1\nthe program is over, exit status 0\n')
            self.assertEqual(said[10], 'the program is over, exit status 0\n')
            status, said, err = self.step(RACE, ['break read x', 'replay', 'delete', 'continue T1', 'replay'],
                                          f'--replay={replay}')
            self.assertEqual(status, 2)
            self.assertRegex(said[-1], 'another way|cannot be followed')
        status, said, err = self.step(RACE, ['replay'])
        self.assertEqual(status, 2)
        self.assertIn('no run to follow', said[-1])

    def test_following_a_run_under_a_real_clock(self):
        recording = os.path.join(self.directory.name, 'recording')
        script = self.file('script.py', RACE.replace('x += 1', 'for i in range(3000): x += 1'))
        done = subprocess.run([MINI, '--schedule=interval:20us', f'--record={recording}', script], capture_output=True,
                              encoding='utf-8')
        with open(script) as file:
            status, said, err = self.step(file.read(), ['replay 5000', 'replay', 'back 4000', 'replay'], f'--replay={recording}')
        self.assertEqual((status, err), (0, ''), said)
        self.assertEqual(said[2], done.stdout + 'the program is over, exit status 0\n')
        self.assertEqual(said[4], 'the program is over, exit status 0\n')

    def test_a_pipe(self):
        result = subprocess.run([MINI, '--step', self.file('s.py', RACE)], input='step\n\nhelp\nfly\nq\n', capture_output=True,
                                encoding='utf-8', timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertIn('after 1 instructions', result.stdout)
        self.assertIn('after 2 instructions', result.stdout)  # the empty line repeats
        self.assertIn('no command', result.stdout)

    def test_a_terminal(self):
        path = self.file('s.py', RACE)
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ['TERM'] = 'vt100'
            os.execv(MINI, [MINI, '--step', path])
        text = b''

        def wait_for(words, limit=30):
            nonlocal text
            end = time.time() + limit
            while words not in text and time.time() < end:
                if select.select([terminal], [], [], 0.2)[0]:
                    try:
                        text += os.read(terminal, 4096)
                    except OSError:
                        break
            self.assertIn(words, text)
            text = text[text.index(words) + len(words):]

        wait_for(b'(step) ')
        os.write(terminal, b'ste\t\n')  # completion
        wait_for(b'after 1 instructions')
        wait_for(b'(step) ')
        os.write(terminal, b'\n')  # repeats
        wait_for(b'after 2 instructions')
        wait_for(b'(step) ')
        os.write(terminal, b'\x1b[A\n')  # history
        wait_for(b'after 3 instructions')
        wait_for(b'(step) ')
        os.write(terminal, b'back 2\n')
        wait_for(b'after 1 instructions')
        wait_for(b'(step) ')
        os.write(terminal, b'run\n')
        wait_for(b'exit status 0')
        wait_for(b'(step) ')
        os.write(terminal, b'quit\n')
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(terminal)

    def test_the_session_in_the_readme(self):
        with open(os.path.join(ROOT, 'README.md')) as file:
            readme = file.read()
        for command in LOST + RIGHT:
            self.assertIn('    (step) ' + command + '\n', readme)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    options, rest = parser.parse_known_args()
    MINI = os.path.abspath(options.mini)
    unittest.main(argv=[sys.argv[0], *rest])
