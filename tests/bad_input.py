#!/usr/bin/env python3
"""Hostile and broken input: never a crash, never a hang, and CPython 3.13's words where CPython has words for it.

    bad_input.py --mini PATH [--small]

What CPython 3.13 says is asked live where it is at hand; the checks that need none always run. --small shortens the
huge scripts, for builds with sanitizers.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import oracles

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, and children inherit that

TIMEOUT = 120  # seconds for one run: never a hang
CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}

# name: what the file holds. Compared with CPython: status, output, errors.
SCRIPTS = {
    'no closing bracket': b'x = (1,\ny = 2\n',
    'unmatched bracket': b'x = 1)\n',
    'wrong bracket': b'x = [1)\n',
    'no colon': b'if True\n    pass\n',
    'no block': b'def f():\nx = 1\n',
    'unexpected indent': b'x = 1\n  y = 2\n',
    'unindent': b'if 1:\n    x = 1\n  y = 2\n',
    'tabs and spaces': b'if 1:\n        x = 1\n\ty = 2\n',
    'open string': b'x = "abc\ny = 1\n',
    'open long string': b'x = """abc\ny = 1\n',
    'invalid character': 'x = 1 € 2\n'.encode(),
    'invalid token': b'x = 1 ? 2\n',
    'not assignable': b'f() = 1\n',
    'keyword as a name': b'class = 1\n',
    'return outside': b'return 1\n',
    'break outside': b'break\n',
    'bad escape': b'x = "\\x4"\n',
    'duplicate argument': b'def f(a, a): pass\n',
    'print statement': b'print "hello"\n',
    'single equals': b'if x = 1:\n    pass\n',
    'nonlocal at the top': b'nonlocal x\n',
    'global after use': b'def f():\n    x = 1\n    global x\n',
    'f-string': b'x = f"{a b}"\n',
    'number with a letter': b'x = 12abc\n',
    'undefined name': b'def f():\n    return undefined\nf()\n',
    'undefined, similar': b'counter = 1\nprint(countre)\n',
    'unbound local': b'def f():\n    x += 1\nf()\n',
    'no attribute': b'class C:\n    value = 1\nC().valeu\n',
    'no module': b'import no_such_module\n',
    'wrong types': b'def add(a, b):\n    return a + b\nadd(1, "2")\n',
    'wrong index': b'[1, 2, 3][10]\n',
    'wrong key': b'{"a": 1}["b"]\n',
    'not callable': b'x = 3\nx()\n',
    'not iterable': b'for i in 5:\n    pass\n',
    'not subscriptable': b'None[0]\n',
    'too few arguments': b'def f(a, b, *, c): pass\nf(1)\n',
    'too many arguments': b'def f(a): pass\nf(1, 2, 3)\n',
    'unknown keyword': b'def f(a): pass\nf(a=1, b=2)\n',
    'twice the same': b'def f(a): pass\nf(1, a=2)\n',
    'native, wrong call': b'len()\n',
    'unhashable': b'{[]: 1}\n',
    'too many to unpack': b'a, b = 1, 2, 3\n',
    'raise a number': b'raise 1\n',
    'division': b'print(1 / 0)\n',
    'empty file': b'',
    'only blanks': b'  \n\t\n   ',
    'only a comment': b'# nothing',
    'no newline at the end': b'print(1)',
    'byte order mark': b'\xef\xbb\xbfprint("mark")\n',
    'CRLF': b'x = 1\r\nif x:\r\n    print("yes")\r\nprint("""a\r\nb""")\r\n',
    'CR': b'x = 1\rprint(x)\r',
    'form feed': b'x = 1\n\x0cprint(x)\n',
    'long line': b'x = ' + b'1 + ' * 2000 + b'1\nprint(x)\n',
    'undefined in a long line': b'x = ' + b'1 + ' * 50 + b'nope\n',
    '150 nested brackets': b'x = ' + b'(' * 150 + b'1' + b')' * 150 + b'\nprint(x)\n',
    '201 nested brackets': b'x = ' + b'(' * 201 + b'1' + b')' * 201 + b'\n',
    '100,000 nested brackets': b'x = ' + b'[' * 100000 + b']' * 100000 + b'\n',
    '100,000 open brackets': b'(' * 100000,
    '101 nested blocks': b''.join(b' ' * i + b'if 1:\n' for i in range(101)) + b' ' * 101 + b'pass\n',
    'lone surrogate': b'print(repr("\\ud800"))\nprint(len("\\ud800"))\n',
    'deep recursion': b'def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError as e:\n    print(e)\n',
    'deep recursion in a thread': b'import threading\ndef f(n):\n    return f(n + 1)\ndef g():\n    try:\n        f(0)\n'
                                  b'    except RecursionError as e:\n        print(e)\nt = threading.Thread(target=g)\n'
                                  b't.start()\nt.join()\nprint("goes on")\n',
    'infinite __getattr__': b'class C:\n    def __getattr__(self, n):\n        return getattr(self, n)\ntry:\n    C().x\n'
                            b'except RecursionError:\n    print("caught")\n',
}

