// The format mini-language, and the pieces of numbers' texts that `%` shares with it.
#pragma once

#include "runtime/object/operations.h"

namespace mini::object {

/// A number's text before it is filled up to a width.
struct NumberText {
  std::string sign;    ///< "-", "+", " " or nothing
  std::string prefix;  ///< "0x" and the like
  std::string digits;  ///< what may be grouped
  std::string rest;    ///< point, decimals, exponent, percent sign
};

/// An int's digits in a base of 2, 8, 10 or 16 without its sign; ValueError beyond 4300 decimal digits.
Result<NumberText> int_text(Heap&, Value integer, unsigned base, bool upper_case);
/// A float's text by `kind` (e, f, g, E, F, G, or r for the shortest). `sign` holds "-" if there is one.
NumberText float_text(double number, char kind, int precision, bool alternate, bool add_dot_zero,
                      bool no_negative_zero = false);

}  // namespace mini::object
