// UTF-8, the encoding of source text and of strings. A Python string may hold lone surrogates; where a
// function says so, they are encoded in three bytes like any other code point of that size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini::base {

constexpr char32_t kMaxCodePoint = 0x10FFFF;
constexpr bool is_surrogate(char32_t c) {
  return c >= 0xD800 && c <= 0xDFFF;
}

/// Bytes that a code point takes, 1 to 4. Surrogates are allowed.
constexpr unsigned utf8_size(char32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/// Writes a code point (surrogates are allowed) and returns the end of what was written.
constexpr char* encode_utf8(char32_t c, char* to) {
  const unsigned size = utf8_size(c);
  if (size == 1) {
    *to++ = static_cast<char>(c);
    return to;
  }
  for (unsigned i = size; --i > 0; c >>= 6) to[i] = static_cast<char>(0x80 | (c & 0x3F));
  to[0] = static_cast<char>((0xF00 >> size) | c);
  return to + size;
}
void append_utf8(std::string& text, char32_t c);

struct CodePoint {
  char32_t value;
  unsigned size;  // bytes
};
/// The code point that begins at `at`; the text is valid (surrogates are allowed) and does not end there.
constexpr CodePoint decode_utf8(const char* at) {
  const auto byte = [at](unsigned i) { return static_cast<char32_t>(static_cast<unsigned char>(at[i])); };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xE0) return {(first & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (first < 0xF0) return {(first & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(first & 7) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

constexpr bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Where the code point before `at` begins; the text is valid and does not begin at `at`.
constexpr const char* previous_utf8(const char* at) {
  do --at;
  while (is_utf8_continuation(*at));
  return at;
}

/// What UnicodeDecodeError says: the bytes [offset, offset + size) are no UTF-8 (CPython 3.13,
/// stringlib/codecs.h).
struct Utf8Error {
  size_t offset;
  size_t size;
  const char* reason;
};
/// The first error in a text, if any. Surrogates are errors, as in CPython's strict decoding.
std::optional<Utf8Error> find_utf8_error(std::string_view text);

bool is_ascii(std::string_view text);
/// Code points in a valid text.
size_t count_code_points(std::string_view text);
/// The offset in bytes of the index-th code point of a valid text; the text's size when it has fewer.
size_t utf8_offset(std::string_view text, size_t index);

}  // namespace mini::base
