"""What it costs to show each instruction to an observer that does nothing: by instructions counted under callgrind, in times
of the fast loop.

    observed_costs.py --mini build/mini

Where they cannot be counted, or the build is not an optimised one, this is a visible skip (exit status 77).
"""
import argparse
import sys

from instructions import count_all, optimised

MOST = 6
# A loop whose fused forms do six and more instructions at once costs more, as nothing of it is fused before an observer.
MOST_OF = {"loop_int": 10}
PROGRAMS = ["increment", "fib", "loop_int", "methods", "generators", "sorting", "dict_int"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    mini = parser.parse_args().mini
    optimised(mini)
    fast, observed = count_all(mini, PROGRAMS), count_all(mini, PROGRAMS, "--observed")
    failed = False
    for name in PROGRAMS:
        most = MOST_OF.get(name, MOST)
        dear = observed[name] > most * fast[name]
        failed |= dear
        print(f"{name:12} {fast[name]:12} {observed[name]:12} {observed[name] / fast[name]:6.2f}{f'  <<< more than {most}' if dear else ''}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
