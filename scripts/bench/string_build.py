# strings: text that grows in a loop, and joined pieces
# sizes: 3000000 5000
import sys


def run(n):
    text = ""
    for i in range(n):
        text += "ab"
        if i % 10 == 0:
            text += "-"
    pieces = []
    for i in range(n):
        pieces.append(str(i % 100))
    joined = ",".join(pieces)
    total = 0
    for i in range(n // 2):
        key = "key" + str(i % 50) + ":" + text[i % 20]
        total += len(key)
    return len(text), len(joined), total, text.count("b-"), joined.find("99,0,1")


print("%d %d %d %d %d" % run(int(sys.argv[1])))
