#!/usr/bin/env python3
"""Runs the scripts of tests/conformance/ under mini and compares with CPython 3.13: output, errors, exit status.

    conformance.py --mini PATH [--record] [--quick] [NAME...]

Where there is no CPython 3.13 (oracles.py tells how it is found), its recorded answers (conformance/expected/) stand in,
which --record renews. A script has to print the same under every runner and schedule. In its first lines, `# args: ...` and
`# stdin: ...` give it arguments and input, `# heavy` leaves out the collection at each allocation, `# timers` the virtual
clock, `# forks` seeds for one OS thread, which cannot fork inside a native that called back; a NAME.in file beside it is its
input. --quick leaves the other runners and schedules out. Objects left alive at the end are a failure (--check-leaks).
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys

import oracles

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, 'conformance')
VARIANTS = [[], ['--runner=one'], ['--observed'], ['--schedule=every:1', '--clock=real'],
            ['--schedule=seeded:7', '--clock=real'], ['--schedule=seeded:8', '--runner=one'], ['--collect-always']]
TIMEOUT = 120  # seconds for one run


def marks(path):
    """The lines `# key: value` at the script's top."""
    found = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            if not line.startswith('#'):
                break
            key, _, value = line[1:].strip().partition(':')
            found[key.strip()] = value.strip()
    return found


def scripts():
    return sorted(glob.glob(os.path.join(SCRIPTS, '*.mini')))


def recorded_answer(path):
    """The file of it."""
    return os.path.join(SCRIPTS, 'expected', os.path.basename(path)[:-5] + '.json')


def answer(python, path, options):
    """What CPython says, or its recorded answer; None if there is neither."""
    if python:
        return run([python], path, options)
    if not os.path.exists(recorded_answer(path)):
        return None
    with open(recorded_answer(path), encoding='utf-8') as file:
        return json.load(file)


def run(command, path, options):
    source = path[:-5] + '.in'
    text = open(source, encoding='utf-8').read() if os.path.exists(source) else options.get('stdin', '')
    text = text.replace('\\n', '\n')
    environment = {'PATH': os.environ.get('PATH', ''), 'PYTHONHASHSEED': '0', 'PYTHONIOENCODING': 'utf-8', 'TZ': 'UTC',
                   'PYTHONDONTWRITEBYTECODE': '1', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '')}
    try:
        result = subprocess.run(command + [os.path.basename(path)] + options.get('args', '').split(), input=text,
                                capture_output=True, encoding='utf-8', errors='surrogateescape', timeout=TIMEOUT,
                                cwd=SCRIPTS, env=environment)
    except subprocess.TimeoutExpired:
        return {'status': 'timeout', 'stdout': '', 'stderr': ''}
    return {'status': result.returncode, 'stdout': normal(result.stdout), 'stderr': errors(result.stderr)}


def normal(text):
    """Addresses and thread identities differ from run to run."""
    text = re.sub(r' at 0x[0-9a-f]+', ' at 0x…', text)
    return re.sub(r'(started|stopped|owner=|ident=)( daemon)?( ?)\d+', r'\1\2\3…', text)


def errors(text):
    """stderr without the frames of CPython's own library, and without its installation's paths."""
    kept, skipping = [], False
    for line in normal(text).split('\n'):
        if line.startswith('  File "'):
            skipping = '/lib/python3' in line or '<frozen' in line
        elif not line.startswith('    '):
            skipping = False
        if not skipping:
            line = re.sub(r'File ".*/conformance/', 'File "', line)
            kept.append(re.sub(r'^/\S*/conformance/(\w+\.mini:\d+: )', r'\1', line))
    return '\n'.join(kept)


def difference(expected, got):
    lines = []
    for key in ('status', 'stdout', 'stderr'):
        if expected[key] != got[key]:
            lines.append(f'  {key}: expected {expected[key]!r}\n  {" " * len(key)}       got {got[key]!r}')
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    parser.add_argument('--record', action='store_true')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('names', nargs='*')
    given = parser.parse_args()
    record, quick, mini, names = given.record, given.quick, os.path.abspath(given.mini), given.names
    python = oracles.wanted('3.13')
    passed = failed = recorded_only = 0
    for path in scripts():
        name = os.path.basename(path)[:-5]
        if names and name not in names:
            continue
        options = marks(path)
        expected = answer(python, path, options)
        if expected is None:
            print(f'{name}: no CPython 3.13, and nothing recorded')
            failed += 1
            continue
        if not python:
            recorded_only += 1
        elif record:
            os.makedirs(os.path.dirname(recorded_answer(path)), exist_ok=True)
            with open(recorded_answer(path), 'w', encoding='utf-8', errors='surrogateescape') as file:
                json.dump(expected, file, indent=1, ensure_ascii=True)
                file.write('\n')
        for variant in VARIANTS[:1] if quick else VARIANTS:
            if 'heavy' in options and variant == ['--collect-always']:
                continue
            if 'forks' in options and '--runner=one' in variant and len(variant) > 1:
                continue
            if 'timers' in options and '--clock=real' not in variant and any('--schedule' in word for word in variant):
                variant = variant + ['--clock=real']
            # --check-leaks takes all down at the end. The plain way does not, and is tried as it is if there are others.
            takes_down = ['--check-leaks'] if variant or quick else []
            got = run([mini] + takes_down + variant, path, options)
            wrong = difference(expected, got)
            if wrong:
                failed += 1
                print(f'{name} {" ".join(variant)}\n{wrong}')
                break
        else:
            passed += 1
    if recorded_only:
        print(f'({recorded_only} compared with recorded answers: no CPython 3.13 here)')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
