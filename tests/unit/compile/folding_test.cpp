// What is computed at compile time, and what is left alone. (Which instructions remain is compared with
// CPython 3.9 by tests/bytecode_oracle.py; the values are its answers.)
#include "interp/compile/folding.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/compile/compiled.h"

using namespace mini;
using compile::compiled;

namespace {

/// The constant that the expression became; "" if something is left to compute.
std::string folded(const std::string& expression) {
  const auto code = compiled(expression, compile::CompileMode::kEval);
  if (code->units.size() != 2) return "";
  return repr(code->constants[code->units[0].argument]);
}

}  // namespace

TEST_CASE("integers, small and large") {
  CHECK(folded("1 + 2 * 3 - 4") == "3");
  CHECK(folded("9223372036854775807 + 1") == "9223372036854775808");
  CHECK(folded("-9223372036854775808") == "-9223372036854775808");
  CHECK(folded("9223372036854775808 - 1") == "9223372036854775807");
  CHECK(folded("7 // -2") == "-4");
  CHECK(folded("-7 % 3") == "2");
  CHECK(folded("7 / 2") == "3.5");
  CHECK(folded("2 ** -1") == "0.5");
  CHECK(folded("~5") == "-6");
  CHECK(folded("-1 >> 70") == "-1");
  CHECK(folded("6 & 3 | 8 ^ 1") == "11");
}

TEST_CASE("results that would be large are left alone") {
  CHECK(folded("2 ** 64") == "18446744073709551616");
  CHECK(folded("2 ** 63") == "9223372036854775808");
  CHECK(folded("2 ** 65") == "");
  CHECK(folded("1 << 127") == "170141183460469231731687303715884105728");
  CHECK(folded("1 << 128") == "");
  CHECK(folded("'ab' * 2048") != "");
  CHECK(folded("'ab' * 2049") == "");
  CHECK(folded("'\xc3\xa9' * 4096") != "");
  CHECK(folded("(1, 2) * 128") != "");
  CHECK(folded("(1, 2) * 129") == "");
  CHECK(folded("((1, 2, 3),) * 256") != "");
  CHECK(folded("((1, 2, 3, 4),) * 256") == "");
}

TEST_CASE("what would raise is left to raise") {
  for (const char* text :
       {"1 / 0", "1 // 0", "1 % 0", "1.0 / 0", "0 ** -1", "1 << -1", "1 >> -1", "'a' + 1", "1 + None", "-'a'",
        "(1, 2)[2]", "'abc'[-4]", "1 @ 2", "10.0 ** 400", "'a' * 1.5", "1.5 << 1"}) {
    CAPTURE(text);
    CHECK(folded(text) == "");
  }
}

TEST_CASE("floats, strings, tuples, truth") {
  CHECK(folded("-0.0") == "-0.0");
  CHECK(folded("1.5 * 2") == "3.0");
  CHECK(folded("-7.0 // 2") == "-4.0");
  CHECK(folded("'a' 'b' + 'c'") == "'abc'");
  CHECK(folded("b'a' + b'b'") == "b'ab'");
  CHECK(folded("'' * -5") == "''");
  CHECK(folded("'a\xc3\xa9z'[1]") == "'\xc3\xa9'");
  CHECK(folded("'a\xc3\xa9z'[-1]") == "'z'");
  CHECK(folded("b'abc'[1]") == "98");
  CHECK(folded("(1, (2, 3))[1][0]") == "2");
  CHECK(folded("(1, 2) + (3,)") == "(1, 2, 3)");
  CHECK(folded("not ()") == "True");
  CHECK(folded("not 'x'") == "False");
  CHECK(folded("True & False") == "False");
  CHECK(folded("True + True") == "2");
  CHECK(folded("+True") == "1");
  CHECK(folded("__debug__") == "True");
}

TEST_CASE("a folded string is no docstring") {
  const auto code = compile::inner(*compiled("def f():\n  'a' + 'b'\n"), "f");
  CHECK(repr(code->constants[0]) == "None");
  CHECK(repr(compile::inner(*compiled("def f():\n  'a'\n"), "f")->constants[0]) == "'a'");
}

TEST_CASE("docstrings lose their common indentation, as in CPython 3.13") {
  const auto doc = [](const std::string& text) {
    return repr(compile::inner(*compiled("def f():\n    \"\"\"" + text + "\"\"\"\n"), "f")->constants[0]);
  };
  CHECK(doc(" one ") == "'one '");
  CHECK(doc("one\n    two\n      three\n    ") == R"('one\ntwo\n  three\n')");
  CHECK(doc("\n    two \n\n\tthree\n") == R"('\ntwo \n\n    three\n')");
}
