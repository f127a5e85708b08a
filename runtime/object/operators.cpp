// Operators and comparison between any two values, and the protocol of iteration: who is asked first, and
// what it means when nobody knows (CPython 3.13: binary_op1 in Objects/abstract.c, slot_* in
// Objects/typeobject.c, do_richcompare in Objects/object.c).
#include "runtime/object/native_scope.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

constexpr const char* kBinarySymbols[] = {
#define OPERATOR(enumerator, symbol, method, reflected, in_place) symbol,
#include "runtime/object/operators.def"
#undef OPERATOR
};
constexpr Name kOperatorMethodNames[] = {
#define OPERATOR(enumerator, symbol, method, reflected, in_place) Name::k##method,
#include "runtime/object/operators.def"
#undef OPERATOR
};
constexpr Name kReflected[] = {
#define OPERATOR(enumerator, symbol, method, reflected, in_place) Name::k##reflected,
#include "runtime/object/operators.def"
#undef OPERATOR
};
constexpr Name kInPlace[] = {
#define OPERATOR(enumerator, symbol, method, reflected, in_place) Name::k##in_place,
#include "runtime/object/operators.def"
#undef OPERATOR
};
constexpr const char* kCompareSymbols[] = {"<", "<=", "==", "!=", ">", ">="};
constexpr Name kCompareMethods[] = {Name::k__lt__, Name::k__le__, Name::k__eq__,
                                    Name::k__ne__, Name::k__gt__, Name::k__ge__};

bool is_not_implemented(const Result<Ref<Value>>& result) {
  return result.ok() && result->get() == kNotImplemented;
}
Result<Ref<Value>> not_implemented() {
  return unboxed(kNotImplemented);
}

/// One side of a comparison: what the type of `left` says, NotImplemented if it does not know.
Result<Ref<Value>> compare_one_way(Heap& heap, CompareOp op, Value left, Value right) {
  Type* type = heap.type_of(left);
  if (Value method = script_method(heap, type, method_name(op)); !method.is_unbound()) {
    return call_special(heap, method, left, &right, 1);
  }
  if (type->behaviour.compare) return type->behaviour.compare(heap, op, left, right);
  if (op == CompareOp::kNotEqual) {
    // object.__ne__ is the opposite of what __eq__ answers.
    if (Value method = script_method(heap, type, Name::k__eq__); !method.is_unbound()) {
      Ref<Value> answer = MINI_TRY(call_special(heap, method, left, &right, 1));
      if (answer.get() == kNotImplemented) return answer;
      return Ref<Value>(!MINI_TRY(truth(heap, answer)));
    }
  }
  return not_implemented();
}

/// `left op right` as the type of `left` does it.
Result<Ref<Value>> binary_left(Heap& heap, BinaryOp op, Value left, Value right) {
  Type* type = heap.type_of(left);
  if (Value method = script_method(heap, type, method_name(op)); !method.is_unbound()) {
    return call_special(heap, method, left, &right, 1);
  }
  return type->behaviour.binary ? type->behaviour.binary(heap, op, left, right) : not_implemented();
}

/// `left op right` as the type of `right` does it.
Result<Ref<Value>> binary_right(Heap& heap, BinaryOp op, Value left, Value right) {
  Type* type = heap.type_of(right);
  if (Value method = script_method(heap, type, reflected_name(op)); !method.is_unbound()) {
    return call_special(heap, method, right, &left, 1);
  }
  return type->behaviour.binary ? type->behaviour.binary(heap, op, left, right) : not_implemented();
}

/// Both sides in CPython's order, NotImplemented when neither knows. The right side goes first when its class
/// derives from the left's and brings a reflected method of its own.
Result<Ref<Value>> try_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  Type* left_type = heap.type_of(left);
  Type* right_type = heap.type_of(right);
  if (left_type == right_type) return binary_left(heap, op, left, right);
  bool right_first = false;
  if (is_subtype(right_type, left_type)) {
    Value method = script_method(heap, right_type, reflected_name(op));
    right_first = method.is_unbound() ? right_type->behaviour.binary != left_type->behaviour.binary
                                      : method != script_method(heap, left_type, reflected_name(op));
  }
  if (right_first) {
    Result<Ref<Value>> answer = binary_right(heap, op, left, right);
    if (!is_not_implemented(answer)) return answer;
    return binary_left(heap, op, left, right);
  }
  Result<Ref<Value>> answer = binary_left(heap, op, left, right);
  if (!is_not_implemented(answer)) return answer;
  return binary_right(heap, op, left, right);
}

bool is_iterator(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  return type->behaviour.next || !script_method(heap, type, Name::k__next__).is_unbound();
}

}  // namespace

const char* symbol(BinaryOp op) {
  return kBinarySymbols[static_cast<uint32_t>(op)];
}
const char* symbol(CompareOp op) {
  return kCompareSymbols[static_cast<uint32_t>(op)];
}
Name method_name(BinaryOp op) {
  return kOperatorMethodNames[static_cast<uint32_t>(op)];
}
Name reflected_name(BinaryOp op) {
  return kReflected[static_cast<uint32_t>(op)];
}
Name in_place_name(BinaryOp op) {
  return kInPlace[static_cast<uint32_t>(op)];
}
Name method_name(CompareOp op) {
  return kCompareMethods[static_cast<uint32_t>(op)];
}

