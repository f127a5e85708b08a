// Operators on numbers: small ints in a register, everything else through base::Integer and base's float
// functions, which constant folding uses too.
#include <algorithm>
#include <cerrno>

#include "runtime/base/number.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"

namespace mini::object {

namespace {

using base::Integer;
using base::NumberError;

/// More bits than this cannot be kept by the VM: nothing is computed that would not fit.
size_t max_bits(Heap& heap) {
  size_t room = heap.memory().limit() - std::min(heap.memory().limit(), heap.memory().used());
  return std::min(Integer::kMaxBits, std::min(room, Integer::kMaxBits / 8) * 8 + 256);
}

Result<Ref<Value>> make_int(Heap& heap, const std::optional<Integer>& number) {
  if (!number) return heap.raise_memory_error();
  return object::make_int(heap, *number);
}
using object::make_int;

Raised raise_zero_division(Heap& heap, BinaryOp op, bool integers) {
  std::string_view text =
      op == BinaryOp::kTrueDivide ? (integers ? "division by zero" : "float division by zero")
      : op == BinaryOp::kFloorDivide
          ? (integers ? "integer division or modulo by zero" : "float floor division by zero")
      : op == BinaryOp::kModulo ? (integers ? "integer modulo by zero" : "float modulo by zero")
                                : "0.0 cannot be raised to a negative power";
  return heap.raise_text(BuiltinType::kZeroDivisionError, text);
}

Result<Ref<Value>> float_result(Heap& heap, BinaryOp op, base::FloatResult result) {
  switch (result.error) {
    case NumberError::kNone:
      return make_float(heap, result.value);
    case NumberError::kZeroDivision:
      return raise_zero_division(heap, op, false);
    case NumberError::kOverflow:
      return raise_range_error(heap);
    case NumberError::kComplexResult:
      return heap.raise(BuiltinType::kValueError, "negative number cannot be raised to a fractional power");
  }
  MINI_UNREACHABLE();
}

Result<Ref<Value>> true_divide(Heap& heap, Value left, Value right) {
  constexpr int64_t kExact = int64_t{1} << 53;
  int64_t a = 0, b = 0;
  if (small_int(left, a) && small_int(right, b)) {
    if (b == 0) return raise_zero_division(heap, BinaryOp::kTrueDivide, true);
    if (std::abs(a) <= kExact && std::abs(b) <= kExact) {
      return make_float(heap, static_cast<double>(a) / static_cast<double>(b));
    }
  }
  Integer divisor = integer_of(right);
  if (divisor.is_zero()) return raise_zero_division(heap, BinaryOp::kTrueDivide, true);
  std::optional<double> quotient = Integer::true_divide(integer_of(left), divisor);
  if (!quotient) {
    return heap.raise(BuiltinType::kOverflowError, "integer division result too large for a float");
  }
  return make_float(heap, *quotient);
}

Result<Ref<Value>> integer_power(Heap& heap, Value left, Value right) {
  int64_t exponent = 0;
  bool small_exponent = small_int(right, exponent);
  if (small_exponent ? exponent < 0 : static_cast<BigInt*>(right.as_object())->negative) {
    double base = MINI_TRY(to_double(heap, left));
    double power = MINI_TRY(to_double(heap, right));
    return float_result(heap, BinaryOp::kPower, base::float_power(base, power));
  }
  int64_t factor = 0;
  if (small_exponent && small_int(left, factor)) {
    int64_t result = 1;
    bool overflow = false;
    for (int64_t rest = exponent; rest > 0 && !overflow;) {
      if (rest & 1) overflow = __builtin_mul_overflow(result, factor, &result);
      rest >>= 1;
      if (rest > 0) overflow |= __builtin_mul_overflow(factor, factor, &factor);
    }
    if (!overflow) return make_int(heap, result);
  }
  return make_int(heap, Integer::power(integer_of(left), integer_of(right), max_bits(heap)));
}

Result<Ref<Value>> shift(Heap& heap, BinaryOp op, Value left, Value right) {
  int64_t number = 0, bits = 0;
  bool small = small_int(left, number);
  bool any_count = false;
  if (!small_int(right, bits)) {
    const Integer count = integer_of(right);
    any_count = !count.fits_int64();
    bits = !any_count ? count.to_int64() : count.is_negative() ? -1 : INT64_MAX;
  }
  if (bits < 0) return heap.raise(BuiltinType::kValueError, "negative shift count");
  if (op == BinaryOp::kRightShift) {
    if (small) return make_int(heap, number >> std::min<int64_t>(bits, 63));
    return make_int(heap, integer_of(left).shift_right(static_cast<uint64_t>(bits)));
  }
  if (small && number == 0) return make_int(heap, int64_t{0});
  if (any_count) return heap.raise(BuiltinType::kOverflowError, "too many digits in integer");
  if (small && bits < 62 && Value::fits_int(number << bits) && (number << bits) >> bits == number) {
    return make_int(heap, number << bits);
  }
  return make_int(heap, integer_of(left).shift_left(static_cast<uint64_t>(bits), max_bits(heap)));
}

/// Operators whose result, for small operands, needs no Integer. False: take the long way.
bool small_binary(BinaryOp op, int64_t a, int64_t b, int64_t& result) {
  switch (op) {
    case BinaryOp::kAdd:
      return !__builtin_add_overflow(a, b, &result);
    case BinaryOp::kSubtract:
      return !__builtin_sub_overflow(a, b, &result);
    case BinaryOp::kMultiply:
      return !__builtin_mul_overflow(a, b, &result);
    case BinaryOp::kFloorDivide:
      result = b ? base::floor_divide(a, b) : 0;
      return b != 0;
    case BinaryOp::kModulo:
      result = b ? base::floor_modulo(a, b) : 0;
      return b != 0;
    case BinaryOp::kAnd:
      result = a & b;
      return true;
    case BinaryOp::kOr:
      result = a | b;
      return true;
    case BinaryOp::kXor:
      result = a ^ b;
      return true;
    default:
      return false;
  }
}

}  // namespace

Raised raise_range_error(Heap& heap) {
  Result<Ref<Str>> text = make_str(heap, "Numerical result out of range");
  if (!text.ok()) return raised;
  Value items[] = {Value::integer(ERANGE), *text};
  Result<Ref<Tuple>> args = make_tuple(heap, items, 2);
  if (!args.ok()) return raised;
  Result<Ref<Exception>> exception =
      make_exception(heap, heap.type(BuiltinType::kOverflowError), args.take_unchecked());
  if (!exception.ok()) return raised;
  return heap.raise_object(exception.take_unchecked());
}

Result<Ref<Value>> int_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  int64_t a = 0, b = 0, result = 0;
  if (small_int(left, a) && small_int(right, b)) {
    if (left.is_bool() && right.is_bool()) {
      if (op == BinaryOp::kAnd) return Ref<Value>((a & b) != 0);
      if (op == BinaryOp::kOr) return Ref<Value>((a | b) != 0);
      if (op == BinaryOp::kXor) return Ref<Value>(a != b);
    }
    if (small_binary(op, a, b, result)) return make_int(heap, result);
  }
  switch (op) {
    case BinaryOp::kAdd:
      return make_int(heap, integer_of(left) + integer_of(right));
    case BinaryOp::kSubtract:
      return make_int(heap, integer_of(left) - integer_of(right));
    case BinaryOp::kMultiply:
      return make_int(heap, Integer::multiply(integer_of(left), integer_of(right), max_bits(heap)));
    case BinaryOp::kAnd:
      return make_int(heap, integer_of(left) & integer_of(right));
    case BinaryOp::kOr:
      return make_int(heap, integer_of(left) | integer_of(right));
    case BinaryOp::kXor:
      return make_int(heap, integer_of(left) ^ integer_of(right));
    case BinaryOp::kFloorDivide:
    case BinaryOp::kModulo: {
      Integer divisor = integer_of(right);
      if (divisor.is_zero()) return raise_zero_division(heap, op, true);
      Integer::Division division = Integer::floor_divide(integer_of(left), divisor);
      return make_int(heap, op == BinaryOp::kModulo ? division.remainder : division.quotient);
    }
    case BinaryOp::kTrueDivide:
      return true_divide(heap, left, right);
    case BinaryOp::kPower:
      return integer_power(heap, left, right);
    case BinaryOp::kLeftShift:
    case BinaryOp::kRightShift:
      return shift(heap, op, left, right);
    case BinaryOp::kMatrixMultiply:
      break;
  }
  return unboxed(kNotImplemented);
}

