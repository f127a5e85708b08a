// Numbers that do not fit into a Value.
#pragma once

#include "runtime/base/integer.h"
#include "runtime/object/heap.h"

namespace mini::object {

/// An int outside 62 bits; it owns its limbs. Never one that would fit a Value: equal ints have one form.
struct BigInt : Object {
  uint32_t limb_count;
  uint32_t negative;
  uint32_t* limbs() { return reinterpret_cast<uint32_t*>(this + 1); }
  const uint32_t* limbs() const { return reinterpret_cast<const uint32_t*>(this + 1); }
};

/// A float whose exponent a Value cannot hold: infinities, NaN, denormals, 1e300.
struct BigFloat : Object {
  double number;
};

/// Any int value (bool included) as a transient number.
base::Integer integer_of(Value);
/// The smallest form that holds it; MemoryError if it is too large.
Result<Ref<Value>> make_int(Heap&, const base::Integer&);

/// The number behind a value that is a float.
inline double float_of(Value value) {
  return value.is_float() ? value.as_double() : static_cast<BigFloat*>(value.as_object())->number;
}

/// Of a class derived from int; `type` may be int itself, for a number outside 62 bits.
Result<Ref<Value>> make_int_of_type(Heap&, Type*, const base::Integer&);
/// int(number): truncated.
Result<Ref<Value>> float_to_int(Heap&, double number);

/// Any int, bools and instances of derived classes included.
inline bool is_any_int(Value value) {
  return value.is_int() || value.is_bool() ||
         (value.is_object() && value.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kInt));
}
inline bool is_any_float(Value value) {
  return value.is_float() ||
         (value.is_object() && value.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kFloat));
}
/// The number behind an unboxed int or a bool.
inline bool small_int(Value value, int64_t& number) {
  if (value.is_int()) {
    number = value.as_int();
    return true;
  }
  if (value.is_bool()) {
    number = value.as_bool();
    return true;
  }
  return false;
}

/// `operator.index`: the value itself or what its `__index__` answers.
Result<Ref<Value>> to_index(Heap&, Value);
/// As to_int64, but numbers beyond it answer the nearest one: what slices and searches do with their bounds.
Result<int64_t> to_clamped_int64(Heap&, Value);

/// Both operands are ints (any form); both are numbers and one a float. NotImplemented where the operator has no
/// meaning.
Result<Ref<Value>> int_binary(Heap&, BinaryOp, Value left, Value right);
Result<Ref<Value>> float_binary(Heap&, BinaryOp, Value left, Value right);
/// The builtin functions abs, divmod, pow and round, for values of any type; kUnbound for what was not given.
/// The int or float that an instance of a class derived from int or float is.
Result<Ref<Value>> plain_number(Heap&, Value);
/// What `method`, the `__float__` of the value's class, answers; TypeError if that is no float.
Result<double> call_float_method(Heap&, Value, Value method);
// What a class statement defines comes first, for ints and floats too.
Result<Ref<Value>> absolute(Heap&, Value);
Result<Ref<Value>> divide_modulo(Heap&, Value left, Value right);
Result<Ref<Value>> power(Heap&, Value base, Value exponent, Value modulus);
Result<Ref<Value>> round_number(Heap&, Value number, Value digits);
/// `OverflowError: (34, 'Numerical result out of range')`
Raised raise_range_error(Heap&);

/// The answer of a comparison whose operands are in an order.
template <class T>
constexpr bool compare_ordered(CompareOp op, const T& left, const T& right) {
  switch (op) {
    case CompareOp::kLess: return left < right;
    case CompareOp::kLessEqual: return left <= right;
    case CompareOp::kEqual: return left == right;
    case CompareOp::kNotEqual: return !(left == right);
    case CompareOp::kGreater: return left > right;
    case CompareOp::kGreaterEqual: return left >= right;
  }
  return false;
}

void define_number_types(Heap&);
Result<void> define_number_methods(Heap&);

}  // namespace mini::object
