// What is shown below an entry of a traceback, and what a misspelt name may have meant. The texts are
// CPython 3.13.0's; traceback_oracle.py asks it for many more.
#include <doctest/doctest.h>

#include <algorithm>

#include "interp/vm/traceback_carets.h"

namespace mini::vm {
namespace {

/// The lines for the operation that `part` of `program` is.
std::string shown(std::string_view program, std::string_view part) {
  const size_t begin = program.find(part), end = begin + part.size();
  REQUIRE(begin != std::string_view::npos);
  auto line_at = [&](size_t at) {
    return static_cast<uint32_t>(
        1 + std::count(program.begin(), program.begin() + static_cast<ptrdiff_t>(at), '\n'));
  };
  auto column_at = [&](size_t at) {
    return static_cast<uint32_t>(at - (program.substr(0, at).rfind('\n') + 1));
  };
  const bytecode::Position position = {line_at(begin), line_at(end), column_at(begin), column_at(end)};
  std::vector<std::string_view> lines;
  std::string_view rest = program;
  for (uint32_t line = 1; line <= position.end_line; ++line) {
    if (line >= position.line) lines.push_back(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  }
  std::string out;
  append_lines_with_carets(out, lines, position);
  return out;
}

std::string near_miss(std::string_view wrong, const std::vector<std::string>& names) {
  return nearest_name(names, wrong);
}

}  // namespace

TEST_CASE("carets: an operation points at its operator") {
  CHECK(shown("x = a  +b # c", "a  +b") ==
        "    x = a  +b # c\n"
        "        ~~~^~\n");
  CHECK(shown("x = (a)//-b", "(a)//-b") ==
        "    x = (a)//-b\n"
        "        ~~~^^~~\n");
  CHECK(shown("x = a + b * c - d", "a + b * c - d") == "    x = a + b * c - d\n        ~~~~~~~~~~^~~\n");
}

TEST_CASE("carets: a comment and a line end can stand before the operator") {
  CHECK(shown("x = (a # + b\n     ** b)", "a # + b\n     ** b") ==
        "    x = (a # + b\n"
        "         ~~~~~~~\n"
        "         ** b)\n"
        "         ^^~~\n");
}

TEST_CASE("carets: a subscript points at its index, a call at its arguments, anything else as a whole") {
  CHECK(shown("x = a[b] [c] + 1", "a[b] [c]") ==
        "    x = a[b] [c] + 1\n"
        "        ~~~~~^^^\n");
  CHECK(shown("return o.f(a)", "o.f(a)") ==
        "    return o.f(a)\n"
        "           ~~~^^^\n");
  CHECK(shown("x = a.b.c", "a.b") ==
        "    x = a.b.c\n"
        "        ^^^\n");
  CHECK(shown("x = a < b, c", "a < b") == "    x = a < b, c\n        ^^^^^\n");
}

TEST_CASE("carets: there are none where the line says enough") {
  CHECK(shown("raise ValueError  # why", "raise ValueError") ==
        "    raise ValueError  # why\n"
        "    ^^^^^^^^^^^^^^^^\n");
  CHECK(shown("raise ValueError", "raise ValueError") == "    raise ValueError\n");
  CHECK(shown("return f(a)", "f(a)") == "    return f(a)\n");
  CHECK(shown("x = f(a).g(b)", "f(a).g(b)") == "    x = f(a).g(b)\n");
  CHECK(shown("x.y = f(a)", "f(a)") == "    x.y = f(a)\n          ~^^^\n");
}

TEST_CASE(
    "carets: columns are bytes in positions, characters in CPython's comparison, two of a screen if wide") {
  CHECK(shown("\u00e9 = f('\u00e9')", "f('\u00e9')") ==
        "    \u00e9 = f('\u00e9')\n"
        "        ~^^^^^\n");
  CHECK(shown("x = '\u5b57\u5b57' + \u5b57 / b", "\u5b57 / b") ==
        "    x = '\u5b57\u5b57' + \u5b57 / b\n"
        "                 ~~~^~~\n");
}

TEST_CASE("carets: indentation is dropped, and a tab counts one") {
  CHECK(shown("if a:\n\t  x = b\tor c.d", "c.d") ==
        "    x = b\tor c.d\n"
        "             ^^^\n");
  CHECK(shown("if a:\n\tx = (b\n\t  + c)", "b\n\t  + c") ==
        "    x = (b\n"
        "         ~\n"
        "      + c)\n"
        "      ^~~\n");
}

TEST_CASE("carets: of many lines the first, the last and those around the anchors are shown") {
  CHECK(shown("x = (a(\n  1,\n  2,\n  3,\n  4)\n  +\n  b)", "a(\n  1,\n  2,\n  3,\n  4)\n  +\n  b") ==
        "    x = (a(\n"
        "         ~~\n"
        "    ...<3 lines>...\n"
        "      4)\n"
        "      ~~\n"
        "      +\n"
        "      ^\n"
        "      b)\n"
        "      ~\n");
  CHECK(shown("x = (a\n\n     ) + b", "a\n\n     ) + b") ==  // one line is not worth leaving out
        "    x = (a\n"
        "         ^\n"
        "    \n"
        "    \n"
        "         ) + b\n"
        "         ^^^^^\n");
}

TEST_CASE("carets: places outside the text are survived") {
  std::string out;
  append_lines_with_carets(out, {}, {1, 1, 0, 5});
  append_lines_with_carets(out, {""}, {1, 1, 0, 5});
  append_lines_with_carets(out, {"a + b"}, {0, 0, 0, 5});
  CHECK(out.empty());
  append_lines_with_carets(out, {"a + b"}, {1, 9, 90, 7});
  CHECK(out.starts_with("    a + b\n"));
}

TEST_CASE("near misses: a third of the letters may differ, and case counts half") {
  CHECK(near_miss("pritn", {"input", "print", "repr"}) == "print");
  CHECK(near_miss("VALue", {"volume", "value"}) == "value");
  CHECK(near_miss("VALUE", {"value"}) == "");
  CHECK(near_miss("vlue", {"value", "blue", "Vlue"}) == "Vlue");
  CHECK(near_miss("a", {"b", "A"}) == "A");
  CHECK(near_miss("a", {"b"}) == "");
  CHECK(near_miss("blach", {"bluch", "blech"}) == "bluch");  // the first of equals
  CHECK(near_miss("same", {"same"}) == "");                  // it is there: spelling was not the reason
}

TEST_CASE("near misses: long names and long lists are not looked through") {
  const std::string end(50, 'x');
  CHECK(near_miss("a" + end, {"b" + end}) == "b" + end);  // only what differs has to be short
  CHECK(near_miss("a" + std::string(42, 'y') + "a", {"b" + std::string(42, 'y') + "b"}) == "");
  std::vector<std::string> names(748, "zzzzzzzz");
  names.push_back("print");
  CHECK(near_miss("pritn", names) == "print");
  names.push_back("print");
  CHECK(near_miss("pritn", names) == "");
}

}  // namespace mini::vm
