#!/usr/bin/env python3
"""Compares mini's parser with CPython 3.13's, live.

    parser_oracle.py PARSE_TOOL [--mutants=N] [--seed=N] [--library] [FILE...]

Trees: every node and position of the files (by default scripts/ and tests/; --library adds CPython's own). Errors: kind,
text, lines and columns for the snippets of syntax_error_snippets.txt, and for N programs made from right ones by
dropping, doubling, swapping, replacing or adding a token. What mini refuses on purpose does not count. A missing CPython
is a visible skip, with MINI_REQUIRE_ORACLES=1 a failure.
"""

import argparse
import ast
import glob
import io
import json
import os
import random
import re
import subprocess
import sys
import tokenize
import warnings

import oracles

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "unit", "compile")]

VERSION = "3.13"
LEAST_AGREEMENT = 0.995  # of the mutants; all snippets must agree

OUTSIDE = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await, ast.Match)
REFUSED = re.compile("(is|are) not part of mini")
# What CPython says after parsing, when it makes symbols or code: not the parser's business.
LATER = re.compile(r"'(return|yield|break|continue|await)|starred assignment|can't use starred|duplicate|default 'except:'"
                   r"|name '|no binding|nonlocal|import \*|keyword argument repeated|(two|multiple) starred|"
                   r"assignment expression (within|cannot)|from __future__|cannot assign to __debug__|too many expressions")


def run_tool(tool, programs, mode="exec"):
    """For each program its tree or its error, and its warnings."""
    encoded = [p if isinstance(p, bytes) else p.encode("utf-8", "surrogatepass") for p in programs]
    data = b"".join(b"%d %s\n%s" % (len(p), mode.encode(), p) for p in encoded)
    out = subprocess.run([tool], input=data, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "replace")
    results = out.split("\x01\n")[:-1]
    assert len(results) == len(programs)
    return [r.split("\nwarning\t")[0] for r in results], [r.split("\nwarning\t")[1:] for r in results]


def normal_end(line, column, end_line, end_column):
    """CPython writes several things for an end that is not known or empty; all are shown alike."""
    if not end_column or end_column < 0 or end_line is None or (end_line == line and end_column <= column):
        return line, column
    return end_line, end_column


def cpython_error(program):
    try:
        compile(program, "F", "exec", dont_inherit=True)
        return None
    except SyntaxError as e:
        if LATER.match(e.msg):
            return None
        place = (e.lineno, e.offset, *normal_end(e.lineno, e.offset, e.end_lineno, e.end_offset))
        return (type(e).__name__, e.msg, *place) if e.lineno else (type(e).__name__, e.msg)
    except (RecursionError, MemoryError, ValueError) as e:
        return type(e).__name__, str(e)


def mini_error(result):
    if not result.startswith("error\t"):
        return None
    _, kind, line, column, end_line, end_column, _, message = result.split("\t", 7)
    if line == "0":
        return kind, message
    line, column, end_line, end_column = map(int, (line, column, end_line, end_column))
    return (kind, message, line, column, *normal_end(line, column, end_line, end_column))


def compare_errors(tool, programs):
    """How many count, and those that differ."""
    counted, different = 0, []
    for program, result in zip(programs, run_tool(tool, programs)[0]):
        mine = mini_error(result)
        if mine and REFUSED.search(mine[1]):
            continue
        counted += 1
        his = cpython_error(program)
        if mine != his:
            different.append((program, mine, his))
    return counted, different


