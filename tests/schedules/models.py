#!/usr/bin/env python3
"""Each model of the switch points lets happen what it should, and nothing else: the races of races.mini against a table,
and against the CPythons of these versions; and where the switches of two loops fall, instruction by instruction."""
import argparse
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import oracles

MODELS = ("3.9", "3.10", "3.12", "every")
CPYTHONS = {"3.9": "3.9", "3.10": "3.10", "3.12": "3.12", "3.13": "3.12"}  # and the model of each

# Which models let it happen: derived from the rules (Python/ceval.c of 3.9 and 3.10, Python/bytecodes.c of 3.12) over the
# bytecode of that version, not from what mini does.
RACES = {
    "inline": "3.9 every",
    "in_function": "3.9 every",
    "attribute": "3.9 every",
    "item": "3.9 every",
    "nonlocal_variable": "3.9 every",
    "self_assignment": "3.9 every",
    "with_lock": "",
    "acquire_and_finally": "",
    "script_call": "3.9 3.10 3.12 every",
    "native_call": "3.9 3.10 3.12 every",
    "native_method": "3.9 3.10 3.12 every",
    "added_by_method": "3.9 3.10 3.12 every",
    "added_property": "3.9 3.10 3.12 every",
    "entered_with_try": "3.9 3.12 every",
    "script_manager": "3.9 3.10 3.12 every",
    "native_manager": "3.9 every",
    "for_edge": "3.9 3.10 3.12 every",
    "for_without_turn": "3.9 every",
    "for_with_break": "3.9 every",
    "while_without_turn": "3.9 3.10 every",
    "if_skipped": "3.9 3.10 every",
    "or_operator": "3.9 every",
    "while_true_try": "3.9 3.12 every",
    "handler": "3.9 3.10 every",
    "empty_comprehension": "3.9 3.10 every",
    "comprehension_if": "3.9 3.10 3.12 every",
    "generator_resumed": "3.9 3.10 3.12 every",
    "resumed_in_yield_from": "3.9 every",
    "check_global": "3.9 every",
    "check_with_else": "3.9 3.10 every",
    "check_global_dict": "3.9 every",
    "check_local_dict": "every",
    "check_local_and_true": "every",
    "check_local_and_int": "3.9 every",
    "check_by_get": "3.9 3.10 3.12 every",
    "setdefault": "",
    "lazy_instance": "3.9 3.10 3.12 every",
    "while_condition": "3.9 3.10 3.12 every",
    "while_continue": "3.9 every",
    "while_true_break": "3.9 3.10 every",
    "swap_items": "3.9 every",
    "swap_globals": "3.9 every",
    "two_fields": "3.9 every",
    "pop_if_any": "3.9 every",
    "pop_if_len": "3.9 3.10 3.12 every",
    "append": "",
    "iterate_dict": "3.9 3.10 3.12 every",
    "copy_dict": "",
}

# The exact ones run 300 rounds, the fast loop 100,000: what it gets wrong it gets wrong seldom. Primes, so that the switches drift through the loops.
EXACT = [f"--schedule={text}" for text in (*(f"seeded:{seed}" for seed in range(1, 11)),
                                           *(f"every:{count}" for count in (1, 2, 3, 5, 7, 11, 13, 17)))]
FAST = ["--schedule=interval:2us"]

