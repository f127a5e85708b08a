#!/usr/bin/env python3
"""Writes random programs of the language's tiers 1 and 2 and compares what mini and CPython 3.13 say about them.

    program_generator.py --mini PATH [--programs N] [--seed S] [--print] [--census]

The same seed writes the same programs. Each program prints what it computes and ends; whatever it raises is printed too.
Many programs share a process: a batch is one script that runs each of them in a namespace of its own. --print shows the
programs of a seed, --census how many of them have each kind of syntax node, which fails if one is too rare. A program
that differs is printed with both answers. 77: no CPython 3.13 here.
"""
import argparse
import ast
import collections
import os
import random
import subprocess
import sys
import tempfile

import oracles

BATCH = 100
TIMEOUT = 120  # seconds for a batch
LEAST_SHARE = 0.01
MARK = '\x01program'

DRIVER = '''\
import sys
PROGRAMS = {programs!r}
for number, source in PROGRAMS:
    print({mark!r}, number)
    try:
        exec(compile(source, 'program', 'exec'), {{'__name__': '__main__'}})
    except BaseException as error:
        print('raised', type(error).__name__, error)
    sys.stdout.flush()
'''

# Nodes that tiers 1 and 2 have; the census counts them.
NODES = '''FunctionDef ClassDef Return Delete Assign AugAssign AnnAssign For While If With Raise Try Assert Import ImportFrom
Global Nonlocal Expr Pass Break Continue BoolOp NamedExpr BinOp UnaryOp Lambda IfExp Dict Set ListComp SetComp DictComp
GeneratorExp Yield YieldFrom Compare Call FormattedValue JoinedStr Constant Attribute Subscript Starred Name List Tuple Slice
And Or Add Sub Mult Div Mod Pow LShift RShift BitOr BitXor BitAnd FloorDiv Invert Not UAdd USub Eq NotEq Lt LtE Gt GtE Is
IsNot In NotIn ExceptHandler keyword Del'''.split()

WORDS = ['', 'a', 'abc', 'Hello', 'x y  z', 'ünï', '€uro', '😀!', 'tab\there', 'a,b,,c', '12', ' pad ', "it's", 'MiXed', 'ß']
FLOATS = ['0.0', '1.5', '-2.25', '1e10', '3.14159', '1e-7', '0.1', '100.0', '1e22']


