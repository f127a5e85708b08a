#!/usr/bin/env python3
"""scripts/increment.mini is the document's program to the byte, prints ten lines, loses updates under 3.9's switch
points and none under those of 3.10 and 3.12."""
import hashlib
import re
import subprocess
import sys

DOCUMENT = "ce02c29b5971c10a41725e77666fddcdfd1fcf232c94f9a585ba44122dcfa551"

# Some 100,000 switches: one OS thread makes them without asking the kernel.
SEEDED = "--schedule=seeded:1 --runner=one"


def lines(mini, script, *options):
    done = subprocess.run([mini, *options, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (options, done.returncode, done.stderr)
    assert done.stderr == "", done.stderr
    found = [re.fullmatch(r"Iteration (\d): x = (\d+)", line) for line in done.stdout.splitlines()]
    assert [match and int(match[1]) for match in found] == list(range(10)), done.stdout
    return [int(match[2]) for match in found]


def main():
    mini, script = sys.argv[1:]
    with open(script, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == DOCUMENT, "scripts/increment.mini is not the document's program"
    for model in ("3.10", "3.11", "3.12", "3.13"):
        for schedule in ("--schedule=interval:50us", SEEDED):
            values = lines(mini, script, f"--switch-points={model}", *schedule.split())
            assert values == [200000] * 10, (model, schedule, values)
    # A short interval makes the loss certain enough for a test; `seeded:` makes it the same on every machine.
    for schedule in ("--schedule=interval:100us", SEEDED):
        values = lines(mini, script, *schedule.split())
        assert all(2 <= value <= 200000 for value in values), values
        assert any(value < 200000 for value in values), values
    assert lines(mini, script, *SEEDED.split()) == values, "the same seed, and another output"
    print("the document's program runs, and races where it should")


if __name__ == "__main__":
    main()
