#!/usr/bin/env python3
"""Compares thousands of random expressions over numbers, texts, bytes, lists, tuples, ranges and slices with CPython 3.13:
values, and the types and texts of exceptions.

    builtins_oracle.py MINI [SEED [COUNT]]

Without a seed: three fixed ones. A difference prints the expression, which is valid Python.
"""
import os
import random
import sys
import tempfile

import oracles

RUNNER = """
for source in open({path!r}, encoding="utf-8").read().split("\\n"):
    try:
        print(source, "->", ascii(eval(source))[:250])
    except Exception as error:
        print(source, "!", type(error).__name__, ascii(str(error)))
"""


class Generator:
    """Expressions as text; every method draws one."""

    EDGES = [0, 1, -1, 2**61 - 1, 2**61, -2**61, -2**61 - 1, 2**63 - 1, 2**63, -2**63, 2**64, 10**18, 10**30, -10**30, 255,
             True, False]
    FLOATS = [0.0, -0.0, 1.0, -1.5, 1e300, -1e300, 1e-300, 5e-324, 1e16, 1e15, 0.1, 2.5, 1e22, float('inf'),
              float('-inf'), float('nan')]
    LETTERS = ['a', 'b', 'A', 'B', ' ', '\t', '\n', 'é', 'ß', '日', '1', '_', '.', ',', '\u2028', 'aa', 'ab', 'İ', 'Σ', 'x',
               '\x85', '²', 'ǆ', '"', "'", '\\', '\x00', '\u0301', '😀', '\r\n', '$']
    INDICES = [None, None, 0, 1, 2, 3, -1, -2, 5, -7, 100, -100, 10**30, -10**30]

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice
        self.below = self.random.randrange

    def chance(self, share):
        return self.random.random() < share

    # ---- operands

    def number(self):
        kind = self.below(10)
        if kind == 0:
            return self.pick(self.EDGES)
        if kind < 4:
            return self.below(-1000, 1000)
        if kind < 6:
            return self.below(-10**self.below(1, 40), 10**self.below(1, 40) + 1)
        return self.pick(self.FLOATS) if kind == 6 else self.random.uniform(-1, 1) * 10.0**self.below(-20, 25)

    def literal(self, value=None):
        value = self.number() if value is None else value
        if isinstance(value, float) and (value != value or abs(value) == float('inf')):
            return f"float('{value!r}')"
        return f'({value!r})'

    def text(self, length=8):
        pool = self.LETTERS if self.chance(.6) else ['a', 'b', ' ', ',', 'A', '1', '\n', 'ab']
        return ''.join(self.pick(pool) for _ in range(self.below(length)))

    def value(self, depth=0):
        kind = self.below(9)
        if kind in (4, 5) and depth < 2:
            items = [self.value(depth + 1) for _ in range(self.below(4))]
            return items if kind == 4 else tuple(items)
        return self.pick([self.below(-5, 5), self.pick([1.5, 0.0, -2.0, True, False]), self.text(3), None])

    def integers(self, length=10):
        return [self.below(6) for _ in range(self.below(length))]

    def bounds(self):
        return ''.join(f', {self.pick(self.INDICES)!r}' for _ in range(self.below(3)))

    def slice(self, steps=(None, 1, 2, -1, -2, 3, -3, 0, 10**20)):
        parts = self.pick(self.INDICES), self.pick(self.INDICES), self.pick(steps)
        return ':'.join('' if part is None else str(part) for part in parts)

    # ---- expressions

    def format_spec(self):
        pieces = []
        if self.chance(.4):
            pieces.append(self.pick(['', '*', 'x', '0', 'é', ' ']) + self.pick('<>=^'))
        for share, choice in ((.3, '+- '), (.1, 'z'), (.2, '#'), (.2, '0')):
            pieces.append(self.pick(choice) if self.chance(share) else '')
        pieces.append(str(self.below(25)) if self.chance(.6) else '')
        pieces.append(self.pick(',_') if self.chance(.2) else '')
        pieces.append(f'.{self.below(12)}' if self.chance(.3) else '')
        pieces.append(self.pick('bcdeEfFgGnosxX%') if self.chance(.7) else '')
        return ''.join(pieces)

    def formatted(self):
        value = self.literal() if self.chance(.85) else repr(self.pick(['abc', '', 'héllo', '日本']))
        return f'format({value}, {self.format_spec()!r})'

    def percent(self):
        flags = ''.join(self.pick('-+ #0') for _ in range(self.below(3)))
        width = str(self.below(20)) if self.chance(.5) else ''
        precision = f'.{self.below(10)}' if self.chance(.4) else ''
        value = self.literal() if self.chance(.85) else repr(self.pick(['abc', 'x', 'é']))
        return f'{"%" + flags + width + precision + self.pick("diouxXeEfFgGcrsa") + "|"!r} % ({value},)'

    def arithmetic(self):
        operator = self.pick('+ - * / // % ** << >> & | ^ < <= == != > >= @'.split())
        right = self.below(-5, 70) if operator in ('**', '<<', '>>') else self.number()
        return f'{self.literal()} {operator} {self.literal(right)}'

    def of_number(self):
        return self.pick([
            'hash(%s)', '-%s', 'abs(%s)', 'bool(%s)', 'int(%s)', 'float(%s)', 'round(%s)', 'divmod(%s, 7)',
            'divmod(%s, -2.5)', '~%s', '+%s', 'round(%s, 3)', 'round(%s, -2)', 'str(%s)', '%s.is_integer()',
            '%s.as_integer_ratio()', 'pow(%s, 3, 17)', '%s.hex()', '%s.bit_length()', '%s.bit_count()',
            '%s.to_bytes(20, "little", signed=True)', '%s.conjugate()', '%s.numerator']) % self.literal()

    def parsed(self):
        pieces = ['0', '1', '9', 'a', 'f', 'z', '_', '-', '+', ' ', 'x', '0x', '0b', '.', 'e', '١', 'inf', 'nan', '\t']
        text = ''.join(self.pick(pieces) for _ in range(self.below(1, 7)))
        return self.pick([f'int({text!r}, {self.pick([0, 2, 8, 10, 16, 36])})', f'float({text!r})', f'int({text!r})',
                          f'float.fromhex({text!r})'])

    def of_text(self):
        text, other, third = repr(self.text(12)), repr(self.text(3)), repr(self.text(3))
        return self.pick([
            f'{text}.{self.pick(["find", "rfind", "index", "rindex", "count", "startswith", "endswith"])}({other}{self.bounds()})',
            f'{text}.{self.pick(["split", "rsplit"])}({self.pick(["", other, f"None, {self.below(-1, 4)}", f"{other}, {self.below(-1, 4)}"])})',
            f'{text}.splitlines({self.pick(["", "True"])})',
            f'{text}.{self.pick(["partition", "rpartition", "removeprefix", "removesuffix"])}({other})',
            f'{text}.replace({other}, {third}, {self.below(-1, 4)})',
            f'{text}.{self.pick(["strip", "lstrip", "rstrip"])}({self.pick(["", other, "None"])})',
            f'{text}.{self.pick(["upper", "lower", "title", "capitalize", "swapcase", "casefold"])}()',
            f'{text}.{self.pick(["center", "ljust", "rjust"])}({self.below(-2, 20)}, {self.pick("*é日")!r})',
            f'{text}.zfill({self.below(10)})', f'{text}.expandtabs({self.below(-1, 9)})',
            f'{other}.join({[self.text(3) for _ in range(self.below(5))]!r})',
            f'{text}.is{self.pick("digit alpha alnum space upper lower identifier numeric decimal printable title ascii".split())}()',
            f'{text}[{self.slice()}]', f'{text} * {self.below(-1, 4)}', f'{other} in {text}', f'{text} + {other}',
            f'{text} {self.pick(["<", "<=", "==", "!=", ">", ">="])} {self.text(12)!r}', f'repr({text})', f'ascii({text})',
            f'{text}.encode({self.pick(["utf-8", "ascii", "latin-1"])!r}, {self.pick(["strict", "ignore", "replace", "backslashreplace"])!r})',
            f'{text}.translate(str.maketrans("ab1", "xyz", "é "))', f'len({text}), list({text})', f'max({text}), min({text})'])

    def template(self):
        pieces = ['{', '}', '{}', '{0}', '{1!r}', '{a[0]}', '{b[k]:>{0}}', '{{', '}}', 'x', '{a', '{:5}', '!', '[', ']', '.',
                  '{0.real}', '{a[5]}', '{zz}', 'é']
        text = ''.join(self.pick(pieces) for _ in range(self.below(1, 5)))
        return f'{text!r}.format(1, "x", a=[1, 2], b={{"k": 3}})'

    def of_sequence(self):
        items = self.integers() if self.chance(.7) else [self.value() for _ in range(self.below(6))]
        either = self.pick([items, tuple(items)])
        small = self.below(-8, 8)
        # An expression that changes a list shows it afterwards.
        change = self.pick([
            f'x.__setitem__(slice({self.pick(self.INDICES)!r}, {self.pick(self.INDICES)!r}, {self.pick([None, 1, 2, -1])!r}), {self.integers(5)!r})',
            f'x.__delitem__(slice({self.pick(self.INDICES)!r}, {self.pick(self.INDICES)!r}, {self.pick([None, 1, 2, -1, -3])!r}))',
            f'x.insert({small}, 9)', f'x.pop({small})', f'x.remove({self.value()!r})', 'x.reverse()',
            f'x.sort({self.pick(["", "reverse=True", "key=lambda v: -v", "key=str", "key=str, reverse=True"])})',
            f'x.extend({self.pick([self.integers(), tuple(self.integers()), "ab", range(3), 5, None])!r})'])
        return self.pick([
            f'{either!r}[{self.slice()}]', f'(lambda x: ({change}, x))({items!r})', f'(lambda x: ({change}, x))({items!r})',
            f'{either!r}.index({self.value()!r}{self.pick(["", ", 1", ", -3, 5"])})', f'{either!r}.count({self.value()!r})',
            f'{either!r} {self.pick(["<", "<=", "==", "!=", ">", ">="])} {self.pick([self.integers(), tuple(self.integers()), either])!r}',
            f'{either!r} + {self.pick([self.integers(), tuple(self.integers())])!r}',
            f'{either!r} * {self.pick([0, 1, 2, -1, True, 1.5, "a"])!r}', f'{self.value()!r} in {either!r}',
            f'hash({tuple(items)!r}) == hash({tuple(items)!r})', f'list(reversed({either!r}))',
            f'sorted({either!r}{self.pick(["", ", reverse=True", ", key=str"])})', f'min({either!r}), max({either!r})'])

    def of_range(self):
        numbers = f'range({", ".join(str(self.below(-6, 12)) for _ in range(self.below(1, 4)))})'
        # A range holds 62-bit numbers; CPython's has no limit.
        return self.pick(['%s', 'list(%s)', 'len(%s)', f'%s[{self.slice((None, 1, 2, -1, -2, 0))}]', 'list(reversed(%s))', '%s == range(0, 6, 2)',
                          '%s[2]', '3 in %s', '%s.index(2)', '%s.count(1)', '2.0 in %s', '"a" in %s']) % numbers

    def of_slice(self):
        parts = self.pick(self.INDICES), self.pick(self.INDICES), self.pick([None, 1, 2, -1, -2, 0])
        return f'slice({parts[0]!r}, {parts[1]!r}, {parts[2]!r}).indices({self.below(9)})'

    def of_bytes(self):
        data = repr(bytes(self.pick(b'ab ,\n\xff\x00A1\xc3\xa9\xe2\x82') for _ in range(self.below(8))))
        other = repr(bytes(self.pick(b'ab ,') for _ in range(self.below(3))))
        return self.pick([
            f'{data}.{self.pick(["find", "rfind", "index", "count", "startswith", "endswith"])}({other}{self.bounds()})',
            f'{data}.split({self.pick(["", other, "None, 1", f"{other}, 1"])})',
            f'{data}.replace({other}, b"zz", {self.below(-1, 3)})', f'{data}.strip({self.pick(["", other])})',
            f'{data}.decode({self.pick(["utf-8", "ascii", "latin-1"])!r}, {self.pick(["strict", "ignore", "replace", "backslashreplace", "surrogateescape"])!r})',
            f'{data}[{self.slice()}]', f'{data}.hex()', f'{data} {self.pick(["<", "==", "+", ">="])} {other}',
            f'{data}.splitlines({self.pick(["", "True"])})', f'list({data}), {data} * 2, {data}.partition(b"a")'])

    def expression(self):
        return self.pick([self.formatted, self.percent, self.arithmetic, self.arithmetic, self.of_number, self.parsed,
                          self.of_text, self.of_text, self.template, self.of_sequence, self.of_sequence, self.of_range,
                          self.of_slice, self.of_bytes])()


