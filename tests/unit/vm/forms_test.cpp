// Fused forms change nothing that can be seen: the same output and the same count of ticks with them, without them, and
// in the observed loop, which runs visible instructions only.
#include "interp/vm/form.h"
#include "tests/unit/vm/program_writer.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

namespace {

struct Seen {
  int status;
  std::string output, errors;
  uint64_t ticks;
  bool operator==(const Seen&) const = default;
};

Seen see(const std::string& source, bool plain, bool observed) {
  Options options;
  options.plain = plain;
  options.observed = observed;
  options.os_threads = false;
  Session session(std::move(options), false);
  session.start(source);
  const uint64_t ticks = session.machine().state().main->ticks();
  const Run& run = session.finish();
  return {run.status, run.output, run.errors, ticks};
}

void check_same(const std::string& source) {
  CAPTURE(source);
  const Seen fused = see(source, false, false);
  const Seen plain = see(source, true, false);
  const Seen observed = see(source, false, true);
  CHECK(fused.output == plain.output);
  CHECK(fused.errors == plain.errors);
  CHECK(fused.status == plain.status);
  CHECK(fused.ticks == plain.ticks);
  CHECK(observed == plain);
}

/// Operands that the guards of binary forms and comparisons tell apart.
constexpr const char* kOperands[] = {
    "0",    "1",    "-1",     "7",    "-7",  "2305843009213693951", "-2305843009213693952", "4294967296", "10 ** 30", "9007199254740993",
    "0.0",  "-0.0", "1.5",    "-2.5", "1e300", "1e-300", "float('inf')", "float('nan')", "True", "False", "None",
    "'ab'", "'b'",  "[1, 2]", "(1, 2, 3)", "{1: 2, 7: 'x'}",
};
constexpr const char* kOperators[] = {"+", "-", "*", "/", "//", "%", "&"};
constexpr const char* kComparisons[] = {"<", "<=", "==", "!=", ">", ">="};

}  // namespace

TEST_CASE("operators give the same from locals, constants and the stack, whatever the operands") {
  std::string operands;
  for (const char* operand : kOperands) operands += std::string(operand) + ", ";
  std::string source =
      "def show(f, *values):\n"
      "    try:\n        print(repr(f(*values)), end=' ')\n"
      "    except (TypeError, ZeroDivisionError, OverflowError, IndexError, KeyError) as error:\n"
      "        print(type(error).__name__, error, end=' ')\n";
  std::string calls;
  int number = 0;
  auto function = [&](const std::string& body) {
    const std::string name = "f" + std::to_string(number++);
    source += "def " + name + "(a, b):\n" + body;
    calls += "        show(" + name + ", a, b)\n";
  };
  for (const char* op : kOperators) {
    const std::string o = std::string(" ") + op + " ";
    function("    return a" + o + "b\n");
    function("    c = a" + o + "b\n    return c\n");
    function("    c = a" + o + "3\n    d = a" + o + "2.5\n    return c, d\n");
    function("    c = 3" + o + "b\n    return c, 2.5" + o + "b\n");
    function("    c = (a or 1)" + o + "(b or 1)\n    d = (a or 1)" + o + "b\n    e = (a or 1)" + o + "3\n    return c, d, e\n");
    function("    a " + std::string(op) + "= b\n    return a\n");
  }
  for (const char* op : kComparisons) {
    const std::string o = std::string(" ") + op + " ";
    function("    return 1 if a" + o + "b else 2\n");
    function("    return 1 if a" + o + "1 else 2\n");
    function("    return 1 if not (a or 0)" + o + "(b or 0) else 2\n");
    function("    return 1 if a" + o + "'b' or a" + o + "b else 2\n");
  }
  function("    return a[b]\n");
  function("    c = a[b]\n    d = a[1]\n    return c, d, a[-1]\n");
  function("    return 1 if a is None else 2 if a else 3\n");
  source += "values = [" + operands + "]\nfor a in values:\n    for b in values:\n" + calls + "    print()\n";
  check_same(source);
}

TEST_CASE("guards that fail again and again give way to other forms") {
  check_same(
      "def add(a, b):\n    c = a + b\n    return c\n"
      "def loop(values):\n    total = values[0]\n    for value in values:\n        total = add(total, value)\n    return total\n"
      "for i in range(60):\n    print(loop([1, 2]), loop(['a', 'b']), loop([1.5, 2]), loop([[1], [2]]))\n");
}

