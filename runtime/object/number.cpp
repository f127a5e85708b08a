// The types int, bool and float: how numbers are held, written, hashed and compared.
#include "runtime/object/number.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/number.h"
#include "runtime/object/number_text.h"
#include "runtime/object/operations.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {


size_t big_int_size(const Object* object) {
  return sizeof(BigInt) + static_cast<const BigInt*>(object)->limb_count * sizeof(uint32_t);
}

void visit_big_int(Object* object, Visitor& visitor) {
  BigInt* number = static_cast<BigInt*>(object);
  visitor.scalar(number->limb_count);
  visitor.scalar(number->negative);
  visitor.content(number->limbs(), number->limb_count * sizeof(uint32_t));
}

void visit_big_float(Object* object, Visitor& visitor) {
  visitor.scalar(std::bit_cast<uint64_t>(static_cast<BigFloat*>(object)->number));
}

/// -1, 0, 1; 2: unordered (a NaN). Nothing when `right` is no number.
std::optional<std::partial_ordering> order(Value left, Value right) {
  int64_t small = 0;
  if (is_any_float(left)) {
    double number = float_of(left);
    if (is_any_float(right)) return number <=> float_of(right);
    if (!is_any_int(right)) return std::nullopt;
    auto reversed =
        small_int(right, small) ? base::compare(small, number) : base::compare(integer_of(right), number);
    return 0 <=> reversed;
  }
  int64_t other = 0;
  if (is_any_float(right)) {
    double number = float_of(right);
    return small_int(left, small) ? base::compare(small, number) : base::compare(integer_of(left), number);
  }
  if (!is_any_int(right)) return std::nullopt;
  if (small_int(left, small) && small_int(right, other)) return small <=> other;
  return integer_of(left) <=> integer_of(right);
}

Result<Ref<Value>> compare_numbers(Heap&, CompareOp op, Value left, Value right) {
  std::optional<std::partial_ordering> found = order(left, right);
  if (!found) return unboxed(kNotImplemented);
  switch (op) {
    case CompareOp::kLess:
      return Ref<Value>(*found < 0);
    case CompareOp::kLessEqual:
      return Ref<Value>(*found <= 0);
    case CompareOp::kEqual:
      return Ref<Value>(*found == 0);
    case CompareOp::kNotEqual:
      return Ref<Value>(*found != 0);
    case CompareOp::kGreater:
      return Ref<Value>(*found > 0);
    case CompareOp::kGreaterEqual:
      return Ref<Value>(*found >= 0);
  }
  MINI_UNREACHABLE();
}

/// An int leaves floats to the float's side.
Result<Ref<Value>> compare_ints(Heap& heap, CompareOp op, Value left, Value right) {
  return is_any_int(right) ? compare_numbers(heap, op, left, right) : unboxed(kNotImplemented);
}

Result<Ref<Str>> int_repr(Heap& heap, Value value) {
  int64_t small = 0;
  if (small_int(value, small)) {
    fmt::format_int text(small);
    return make_str(heap, std::string_view(text.data(), text.size()));
  }
  base::Integer number = integer_of(value);
  // A number of that many digits has at least 3.32 times as many bits.
  const size_t limit = heap.digit_limit();
  bool too_long = limit > 0 && number.bit_length() > limit * 3322 / 1000 + 1;
  std::string text = too_long ? std::string() : number.to_string();
  if (too_long || (limit > 0 && text.size() - number.is_negative() > limit)) {
    return heap.raise(BuiltinType::kValueError,
                      "Exceeds the limit ({} digits) for integer string conversion; use "
                      "sys.set_int_max_str_digits() to increase the limit",
                      limit);
  }
  return make_str(heap, text);
}

Result<Ref<Str>> bool_repr(Heap& heap, Value value) {
  return make_str(heap, value.as_bool() ? "True" : "False");
}
Result<Ref<Str>> float_repr(Heap& heap, Value value) {
  return make_str(heap, base::float_repr(float_of(value)));
}

