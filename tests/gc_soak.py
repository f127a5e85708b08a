#!/usr/bin/env python3
"""A program that makes nothing but cyclic garbage, for a while: its memory has to stay flat.

    gc_soak.py --mini PATH [--rounds N]

Each round makes some ten thousand cycles of every kind that a script can make, with finalisers and weak references among
them, in two threads. After the second round, which has made what is kept (shapes, buffers), the process must not grow.
"""
import argparse
import subprocess
import sys

SCRIPT = '''
import sys, threading, weakref

class Node:
    def __init__(self): self.me = self

class Slotted:
    __slots__ = 'other', '__weakref__'

class Finalised:
    count = 0
    def __init__(self): self.me = [self]
    def __del__(self): Finalised.count += 1

class Rising:
    def __del__(self): self.again = self.me

class Text(str): pass
class Numbers(list): pass

def garbage():
    Node()
    a, b = Slotted(), Slotted()
    a.other, b.other = b, a
    l = []; l.append(l)
    d = {}; d['d'] = d
    t = ([],); t[0].append(t)
    def f(): return f
    def g():
        yield mine
    mine = g(); next(mine)
    class C: pass
    C.instance = C()
    Finalised()
    r = Rising(); r.me = r
    text = Text('abc'); text.me = text
    n = Numbers(); n.append(n)
    node = Node(); node.ref = weakref.ref(node); node.proxy = {node.ref: node}
    node.method = node.__init__
    try:
        raise ValueError(node)
    except ValueError as error:
        node.error = error
    s = set(); node.s = s; s.add(node)

def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096

def work(count):
    for _ in range(count): garbage()

for number in range(ROUNDS):
    threads = [threading.Thread(target=work, args=(600,)) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(resident(), flush=True)
print(Finalised.count)
'''
SLACK = 256 * 1024  # bytes: the allocator's own, and threads' stacks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    parser.add_argument('--rounds', type=int, default=8)
    given = parser.parse_args()
    wrong = 0
    for options in [], ['--runner=one'], ['--schedule=seeded:5']:
        done = subprocess.run([given.mini, *options, '-c', SCRIPT.replace('ROUNDS', str(given.rounds))], capture_output=True,
                              text=True, timeout=600)
        *sizes, finalised = map(int, done.stdout.split())
        growth = max(sizes[2:]) - sizes[1]
        good = done.returncode == 0 and done.stderr == '' and growth <= SLACK and finalised >= 1200 * (given.rounds - 1)
        wrong += not good
        print(f'{"flat" if good else "NOT FLAT"} {" ".join(options) or "default"}: {[size // 1024 for size in sizes]} KiB, '
              f'{finalised} finalised{done.stderr[-300:]}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
