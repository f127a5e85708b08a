#!/usr/bin/env python3
"""Threads that nobody can tell apart are taken for one another by `mini explore`: the outcomes stay, and fewer states are
explored. Scripts that do tell them apart, in every way that there is, and random ones; with and without --no-symmetry."""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from explore_test import INCREMENTS, Explorer, check, failures

HEAD = "import threading, queue, time\nx = 0\nseen = []\n"
COUNT = "def work():\n    global x\n    x += 1\n"
START_ALL = "for t in ts: t.start()\n"
JOIN_ALL = "for t in ts: t.join()\n"
PAIR = "a = threading.Thread(target=work)\nb = threading.Thread(target=work)\na.start()\nb.start()\n"


def threads(count, arguments="target=work"):
    return f"ts = [threading.Thread({arguments}) for _ in range({count})]\n" + START_ALL + JOIN_ALL


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


def body(text):
    return "def work():\n    global x\n" + indented(text)


# Here equal threads save states.
EQUAL = {
    "two": INCREMENTS.format(threads=2, rounds=2),
    "three": INCREMENTS.format(threads=3, rounds=2),
    "four": INCREMENTS.format(threads=4, rounds=1),
    "arguments": HEAD + "box = [0]\ndef work(where, by):\n    where[0] += by\n" + threads(3, "target=work, args=(box, 2)")
                 + "print(box)\n",
    "methods": HEAD + "class Counter:\n    n = 0\n    def work(self): self.n += 1\nc = Counter()\n"
               + threads(3, "target=c.work") + "print(c.n)\n",
    "not joined": HEAD + COUNT + "for _ in range(2): threading.Thread(target=work).start()\n",
    "two phases": HEAD + COUNT + "for _ in range(2):\n" + indented(threads(2) + "print(x)"),
    "in a function": HEAD + COUNT + "def main():\n" + indented(threads(3)) + "main()\nprint(x)\n",
    "lock": HEAD + "lock = threading.RLock()\n" + body("with lock:\n    with lock: x += 1\nx += 1") + threads(3) + "print(x)\n",
    "semaphore": HEAD + "gate = threading.Semaphore(2)\n" + body("with gate: x += 1") + threads(3) + "print(x)\n",
    "condition": HEAD + "ready = threading.Condition()\n"
                 + body("with ready:\n    while x == 0: ready.wait()\n    x -= 1\nseen.append(1)")
                 + "def give():\n    global x\n    for _ in range(2):\n        with ready:\n            x += 1\n            ready.notify()\n"
                 "ts = [threading.Thread(target=work) for _ in range(2)] + [threading.Thread(target=give)]\n"
                 + START_ALL + JOIN_ALL + "print(len(seen))\n",
    "queue": HEAD + "box = queue.Queue()\ndef work(): seen.append(box.get())\n"
             "ts = [threading.Thread(target=work) for _ in range(2)]\n" + START_ALL + "box.put('a')\nbox.put('b')\n" + JOIN_ALL
             + "print(seen)\n",
    "barrier": HEAD + "barrier = threading.Barrier(2)\ndef work(): seen.append(barrier.wait())\n" + threads(2) + "print(seen)\n",
    "sleep": HEAD + body("x += 1\ntime.sleep(1)\nx += 1") + threads(2) + "print(x)\n",
    "new objects": HEAD + body("mine = [len(seen)]\nseen.append(mine)\nseen[0].append(len(mine))\nmine.append(7)") + threads(2)
                   + "print(seen)\n",
    "another joined between": HEAD + COUNT + "def other(): seen.append(1)\nts = [threading.Thread(target=work), "
                              "threading.Thread(target=other), threading.Thread(target=work)]\n" + START_ALL + JOIN_ALL + "print(x)\n",
}
# Here something tells the threads apart, or may do so.
DIFFERENT = {
    "one by one": HEAD + COUNT + "ts = []\nfor _ in range(3):\n    t = threading.Thread(target=work)\n    t.start()\n"
                  "    ts.append(t)\n" + JOIN_ALL + "print(x)\n",
    "names": HEAD + body("print(threading.current_thread().name)") + threads(2),
    "ident as key": HEAD + "d = {}\n" + body("x += 1\nd[threading.get_ident()] = x") + threads(2) + "print(list(d.values()), x)\n",
    "owner of a lock": HEAD + "lock = threading.RLock()\n"
                       + body("with lock: x = repr(lock).split('owner=')[1].split()[0]") + threads(2) + "print(x == str(ts[0].ident))\n",
    "ident by map": HEAD + body("x = list(map(lambda _: threading.get_ident(), [1]))[0]") + threads(2) + "print(x == ts[0].ident)\n",
    "read between joins": HEAD + COUNT + PAIR + "a.join()\nprint(x)\nb.join()\nprint(x)\n",
    "waits for the join": HEAD + "go = False\n" + body("x += 1\nif x == 2:\n    while not go: pass") + PAIR
                          + "a.join()\ngo = True\nb.join()\nprint(x)\n",
    "one joined": HEAD + COUNT + PAIR + "b.join()\nprint(x)\n",
    "join with patience": HEAD + COUNT + "ts = [threading.Thread(target=work) for _ in range(2)]\n" + START_ALL
                          + "for t in ts: t.join(1)\nprint(x)\n",
    "uncaught": HEAD + "seen.append(1)\ndef work():\n    if seen: seen.pop()\n" + threads(2) + "print('end')\n",
    "is_alive": HEAD + COUNT + "ts = [threading.Thread(target=work) for _ in range(2)]\n" + START_ALL
                + "print([t.is_alive() for t in ts])\n" + JOIN_ALL,
    "is_alive by one": HEAD + body("seen.append(ts[0].is_alive())") + threads(2) + "print(seen)\n",
    "one waits for the other": HEAD + body("x += 1\nif ts[0] is not threading.current_thread(): ts[0].join()\nseen.append(x)") + threads(2)
                               + "print(seen)\n",
    "arguments": HEAD + "def work(n): seen.append(n)\nts = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]\n"
                 + START_ALL + JOIN_ALL + "print(seen)\n",
    "daemons": HEAD + COUNT + "for _ in range(2): threading.Thread(target=work, daemon=True).start()\nprint(x)\n",
    "deadlock": HEAD + "import threading\none, two = threading.Lock(), threading.Lock()\n"
                + body("x += 1\nfirst, second = (one, two) if x == 1 else (two, one)\nwith first:\n    with second: pass") + threads(2),
    "livelock": HEAD + body("x += 1\nwhile x == 1: pass") + threads(2) + "print(x)\n",
    "enumerate": HEAD + body("seen.append(len(threading.enumerate()))") + threads(2) + "print(seen)\n",
    "thread local": HEAD + "local = threading.local()\n" + body("local.y = x\nx = local.y + 1") + threads(2) + "print(x)\n",
    "attribute": HEAD + COUNT + "ts = [threading.Thread(target=work) for _ in range(2)]\n" + START_ALL + JOIN_ALL
                 + "ts[0].note = x\nprint(ts[0].note)\n",
    "clock between joins": HEAD + "l = threading.Lock()\n" + body("with l:\n    x += 1\n    n = x\ntime.sleep(n)") + PAIR
                           + "begin = time.monotonic()\na.join()\nend = time.monotonic()\nb.join()\nprint(round(end - begin))\n",
    "another group joined between": HEAD + "y = 0\nl = threading.Lock()\n" + body("with l: x += 1") + "def other():\n    global y\n    y += 1\n"
                                    "ts = [threading.Thread(target=f) for f in (work, work, other, other)]\n" + START_ALL
                                    + "for i in (0, 2, 3): ts[i].join()\nprint(x)\nts[1].join()\n",
    "keywords that change": HEAD + "one, two = {'k': 1}, {'k': 1}\ndef work(k): seen.append(k)\na = threading.Thread(target=work, kwargs=one)\n"
                            "b = threading.Thread(target=work, kwargs=two)\na.start()\nb.start()\none['k'] = 2\na.join()\nb.join()\nprint(seen)\n",
    "end of the main thread": HEAD + COUNT + "def other(): seen.append(threading.main_thread().is_alive())\no = threading.Thread(target=other)\n"
                              + PAIR + "o.start()\na.join()\n",
    "weak reference": HEAD + "import weakref\n" + COUNT + "t = threading.Thread(target=work)\nr = weakref.ref(t)\nt.start()\n"
                      "threading.Thread(target=work).start()\ndel t\nprint(r() is None)\n",
    "locks of their own": HEAD + body("mine = threading.Lock()\nmine.acquire()\nseen.append(mine)\nx += len(seen)\n"
                                      "if len(seen) > 1:\n    seen[0].release()\n    seen[0].acquire()") + threads(2) + "print(x)\n",
}


