#!/usr/bin/env python3
"""Natives and scripts that call each other as deep as there is room: RecursionError or MemoryError, never a crash.

    deep_calls.py --mini PATH

Runs conformance/nested_calls.mini with a recursion limit that is no limit, so that the C++ stack or the memory is what ends
first, in the main thread and in others, under both runners and with little memory. And a chain of objects whose texts are
made one inside the other: its natives do not count for the recursion limit.
"""
import argparse
import os
import re
import subprocess
import sys

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'conformance', 'nested_calls.mini')
TIMEOUT = 300
NO_LIMIT = '1000000'
CHAIN = """
class Chain:
    def __init__(self, next): self.next = next
    def __repr__(self): return f'Chain({self.next!r})'
chain = None
for _ in range(900): chain = Chain(chain)
print(len(repr(chain)))
"""
VARIANTS = [[], ['--runner=one'], ['--observed'], ['--schedule=seeded:3'], ['--memory-limit=32M'], ['--memory-limit=4M']]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    given = parser.parse_args()
    wrong = 0
    for variant in VARIANTS:
        done = subprocess.run([given.mini] + variant + [SCRIPT, NO_LIMIT], capture_output=True, text=True, timeout=TIMEOUT)
        lines = done.stdout.splitlines()
        strange = [line for line in lines if not re.fullmatch(r'.* (RecursionError True|MemoryError (True|False)|has no end)', line)]
        out_of_memory = '--memory-limit' in ' '.join(variant) and done.stderr.rstrip().endswith('MemoryError')
        if strange or not lines or done.returncode not in ((0, 1) if out_of_memory else (0,)):
            wrong += 1
            print(f'{" ".join(variant)}: status {done.returncode}, {strange}\n{done.stderr[-500:]}')
    roomy = [variant for variant in VARIANTS if '--memory-limit' not in ' '.join(variant)]
    for variant in roomy:
        done = subprocess.run([given.mini] + variant + ['-c', CHAIN], capture_output=True, text=True, timeout=TIMEOUT)
        if done.stdout != '6304\n':
            wrong += 1
            print(f'{" ".join(variant)}: {done.stdout}{done.stderr[-500:]}')
    print(f'{len(VARIANTS) + len(roomy) - wrong} good, {wrong} not')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