# The same, but CPython's message may name another depth: both say RecursionError, or both go on.
RECURSION = {
    '__repr__': 'class C:\n    def __repr__(self): return repr(self)\nrun(lambda: repr(C()))',
    '__str__': 'class C:\n    def __str__(self): return str(self)\nrun(lambda: str(C()))',
    '__str__ printed': 'class C:\n    def __str__(self): return f"{self}"\nrun(lambda: print(C()))',
    '__eq__': 'class C:\n    def __eq__(self, o): return self == o\nrun(lambda: C() == C())',
    '__eq__ in a list': 'class C:\n    def __eq__(self, o): return [self] == [o]\nrun(lambda: C() == C())',
    '__hash__': 'class C:\n    def __hash__(self): return hash(self)\nrun(lambda: {C(): 1})',
    '__len__': 'class C:\n    def __len__(self): return len(self)\nrun(lambda: len(C()))',
    '__iter__': 'class C:\n    def __iter__(self): return iter(self)\nrun(lambda: list(C()))',
    '__add__': 'class C:\n    def __add__(self, o): return self + o\nrun(lambda: C() + 1)',
    '__call__': 'class C:\n    def __call__(self): return self()\nrun(C())',
    '__init__': 'class C:\n    def __init__(self): C()\nrun(C)',
    '__new__': 'class C:\n    def __new__(cls): return cls()\nrun(C)',
    '__enter__': 'class C:\n    def __enter__(self):\n        with self: pass\n    def __exit__(self, *a): pass\n'
                 'run(lambda: C().__enter__())',
    '__del__': 'class C:\n    def __del__(self):\n        self.n = 1\ndef f(): return C() and f()\nrun(f)',
    'property': 'class C:\n    @property\n    def x(self): return self.x\nrun(lambda: C().x)',
    'sort key': 'def f(x): return sorted([1, 2], key=f)\nrun(lambda: f(1))',
    'map': 'def f(x): return list(map(f, [x]))\nrun(lambda: f(1))',
    'generator': 'def g():\n    yield from g()\nrun(lambda: list(g()))',
    'generator in a for': 'def g():\n    for x in g(): yield x\nrun(lambda: next(g()))',
    'nested lists': 'l = []\nfor i in range(100000): l = [l]\nrun(lambda: repr(l))',
    'nested tuples compared': 'a = b = ()\nfor i in range(100000):\n    a = (a,)\n    b = (b,)\nrun(lambda: a == b)',
    'nested tuples hashed': 'a = ()\nfor i in range(100000): a = (a,)\nrun(lambda: hash(a))',
    'nested dicts': 'd = {}\nfor i in range(100000): d = {1: d}\nrun(lambda: repr(d))',
    'list inside itself': 'l = []\nl.append(l)\nprint(l)\nm = []\nm.append(m)\nrun(lambda: l == m)',
    'finally': 'def f():\n    try: f()\n    finally: f()\nimport sys\nsys.setrecursionlimit(60) if 0 else None\n'
               'def g():\n    g()\nrun(g)',
    'except': 'def f(n):\n    try: return f(n + 1)\n    except RecursionError: raise\nrun(lambda: f(0))',
    'isinstance': 'n = int\nfor i in range(100000): n = (n,)\nrun(lambda: isinstance("", n))',
    'a limit of our own': 'import sys\nsys.setrecursionlimit(200)\ndef f(n): return f(n + 1)\nrun(lambda: f(0))',
    'a huge limit': 'import sys\nsys.setrecursionlimit(20000)\ndef f(n): return n and f(n - 1)\nrun(lambda: f(15000))',
}
RECURSION_HEAD = '''\
def run(f):
    try:
        f()
    except RecursionError:
        print("RecursionError")
    else:
        print("no exception")
'''
IN_THREAD = '''\
import threading
plain = run
def run(f):
    t = threading.Thread(target=plain, args=(f,))
    t.start()
    t.join()
'''

