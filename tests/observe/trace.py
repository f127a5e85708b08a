#!/usr/bin/env python3
"""--trace: what is shown, in both forms; filters, colours, and that looking on changes nothing."""
import argparse
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from example import BY_HAND, RACE

LOCKED = """\
import threading, time
lock = threading.Lock()
rows = []
def work(n):
    for i in range(3):
        with lock:
            rows.append((n, 'a\\nb', "ä"))
            time.sleep(0.001)
ts = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for t in ts: t.start()
for t in ts: t.join()
print(len(rows))
"""

SCHEMA = {  # event: required members, optional ones
    "instruction": ({"number": int, "switch": int, "thread": int, "file": str, "function": str, "line": int, "offset": int,
                     "opcode": str, "stack": list, "switch_point": bool},
                    {"argument": int, "meaning": str, "asked": bool, "library": bool, "shared": list}),
    "library": ({"switch": int, "thread": int, "function": str, "instructions": int}, {}),
    "switch": ({"number": int, "from": int, "to": int, "cause": str}, {}),
    "asked": ({"thread": int}, {}),
    "wait": ({"thread": int, "for": str}, {}),
    "wake": ({"thread": int, "reason": str}, {}),
    "acquired": ({"thread": int, "lock": str}, {}),
    "released": ({"thread": int, "lock": str}, {}),
    "start": ({"thread": int, "started": int, "name": str}, {}),
    "end": ({"thread": int}, {}),
    "lost_update": ({"thread": int, "variable": str, "read": dict, "overtaken_by": list, "wrote": dict, "lost": int}, {}),
    "over": ({"instructions": int, "lost_updates": list}, {}),
}
SHARED = ({"name": str, "kind": str, "mode": str}, {"old": str, "new": str, "exact": bool})
KINDS = {"global", "class name", "attribute", "item", "container", "cell", "lock", "thread", "file", "anything"}


def conforms(value, schema, what):
    required, optional = schema
    for name, kind in required.items():
        assert type(value.get(name)) is kind, f"{what}: {name} is no {kind.__name__}: {value}"
    for name in value.keys() - required.keys() - {"event"}:
        assert name in optional and type(value[name]) is optional[name], f"{what}: unexpected {name}: {value}"


