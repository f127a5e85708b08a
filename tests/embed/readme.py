#!/usr/bin/env python3
"""Compiles and runs every C++ block of the README's section on embedding.

    readme.py --source DIR --compiler CXX --flag FLAG... --link FLAG...

A block with a main() is a program, one with a TEST_CASE a doctest program. `// prints: TEXT` says what a program prints.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(readme):
    section = re.search(r"^## Embedding\n(.*?)(?=^## )", readme, re.S | re.M)
    if not section:
        sys.exit("the README has no section on embedding")
    return re.findall(r"^```cpp\n(.*?)^```", section[1], re.S | re.M)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--link", action="append", default=[])
    arguments = parser.parse_args()
    found = blocks((arguments.source / "README.md").read_text())
    if len(found) < 2 or not any("TEST_CASE" in block and "steps(" in block for block in found):
        sys.exit("the README's section on embedding has lost its examples")
    for number, block in enumerate(found, 1):
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            prefix = "#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN\n" if "TEST_CASE" in block else ""
            (work / "block.cpp").write_text(prefix + block)
            done = subprocess.run([arguments.compiler, "-std=c++20", "-Wall", "-Wextra", *arguments.flag, work / "block.cpp",
                                   "-o", work / "block", *arguments.link], capture_output=True, text=True)
            if done.returncode or done.stderr:
                sys.exit(f"block {number} does not compile cleanly:\n{block}\n{done.stderr}")
            ran = subprocess.run([work / "block"], capture_output=True, text=True, timeout=60)
            if ran.returncode:
                sys.exit(f"block {number} fails:\n{block}\n{ran.stdout}{ran.stderr}")
            expected = "".join(line + "\n" for line in re.findall(r"// prints: (.*)", block))
            if expected and ran.stdout != expected:
                sys.exit(f"block {number} prints {ran.stdout!r}, not {expected!r}")
    print(f"{len(found)} blocks compiled and ran")


if __name__ == "__main__":
    main()