def is_inside(tree, text):
    """mini accepts all that stands in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, OUTSIDE) or type(node).__name__ in ("TypeAlias", "TryStar") or \
                getattr(node, "type_params", None) or getattr(node, "is_async", 0) or \
                isinstance(node, ast.Constant) and isinstance(node.value, complex) or \
                isinstance(node, ast.Name) and not node.id.isascii():
            return False
    return b"\\N{" not in text


def compare_trees(tool, files):
    import ast_dump
    counted, different = 0, []
    for name in files:
        with open(name, "rb") as file:
            text = file.read()
        try:
            text.decode()
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        if not is_inside(tree, text):
            continue
        counted += 1
        mine = run_tool(tool, [text])[0][0]
        mine = re.sub(r"big(\d+):(\w+)", lambda m: "big:%x" % int(m[2], int(m[1])), mine)
        his = ast_dump.dump(tree)
        if mine != his:
            first = next((i for i, (a, b) in enumerate(zip(mine, his)) if a != b), min(len(mine), len(his)))
            different.append((name, mine[max(0, first - 60):first + 60], his[max(0, first - 60):first + 60]))
    return counted, different


def statements(files):
    """Statements at top level, 2 to 25 lines each: what mutants are made from."""
    found = []
    for name in files:
        try:
            with open(name, encoding="utf-8") as file:
                text = file.read()
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.split("\n")
        for node in tree.body:
            first = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])])
            if 1 <= node.end_lineno - first <= 25 and is_inside(node, b""):
                found.append("\n".join(lines[first - 1:node.end_lineno]) + "\n")
    return found


ADDED = ["=", ":", "(", ")", "[", "]", "{", "}", ",", ".", "if", "else", "for", "in", "not", "and", "lambda", "def", "class",
         "return", "x", "1", '"s"', 'f"{a}"', "*", "**", "==", ":=", "->", "import", "from", "as", "print", "is", "with", "try",
         "except", "finally", "while", "pass", "del", "yield", "raise", "+", "-", "@", "!", "\n", "    ", "'", ";", "None",
         "f(", "global"]


def mutate(rng, text):
    skipped = (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.NL, tokenize.COMMENT)
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type not in skipped and t.string]
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def span(token):
        return starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]

    way = rng.randrange(7)
    index = rng.randrange(len(tokens))
    begin, end = span(tokens[index])
    if way == 0:
        return text[:begin] + text[end:]
    if way == 1:
        return text[:end] + " " + tokens[index].string + text[end:]
    if way == 2 and index + 1 < len(tokens):
        next_begin, next_end = span(tokens[index + 1])
        return text[:begin] + text[next_begin:next_end] + text[end:next_begin] + text[begin:end] + text[next_end:]
    if way == 3:
        return text[:end] + " " + rng.choice(ADDED) + " " + text[end:]
    if way == 4:
        return text[:begin] + rng.choice(ADDED) + text[end:]
    if way == 5:
        return text[:begin] + rng.choice(tokens).string + text[end:]
    at = rng.randrange(len(text))
    return text[:at] + text[at + 1:]


def mutants(rng, count, sources):
    made = []
    while len(made) < count:
        program = mutate(rng, rng.choice(sources))
        if cpython_error(program):
            made.append(program)
    return made


def report(what, counted, different, least=1.0):
    print(f"{what}: {counted - len(different)} of {counted} agree")
    for shown, mine, his in different[:20]:
        print(f"  {shown if len(shown) < 400 else '…' + shown[-300:]!r}\n    mini    {mine}\n    CPython {his}")
    return counted > 0 and counted - len(different) >= least * counted


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--mutants", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", action="store_true")
    arguments = parser.parse_args()

    oracles.continue_under(VERSION)
    warnings.simplefilter("ignore")
    library = sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")))
    files = arguments.files or sorted(glob.glob(f"{ROOT}/scripts/**/*.mini", recursive=True) +
                                      glob.glob(f"{ROOT}/tests/**/*.mini", recursive=True) +
                                      glob.glob(f"{ROOT}/tests/**/*.py", recursive=True))
    fine = report("trees", *compare_trees(arguments.tool, files + (library if arguments.library else [])))
    with open(f"{HERE}/syntax_error_snippets.txt", encoding="utf-8") as file:
        snippets = [json.loads(line) for line in file if not line.startswith("#")]
    fine &= report("errors", *compare_errors(arguments.tool, snippets))
    rng = random.Random(arguments.seed)
    made = mutants(rng, arguments.mutants, statements(library))
    fine &= report("errors of mutants", *compare_errors(arguments.tool, made), LEAST_AGREEMENT)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
