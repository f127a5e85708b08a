#!/usr/bin/env python3
"""Checks that each word of the language (language_words.txt) is named by a script of conformance/."""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    text = ''
    for path in sorted(glob.glob(os.path.join(HERE, 'conformance', '*.mini'))):
        with open(path, encoding='utf-8', errors='replace') as file:
            text += file.read()
    named = set(re.findall(r'\w+', text))
    missing, count = [], 0
    with open(os.path.join(HERE, 'language_words.txt'), encoding='utf-8') as file:
        for line in file:
            if line.startswith('#') or not line.strip():
                continue
            group, _, words = line.partition(': ')
            for word in words.split():
                count += 1
                if not (word in named if re.fullmatch(r'\w+', word) else word in text):
                    missing.append(f'{group}: {word}')
    for entry in missing:
        print('no script names', entry)
    print(f'{count} words, {len(missing)} missing')
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
