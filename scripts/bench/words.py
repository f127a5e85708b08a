# strings: split, strip, replace, case; counting words
# sizes: 90000 50
import sys

TEXT = """The quick brown fox jumps over the lazy dog; the dog sleeps.
A bytecode instruction is a small thing, and a thread may stop after it.
Between reading and writing, another thread may have written."""


def run(n):
    counts = {}
    total = 0
    for i in range(n):
        for line in TEXT.split("\n"):
            for word in line.split():
                word = word.strip(".,;").lower()
                counts[word] = counts.get(word, 0) + 1
                if word.startswith("th") or word.endswith("ing"):
                    total += len(word.replace("th", "s"))
    best = max(counts.values())
    return best, len(counts), total


print("%d %d %d" % run(int(sys.argv[1])))