class Tests:
    def __init__(self, mini, folder):
        self.mini, self.folder = mini, pathlib.Path(folder)

    def run(self, source, *options, **more):
        script = self.folder / "script.mini"
        script.write_text(source)
        return subprocess.run([self.mini, *options, script], capture_output=True, text=True, **more)

    def json_lines(self, source, *options):
        file = self.folder / "trace.jsonl"
        done = self.run(source, f"--trace={file}", *options)
        assert done.returncode == 0 and done.stderr == "", done
        return [json.loads(line) for line in file.read_text().splitlines()]

    def test_text(self):
        done = self.run(RACE, "--trace", BY_HAND)
        assert done.stdout == "1\n"
        lines = [re.sub(r"  +", "  ", line.strip()) for line in done.stderr.splitlines()]
        expected = [
            "3 T1  increment:5  0 LOAD_GLOBAL  0 (x)  | 0  x = 0",
            "3 T1  increment:5  2 LOAD_CONST  1 (1)  1",
            "3 T1  increment:5  4 INPLACE_ADD  | 1",
            "-- switch 4: T1 -> T2 (forced)",
            "4 T2  increment:5  6 STORE_GLOBAL  0 (x)  |  x: 0 -> 1",
            "-- T2 ends",
            "-- switch 5: T2 -> T1 (finished)",
            "5 T1  increment:5  6 STORE_GLOBAL  0 (x)  |  x: 1 -> 1",
            "-- lost update: x: Thread-1 read 0 at increment:5 (0 LOAD_GLOBAL), Thread-2 then wrote it once at increment:5 "
            "(6 STORE_GLOBAL), Thread-1 wrote 1 at increment:5 (6 STORE_GLOBAL): 1 update lost",
            "-- T1 ends",
            "x: 1 update lost by 1 overtaken read-modify-write",
        ]
        at = 0
        for line in expected:
            assert line in lines[at:], f"missing, or not in its place: {line}\n{done.stderr}"
            at = lines.index(line, at) + 1

    def test_schema(self):
        for source, options in ((RACE, [BY_HAND]), (RACE, []), (LOCKED, ["--schedule=seeded:5"]), (LOCKED, []),
                                (LOCKED, ["--schedule=seeded:5", "--trace-events=all"])):
            lines = self.json_lines(source, *options)
            seen = set()
            number = switch = 0
            for line in lines:
                seen.add(line["event"])
                conforms(line, SCHEMA[line["event"]], line["event"])
                if line["event"] == "switch":
                    assert line["number"] == switch + 1, line
                    assert line["cause"] in ("forced", "blocked", "finished", "call")
                    switch = line["number"]
                if line["event"] == "instruction":
                    assert line["number"] > number and line["switch"] == switch, line
                    number = line["number"]
                    assert all(type(item) is str for item in line["stack"])
                    for place in line.get("shared", []):
                        conforms(place, SHARED, "shared")
                        assert place["kind"] in KINDS and place["mode"] in ("read", "write", "read and write")
            assert lines[-1]["event"] == "over"
            if "--trace-events=all" in options:
                numbers = [line["number"] for line in lines if line["event"] == "instruction"]
                assert numbers == list(range(1, lines[-1]["instructions"] + 1)), "an instruction is missing"
                assert "library" not in seen
            else:
                assert {"instruction", "library", "switch", "start", "end"} <= seen, seen
            if source is LOCKED:
                assert {"wait", "wake", "acquired", "released"} <= seen
                assert {line["lock"] for line in lines if line["event"] == "acquired"} >= {"lock"}

    def test_values(self):
        lines = self.json_lines(RACE, BY_HAND)
        writes = [(line["thread"], place["old"], place["new"]) for line in lines if line["event"] == "instruction"
                  for place in line.get("shared", []) if place["name"] == "x" and place["mode"] == "write" and "old" in place]
        assert writes == [(2, "0", "1"), (1, "1", "1")], writes
        lost = [line for line in lines if line["event"] == "lost_update"]
        assert len(lost) == 1 and lost[0]["read"]["value"] == "0" and lost[0]["wrote"]["value"] == "1" and lost[0]["lost"] == 1
        assert lost[0]["overtaken_by"][0]["thread"] == 2
        assert lines[-1]["lost_updates"] == [{"variable": "x", "lost": 1, "times": 1}]

    def test_filters(self):
        lines = self.json_lines(RACE, BY_HAND, "--trace-thread=T2", "--trace-events=instructions")
        assert {line["thread"] for line in lines if line["event"] == "instruction"} == {2}
        lines = self.json_lines(RACE, BY_HAND, "--trace-function=increment", "--trace-events=instructions")
        assert {line["function"] for line in lines[:-1]} == {"increment"} and len(lines) == 13
        lines = self.json_lines(RACE, BY_HAND, "--trace-lines=9,2-3", "--trace-events=instructions")
        assert {line["line"] for line in lines[:-1]} == {2, 3, 9}
        lines = self.json_lines(RACE, BY_HAND, "--trace-events=accesses", "--trace-function=increment")
        assert [line["opcode"] for line in lines[:-1]] == ["LOAD_GLOBAL", "LOAD_GLOBAL", "STORE_GLOBAL", "STORE_GLOBAL"]
        lines = self.json_lines(RACE, BY_HAND, "--trace-events=switches,threads")
        assert {line["event"] for line in lines[:-1]} == {"switch", "start", "end"}
        for option in ("--trace-thread=1", "--trace-lines=5-", "--trace-lines=9-3", "--trace-events=nothing", "--color=red"):
            done = self.run(RACE, "--trace", option)
            assert done.returncode == 2 and option.split("=")[0] in done.stderr and done.stdout == "", done

    def test_same_run(self):
        """Looking on changes nothing of what a script prints, ids included."""
        source = LOCKED + "print(id(rows), id(lock), repr(object()), hash('rows'))\n"
        for schedule in ("seeded:1", "seeded:2", "every:7"):
            plain = self.run(source, f"--schedule={schedule}")
            traced = self.run(source, f"--schedule={schedule}", "--trace=" + os.devnull)
            assert plain.stdout == traced.stdout and traced.stderr == "", (plain, traced)

    def test_asked(self):
        source = "import threading\ndef work():\n  for i in range(20000): pass\n" \
                 "ts = [threading.Thread(target=work) for i in range(2)]\nfor t in ts: t.start()\nfor t in ts: t.join()\n"
        lines = self.json_lines(source, "--schedule=interval:100us")
        assert any(line["event"] == "asked" for line in lines)
        assert any(line.get("asked") for line in lines)
        assert any(line["event"] == "switch" and line["cause"] == "forced" for line in lines)

    def on_terminal(self, *options, **environment):
        script = self.folder / "script.mini"
        script.write_text(RACE)
        master, slave = pty.openpty()
        process = subprocess.Popen([self.mini, "--trace", BY_HAND, *options, script], stdout=subprocess.DEVNULL, stderr=slave,
                                   env={"PATH": os.environ["PATH"], "TERM": "xterm", **environment})
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        process.wait()
        os.close(master)
        return b"\x1b[" in text

    def test_colors(self):
        assert self.on_terminal()
        assert not self.on_terminal(NO_COLOR="1")
        assert self.on_terminal(NO_COLOR="")
        assert not self.on_terminal(TERM="dumb")
        assert not self.on_terminal("--color=never")
        assert self.on_terminal("--color=always", NO_COLOR="1")
        assert "\x1b[" not in self.run(RACE, "--trace").stderr
        assert "\x1b[" in self.run(RACE, "--trace", "--color=always").stderr

    def test_files(self):
        done = self.run(RACE, "--trace=/nowhere/at/all")
        assert done.returncode == 2 and "/nowhere/at/all" in done.stderr and done.stdout == "", done
        if pathlib.Path("/dev/full").exists():
            done = self.run(RACE, "--trace=/dev/full")
            assert done.returncode != 0 and "/dev/full" in done.stderr and done.stdout == "2\n", done

    def test_bad_ends(self):
        """A trace is whole after an exception, a deadlock, sys.exit."""
        for ending, status in (("1 / 0", 1), ("import sys\nsys.exit(7)", 7),
                               ("lock = threading.Lock()\nlock.acquire()\nlock.acquire()", 3)):
            file = self.folder / "trace.jsonl"
            done = self.run(RACE + ending + "\n", f"--trace={file}", BY_HAND)
            assert done.returncode == status, done
            assert json.loads(file.read_text().splitlines()[-1])["event"] == "over"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tests = Tests(os.path.abspath(arguments.mini), folder)
        names = [name for name in dir(tests) if name.startswith("test_")]
        for name in names:
            if not arguments.names or name in arguments.names:
                getattr(tests, name)()
                print("ok", name)


if __name__ == "__main__":
    sys.exit(main())
