#!/usr/bin/env python3
"""--explain on the document's program: what it names sums up to what is printed, every time."""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCREMENT = ROOT / "scripts" / "increment.mini"
TOTAL = 10 * 200_000


def run(mini, *options):
    done = subprocess.run([mini, "--explain", *options, INCREMENT], capture_output=True, text=True, check=True)
    printed = sum(int(value) for value in re.findall(r"x = (\d+)", done.stdout))
    return printed, done.stderr


def check(mini, *options):
    printed, report = run(mini, *options)
    headline = re.match(r"x: (\d+) updates? lost by (\d+) overtaken", report)
    named = int(headline[1]) if headline else 0
    lines = sum(int(value) for value in re.findall(r"^  .*: (\d+) updates? lost$", report, re.M))
    if named != TOTAL - printed or lines != named:
        sys.exit(f"{options}: lost {TOTAL - printed}, headline {named}, lines {lines}\n{report[:2000]}")
    if headline and not re.search(r"^  x: Thread-\d+ read \d+ at increment:11 \(0 LOAD_GLOBAL\), Thread-\d+ then wrote it "
                                  r".* at increment:11 \(6 STORE_GLOBAL\), Thread-\d+ wrote \d+ at increment:11 "
                                  r"\(6 STORE_GLOBAL\): \d+ updates? lost$", report, re.M):
        sys.exit(f"{options}: the report is not as described\n{report[:2000]}")
    return named


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    lost = sum(check(arguments.mini) for _ in range(arguments.rounds))
    lost += check(arguments.mini, "--schedule=interval:100us")
    if not lost:
        sys.exit("no update was lost in any run: nothing was tested")
    if check(arguments.mini, "--switch-points=3.12"):
        sys.exit("updates lost under 3.12")
    print(f"{lost} lost updates named")


if __name__ == "__main__":
    main()
