"""What it costs to show each instruction to an observer that does nothing, and to keep the accounts of --stats: by
instructions counted under callgrind, in times of the fast loop.

    observed_costs.py --mini build/mini

Where they cannot be counted, or the build is not an optimised one, this is a visible skip (exit status 77).
"""
import argparse
import sys

from instructions import count_all, optimised

MOST = 6
MOST_ACCOUNTING = 1.01
PROGRAMS = ["increment", "fib", "loop_int", "methods", "generators", "sorting", "dict_int"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    mini = parser.parse_args().mini
    optimised(mini)
    fast = count_all(mini, PROGRAMS)
    dear = False
    for option, most in (("--observed", MOST), ("--stats", MOST_ACCOUNTING)):
        counts = count_all(mini, PROGRAMS, option)
        for name in PROGRAMS:
            ratio = counts[name] / fast[name]
            dear |= ratio > most
            print(f"{option:12} {name:12} {fast[name]:12} {counts[name]:12} {ratio:6.3f}{f'  <<< more than {most}' if ratio > most else ''}")
    sys.exit(dear)


if __name__ == "__main__":
    main()
