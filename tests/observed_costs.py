"""What it costs to show each instruction to an observer that does nothing: by instructions counted under callgrind, in times
of the fast loop.

    observed_costs.py --mini build/mini

Where they cannot be counted, or the build is not an optimised one, this is a visible skip (exit status 77).
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile

from instructions import ROOT, compiler_of, count, skip

MOST = 6
# A loop whose fused forms do six and more instructions at once costs more, as nothing of it is fused before an observer.
MOST_OF = {"loop_int": 10}
PROGRAMS = ["increment", "fib", "loop_int", "methods", "generators", "sorting", "dict_int"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    mini = parser.parse_args().mini
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    if not compiler_of(mini):
        skip("not an optimised build")

    with tempfile.TemporaryDirectory() as directory:
        empty = pathlib.Path(directory, "empty.py")
        empty.write_text("")
        start = {option: count(mini, *option, str(empty)) for option in ((), ("--observed",))}
    failed = False
    for name in PROGRAMS:
        script = ROOT / "scripts" / "bench" / f"{name}.py"
        size = re.search(r"# sizes: \d+ (\d+)", script.read_text())[1]
        fast, observed = (count(mini, *option, str(script), size) - start[option] for option in start)
        most = MOST_OF.get(name, MOST)
        failed |= observed > most * fast
        print(f"{name:12} {fast:12} {observed:12} {observed / fast:6.2f}{f'  <<< more than {most}' if observed > most * fast else ''}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
