// The parser on right programs: shapes, positions, values, limits. tests/parser_oracle.py compares whole
// trees with CPython's, live; here stands what must hold on a machine without one.
#include "interp/compile/parser.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "ast_dump.h"

using namespace mini::compile;

namespace {

struct Parsed {
  explicit Parsed(const std::string& text, ast::Mode mode = ast::Mode::kFile, size_t limit = SIZE_MAX)
      : source("F", text),
        diagnostics(source),
        arena(limit),
        module(parse(source, mode, arena, diagnostics)) {}

  /// The tree, or the error.
  std::string dump() const {
    if (module) return mini::compile::dump(*module);
    const Diagnostic& e = diagnostics.first_error();
    return std::string(name_of(e.kind)) + ": " + e.message;
  }
  const ast::Constant& constant() const {
    REQUIRE(module);
    return *ast::as<ast::Constant>(ast::as<ast::Expr>(module->body[0])->value);
  }

  SourceFile source;
  Diagnostics diagnostics;
  Arena arena;
  ast::Module* module;
};

std::string dump_of(const std::string& text) {
  return Parsed(text).dump();
}

/// The tree of an expression, without the statement around it.
std::string expression(const std::string& text) {
  std::string whole = dump_of(text);
  size_t begin = whole.find(' ');
  return begin == std::string::npos ? whole : whole.substr(begin + 1, whole.size() - begin - 3);
}

std::string repeat(const std::string& text, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("operators group as the language says") {
  CHECK(expression("a+b*c") ==
        "(BinOp@1:0-1:5 (Name@1:0-1:1 a Load) Add (BinOp@1:2-1:5 (Name@1:2-1:3 b Load) Mult "
        "(Name@1:4-1:5 c Load)))");
  CHECK(expression("-a**-b") ==
        "(UnaryOp@1:0-1:6 USub (BinOp@1:1-1:6 (Name@1:1-1:2 a Load) Pow (UnaryOp@1:4-1:6 "
        "USub (Name@1:5-1:6 b Load))))");
  CHECK(expression("a<b is not c") ==
        "(Compare@1:0-1:12 (Name@1:0-1:1 a Load) [ Lt IsNot ] [ (Name@1:2-1:3 b Load) "
        "(Name@1:11-1:12 c Load) ])");
  CHECK(expression("a or b and not c") ==
        "(BoolOp@1:0-1:16 Or [ (Name@1:0-1:1 a Load) (BoolOp@1:5-1:16 And [ (Name@1:5-1:6 b Load) "
        "(UnaryOp@1:11-1:16 "
        "Not (Name@1:15-1:16 c Load)) ]) ])");
}

TEST_CASE("brackets do not widen what they hold, but a tuple has its own") {
  CHECK(expression("(a)") == "(Name@1:1-1:2 a Load)");
  CHECK(expression("(a).b") == "(Attribute@1:0-1:5 (Name@1:1-1:2 a Load) b Load)");
  CHECK(expression("(a,)") == "(Tuple@1:0-1:4 [ (Name@1:1-1:2 a Load) ] Load)");
  CHECK(expression("a,") == "(Tuple@1:0-1:2 [ (Name@1:0-1:1 a Load) ] Load)");
  CHECK(expression("f(x for x in y)")
            .starts_with("(Call@1:0-1:15 (Name@1:0-1:1 f Load) [ (GeneratorExp@1:1-1:15 "));
}

TEST_CASE("targets are stored to") {
  CHECK(dump_of("a, *b = c") ==
        "(Assign@1:0-1:9 [ (Tuple@1:0-1:5 [ (Name@1:0-1:1 a Store) (Starred@1:3-1:5 "
        "(Name@1:4-1:5 b Store) Store) ] Store) ] (Name@1:8-1:9 c Load))\n");
  CHECK(dump_of("del a.b, c[0]") ==
        "(Delete@1:0-1:13 [ (Attribute@1:4-1:7 (Name@1:4-1:5 a Load) b Del) "
        "(Subscript@1:9-1:13 (Name@1:9-1:10 c Load) (Constant@1:11-1:12 0) Del) ])\n");
  CHECK(dump_of("(a): int = 1").ends_with(" 0)\n"));
  CHECK(dump_of("a: int = 1").ends_with(" 1)\n"));
}

TEST_CASE("brackets around the items of a with belong to it when they can") {
  CHECK(dump_of("with (a as b, c): pass")
            .find("(withitem (Name@1:6-1:7 a Load) (Name@1:11-1:12 b Store)) (withitem") !=
        std::string::npos);
  CHECK(dump_of("with (a, b) as c: pass").find("(withitem (Tuple@1:5-1:11") != std::string::npos);
  CHECK(dump_of("with (a): pass").find("(withitem (Name@1:6-1:7 a Load) -)") != std::string::npos);
  CHECK(dump_of("with (a).b: pass").find("(withitem (Attribute@1:5-1:10") != std::string::npos);
  CHECK(dump_of("with (yield): pass").find("(withitem (Yield@1:6-1:11 -) -)") != std::string::npos);
}

TEST_CASE("numbers have CPython's values") {
  CHECK(Parsed("9_223_372_036_854_775_807").constant().integer == INT64_MAX);
  CHECK(Parsed("0xFF").constant().integer == 255);
  CHECK(Parsed("0b1_0").constant().integer == 2);
  CHECK(Parsed("0o17").constant().integer == 15);
  CHECK(Parsed("000").constant().integer == 0);
  Parsed big("9223372036854775808");
  CHECK(big.constant().constant == ast::ConstantKind::kBigInteger);
  CHECK(big.constant().text == "9223372036854775808");
  Parsed hex("0x1_0000_0000_0000_0000");
  CHECK(hex.constant().base == 16);
  CHECK(hex.constant().text == "10000000000000000");
  CHECK(Parsed("1e400").constant().floating == INFINITY);
  CHECK(Parsed("1e-400").constant().floating == 0.0);
  CHECK(Parsed("0.1").constant().floating == 0.1);
  CHECK(Parsed(std::string(4300, '1')).module);
  CHECK(dump_of(std::string(4301, '1'))
            .starts_with("SyntaxError: Exceeds the limit (4300 digits) for integer string conversion: value "
                         "has 4301 digits;"));
  CHECK(Parsed("0x" + std::string(5000, '1')).module);
}

TEST_CASE("strings have CPython's values") {
  CHECK(Parsed(R"('a\n\t\\\'\x41\101\u00e9\U0001F600\
b')")
            .constant()
            .text == "a\n\t\\'AAé😀b");
  CHECK(Parsed(R"(r'a\n' "b" '''c''')").constant().text == "a\\nbc");
  CHECK(Parsed(R"('\ud800')").constant().text == "\xED\xA0\x80");
  CHECK(Parsed(R"(b'\xff\0a\'')").constant().text == std::string_view("\xff\0a'", 4));
  CHECK(Parsed(R"('\400')").constant().text == "Ā");
  CHECK(Parsed("'a\r\nb'").dump() == "SyntaxError: unterminated string literal (detected at line 1)");
  CHECK(Parsed("'''a\r\nb'''").constant().text == "a\nb");
  CHECK(dump_of("'a' b'b'") == "SyntaxError: cannot mix bytes and nonbytes literals");
}

TEST_CASE("f-strings become constants and fields, with their debug text") {
  CHECK(expression("f'a{x}' 'b'") ==
        "(JoinedStr@1:0-1:11 [ (Constant@1:2-1:3 \"a\") (FormattedValue@1:3-1:6 "
        "(Name@1:4-1:5 x Load) - -) (Constant@1:8-1:11 \"b\") ])");
  CHECK(expression("f'{x = }'") ==
        "(JoinedStr@1:0-1:9 [ (Constant@1:3-1:7 \"x = \") (FormattedValue@1:2-1:8 "
        "(Name@1:3-1:4 x Load) r -) ])");
  CHECK(expression("f'{x!s:{w}}'") ==
        "(JoinedStr@1:0-1:12 [ (FormattedValue@1:2-1:11 (Name@1:3-1:4 x Load) s "
        "(JoinedStr@1:6-1:10 [ (FormattedValue@1:7-1:10 (Name@1:8-1:9 w Load) - -) ])) ])");
  CHECK(expression("f''") == "(JoinedStr@1:0-1:3 [ ])");
}

TEST_CASE("a name is held once") {
  Parsed parsed("abc = abc + 'abc'");
  auto* assign = ast::as<ast::Assign>(parsed.module->body[0]);
  auto* target = ast::as<ast::Name>(assign->targets[0]);
  auto* used = ast::as<ast::Name>(ast::as<ast::BinOp>(assign->value)->left);
  CHECK(target->id.data() == used->id.data());
}

TEST_CASE("nothing that is deep overflows the stack") {
  constexpr size_t kMany = 100'000;
  const std::string left = "RecursionError: maximum recursion depth exceeded during compilation";
  const std::string right = "MemoryError: Parser stack overflowed - Python source too complex to parse";
  CHECK(dump_of(std::string(kMany, '(')) == "SyntaxError: too many nested parentheses");
  CHECK(dump_of("a" + repeat(".b", kMany)) == left);
  CHECK(dump_of("a" + repeat("()", kMany)) == left);
  CHECK(dump_of("a" + repeat("[0]", kMany)) == left);
  CHECK(dump_of("1" + repeat("+1", kMany)) == left);
  CHECK(dump_of("1" + repeat("**1", kMany)) == right);
  CHECK(dump_of(repeat("-", kMany) + "1") == right);
  CHECK(dump_of(repeat("not ", kMany) + "1") == right);
  CHECK(dump_of(repeat("1 if 1 else ", kMany) + "1") == right);
  CHECK(dump_of(repeat("lambda: ", kMany) + "1") == right);
  CHECK(dump_of("if a: pass\n" + repeat("elif a: pass\n", kMany)) == right);
  // Half of what is allowed twice: chains inside brackets add up.
  CHECK(dump_of("(1" + repeat("+1", kMaxDepth / 2) + ")" + repeat("+1", kMaxDepth / 2)) == left);
}

TEST_CASE("what is long but not deep is read") {
  constexpr size_t kMany = 100'000;
  CHECK(Parsed("a" + repeat(" and a", kMany)).module);
  CHECK(Parsed("a" + repeat(" < a", kMany)).module);
  CHECK(Parsed("[" + repeat("1,\n", kMany) + "]").module);
  CHECK(Parsed("x = " + repeat("x = ", kMany) + "1").module);
  CHECK(Parsed(repeat("'a' ", kMany)).module);
  CHECK(Parsed(repeat("x = 1\n", kMany)).module);
  CHECK(Parsed(repeat("[", 200) + repeat("]", 200)).module);
  CHECK(Parsed("1" + repeat("+1", kMaxDepth - 1)).module);
}

TEST_CASE("a tree that is larger than its arena may be is a MemoryError") {
  Parsed parsed(repeat("x = 1\n", 10'000), ast::Mode::kFile, 100'000);
  CHECK_FALSE(parsed.module);
  CHECK(parsed.diagnostics.first_error().kind == DiagnosticKind::kMemoryError);
  CHECK(parsed.arena.bytes_used() < 200'000);
}

TEST_CASE("an expression for eval stands alone") {
  CHECK(Parsed("a + 1\n\n", ast::Mode::kEval).module);
  CHECK(Parsed("a, b", ast::Mode::kEval).module);
  CHECK(Parsed(" a", ast::Mode::kEval).dump() == "IndentationError: unexpected indent");
  CHECK(Parsed("a = 1", ast::Mode::kEval).dump() == "SyntaxError: invalid syntax");
  CHECK(Parsed("a; b", ast::Mode::kEval).dump() == "SyntaxError: invalid syntax");
  CHECK(Parsed("*a, b", ast::Mode::kEval).dump() == "SyntaxError: invalid syntax");
  CHECK(Parsed("", ast::Mode::kEval).dump() == "SyntaxError: invalid syntax");
}

TEST_CASE("the prompt takes one statement") {
  auto typed = [](const std::string& text) { return Parsed(text, ast::Mode::kInteractive).dump(); };
  CHECK(typed("x; y\n").find("error") == std::string::npos);
  CHECK(typed("x\ny\n") == "SyntaxError: multiple statements found while compiling a single statement");
  CHECK(typed("for x in y: pass\nz\n") == "SyntaxError: invalid syntax");
  CHECK(typed("for x in y: pass\nwhile z:\n") == "SyntaxError: invalid syntax");
}

TEST_CASE("the prompt learns when a statement is not yet complete") {
  auto incomplete = [](const std::string& text) {
    return Parsed(text, ast::Mode::kInteractive).diagnostics.incomplete();
  };
  for (const char* text :
       {"if x:\n", "if x:\n  y\n", "def f():\n  return 1\n", "x = (1,\n", "x = '''a\n", "x = 1 + \\\n",
        "@a\n", "class A:\n\n", "try:\n  x\n", "for x in y:\n  z\nelse:\n", "f(a, [\n"}) {
    CAPTURE(text);
    CHECK(incomplete(text));
  }
  for (const char* text : {"x\n", "x = 1\n", "if x:\n  y\n\n", "x = \n", "a b\n", "x = 'a\n",
                           "def f():\n  return 1\n\n", "\n", "if x: y\n\n", "f(a))\n"}) {
    CAPTURE(text);
    CHECK_FALSE(incomplete(text));
  }
}
