"""What recordings cost: --record in instructions (callgrind) and CPU time, the size of the file, and the CPU time of a replay.

    bench_recording.py --mini build/mini [--pairs 20]

CPU times are those of interleaved pairs; printed is the geometric mean of the ratios and its 95 % interval. The programs are
threads that only compute, as many hand-overs as the default interval makes. Exit status 1 if a limit is missed for certain;
that of the bytes a second is for the longer program: a recording begins with some 250 bytes, whatever comes then.
"""
import argparse
import math
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from instructions import ROOT, count

SPIN = '''import sys, threading
x = 0
def increment():
    global x
    x += 1
def spin(rounds):
    for _ in range(rounds):
        increment()
threads = [threading.Thread(target=spin, args=(int(sys.argv[1]),)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(x)
'''
MOST_RECORDING, MOST_BYTES, MOST_REPLAY = 1.02, 2000, 1.15


def cpu_time(*command):
    """Seconds of CPU time and of the clock."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


def ratio(pairs):
    """Geometric mean and the ends of its 95 % interval."""
    logs = [math.log(second / first) for first, second in pairs]
    mean, error = statistics.mean(logs), 1.96 * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - error), math.exp(mean + error)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--pairs", type=int, default=20)
    arguments = parser.parse_args()
    mini, failed = os.path.abspath(arguments.mini), False
    with tempfile.TemporaryDirectory() as directory:
        spin, recording = pathlib.Path(directory, "spin.py"), str(pathlib.Path(directory, "recording"))
        spin.write_text(SPIN)
        programs = {"increments": (str(spin), "20000000"), "document": (str(ROOT / "scripts" / "increment.mini"),)}
        if shutil.which("valgrind"):
            plain, recorded = (count(mini, *option, str(spin), "300000") for option in ((), (f"--record={recording}",)))
            print(f"record: {recorded / plain:.4f} of the instructions ({plain} and {recorded})")
            failed |= recorded > MOST_RECORDING * plain
        for name, command in programs.items():
            recordings, replays, sizes = [], [], []
            for _ in range(arguments.pairs):
                plain, _ = cpu_time(mini, *command)
                recorded, lasted = cpu_time(mini, f"--record={recording}", *command)
                sizes.append(os.path.getsize(recording) / lasted)
                replayed, _ = cpu_time(mini, f"--replay={recording}", *command)
                recordings.append((plain, recorded))
                replays.append((recorded, replayed))
            words = subprocess.run([mini, "recording", recording], capture_output=True, text=True, check=True).stdout
            hand_overs = re.search(r"(\d+) slices", words)[1]
            record, replay = ratio(recordings), ratio(replays)
            print(f"{name:12} record {record[0]:.3f} ({record[1]:.3f} to {record[2]:.3f}), "
                  f"replay {replay[0]:.3f} ({replay[1]:.3f} to {replay[2]:.3f}) of the CPU time; "
                  f"{statistics.median(sizes):.0f} bytes a second, {hand_overs} slices in the last")
            failed |= record[1] > MOST_RECORDING or replay[1] > MOST_REPLAY
            failed |= name == "increments" and statistics.median(sizes) > MOST_BYTES
    sys.exit(failed)


if __name__ == "__main__":
    main()