LOOPS = """\
import sys
import threading
x = 0
def increment():
    global x
    x += 1
def document(n):
    for _ in range(n):
        increment()
def inline(n):
    global x
    for _ in range(n):
        x += 1
work = inline if sys.argv[1] == "inline" else document
threads = [threading.Thread(target=work, args=(int(sys.argv[2]),)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""

# The instructions of the loops (offset, name) after which each model may switch, by function. The rest of these functions is
# not looked at: it runs once.
INSIDE = {"document": range(8, 20), "inline": range(8, 22), "increment": range(0, 10)}
POINTS = {
    "3.9": {
        "document": {(8, "FOR_ITER"), (12, "LOAD_GLOBAL"), (14, "CALL_FUNCTION"), (18, "JUMP_ABSOLUTE")},
        "increment": {(0, "entry"), (0, "LOAD_GLOBAL"), (4, "INPLACE_ADD"), (6, "STORE_GLOBAL")},
        "inline": {(8, "FOR_ITER"), (12, "LOAD_GLOBAL"), (16, "INPLACE_ADD"), (18, "STORE_GLOBAL"),
                   (20, "JUMP_ABSOLUTE")}},
    "3.10": {
        "document": {(14, "CALL_FUNCTION"), (18, "JUMP_ABSOLUTE")},
        "increment": {(0, "entry")},
        "inline": {(20, "JUMP_ABSOLUTE")}},
    "3.12": {
        "document": {(18, "JUMP_ABSOLUTE")},
        "increment": {(0, "entry")},
        "inline": {(20, "JUMP_ABSOLUTE")}},
    "every": {
        "document": {(8, "FOR_ITER"), (10, "STORE_FAST"), (12, "LOAD_GLOBAL"), (14, "CALL_FUNCTION"), (16, "POP_TOP"),
                     (18, "JUMP_ABSOLUTE")},
        "increment": {(0, "entry"), (0, "LOAD_GLOBAL"), (2, "LOAD_CONST"), (4, "INPLACE_ADD"), (6, "STORE_GLOBAL"),
                      (8, "LOAD_CONST")},
        "inline": {(8, "FOR_ITER"), (10, "STORE_FAST"), (12, "LOAD_GLOBAL"), (14, "LOAD_CONST"), (16, "INPLACE_ADD"),
                   (18, "STORE_GLOBAL"), (20, "JUMP_ABSOLUTE")}},
}


def run_races(command, count, names=()):
    """What the script saw: {race: number}."""
    done = oracles.run([*command, str(HERE / "races.mini"), str(count), *names], timeout=120)
    assert done.returncode == 0 and not done.stderr, (command, done.returncode, done.stderr)
    seen = {name: int(number) for name, number in (line.split() for line in done.stdout.splitlines())}
    assert set(seen) == set(names or RACES), (command, done.stdout)
    return seen


def race_row(mini, model):
    """{race: under how many of the schedules it was seen}, and how many schedules there were."""
    base = [mini, f"--switch-points={model}"]
    runs = [run_races([*base, schedule, "--runner=one"], 300) for schedule in EXACT]
    runs += [run_races([*base, schedule], 100000) for schedule in FAST]
    return {name: sum(seen[name] > 0 for seen in runs) for name in RACES}


def cpython_row(version, count):
    python = oracles.wanted(version)
    if python is None:
        return None
    return run_races([python], count)


def check_races(mini, count):
    """Prints the table, and returns what is wrong in it."""
    with ThreadPoolExecutor(2) as pool:
        rows = dict(zip(MODELS, pool.map(lambda model: race_row(mini, model), MODELS)))
        oracle = dict(zip(CPYTHONS, pool.map(lambda version: cpython_row(version, count), CPYTHONS)))
    wrong = []
    print(f"of {len(EXACT) + len(FAST)} schedules of mini, those with the race; then whether CPython showed it")
    print(f"{'':24}" + "".join(f"{model:>7}" for model in MODELS) + "  |" + "".join(f"{v:>6}" for v in CPYTHONS))
    for name, allowed in RACES.items():
        cells = "".join(f"{rows[model][name]:>7}" for model in MODELS) + "  |"
        for model in MODELS:
            if (rows[model][name] > 0) != (model in allowed.split()):
                wrong.append(f"{name}: mini {'shows it' if rows[model][name] else 'never shows it'} under {model}")
        for version, model in CPYTHONS.items():
            seen = oracle[version] and oracle[version][name] > 0
            cells += f"{'-' if oracle[version] is None else 'yes' if seen else '.':>6}"
            if seen and model not in allowed.split():
                wrong.append(f"{name}: CPython {version} shows it, and the table does not allow it under {model}")
        print(f"{name:24}{cells}")
    missing = [version for version, row in oracle.items() if row is None]
    if missing:
        print("skipped: no CPython", ", ".join(missing))
    return wrong


def switches(mini, model, schedule, loop, count):
    """What --stats says of a run: {(function, offset, what completed or "entry"): number of switches}."""
    done = subprocess.run([mini, f"--switch-points={model}", "--stats", *schedule, "-c", LOOPS, loop, str(count)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    title, *lines = done.stderr.splitlines()
    found, what, total = {}, None, 0
    for line in lines:
        if row := re.fullmatch(r" {,9}(\d+)  (?:after (\w+)|at the (entry) of a function|where .*|before .*)", line):
            what = row[2] or row[3] or line
            total += int(row[1])
        elif place := re.fullmatch(r" +(\d+)  line \d+ in (\S+), at (\d+)", line):
            found[place[2], int(place[3]), what] = int(place[1])
        elif line.startswith("threads, in ms"):
            break  # the accounts of threads and locks
        else:
            assert re.fullmatch(r" +\d+  in the library|no token for a replay: .*|again with --replay=\S+", line), line
    assert total == int(re.search(r"(\d+) forced switches", title)[1]), done.stderr
    return found


def check_points(mini):
    """The fast loop and the observed one switch after exactly the instructions that the model has."""
    wrong = []
    for model, by_function in POINTS.items():
        for loop in ("document", "inline"):
            functions = ("document", "increment") if loop == "document" else ("inline",)
            points = {(function, *point) for function in functions for point in by_function[function]}
            for schedule, count in ((["--schedule=every:1", "--runner=one"], 500), (["--schedule=interval:2us"], 300000)):
                found = {place: number for place, number in switches(mini, model, schedule, loop, count).items()
                         if place[0] in functions and place[1] in INSIDE[place[0]]}
                if set(found) != points:
                    wrong.append(f"{loop} under {model}, {schedule[0]}: never after {sorted(points - set(found))}, "
                                 f"but after {sorted(set(found) - points)}")
                print(f"{loop}, {model}, {schedule[0][11:]}: {len(points)} switch points, {sum(found.values())} switches, "
                      f"from {min(found.values(), default=0)} to {max(found.values(), default=0)} at each")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", required=True)
    parser.add_argument("--count", type=int, default=100000, help="rounds of each race in CPython")
    options = parser.parse_args()
    wrong = check_races(options.mini, options.count) + check_points(options.mini)
    for line in wrong:
        print("WRONG", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
