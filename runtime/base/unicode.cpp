// Looking characters up in the generated table, and case conversion of texts.
#include "runtime/base/unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "runtime/base/utf8.h"

namespace mini::base {

namespace {

/// What a run of code points has in common: flags, and what to add for upper, lower and title case.
struct Record {
  uint16_t flags;
  int32_t delta[3];
};
struct Expansion {
  char32_t from;
  unsigned kind;
  char32_t points[3];
};

#include "runtime/base/unicode_tables.inc"

constexpr char32_t first_of(uint32_t run) {
  return run & 0x1FFFFF;
}

constexpr uint32_t run_of(char32_t c) {
  return *(std::upper_bound(std::begin(kRuns), std::end(kRuns), c,
                            [](char32_t value, uint32_t run) { return value < first_of(run); }) -
           1);
}
constexpr unsigned record_number(char32_t c) {
  const uint32_t run = run_of(c);
  const bool second = run >> 31 && (c - first_of(run)) % 2;
  return ((run >> 21) & 0x3FF) + second;
}
constexpr auto kAscii = [] {
  std::array<uint16_t, 128> records{};
  for (char32_t c = 0; c < 128; ++c) records[c] = static_cast<uint16_t>(record_number(c));
  return records;
}();

const Record& record_of(char32_t c) {
  if (c < 128) return kRecords[kAscii[c]];
  return kRecords[c <= kMaxCodePoint ? record_number(c) : record_number(kMaxCodePoint)];
}
bool has(char32_t c, unsigned flag) {
  return record_of(c).flags & flag;
}

enum Kind : unsigned { kToUpper, kToLower, kToTitle };

CaseMapping map(char32_t c, Kind kind) {
  const int32_t delta = record_of(c).delta[kind];
  if (delta || c < 128) return {{static_cast<char32_t>(static_cast<int32_t>(c) + delta), 0, 0}, 1};
  const auto* found = std::lower_bound(std::begin(kExpansions), std::end(kExpansions), c,
                                       [kind](const Expansion& e, char32_t from) {
                                         return e.from < from || (e.from == from && e.kind < kind);
                                       });
  if (found == std::end(kExpansions) || found->from != c || found->kind != kind) return {{c, 0, 0}, 1};
  return {{found->points[0], found->points[1], found->points[2]}, found->points[2] ? 3u : 2u};
}

void append(std::string& text, const CaseMapping& mapping) {
  for (unsigned i = 0; i < mapping.count; ++i) append_utf8(text, mapping.points[i]);
}

/// A capital sigma at `at` becomes a final one when, characters that are ignorable for case aside, a cased
/// character comes before it and none after.
bool ends_word(std::string_view text, size_t at) {
  const char* const begin = text.data();
  const char* before = begin + at;
  char32_t c = 0;
  do {
    if (before == begin) return false;
    before = previous_utf8(before);
    c = decode_utf8(before).value;
  } while (has(c, kCaseIgnorable));
  if (!has(c, kCased)) return false;
  for (const char* after = begin + at + 2; after != begin + text.size();) {
    const CodePoint next = decode_utf8(after);
    if (!has(next.value, kCaseIgnorable)) return !has(next.value, kCased);
    after += next.size;
  }
  return true;
}

/// Calls for_each(code point, offset) and collects what it appends.
template <class ForEach>
std::string convert(std::string_view text, ForEach for_each) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text.data() + at);
    for_each(result, c.value, at);
    at += c.size;
  }
  return result;
}

void append_lower(std::string& result, std::string_view text, char32_t c, size_t at) {
  constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
  if (c == kCapitalSigma && ends_word(text, at)) return append_utf8(result, kFinalSigma);
  append(result, map(c, kToLower));
}

}  // namespace

const char* unicode_version() {
  return kUnicodeVersion;
}

bool is_printable(char32_t c) {
  return has(c, kPrintable);
}
bool is_alpha(char32_t c) {
  return has(c, kAlpha);
}
bool is_decimal(char32_t c) {
  return has(c, kDecimal);
}
bool is_digit(char32_t c) {
  return has(c, kDigit);
}
bool is_numeric(char32_t c) {
  return has(c, kNumeric);
}
bool is_space(char32_t c) {
  return has(c, kSpace);
}
bool is_upper(char32_t c) {
  return has(c, kUpper);
}
bool is_lower(char32_t c) {
  return has(c, kLower);
}
bool is_title(char32_t c) {
  return has(c, kTitle);
}
bool is_cased(char32_t c) {
  return has(c, kCased);
}
bool is_identifier_start(char32_t c) {
  return has(c, kIdentifierStart);
}
bool is_identifier_continue(char32_t c) {
  return has(c, kIdentifierContinue);
}

int decimal_value(char32_t c) {
  // Decimal digits come in tens, from 0 to 9, and so do their runs.
  return is_decimal(c) ? static_cast<int>((c - first_of(run_of(c))) % 10) : -1;
}

CaseMapping to_upper(char32_t c) {
  return map(c, kToUpper);
}
CaseMapping to_lower(char32_t c) {
  return map(c, kToLower);
}
CaseMapping to_title(char32_t c) {
  return map(c, kToTitle);
}

std::string upper(std::string_view text) {
  return convert(text, [](std::string& result, char32_t c, size_t) { append(result, map(c, kToUpper)); });
}

std::string lower(std::string_view text) {
  return convert(text,
                 [text](std::string& result, char32_t c, size_t at) { append_lower(result, text, c, at); });
}

std::string title(std::string_view text) {
  bool in_word = false;
  return convert(text, [text, &in_word](std::string& result, char32_t c, size_t at) {
    if (in_word) {
      append_lower(result, text, c, at);
    } else {
      append(result, map(c, kToTitle));
    }
    in_word = has(c, kCased);
  });
}

std::string capitalize(std::string_view text) {
  return convert(text, [text](std::string& result, char32_t c, size_t at) {
    if (at == 0) {
      append(result, map(c, kToTitle));
    } else {
      append_lower(result, text, c, at);
    }
  });
}

std::string swap_case(std::string_view text) {
  return convert(text, [text](std::string& result, char32_t c, size_t at) {
    if (has(c, kUpper)) {
      append_lower(result, text, c, at);
    } else if (has(c, kLower)) {
      append(result, map(c, kToUpper));
    } else {
      append_utf8(result, c);
    }
  });
}

}  // namespace mini::base