Result<Ref<Value>> float_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op > BinaryOp::kPower) return unboxed(kNotImplemented);
  auto operand = [&](Value value) -> Result<double> {  // whatever `__float__` of a subclass says
    if (!value.is_object()) return to_double(heap, value);
    Ref<Value> number = MINI_TRY(plain_number(heap, value));
    return to_double(heap, number);
  };
  double a = MINI_TRY(operand(left));
  double b = MINI_TRY(operand(right));
  switch (op) {
    case BinaryOp::kAdd:
      return make_float(heap, a + b);
    case BinaryOp::kSubtract:
      return make_float(heap, a - b);
    case BinaryOp::kMultiply:
      return make_float(heap, a * b);
    case BinaryOp::kTrueDivide:
      return float_result(heap, op, base::float_divide(a, b));
    case BinaryOp::kFloorDivide:
      return float_result(heap, op, base::float_floor_divide(a, b));
    case BinaryOp::kModulo:
      return float_result(heap, op, base::float_modulo(a, b));
    default:
      return float_result(heap, op, base::float_power(a, b));
  }
}

Result<Ref<Value>> absolute(Heap& heap, Value value) {
  if (Value method = script_method(heap, heap.type_of(value), Name::k__abs__); !method.is_unbound())
    return call_special(heap, method, value);
  if (is_any_float(value)) return make_float(heap, std::fabs(float_of(value)));
  int64_t small = 0;
  if (small_int(value, small)) return make_int(heap, std::abs(small));
  if (is_any_int(value)) return make_int(heap, integer_of(value).abs());
  return heap.raise(BuiltinType::kTypeError, "bad operand type for abs(): '{}'", type_name(heap, value));
}

