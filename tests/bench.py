"""Runs scripts/bench with mini and its peers in turn, checks that all print the same, and prints how they compare.

    bench.py --mini build/mini --measure build/measure [--rounds 5] [--only fib,tak] [--small]

Each program states its category and its two sizes in its first lines. In every round each program is run by everybody
once, so that what disturbs the machine disturbs all; a figure is the median of the rounds' CPU times. --small runs the
small sizes once, for the checksums alone: that is the test. Exit status 1: somebody printed something else.
"""
import argparse
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent.parent / "scripts" / "bench"
CATEGORIES = ["numbers", "calls", "objects", "containers", "strings", "exceptions"]


class Program:
    def __init__(self, path):
        self.name = path.stem
        head = path.read_text().splitlines()[:2]
        described = re.fullmatch(r"# (\w+): (.+)", head[0])
        sizes = re.fullmatch(r"# sizes: (\d+) (\d+)", head[1])
        if not described or described[1] not in CATEGORIES or not sizes:
            sys.exit(f"{path}: the first two lines must be '# CATEGORY: what it does' and '# sizes: FULL SMALL'")
        self.category = described[1]
        self.full, self.small = sizes[1], sizes[2]


class Failed(Exception):
    pass


class Peer:
    def __init__(self, name, command, suffix):
        self.name, self.command, self.suffix = name, command, suffix

    def run(self, measure, script, *arguments):
        """What the script printed, CPU time and wall time in seconds, peak memory in MiB."""
        environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
        with tempfile.TemporaryFile("w+") as report:
            done = subprocess.run(
                ["sh", "-c", 'exec "$@" 3>&' + str(report.fileno()), "sh", measure, *self.command, script, *arguments],
                capture_output=True, text=True, env=environment, pass_fds=[report.fileno()])
            report.seek(0)
            figures = report.read().split()
        if done.returncode != 0 or len(figures) != 4:
            raise Failed(f"{self.name} {pathlib.Path(script).name}: exit status {done.returncode}\n{done.stderr}")
        return done.stdout, int(figures[0]) / 1e6, int(figures[1]) / 1e6, int(figures[2]) / 1024


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def table(programs, peers, times, memory):
    names = [peer.name for peer in peers]
    width = max(len(program.name) for program in programs)
    print(f"\n{'CPU time, python3 = 1':{width + 12}}" + "".join(f"{name:>10}" for name in names) + f"{'python3 s':>11}")
    for category in CATEGORIES:
        members = [program for program in programs if program.category == category]
        for program in members:
            base = times[program.name]["python3"]
            row = "".join(f"{times[program.name][name] / base:10.2f}" for name in names)
            print(f"{program.name:{width}}  {category:10}{row}{base:11.2f}")
        if len(members) > 1:
            means = [geometric_mean([times[p.name][name] / times[p.name]["python3"] for p in members]) for name in names]
            print(f"{'':{width}}  {'mean':10}" + "".join(f"{mean:10.2f}" for mean in means) + "\n")
    means = [geometric_mean([times[p.name][name] / times[p.name]["python3"] for p in programs]) for name in names]
    print(f"{'geometric mean of all':{width + 12}}" + "".join(f"{mean:10.2f}" for mean in means))
    slower = [p.name for p in programs if times[p.name]["mini"] > times[p.name]["python3"]]
    print(f"mini is slower than python3 in: {', '.join(slower) or 'none'}")
    means = [geometric_mean([memory[p.name][name] for p in programs]) for name in names]
    print(f"{'peak memory, MiB (mean)':{width + 12}}" + "".join(f"{mean:10.1f}" for mean in means))


def report_start_up(peers, measure):
    wall, memory = [], []
    with tempfile.TemporaryDirectory() as directory:
        for peer in peers:
            script = pathlib.Path(directory, "empty" + peer.suffix)
            script.write_text("")
            runs = [peer.run(measure, str(script)) for _ in range(15)]
            wall.append(statistics.median(run[2] for run in runs) * 1000)
            memory.append(statistics.median(run[3] for run in runs))
    print(f"{'start-up, ms':26}" + "".join(f"{value:10.1f}" for value in wall))
    print(f"{'empty script, MiB':26}" + "".join(f"{value:10.1f}" for value in memory))


def report_memory(peers, measure):
    """What a million of each takes beyond an empty script."""
    scripts = {
        "a small int in a list, bytes": "x = [0] * 10\nfor i in range({n}): x.append(i)\n",
        "an instance of three attributes": "class C:\n    def __init__(self, i):\n        self.a = i\n        self.b = i\n"
                                           "        self.c = i\nx = [None] * {n}\nfor i in range({n}): x[i] = C(i)\n",
    }
    with tempfile.TemporaryDirectory() as directory:
        script = pathlib.Path(directory, "memory.py")
        for title, text in scripts.items():
            row = []
            for peer in peers:
                if peer.suffix != ".py":
                    continue
                peaks = []
                for n in (1, 1_000_000):
                    script.write_text(text.format(n=n))
                    peaks.append(statistics.median(peer.run(measure, str(script))[3] for _ in range(3)))
                row.append((peaks[1] - peaks[0]) * 1.048576)
            print(f"{title:36}" + "".join(f"{value:10.1f}" for value in row))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="programs or categories, separated by commas")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--mini-options", default="", help="for mini, such as --schedule=every:100")
    arguments = parser.parse_args()

    programs = [Program(path) for path in sorted(BENCH.glob("*.py"))]
    if arguments.only:
        wanted = set(arguments.only.split(","))
        programs = [program for program in programs if program.name in wanted or program.category in wanted]
    peers = [Peer("python3", ["/usr/bin/python3"], ".py"),
             Peer("mini", [arguments.mini, *arguments.mini_options.split()], ".py"),
             Peer("lua5.4", ["lua5.4"], ".lua"), Peer("luajit", ["luajit", "-joff"], ".lua")]
    missing = [peer.name for peer in peers if not shutil.which(peer.command[0])]
    for name in missing:
        print(f"not installed, left out: {name}")
    peers = [peer for peer in peers if peer.name not in missing]

    times = {program.name: {peer.name: [] for peer in peers} for program in programs}
    memory = {program.name: {} for program in programs}
    wrong = []
    for number in range(1 if arguments.small else arguments.rounds):
        for program in programs:
            size = program.small if arguments.small else program.full
            printed = {}
            for peer in peers:
                try:
                    text, cpu, _, peak = peer.run(arguments.measure, str(BENCH / (program.name + peer.suffix)), size)
                except Failed as failure:
                    wrong.append(str(failure))
                    continue
                printed[peer.name] = text
                times[program.name][peer.name].append(cpu)
                memory[program.name][peer.name] = peak
            if len(set(printed.values())) > 1:
                wrong.append(f"{program.name} {size}: {printed}")
        if not arguments.small:
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    for line in wrong:
        print(line)
    if arguments.small or wrong:
        print(f"{len(programs)} programs, {len(peers)} interpreters, {len(wrong)} disagreements")
        sys.exit(1 if wrong else 0)
    for each in times.values():
        for name in each:
            each[name] = max(statistics.median(each[name]), 1e-6)
    table(programs, peers, times, memory)
    report_start_up(peers, arguments.measure)
    report_memory(peers, arguments.measure)


if __name__ == "__main__":
    main()
