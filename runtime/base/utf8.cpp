// Checking and measuring UTF-8.
#include "runtime/base/utf8.h"

#include <cstring>

namespace mini::base {

void append_utf8(std::string& text, char32_t c) {
  char bytes[4];
  text.append(bytes, encode_utf8(c, bytes));
}

bool is_ascii(std::string_view text) {
  auto high_bits = [&](size_t at) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    return word & 0x8080808080808080;
  };
  if (text.size() < 8) {
    unsigned char all = 0;
    for (const char byte : text) all |= static_cast<unsigned char>(byte);
    return all < 0x80;
  }
  for (size_t i = 0; i + 8 < text.size(); i += 8) {
    if (high_bits(i)) return false;
  }
  return !high_bits(text.size() - 8);  // the last word overlaps the one before
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (char byte : text) count += !is_utf8_continuation(byte);
  return count;
}

size_t utf8_offset(std::string_view text, size_t index) {
  for (size_t offset = 0; offset < text.size(); ++offset) {
    if (!is_utf8_continuation(text[offset]) && index-- == 0) return offset;
  }
  return text.size();
}

std::optional<Utf8Error> find_utf8_error(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      ++at;
      continue;
    }
    if (first < 0xC2 || first > 0xF4) return Utf8Error{at, 1, "invalid start byte"};
    const unsigned size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (unsigned i = 1; i < size; ++i) {
      if (at + i == text.size()) return Utf8Error{at, i, "unexpected end of data"};
      const auto byte = static_cast<unsigned char>(text[at + i]);
      // The second byte is narrower after some first ones: no overlong forms, no surrogates, nothing beyond
      // 0x10FFFF.
      const unsigned least = i > 1 ? 0x80 : first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
      const unsigned most = i > 1 ? 0xBF : first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
      if (byte < least || byte > most) return Utf8Error{at, i, "invalid continuation byte"};
    }
    at += size;
  }
  return std::nullopt;
}

}  // namespace mini::base