TEST_CASE("attributes that come, go and change class") {
  check_same(
      "class A:\n    x = 'class'\n    def __init__(self, x):\n        self.x = x\n        self.n = 0\n"
      "    def bump(self, by):\n        self.n += 1\n        self.n -= by\n        self.x = by\n        return self.n\n"
      "class B(A):\n    @property\n    def n(self):\n        return 5\n    @n.setter\n    def n(self, value):\n        print('set', value)\n"
      "class E(ValueError):\n    def bump(self, by):\n        return by\n"
      "def run(o):\n    try:\n        return o.bump(2)\n    except AttributeError as error:\n        return str(error)\n"
      "for i in range(50):\n"
      "    print([run(o) for o in (A(1), B(2), E('x'), 5, A(3))])\n"
      "    a = A(1)\n    del a.n\n    print(run(a))\n    a.__dict__['n'] = 'text'\n"
      "    try:\n        print(run(a))\n    except TypeError as error:\n        print(error)\n"
      "A.bump = lambda self, by: by\nprint(run(A(1)))\n");
}

TEST_CASE("globals that come and go, and builtins that are hidden") {
  check_same(
      "x = 0\n"
      "def add():\n    global x\n    x += 1\n    return len('abc') + x\n"
      "for i in range(40):\n    print(add())\n"
      "def len(text):\n    return 100\n"
      "print(add())\n"
      "del len\nprint(add())\n"
      "x = 'text'\n"
      "for i in range(40):\n    try:\n        add()\n    except TypeError as error:\n        print(error)\n"
      "del x\n"
      "try:\n    add()\nexcept NameError as error:\n    print(error)\n"
      "x = 10 ** 18\nx *= 2\nprint(add())\nfor i in range(100):\n    globals()['y%d' % i] = i\n    add()\nprint(x)\n");
}

TEST_CASE("unbound locals are named where they are read") {
  check_same(
      "def f(n):\n    if n == 1:\n        a = 1\n    if n == 2:\n        b = 1\n"
      "    try:\n        c = a + b\n    except NameError as error:\n        print(error)\n"
      "    try:\n        if a is None:\n            pass\n    except NameError as error:\n        print(error)\n"
      "    try:\n        print(a, b)\n    except NameError as error:\n        print(error)\n"
      "    d = 1\n    return b\n"
      "for n in range(4):\n    try:\n        print(f(n))\n    except NameError as error:\n        print(error)\n");
}

TEST_CASE("long functions, whose jumps have wide targets") {
  std::string body;
  for (int i = 0; i < 60; ++i)
    body += "        if x == " + std::to_string(i) + ":\n            total += i\n        elif x is None or x < 0:\n            continue\n";
  check_same("def f():\n    total = i = 0\n    while i < 50:\n        x = i % 7\n        i += 1\n" + body +
             "    for k in range(3):\n        for j in [1, 2]:\n            total += j\n" +
             "    while True:\n        total -= 1\n        if total < 0:\n            break\n    return total\nprint(f())\n");
}

TEST_CASE("operator methods run in frames, and hand on when they do not know") {
  check_same(
      "class V:\n    def __init__(self, x):\n        self.x = x\n"
      "    def __add__(self, o):\n        return V(self.x + o.x) if isinstance(o, V) else NotImplemented\n"
      "    def __eq__(self, o):\n        return self.x == o.x if isinstance(o, V) else NotImplemented\n"
      "    def __lt__(self, o):\n        if not isinstance(o, V):\n            return NotImplemented\n        return self.x < o.x\n"
      "    def __mul__(self, o):\n        raise ValueError(o)\n"
      "    def __sub__(self, o):\n        yield o\n"
      "class W(V):\n    def __radd__(self, o):\n        return ('radd', o)\n    def __iadd__(self, o):\n        return NotImplemented\n"
      "def t(f):\n    try:\n        r = f()\n        return r.x if isinstance(r, V) else r\n    except (TypeError, ValueError) as error:\n        return str(error)\n"
      "a, b, w = V(1), V(2), W(3)\n"
      "for i in range(40):\n"
      "    print(t(lambda: a + b), t(lambda: a + w), t(lambda: a + 1), t(lambda: 1 + w), t(lambda: w + 1), t(lambda: a * 2), list(a - b))\n"
      "    print(a == b, a != b, a == 1, a < b, a > b, t(lambda: a < 1), t(lambda: a <= b), a == w, w == a)\n"
      "    c = a\n    c += b\n    w2 = w\n    try:\n        w2 += a\n    except TypeError as error:\n        print(error)\n    print(c.x)\n");
}

TEST_CASE("random programs print the same with and without forms") {
  // Their threads wait for the clock, so ticks may differ from run to run.
  for (uint64_t number = 5000; number < 5000 + 30 / kFewer; ++number) {
    const std::string program = ProgramWriter(number, false).program();
    CAPTURE(program);
    const Seen fused = see(program, false, false), plain = see(program, true, false);
    CHECK(fused.output == plain.output);
    CHECK(fused.status == plain.status);
  }
}