Result<Ref<Value>> divide_modulo(Heap& heap, Value left, Value right) {
  Type *left_type = heap.type_of(left), *right_type = heap.type_of(right);
  const Value own = script_method(heap, left_type, Name::k__divmod__);
  Value reflected = script_method(heap, right_type, Name::k__rdivmod__);
  if (!reflected.is_unbound() && left_type != right_type && is_subtype(right_type, left_type)) {
    Ref<Value> answer = MINI_TRY(call_special(heap, reflected, right, &left, 1));
    if (!(answer.get() == kNotImplemented)) return answer;
    reflected = kUnbound;
  }
  if (!own.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, own, left, &right, 1));
    if (!(answer.get() == kNotImplemented)) return answer;
  }
  auto is_number = [](Value value) { return is_any_int(value) || is_any_float(value); };
  const bool declines = is_any_int(left) && is_any_float(right) && !reflected.is_unbound();  // int leaves floats to float
  if (own.is_unbound() && is_number(left) && is_number(right) && !declines) {
    bool floats = is_any_float(left) || is_any_float(right);
    auto compute = floats ? float_binary : int_binary;
    Ref<Value> parts[2];
    if (floats && !MINI_TRY(truth(heap, right)))
      return heap.raise_text(BuiltinType::kZeroDivisionError, "float divmod()");
    parts[0] = MINI_TRY(compute(heap, BinaryOp::kFloorDivide, left, right));
    parts[1] = MINI_TRY(compute(heap, BinaryOp::kModulo, left, right));
    Value items[] = {parts[0], parts[1]};
    return widen(make_tuple(heap, items, 2));
  }
  if (!reflected.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, reflected, right, &left, 1));
    if (!(answer.get() == kNotImplemented)) return answer;
  }
  return heap.raise(BuiltinType::kTypeError, "unsupported operand type(s) for divmod(): '{}' and '{}'",
                    type_name(heap, left), type_name(heap, right));
}

