#!/usr/bin/env python3
"""Lets an allocation fail in each script of conformance/: a MemoryError may end it, nothing else may go wrong.

    failing_allocations.py --mini PATH [--samples N] [--seed S] [NAME...]

For each script, numbers from 1 to some hundred thousand are drawn, small ones more often, and the allocation of that
number fails, once. The run must end by itself, with a status that a script can have, and leave no object behind.
"""
import argparse
import concurrent.futures
import glob
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 60
LEAK = 70


def run(mini, path, number):
    """What went wrong, or None."""
    environment = {'PATH': os.environ.get('PATH', ''), 'TZ': 'UTC', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '')}
    command = [mini, '--check-leaks', '--schedule=seeded:3', f'--fail-allocation={number}', os.path.basename(path)]
    try:
        done = subprocess.run(command, input=b'', capture_output=True, timeout=TIMEOUT, cwd=os.path.dirname(path), env=environment)
    except subprocess.TimeoutExpired:
        return 'does not end'
    error = done.stderr.decode('utf-8', 'replace')
    if done.returncode < 0 or done.returncode == LEAK or 'assertion' in error or 'Sanitizer' in error:
        return f'status {done.returncode}: {error[-600:]}'
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    parser.add_argument('--samples', type=int, default=4)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('names', nargs='*')
    given = parser.parse_args()
    mini = os.path.abspath(given.mini)
    rng = random.Random(given.seed)
    cases = []
    for path in sorted(glob.glob(os.path.join(HERE, 'conformance', '*.mini'))):
        name = os.path.basename(path)[:-5]
        with open(path, encoding='utf-8', errors='replace') as file:
            head = file.read(200)
        # Scripts that wait for timers or signals might wait for ever once their thread is gone.
        if (given.names and name not in given.names) or '# timers' in head:
            continue
        cases += [(path, int(10 ** rng.uniform(0, 5))) for _ in range(given.samples)]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (path, number), found in zip(cases, pool.map(lambda case: run(mini, *case), cases)):
            if found:
                wrong += 1
                print(f'{os.path.basename(path)} --fail-allocation={number}: {found}')
    print(f'{len(cases) - wrong} good, {wrong} not')
    return 1 if wrong or not cases else 0


if __name__ == '__main__':
    sys.exit(main())
