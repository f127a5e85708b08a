// The scanner: every token's spelling, what ends a number, where its errors point.
#include "interp/compile/lexer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "interp/compile/utf8.h"

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

TEST_CASE("identifiers are Unicode's") {
  for (const char* whole : {"x", "_1", "é", "変数", "Ωmega", "a·b", "℘", "ªb"}) {
    CHECK(identifier_length(whole) == std::string_view(whole).size());
  }
  CHECK(identifier_length("1a") == 0);
  CHECK(identifier_length("€") == 0);
  CHECK(identifier_length("a€") == 1);
  CHECK(identifier_length("·a") == 0);  // May only continue one.
  CHECK(is_printable("€"));
  CHECK(is_printable(" "));
  CHECK_FALSE(is_printable("\u00a0"));
  CHECK_FALSE(is_printable("\u200b"));
  CHECK_FALSE(is_printable("\x01"));
}

TEST_CASE("the first byte that is not UTF-8 is found, with CPython's reason") {
  auto find = [](std::string_view text) { return find_invalid_utf8(text); };
  CHECK_FALSE(find("abcdefghij é € 😀").has_value());
  struct {
    std::string text;
    size_t offset;
    const char* reason;
  } cases[] = {
      {"ab\xff", 2, "invalid start byte"},
      {"\x80", 0, "invalid start byte"},
      {"\xc0\x80", 0, "invalid start byte"},
      {"12345678\xe9", 8, "unexpected end of data"},
      {"\xe9x", 0, "invalid continuation byte"},
      {"\xed\xa0\x80", 0, "invalid continuation byte"},
      {"\xf4\x90\x80\x80", 0, "invalid continuation byte"},
      {"\xe0\x80\x80", 0, "invalid continuation byte"},
      {"\xf0\x9f\x98", 0, "unexpected end of data"},
  };
  for (auto& [text, offset, reason] : cases) {
    auto found = find(text);
    REQUIRE(found.has_value());
    CHECK(found->offset == offset);
    CHECK(std::string(found->reason) == reason);
  }
}

TEST_CASE("encoding and decoding a character are each other's reverse") {
  for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x1000 ? 1 : 97) {
    std::string bytes;
    encode(c, bytes);
    Decoded decoded = decode(bytes.c_str());
    CHECK(decoded.character == c);
    CHECK(decoded.size == bytes.size());
    CHECK(count_characters(bytes) == 1);
  }
}
