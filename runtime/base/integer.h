// Arbitrary-precision integers as a passing calculator, for constant folding and for running alike. An
// Integer lives on the host's heap and only while something is computed; an int object owns its limbs in the
// VM's memory and is read and written through them. Boost.Multiprecision does the work and stays hidden in
// the .cpp.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mini::base {

class Integer {
 public:
  /// The most bits that any result may have (512 MiB); callers with a memory limit pass less.
  static constexpr size_t kMaxBits = size_t{1} << 32;

  Integer() : Integer(int64_t{0}) {}
  Integer(int64_t value);
  static Integer from_unsigned(uint64_t value);
  /// From a magnitude of 32-bit limbs, least significant first; leading zeros are allowed.
  static Integer from_limbs(std::span<const uint32_t> magnitude, bool negative);
  /// Truncates towards zero. `value` must be finite.
  static Integer from_double(double value);

  Integer(const Integer& other);
  Integer(Integer&& other) noexcept;
  Integer& operator=(const Integer& other);
  Integer& operator=(Integer&& other) noexcept;
  ~Integer();

  bool is_zero() const { return sign() == 0; }
  bool is_negative() const { return sign() < 0; }
  bool is_odd() const;
  /// -1, 0 or 1.
  int sign() const;
  /// Bits of the magnitude; 0 for 0.
  size_t bit_length() const;
  /// Ones in the magnitude, as int.bit_count().
  size_t bit_count() const;

  bool fits_int64() const;
  /// The value, which must fit.
  int64_t to_int64() const;
  /// 32-bit limbs of the magnitude without leading zeros; 0 has none.
  size_t limb_count() const { return (bit_length() + 31) / 32; }
  /// Writes limb_count() limbs, least significant first.
  void to_limbs(std::span<uint32_t> limbs) const;
  /// Rounded half to even; nothing when it is too large for a double.
  std::optional<double> to_double() const;
  /// hash(int): the value modulo 2^61-1 with its sign; -2 for -1 (CPython 3.13, long_hash).
  int64_t hash() const;

  /// Digits in a base from 2 to 36, lower case, with a sign but no prefix.
  std::string to_string(unsigned base = 10) const;
  /// int(text, base) without surrounding whitespace: a sign, a prefix where the base (0, 2, 8, 16) allows
  /// one, digits with single underscores between them. Nothing when the text is not such a number. `base` is
  /// 0 or 2 to 36.
  static std::optional<Integer> parse(std::string_view text, unsigned base = 10);

  Integer operator-() const;
  Integer operator~() const;
  Integer abs() const { return is_negative() ? -*this : *this; }
  friend Integer operator+(const Integer& a, const Integer& b);
  friend Integer operator-(const Integer& a, const Integer& b);
  friend Integer operator*(const Integer& a, const Integer& b);
  /// As on two's complement with endless sign bits.
  friend Integer operator&(const Integer& a, const Integer& b);
  friend Integer operator|(const Integer& a, const Integer& b);
  friend Integer operator^(const Integer& a, const Integer& b);
  friend bool operator==(const Integer& a, const Integer& b);
  friend std::strong_ordering operator<=>(const Integer& a, const Integer& b);

  struct Division;
  /// Python's // and %: the quotient is rounded down, the remainder has the divisor's sign. `divisor` is not
  /// 0.
  static Division floor_divide(const Integer& dividend, const Integer& divisor);
  /// a / b, rounded once, half to even; nothing when it is too large (CPython 3.13, long_true_divide). b is
  /// not 0.
  static std::optional<double> true_divide(const Integer& a, const Integer& b);

  // These say nothing instead of making more than max_bits bits.
  static std::optional<Integer> multiply(const Integer& a, const Integer& b, size_t max_bits = kMaxBits);
  /// `exponent` is not negative.
  static std::optional<Integer> power(const Integer& base, const Integer& exponent,
                                      size_t max_bits = kMaxBits);
  std::optional<Integer> shift_left(uint64_t bits, size_t max_bits = kMaxBits) const;

  /// Rounds down, as Python's >>.
  Integer shift_right(uint64_t bits) const;
  /// pow(base, exponent, modulus): exponent not negative, modulus not 0; the result has the modulus' sign.
  static Integer power_modulo(const Integer& base, const Integer& exponent, const Integer& modulus);
  /// x with value * x == 1 (modulo modulus), with the modulus' sign; nothing when there is none. modulus is
  /// not 0.
  static std::optional<Integer> inverse_modulo(const Integer& value, const Integer& modulus);
  /// Never negative.
  static Integer greatest_common_divisor(const Integer& a, const Integer& b);
  /// The square root rounded down; the value is not negative.
  Integer square_root() const;

 private:
  struct Access;  // reaches the hidden number
  struct Uninitialised {};
  explicit Integer(Uninitialised) {}

  alignas(16) std::byte number_[32];  // a cpp_int
};

struct Integer::Division {
  Integer quotient;
  Integer remainder;
};

}  // namespace mini::base
