// The scanner: every token's spelling, what ends a number, where its errors point.
#include "interp/compile/lexer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mini::compile;
using enum TokenKind;

namespace {

struct Scanned {
  TokenKind kind;
  std::string text;
  std::string problem;
};

Scanned scan_one(const std::string& text) {
  Lexeme lexeme = scan(text.c_str());
  return {lexeme.kind, std::string(lexeme.begin, lexeme.end), lexeme.problem ? lexeme.problem : ""};
}

}  // namespace

TEST_CASE("every keyword and operator scans to itself, and only when it stands alone") {
#define MINI_TOKEN(name, its_spelling)           \
  CHECK(spelling(k##name) == its_spelling);      \
  CHECK(kind_of(its_spelling) == k##name);       \
  CHECK(scan_one(its_spelling).kind == k##name); \
  CHECK(scan_one(its_spelling " 1").text == its_spelling);
  MINI_KEYWORDS(MINI_TOKEN)
  MINI_OPERATORS(MINI_TOKEN)
#undef MINI_TOKEN
#define MINI_TOKEN(name, its_spelling)             \
  CHECK(scan_one(its_spelling "x").kind == kName); \
  CHECK(scan_one("_" its_spelling).text == "_" its_spelling);
  MINI_KEYWORDS(MINI_TOKEN)
#undef MINI_TOKEN
  CHECK(kind_of("<>") == kError);
}

TEST_CASE("numbers end where CPython ends them") {
  for (const char* whole :
       {"0",  "00", "0_0", "7",   "1_000", "0x1F_f", "0XaB",        "0o17", "0O1_7", "0b10", "0B0_1",
        "1.", ".5", "1.5", "1e5", "1E-5",  "1.e+5",  "1_0.0_1e1_0", "01.5", "0_1e1", "09.",  "00.0"}) {
    CAPTURE(whole);
    Scanned scanned = scan_one(std::string(whole) + " ");
    CHECK(scanned.kind == kNumber);
    CHECK(scanned.text == whole);
    CHECK(scanned.problem.empty());
  }
  CHECK(scan_one("1.real").problem == "invalid decimal literal");
  CHECK(scan_one("1..real").text == "1.");
  CHECK(scan_one("1if x else 2").kind == kNumber);
  CHECK(scan_one("1if x else 2").problem == "invalid decimal literal");  // A warning, as the kind shows.
  CHECK(scan_one("0xfor").text == "0xf");
}

TEST_CASE("a faulty number is an error that points behind what was read of it") {
  struct {
    const char* text;
    const char* read;
    const char* problem;
  } cases[] = {
      {"1_", "1_", "invalid decimal literal"},
      {"1__2", "1_", "invalid decimal literal"},
      {"1.5_", "1.5_", "invalid decimal literal"},
      {"1._5", "1.", "invalid decimal literal"},
      {"1e+", "1e+", "invalid decimal literal"},
      {"1abc", "1", "invalid decimal literal"},
      {"0x", "0x", "invalid hexadecimal literal"},
      {"0x_", "0x_", "invalid hexadecimal literal"},
      {"0xfg", "0xf", "invalid hexadecimal literal"},
      {"0o", "0o", "invalid octal literal"},
      {"0o8", "0o8", "invalid digit '?' in octal literal"},
      {"0o1_9", "0o1_9", "invalid digit '?' in octal literal"},
      {"0b2", "0b2", "invalid digit '?' in binary literal"},
      {"0b1a", "0b1", "invalid binary literal"},
      {"0777", "0777", "leading zeros"},
      {"00_7", "00_7", "leading zeros"},
      {"1j", "1j", "complex literals are not part of mini"},
  };
  for (auto& [source, read, problem] : cases) {
    const auto& text = source;  // clang 14 cannot capture a structured binding
    CAPTURE(text);
    Scanned scanned = scan_one(text);
    CHECK(scanned.kind == kError);
    CHECK(scanned.text == read);
    CHECK(scanned.problem == problem);
  }
}

TEST_CASE("strings are scanned whole, f-strings up to their quotes") {
  for (const char* whole :
       {"''", "\"\"", "'a'", "'\\''", "\"'\"", "''''''", "'''a'b''c'''", "\"\"\"\n\"\n\"\"\"", "r'\\'",
        "b'x'", "Rb\"\"", "bR'\\''", "u'x'", "'a\\\nb'", "'''\\'''a'''"}) {
    CAPTURE(whole);
    std::string text =
        std::string(whole) == "r'\\'" ? "r'\\''" : whole;  // A raw string cannot end with a backslash.
    Scanned scanned = scan_one(text + " + 1");
    CHECK(scanned.kind == kString);
    CHECK(scanned.text == text);
  }
  CHECK(scan_one("'a").kind == kUnterminatedString);
  CHECK(scan_one("'a\n'").kind == kUnterminatedString);
  CHECK(scan_one("'''a'").kind == kUnterminatedString);
  CHECK(scan_one("rb'''a''").text == "rb'''");
  for (const char* opening : {"f'", "F\"", "rf'''", "fR\"\"\""}) {
    CHECK(scan_one(std::string(opening) + "a").kind == kFStringStart);
    CHECK(scan_one(std::string(opening) + "a").text == opening);
  }
  CHECK(scan_one("ub'x'").text == "ub");  // No such prefix: a name, then a string.
  CHECK(scan_one("bf'x'").kind == kName);
}

TEST_CASE("blanks and comments are skipped, a line's end begins where its comment does") {
  CHECK(scan_one(" \t\f x").text == "x");
  CHECK(scan_one("  # c\nx").text == "# c\n");
  CHECK(scan_one("  # c\nx").kind == kLineEnd);
  CHECK(scan_one("\\\nx").kind == kContinuation);
  CHECK(scan_one("\\ \n").kind == kBadContinuation);
  CHECK(scan_one("").kind == kEndOfFile);
  CHECK(scan_one("# c").kind == kEndOfFile);
  CHECK(scan_one("<> 1").kind == kUnknown);
  CHECK(scan_one("$").kind == kUnknown);
}

TEST_CASE("a number before a keyword is one where CPython only warns") {
  for (const char* text :
       {"1if x", "1in x", "1is x", "1and x", "1or x", "1else x", "1for x", "1not in", "1inside"}) {
    CAPTURE(text);
    CHECK(scan_one(text).kind == kNumber);
    CHECK(scan_one(text).problem == "invalid decimal literal");
  }
  for (const char* text : {"1andy", "1orx", "1elsewhere", "1forx", "1nota", "1a", "1_a", "1or\u00e9"}) {
    CAPTURE(text);
    CHECK(scan_one(text).kind == kError);
  }
}

TEST_CASE("identifiers that normal form NFKC would change are known") {
  auto changes = [](std::string_view name) {
    return may_be_unnormalized(name.data(), name.data() + name.size());
  };
  for (const char* name : {"ﬁ", "µ", "ª", "ｘ", "𝑥", "e\u0301", "\u212b", "ⅳ", "xₐ", "ﾊ", "\u01c6"})
    CHECK(changes(name));
  for (const char* name : {"x", "é", "ß", "μ", "変数", "Ω", "имя", "שם", "नाम", "ქ", "한글"})
    CHECK_FALSE(changes(name));
}