def main():
    python = oracles.require('3.13')
    mini = os.path.abspath(sys.argv[1])
    seeds = [int(sys.argv[2])] if len(sys.argv) > 2 else [1, 2, 3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 4000
    different = compared = 0
    with tempfile.TemporaryDirectory() as directory:
        expressions, script = os.path.join(directory, 'expressions'), os.path.join(directory, 'runner.py')
        with open(script, 'w', encoding='utf-8') as file:
            file.write(RUNNER.format(path=expressions))
        for seed in seeds:
            generator = Generator(seed)
            with open(expressions, 'w', encoding='utf-8', newline='\n') as file:
                file.write('\n'.join(ascii(generator.expression()).join(['eval(', ')']) for _ in range(count)))
            expected = oracles.run([python, '-W', 'ignore', script])
            got = oracles.run([mini, script])
            expected_lines, got_lines = expected.stdout.split('\n'), got.stdout.split('\n')
            if len(expected_lines) != len(got_lines):
                print(f'seed {seed}: mini ended early: {got.stderr[-500:]}')
                different += 1
            for line, other in zip(expected_lines, got_lines):
                compared += 1
                if line != other:
                    different += 1
                    print(f'expected {line}\n     got {other}')
    print(f'{compared} expressions, {different} differ')
    return 1 if different or compared < count else 0


if __name__ == '__main__':
    sys.exit(main())