CompareOp swapped(CompareOp op) {
  constexpr CompareOp kSwapped[] = {CompareOp::kGreater,  CompareOp::kGreaterEqual, CompareOp::kEqual,
                                    CompareOp::kNotEqual, CompareOp::kLess,         CompareOp::kLessEqual};
  return kSwapped[static_cast<uint32_t>(op)];
}

bool is_sequence(Value value) {
  return has_kind(value, BuiltinType::kStr) || has_kind(value, BuiltinType::kList) ||
         has_kind(value, BuiltinType::kTuple) || has_kind(value, BuiltinType::kBytes);
}

Raised raise_unsupported(Heap& heap, BinaryOp op, Value left, Value right, bool in_place) {
  if (op == BinaryOp::kAdd) {
    for (BuiltinType which : {BuiltinType::kStr, BuiltinType::kList, BuiltinType::kTuple}) {
      if (!has_kind(left, which)) continue;
      std::string name = to_utf8(heap.type(which)->name);
      return heap.raise(BuiltinType::kTypeError, "can only concatenate {} (not \"{}\") to {}", name,
                        type_name(heap, right), name);
    }
    if (has_kind(left, BuiltinType::kBytes)) {
      return heap.raise(BuiltinType::kTypeError, "can't concat {} to {}", type_name(heap, right),
                        type_name(heap, left));
    }
  }
  if (op == BinaryOp::kMultiply && (is_sequence(left) || is_sequence(right))) {
    return heap.raise(BuiltinType::kTypeError, "can't multiply sequence by non-int of type '{}'",
                      type_name(heap, is_sequence(left) ? right : left));
  }
  bool print = op == BinaryOp::kRightShift && !in_place && has_kind(left, BuiltinType::kNativeFunction) &&
               static_cast<NativeObject*>(left.as_object())->definition->signature.name == "print";
  return heap.raise(BuiltinType::kTypeError, "unsupported operand type(s) for {}{}: '{}' and '{}'{}",
                    op == BinaryOp::kPower && !in_place ? "** or pow()" : symbol(op), in_place ? "=" : "",
                    type_name(heap, left), type_name(heap, right),
                    print ? ". Did you mean \"print(<message>, file=<output_stream>)\"?" : "");
}

Raised raise_unordered(Heap& heap, CompareOp op, Value left, Value right) {
  return heap.raise(BuiltinType::kTypeError, "'{}' not supported between instances of '{}' and '{}'",
                    symbol(op), type_name(heap, left), type_name(heap, right));
}

Result<Ref<Value>> compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (left.is_int() && right.is_int()) return Ref<Value>(compare_ordered(op, left.as_int(), right.as_int()));
  NativeScope scope(heap, " in comparison");
  if (!scope.entered()) return raised;
  Type* left_type = heap.type_of(left);
  Type* right_type = heap.type_of(right);
  bool right_tried = false;
  if (left_type != right_type && is_subtype(right_type, left_type)) {
    right_tried = true;
    Result<Ref<Value>> answer = compare_one_way(heap, swapped(op), right, left);
    if (!is_not_implemented(answer)) return answer;
  }
  Result<Ref<Value>> answer = compare_one_way(heap, op, left, right);
  if (!is_not_implemented(answer)) return answer;
  if (!right_tried) {
    answer = compare_one_way(heap, swapped(op), right, left);
    if (!is_not_implemented(answer)) return answer;
  }
  if (op == CompareOp::kEqual) return Ref<Value>(left == right);
  if (op == CompareOp::kNotEqual) return Ref<Value>(!(left == right));
  return raise_unordered(heap, op, left, right);
}

namespace {

/// Whether both are of the very type str, whose comparisons run no script code.
bool are_texts(Heap& heap, Value left, Value right) {
  const Type* text = heap.type(BuiltinType::kStr);
  return left.is_object() && right.is_object() && left.as_object()->type == text && right.as_object()->type == text;
}
const Str* text_of(Value value) { return static_cast<const Str*>(value.as_object()); }

}  // namespace

Result<bool> equal(Heap& heap, Value left, Value right) {
  if (left == right) return true;
  if (left.is_int() && right.is_int()) return false;
  if (are_texts(heap, left, right)) return equal(text_of(left), text_of(right));
  Ref<Value> answer = MINI_TRY(compare(heap, CompareOp::kEqual, left, right));
  return truth(heap, answer);
}

Result<bool> less(Heap& heap, Value left, Value right) {
  if (left.is_int() && right.is_int()) return left.as_int() < right.as_int();
  if (are_texts(heap, left, right)) return compare(text_of(left), text_of(right)) < 0;
  Ref<Value> answer = MINI_TRY(compare(heap, CompareOp::kLess, left, right));
  return truth(heap, answer);
}