def random_work(draw, depth=0):
    lines = []
    simple = ["x += 1", "y = x", "x = y + 1", "box.append(x)", "if box: box.pop()", "d[x % 2] = y", "if x > 1: y += 1", "c.n += 1",
              "m = [x]; box.append(m)", "if len(box) > 1 and isinstance(box[0], list): box[0].append(1)",
              "if event.is_set(): y = 9\nevent.set()"]
    for _ in range(draw.randint(1, 3)):
        kind = draw.randint(0, 4)
        if kind == 0 and depth == 0:
            lines += [f"with {draw.choice(('lock', 'reentrant'))}:"] + ["    " + line for line in random_work(draw, 1)]
        else:
            lines += draw.choice(simple).splitlines()
    return lines


def random_program(draw):
    count = draw.choice((2, 2, 3))
    work = random_work(draw)
    start = draw.choice((
        threads(count),
        "def main():\n" + indented(threads(count)) + "main()\n",
        f"for _ in range({count}): threading.Thread(target=work).start()\nx += 1\n",
        "ts = []\n" + f"for _ in range({count}):\n    t = threading.Thread(target=work)\n    t.start()\n    ts.append(t)\n" + JOIN_ALL,
        PAIR + draw.choice(("x += 1\n", "", "y = x\n")) + "b.join()\n" + draw.choice(("", "print(x)\n", "x = 5\n")) + "a.join()\n",
        "def other():\n    global x\n    x += 2\nts = [threading.Thread(target=f) for f in (work, work, other)]\n" + START_ALL
        + "for t in reversed(ts): t.join()\n"))
    return (HEAD + "y = 0\nbox = []\nd = {}\nlock = threading.Lock()\nreentrant = threading.RLock()\nevent = threading.Event()\n"
            "class C: pass\nc = C()\nc.n = 0\ndef work():\n    global x, y\n" + indented("\n".join(work)) + start
            + "print(x, y, len(box), c.n)\n")


