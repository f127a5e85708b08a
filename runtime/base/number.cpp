// Arithmetic, hashes and comparison of floats. Their text is in float_text.cpp.
#include "runtime/base/number.h"

#include <bit>

namespace mini::base {

namespace {
bool is_odd_integer(double value) {
  return std::fmod(std::fabs(value), 2.0) == 1.0;
}
constexpr FloatResult kDivisionByZero{0, NumberError::kZeroDivision};
}  // namespace

FloatResult float_divide(double a, double b) {
  if (b == 0) return kDivisionByZero;
  return {a / b};
}

FloatResult float_modulo(double a, double b) {
  if (b == 0) return kDivisionByZero;
  double remainder = std::fmod(a, b);
  if (remainder == 0) {
    remainder = std::copysign(0.0, b);
  } else if ((remainder < 0) != (b < 0)) {
    remainder += b;
  }
  return {remainder};
}

FloatResult float_floor_divide(double a, double b) {
  if (b == 0) return kDivisionByZero;
  const double remainder = std::fmod(a, b);
  // Nearly integral: a - remainder is a multiple of b, up to rounding.
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (remainder < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return {std::copysign(0.0, a / b)};
  double floor = std::floor(quotient);
  if (quotient - floor > 0.5) floor += 1;
  return {floor};
}

FloatResult float_power(double a, double b) {
  if (b == 0 || a == 1) return {1.0};
  if (std::isnan(a)) return {a};
  if (std::isnan(b)) return {b};
  const double magnitude = std::fabs(a);
  if (std::isinf(b)) {
    if (magnitude == 1) return {1.0};
    return {(b > 0) == (magnitude > 1) ? HUGE_VAL : 0.0};
  }
  const bool odd = is_odd_integer(b);
  if (std::isinf(a)) {
    const double result = b > 0 ? HUGE_VAL : 0.0;
    return {odd ? std::copysign(result, a) : result};
  }
  if (a == 0) {
    if (b < 0) return kDivisionByZero;
    return {odd ? a : 0.0};
  }
  if (a < 0 && b != std::floor(b)) return {0, NumberError::kComplexResult};
  const double result = std::pow(magnitude, b);
  if (std::isinf(result)) return {0, NumberError::kOverflow};
  return {a < 0 && odd ? -result : result};
}

int64_t float_hash(double value) {
  constexpr int kBits = 61;
  constexpr uint64_t kModulus = (uint64_t{1} << kBits) - 1;
  if (std::isnan(value)) return 0;
  if (std::isinf(value)) return value > 0 ? 314159 : -314159;
  // |value| is mantissa * 2^exponent, and multiplying by 2 modulo 2^61-1 rotates 61 bits by one.
  int exponent;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  auto hash = static_cast<uint64_t>(std::ldexp(fraction, 53));
  const auto rotation = static_cast<int>(floor_modulo(exponent - 53, kBits));
  hash = ((hash << rotation) & kModulus) | (hash >> (kBits - rotation));
  if (hash == kModulus) hash = 0;
  const int64_t result = value < 0 ? -static_cast<int64_t>(hash) : static_cast<int64_t>(hash);
  return result == -1 ? -2 : result;
}

std::partial_ordering compare(int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  constexpr double kLimit = 9223372036854775808.0;
  if (b >= kLimit) return std::partial_ordering::less;
  if (b < -kLimit) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  const auto integer = static_cast<int64_t>(whole);
  if (a != integer) return a < integer ? std::partial_ordering::less : std::partial_ordering::greater;
  return whole <=> b;
}

std::partial_ordering compare(const Integer& a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (std::isinf(b)) return 0.0 <=> b;
  const double whole = std::trunc(b);
  const std::strong_ordering order = a <=> Integer::from_double(whole);
  return order != 0 ? std::partial_ordering(order) : whole <=> b;
}

double round_half_even(double value) {
  const double rounded = std::round(value);  // halves away from zero
  if (std::fabs(value - std::trunc(value)) == 0.5) return 2.0 * std::round(value / 2.0);
  return rounded;
}

IntegerRatio float_as_integer_ratio(double value) {
  MINI_ASSERT(std::isfinite(value));
  int exponent;
  auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  exponent -= 53;
  if (mantissa == 0) return {Integer(0), Integer(1)};
  const int zeros = std::countr_zero(static_cast<uint64_t>(mantissa));
  mantissa /= int64_t{1} << zeros;
  exponent += zeros;
  if (exponent >= 0) return {*Integer(mantissa).shift_left(static_cast<uint64_t>(exponent)), Integer(1)};
  return {Integer(mantissa), *Integer(1).shift_left(static_cast<uint64_t>(-exponent))};
}

}  // namespace mini::base
