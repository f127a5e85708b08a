// Widths of characters.
#include "runtime/base/display_width.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "runtime/base/utf8.h"

namespace mini::base {

TEST_CASE("display width: examples") {
  for (char32_t narrow : {U'a', U'\u00e9', U'\u0301', U'\uff71', U'\t'}) CHECK(display_width(narrow) == 1);
  for (char32_t wide : {U'\u5b57', U'\uac00', U'\uff21', U'\U0001f600', U'\u3000'})
    CHECK(display_width(wide) == 2);
}

TEST_CASE("display width: all characters as in CPython 3.13") {
  // The wide ones are counted and folded into a checksum; the numbers are what this prints:
  //   wide = [c for c in range(0x110000) if unicodedata.east_asian_width(chr(c)) in "WF"]
  //   print(len(wide), functools.reduce(lambda sum, c: (sum * 31 + c) % 2**32, wide))
  uint32_t count = 0, sum = 0;
  for (char32_t c = 0; c <= kMaxCodePoint; ++c) {
    if (display_width(c) == 1) continue;
    ++count;
    sum = count == 1 ? c : sum * 31 + c;
  }
  CHECK(count == 182521);
  CHECK(sum == 1701138107u);
}

}  // namespace mini::base
