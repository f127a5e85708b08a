// The format mini-language, and the pieces of numbers' texts that `%` shares with it.
#pragma once

#include "runtime/object/native.h"
#include "runtime/object/operations.h"

namespace mini::object {

/// A number's text in pieces, before it is filled up to a width. The pieces may point into the object itself.
struct NumberText {
  NumberText() = default;
  NumberText(const NumberText&) = delete;
  NumberText& operator=(const NumberText&) = delete;

  std::string_view sign;    ///< "-", "+", " " or nothing
  std::string_view prefix;  ///< "0x" and the like
  std::string_view digits;  ///< what may be grouped
  std::string_view rest;    ///< point, decimals, exponent, percent sign
  size_t size() const { return sign.size() + prefix.size() + digits.size() + rest.size(); }

  char short_digits[64];    ///< of an int of 64 bits, in any base
  std::string text;         ///< whatever else the pieces need
};

/// Makes an int's digits in a base of 2, 8, 10 or 16, and its sign and prefix; ValueError beyond 4300 decimal digits.
Result<void> int_text(Heap&, Value integer, unsigned base, bool upper_case, NumberText& made);
/// Makes a float's text by `kind` (e, f, g, E, F, G, or r for the shortest). `sign` becomes "-" if there is one.
void float_text(double number, char kind, int precision, bool alternate, bool add_dot_zero, bool no_negative_zero,
                NumberText& made);

/// `int.__format__`, `float.__format__` and `str.__format__`.
Result<Ref<Value>> format_in_its_own_way(Call&);
/// What `format(value, specification)` answers, put behind `out`; the specification stands from `start` to `end` in `text`.
Result<void> append_formatted(Heap&, TextBuilder& out, Value value, Str* text, size_t start, size_t end);

}  // namespace mini::object
