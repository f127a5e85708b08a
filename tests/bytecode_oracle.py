#!/usr/bin/env python3
"""Compares mini's bytecode with CPython 3.9's, and its source positions with CPython 3.13's, live.

    bytecode_oracle.py DIS_TOOL [FILE...]

Without files: the snippets below, everything under scripts/ and tests/conformance/. Compared with 3.9: the sequence of
(opname, argument) of every code object, and for snippets and scripts also the lines of the listing. Compared with 3.13:
the positions of the operations that can raise, and the errors and warnings of wrong snippets. The opcode table is
compared with 3.9's numbers and stack effects. A missing CPython is a visible skip, with MINI_REQUIRE_ORACLES=1 a failure.
"""

import difflib
import os
import subprocess
import sys
import tempfile

import oracles

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Runs under 3.9: all code objects of the files, in the order in which they are loaded, with what the line table says.
# Equal ones of a line, such as two `lambda: 0`, are one constant there; mini tells them apart, as 3.13 does, since their
# columns differ. So where there are such, the numbers of constants say nothing: they are shown as *.
DUMP_39 = r'''
import dis, sys, warnings
warnings.simplefilter("ignore")
def show(code):
    print("code", code.co_name, code.co_firstlineno, code.co_stacksize)
    lines = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    loaded = [i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_CONST" and hasattr(i.argval, "co_code")]
    merged = len(set(map(id, loaded))) != len(loaded)
    for offset in range(0, len(code.co_code), 2):
        line = lines.get(offset, line)
        name = dis.opname[code.co_code[offset]]
        print(line, name, "*" if merged and name == "LOAD_CONST" else code.co_code[offset + 1])
    for constant in loaded + [c for c in code.co_consts if hasattr(c, "co_code") and all(c is not l for l in loaded)]:
        show(constant)
for name in sys.argv[1:]:
    print("file", name)
    try:
        show(compile(open(name, "rb").read(), name, "exec", dont_inherit=True))
    except (SyntaxError, ValueError) as error:
        print("error", error)
'''

# Runs under 3.13: per code object, the positions of the operations that both versions have, by kind.
DUMP_313 = r'''
import dis, sys, warnings
warnings.simplefilter("ignore")
KINDS = {"CALL": "call", "CALL_KW": "call", "CALL_FUNCTION_EX": "call", "BINARY_OP": "binary", "BINARY_SUBSCR": "item",
         "BINARY_SLICE": "item", "STORE_SUBSCR": "store item", "STORE_SLICE": "store item",
         "DELETE_SUBSCR": "delete item", "LOAD_ATTR": "attribute", "LOAD_SUPER_ATTR": "attribute",
         "STORE_ATTR": "store attribute", "DELETE_ATTR": "delete attribute", "LOAD_GLOBAL": "name", "LOAD_NAME": "name",
         "COMPARE_OP": "compare", "CONTAINS_OP": "contains", "UNARY_NEGATIVE": "unary", "UNARY_INVERT": "unary",
         "GET_ITER": "iterate", "FOR_ITER": "next", "RAISE_VARARGS": "raise", "IMPORT_NAME": "import",
         "IMPORT_FROM": "import from", "UNPACK_SEQUENCE": "unpack", "UNPACK_EX": "unpack", "FORMAT_SIMPLE": "format",
         "FORMAT_WITH_SPEC": "format", "CHECK_EXC_MATCH": "match", "BEFORE_WITH": "enter", "SEND": "send"}
for name in ("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE", "MAP_ADD", "SET_ADD", "GET_YIELD_FROM_ITER",
             "WITH_EXCEPT_START"):
    KINDS[name] = name
def show(code):
    print("code", code.co_name, code.co_firstlineno)
    for instruction in dis.get_instructions(code):
        kind = KINDS.get(instruction.opname)
        if kind and instruction.positions.lineno is not None:
            p = instruction.positions
            print(kind, p.lineno, p.end_lineno, p.col_offset, p.end_col_offset)
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            show(constant)
for name in sys.argv[1:]:
    print("file", name)
    try:
        show(compile(open(name, "rb").read(), name, "exec", dont_inherit=True))
    except (SyntaxError, ValueError) as error:
        print("error", error)
'''

# Runs under 3.9: numbers and stack effects, as `dis_tool --opcodes` prints them.
OPCODES_39 = r'''
import dis, sys
for name in sys.argv[1:]:
    number = dis.opmap.get(name, -1)
    effects = [dis.stack_effect(number, n if number >= dis.HAVE_ARGUMENT else None, jump=jump)
               for jump in (False, True) for n in range(4 if number >= dis.HAVE_ARGUMENT else 1)]
    print(name, number, *effects)
'''

