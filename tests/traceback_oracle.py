#!/usr/bin/env python3
"""Compares mini's tracebacks with CPython 3.13's, live.

    traceback_oracle.py TRACEBACK_TOOL [MINI] [--random=N] [--seed=N]

Carets: the lines shown for every position of the programs in traceback_snippets.txt, of N random ones, and for places
that no program has. Near misses: what is meant by N misspelt names. With MINI: what the scripts of
traceback_scripts.txt print. A missing CPython is a visible skip, with MINI_REQUIRE_ORACLES=1 a failure.
"""

import argparse
import builtins
import json
import linecache
import os
import random
import subprocess
import sys
import tempfile
import traceback
import types
import warnings

import oracles

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = "3.13"
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"]
ATOMS = ["a", "b", "foo", "\u00e9", "\u5b57", "1", "'s'", "'\u5b57'", "1.5", "None", "'\u00e9+'", "(a)", "[]",
         '"""q\nr"""', "f'{a}'"]
SPACES = [""] * 10 + [" "] * 6 + ["  ", "\t", "\n", " # ) ( [ + \n", " \\\n ", "\n\n  \n"]
STATEMENTS = ["x = (%s)", "f(%s)", "return (%s)", "x = f(%s)", "return f(%s)", "assert (%s)", "for x in (%s): pass",
              "x[%s] = 1", "x = [%s]  # \u5b57 + \u00e9", "(\n%s\n)"]


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file if not line.startswith("#")]


def expression(rng, depth):
    def part(less=1):
        return expression(rng, depth - less)

    def space():
        return rng.choice(SPACES)

    if depth <= 0:
        return rng.choice(ATOMS)
    return rng.choice([
        lambda: part() + space() + rng.choice(OPERATORS) + space() + part(),
        lambda: part() + space() + rng.choice(OPERATORS) + space() + part(),
        lambda: f"({space()}{part()}{space()})",
        lambda: f"{part()}{space()}({space()}{', '.join(part(2) for _ in range(rng.randrange(3)))}{space()})",
        lambda: f"{part()}{space()}[{space()}{part(2)}{space()}]",
        lambda: f"{part()}{space()} .{space()}attr",
        lambda: rng.choice("-~+") + space() + part(),
        lambda: f"{part()} {rng.choice(['<', '==', 'in', 'is not'])} {part()}",
        lambda: f"[{part(2)},{space()}{part(2)}]",
        lambda: f"({part(2)} if {part(2)} else {part()})",
    ])()


def programs(rng, count):
    for snippet in read("traceback_snippets.txt"):
        yield from {snippet.replace("+", operator) for operator in OPERATORS}
    while count:
        program = rng.choice(STATEMENTS) % expression(rng, rng.randrange(1, 4))
        indent = rng.choice(["", "  ", "\t", "    "])
        if indent or "return" in program:
            program = "def f():\n" + (indent or " ") + program
        yield program
        count -= 1


def codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def compare_carets(tool, rng, count):
    cases = []
    for program in programs(rng, count):
        name = f"<{len(cases)}>"
        try:
            code = compile(program, name, "exec")
        except SyntaxError:
            continue
        lines = program.split("\n")
        linecache.cache[name] = (len(program), None, [line + "\n" for line in lines], name)
        found = {p for inner in codes(code) for p in inner.co_positions() if None not in p and p[0]}
        first = rng.randint(1, len(lines))
        last = rng.randint(first, len(lines))
        found.add((first, last, rng.randint(0, len(lines[first - 1].encode())), rng.randint(0, len(lines[last - 1]))))
        cases += [(name, program, position) for position in sorted(found)]

    def request(program, place):
        line, end_line, column, end_column = place
        text = program.encode()
        return b"carets %d %d %d %d %d\n%s" % (line, end_line, column, end_column, len(text), text)

    answers = ask(tool, [request(program, place) for _, program, place in cases])
    different = []
    for (name, program, (line, end_line, column, end_column)), mine in zip(cases, answers):
        summary = traceback.FrameSummary(name, line, "f", lookup_line=False, end_lineno=end_line, colno=column,
                                         end_colno=end_column)
        his = traceback.StackSummary().format_frame_summary(summary).split("\n", 1)[1]
        if mine != his:
            different.append(((program, line, end_line, column, end_column), mine, his))
    return len(cases), different


def misspell(rng, name):
    letters = list(name)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(letters)) if letters else 0
        letters[at:at + rng.randrange(2)] = rng.choice(["", rng.choice("abcXYZ_\u00e91[{"), "".join(letters[at:at + 1]).swapcase()])
    return "".join(letters) or "q"


def compare_near_misses(tool, rng, count):
    import _suggestions
    pool = dir(builtins) + dir(str) + dir(sys) + ["\u00e9", "gr\u00f6\u00dfe", "groesse", "x" * 41, "ab" * 25, "A", "a"]
    cases = [("pritn", ["zzzzzzzz"] * others + ["print"]) for others in (748, 749, 750)]
    for _ in range(count):
        name = rng.choice(pool)
        names = [rng.choice(pool) for _ in range(rng.randrange(12))] + [misspell(rng, name), name][rng.randrange(3):]
        rng.shuffle(names)
        cases.append((misspell(rng, name), names))
    answers = ask(tool, [f"near {wrong} {len(names)} {' '.join(names)}\n".encode() for wrong, names in cases])
    his = [_suggestions._generate_suggestions(names, wrong) or "" for wrong, names in cases]
    return len(cases), [(c, m, h) for c, m, h in zip(cases, answers, his) if m != h]


def ask(tool, requests):
    out = subprocess.run([tool], input=b"".join(requests), stdout=subprocess.PIPE, check=True).stdout.decode()
    answers = out.split("\x01\n")[:-1]
    assert len(answers) == len(requests)
    return answers


def compare_scripts(mini):
    def run(command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"})
        return f"{done.stdout.decode('utf-8', 'replace')}status {done.returncode}"

    scripts, different = read("traceback_scripts.txt"), []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "script.py")
        for script in scripts:
            with open(path, "w", encoding="utf-8") as file:
                file.write(script + "\n")
            mine, his = run([mini, path]), run([sys.executable, path])
            if mine != his:
                different.append((script, mine, his))
    return len(scripts), different


def report(what, count, different):
    print(f"{what}: {count - len(different)} of {count} agree")
    for case, mine, his in different[:5]:
        print(f"--- {case!r}\nmini:\n{mine}\nCPython:\n{his}")
    return not different


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("mini", nargs="?")
    parser.add_argument("--random", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    oracles.continue_under(VERSION)
    warnings.simplefilter("ignore")
    rng = random.Random(arguments.seed)
    fine = report("carets", *compare_carets(arguments.tool, rng, arguments.random))
    fine &= report("near misses", *compare_near_misses(arguments.tool, rng, arguments.random))
    if arguments.mini:
        fine &= report("scripts", *compare_scripts(arguments.mini))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
