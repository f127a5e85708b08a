#!/usr/bin/env python3
"""Checks that what is outside the language is refused by name, at its line and caret: refusals.txt lists all of it.

    refusals.py --mini PATH
"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def parse(block):
    """The program, the error, and where the caret stands: (line, column), or None if it is refused at run time."""
    program, place, error, at_run_time = [], None, None, False
    for line in block.strip('\n').split('\n'):
        if line.startswith('#! '):
            error = line[3:]
        elif line == '-':
            at_run_time = True
        elif line.strip() == '^':
            place = len(program), line.index('^')
        elif not line.startswith('#'):
            program.append(line)
    return '\n'.join(program) + '\n', error, None if at_run_time else place, at_run_time


def complaint(mini, block):
    program, error, place, at_run_time = parse(block)
    done = subprocess.run([mini, '-'], input=program, capture_output=True, encoding='utf-8', timeout=60)
    lines = done.stderr.rstrip('\n').split('\n')
    if done.returncode != 1 or not lines[-1].startswith(error):
        return f'status {done.returncode}, {lines[-1]!r} instead of {error!r}'
    if at_run_time or place is None:
        return None
    number, column = place
    shown = program.split('\n')[number - 1]
    expected_line = f'File "<stdin>", line {number}'
    if not any(line.strip() == expected_line for line in lines):
        return f'{expected_line} is missing in {done.stderr!r}'
    carets = lines[-2]
    indent = len(shown) - len(shown.lstrip())
    if carets.index('^') - 4 + indent != column:
        return f'the caret stands at {carets.index("^") - 4 + indent}, not {column}: {done.stderr!r}'
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    mini = os.path.abspath(parser.parse_args().mini)
    with open(os.path.join(HERE, 'refusals.txt'), encoding='utf-8') as file:
        blocks = file.read().split('\n---\n')
    wrong = 0
    for block in blocks:
        found = complaint(mini, block)
        if found:
            wrong += 1
            print(f'{parse(block)[0]}{found}\n')
    print(f'{len(blocks) - wrong} refused as they should be, {wrong} not')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
