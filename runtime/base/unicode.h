// What Python says of characters: the answers of str.isalpha() and its like, and case mappings, by
// CPython 3.13's tables (generated, see unicode_tables.py). Texts are valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace mini::base {

/// "15.1.0": unicodedata.unidata_version.
const char* unicode_version();

bool is_printable(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_space(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
/// A titlecase letter such as U+01C5; not an upper-case one.
bool is_title(char32_t c);
bool is_cased(char32_t c);
inline bool is_alphanumeric(char32_t c) {
  return is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}
/// Where str.splitlines() cuts.
constexpr bool is_line_break(char32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}
/// XID_Start or an underscore; XID_Continue.
bool is_identifier_start(char32_t c);
bool is_identifier_continue(char32_t c);

/// 0 to 9 for a decimal digit of any script, else -1.
int decimal_value(char32_t c);

/// The full mapping of a character: one to three code points.
struct CaseMapping {
  char32_t points[3];
  unsigned count;
};
CaseMapping to_upper(char32_t c);
/// Without regard to what is around (a final sigma): see lower().
CaseMapping to_lower(char32_t c);
CaseMapping to_title(char32_t c);

/// str.upper(), str.lower() and so on.
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);

}  // namespace mini::base
