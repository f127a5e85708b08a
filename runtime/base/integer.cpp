// Integer on Boost.Multiprecision: conversions, arithmetic with Python's signs, correctly rounded doubles.
// Text conversion and the division that it needs are in integer_text.cpp.
#include "runtime/base/integer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "runtime/base/assert.h"
#include "runtime/base/integer_access.h"

namespace mini::base {

namespace mp = boost::multiprecision;

static_assert(sizeof(mp::limb_type) == 8, "limbs are copied as pairs of 32 bits");

// ---- life

Integer::Integer(int64_t value) {
  new (number_) BigInt(value);
}
Integer::Integer(const Integer& other) {
  new (number_) BigInt(Access::of(other));
}
Integer::Integer(Integer&& other) noexcept {
  new (number_) BigInt(std::move(Access::of(other)));
}
Integer& Integer::operator=(const Integer& other) {
  Access::of(*this) = Access::of(other);
  return *this;
}
Integer& Integer::operator=(Integer&& other) noexcept {
  Access::of(*this) = std::move(Access::of(other));
  return *this;
}
Integer::~Integer() {
  Access::of(*this).~BigInt();
}

Integer Integer::from_unsigned(uint64_t value) {
  return Access::make(BigInt(value));
}

Integer Integer::from_limbs(std::span<const uint32_t> magnitude, bool negative) {
  size_t count = magnitude.size();
  while (count && magnitude[count - 1] == 0) --count;
  BigInt number;
  if (count) {
    auto& backend = number.backend();
    const auto limbs = static_cast<unsigned>((count + 1) / 2);
    backend.resize(limbs, limbs);
    backend.limbs()[limbs - 1] = 0;
    std::memcpy(backend.limbs(), magnitude.data(), count * sizeof(uint32_t));
    backend.sign(negative);
  }
  return Access::make(std::move(number));
}

void Integer::to_limbs(std::span<uint32_t> limbs) const {
  const size_t count = limb_count();
  MINI_ASSERT(limbs.size() >= count);
  if (count) std::memcpy(limbs.data(), Access::of(*this).backend().limbs(), count * sizeof(uint32_t));
}

Integer Integer::from_double(double value) {
  MINI_ASSERT(std::isfinite(value));
  int exponent;
  const double fraction = std::frexp(value, &exponent);
  if (exponent <= 63) return Integer(static_cast<int64_t>(value));
  BigInt number(static_cast<int64_t>(std::ldexp(fraction, 53)));
  const bool negative = number < 0;
  if (negative) number = -number;
  number <<= exponent - 53;
  return Access::make(negative ? BigInt(-number) : std::move(number));
}

// ---- looking

int Integer::sign() const {
  return Access::of(*this).sign();
}

bool Integer::is_odd() const {
  return Access::of(*this).backend().limbs()[0] & 1;
}

size_t Integer::bit_length() const {
  return bits_of(Access::of(*this));
}

size_t Integer::bit_count() const {
  const auto& backend = Access::of(*this).backend();
  size_t count = 0;
  for (unsigned i = 0; i < backend.size(); ++i)
    count += static_cast<size_t>(std::popcount(backend.limbs()[i]));
  return count;
}

bool Integer::fits_int64() const {
  const auto& backend = Access::of(*this).backend();
  if (backend.size() > 1) return false;
  const uint64_t magnitude = backend.limbs()[0];
  return magnitude <= uint64_t{INT64_MAX} + (backend.sign() ? 1 : 0);
}

int64_t Integer::to_int64() const {
  MINI_ASSERT(fits_int64());
  const auto& backend = Access::of(*this).backend();
  const uint64_t magnitude = backend.limbs()[0];
  return static_cast<int64_t>(backend.sign() ? 0 - magnitude : magnitude);
}

int64_t Integer::hash() const {
  constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
  const auto& backend = Access::of(*this).backend();
  unsigned __int128 remainder = 0;
  for (unsigned i = backend.size(); i-- > 0;) {
    remainder = ((remainder << 64) | backend.limbs()[i]) % kModulus;
  }
  const auto magnitude = static_cast<int64_t>(remainder);
  const int64_t hash = backend.sign() ? -magnitude : magnitude;
  return hash == -1 ? -2 : hash;
}

bool operator==(const Integer& a, const Integer& b) {
  return Integer::Access::of(a).compare(Integer::Access::of(b)) == 0;
}
std::strong_ordering operator<=>(const Integer& a, const Integer& b) {
  return Integer::Access::of(a).compare(Integer::Access::of(b)) <=> 0;
}

// ---- arithmetic

Integer Integer::operator-() const {
  return Access::make(BigInt(-Access::of(*this)));
}
Integer Integer::operator~() const {
  return Access::make(BigInt(-Access::of(*this) - 1));
}

Integer operator+(const Integer& a, const Integer& b) {
  return Integer::Access::make(BigInt(Integer::Access::of(a) + Integer::Access::of(b)));
}
Integer operator-(const Integer& a, const Integer& b) {
  return Integer::Access::make(BigInt(Integer::Access::of(a) - Integer::Access::of(b)));
}
Integer operator*(const Integer& a, const Integer& b) {
  return Integer::Access::make(BigInt(Integer::Access::of(a) * Integer::Access::of(b)));
}

namespace {
/// Two's complement with a limb to spare for the sign bits, 64-bit limbs.
std::vector<uint64_t> twos_complement(const BigInt& number, size_t limbs) {
  std::vector<uint64_t> result(limbs, 0);
  const auto& backend = number.backend();
  std::copy_n(backend.limbs(), backend.size(), result.begin());
  if (backend.sign()) {
    uint64_t carry = 1;
    for (uint64_t& limb : result) {
      limb = ~limb + carry;
      carry = carry && limb == 0;
    }
  }
  return result;
}

template <class Operation>
BigInt bitwise(const BigInt& a, const BigInt& b, Operation operation) {
  const size_t limbs = std::max(a.backend().size(), b.backend().size()) + 1;
  std::vector<uint64_t> x = twos_complement(a, limbs);
  const std::vector<uint64_t> y = twos_complement(b, limbs);
  for (size_t i = 0; i < limbs; ++i) x[i] = operation(x[i], y[i]);
  const bool negative = x.back() >> 63;
  if (negative) {
    uint64_t carry = 1;
    for (uint64_t& limb : x) {
      limb = ~limb + carry;
      carry = carry && limb == 0;
    }
  }
  BigInt result;
  auto& backend = result.backend();
  backend.resize(static_cast<unsigned>(limbs), static_cast<unsigned>(limbs));
  std::copy(x.begin(), x.end(), backend.limbs());
  backend.normalize();
  if (negative) backend.negate();
  return result;
}
}  // namespace

Integer operator&(const Integer& a, const Integer& b) {
  return Integer::Access::make(
      bitwise(Integer::Access::of(a), Integer::Access::of(b), std::bit_and<uint64_t>()));
}
Integer operator|(const Integer& a, const Integer& b) {
  return Integer::Access::make(
      bitwise(Integer::Access::of(a), Integer::Access::of(b), std::bit_or<uint64_t>()));
}
Integer operator^(const Integer& a, const Integer& b) {
  return Integer::Access::make(
      bitwise(Integer::Access::of(a), Integer::Access::of(b), std::bit_xor<uint64_t>()));
}

Integer::Division Integer::floor_divide(const Integer& dividend, const Integer& divisor) {
  MINI_ASSERT(!divisor.is_zero());
  BigInt quotient, remainder;
  divide(Access::of(dividend), Access::of(divisor), quotient, remainder);
  if (remainder.sign() != 0 && remainder.sign() != divisor.sign()) {
    --quotient;
    remainder += Access::of(divisor);
  }
  return {Access::make(std::move(quotient)), Access::make(std::move(remainder))};
}

std::optional<Integer> Integer::multiply(const Integer& a, const Integer& b, size_t max_bits) {
  if (!a.is_zero() && !b.is_zero() && a.bit_length() + b.bit_length() - 1 > max_bits) return std::nullopt;
  return a * b;
}

std::optional<Integer> Integer::power(const Integer& base, const Integer& exponent, size_t max_bits) {
  MINI_ASSERT(!exponent.is_negative());
  if (exponent.is_zero()) return Integer(1);
  if (base.is_zero() || (base.bit_length() == 1 && !base.is_negative())) return base;
  if (base.bit_length() == 1) return exponent.is_odd() ? base : Integer(1);
  // |base| >= 2: the result has at least (bit_length - 1) * exponent + 1 bits.
  if (!exponent.fits_int64()) return std::nullopt;
  const auto count = static_cast<uint64_t>(exponent.to_int64());
  uint64_t least;
  if (__builtin_mul_overflow(base.bit_length() - 1, count, &least) || least >= std::min(max_bits, kMaxBits))
    return std::nullopt;
  return Access::make(BigInt(mp::pow(Access::of(base), static_cast<unsigned>(count))));
}

std::optional<Integer> Integer::shift_left(uint64_t bits, size_t max_bits) const {
  if (is_zero()) return *this;
  if (bits > max_bits || bit_length() > max_bits - bits) return std::nullopt;
  BigInt magnitude = mp::abs(Access::of(*this));
  magnitude <<= bits;
  if (is_negative()) magnitude.backend().negate();
  return Access::make(std::move(magnitude));
}

Integer Integer::shift_right(uint64_t bits) const {
  if (bits >= bit_length()) return Integer(is_negative() ? -1 : 0);
  BigInt result = Access::of(*this);
  if (is_negative()) {
    // ~(~n >> bits) rounds down.
    result = -result - 1;
    result >>= bits;
    result = -result - 1;
  } else {
    result >>= bits;
  }
  return Access::make(std::move(result));
}

Integer Integer::power_modulo(const Integer& base, const Integer& exponent, const Integer& modulus) {
  MINI_ASSERT(!exponent.is_negative() && !modulus.is_zero());
  const Integer magnitude = modulus.abs();
  const Integer start = floor_divide(base, magnitude).remainder;
  Integer result =
      Access::make(BigInt(mp::powm(Access::of(start), Access::of(exponent), Access::of(magnitude))));
  return modulus.is_negative() ? floor_divide(result, modulus).remainder : result;
}

std::optional<Integer> Integer::inverse_modulo(const Integer& value, const Integer& modulus) {
  MINI_ASSERT(!modulus.is_zero());
  // Euclid's algorithm, keeping a with a * value == r (modulo modulus).
  Integer r = modulus.abs(), next_r = floor_divide(value, r).remainder;
  Integer a = 0, next_a = 1;
  while (!next_r.is_zero()) {
    Division step = floor_divide(r, next_r);
    r = std::move(next_r);
    next_r = std::move(step.remainder);
    Integer following = a - step.quotient * next_a;
    a = std::move(next_a);
    next_a = std::move(following);
  }
  if (r != Integer(1)) return std::nullopt;
  return floor_divide(a, modulus).remainder;
}

Integer Integer::greatest_common_divisor(const Integer& a, const Integer& b) {
  return Access::make(BigInt(mp::gcd(Access::of(a), Access::of(b))));
}

Integer Integer::square_root() const {
  MINI_ASSERT(!is_negative());
  return Access::make(BigInt(mp::sqrt(Access::of(*this))));
}

// ---- doubles

namespace {
constexpr int kMantissa = 53;
constexpr int kLeastExponent = -1074;  // of the last bit of a subnormal

/// quotient * 2^exponent as a double, half to even; `inexact` says that the true value is a little larger.
/// Needs a quotient of more than 53 bits or an exponent at which fewer are kept.
std::optional<double> round_to_double(uint64_t quotient, int64_t exponent, bool inexact, bool negative) {
  if (quotient == 0) return negative ? -0.0 : 0.0;
  const int drop = static_cast<int>(std::max<int64_t>(
      {0, static_cast<int64_t>(std::bit_width(quotient)) - kMantissa, kLeastExponent - exponent}));
  if (drop > 63) return negative ? -0.0 : 0.0;
  if (drop > 0) {
    const uint64_t half = uint64_t{1} << (drop - 1), rest = quotient & (2 * half - 1);
    quotient >>= drop;
    exponent += drop;
    if (rest > half || (rest == half && (inexact || (quotient & 1)))) ++quotient;
  }
  if (exponent > 1024) return std::nullopt;
  const double magnitude = std::ldexp(static_cast<double>(quotient), static_cast<int>(exponent));
  if (std::isinf(magnitude)) return std::nullopt;
  return negative ? -magnitude : magnitude;
}

/// Whether one of the `count` lowest bits is set.
bool any_low_bit(const BigInt& magnitude, uint64_t count) {
  return count && mp::lsb(magnitude) < count;
}
}  // namespace

std::optional<double> Integer::to_double() const {
  const size_t bits = bit_length();
  if (bits <= 63) return static_cast<double>(to_int64());
  if (bits > 1024) return std::nullopt;
  const BigInt magnitude = mp::abs(Access::of(*this));
  const size_t drop = bits - 64;
  const auto top = static_cast<uint64_t>(magnitude >> drop);
  return round_to_double(top, static_cast<int64_t>(drop), any_low_bit(magnitude, drop), is_negative());
}

std::optional<double> Integer::true_divide(const Integer& a, const Integer& b) {
  MINI_ASSERT(!b.is_zero());
  const bool negative = a.is_negative() != b.is_negative();
  if (a.is_zero()) return negative ? -0.0 : 0.0;
  const auto a_bits = static_cast<int64_t>(a.bit_length()), b_bits = static_cast<int64_t>(b.bit_length());
  if (a_bits <= kMantissa && b_bits <= kMantissa) {
    return static_cast<double>(a.to_int64()) / static_cast<double>(b.to_int64());
  }
  if (a_bits - b_bits > 1024) return std::nullopt;
  if (a_bits - b_bits < kLeastExponent - 1) return negative ? -0.0 : 0.0;
  // Scale so that the quotient has 56 or 57 bits: more than a double keeps, so one rounding decides.
  const int64_t shift = a_bits - b_bits - 56;
  BigInt dividend = mp::abs(Access::of(a)), divisor = mp::abs(Access::of(b));
  if (shift >= 0) {
    divisor <<= shift;
  } else {
    dividend <<= -shift;
  }
  BigInt quotient, remainder;
  divide(dividend, divisor, quotient, remainder);
  return round_to_double(static_cast<uint64_t>(quotient), shift, !remainder.is_zero(), negative);
}

}  // namespace mini::base
