#!/usr/bin/env python3
"""Runs the scripts of scripts/races/ under each model of the switch points, and finds what their headers say.

    races_gallery.py --mini PATH [--seeds N] [--cpython SECONDS] [NAME...]

`right:` is what the script prints when all goes well (lines joined by " / "); `breaks:` lists the models under which it can
go wrong, `none` for what never does. `try:` are the options that show it. Under a model that is listed, one of the
schedules below must show something else than `right:`; under the others none may. All schedules are deterministic, so that
the test cannot flake. Where there is a CPython of the model, the script runs there as well, with a tiny switch interval,
a few times: what it shows, mini must be able to show. A NAME_fixed.mini is never wrong.
"""
import argparse
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import oracles

ROOT = pathlib.Path(__file__).resolve().parent.parent
RACES = ROOT / 'scripts' / 'races'
MODELS = ('3.9', '3.10', '3.12', 'every')
CPYTHONS = {'3.9': '3.9', '3.10': '3.10', '3.12': '3.12', '3.13': '3.12'}  # and the model of each
TINY_INTERVAL = "import runpy, sys; sys.setswitchinterval(1e-6); runpy.run_path(sys.argv[1], run_name='__main__')"


class Script:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.fields, lines = {}, path.read_text(encoding='utf-8').split('\n')
        key = None
        for line in lines:
            if not line.startswith('#'):
                break
            text = line[1:]
            word, colon, rest = text.strip().partition(': ')
            if colon and word in ('watch', 'right', 'breaks', 'try'):
                key = word
                self.fields[key] = rest.strip()
            elif key and text.startswith('        '):
                self.fields[key] += ' ' + text.strip()
        self.title = lines[0].lstrip('# ')
        self.length = len(lines) - 1
        self.right = self.fields.get('right')
        self.breaks = [] if self.fields.get('breaks') == 'none' else self.fields.get('breaks', '').split()


def outcome(stdout, status):
    """The output on one line; what it ended with, if that is not 0."""
    text = ' / '.join(stdout.splitlines())
    return text if status == 0 else f'{text} [exit status {status}]'.strip()


def run(command, timeout):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT,
                              env={'PATH': os.environ.get('PATH', ''), 'PYTHONHASHSEED': '0'})
    except subprocess.TimeoutExpired:
        return '[hangs]'
    return outcome(done.stdout, done.returncode)


def run_mini(mini, script, options):
    return run([mini, '--runner=one', *options, str(script.path)], timeout=120)


def schedules(seeds):
    return [f'--schedule=seeded:{seed}' for seed in range(1, seeds + 1)] + [f'--schedule=every:{n}' for n in (1, 3, 7)]


def check(mini, script, model, seeds):
    """What is wrong about the script under a model."""
    shown = {}
    for schedule in schedules(seeds):
        got = run_mini(mini, script, [f'--switch-points={model}', schedule])
        if got != script.right:
            shown[schedule] = got
            if model in script.breaks:
                return []
    if model in script.breaks:
        return [f'{script.name} under {model}: always "{script.right}", but its header says that it breaks']
    return [f'{script.name} under {model}, {schedule}: {got}' for schedule, got in shown.items()]


def check_header(mini, script):
    wrong = []
    if not script.right or 'breaks' not in script.fields or 'watch' not in script.fields:
        return [f'{script.name}: the header lacks `watch:`, `right:` or `breaks:`']
    unknown = set(script.breaks) - set(MODELS)
    if unknown:
        wrong.append(f'{script.name}: unknown models {unknown}')
    if script.length > 65:
        wrong.append(f'{script.name}: {script.length} lines')
    if script.name.endswith('_fixed'):
        if script.breaks:
            wrong.append(f'{script.name} is said to break')
    elif script.breaks:
        if not (RACES / f'{script.name}_fixed.mini').exists():
            wrong.append(f'{script.name} has no fixed twin')
        got = run_mini(mini, script, script.fields.get('try', '').split())
        if got == script.right:
            wrong.append(f'{script.name} {script.fields.get("try", "")}: {got}, but that should show the race')
    return wrong


def check_readme(scripts):
    """Each script has its row in README.md, with the models under which it breaks."""
    rows = {}
    for line in (RACES / 'README.md').read_text(encoding='utf-8').splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if line.startswith('| `'):
            rows[cells[0].strip('`')] = cells[1:4]
    wrong = []
    for script in scripts:
        if script.name.endswith('_fixed'):
            continue
        expected = ['wrong' if model in script.breaks else 'right' for model in ('3.9', '3.10', '3.12')]
        if rows.get(script.name) != expected:
            wrong.append(f'README.md says {rows.get(script.name)} of {script.name}, not {expected}')
    for name in rows.keys() - {script.name for script in scripts}:
        wrong.append(f'README.md has a row for {name}, which is not there')
    return wrong


def check_cpython(script, version, seconds):
    """Whether CPython shows something else than `right:` though the model does not allow it."""
    python = oracles.wanted(version)
    if python is None:
        return None, []
    command = [python, '-c', TINY_INTERVAL, str(script.path)]
    got = run(command, timeout=seconds)
    if got == '[hangs]' and CPYTHONS[version] not in script.breaks:
        got = run(command, timeout=20 * seconds)  # on a busy machine it may just be slow
    if got != script.right and CPYTHONS[version] not in script.breaks:
        return got, [f'{script.name}: CPython {version} shows "{got}", which its header does not allow']
    return got, []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--mini', required=True)
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--cpython', type=float, default=3, help='seconds after which a run of CPython counts as hung; 0: none')
    parser.add_argument('names', nargs='*')
    given = parser.parse_args()
    mini = os.path.abspath(given.mini)
    scripts = [Script(path) for path in sorted(RACES.glob('*.mini'))]
    wrong = [] if given.names else check_readme(scripts)
    scripts = [script for script in scripts if not given.names or script.name in given.names]
    with ThreadPoolExecutor(4) as pool:  # those that hang only wait
        jobs = [pool.submit(check_header, mini, script) for script in scripts]
        for script in scripts:
            jobs += [pool.submit(check, mini, script, model, given.seeds) for model in MODELS]
        oracle = {}
        if given.cpython:
            oracle = {(script.name, version): pool.submit(check_cpython, script, version, given.cpython)
                      for script in scripts for version in CPYTHONS}
        for job in jobs:
            wrong += job.result()
        for job in oracle.values():
            wrong += job.result()[1]
    if oracle:
        print(f'{"what CPython showed":32}' + ''.join(f'{version:>8}' for version in CPYTHONS))
        for script in scripts:
            cells = [oracle[script.name, version].result()[0] for version in CPYTHONS]
            print(f'{script.name:32}' + ''.join(f'{"-" if cell is None else "." if cell == script.right else "wrong":>8}'
                                                for cell in cells))
    for line in wrong:
        print('WRONG', line)
    print(f'{len(scripts)} scripts, {len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
