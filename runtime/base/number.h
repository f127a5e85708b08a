// What small ints and floats mean in Python, once, for constant folding and for running: division, powers,
// hashes, comparison across types, and the text of floats. Behaviour follows CPython 3.13
// (Objects/floatobject.c, Python/pystrtod.c) unless said otherwise.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/assert.h"
#include "runtime/base/integer.h"

namespace mini::base {

/// Why an operation on numbers has no value; the caller knows the exception's type and text.
enum class NumberError : uint8_t {
  kNone,
  kZeroDivision,   // a divisor of zero, or zero to a negative power
  kOverflow,       // OverflowError: the result is too large for a double
  kComplexResult,  // a negative number to a fractional power
};

struct FloatResult {
  double value = 0;
  NumberError error = NumberError::kNone;
  bool ok() const { return error == NumberError::kNone; }
};

// ---- ints

/// a // b, rounded down. b is not 0, and not -1 where a is the least int64.
constexpr int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
/// a % b, with the sign of b. The same conditions.
constexpr int64_t floor_modulo(int64_t a, int64_t b) {
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

/// hash(int) of a small int: as Integer::hash().
constexpr int64_t int_hash(int64_t value) {
  constexpr int64_t kModulus = (int64_t{1} << 61) - 1;
  const int64_t hash = value % kModulus;
  return hash == -1 ? -2 : hash;
}

// ---- floats

FloatResult float_divide(double a, double b);
/// a // b: kZeroDivision only.
FloatResult float_floor_divide(double a, double b);
/// a % b, with the sign of b, zeros included: kZeroDivision only.
FloatResult float_modulo(double a, double b);
/// a ** b. kZeroDivision for a zero and a negative power; kComplexResult; kOverflow.
FloatResult float_power(double a, double b);

/// hash(float), equal to hash(int) for integral values. Departs from CPython for NaNs, whose hash is 0 here:
/// CPython takes the object's address, and a float here is no object.
int64_t float_hash(double value);

/// Exact: no rounding of the int. Unordered for NaN.
std::partial_ordering compare(int64_t a, double b);
std::partial_ordering compare(const Integer& a, double b);

/// round(value): the integral double, half to even. Keeps infinities and NaN, which the caller refuses.
double round_half_even(double value);
/// round(value, digits): correctly rounded in decimal, half to even; kOverflow when the result is too large.
FloatResult round_to_digits(double value, int64_t digits);

struct IntegerRatio {
  Integer numerator;
  Integer denominator;  // positive, a power of two
};
/// In lowest terms; `value` is finite.
IntegerRatio float_as_integer_ratio(double value);

/// sum() over floats as CPython does since 3.12: compensated (Neumaier), so sum([0.1] * 10) is 1.0.
class CompensatedSum {
 public:
  explicit CompensatedSum(double start) : sum_(start) {}
  void add(double value) {
    const double total = sum_ + value;
    compensation_ += std::fabs(sum_) >= std::fabs(value) ? (sum_ - total) + value : (value - total) + sum_;
    sum_ = total;
  }
  /// For an int among the floats: CPython 3.13 adds these without compensation.
  void add_plain(double value) { sum_ += value; }
  double value() const {
    return compensation_ != 0 && std::isfinite(compensation_) ? sum_ + compensation_ : sum_;
  }

 private:
  double sum_;
  double compensation_ = 0;
};

// ---- text

/// repr(float): the shortest text that reads back as the same double; always with ".0" or an exponent.
std::string float_repr(double value);

struct FloatFormat {
  char kind = 'r';  // one of e f g r E F G; r is repr's shortest digits and ignores the precision
  int precision = 6;
  bool alternate = false;         // '#': keeps the point, and trailing zeros of g
  bool no_negative_zero = false;  // 'z': what rounds to zero has no sign
  bool add_dot_zero = false;      // an integral result without exponent gets ".0"; as CPython's
                                  // Py_DTSF_ADD_DOT_0, it also makes g turn to exponents one digit earlier
};
/// The text of a float without padding, grouping or '+'. Infinities are "inf", NaN is "nan", in capitals for
/// E, F, G.
std::string format_float(double value, const FloatFormat& format);

/// float(text) for text without surrounding whitespace: underscores between digits, inf, nan, any case. Too
/// large is infinite. Nothing when the text is not a number.
std::optional<double> parse_float(std::string_view text);

}  // namespace mini::base
