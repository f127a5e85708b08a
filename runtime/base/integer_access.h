// The inside of Integer, shared by its source files and by nobody else.
#pragma once

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>

#include "runtime/base/integer.h"

namespace mini::base {

using BigInt =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;

struct Integer::Access {
  static BigInt& of(Integer& integer) { return *std::launder(reinterpret_cast<BigInt*>(integer.number_)); }
  static const BigInt& of(const Integer& integer) {
    return *std::launder(reinterpret_cast<const BigInt*>(integer.number_));
  }
  static Integer make(BigInt&& number) {
    static_assert(sizeof(BigInt) <= sizeof(number_) && alignof(BigInt) <= 16);
    Integer result{Uninitialised()};
    new (result.number_) BigInt(std::move(number));
    return result;
  }
};

/// Bits of the magnitude.
inline size_t bits_of(const BigInt& number) {
  const auto& backend = number.backend();
  return (backend.size() - size_t{1}) * 64 +
         static_cast<size_t>(std::bit_width(backend.limbs()[backend.size() - 1]));
}

/// Truncating division, subquadratic for large operands; `divisor` is not 0.
void divide(const BigInt& dividend, const BigInt& divisor, BigInt& quotient, BigInt& remainder);

}  // namespace mini::base
