// The few things about UTF-8 that the compiler needs: columns are counted in characters for people, in bytes
// inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini::compile {

inline bool is_continuation_byte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

struct Decoded {
  uint32_t character;
  size_t size;
};

/// The character at `text`, which is valid UTF-8 (or WTF-8).
inline Decoded decode(const char* text) {
  auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xE0) return {(first & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (first < 0xF0) return {(first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

/// Appends a character; a surrogate gets its three bytes (WTF-8).
inline void encode(uint32_t c, std::string& out) {
  auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

/// How many characters `text` has.
inline size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += !is_continuation_byte(c);
  return count;
}

/// The first byte that is not UTF-8, and CPython's reason.
struct InvalidUtf8 {
  size_t offset;
  const char* reason;  ///< "invalid start byte", "invalid continuation byte" or "unexpected end of data".
};
std::optional<InvalidUtf8> find_invalid_utf8(std::string_view text);

}  // namespace mini::compile