# Runs under 3.13: errors and warnings, as `dis_tool --errors` prints them.
ERRORS_313 = r'''
import sys, traceback, warnings
for name in sys.argv[1:]:
    print("file", name)
    with open(name, encoding="utf-8") as stream:
        text = stream.read()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(text, name, "exec", dont_inherit=True)
            print("OK")
        except SyntaxError as error:
            print("".join(traceback.format_exception_only(error)), end="")
        for warning in caught:
            print(f"{warning.lineno}: {warning.message}")
'''

KINDS_39 = {"CALL_FUNCTION": "call", "CALL_FUNCTION_KW": "call", "CALL_FUNCTION_EX": "call", "CALL_METHOD": "call",
            "BINARY_SUBSCR": "item", "STORE_SUBSCR": "store item", "DELETE_SUBSCR": "delete item",
            "LOAD_ATTR": "attribute", "LOAD_METHOD": "attribute", "STORE_ATTR": "store attribute",
            "DELETE_ATTR": "delete attribute", "LOAD_GLOBAL": "name", "LOAD_NAME": "name", "COMPARE_OP": "compare",
            "CONTAINS_OP": "contains", "UNARY_NEGATIVE": "unary", "UNARY_INVERT": "unary", "GET_ITER": "iterate",
            "FOR_ITER": "next", "RAISE_VARARGS": "raise", "IMPORT_NAME": "import", "IMPORT_FROM": "import from",
            "UNPACK_SEQUENCE": "unpack", "UNPACK_EX": "unpack", "FORMAT_VALUE": "format",
            "JUMP_IF_NOT_EXC_MATCH": "match", "SETUP_WITH": "enter", "YIELD_FROM": "send"}
for _name in ("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE", "MAP_ADD", "SET_ADD", "GET_YIELD_FROM_ITER",
              "WITH_EXCEPT_START"):
    KINDS_39[_name] = _name
for _name in "POWER MULTIPLY MATRIX_MULTIPLY TRUE_DIVIDE FLOOR_DIVIDE MODULO ADD SUBTRACT LSHIFT RSHIFT AND XOR OR".split():
    KINDS_39["BINARY_" + _name] = KINDS_39["INPLACE_" + _name] = "binary"


def run(command):
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            encoding="utf-8", errors="surrogateescape")
    if result.returncode not in (0, 1) or "Traceback" in result.stderr:
        raise SystemExit(f"{command[0]} failed ({result.returncode}): {result.stderr[-2000:]}")
    return result.stdout


def by_file(text):
    """{file: [(code header, [row, ...]), ...]}; a str instead of the list is an error's text."""
    files, codes = {}, None
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "file":
            codes = files[rest] = []
        elif kind == "error":
            files[name_of(files)] = rest
        elif kind == "code":
            codes.append((rest, []))
        else:
            codes[-1][1].append(line.split(" "))
    return files


def name_of(files):
    return next(reversed(files))


class Comparison:
    def __init__(self, verbose):
        self.instructions = self.differing = self.lines = self.merged = 0
        self.report = []
        self.verbose = verbose

    def file(self, name, ours, theirs):
        """Compares instructions and lines of one file; returns False if both refuse it or the subset does."""
        if isinstance(ours, str) or isinstance(theirs, str):
            if not (isinstance(ours, str) and isinstance(theirs, str)):
                self.report.append(f"{name}: mini: {ours if isinstance(ours, str) else 'ok'}; "
                                   f"3.9: {theirs if isinstance(theirs, str) else 'ok'}")
                return None
            return False
        if [header for header, _ in ours] != [header for header, _ in theirs]:
            for (mine, _), (other, _) in zip(ours, theirs):
                if mine.split()[:2] != other.split()[:2] and not mine.startswith("<module>"):
                    self.report.append(f"{name}: code objects differ: mini {mine}; 3.9 {other}")
                    break
        for (header, mine), (_, other) in zip(ours, theirs):
            for row, expected in zip(mine, other):
                if expected[2] == "*" and row[1] == "LOAD_CONST":
                    row[2] = "*"
                    self.merged += 1
            left = [f"{row[1]} {row[2]}" for row in mine]
            right = [f"{row[1]} {row[2]}" for row in other]
            self.instructions += len(right)
            if left != right:
                diff = [d for d in difflib.unified_diff(right, left, "3.9", "mini", lineterm="", n=3)]
                self.differing += sum(d[0] in "+-" and d[:3] not in ("---", "+++") for d in diff)
                self.report.append(f"{name}: {header}: instructions differ\n  " + "\n  ".join(diff[:40]))
            else:
                for row, expected in zip(mine, other):
                    if row[0] != expected[0]:
                        self.lines += 1
                        self.report.append(f"{name}: {header}: {row[1]} {row[2]}: line {row[0]}, 3.9 has {expected[0]}")
                        break
        return True


