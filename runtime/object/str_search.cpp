// Searching in texts: the C library's routines where both sides are ASCII, plain loops with a first-character
// filter elsewhere.
#include "runtime/object/str_search.h"

#include <algorithm>
#include <cstring>

namespace mini::object {

bool stands_at(const Str* text, const Str* piece, size_t at) {
  if (piece->length > text->length || at > text->length - piece->length) return false;
  if (text->wide == piece->wide) {
    size_t unit = text->unit_size();
    return std::memcmp(text->narrow() + at * unit, piece->narrow(), piece->length * unit) == 0;
  }
  if (piece->wide) return false;
  return std::equal(piece->narrow(), piece->narrow() + piece->length, text->wide_units() + at,
                    [](char a, char32_t b) { return static_cast<unsigned char>(a) == b; });
}

int64_t find(const Str* text, const Str* piece, size_t start, size_t end) {
  if (start > end || piece->length > end - start || (piece->wide && !text->wide)) return -1;
  if (piece->length == 0) return static_cast<int64_t>(start);
  if (!text->wide) {
    // memmem() takes no more time for a long piece than for a short one, but some to begin with.
    constexpr size_t kShort = 8;
    const std::string_view within(text->narrow() + start, end - start), sought(piece->narrow(), piece->length);
    if (sought.size() <= kShort) {
      const size_t at = within.find(sought);
      return at == within.npos ? -1 : static_cast<int64_t>(start + at);
    }
    const void* found = memmem(within.data(), within.size(), sought.data(), sought.size());
    return found ? static_cast<const char*>(found) - text->narrow() : -1;
  }
  char32_t first = piece->at(0);
  const char32_t* units = text->wide_units();
  const char32_t* last = units + (end - piece->length) + 1;
  for (const char32_t* at = units + start; (at = std::find(at, last, first)) != last; ++at) {
    if (stands_at(text, piece, static_cast<size_t>(at - units))) return at - units;
  }
  return -1;
}

int64_t find_last(const Str* text, const Str* piece, size_t start, size_t end) {
  if (start > end || piece->length > end - start || (piece->wide && !text->wide)) return -1;
  for (size_t at = end - piece->length + 1; at-- > start;) {
    if (stands_at(text, piece, at)) return static_cast<int64_t>(at);
  }
  return -1;
}

size_t count_occurrences(const Str* text, const Str* piece, size_t start, size_t end, size_t limit) {
  if (start > end) return 0;
  if (piece->length == 0) return std::min(end - start + 1, limit);
  size_t count = 0;
  while (count < limit) {
    int64_t at = find(text, piece, start, end);
    if (at < 0) break;
    ++count;
    start = static_cast<size_t>(at) + piece->length;
  }
  return count;
}

bool contains_character(const Str* text, char32_t character) {
  if (!text->wide) {
    return character < 0x80 && std::memchr(text->narrow(), static_cast<int>(character), text->length);
  }
  const char32_t* end = text->wide_units() + text->length;
  return std::find(text->wide_units(), end, character) != end;
}

}  // namespace mini::object