INTERRUPTED = {
    'busy loop': 'while True:\n    pass\n',
    'function calls': 'def f():\n    pass\nwhile True:\n    f()\n',
    'sleep': 'import time\ntime.sleep(100)\n',
    'lock': 'import threading\nl = threading.Lock()\nl.acquire()\nthreading.Thread(target=__import__("time").sleep, '
            'args=(100,), daemon=True).start()\nl.acquire()\n',
    'lock with a timeout': 'import threading\nl = threading.Lock()\nl.acquire()\nl.acquire(timeout=100)\n',
    'join': 'import threading, time\nt = threading.Thread(target=time.sleep, args=(100,), daemon=True)\nt.start()\nt.join()\n',
    'while another thread works': 'import threading\ndef f():\n    while True:\n        pass\n'
                                  'threading.Thread(target=f, daemon=True).start()\nf()\n',
    'generator': 'def g():\n    while True:\n        yield 1\nfor x in g():\n    pass\n',
    'sort key': 'def f(x):\n    while True:\n        pass\nsorted([1, 2], key=f)\n',
    'input': 'input()\n',
}
CAUGHT = 'import time\nprint("ready", flush=True)\ntry:\n    time.sleep(100)\nexcept KeyboardInterrupt:\n    print("caught")\n'


class Suite:
    def __init__(self, mini, python, directory, small):
        self.mini, self.python, self.directory, self.small = mini, python, directory, small
        self.checks = self.failures = 0

    def check(self, name, expected, got):
        self.checks += 1
        if expected != got:
            self.failures += 1
            print(f'{name}:\n  expected {str(expected)[:2000]!r}\n  got      {str(got)[:2000]!r}', flush=True)

    def file(self, content, name='script.py'):
        path = os.path.join(self.directory, name)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *command, **options):
        """Status, output, errors; a crash or a hang is reported at once."""
        try:
            result = oracles.run(list(command), timeout=TIMEOUT, errors='backslashreplace', **options)
        except subprocess.TimeoutExpired:
            self.check(' '.join(command), 'an end', f'none in {TIMEOUT} s')
            return 'timeout', '', ''
        if command[0] == self.mini and result.returncode in CRASHES:
            self.check(' '.join(command), 'no crash', f'{result.returncode} {result.stderr[-500:]}')
        return result.returncode, result.stdout, result.stderr

    def script(self, content, *options):
        return self.run(self.mini, *options, self.file(content))


def scripts(suite):
    for name, content in SCRIPTS.items():
        got = suite.script(content)
        if suite.python:
            suite.check(name, suite.run(suite.python, '-W', 'default::SyntaxWarning', suite.file(content)), got)


def recursion(suite):
    for name, text in RECURSION.items():
        for head in (RECURSION_HEAD, RECURSION_HEAD + IN_THREAD):
            got = suite.script(head + text + '\nprint("end")\n')
            suite.check(f'recursion, {name}{" (thread)" * (head != RECURSION_HEAD)}', (0, True, ''),
                        (got[0], got[1].endswith('end\n') and ('RecursionError' in got[1] or name in
                                                              ('nested lists', 'nested tuples compared', 'nested tuples hashed',
                                                               'nested dicts', 'isinstance', 'a huge limit')),
                         '' if name == '__del__' else got[2]))  # finalisers at the limit may be ignored, and say so


def files(suite):
    """Scripts that are none: status 2 and a sentence, or CPython's SyntaxError."""
    missing = os.path.join(suite.directory, 'missing.py')
    suite.check('missing file', (2, '', f"mini: can't open file '{missing}': [Errno 2] No such file or directory\n"),
                suite.run(suite.mini, missing))
    status, _, errors = suite.run(suite.mini, suite.directory)
    suite.check('a directory', (2, True), (status, 'Is a directory' in errors))
    if os.geteuid() != 0:
        path = suite.file('print(1)', 'unreadable.py')
        os.chmod(path, 0)
        status, _, errors = suite.run(suite.mini, path)
        suite.check('unreadable', (2, True), (status, 'Permission denied' in errors))
        os.chmod(path, 0o600)
    for name, content in {'binary': bytes(range(256)) * 64, 'an executable': open(suite.mini, 'rb').read(1 << 16),
                          'NUL bytes': b'x = 1\n\0\ny = 2\n', 'NUL in a string': b'x = "a\0b"\n', 'invalid UTF-8': b'x = "\xff"\n',
                          'cut off UTF-8': b'# \xe2\x82', 'overlong UTF-8': b'x = "\xc0\x80"\n',
                          'UTF-16': 'print(1)\n'.encode('utf-16'), 'a surrogate': b'x = "\xed\xa0\x80"\n'}.items():
        status, output, errors = suite.script(content)
        suite.check(name, (1, '', True), (status, output, 'SyntaxError: ' in errors))
        status, _, _ = suite.run(suite.mini, 'dis', suite.file(content))
        suite.check(f'dis of {name}', 1, status)


