#!/usr/bin/env python3
"""--timeline: Chrome trace events that hold together, and a page that a browser shows without an error.

The browser is Debian's chromium. Without one that part is skipped, unless MINI_REQUIRE_BROWSER is set.
"""
import argparse
import collections
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from example import BY_HAND, RACE

RACE = RACE.replace("x = 0", "x = 41").replace("print(x)", "print(x, '</script><!-- <b>')")
BUSY = """\
import threading, time
x = 0
lock = threading.Lock()
def work():
    global x
    for i in range(300):
        x += 1
        if i % 50 == 0:
            with lock:
                time.sleep(0.0001)
ts = [threading.Thread(target=work) for n in range(3)]
for t in ts: t.start()
for t in ts: t.join()
print(x)
"""
LONG = """\
import threading
x = 0
def work():
    global x
    for i in range(75000):
        x += 1
ts = [threading.Thread(target=work) for n in range(2)]
for t in ts: t.start()
for t in ts: t.join()
print(x)
"""


def near(a, b):
    return abs(a - b) < 1e-3


class Tests:
    def __init__(self, mini, folder):
        self.mini, self.folder = mini, pathlib.Path(folder)

    def run(self, source, name, *options):
        script, file = self.folder / "script.mini", self.folder / name
        script.write_text(source)
        done = subprocess.run([self.mini, f"--timeline={file}", *options, script], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == "", done
        return done.stdout, file

    def chrome(self, source, *options):
        printed, file = self.run(source, "timeline.json", *options)
        return printed, json.loads(file.read_text())

    def page_data(self, source, *options):
        printed, file = self.run(source, "timeline.html", *options)
        text = file.read_text()
        return printed, json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1]), file

    def check_chrome(self, trace):
        events = trace["traceEvents"]
        names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
        assert names[1] == "GIL" and names[2] == "T0 MainThread", names
        slices = collections.defaultdict(list)
        for event in events:
            if event["ph"] == "X":
                assert event["dur"] >= 0 and event["tid"] in names, event
                slices[event["tid"]].append(event)
        for track in slices.values():
            track.sort(key=lambda event: event["ts"])
            for one, other in zip(track, track[1:]):
                assert one["ts"] + one["dur"] <= other["ts"] + 1e-3, (one, other)
        # The holder's slices are the threads' running ones.
        running = sorted((e["ts"], e["dur"]) for tid, track in slices.items() if tid > 1 for e in track if e["name"] == "running")
        assert running == sorted((e["ts"], e["dur"]) for e in slices[1])
        # An arrow for each hand-over, from the one slice into the other.
        starts = {e["id"]: e for e in events if e["ph"] == "s"}
        finishes = {e["id"]: e for e in events if e["ph"] == "f"}
        assert starts.keys() == finishes.keys() and sorted(starts) == list(range(1, len(starts) + 1))
        for number, start in starts.items():
            finish = finishes[number]
            assert finish["bp"] == "e" and start["tid"] == start["args"]["from"] + 2 and finish["tid"] == start["args"]["to"] + 2
            assert any(s["ts"] - 1e-3 <= start["ts"] <= s["ts"] + s["dur"] + 1e-3 for s in slices[start["tid"]]), start
            assert any(near(s["ts"], finish["ts"]) and s["name"] == "running" for s in slices[finish["tid"]]), finish
        counters = {e["name"] for e in events if e["ph"] == "C"}
        assert {"waiters", "switches"} <= counters, counters
        return events, slices

    def test_chrome_by_hand(self):
        printed, trace = self.chrome(RACE, BY_HAND, "--watch=x")
        assert printed.startswith("42 ")
        events, slices = self.check_chrome(trace)
        lost = [e for e in events if e["ph"] == "i" and e.get("cat") == "lost update"]
        assert len(lost) == 1 and lost[0]["args"]["lost"] == 1 and lost[0]["tid"] == 3, lost
        assert [e["args"]["value"] for e in events if e["ph"] == "C" and e["name"] == "x"] == [41, 42, 42]
        assert any(s["name"] == "forced wait" for s in slices[3])
        assert any(s["name"].startswith("blocked: waits for the end of") or "first step" in s["name"] for s in slices[2])

    def test_chrome_busy(self):
        for schedule in ("--schedule=seeded:4", "--schedule=interval:100us", "--schedule=every:11"):
            printed, trace = self.chrome(BUSY, schedule, "--watch=x")
            events, slices = self.check_chrome(trace)
            values = [e["args"]["value"] for e in events if e["ph"] == "C" and e["name"] == "x"]
            assert len(values) == 901 and values[-1] == int(printed)
            if schedule == "--schedule=seeded:4":
                again = self.chrome(BUSY, schedule, "--watch=x")[1]
                assert again == trace, "the same schedule, another timeline"
                assert any("lock lock" in s["name"] for track in slices.values() for s in track)

    def test_page_data(self):
        printed, data, file = self.page_data(RACE, BY_HAND)
        text = file.read_text()
        assert not re.search(r'(src|href)\s*=|@import|url\(', text.replace(json.dumps(RACE)[1:-1], "")), "the page needs other files"
        assert len(data["lost"]) == 1 and data["lost"][0][2] == "x" and data["sums"] == [{"variable": "x", "lost": 1, "times": 1}]
        assert data["left_out"] == []
        texts = data["texts"]
        writes = [(texts[old], texts[new]) for step in data["steps"] for name, mode, old, new in step[5]
                  if texts[name] == "x" and mode == 2]
        assert writes == [("", "41"), ("41", "42"), ("42", "42")], writes
        assert next(iter(data["sources"].values())) == RACE

    def test_long_run(self):
        printed, data, file = self.page_data(LONG, "--schedule=every:5000", "--watch=x")
        assert data["instructions"] > 1_000_000
        assert len(data["left_out"]) >= 1 and "20000" in data["left_out"][0], data["left_out"]
        assert data["switches_in_all"] == len(data["switches"]) > 100
        assert file.stat().st_size < 15_000_000, file.stat().st_size
        assert sum(s["lost"] for s in data["sums"]) == 150_000 - int(printed)
        assert int(data["watched"][0]["values"][-1][1]) <= 150_000
        return file

    def browser(self):
        for name in ("chromium", "chromium-browser", "google-chrome"):
            if found := shutil.which(name):
                return found
        if os.environ.get("MINI_REQUIRE_BROWSER"):
            sys.exit("no chromium, and MINI_REQUIRE_BROWSER is set: make -f Makefile.extra setup-browser")
        return None

    def dom(self, file, place):
        done = subprocess.run([self.browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                               f"--user-data-dir={self.folder}/profile", "--enable-logging=stderr", "--virtual-time-budget=20000",
                               "--dump-dom", f"file://{file}#{place}"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        bad = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert not bad, bad
        assert re.search(r'<div id="error" hidden=""></div>', done.stdout), "the page has an error"
        return done.stdout

    @staticmethod
    def variable(dom, name):
        row = re.search(rf'<tr[^>]*data-name="{name}"[^>]*>(.*?)</tr>', dom, re.S)
        assert row, f"{name} is not shown"
        return [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row[1], re.S)]

    def test_in_browser(self):
        if not self.browser():
            print("skipped: no chromium here")
            return
        printed, data, file = self.page_data(RACE, BY_HAND)
        dom = self.dom(file, "lost=0")
        assert self.variable(dom, "x") == ["x", "42", "T1 increment:5"], self.variable(dom, "x")
        now = html.unescape(re.sub("<[^>]*>", "", re.search(r'<div id="now".*?>(.*?)</div>', dom, re.S)[1]))
        assert "STORE_GLOBAL" in now and "x: 42 → 42" in now, now
        assert "Thread-1 read 41 at increment:5" in dom
        before = next(i for i, step in enumerate(data["steps"]) if step[1] == 2 and any(p[1] == 2 for p in step[5]))
        assert self.variable(self.dom(file, f"step={before}"), "x")[2] == "T2 increment:5"
        assert self.variable(self.dom(file, f"step={before - 1}"), "x")[:2] == ["x", "41"]
        # A long run, and one without any thread or instruction.
        self.dom(self.test_long_run(), "lost=0")
        self.dom(self.page_data("")[2], "step=0")

    def test_bad_names(self):
        script = self.folder / "script.mini"
        script.write_text(RACE)
        for name in ("timeline.txt", "", "/nowhere/at/all.json"):
            done = subprocess.run([self.mini, f"--timeline={name}", script], capture_output=True, text=True)
            assert done.returncode == 2 and "--timeline" in done.stderr and done.stdout == "", done


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tests = Tests(os.path.abspath(arguments.mini), folder)
        for name in [name for name in dir(tests) if name.startswith("test_")]:
            if not arguments.names or name in arguments.names:
                getattr(tests, name)()
                print("ok", name)


if __name__ == "__main__":
    sys.exit(main())