class Writer:
    """One program. Variables are known by the kind of value that they hold."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.indent = 0
        self.names = {kind: [] for kind in ('int', 'float', 'str', 'list', 'dict', 'set', 'tuple', 'bool')}
        self.functions = []
        self.classes = []
        self.count = 0
        self.loops = 0
        self.function_depth = 0

    # -- small things

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, share):
        return self.rng.random() < share

    def line(self, text):
        self.lines.append('    ' * self.indent + text)

    def new(self, prefix='v'):
        self.count += 1
        return f'{prefix}{self.count}'

    def known(self, kind):
        return self.names[kind]

    def block(self, write):
        """An indented block, whose new variables may be missing behind it."""
        saved = {kind: list(names) for kind, names in self.names.items()}
        functions, classes = list(self.functions), list(self.classes)
        self.indent += 1
        before = len(self.lines)
        write()
        if len(self.lines) == before:
            self.line('pass')
        self.indent -= 1
        self.names, self.functions, self.classes = saved, functions, classes

    # -- expressions

    def expression(self, kind=None, depth=2):
        # Sets only by name of their kind: their order is not promised, and inside of others it would be shown.
        kind = kind or self.pick('int', 'int', 'str', 'str', 'list', 'float', 'dict', 'tuple', 'bool')
        if self.known(kind) and (depth <= 0 or self.chance(0.3)):
            return self.rng.choice(self.known(kind))
        return getattr(self, kind)(depth - 1)

    def int(self, depth):
        if depth <= 0:
            return self.pick('0', '1', '2', '3', '7', '10', '-1', '-5', '255', '1000', '2 ** 61', '0x1f', '0b101', '12345678901234567890')
        e, s, l = (lambda: self.expression('int', depth)), (lambda: self.expression('str', depth)), (lambda: self.expression('list', depth))
        return self.pick(
            lambda: f'({e()} {self.pick("+", "-", "*", "//", "%", "&", "|", "^")} {e()})',
            lambda: f'({e()} {self.pick("+", "-", "*")} {e()})',
            lambda: f'({self.pick("-", "~", "+")}{e()})',
            lambda: f'({e()} {self.pick("<<", ">>")} {self.pick(0, 1, 3, 9)})',
            lambda: f'({e()} ** {self.pick(0, 1, 2, 3)})',
            lambda: f'len({self.expression(self.pick("str", "list", "dict", "set", "tuple"), depth)})',
            lambda: f'({e()} if {self.expression("bool", depth)} else {e()})',
            lambda: f'sum([{e()}, {e()}])',
            lambda: f'{self.pick("min", "max")}({e()}, {e()})',
            lambda: f'abs({e()})',
            lambda: f'divmod({e()}, {self.pick(3, -4, 7)})[{self.pick(0, 1)}]',
            lambda: f'({self.new("w")} := {e()})',
            lambda: f'{s()}.{self.pick("find", "count", "rfind")}({s()})',
            lambda: f'(lambda {(a := self.new("a"))}, {(b := self.new("b"))}={e()}: {a} + {b} * 2)({e()})',
            lambda: f'int({self.expression("float", depth)})',
            lambda: f'round({self.expression("float", depth)})',
            lambda: f'hash({e()})',
            lambda: f'pow({e()}, {self.pick(2, 5)}, {self.pick(7, 1000)})',
            lambda: f'({e()}).bit_length()',
            lambda: f'len([{(x := self.new("x"))} for {x} in {l()} if {x}])',
            lambda: self.call('int', depth),
        )()

    def float(self, depth):
        if depth <= 0:
            return self.rng.choice(FLOATS)
        e = lambda: self.expression('float', depth)
        return self.pick(
            lambda: f'({e()} {self.pick("+", "-", "*")} {e()})',
            lambda: f'({self.expression("int", depth)} / {self.pick("2", "3", "7.5", self.expression("int", depth))})',
            lambda: f'float({self.expression("int", 1)})',
            lambda: f'round({e()}, {self.pick(0, 1, 2)})',
            lambda: f'({e()} {self.pick("//", "%")} {self.pick("2.5", "-3.0", "7")})',
            lambda: f'abs({e()})',
            lambda: f'(-{e()})',
        )()

    def str(self, depth):
        if depth <= 0:
            return repr(self.rng.choice(WORDS))
        e, i = (lambda: self.expression('str', depth)), (lambda: self.expression('int', depth))
        index = lambda: self.pick('', '1', '-2', '3', '0')
        return self.pick(
            lambda: f'({e()} + {e()})',
            lambda: f'({e()} * {self.pick(0, 1, 2, 3)})',
            lambda: f'{e()}.{self.pick("upper", "lower", "title", "capitalize", "strip", "swapcase", "casefold", "lstrip", "rstrip")}()',
            lambda: f'{e()}.replace({e()}, {e()}, {self.pick(1, 2, 5)})',
            lambda: f'{e()}[{index()}:{index()}{self.pick("", ":2", ":-1", ":1")}]',
            lambda: f'str({self.expression(None, depth)})' if self.chance(0.3) else f'str({i()})',
            lambda: f'repr({self.expression(self.pick("int", "str", "float", "list", "tuple"), depth)})',
            lambda: f"f'{{{i()}}}-{{{self.expression('float', 1)}:{self.pick('.2f', '10.3e', 'g', '+.1f', '>12', '^14.2f')}}}'",
            lambda: f'f"{{{i()}:{self.pick("d", "5d", "<8", ">8", "^9", "+d", ",", "_", "x", "#x", "b", "#o", "08d")}}}|"',
            lambda: f'f"{{{self.safe_text()}!{self.pick("r", "s", "a")}:{self.pick("", ">6", "*^9")}}}"',
            lambda: f"'%{self.pick('d', '5d', '-6d', '05d', 'x', '+d')}%%%s' % ({i()}, {e()})",
            lambda: f"'{{0}} {{1!r:>5}}'.format({i()}, {e()})",
            lambda: f'format({i()}, {self.pick("8d", "x", "+", ">10", "b")!r})',
            lambda: f"{self.pick(',', '-', '')!r}.join([{e()}, {e()}])",
            lambda: f"''.join(sorted({e()}))",
            lambda: f'{e()}.{self.pick("ljust", "rjust", "center", "zfill")}({self.pick(3, 8)})',
            lambda: f'({e()} {self.pick("or", "and")} {e()})',
            lambda: f'chr({self.pick(97, 233, 8364)})',
            lambda: f"' '.join({e()}.split({self.pick('', repr(','), repr('a'))}))",
            lambda: f'{e()}.encode().decode()',
        )()

    def safe_text(self):
        """A name of a text or a number: anything else would need quotes within quotes."""
        return self.rng.choice(self.known('str')) if self.known('str') else str(self.pick(1, 25))

    def bool(self, depth):
        if depth <= 0:
            return self.pick('True', 'False')
        i, s, l = (lambda: self.expression('int', depth)), (lambda: self.expression('str', depth)), (lambda: self.expression('list', depth))
        compare = lambda: self.pick('<', '<=', '>', '>=', '==', '!=')
        return self.pick(
            lambda: f'({i()} {compare()} {i()})',
            lambda: f'({i()} {compare()} {self.expression("float", depth)} {compare()} {i()})',
            lambda: f'({s()} {compare()} {s()})',
            lambda: f'({s()} {self.pick("in", "not in")} {s()})',
            lambda: f'({i()} {self.pick("in", "not in")} {self.expression(self.pick("list", "tuple", "set"), depth)})',
            lambda: f'(not {self.expression(None, depth)})',
            lambda: f'({self.expression("bool", depth)} {self.pick("and", "or")} {self.expression("bool", depth)})',
            lambda: f'({self.expression("list", depth)} is {self.pick("", "not ")}None)',
            lambda: f'isinstance({self.expression(None, depth)}, {self.pick("int", "str", "(list, tuple)", "dict", "float", "bool")})',
            lambda: f'{self.pick("any", "all")}({(x := self.new("x"))} for {x} in {l()})',
            lambda: f'{s()}.{self.pick("isdigit", "isalpha", "isupper", "islower", "isspace", "isalnum", "isidentifier")}()',
            lambda: f'{s()}.{self.pick("startswith", "endswith")}({s()})',
            lambda: f'({l()} {self.pick("==", "!=")} {l()})',
            lambda: f'bool({self.expression(None, depth)})',
        )()

    def list(self, depth):
        if depth <= 0:
            return self.pick('[]', '[1]', '[1, 2, 3]', '[3, 1, 2]', "['b', 'a']", '[0, 0]', '[[1], [2]]')
        e, i = (lambda: self.expression('list', depth)), (lambda: self.expression('int', depth))
        x = self.new('x')
        index = lambda: self.pick('', '1', '-1', '2', '0')
        return self.pick(
            lambda: f'[{i()}, {i()}, {self.expression(None, depth)}]',
            lambda: f'[{x} for {x} in range({self.pick(0, 3, 6)})]',
            lambda: f'[{x} * 2 for {x} in range({self.pick(3, 5)}) if {x} % 2]',
            lambda: f'[({x}, {x}{x}) for {x} in range(3) for {x}{x} in range({x})]',
            lambda: f'({e()} + {e()})',
            lambda: f'({e()} * {self.pick(0, 1, 2)})',
            lambda: f'{e()}[{index()}:{index()}{self.pick("", ":2", ":-1")}]',
            lambda: f'list({self.expression(self.pick("str", "tuple", "dict"), depth)})',
            lambda: f'[*{e()}, *{self.expression("tuple", depth)}]',
            lambda: f'sorted({self.expression("str", depth)}, reverse={self.pick("True", "False")})',
            lambda: f'sorted([{i()}, {i()}, {i()}], key=lambda {x}: {self.pick(f"-{x}", f"{x} % 3", f"str({x})")})',
            lambda: f'list(map(lambda {x}: {x} + {x}, [{i()}, {i()}]))',
            lambda: f'list(filter({self.pick("None", f"lambda {x}: {x}")}, {e()}))',
            lambda: f'list(zip({e()}, {self.expression("str", depth)}))',
            lambda: f'list(enumerate({self.expression("str", depth)}, {self.pick(0, 1)}))',
            lambda: f'list(reversed({e()}))',
            lambda: f'{self.expression("str", depth)}.split({self.pick("", repr(","))})',
            lambda: f'list(range({self.pick(-2, 0, 5)}, {self.pick(0, 4, 8)}, {self.pick(1, 2, -1)}))',
            lambda: f'sorted({self.expression("dict", depth)}.items(), key=repr)',
            lambda: self.call('list', depth),
        )()

    def tuple(self, depth):
        if depth <= 0:
            return self.pick('()', '(1,)', "(1, 'a')", '(2, 3)')
        x = self.new('x')
        return self.pick(
            lambda: f'({self.expression(None, depth)}, {self.expression(None, depth)})',
            lambda: f'tuple({self.expression("list", depth)})',
            lambda: f'tuple({x} for {x} in range({self.pick(0, 3)}))',
            lambda: f'({self.expression("tuple", depth)} + ({self.expression("int", depth)},))',
            lambda: f'(*{self.expression("list", depth)}, {self.expression("int", depth)})',
            lambda: f'{self.expression("tuple", depth)}[{self.pick("::-1", "1:", ":2")}]',
            lambda: f'divmod({self.expression("int", depth)}, {self.pick(3, -7)})',
            lambda: f'{self.expression("str", depth)}.partition({self.pick("a", " ", ",")!r})',
        )()

    def set(self, depth):
        if depth <= 0:
            return self.pick('set()', '{1}', '{1, 2, 3}', "{'a', 'b'}", 'frozenset([1, 2])')
        x = self.new('x')
        return self.pick(
            lambda: f'{{{self.expression("int", depth)}, {self.expression("str", depth)}}}',
            lambda: f'{{{x} % 3 for {x} in range({self.pick(2, 6)})}}',
            lambda: f'({self.expression("set", depth)} {self.pick("|", "&", "-", "^")} {self.expression("set", depth)})',
            lambda: f'set({self.expression("str", depth)})',
            lambda: f'{self.expression("set", depth)}.{self.pick("union", "intersection", "difference", "symmetric_difference")}({self.expression("str", depth)})',
        )()

    def dict(self, depth):
        if depth <= 0:
            return self.pick('{}', "{'a': 1}", "{1: 'x', 'b': [2]}", '{(1, 2): None}')
        x = self.new('x')
        return self.pick(
            lambda: f'{{{self.expression("str", depth)}: {self.expression(None, depth)}, {self.expression("int", depth)}: {self.expression("int", depth)}}}',
            lambda: f'{{{x}: {x} ** 2 for {x} in range({self.pick(0, 4)})}}',
            lambda: f'{{**{self.expression("dict", depth)}, "k": {self.expression("int", depth)}}}',
            lambda: f'dict(zip({self.expression("str", depth)}, range(9)))',
            lambda: f'dict(a={self.expression("int", depth)}, b={self.expression("str", depth)})',
            lambda: f'({self.expression("dict", depth)} | {self.expression("dict", depth)})',
            lambda: f'dict.fromkeys({self.expression("str", depth)}, {self.expression("int", depth)})',
            lambda: f'dict({self.expression("dict", depth)})',
        )()

    def call(self, kind, depth):
        found = [function for function in self.functions if function[1] == kind]
        if not found:
            return getattr(self, kind)(0)
        name, _, arguments = self.rng.choice(found)
        return name + '(' + ', '.join(self.argument(argument, depth) for argument in arguments) + ')'

    def argument(self, argument, depth):
        style, name, kind = argument
        value = self.expression(kind, min(depth, 1))
        return {'plain': value, 'keyword': f'{name}={value}', 'star': f'*[{value}]', 'stars': f"**{{'{name}': {value}}}"}[style]

    # -- statements

    def remember(self, kind, name):
        if name not in self.names[kind]:
            self.names[kind].append(name)

    def shown(self, kind, name):
        return f'sorted({name}, key=repr)' if kind == 'set' else name

    def assign(self):
        kind = self.pick(*self.names)
        name = self.rng.choice(self.known(kind)) if self.known(kind) and self.chance(0.3) else self.new()
        value = self.expression(kind, self.pick(1, 2, 3))
        if self.chance(0.08):
            other = self.new()
            self.line(f'{name} = {other} = {value}')
            self.remember(kind, other)
        elif self.chance(0.08) and not self.function_depth:
            self.line(f'{name}: {self.pick(kind, repr(kind))} = {value}')
        else:
            self.line(f'{name} = {value}')
        self.remember(kind, name)

    def augment(self):
        kind = self.pick('int', 'str', 'list', 'float', 'set', 'dict', 'int')
        if not self.known(kind):
            return self.assign()
        name = self.rng.choice(self.known(kind))
        operator, value = {
            'int': lambda: (self.pick('+', '-', '*', '//', '%', '|', '&', '^'), self.expression('int', 1)),
            'str': lambda: ('+', self.expression('str', 1)),
            'list': lambda: ('+', self.expression(self.pick('list', 'tuple', 'str'), 1)),
            'float': lambda: (self.pick('+', '-', '*', '/'), self.expression(self.pick('float', 'int'), 1)),
            'set': lambda: (self.pick('|', '&', '-', '^'), self.expression('set', 1)),
            'dict': lambda: ('|', self.expression('dict', 1)),
        }[kind]()
        self.line(f'{name} {operator}= {value}')
        if kind == 'int':
            self.line(f'{name} %= 1000003')
        if kind in ('list', 'str'):
            self.line(f'{name} = {name}[:40]')

    def show(self):
        kinds = [self.pick(*self.names) for _ in range(self.pick(1, 2, 3))]
        values = [self.shown(kind, self.expression(kind, 2)) for kind in kinds]
        self.line(f'print({", ".join(values)}{self.pick("", "", ", sep=" + repr("|"), ", end=" + repr(";" + chr(10)))})')

    def unpack(self):
        a, b, c = self.new(), self.new(), self.new()
        self.line(self.pick(
            f'{a}, {b} = {self.expression("int", 1)}, {self.expression("int", 1)}',
            f'{a}, *{c} = [{self.expression("int", 1)}, *{self.expression("list", 1)}]',
            f'({a}, {b}), {c} = ({self.expression("int", 1)}, {self.expression("int", 1)}), {self.expression("list", 1)}',
            f'{a}, {b} = {self.expression("tuple", 1)}',
            f'[{a}, *{c}, {b}] = {self.expression("list", 1)}',
        ))
        text = self.lines[-1]
        if 'tuple' not in text and '[' + a not in text and not text.strip().endswith(')'):
            self.line(f'print({a}{", " + b if b in text else ""}{", " + c if c in text else ""})')
        else:
            self.line(f'print({a})')

    def branch(self):
        self.line(f'if {self.expression("bool", 2)}:')
        self.block(lambda: self.statements(2))
        if self.chance(0.4):
            self.line(f'elif {self.expression(None, 2)}:')
            self.block(lambda: self.statements(1))
        if self.chance(0.5):
            self.line('else:')
            self.block(lambda: self.statements(1))

    def loop_body(self, extra):
        self.loops += 1

        def write():
            for text in extra:
                self.line(text)
            self.statements(self.pick(1, 2))
            if self.chance(0.4):
                self.line(f'if {self.expression("bool", 1)}:')
                self.block(lambda: self.line(self.pick('break', 'continue', 'pass')))
        self.block(write)
        self.loops -= 1
        if self.chance(0.3):
            self.line('else:')
            self.block(lambda: self.line("print('no break')"))

    def loop(self):
        if self.loops >= 2:
            return self.show()
        x, y = self.new('i'), self.new('j')
        if self.chance(0.3):
            self.line(f'{x} = {self.pick(2, 3, 4)}')
            self.line(f'while {x} > 0{self.pick("", f" and {x} != 99")}:')
            return self.loop_body([f'{x} -= 1'])
        target, source = self.pick(
            lambda: (x, f'range({self.pick(0, 2, 3)})'),
            lambda: (x, self.expression('list', 1) + '[:3]'),
            lambda: (x, self.expression('str', 1) + '[:3]'),
            lambda: (f'{x}, {y}', f'enumerate({self.expression("str", 1)}[:2])'),
            lambda: (f'{x}, {y}', f'list({self.expression("dict", 1)}.items())[:3]'),
            lambda: (f'{x}, {y}', f'zip(range(3), {self.expression("list", 1)})'),
        )()
        self.line(f'for {target} in {source}:')
        self.loop_body([f'print({target})'])

    def attempt(self):
        self.line('try:')
        def body():
            self.statements(self.pick(1, 2))
            if self.chance(0.5):
                self.line(self.pick(
                    f'raise {self.pick("ValueError", "KeyError", "RuntimeError")}({self.expression("str", 1)})',
                    f'print({self.expression("list", 1)}[{self.pick(0, 5, -1)}])',
                    f'print({self.expression("int", 1)} // {self.expression("int", 1)})',
                    f'print({self.expression("dict", 1)}[{self.expression("str", 1)}])',
                    f'print(int({self.expression("str", 1)}))',
                    f'print({self.expression(None, 1)} + {self.expression(None, 1)})',
                    f'assert {self.expression("bool", 1)}, {self.expression("str", 1)}',
                    f'raise ValueError from {self.pick("None", "KeyError(1)")}',
                    'undefined_name',
                    f'({self.expression("int", 1)}).missing',
                ))
        self.block(body)
        style = self.pick(1, 2, 3)
        if style != 3:
            self.line(f'except {self.pick("ValueError", "(KeyError, IndexError)", "ZeroDivisionError")} as error:')
            self.block(lambda: self.line('print(type(error).__name__, error, error.args)'))
            self.line('except Exception as error:')
            def handler():
                self.line('print("other", type(error).__name__, error)')
                if self.chance(0.1):
                    self.line('raise')
            self.block(handler)
            if self.chance(0.4):
                self.line('else:')
                self.block(lambda: self.statements(1))
        if style != 1:
            self.line('finally:')
            self.block(lambda: self.line(f'print("finally", {self.expression("int", 1)})'))

    def function(self):
        if self.function_depth >= 2 or self.indent > 3:
            return self.show()
        name, kind = self.new('f'), self.pick('int', 'list')
        parameters, arguments = [], []
        style = self.pick('plain', 'plain', 'default', 'star', 'keyword', 'only', 'generator')
        a, b, c = self.new('p'), self.new('p'), self.new('p')
        if style == 'plain':
            parameters, arguments = [a, b], [('plain', a, 'int'), (self.pick('plain', 'keyword', 'stars'), b, 'int')]
        elif style == 'default':
            parameters = [a, f'{b}={self.expression("int", 1)}', f'{c}=[]' if self.chance(0.3) else f'{c}=None']
            arguments = [(self.pick('plain', 'star'), a, 'int')] + [('keyword', b, 'int')] * self.pick(0, 1)
        elif style == 'star':
            parameters, arguments = [a, f'*{b}', f'**{c}'], [('plain', a, 'int')] + [('plain', a, 'str')] * self.pick(0, 2) + [('keyword', self.new('k'), 'int')] * self.pick(0, 1)
        elif style == 'keyword':
            parameters, arguments = [a, '*', b], [('plain', a, 'int'), ('keyword', b, 'int')]
        elif style == 'only':
            parameters, arguments = [a, '/', b], [('plain', a, 'int'), ('plain', b, 'int')]
        else:
            parameters, arguments, kind = [a, b], [('plain', a, 'int'), ('plain', b, 'int')], 'list'
        if self.chance(0.2):
            self.line('@(lambda function: function)')
        self.line(f'def {name}({", ".join(parameters)}){self.pick("", "", " -> " + kind)}:')
        outer = list(self.known('int'))
        is_generator = style == 'generator'
        cell = self.new('n')

        def body():
            saved = self.names
            self.names = {key: [] if key == 'int' else list(value) for key, value in saved.items()}
            self.function_depth += 1
            loops, self.loops = self.loops, 0
            if self.chance(0.3):
                self.line('"""Says what it does."""')
            if outer and self.function_depth == 1 and self.indent == 1 and self.chance(0.3):
                shared = self.rng.choice(outer)
                self.line(f'global {shared}')
                self.line(f'{shared} = {shared} % 1000 + 1')
            self.names = {key: [] for key in saved}
            if style != 'star':
                self.names['int'] = [name_ for name_ in (a, b) if any(part.split('=')[0] == name_ for part in parameters)]
            else:
                self.names['int'], self.names['tuple'], self.names['dict'] = [a], [b], [c]
            self.line(f'print({", ".join(part.strip("*").split("=")[0] for part in parameters if part not in "*/")})')
            if self.chance(0.3):
                self.line(f'{cell} = {self.expression("int", 1)}')
                self.line(f'def {cell}_(step):')
                self.line(f'    nonlocal {cell}')
                self.line(f'    {cell} += step')
                self.line(f'    return {cell}')
                self.line(f'print({cell}_(1), {cell}_(2))')
            self.statements(self.pick(1, 2, 3))
            if is_generator:
                self.line(f'yield {self.expression("int", 1)}')
                self.line(self.pick(f'yield from {self.expression("list", 1)}', f'got = yield {a}', f'yield from (item for item in range({self.pick(0, 2)}))'))
                if self.chance(0.3):
                    self.line('return 5')
            elif self.chance(0.9):
                self.line(f'return {self.expression(kind, 2)}')
            self.loops = loops
            self.function_depth -= 1
            self.names = saved
        self.block(body)
        self.functions.append((name, 'generator' if is_generator else kind, arguments))
        text = self.call_text(name, arguments)
        if is_generator:
            self.line(self.pick(f'print(list({text}))', f'print([item for item in {text}])', f'print(next({text}), sum(1 for _ in {text}))'))
        else:
            self.line(f'print({text})')

    def call_text(self, name, arguments):
        return name + '(' + ', '.join(self.argument(argument, 1) for argument in arguments) + ')'

    def a_class(self):
        if self.indent > 0:
            return self.show()
        name = self.new('C')
        base = self.rng.choice(self.classes) if self.classes and self.chance(0.5) else self.pick('', '', 'list', 'dict', 'Exception', 'int', 'str') if self.chance(0.3) else ''
        builtin = base in ('list', 'dict', 'Exception', 'int', 'str')
        self.line(f'class {name}{f"({base})" if base else self.pick("", "()")}:')
        self.indent += 1
        if self.chance(0.3):
            self.line(f'"""About {name}."""')
        self.line(f'shared = {self.expression("int", 1)}')
        if not builtin:
            self.line('def __init__(self, value=0, *rest):')
            if base:
                self.line('    super().__init__(value, *rest)')
            self.line('    self.value = value')
            self.line('    self.rest = rest')
            self.line('def __repr__(self):')
            self.line("    return f'{type(self).__name__}({self.value!r})'")
            for method in self.rng.sample([
                    ['def __eq__(self, other):', '    return isinstance(other, type(self)) and self.value == other.value'],
                    ['def __lt__(self, other):', '    return self.value < other.value'],
                    ['def __add__(self, other):', '    return type(self)(self.value + (other.value if hasattr(other, "value") else other))'],
                    ['def __radd__(self, other):', '    return type(self)(other + self.value)'],
                    ['def __len__(self):', '    return abs(self.value) % 5'],
                    ['def __getitem__(self, index):', '    if index >= 3: raise IndexError(index)', '    return self.value + index'],
                    ['def __contains__(self, item):', '    return item == self.value'],
                    ['def __iter__(self):', '    yield self.value', '    yield from range(2)'],
                    ['def __call__(self, *arguments, **keywords):', '    return self.value, arguments, keywords'],
                    ['def __enter__(self):', '    print("enter")', '    return self',
                     'def __exit__(self, kind, value, traceback):', '    print("exit", kind and kind.__name__)', f'    return {self.pick("True", "False", "None")}'],
                    ['def __getattr__(self, name):', '    if name.startswith("x"): return name', '    raise AttributeError(name)'],
                    ['@property', 'def twice(self):', '    return self.value * 2', '@twice.setter', 'def twice(self, new):', '    self.value = new // 2'],
                    ['@classmethod', 'def make(cls, *arguments):', '    return cls(*arguments)'],
                    ['@staticmethod', 'def helper(first, second=2):', '    return first, second'],
                    ['def __bool__(self):', '    return self.value > 1'],
                    ['def __hash__(self):', '    return hash(self.value)'],
                    ['def __neg__(self):', '    return -self.value'],
                    ['def __iadd__(self, other):', '    self.value += other', '    return self'],
                    ['def __format__(self, spec):', '    return "<" + spec + ">"'],
                    ['def __setattr__(self, name, value):', '    object.__setattr__(self, name, value)'],
            ], self.pick(1, 3, 5)):
                for text in method:
                    self.line(text)
        else:
            self.line('def extra(self):')
            self.line(f'    return type(self).__name__, {self.pick("self.shared", "isinstance(self, " + base + ")")}')
        self.indent -= 1
        item = self.new('o')
        make = {'list': '([1, 2])', 'dict': '(a=1)', 'Exception': "('text')", 'int': '(7)', 'str': "('text')"}.get(base, f'({self.expression("int", 1)})')
        self.line(f'{item} = {name}{make}')
        if not builtin:
            self.classes.append(name)
        for _ in range(self.pick(2, 4)):
            use = self.pick(f'{item} + 1', f'1 + {item}', f'len({item})', f'list({item})', f'{item}[1]', f'2 in {item}', f'{item}.twice',
                            f'{item}.make(3)', f'{item}.helper(1)', f'{item}(1, k=2)', f'{item}.xyz', f'bool({item})', f'{item} == {name}{make}',
                            f'{item} < {item}', f'-{item}', f'f"{{{item}:>5}}"', f'{name}.shared', f'getattr({item}, "value", None)',
                            f'hasattr({item}, "nothing")', f'{item}.extra()', f'[{item}] == [{item}]', f'{name}.__name__, {name}.__mro__[-1]',
                            f'isinstance({item}, {name})', f'sorted([{item}, {item}]) == [{item}, {item}]', f'{item}.shared', f'str({item})')
            self.line('try:')
            self.line(f'    print({use})')
            self.line('except Exception as error:')
            self.line('    print(type(error).__name__, error)')
        self.line(self.pick(f'del {item}', f'{item} = None', f'print({item})', f'{item} = [{item}]', f'print({name}.__doc__, {item}.__class__.__name__)'))
        if self.chance(0.3):
            self.line('try:')
            self.line(f'    with {name}{make} as opened:')
            self.line(f'        print(opened is not None, {self.expression("int", 1)})')
            self.line(f'        {self.pick("pass", "raise ValueError(1)", "1 // 0")}')
            self.line('except Exception as error:')
            self.line('    print(type(error).__name__, error)')

    def remove(self):
        if self.known('list') and self.chance(0.5):
            name = self.rng.choice(self.known('list'))
            self.line(self.pick(f'del {name}[{self.pick(":1", "1:", "::2", ":")}]', f'{name}[{self.pick(":0", "1:2", "5:")}] = {self.expression("list", 1)}',
                                f'{name}.append({self.expression("int", 1)})',
                                f'{name}.{self.pick("reverse", "clear", "copy")}()', f'{name}.sort(key=repr)', f'{name}.insert({self.pick(0, -1, 9)}, {self.expression("int", 1)})'))
        elif self.known('dict') and self.chance(0.6):
            name = self.rng.choice(self.known('dict'))
            self.line(self.pick(f'{name}[{self.expression("str", 1)}] = {self.expression(None, 1)}', f'{name}.pop({self.expression("str", 1)}, None)',
                                f'print({name}.setdefault({self.expression("str", 1)}, {self.expression("int", 1)}))', f'{name}.update({self.expression("dict", 1)})',
                                f'print(list({name}.{self.pick("keys", "values", "items")}()))', f'print({name}.get({self.expression("str", 1)}))'))
        else:
            name = self.new()
            self.line(f'{name} = {self.expression(None, 1)}')
            self.line(f'del {name}')

    def module(self):
        self.line(self.pick(
            'import math; print(math.floor(2.5), math.gcd(12, 18), math.isqrt(50))',
            'from math import sqrt as root, pi; print(root(16), round(pi, 3))',
            'import itertools; print(list(itertools.islice(itertools.count(3, 2), 4)), list(itertools.product([1, 2], "ab")))',
            'from itertools import chain, groupby, accumulate; print(list(chain([1], "a")), [(k, len(list(g))) for k, g in groupby("aabbb")], list(accumulate([1, 2, 3])))',
            'import operator; print(operator.itemgetter(1)([5, 6]), operator.add(2, 3))',
            'import sys; print(sys.maxsize, sys.version_info >= (3, 9))',
            'from _collections import deque, defaultdict; d = deque([1, 2], 3); d.appendleft(0); d.append(5); print(d, defaultdict(int, a=1))',
            'import io; s = io.StringIO(); print("in", 1, file=s); print(repr(s.getvalue()))',
        ))

    def evaluate(self):
        text = self.expression(self.pick('int', 'str', 'list'), 1)
        self.line(self.pick(f'print(eval({text!r}))', f'exec("print(" + {text!r} + ")")', f'print(eval(compile({text!r}, "text", "eval")))'))

    def lone(self):
        self.line(self.pick('pass', self.expression(None, 1), '...', f'assert {self.expression("int", 1)} is not None',
                            f'print({{{self.expression("int", 1)}: 1}} | {{}})', f'if {self.expression("bool", 1)}: pass',
                            f'print((lambda *a, **k: (a, k))(*{self.expression("list", 1)}, **{{"z": 1}}))'))

    def statements(self, count):
        for _ in range(count):
            self.rng.choices(
                [self.assign, self.augment, self.show, self.unpack, self.branch, self.loop, self.attempt, self.function, self.a_class,
                 self.remove, self.module, self.evaluate, self.lone],
                [24, 10, 16, 6, 7, 7, 8, 7, 5, 7, 2, 2, 4])[0]()

    def write(self):
        self.statements(self.rng.randrange(8, 20))
        for kind, names in self.names.items():
            for name in names[:3]:
                self.line(f'print({self.shown(kind, name)})')
        return '\n'.join(self.lines) + '\n'


def programs(seed, count):
    return [(number, Writer(random.Random(seed * 1_000_003 + number)).write()) for number in range(count)]


def answers(command, batch, directory):
    """What each program of a batch printed, by number; a batch that does not end well has a last answer that says so."""
    path = os.path.join(directory, 'batch.py')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(DRIVER.format(programs=batch, mark=MARK))
    environment = {'PATH': os.environ.get('PATH', ''), 'PYTHONHASHSEED': '0', 'PYTHONIOENCODING': 'utf-8'}
    try:
        done = subprocess.run(command + [path], capture_output=True, encoding='utf-8', errors='surrogateescape',
                              timeout=TIMEOUT, env=environment)
        text, end = done.stdout, f'(the batch ended with status {done.returncode})\n{done.stderr[-2000:]}'
        good = done.returncode == 0
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b'').decode('utf-8', 'replace')
        end, good = '(the batch did not end)', False
    found, last = {}, None
    for piece in text.split(MARK + ' ')[1:]:
        number, _, output = piece.partition('\n')
        last = int(number)
        found[last] = output
    if not good and last is not None:
        found[last] += end
    return found


def census(all_programs):
    counts = collections.Counter()
    for _, source in all_programs:
        counts.update({type(node).__name__ for node in ast.walk(ast.parse(source))})
    rare = [node for node in NODES if counts[node] < LEAST_SHARE * len(all_programs)]
    for node in sorted(NODES, key=lambda node: counts[node]):
        print(f'{100 * counts[node] / len(all_programs):6.1f} %  {node}')
    return rare


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini')
    parser.add_argument('--programs', type=int, default=600)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--print', action='store_true')
    parser.add_argument('--census', action='store_true')
    parser.add_argument('--option', action='append', default=[], help='for mini, such as --schedule=every:1')
    given = parser.parse_args()
    chosen = programs(given.seed, given.programs)
    if given.print:
        for number, source in chosen:
            print(f'# program {number}\n{source}')
        return 0
    if given.census:
        if sys.version_info < (3, 12):  # which cannot read the f-strings of 3.12 and later
            python = oracles.require('3.13')
            return subprocess.run([python] + sys.argv).returncode
        rare = census(chosen)
        if rare:
            print('too rare:', ', '.join(rare))
        return 1 if rare else 0
    python = oracles.require('3.13')
    wrong = 0
    with tempfile.TemporaryDirectory() as directory:
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start:start + BATCH]
            expected = answers([python], batch, directory)
            got = answers([os.path.abspath(given.mini)] + given.option, batch, directory)
            for number, source in batch:
                if expected.get(number) == got.get(number):
                    continue
                wrong += 1
                print(f'---- seed {given.seed}, program {number}\n{source}---- expected\n{expected.get(number)}---- got\n{got.get(number)}')
    print(f'{len(chosen) - wrong} alike, {wrong} differ')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
