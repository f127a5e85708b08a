"""Counts the instructions that mini executes for a few small benchmarks, under callgrind, and compares with what was
recorded: the counts are exact, so a loss of 3 % is seen on any machine, however noisy.

    instructions.py --mini build/mini [--record]
    instructions.py --mini build/mini --beside /usr/bin/python3

The second counts those of another program that runs the same scripts as well, all of scripts/bench, and tells how they compare.

The record holds for one compiler and optimised builds; elsewhere this is a visible skip (exit status 77). A count that
went down by more than the tolerance fails as well: record anew, so that it cannot creep back.
"""
import argparse
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests" / "instructions.txt"
TOLERANCE = 0.03
PROGRAMS = ["increment", "fib", "loop_int", "range_sum", "mandelbrot", "methods", "binary_trees", "sieve", "sorting",
            "dict_int", "dict_str", "string_build", "formatting", "raising", "generators"]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("MINI_REQUIRE_ORACLES") == "1" and "valgrind" in reason else 77)


def compiler_of(mini):
    """The compiler of an optimised build, as 'g++ 12'; None for other builds."""
    cache = pathlib.Path(mini).resolve().parent / "CMakeCache.txt"
    if not cache.exists():
        return None
    entries = dict(re.findall(r"^(\w+):\w+=(.*)$", cache.read_text(), re.M))
    if entries.get("CMAKE_BUILD_TYPE", "Release") not in ("", "Release") or entries.get("MINI_SANITIZE"):
        return None
    version = subprocess.run([entries["CMAKE_CXX_COMPILER"], "--version"], capture_output=True, text=True).stdout
    number = re.search(r"(\d+)\.\d+\.\d+", version)
    return f"{'clang' if 'clang' in version else 'g++'} {number[1]}" if number else None


def count(mini, *command):
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", mini, *command],
            capture_output=True, text=True, env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return int(found[1])


def optimised(mini):
    """The compiler of the build; a visible skip where nothing can be counted."""
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    return compiler_of(mini) or skip("not an optimised build")


def count_all(mini, names, *options):
    """The instructions of an empty script, and those of each benchmark beyond them."""
    with tempfile.TemporaryDirectory() as directory:
        empty = pathlib.Path(directory, "empty.py")
        empty.write_text("")
        counts = {"empty": count(mini, *options, str(empty))}
    for name in names:
        script = ROOT / "scripts" / "bench" / f"{name}.py"
        size = re.search(r"# sizes: \d+ (\d+)", script.read_text())[1]
        counts[name] = count(mini, *options, str(script), size) - counts["empty"]
    return counts


def compare(mini, other):
    names = sorted(path.stem for path in (ROOT / "scripts" / "bench").glob("*.py"))
    counts, beside = count_all(mini, names), count_all(other, names)
    ratios = {name: counts[name] / beside[name] for name in names}
    for name in sorted(names, key=ratios.get, reverse=True):
        print(f"{name:16} {counts[name]:12} {beside[name]:12} {ratios[name]:6.3f}")
    print(f"geometric mean {math.exp(sum(map(math.log, ratios.values())) / len(names)):.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--beside", metavar="PROGRAM")
    arguments = parser.parse_args()
    compiler = optimised(arguments.mini)
    if arguments.beside:
        return compare(arguments.mini, arguments.beside)
    recorded = {}
    if not arguments.record:
        lines = RECORD.read_text().splitlines()
        if lines[0] != f"# {compiler}":
            skip(f"built with {compiler}, recorded with {lines[0][2:]}")
        recorded = {name: int(number) for name, number in (line.split() for line in lines[1:])}

    counts = count_all(arguments.mini, PROGRAMS)
    if arguments.record:
        RECORD.write_text(f"# {compiler}\n" + "".join(f"{name} {number}\n" for name, number in counts.items()))
    failed = False
    for name, number in counts.items():
        change = number / recorded[name] - 1 if name in recorded else 0
        failed |= abs(change) > TOLERANCE or (not arguments.record and name not in recorded)
        print(f"{name:14} {number:12} {change:+8.2%}{'  <<<' if abs(change) > TOLERANCE else ''}")
    if failed:
        print("more than 3 % off what was recorded; if that is meant: make -f Makefile.extra record-instructions")
    sys.exit(failed)


if __name__ == "__main__":
    main()
