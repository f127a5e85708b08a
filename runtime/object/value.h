// The 64-bit word that every variable, list cell and stack slot holds.
#pragma once

#include <bit>
#include <cstdint>

#include "runtime/base/assert.h"

namespace mini::object {

struct Object;

/// A borrowed Python value: an unboxed int, float or singleton, or a pointer to a counted object.
///
/// Copying a Value never changes a count; `Ref` (ref.h) is the handle that owns one. The low three bits are the tag:
///
///     x00  int, the value times 4 (62 bits, so that an addition is one `add` and one overflow check)
///     001, 010, 101  float: the double's bits rotated left by 4, xor 1; the tag is then the top of the exponent
///     011  object, its address plus 3
///     111  a singleton (None, False, True, ...) or one of the machine's own marks
///
/// Floats outside 2^-255 <= |x| < 2^257 other than 0.0 (infinities and NaN among them) and ints outside 62 bits are objects.
class Value {
 public:
  static constexpr int64_t kMaxInt = (int64_t{1} << 61) - 1;
  static constexpr int64_t kMinInt = -(int64_t{1} << 61);

  constexpr Value() = default;
  constexpr explicit Value(uint64_t bits) : bits_(bits) {}
  Value(const Object* object) : bits_(reinterpret_cast<uintptr_t>(object) + kObjectTag) {}

  static constexpr bool fits_int(int64_t number) { return number >= kMinInt && number <= kMaxInt; }
  static constexpr Value integer(int64_t number) { return Value(static_cast<uint64_t>(number) << 2); }
  static constexpr Value boolean(bool flag) { return Value(kFalseBits + (uint64_t{flag} << kBoolShift)); }

  /// The word for `number` as an unboxed float; ask `is_float()` whether it has one.
  static constexpr Value maybe_float(double number) {
    return Value(std::rotl(std::bit_cast<uint64_t>(number), 4) ^ 1);
  }

  constexpr uint64_t bits() const { return bits_; }

  constexpr bool is_int() const { return (bits_ & 3) == 0; }
  constexpr bool is_float() const { return (0x2626262626262626u >> (bits_ & 63)) & 1; }
  constexpr bool is_object() const { return (bits_ & 7) == kObjectTag; }
  constexpr bool is_bool() const { return (bits_ | (uint64_t{1} << kBoolShift)) == kTrueBits; }
  constexpr bool is_none() const { return bits_ == kNoneBits; }
  constexpr bool is_unbound() const { return bits_ == kUnboundBits; }
  constexpr bool is_error() const { return bits_ == kErrorBits; }

  constexpr int64_t as_int() const { return static_cast<int64_t>(bits_) >> 2; }
  constexpr double as_double() const { return std::bit_cast<double>(std::rotr(bits_ ^ 1, 4)); }
  constexpr bool as_bool() const { return (bits_ >> kBoolShift) & 1; }
  Object* as_object() const { return reinterpret_cast<Object*>(bits_ - kObjectTag); }

  /// Identity, Python's `is`: equal unboxed numbers are one object.
  friend constexpr bool operator==(Value a, Value b) = default;

  static constexpr uint64_t kObjectTag = 3;
  static constexpr int kBoolShift = 4;
  static constexpr uint64_t kNoneBits = 0x07, kFalseBits = 0x0f, kTrueBits = 0x1f, kEllipsisBits = 0x27,
                            kNotImplementedBits = 0x2f, kUnboundBits = 0x37, kErrorBits = 0x3f,
                            kSuspendedBits = 0x47;

 private:
  uint64_t bits_ = kUnboundBits;
};

/// Whether all of four are small ints, and so no objects.
inline bool are_ints(const Value* four) {
  return ((four[0].bits() | four[1].bits() | four[2].bits() | four[3].bits()) & 3) == 0;
}

inline constexpr Value kNone{Value::kNoneBits};
inline constexpr Value kTrue{Value::kTrueBits};
inline constexpr Value kFalse{Value::kFalseBits};
inline constexpr Value kEllipsis{Value::kEllipsisBits};
inline constexpr Value kNotImplemented{Value::kNotImplementedBits};
/// An empty slot: a local that is not assigned, an argument that was not given, a stack mark. Never seen by a script.
inline constexpr Value kUnbound{Value::kUnboundBits};
/// "An exception was raised": the spare state of Result<Ref<Value>>.
inline constexpr Value kError{Value::kErrorBits};
/// A native's answer "call me again": it waits, or asked the loop to call something (interp/vm/native.h).
inline constexpr Value kSuspended{Value::kSuspendedBits};

static_assert(!kNone.is_int() && !kNone.is_float() && !kNone.is_object());
static_assert(kTrue.is_bool() && kFalse.is_bool() && !kNone.is_bool() && kTrue.as_bool() && !kFalse.as_bool());
static_assert(Value::maybe_float(1.5).is_float() && Value::maybe_float(0.0).is_float());

}  // namespace mini::object