def huge(suite):
    size = 20000 if suite.small else 100000
    for name, content in {'minuses': b'x = ' + b'-' * size + b'1\n', 'nots': b'x = ' + b'not ' * size + b'1\n',
                          'tildes': b'x = ' + b'~' * size + b'1\n', 'powers': b'x = ' + b'1 ** ' * size + b'1\n',
                          'a sum of names': b'a = 1\nx = ' + b'a + ' * size + b'a\nprint(x)\n',
                          'a sum of numbers': b'x = ' + b'1 + ' * size + b'1\nprint(x)\n',
                          'attributes': b'x = a' + b'.b' * size + b'\n', 'calls': b'x = a' + b'()' * size + b'\n',
                          'subscripts': b'x = a' + b'[0]' * size + b'\n',
                          'comparisons': b'x = ' + b'1 < ' * size + b'1\n', 'ors': b'x = ' + b'0 or ' * size + b'1\nprint(x)\n',
                          'elifs': b'if 0: pass\n' + b'elif 0: pass\n' * (size // 10) + b'print(1)\n',
                          'lambdas': b'x = ' + b'lambda: ' * size + b'1\n',
                          'conditionals': b'x = ' + b'1 if 1 else ' * size + b'1\n',
                          'targets': b'a = ' * size + b'1\n', 'arguments': b'print(len([' + b'1,' * size + b']))\n',
                          'keys': b'd = {' + b'1: 1,' * size + b'}\nprint(len(d))\n',
                          'indentation': b''.join(b' ' * i + b'if 1:\n' for i in range(2000)),
                          'strings': b'x = ' + b'"a" ' * size + b'\nprint(len(x))\n', 'f-strings': b'f"{' * 1000,
                          'backslashes': b'x = 1 \\\n' + b'\\\n' * size + b'\n', 'digits': b'x = ' + b'9' * size + b'\n',
                          'decorators': b'@a\n' * size + b'def f(): pass\n', 'a name': b'x' * (size * 10) + b' = 1\n'}.items():
        for options in ([], ['--memory-limit=64M']):
            status, output, errors = suite.script(content, *options)
            said = re.search(r'^(\w*Error|RecursionError)\b.*\Z', errors.strip().splitlines()[-1] if errors.strip() else '')
            suite.check(f'100,000 {name} {options}', True, status == 0 or (status == 1 and said is not None) or (status, errors[-300:]))
    lines = 50000 if suite.small else 2500000
    comments = b'# ' + b'x' * 37 + b'\n'
    path = suite.file(comments * lines + b'print("end")\n')
    start = time.monotonic()
    suite.check('a 100 MB script of comments', (0, 'end\n', ''), suite.run(suite.mini, path))
    suite.check('its limit', True, suite.run(suite.mini, '--memory-limit=64M', path)[0] in (0, 1))
    path = suite.file(b'a_rather_long_name_of_a_var = 1234567890\n' * (lines // 5) + b'print("end")\n')
    status, output, errors = suite.run(suite.mini, '--memory-limit=64M', path)
    suite.check('a script of assignments under a limit', True,
                (status, output) == (0, 'end\n') or (status == 1 and 'MemoryError' in errors) or (status, errors[-300:]))
    suite.check('a script of assignments', (0, 'end\n', ''), suite.run(suite.mini, path))
    print(f'(huge scripts: {time.monotonic() - start:.0f} s)')


def memory(suite):
    for name, grow in {'list': 'l = []\n    while True: l.append("x" * 1000 + str(len(l)))', 'one string': 's = "x"\n    while True: s += s',
                       'list repeated': 'l = [0] * (1 << 40)', 'string repeated': 's = "x" * (1 << 40)',
                       'dict': 'd = {}\n    while True: d[len(d)] = [len(d)]', 'number': 'n = 1 << (1 << 34)',
                       'objects': 'class C: pass\n    l = []\n    while True: l.append(C())',
                       'generators': 'l = []\n    while True: l.append(x for x in l)', 'range': 'l = list(range(1 << 40))'}.items():
        script = f'try:\n    {grow}\nexcept MemoryError:\n    l = d = s = None\n    print("caught")\nprint(len([0] * 1000), "goes on")\n'
        if name == 'number':
            script = script.replace('except MemoryError', 'except (MemoryError, OverflowError)')
        suite.check(f'memory: {name}', (0, 'caught\n1000 goes on\n', ''), suite.script(script, '--memory-limit=64M'))
    for limit in range(1_000_000, 1_062_000, 1_037):  # so that each of the loop's allocations is the one that fails, once
        status, _, errors = suite.script('l = []\nwhile True:\n    l.append("x" * 1000 + str(len(l)))\n', f'--memory-limit={limit}')
        suite.check('memory: uncaught', (1, 'MemoryError'), (status, errors.strip().splitlines()[-1]))


def pipes(suite):
    for name, content in {'many lines': 'for i in range(100000):\n    print(i)\n', 'one line': 'print("one line")\n',
                          'flushed': 'print("x", flush=True)\n', 'caught': 'try:\n    print("x", flush=True)\n'
                          'except BrokenPipeError:\n    import sys\n    print("caught", file=sys.stderr)\n'}.items():
        path, answers = suite.file(content), []
        for program in filter(None, (suite.python, suite.mini)):
            reading, writing = os.pipe()
            os.close(reading)
            try:
                result = subprocess.run([program, path], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT,
                                        env={'PATH': os.environ['PATH']})
                answers.append((result.returncode, result.stderr))
            except subprocess.TimeoutExpired:
                answers.append('timeout')
            os.close(writing)
        status = answers[-1][0]
        suite.check(f'closed pipe, {name}', True, status in (0, 1, 120) or answers[-1])
        suite.check(f'closed pipe, {name}', re.sub(r" name='<stdout>'.*?>", '>', str(answers[0])),
                    re.sub(r" name='<stdout>'.*?>", '>', str(answers[-1])))
    for argument in ('--help', '--version'):
        status = subprocess.run(f'"{suite.mini}" {argument} >&-', shell=True, stderr=subprocess.DEVNULL, timeout=TIMEOUT).returncode
        suite.check(f'{argument} with stdout closed', True, status in (0, 1, 120) or status)


def interrupts(suite):
    def interrupted(program, path, waits):
        process = subprocess.Popen([program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            if waits:
                process.stdout.readline()
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=TIMEOUT)  # before its standard input is closed
            output, errors = process.communicate(timeout=TIMEOUT)
            return process.returncode, output, errors.splitlines()[:1] + errors.splitlines()[-1:]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return 'timeout', '', []

    expected = (-signal.SIGINT, '', ['Traceback (most recent call last):', 'KeyboardInterrupt'])
    for name, content in INTERRUPTED.items():
        path = suite.file('print("ready", flush=True)\n' + content)
        suite.check(f'Ctrl-C: {name}', expected, interrupted(suite.mini, path, True))
    suite.check('Ctrl-C: caught', (0, 'caught\n', []), interrupted(suite.mini, suite.file(CAUGHT), True))


def options(suite):
    path = suite.file('print(1)\n')
    for wrong in ('--no-such-option', '-x', '--switch-points=3.5', '--switch-points', '--schedule=sometimes', '--schedule=every:0',
                  '--schedule=every:x', '--schedule=interval:5', '--schedule=interval:-5ms', '--schedule=seeded:', '--schedule=steps:T',
                  '--schedule=steps:T1*0', '--clock=sundial', '--memory-limit=much', '--memory-limit=1', '--memory-limit=', '--runner=two',
                  '--stats=loud', '--switch-points=3.9x', '--schedule='):
        status, output, errors = suite.run(suite.mini, wrong, path)
        suite.check(f'option {wrong}', (2, '', True), (status, output, errors.startswith('mini: ')))
    for command in (['dis'], ['dis', os.path.join(suite.directory, 'missing.py')], ['dis', path, path], ['-c']):
        suite.check(f'{command}', (2, ''), suite.run(suite.mini, *command)[:2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    parser.add_argument('--small', action='store_true')
    parser.add_argument('parts', nargs='*')
    given = parser.parse_args()
    python = oracles.find('3.13')
    with tempfile.TemporaryDirectory() as directory:
        suite = Suite(os.path.abspath(given.mini), python, directory, given.small)
        for part in (scripts, recursion, files, huge, memory, pipes, interrupts, options):
            if not given.parts or part.__name__ in given.parts:
                part(suite)
    print(f'{suite.checks} checks, {suite.failures} failures')
    if suite.failures or not suite.checks:
        return 1
    if not python:
        oracles.require('3.13')
    return 0


if __name__ == '__main__':
    sys.exit(main())