def is_elsewhere_in_313(row, before, source):
    """Operations that 3.13 compiles to something else, or leaves out: inlined comprehensions, super(), formats that became
    f-strings, and the call of __exit__ behind a body that never ends normally."""
    text = source[int(row[3]) - 1][int(row[5]):] if int(row[3]) <= len(source) else b""
    return before in ("GET_ITER", "DUP_TOP") or text.startswith(b"super(") or row[1] == "BINARY_MODULO" and text[:1] in b"'\"("


def compare_positions(name, ours, theirs, report):
    """Operations in both, by (kind, place): each place of ours must be one of 3.13's in the same file."""
    with open(name, "rb") as stream:
        source = stream.read().splitlines()
    known = set()
    for _, rows in theirs:
        known.update(tuple(row) for row in (r if len(r) == 5 else [" ".join(r[:-4]), *r[-4:]] for r in rows))
    checked = wrong = 0
    for header, rows in ours:
        for row, before in zip(rows, [None] + rows):
            kind = KINDS_39.get(row[1])
            if kind is None or is_elsewhere_in_313(row, before and before[1], source):
                continue
            checked += 1
            place = (kind, *row[3:7])
            if place not in known:
                wrong += 1
                report.append(f"{name}: {header}: {row[1]} at {':'.join(row[3:7])} is nowhere in 3.13")
    return checked, wrong


def compare_opcodes(tool, python39, report):
    ours = run([tool, "--opcodes"]).splitlines()
    theirs = run([python39, "-I", "-c", OPCODES_39, *(line.split()[0] for line in ours)]).splitlines()
    report += [f"opcode table: mini {mine!r}, 3.9 {other!r}" for mine, other in zip(ours, theirs) if mine != other]


def compare_errors(tool, python313, directory, report):
    files = snippets(directory, "compile_error_snippets.txt")
    ours, theirs = run([tool, "--errors", *files]), run([python313, "-I", "-c", ERRORS_313, *files])
    for mine, other in zip(ours.split("file ")[1:], theirs.split("file ")[1:]):
        if mine != other:
            with open(mine.split("\n")[0], encoding="utf-8") as stream:
                report.append(f"error differs:\n{stream.read()}--- mini\n{mine}--- 3.13\n{other}")
    return len(files)


def main():
    arguments = sys.argv[1:]
    verbose = "-v" in arguments
    tool, *files = [a for a in arguments if a != "-v"]
    python39, python313 = oracles.require("3.9"), oracles.require("3.13")
    with tempfile.TemporaryDirectory() as directory:
        report, errors = [], 0
        if not files:
            compare_opcodes(tool, python39, report)
            errors = compare_errors(tool, python313, directory, report)
            files = snippets(directory, "bytecode_snippets.txt")
            for folder in ("scripts", "tests/conformance"):
                for base, _, names in os.walk(os.path.join(ROOT, folder)):
                    files += [os.path.join(base, n) for n in sorted(names) if n.endswith((".mini", ".py"))]
        comparison = Comparison(verbose)
        ours, theirs, places = {}, {}, {}
        for start in range(0, len(files), 50):
            batch = files[start:start + 50]
            ours.update(by_file(run([tool, *batch])))
            theirs.update(by_file(run([python39, "-I", "-c", DUMP_39, *batch])))
            places.update(by_file(run([python313, "-I", "-c", DUMP_313, *batch])))
        compared = refused = positions = misplaced = 0
        misplacements = []
        for name in files:
            outcome = comparison.file(name, ours[name], theirs[name])
            compared += outcome is True
            refused += outcome is None
            if not isinstance(ours[name], str) and not isinstance(places[name], str):
                checked, wrong = compare_positions(name, ours[name], places[name], misplacements)
                positions += checked
                misplaced += wrong
    for line in (report + comparison.report + misplacements)[:None if verbose else 60]:
        print(line)
    print(f"{compared} files, {refused} accepted by one only; {comparison.instructions} instructions, "
          f"{comparison.differing} differ, the constants of {comparison.merged} beside merged code not compared, "
          f"{comparison.lines} code objects with other lines; "
          f"{positions} positions, {misplaced} differ; {errors} wrong snippets")
    # What 3.13 drops because it can never run, such as one side of `a if False else b`, stands nowhere in it.
    return 1 if report or comparison.report or misplaced * 1000 > positions else 0


def snippets(directory, name):
    """Writes each of the texts of that file, which `####` separates, into a file of its own; returns their paths."""
    paths = []
    with open(os.path.join(ROOT, "tests", name), encoding="utf-8") as stream:
        for number, text in enumerate(stream.read().split("\n####\n")):
            path = os.path.join(directory, f"{name[:-4]}{number:03}.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.rstrip("\n") + "\n")
            paths.append(path)
    return paths


if __name__ == "__main__":
    sys.exit(main())
