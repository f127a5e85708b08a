# strings: character by character: a checksum, a cipher, a scanner
# sizes: 75000 40
import sys


def checksum(text):
    total = 7
    for c in text:
        total = (total * 31 + ord(c)) % 1000003
    return total


def rotate(text, by):
    result = []
    for c in text:
        if "a" <= c <= "z":
            result.append(chr((ord(c) - 97 + by) % 26 + 97))
        else:
            result.append(c)
    return "".join(result)


def scan(text):
    total = number = i = 0
    while i < len(text):
        c = text[i]
        if c.isdigit():
            number = number * 10 + int(c)
        elif c == ",":
            total += number
            number = 0
        i += 1
    return total + number


def run(n):
    text = "the quick brown fox jumps over the lazy dog 12,7,1995"
    total = 0
    for i in range(n):
        text = rotate(text, i % 26)
        total = (total + checksum(text) + scan(text)) % 1000003
    return total, text


print("%d %s" % run(int(sys.argv[1])))