Result<Ref<Value>> power(Heap& heap, Value base, Value exponent, Value modulus) {
  if (modulus.is_unbound() || modulus.is_none()) return binary(heap, BinaryOp::kPower, base, exponent);
  if (Value method = script_method(heap, heap.type_of(base), Name::k__pow__); !method.is_unbound()) {
    Value arguments[] = {exponent, modulus};
    Ref<Value> answer = MINI_TRY(call_special(heap, method, base, arguments, 2));
    if (!(answer.get() == kNotImplemented)) return answer;
  }
  if (!is_any_int(base) || !is_any_int(exponent) || !is_any_int(modulus)) {
    if (is_any_float(base) || is_any_float(exponent) || is_any_float(modulus)) {
      return heap.raise(BuiltinType::kTypeError,
                        "pow() 3rd argument not allowed unless all arguments are integers");
    }
    return heap.raise(BuiltinType::kTypeError,
                      "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'", type_name(heap, base),
                      type_name(heap, exponent), type_name(heap, modulus));
  }
  Integer factor = integer_of(base), times = integer_of(exponent), divisor = integer_of(modulus);
  if (divisor.is_zero()) return heap.raise(BuiltinType::kValueError, "pow() 3rd argument cannot be 0");
  if (times.is_negative()) {
    std::optional<Integer> inverse = Integer::inverse_modulo(factor, divisor);
    if (!inverse) {
      return heap.raise(BuiltinType::kValueError, "base is not invertible for the given modulus");
    }
    factor = *inverse;
    times = -times;
  }
  return make_int(heap, Integer::power_modulo(factor, times, divisor));
}

Result<Ref<Value>> float_to_int(Heap& heap, double number) {
  if (std::isnan(number)) return heap.raise(BuiltinType::kValueError, "cannot convert float NaN to integer");
  if (std::isinf(number)) {
    return heap.raise(BuiltinType::kOverflowError, "cannot convert float infinity to integer");
  }
  if (std::fabs(number) < 0x1p62) return make_int(heap, static_cast<int64_t>(number));
  return make_int(heap, Integer::from_double(number));
}

Result<Ref<Value>> round_number(Heap& heap, Value value, Value digits) {
  bool whole = digits.is_unbound() || digits.is_none();
  if (Value method = script_method(heap, heap.type_of(value), Name::k__round__); !method.is_unbound())
    return call_special(heap, method, value, &digits, whole ? 0 : 1);
  if (is_any_float(value)) {
    double number = float_of(value);
    if (whole) return float_to_int(heap, base::round_half_even(number));
    int64_t places = MINI_TRY(to_clamped_int64(heap, digits));
    base::FloatResult rounded = base::round_to_digits(number, places);
    if (!rounded.ok()) return heap.raise(BuiltinType::kOverflowError, "rounded value too large to represent");
    return make_float(heap, rounded.value);
  }
  if (is_any_int(value)) {
    if (whole) return make_int(heap, integer_of(value));
    int64_t places = MINI_TRY(to_clamped_int64(heap, digits));
    if (places >= 0) return make_int(heap, integer_of(value));
    Integer number = integer_of(value);
    // Fewer digits than are cut off, by far: 0.
    if (places < -static_cast<int64_t>(number.bit_length())) return make_int(heap, int64_t{0});
    Integer unit = Integer::power(10, -places).value();
    Integer::Division division = Integer::floor_divide(number, unit);
    Integer twice = division.remainder + division.remainder;
    if (twice > unit || (twice == unit && division.quotient.is_odd()))
      division.quotient = division.quotient + 1;
    return make_int(heap, division.quotient * unit);
  }
  return heap.raise(BuiltinType::kTypeError, "type {} doesn't define __round__ method",
                    type_name(heap, value));
}

}  // namespace mini::object
