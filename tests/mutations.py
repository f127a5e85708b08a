#!/usr/bin/env python3
"""Plants bugs, one at a time, and looks whether tests/conformance/ finds them.

    mutations.py --build FOLDER [--only TEXT]

The sources are copied into FOLDER and built there; a bug (mutations.txt) is one replaced text. A bug is caught if a script
of conformance fails, a crash and a hang included; the first script that tells is named. Fails if a bug goes unnoticed.
Builds of the same folder go on where the last one ended.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

import conformance
import oracles

ROOT = pathlib.Path(__file__).resolve().parent.parent
conformance.TIMEOUT = 20


def planted():
    """(comment, file, text, replacement) of each bug."""
    comment, file, before = [], None, None
    for line in (ROOT / 'tests/mutations.txt').read_text().splitlines():
        if line.startswith('# '):
            comment.append(line[2:])
        elif line.startswith('- '):
            before = line[2:]
        elif line.startswith('+ '):
            yield ' '.join(comment), file, before, line[2:]
        elif line:
            file = line
        else:
            comment = []


def build(tree):
    done = subprocess.run(['ninja', '-C', str(tree / 'build'), 'mini'], capture_output=True, text=True)
    return done.returncode == 0


def copy_changed(source, target):
    """Copies a file or a folder; what is there with the same content keeps its time, so that it is not built anew."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            if not (source / old.name).exists():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for each in source.iterdir():
            copy_changed(each, target / each.name)
    elif not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def prepare(folder):
    """The sources, copied where they changed, and a first build."""
    tree = folder / 'tree'
    for name in ('runtime', 'interp', 'tests', 'CMakeLists.txt'):
        copy_changed(ROOT / name, tree / name)
    subprocess.run(['cmake', '-G', 'Ninja', '-S', str(tree), '-B', str(tree / 'build'), '-DCMAKE_BUILD_TYPE=Release'],
                   check=True, stdout=subprocess.DEVNULL)
    if not build(tree):
        sys.exit('mini does not build')
    return tree


def expectations():
    """What CPython, or its recorded answer, says of each script; those that race are left out."""
    python = oracles.wanted('3.13')
    found = []
    for path in map(pathlib.Path, conformance.scripts()):
        options = conformance.marks(path)
        answer = None if 'races' in options else conformance.answer(python, str(path), options)
        if answer:
            found.append((path, options, answer))
    return found


def caught_by(tree, expected, near):
    """The first script that differs; those named like the file are asked first."""
    order = sorted(expected, key=lambda row: not any(part in row[0].stem for part in near))
    for path, options, answer in order:
        if conformance.difference(answer, conformance.run([str(tree / 'build/mini')], str(path), options)):
            return path.stem
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--only', default='')
    given = parser.parse_args()
    given.build.mkdir(parents=True, exist_ok=True)
    tree = prepare(given.build.resolve())
    expected = expectations()
    if not expected:
        sys.exit('nothing to compare with')
    if caught_by(tree, expected, []):
        sys.exit('a script fails before any bug is planted')
    missed = count = 0
    for comment, file, before, after in planted():
        if given.only not in comment:
            continue
        path = tree / file
        text = path.read_text()
        if text.count(before) != 1:
            sys.exit(f'{file}: {text.count(before)} times: {before}')
        count += 1
        path.write_text(text.replace(before, after))
        if not build(tree):
            sys.exit(f'{file} does not compile with: {after}')
        found = caught_by(tree, expected, path.stem.split('_'))
        shutil.copyfile(ROOT / file, path)
        missed += found is None
        print(f'{"MISSED" if found is None else "caught by " + found}: {comment} ({file})', flush=True)
    print(f'{count - missed} of {count} planted bugs are caught')
    return 1 if missed or not count else 0


if __name__ == '__main__':
    sys.exit(main())