Result<int64_t> int_hash(Heap&, Value value) {
  int64_t small = 0;
  return small_int(value, small) ? base::int_hash(small) : integer_of(value).hash();
}
Result<int64_t> float_hash(Heap&, Value value) {
  return base::float_hash(float_of(value));
}

Result<bool> int_truth(Heap&, Value value) {
  int64_t small = 0;
  return small_int(value, small) ? small != 0 : static_cast<BigInt*>(value.as_object())->limb_count != 0;
}
Result<bool> float_truth(Heap&, Value value) {
  return float_of(value) != 0;
}

Result<Ref<Value>> binary_of_int(Heap& heap, BinaryOp op, Value left, Value right) {
  if (is_any_int(left) && is_any_int(right)) return int_binary(heap, op, left, right);
  return unboxed(kNotImplemented);
}
Result<Ref<Value>> binary_of_float(Heap& heap, BinaryOp op, Value left, Value right) {
  bool numbers = (is_any_int(left) || is_any_float(left)) && (is_any_int(right) || is_any_float(right));
  return numbers ? float_binary(heap, op, left, right) : unboxed(kNotImplemented);
}

Result<Ref<Value>> unary_of_int(Heap& heap, UnaryOp op, Value value) {
  int64_t small = 0;
  if (small_int(value, small)) {
    return make_int(heap, op == UnaryOp::kNegative ? -small : op == UnaryOp::kInvert ? ~small : small);
  }
  base::Integer number = integer_of(value);
  if (op == UnaryOp::kPositive) return make_int(heap, number);
  return make_int(heap, op == UnaryOp::kNegative ? -number : ~number);
}
Result<Ref<Value>> unary_of_float(Heap& heap, UnaryOp op, Value value) {
  if (op == UnaryOp::kInvert) return unboxed(kNotImplemented);
  return make_float(heap, op == UnaryOp::kNegative ? -float_of(value) : float_of(value));
}

}  // namespace

base::Integer integer_of(Value value) {
  int64_t small = 0;
  if (small_int(value, small)) return small;
  BigInt* number = static_cast<BigInt*>(value.as_object());
  return base::Integer::from_limbs({number->limbs(), number->limb_count}, number->negative != 0);
}

Result<Ref<Value>> make_int(Heap& heap, int64_t number) {
  if (Value::fits_int(number)) [[likely]]
    return unboxed(Value::integer(number));
  return make_int_of_type(heap, heap.type(BuiltinType::kInt), number);
}

Result<Ref<Value>> make_int(Heap& heap, const base::Integer& number) {
  if (number.fits_int64()) return make_int(heap, number.to_int64());
  return make_int_of_type(heap, heap.type(BuiltinType::kInt), number);
}

Result<Ref<Value>> make_int_of_type(Heap& heap, Type* type, const base::Integer& number) {
  size_t limbs = number.limb_count();
  if (limbs > ~uint32_t{0}) return heap.raise_memory_error();
  Ref<BigInt> result = MINI_TRY(heap.create<BigInt>(type, limbs * sizeof(uint32_t)));
  result->limb_count = static_cast<uint32_t>(limbs);
  result->negative = number.is_negative();
  number.to_limbs({result->limbs(), limbs});
  return Ref<Value>(std::move(result));
}

Result<Ref<Value>> make_float(Heap& heap, double number) {
  Value value = Value::maybe_float(number);
  if (value.is_float()) [[likely]]
    return unboxed(value);
  Ref<BigFloat> result = MINI_TRY(heap.create<BigFloat>(BuiltinType::kFloat));
  result->number = number;
  return Ref<Value>(std::move(result));
}

bool is_integer(Heap&, Value value) {
  return is_any_int(value);
}
bool is_index(Heap& heap, Value value) {
  return is_any_int(value) || !script_method(heap, heap.type_of(value), Name::k__index__).is_unbound();
}
bool is_float_object(Heap&, Value value) {
  return is_any_float(value);
}

