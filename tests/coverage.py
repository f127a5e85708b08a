#!/usr/bin/env python3
"""How many lines of the natives and of the opcode handlers tests/conformance/ executes.

    coverage.py --build FOLDER [--missing FILE...]

Builds mini with gcov's counters in FOLDER, runs the scripts of conformance (twice: the fast and the observed loop) and
prints a table by file. --missing also shows the lines of these files that never ran. Fails below 95 percent.
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys

import conformance

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAST = 95.0
PARTS = {'natives': ('interp/modules/', 'runtime/object/'), 'opcode handlers': ('interp/vm/handlers/',)}


def build(folder):
    subprocess.run(['cmake', '-G', 'Ninja', '-S', str(ROOT), '-B', str(folder), '-DCMAKE_BUILD_TYPE=Coverage',
                    '-DCMAKE_CXX_FLAGS=-O0 --coverage -fprofile-update=prefer-atomic'], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', str(folder), 'mini'], check=True, stdout=subprocess.DEVNULL)
    for old in folder.rglob('*.gcda'):
        old.unlink()
    return folder / 'mini'


def run_scripts(mini):
    for path in conformance.scripts():
        options = conformance.marks(path)
        for variant in [[], ['--observed']]:
            conformance.run([str(mini)] + variant, path, options)


def counts(folder):
    """By file and line, how often it ran; lines of templates and headers are added up over the objects."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    for data in folder.rglob('*.gcda'):
        done = subprocess.run(['gcov', '--json-format', '--stdout', str(data)], capture_output=True, text=True, cwd=folder)
        for text in done.stdout.splitlines():
            for file in json.loads(text)['files']:
                path = os.path.relpath(os.path.join(folder, file['file']), ROOT)
                for line in file['lines']:
                    lines[path][line['line_number']] += line['count']
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--missing', nargs='*', default=[])
    given = parser.parse_args()
    folder = given.build.resolve()
    run_scripts(build(folder))
    lines = counts(folder)
    low = False
    for part, prefixes in PARTS.items():
        total = ran = 0
        for path in sorted(lines):
            if not path.startswith(prefixes):
                continue
            here = lines[path]
            executed = sum(1 for count in here.values() if count)
            total, ran = total + len(here), ran + executed
            print(f'  {path:45} {executed:5} of {len(here):5}  {100 * executed / len(here):6.1f} %')
            if path in given.missing:
                text = (ROOT / path).read_text().splitlines()
                for number in sorted(number for number, count in here.items() if not count):
                    print(f'      {number:5} {text[number - 1]}')
        share = 100 * ran / total if total else 0
        low |= share < LEAST
        print(f'{part}: {ran} of {total} lines, {share:.1f} %')
    return 1 if low else 0


if __name__ == '__main__':
    sys.exit(main())
