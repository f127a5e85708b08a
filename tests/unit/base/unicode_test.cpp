// UTF-8 and characters.
#include "runtime/base/unicode.h"

#include <doctest/doctest.h>

#include <string>

#include "runtime/base/utf8.h"

namespace mini::base {
namespace {
std::string describe(std::string_view text) {
  const auto error = find_utf8_error(text);
  if (!error) return "valid";
  return std::to_string(error->offset) + "-" + std::to_string(error->offset + error->size) + " " +
         error->reason;
}
}  // namespace

TEST_CASE("utf8: every code point is encoded and decoded; only surrogates are invalid") {
  for (char32_t c = 0; c <= kMaxCodePoint; ++c) {
    char bytes[4];
    const size_t size = static_cast<size_t>(encode_utf8(c, bytes) - bytes);
    REQUIRE(size == utf8_size(c));
    const CodePoint decoded = decode_utf8(bytes);
    REQUIRE(decoded.value == c);
    REQUIRE(decoded.size == size);
    REQUIRE(previous_utf8(bytes + size) == bytes);
    REQUIRE(find_utf8_error({bytes, size}).has_value() == is_surrogate(c));
    REQUIRE(count_code_points({bytes, size}) == 1);
  }
}

TEST_CASE("utf8: errors are those of CPython's UnicodeDecodeError") {
  CHECK(describe("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == "valid");
  CHECK(describe("ab\x80") == "2-3 invalid start byte");
  CHECK(describe("\xc0\x80") == "0-1 invalid start byte");
  CHECK(describe("\xf5\x80\x80\x80") == "0-1 invalid start byte");
  CHECK(describe("\xc3(") == "0-1 invalid continuation byte");
  CHECK(describe("\xe0\x80\x80") == "0-1 invalid continuation byte");
  CHECK(describe("\xed\xa0\x80") == "0-1 invalid continuation byte");
  CHECK(describe("\xf4\x90\x80\x80") == "0-1 invalid continuation byte");
  CHECK(describe("x\xe2\x82(") == "1-3 invalid continuation byte");
  CHECK(describe("\xf0\x9f\x98") == "0-3 unexpected end of data");
  CHECK(describe("\xc3") == "0-1 unexpected end of data");
}

TEST_CASE("utf8: counting and finding code points") {
  const std::string text = "a\u00e9\u20ac\U0001f600z";
  CHECK(count_code_points(text) == 5);
  const size_t offsets[] = {0, 1, 3, 6, 10, 11, 11};
  for (size_t i = 0; i < 7; ++i) CHECK(utf8_offset(text, i) == offsets[i]);
  CHECK_FALSE(is_ascii(text));
  CHECK_FALSE(is_ascii("123456789\xc3\xa9"));
  CHECK(is_ascii("1234567890123"));
}

TEST_CASE("unicode: properties") {
  CHECK(is_printable(' '));
  CHECK_FALSE(is_printable(0xA0));
  CHECK_FALSE(is_printable(0xD800));
  CHECK_FALSE(is_printable(0x10FFFF));
  CHECK(is_printable(0x1F600));
  CHECK_FALSE(is_printable('\n'));
  CHECK(is_alpha(U'é'));
  CHECK(is_alpha(0x4E2D));
  CHECK_FALSE(is_alpha('1'));
  CHECK(is_digit(0xB2));
  CHECK_FALSE(is_decimal(0xB2));
  CHECK(is_numeric(0xBD));
  CHECK(decimal_value('7') == 7);
  CHECK(decimal_value(0x663) == 3);
  CHECK(decimal_value(0x1D7FF) == 9);
  CHECK(decimal_value('a') == -1);
  CHECK(is_space(0x3000));
  CHECK(is_space(0x1C));
  CHECK(is_upper(U'Ā'));
  CHECK(is_lower(U'ā'));
  CHECK(is_lower(0xAA));
  CHECK(is_title(0x1C5));
  CHECK_FALSE(is_title('A'));
  CHECK(is_identifier_start('_'));
  CHECK(is_identifier_start(U'é'));
  CHECK_FALSE(is_identifier_start('1'));
  CHECK(is_identifier_continue('1'));
  CHECK(is_identifier_continue(0x301));
  CHECK_FALSE(is_identifier_continue('-'));
  CHECK(is_line_break(0x2028));
  CHECK(std::string(unicode_version()) == "15.1.0");
}

TEST_CASE("unicode: ASCII agrees with its definition") {
  for (char32_t c = 0; c < 128; ++c) {
    const bool upper_case = c >= 'A' && c <= 'Z', lower_case = c >= 'a' && c <= 'z',
               digit = c >= '0' && c <= '9';
    CHECK(is_upper(c) == upper_case);
    CHECK(is_lower(c) == lower_case);
    CHECK(is_alpha(c) == (upper_case || lower_case));
    CHECK(is_digit(c) == digit);
    CHECK(is_printable(c) == (c >= 32 && c < 127));
    CHECK(is_identifier_continue(c) == (upper_case || lower_case || digit || c == '_'));
    CHECK(to_lower(c).points[0] == (upper_case ? c + 32 : c));
    CHECK(to_upper(c).points[0] == (lower_case ? c - 32 : c));
  }
}

TEST_CASE("unicode: case conversion of texts, with expansions and final sigmas") {
  CHECK(upper("straße") == "STRASSE");
  CHECK(upper("ŉ ﬃ") == "ʼN FFI");
  CHECK(lower("ΟΔΥΣΣΕΥΣ ΑΣ. Σ") == "οδυσσευς ας. σ");
  CHECK(lower("Α'Σ'Α") == "α'σ'α");
  CHECK(lower("İ") == "i̇");
  CHECK(title("they're ǆ ßa") == "They'Re ǅ Ssa");
  CHECK(capitalize("ǆABC éÉ") == "ǅabc éé");
  CHECK(swap_case("Straße ΑΣ") == "sTRASSE ας");
  CHECK(upper("") == "");
}

}  // namespace mini::base