Result<Ref<Value>> binary(Heap& heap, BinaryOp op, Value left, Value right) {
  Result<Ref<Value>> answer = left.is_int() && right.is_int()       ? int_binary(heap, op, left, right)
                              : left.is_float() && right.is_float() ? float_binary(heap, op, left, right)
                                                                    : try_binary(heap, op, left, right);
  if (!is_not_implemented(answer)) return answer;
  return raise_unsupported(heap, op, left, right);
}

Result<Ref<Value>> binary_declined(Heap& heap, BinaryOp op, Value left, Value right, bool in_place) {
  Result<Ref<Value>> answer = not_implemented();
  if (heap.type_of(left) != heap.type_of(right)) answer = binary_right(heap, op, left, right);
  if (!is_not_implemented(answer)) return answer;
  return raise_unsupported(heap, op, left, right, in_place);
}

Result<Ref<Value>> compare_declined(Heap& heap, CompareOp op, Value left, Value right) {
  NativeScope scope(heap, " in comparison");
  if (!scope.entered()) return raised;
  Result<Ref<Value>> answer = compare_one_way(heap, swapped(op), right, left);
  if (!is_not_implemented(answer)) return answer;
  if (op == CompareOp::kEqual) return Ref<Value>(left == right);
  if (op == CompareOp::kNotEqual) return Ref<Value>(!(left == right));
  return raise_unordered(heap, op, left, right);
}

Result<Ref<Value>> in_place(Heap& heap, BinaryOp op, Value left, Value right) {
  if (left.is_int() && right.is_int() && op != BinaryOp::kMatrixMultiply) {
    return int_binary(heap, op, left, right);
  }
  Type* type = heap.type_of(left);
  Value method = script_method(heap, type, in_place_name(op));
  Result<Ref<Value>> answer = not_implemented();
  if (!method.is_unbound()) {
    answer = call_special(heap, method, left, &right, 1);
  } else if (type->behaviour.in_place) {
    // A list is changed only after the right side's class was asked: to CPython, that one's method is a number's.
    const Value reflected = script_method(heap, heap.type_of(right), reflected_name(op));
    if (is_sequence(left) && !reflected.is_unbound()) answer = call_special(heap, reflected, right, &left, 1);
    if (is_not_implemented(answer)) answer = type->behaviour.in_place(heap, op, left, right);
  }
  if (!is_not_implemented(answer)) return answer;
  answer = try_binary(heap, op, left, right);
  if (!is_not_implemented(answer)) return answer;
  return raise_unsupported(heap, op, left, right, true);
}

Result<Ref<Value>> unary(Heap& heap, UnaryOp op, Value value) {
  constexpr Name kNames[] = {Name::k__pos__, Name::k__neg__, Name::k__invert__};
  constexpr char kSymbols[] = {'+', '-', '~'};
  Type* type = heap.type_of(value);
  Value method = script_method(heap, type, kNames[static_cast<uint32_t>(op)]);
  if (!method.is_unbound()) return call_special(heap, method, value);
  if (type->behaviour.unary) {
    Result<Ref<Value>> answer = type->behaviour.unary(heap, op, value);
    if (!is_not_implemented(answer)) return answer;
  }
  return heap.raise(BuiltinType::kTypeError, "bad operand type for unary {}: '{}'",
                    kSymbols[static_cast<uint32_t>(op)], type_name(heap, value));
}

Result<Ref<Value>> iterate(Heap& heap, Value iterable) {
  Type* type = heap.type_of(iterable);
  if (Value method = script_method(heap, type, Name::k__iter__); !method.is_unbound()) {
    if (method.is_none()) {
      return heap.raise(BuiltinType::kTypeError, "'{}' object is not iterable", type_name(heap, iterable));
    }
    Ref<Value> iterator = MINI_TRY(call_special(heap, method, iterable));
    if (!is_iterator(heap, iterator)) {
      return heap.raise(BuiltinType::kTypeError, "iter() returned non-iterator of type '{}'",
                        type_name(heap, iterator));
    }
    return iterator;
  }
  if (type->behaviour.iterate) return type->behaviour.iterate(heap, iterable);
  if (type->behaviour.next) return Ref<Value>::share(iterable);
  if (!script_method(heap, type, Name::k__getitem__).is_unbound()) {
    return make_sequence_iterator(heap, BuiltinType::kSequenceIterator, iterable);
  }
  return heap.raise(BuiltinType::kTypeError, "'{}' object is not iterable", type_name(heap, iterable));
}

Result<Ref<Value>> next_of_any(Heap& heap, Value iterator) {
  Type* type = heap.type_of(iterator);
  if (Value method = script_method(heap, type, Name::k__next__); !method.is_unbound()) {
    Result<Ref<Value>> item = call_special(heap, method, iterator);
    if (item.ok() || !heap.pending_is(BuiltinType::kStopIteration)) return item;
    static_cast<void>(heap.take_pending());
    return unboxed(kUnbound);
  }
  if (type->behaviour.next) return type->behaviour.next(heap, iterator);
  return heap.raise(BuiltinType::kTypeError, "'{}' object is not an iterator", type_name(heap, iterator));
}

}  // namespace mini::object
