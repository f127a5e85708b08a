// What the parser says about wrong programs: recorded from CPython 3.13.0. tests/parser_oracle.py compares
// far more, live. The second table is what `python3.13 FILE` prints.
#include <doctest/doctest.h>

#include <string>

#include "interp/compile/parser.h"

using namespace mini::compile;

namespace {

struct Recorded {
  const char* program;
  const char* kind;
  const char* message;
  uint32_t line, column, end_line, end_column;
};

constexpr Recorded kErrors[] = {
    {"print \"hello\"", "SyntaxError", "Missing parentheses in call to 'print'. Did you mean print(...)?", 1,
     1, 1, 14},
    {"print x, y", "SyntaxError", "Missing parentheses in call to 'print'. Did you mean print(...)?", 1, 1, 1,
     11},
    {"exec \"x\"", "SyntaxError", "Missing parentheses in call to 'exec'. Did you mean exec(...)?", 1, 1, 1,
     9},
    {"x = = 1", "SyntaxError", "invalid syntax", 1, 5, 1, 6},
    {"f(a b)", "SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 1, 3, 1, 6},
    {"x = [1, 2 3]", "SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 1, 9, 1, 12},
    {"d = {\"a\": 1 \"b\": 2}", "SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 1, 11, 1, 16},
    {"d = {\"a\": 1, \"b\"}", "SyntaxError", "':' expected after dictionary key", 1, 16, 1, 16},
    {"d = {\"a\": }", "SyntaxError", "expression expected after dictionary key and ':'", 1, 9, 1, 10},
    {"if x = 1: pass", "SyntaxError", "invalid syntax. Maybe you meant '==' or ':=' instead of '='?", 1, 4, 1,
     9},
    {"if f() = 1: pass", "SyntaxError",
     "cannot assign to function call here. Maybe you meant '==' instead of '='?", 1, 4, 1, 7},
    {"f() = 1", "SyntaxError", "cannot assign to function call here. Maybe you meant '==' instead of '='?", 1,
     1, 1, 4},
    {"(a, 1) = b", "SyntaxError", "cannot assign to literal", 1, 5, 1, 6},
    {"1 = x", "SyntaxError", "cannot assign to literal here. Maybe you meant '==' instead of '='?", 1, 1, 1,
     2},
    {"None = 1", "SyntaxError", "cannot assign to None", 1, 1, 1, 5},
    {"x = yield = 1", "SyntaxError", "assignment to yield expression not possible", 1, 5, 1, 10},
    {"a + b += 1", "SyntaxError", "'expression' is an illegal expression for augmented assignment", 1, 1, 1,
     6},
    {"(a, b): int", "SyntaxError", "only single target (not tuple) can be annotated", 1, 1, 1, 7},
    {"del f()", "SyntaxError", "cannot delete function call", 1, 5, 1, 8},
    {"del (a, 1)", "SyntaxError", "cannot delete literal", 1, 9, 1, 10},
    {"for f() in x: pass", "SyntaxError", "cannot assign to function call", 1, 5, 1, 8},
    {"for x in y", "SyntaxError", "expected ':'", 1, 11, 1, 12},
    {"while x\n  pass", "SyntaxError", "expected ':'", 1, 8, 1, 9},
    {"def f()\n  pass", "SyntaxError", "expected ':'", 1, 8, 1, 9},
    {"def f\n  pass", "SyntaxError", "expected '('", 1, 6, 1, 7},
    {"class A\n  pass", "SyntaxError", "expected ':'", 1, 8, 1, 9},
    {"if x:\npass", "IndentationError", "expected an indented block after 'if' statement on line 1", 2, 1, 2,
     5},
    {"def f():\npass", "IndentationError", "expected an indented block after function definition on line 1",
     2, 1, 2, 5},
    {"class A:\n\nx = 1", "IndentationError", "expected an indented block after class definition on line 1",
     3, 1, 3, 2},
    {"for x in y:\nz", "IndentationError", "expected an indented block after 'for' statement on line 1", 2, 1,
     2, 2},
    {"while x:\n", "IndentationError", "expected an indented block after 'while' statement on line 1", 1, 9,
     1, 9},
    {"with a:\nb", "IndentationError", "expected an indented block after 'with' statement on line 1", 2, 1, 2,
     2},
    {"try:\n  pass\nx", "SyntaxError", "expected 'except' or 'finally' block", 3, 1, 3, 2},
    {"try:\npass", "IndentationError", "expected an indented block after 'try' statement on line 1", 2, 1, 2,
     5},
    {"try:\n  pass\nexcept A:\nx", "IndentationError",
     "expected an indented block after 'except' statement on line 3", 4, 1, 4, 2},
    {"try:\n  pass\nexcept A, B:\n  pass", "SyntaxError", "multiple exception types must be parenthesized", 3,
     8, 3, 12},
    {"try:\n  pass\nfinally:\nx", "IndentationError",
     "expected an indented block after 'finally' statement on line 3", 4, 1, 4, 2},
    {"else: pass", "SyntaxError", "invalid syntax", 1, 1, 1, 5},
    {"if a:\n  b\nelse c", "SyntaxError", "expected ':'", 3, 6, 3, 7},
    {"x = 1\n  y = 2", "IndentationError", "unexpected indent", 2, 2, 2, 2},
    {"  x = 1", "IndentationError", "unexpected indent", 1, 2, 1, 2},
    {"if a:\n    b\n  c", "IndentationError", "unindent does not match any outer indentation level", 3, 4, 3,
     4},
    {"lambda (x): x", "SyntaxError", "Lambda expression parameters cannot be parenthesized", 1, 8, 1, 11},
    {"def f(a=1, b): pass", "SyntaxError", "parameter without a default follows parameter with a default", 1,
     12, 1, 13},
    {"def f(*): pass", "SyntaxError", "named arguments must follow bare *", 1, 7, 1, 8},
    {"def f(**k, a): pass", "SyntaxError", "arguments cannot follow var-keyword argument", 1, 12, 1, 13},
    {"def f(a, /, b, /): pass", "SyntaxError", "/ may appear only once", 1, 16, 1, 17},
    {"def f(*a=1): pass", "SyntaxError", "var-positional argument cannot have default value", 1, 9, 1, 10},
    {"f(a=1, b)", "SyntaxError", "positional argument follows keyword argument", 1, 9, 1, 10},
    {"f(**a, b)", "SyntaxError", "positional argument follows keyword argument unpacking", 1, 9, 1, 10},
    {"f(**a, *b)", "SyntaxError", "iterable argument unpacking follows keyword argument unpacking", 1, 6, 1,
     10},
    {"f(1=2)", "SyntaxError", "expression cannot contain assignment, perhaps you meant \"==\"?", 1, 3, 1, 5},
    {"f(True=1)", "SyntaxError", "cannot assign to True", 1, 3, 1, 8},
    {"f(x for x in y, 1)", "SyntaxError", "Generator expression must be parenthesized", 1, 3, 1, 15},
    {"f(a=)", "SyntaxError", "expected argument value expression", 1, 3, 1, 5},
    {"[x, y for x in z]", "SyntaxError", "did you forget parentheses around the comprehension target?", 1, 2,
     1, 6},
    {"[*x for x in y]", "SyntaxError", "iterable unpacking cannot be used in comprehension", 1, 2, 1, 4},
    {"{**x for x in y}", "SyntaxError", "dict unpacking cannot be used in dict comprehension", 1, 2, 1, 4},
    {"(*x)", "SyntaxError", "cannot use starred expression here", 1, 2, 1, 4},
    {"[x for y]", "SyntaxError", "'in' expected after for-loop variables", 1, 9, 1, 10},
    {"x = 1 if 2", "SyntaxError", "expected 'else' after 'if' expression", 1, 5, 1, 11},
    {"x = (1 := 2)", "SyntaxError", "cannot use assignment expressions with literal", 1, 6, 1, 7},
    {"import a from b", "SyntaxError", "Did you mean to use 'from ... import ...' instead?", 1, 1, 1, 16},
    {"import", "SyntaxError", "Expected one or more names after 'import'", 1, 7, 1, 7},
    {"from a import b,", "SyntaxError", "trailing comma not allowed without surrounding parentheses", 1, 17,
     1, 18},
    {"from a import", "SyntaxError", "Expected one or more names after 'import'", 1, 14, 1, 14},
    {"1 + not 2", "SyntaxError", "'not' after an operator must be parenthesized", 1, 5, 1, 10},
    {"x = (1,\ny = 2", "SyntaxError", "'(' was never closed", 1, 5, 1, 5},
    {"x = (1]", "SyntaxError", "closing parenthesis ']' does not match opening parenthesis '('", 1, 7, 1, 7},
    {"x = 1)", "SyntaxError", "unmatched ')'", 1, 6, 1, 6},
    {"x = \"abc", "SyntaxError", "unterminated string literal (detected at line 1)", 1, 5, 1, 5},
    {"x = '''abc", "SyntaxError", "unterminated triple-quoted string literal (detected at line 1)", 1, 5, 1,
     5},
    {"f\"{}\"", "SyntaxError", "f-string: valid expression required before '}'", 1, 4, 1, 5},
    {"f\"{a b}\"", "SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 1, 4, 1, 7},
    {"f\"{a!x}\"", "SyntaxError", "f-string: invalid conversion character 'x': expected 's', 'r', or 'a'", 1,
     6, 1, 7},
    {"f\"{a! r}\"", "SyntaxError", "f-string: conversion type must come right after the exclamanation mark",
     1, 5, 1, 8},
    {"f\"{a\"", "SyntaxError", "f-string: expecting '}'", 1, 5, 1, 5},
    {"f\"}\"", "SyntaxError", "f-string: single '}' is not allowed", 1, 3, 1, 3},
    {"f\"{lambda x: 1}\"", "SyntaxError", "f-string: lambda expressions are not allowed without parentheses",
     1, 4, 1, 13},
    {"f\"{a:{b:{c:{d}}}}\"", "SyntaxError", "f-string: expressions nested too deeply", 1, 11, 1, 11},
    {"a = 1 \\ 2", "SyntaxError", "unexpected character after line continuation character", 1, 8, 1, 8},
    {"x = 5a", "SyntaxError", "invalid decimal literal", 1, 5, 1, 5},
    {"x = 0777", "SyntaxError",
     "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers", 1, 5,
     1, 6},
    {"x = 0b2", "SyntaxError", "invalid digit '2' in binary literal", 1, 7, 1, 7},
    {"x = 1__0", "SyntaxError", "invalid decimal literal", 1, 6, 1, 6},
    {"x = \"\\x4\"", "SyntaxError",
     "(unicode error) 'unicodeescape' codec can't decode bytes in position 0-2: truncated \\xXX escape", 1, 5,
     1, 10},
    {"b\"\\x\"", "SyntaxError", "(value error) invalid \\x escape at position 0", 1, 1, 1, 6},
    {"b\"é\"", "SyntaxError", "bytes can only contain ASCII literal characters", 1, 1, 1, 5},
    {"x = a € b", "SyntaxError", "invalid character '€' (U+20AC)", 1, 7, 1, 7},
    {"with (a as 1): pass", "SyntaxError", "cannot assign to literal", 1, 12, 1, 13},
    {"raise x from", "SyntaxError", "invalid syntax", 1, 13, 1, 14},
    {"assert x = 1", "SyntaxError", "invalid syntax", 1, 10, 1, 11},
    {"global x, 1", "SyntaxError", "invalid syntax", 1, 11, 1, 12},
    {"@a\nx", "SyntaxError", "invalid syntax", 2, 1, 2, 2},
    {"@", "SyntaxError", "invalid syntax", 1, 2, 1, 3},
    {"match x\n", "SyntaxError", "expected ':'", 1, 8, 1, 9},
    {"{a: *b}", "SyntaxError", "cannot use a starred expression in a dictionary value", 1, 5, 1, 7},
    {"f(*)", "SyntaxError", "Invalid star expression", 1, 4, 1, 5},
    {"a.b := 1", "SyntaxError", "cannot use assignment expressions with attribute", 1, 1, 1, 4},
    {"(a.b := 1)", "SyntaxError", "cannot use assignment expressions with attribute", 1, 2, 1, 5},
    {"not a = 1", "SyntaxError", "cannot assign to expression", 1, 1, 1, 6},
    {"x = not", "SyntaxError", "invalid syntax", 1, 8, 1, 9},
    {"*", "SyntaxError", "invalid syntax", 1, 2, 1, 3},
    {"a, b += 1", "SyntaxError", "'tuple' is an illegal expression for augmented assignment", 1, 1, 1, 5},
    {"return = 1", "SyntaxError", "invalid syntax", 1, 8, 1, 9},
    {"x =\n", "SyntaxError", "invalid syntax", 1, 4, 1, 5},
    {"x = {\n  1: 2,\n  3 4\n}", "SyntaxError", "':' expected after dictionary key", 3, 3, 3, 3},
    {"def f(x) return x", "SyntaxError", "expected ':'", 1, 10, 1, 16},
    {"print(1\nprint(2)\n", "SyntaxError", "'(' was never closed", 1, 6, 1, 6},
    {"f(a, b=1, c d)", "SyntaxError", "positional argument follows keyword argument", 1, 14, 1, 15},
};

struct Rendered {
  std::string_view program;
  std::string_view text;
};

using namespace std::string_view_literals;

constexpr Rendered kRendered[] = {
    {"x = 1\nprint \"hello\"\n",
     "  File \"F\", line 2\n"
     "    print \"hello\"\n"
     "    ^^^^^^^^^^^^^\n"
     "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?\n"},
    {"if x:\n    y = (1, 2\n    z = 3\n",
     "  File \"F\", line 2\n"
     "    y = (1, 2\n"
     "        ^\n"
     "SyntaxError: '(' was never closed\n"},
    {"\tx = [1 2]\n",
     "  File \"F\", line 1\n"
     "    \tx = [1 2]\n"
     "    ^\n"
     "IndentationError: unexpected indent\n"},
    {"    \t  é = \"日本\" ü + 1\n",
     "  File \"F\", line 1\n"
     "    \t  é = \"日本\" ü + 1\n"
     "    \t ^\n"
     "IndentationError: unexpected indent\n"},
    {"def f():\n\treturn 1 2  # c\n",
     "  File \"F\", line 2\n"
     "    \treturn 1 2  # c\n"
     "    \t         ^\n"
     "SyntaxError: invalid syntax\n"},
    {"日本 = f(語 x)\n",
     "  File \"F\", line 1\n"
     "    日本 = f(語 x)\n"
     "           ^^^\n"
     "SyntaxError: invalid syntax. Perhaps you forgot a comma?\n"},
    {"x = (a,\n     b c,\n     d)\n",
     "  File \"F\", line 2\n"
     "    b c,\n"
     "    ^^^\n"
     "SyntaxError: invalid syntax. Perhaps you forgot a comma?\n"},
    {"class A:\n    def f(self):\n    x = 1\n",
     "  File \"F\", line 3\n"
     "    x = 1\n"
     "    ^\n"
     "IndentationError: expected an indented block after function definition on line 2\n"},
    {"\"日本\" = é\n",
     "  File \"F\", line 1\n"
     "    \"日本\" = é\n"
     "    ^^^^\n"
     "SyntaxError: cannot assign to literal here. Maybe you meant '==' instead of '='?\n"},
    {"x = \"\"\"abc\ndef\n",
     "  File \"F\", line 1\n"
     "    x = \"\"\"abc\n"
     "        ^\n"
     "SyntaxError: unterminated triple-quoted string literal (detected at line 2)\n"},
    {"f(a.b=1,\n  c)\n",
     "  File \"F\", line 1\n"
     "    f(a.b=1,\n"
     "      ^^^^\n"
     "SyntaxError: expression cannot contain assignment, perhaps you meant \"==\"?\n"},
    {"if a:\n        b\n\tc\n",
     "  File \"F\", line 3\n"
     "    \tc\n"
     "    ^\n"
     "TabError: inconsistent use of tabs and spaces in indentation\n"},
    {"@a\n",
     "  File \"F\", line 1\n"
     "    @a\n"
     "SyntaxError: invalid syntax\n"},
    {"x = '́a' b\n",
     "  File \"F\", line 1\n"
     "    x = '́a' b\n"
     "             ^\n"
     "SyntaxError: invalid syntax\n"},
    {"\f x = 1 2\n",
     "  File \"F\", line 1\n"
     "    x = 1 2\n"
     "IndentationError: unexpected indent\n"},
    {"(a b\nc)\n",
     "  File \"F\", line 1\n"
     "    (a b\n"
     "     ^^^\n"
     "SyntaxError: invalid syntax. Perhaps you forgot a comma?\n"},
    {"x = 0777\n",
     "  File \"F\", line 1\n"
     "    x = 0777\n"
     "        ^\n"
     "SyntaxError: leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
     "integers\n"},
    {"é = €\n",
     "  File \"F\", line 1\n"
     "    é = €\n"
     "        ^\n"
     "SyntaxError: invalid character '€' (U+20AC)\n"},
    {"a = 1 \\ \nb\n",
     "  File \"F\", line 1\n"
     "    a = 1 \\ \n"
     "           ^\n"
     "SyntaxError: unexpected character after line continuation character\n"},
    {"a\n\nb = 2 \\ c\n",
     "  File \"F\", line 3\n"
     "    b = 2 \\ c\n"
     "           ^\n"
     "SyntaxError: unexpected character after line continuation character\n"},
    {"a\\\n",
     "  File \"F\", line 1\n"
     "    a\\\n"
     "      ^\n"
     "SyntaxError: unexpected EOF while parsing\n"},
    {"if 1:",
     "  File \"F\", line 1\n"
     "    if 1:\n"
     "IndentationError: expected an indented block after 'if' statement on line 1\n"},
    {"f(",
     "  File \"F\", line 1\n"
     "    f(\n"
     "     ^\n"
     "SyntaxError: '(' was never closed\n"},
    {"x = $\n",
     "  File \"F\", line 1\n"
     "    x = $\n"
     "        ^\n"
     "SyntaxError: invalid syntax\n"},
};

/// The error of a program that must have one; kept with its text.
struct Failed {
  explicit Failed(std::string text, SourceFile::Origin origin = SourceFile::Origin::kString)
      : source("F", std::move(text), origin), diagnostics(source) {
    Arena arena;
    REQUIRE(parse(source, ast::Mode::kFile, arena, diagnostics) == nullptr);
  }
  const Diagnostic& error() const { return diagnostics.first_error(); }

  SourceFile source;
  Diagnostics diagnostics;
};

}  // namespace

TEST_CASE("errors have CPython's kind, text and place") {
  for (const Recorded& recorded : kErrors) {
    CAPTURE(recorded.program);
    Failed failed{recorded.program};
    const Diagnostic& e = failed.error();
    CHECK(name_of(e.kind) == recorded.kind);
    CHECK(e.message == recorded.message);
    CHECK(e.line == recorded.line);
    CHECK(e.column == recorded.column);
    CHECK(e.end_line == recorded.end_line);
    CHECK(std::max(e.end_column, e.column) == recorded.end_column);
  }
}

TEST_CASE("errors are shown as CPython shows them, tabs and wide characters included") {
  for (const Rendered& rendered : kRendered) {
    CAPTURE(rendered.program);
    Failed failed{std::string(rendered.program), SourceFile::Origin::kFile};
    CHECK(render(failed.error(), "F") == rendered.text);
  }
}

TEST_CASE("what is outside the subset is refused by name, where it stands") {
  struct {
    const char* program;
    const char* message;
    uint32_t line, column;
  } refused[] = {
      {"async def f(): pass", "'async' is not part of mini", 1, 1},
      {"def f():\n  await x", "'await' is not part of mini", 2, 3},
      {"class A:\n  @a\n  async def f(self): pass", "'async' is not part of mini", 3, 3},
      {"x = [a async for a in b]", "'async' is not part of mini", 1, 8},
      {"async with a: pass", "'async' is not part of mini", 1, 1},
      {"match x:\n  case 1: pass", "'match' is not part of mini", 1, 1},
      {"def f(a):\n  match a, b:\n    case _:\n      pass\n", "'match' is not part of mini", 2, 3},
      {"type X = int", "'type' is not part of mini", 1, 1},
      {"try: pass\nexcept* A: pass", "'except*' is not part of mini", 2, 7},
      {"x = 1 + 2j", "complex literals are not part of mini", 1, 10},
      {"def f[T](a): pass", "type parameters are not part of mini", 1, 6},
      {"class A[T]: pass", "type parameters are not part of mini", 1, 8},
      {"x = '\\N{DASH}'", "named characters (\\N{...}) are not part of mini", 1, 5},
      {"# coding: latin-1\nx = '\xe9'", "source encoding 'latin-1' is not part of mini", 0, 0},
  };
  for (auto& [source, message, line, column] : refused) {
    const auto& program = source;  // clang 14 cannot capture a structured binding
    CAPTURE(program);
    Failed failed{program};
    CHECK(failed.error().message == message);
    CHECK(failed.error().line == line);
    CHECK(failed.error().column == column);
  }
}

TEST_CASE("soft keywords are names wherever CPython takes them for names") {
  for (const char* program :
       {"match = 1", "match(x)", "match[x]", "type(x)", "type = 1", "case = match.type", "print(match)",
        "match: int = 1", "match, case = 1, 2", "type.x = 1", "_ = 1", "match * x", "match - x"}) {
    CAPTURE(program);
    SourceFile source("F", program);
    Diagnostics diagnostics(source);
    Arena arena;
    CHECK(parse(source, ast::Mode::kFile, arena, diagnostics));
  }
}

TEST_CASE("bytes that are no text are refused as a whole") {
  CHECK(Failed("x = 1\n\xff\n").error().message ==
        "Non-UTF-8 code starting with '\\xff' in file F on line 2, but no encoding declared; see "
        "https://peps.python.org/pep-0263/ for details");
  CHECK(render(Failed(std::string("x = 1\na\0b\n", 10)).error(), "F") ==
        "  File \"F\", line 2\n    a\nSyntaxError: source code cannot contain null bytes\n");
  SourceFile source("F", "#!/usr/bin/mini\n# -*- coding: utf-8 -*-\nx = 'é'\n");
  Diagnostics diagnostics(source);
  Arena arena;
  CHECK(parse(source, ast::Mode::kFile, arena, diagnostics));
}

TEST_CASE("doubtful escapes are warnings, one a string, once even where the parser reads twice") {
  auto warnings = [](const std::string& text) {
    SourceFile source("F", text);
    Diagnostics diagnostics(source);
    Arena arena;
    parse(source, ast::Mode::kFile, arena, diagnostics);
    std::string out;
    for (const Diagnostic& w : diagnostics.warnings()) out += std::to_string(w.line) + " " + w.message + "|";
    return out;
  };
  CHECK(warnings("x = '\\d\\q'") == "1 invalid escape sequence '\\d'|");
  CHECK(warnings("\nx = b'\\é'") == "");
  CHECK(warnings("'\\é'") == "");
  CHECK(warnings("'\\400'") == "1 invalid octal escape sequence '\\400'|");
  CHECK(warnings("r'\\d' '\\n'") == "");
  CHECK(warnings("with ('\\d'.a) as b: pass") == "1 invalid escape sequence '\\d'|");
  CHECK(warnings("f'\\d{x}\\q'") == "1 invalid escape sequence '\\d'|1 invalid escape sequence '\\q'|");
  CHECK(warnings("f'\\{x}\\}}'") == "1 invalid escape sequence '\\{'|1 invalid escape sequence '\\}'|");
  CHECK(warnings("f'''\n\\d{x}\n'''") == "3 invalid escape sequence '\\d'|");
  CHECK(warnings("1if 2else 3") == "1 invalid decimal literal|1 invalid decimal literal|");
}

TEST_CASE("an error in a statement's first token is that token's") {
  CHECK(Failed("x = 1\n\\").error().message == "unexpected EOF while parsing");
  CHECK(Failed("x = 1\n\\ y").error().message == "unexpected character after line continuation character");
  CHECK(Failed("x = 1\n\n'abc").error().message == "unterminated string literal (detected at line 3)");
  CHECK(Failed("x = 1\n  y").error().message == "unexpected indent");
}

TEST_CASE("an error far inside a large statement is found, and one far behind right ones") {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "1,\n";
  Failed inside("x = [" + many + "2 3]");
  CHECK(inside.error().message == "invalid syntax. Perhaps you forgot a comma?");
  CHECK(inside.error().line == 20'001);
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "x = 1\n";
  Failed behind(lines + "f(a b)\n");
  CHECK(behind.error().message == "invalid syntax. Perhaps you forgot a comma?");
  CHECK(behind.error().line == 20'001);
}