def outcomes(result):
    return {(each["kind"], each["output"], each["errors"] if each["kind"] != "livelock" else "", each["exit_status"]):
            each["preemptions"] for each in result["outcomes"]}


def compare(explorer, title, source, model, *options):
    """The results with symmetry and without it."""
    together = explorer.run(source, f"--switch-points={model}", *options)
    apart = explorer.run(source, f"--switch-points={model}", "--no-symmetry")
    title = f"{title} ({model})"
    check(together["verdict"] == apart["verdict"], f"{title}: {together['verdict']}, not {apart['verdict']}; {together['incomplete']}")
    check(outcomes(together) == outcomes(apart), f"{title}: {outcomes(together)}, not {outcomes(apart)}\n{source}")
    check(not any("INTERNAL" in line for line in together["not_covered"]), f"{title}: {together['not_covered']}\n{source}")
    for outcome in together["outcomes"]:
        if outcome["kind"] == "livelock":
            continue
        path = explorer.folder / "script.py"
        replayed = subprocess.run([explorer.mini, f"--switch-points={model}", f"--replay={outcome['replay']}", str(path)],
                                  capture_output=True, text=True)
        check((replayed.stdout, replayed.returncode) == (outcome["output"], outcome["exit_status"]),
              f"{title}: {outcome['replay']} printed {replayed.stdout!r}{replayed.stderr!r}, not {outcome['output']!r}")
    return together, apart


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mini", required=True)
    parser.add_argument("--programs", type=int, default=15, help="random ones")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        explorer = Explorer(arguments.mini, folder)
        for title, source in EQUAL.items():
            together, apart = compare(explorer, title, source, "3.9")
            check(together["states"] < apart["states"], f"{title}: {together['states']} states, {apart['states']} without symmetry")
            if title in ("two", "three", "arguments", "lock", "queue", "sleep", "new objects"):
                compare(explorer, title, source, "3.10", "--verify")
        for title, source in DIFFERENT.items():
            compare(explorer, title, source, "3.9", "--verify")
        whole = saved = 0
        for seed in range(arguments.seed, arguments.seed + arguments.programs):
            draw = random.Random(seed)
            source = random_program(draw)
            model = draw.choice(("3.9", "3.9", "3.10", "3.12", "every"))
            if explorer.run(source, f"--switch-points={model}", "--no-symmetry", "--states=20000")["incomplete"]:
                continue
            together, apart = compare(explorer, f"random program {seed}", source, model, *draw.choice(((), ("--verify",), ("--no-commuting",))))
            whole += 1
            saved += together["states"] < apart["states"]
        check(saved * 2 > whole, f"only {saved} of {whole} random programs have equal threads")
    print(f"{len(failures)} failures" if failures else f"all as expected; {saved} of {whole} random programs have equal threads")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
