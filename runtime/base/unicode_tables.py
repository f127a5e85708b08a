#!/usr/bin/env python3
"""Writes unicode_tables.inc: what str.isalpha() and its like say of every code point, and its case mappings.

Run by hand with CPython 3.13 (the oracle for what a script prints), from this directory:

    python3.13 unicode_tables.py > unicode_tables.inc

The table is a sorted list of runs. A run holds code points that share a record, or that alternate between two
(upper and lower case letters do for long stretches), so 0x110000 code points need about two thousand entries.
"""
import sys
import unicodedata

FLAGS = ["printable", "alpha", "decimal", "digit", "numeric", "space", "upper", "lower", "title",
         "identifier_start", "identifier_continue", "cased", "case_ignorable"]


def flags(c):
    s = chr(c)
    # Two properties have no method. title() lowers what follows a cased character; lower() looks past an ignorable one
    # to tell whether a sigma ends its word.
    cased = (s + "a").title()[-1] == "a"
    ignorable = ("a\u03a3" + s).lower()[1] == "\u03c2" and ("a\u03a3" + s + "a").lower()[1] == "\u03c3"
    answers = [s.isprintable(), s.isalpha(), s.isdecimal(), s.isdigit(), s.isnumeric(), s.isspace(), s.isupper(),
               s.islower(), s.istitle() and not s.isupper(), s.isidentifier(), ("a" + s).isidentifier(),
               cased, ignorable]
    return sum(1 << i for i, answer in enumerate(answers) if answer)


def record(c):
    s = chr(c)
    deltas = [ord(t) - c if len(t) == 1 else 0 for t in (s.upper(), s.lower(), s.title())]
    return (flags(c), *deltas)


def main():
    everything = [record(c) for c in range(0x110000)]
    numbers, records, runs = {}, [], []

    def number_of(key):  # a record, or a pair of records that must be neighbours
        if key not in numbers:
            numbers[key] = len(records)
            records.extend(key)
        return numbers[key]

    c = 0
    while c < len(everything):
        end = c + 1
        while end < len(everything) and everything[end] == everything[c]:
            end += 1
        alternating = False
        if end == c + 1:
            two = c + 2
            while two < len(everything) and everything[two] == everything[two - 2]:
                two += 1
            alternating = two - c >= 4
            if alternating:
                end = two
        key = (everything[c], everything[c + 1]) if alternating else (everything[c],)
        runs.append(c | number_of(key) << 21 | alternating << 31)
        c = end
    assert len(records) < 1 << 10

    expansions = []
    for c in range(0x110000):
        s = chr(c)
        for kind, t in enumerate((s.upper(), s.lower(), s.title())):
            if len(t) > 1:
                points = [ord(p) for p in t] + [0] * (3 - len(t))
                expansions.append("{%#x, %d, {%s}}," % (c, kind, ", ".join("%#x" % p for p in points)))

    print("// Made by unicode_tables.py with CPython %d.%d, Unicode %s. Do not edit."
          % (*sys.version_info[:2], unicodedata.unidata_version))
    print('constexpr const char kUnicodeVersion[] = "%s";' % unicodedata.unidata_version)
    print("// clang-format off")
    print("enum : uint16_t {")
    for i, name in enumerate(FLAGS):
        print("  k%s = %#x," % ("".join(word.capitalize() for word in name.split("_")), 1 << i))
    print("};")
    wrap("constexpr Record kRecords[] = {", ["{%#x, {%d, %d, %d}}," % r for r in records])
    wrap("// code point | record << 21 | alternating with the next record << 31\nconstexpr uint32_t kRuns[] = {",
         ["%#x," % run for run in runs])
    wrap("// mappings to several code points: code point; 0 upper, 1 lower, 2 title; the points\n"
         "constexpr Expansion kExpansions[] = {", expansions)
    print("// clang-format on")


def wrap(head, items):
    print(head)
    line = " "
    for item in items:
        if len(line) + 1 + len(item) > 110:
            print(line)
            line = " "
        line += " " + item
    print(line)
    print("};")


if __name__ == "__main__":
    main()