Result<Ref<Value>> to_index(Heap& heap, Value value) {
  if (is_any_int(value)) return Ref<Value>::share(value);
  Value method = script_method(heap, heap.type_of(value), Name::k__index__);
  if (method.is_unbound()) {
    return heap.raise(BuiltinType::kTypeError, "'{}' object cannot be interpreted as an integer",
                      type_name(heap, value));
  }
  Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
  if (!is_any_int(answer)) {
    return heap.raise(BuiltinType::kTypeError, "__index__ returned non-int (type {})",
                      type_name(heap, answer));
  }
  return answer;
}

Result<int64_t> to_int64(Heap& heap, Value value, const char* what) {
  int64_t small = 0;
  if (small_int(value, small)) return small;
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  base::Integer number = integer_of(index);
  if (number.fits_int64()) return number.to_int64();
  if (std::string_view(what) == "index") {
    return heap.raise(BuiltinType::kOverflowError, "cannot fit '{}' into an index-sized integer",
                      type_name(heap, value));
  }
  return heap.raise(BuiltinType::kOverflowError, "Python int too large to convert to C {}", what);
}

Result<int64_t> to_clamped_int64(Heap& heap, Value value) {
  int64_t small = 0;
  if (small_int(value, small)) return small;
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  base::Integer number = integer_of(index);
  if (number.fits_int64()) return number.to_int64();
  return number.is_negative() ? INT64_MIN : INT64_MAX;
}

Result<double> call_float_method(Heap& heap, Value value, Value method) {
  Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
  if (is_any_float(answer)) return float_of(answer);
  return heap.raise(BuiltinType::kTypeError, "{}.__float__ returned non-float (type {})", type_name(heap, value),
                    type_name(heap, answer));
}

Result<double> to_double(Heap& heap, Value value) {
  if (is_any_float(value)) return float_of(value);
  int64_t small = 0;
  if (small_int(value, small)) return static_cast<double>(small);
  Type* type = heap.type_of(value);
  if (Value method = script_method(heap, type, Name::k__float__); !method.is_unbound())
    return call_float_method(heap, value, method);
  if (!is_any_int(value)) {
    if (!script_method(heap, type, Name::k__index__).is_unbound()) {
      Ref<Value> index = MINI_TRY(to_index(heap, value));
      return to_double(heap, index);
    }
    return heap.raise(BuiltinType::kTypeError, "must be real number, not {}", type_name(heap, value));
  }
  std::optional<double> number = integer_of(value).to_double();
  if (!number) return heap.raise(BuiltinType::kOverflowError, "int too large to convert to float");
  return *number;
}

void define_number_types(Heap& heap) {
  Type* integer = heap.type(BuiltinType::kInt);
  integer->behaviour = {.visit = visit_big_int,
                        .repr = int_repr,
                        .hash = int_hash,
                        .compare = compare_ints,
                        .binary = binary_of_int,
                        .unary = unary_of_int,
                        .truth = int_truth,
                        .size = big_int_size};
  integer->instance_size = sizeof(BigInt);
  integer->type_flags |= Type::kSubclassable;
  Type* boolean = heap.type(BuiltinType::kBool);
  boolean->behaviour = integer->behaviour;
  boolean->behaviour.repr = bool_repr;
  Type* floating = heap.type(BuiltinType::kFloat);
  floating->behaviour = {.visit = visit_big_float,
                         .repr = float_repr,
                         .hash = float_hash,
                         .compare = compare_numbers,
                         .binary = binary_of_float,
                         .unary = unary_of_float,
                         .truth = float_truth};
  floating->instance_size = sizeof(BigFloat);
  floating->type_flags |= Type::kSubclassable;
  define_number_constructors(heap);
}

}  // namespace mini::object
