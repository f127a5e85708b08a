// The operations of builtin types as methods (`list.__len__`, `super().__eq__(other)`), made from
// NativeBehaviour.
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

// A class inherits its base's behaviour untouched: what its own methods override stands in dictionaries only.
// So the behaviour of the first argument is that of the builtin type that the method was found in.
const NativeBehaviour& behaviour_of(Call& call) {
  return call.heap.type_of(call[0])->behaviour;
}

/// The methods of base types, whose behaviour another builtin type has instead.
template <BuiltinType kOwner>
Result<Ref<Value>> own_repr(Call& call) {
  return widen(call.heap.type(kOwner)->behaviour.repr(call.heap, call[0]));
}
Result<Ref<Value>> exception_str(Call& call) {
  return widen(call.heap.type(BuiltinType::kBaseException)->behaviour.str(call.heap, call[0]));
}
template <CompareOp kOp>
Result<Ref<Value>> dict_compare(Call& call) {
  return call.heap.type(BuiltinType::kDict)->behaviour.compare(call.heap, kOp, call[0], call[1]);
}
constexpr struct {
  BuiltinType owner;
  NativeDefinition method;
} kMethodsOfBases[] = {
    {BuiltinType::kInt, {"__repr__(self, /)", own_repr<BuiltinType::kInt>}},
    {BuiltinType::kDict, {"__repr__(self, /)", own_repr<BuiltinType::kDict>}},
    {BuiltinType::kDict, {"__eq__(self, value, /)", dict_compare<CompareOp::kEqual>}},
    {BuiltinType::kDict, {"__ne__(self, value, /)", dict_compare<CompareOp::kNotEqual>}},
    {BuiltinType::kBaseException, {"__str__(self, /)", exception_str}},
};

Result<Ref<Value>> slot_repr(Call& call) {
  return widen(behaviour_of(call).repr(call.heap, call[0]));
}
Result<Ref<Value>> slot_str(Call& call) {
  return widen(behaviour_of(call).str(call.heap, call[0]));
}
Result<Ref<Value>> slot_hash(Call& call) {
  return make_int(call.heap, MINI_TRY(behaviour_of(call).hash(call.heap, call[0])));
}
template <CompareOp kOp>
Result<Ref<Value>> slot_compare(Call& call) {
  return behaviour_of(call).compare(call.heap, kOp, call[0], call[1]);
}
/// What the method answers. Concatenating and repeating are no operations of numbers: their methods do not decline, but raise
/// (CPython 3.13 Objects/typeobject.c, wrap_binaryfunc, wrap_indexargfunc).
Result<Ref<Value>> undeclined(Call& call, BinaryOp op, Result<Ref<Value>> answer) {
  if (!answer.ok() || !(answer->get() == kNotImplemented)) return answer;
  const bool repeats = op == BinaryOp::kMultiply;
  const bool is_repeatable = is_sequence(call[0]) || has_kind(call[0], BuiltinType::kDeque);
  if (!is_repeatable || !(repeats || op == BinaryOp::kAdd)) return answer;
  if (!repeats) return raise_unsupported(call.heap, op, call[0], call[1]);
  static_cast<void>(MINI_TRY(to_index(call.heap, call[1])));  // which says what is wrong with it
  return answer;
}
template <BinaryOp kOp>
Result<Ref<Value>> slot_binary(Call& call) {
  return undeclined(call, kOp, behaviour_of(call).binary(call.heap, kOp, call[0], call[1]));
}
template <BinaryOp kOp>
Result<Ref<Value>> slot_reflected(Call& call) {
  return undeclined(call, kOp, behaviour_of(call).binary(call.heap, kOp, call[1], call[0]));
}
template <BinaryOp kOp>
Result<Ref<Value>> slot_in_place(Call& call) {
  return undeclined(call, kOp, behaviour_of(call).in_place(call.heap, kOp, call[0], call[1]));
}
template <UnaryOp kOp>
Result<Ref<Value>> slot_unary(Call& call) {
  return behaviour_of(call).unary(call.heap, kOp, call[0]);
}
Result<Ref<Value>> slot_bool(Call& call) {
  return Ref<Value>(MINI_TRY(behaviour_of(call).truth(call.heap, call[0])));
}
Result<Ref<Value>> slot_len(Call& call) {
  return make_int(call.heap, MINI_TRY(behaviour_of(call).length(call.heap, call[0])));
}
Result<Ref<Value>> slot_getitem(Call& call) {
  return behaviour_of(call).get_item(call.heap, call[0], call[1]);
}
Result<Ref<Value>> slot_setitem(Call& call) {
  MINI_TRY(behaviour_of(call).set_item(call.heap, call[0], call[1], call[2]));
  return unboxed(kNone);
}
Result<Ref<Value>> slot_delitem(Call& call) {
  MINI_TRY(behaviour_of(call).set_item(call.heap, call[0], call[1], kUnbound));
  return unboxed(kNone);
}
Result<Ref<Value>> slot_contains(Call& call) {
  return Ref<Value>(MINI_TRY(behaviour_of(call).contains(call.heap, call[0], call[1])));
}
Result<Ref<Value>> slot_iter(Call& call) {
  return behaviour_of(call).iterate(call.heap, call[0]);
}
Result<Ref<Value>> slot_next(Call& call) {
  Ref<Value> item = MINI_TRY(behaviour_of(call).next(call.heap, call[0]));
  if (!item.get().is_unbound()) return item;
  Heap& heap = call.heap;
  Ref<Tuple> none = MINI_TRY(make_tuple(heap, 0));
  return heap.raise_object(
      MINI_TRY(make_exception(heap, heap.type(BuiltinType::kStopIteration), std::move(none))));
}

Result<Ref<Value>> slot_iter_itself(Call& call) {
  return Ref<Value>::share(call[0]);
}
/// int and float: both operands are of the method's type, or ints under a float.
Result<Ref<Value>> divided(Heap& heap, Value left, Value right, Value self, Value other) {
  if (!is_any_int(other) && !(is_any_float(self) && is_any_float(other))) return unboxed(kNotImplemented);
  Ref<Value> dividend = MINI_TRY(plain_number(heap, left)), divisor = MINI_TRY(plain_number(heap, right));
  return divide_modulo(heap, dividend, divisor);
}
Result<Ref<Value>> slot_divmod(Call& call) { return divided(call.heap, call[0], call[1], call[0], call[1]); }
Result<Ref<Value>> slot_rdivmod(Call& call) { return divided(call.heap, call[1], call[0], call[0], call[1]); }

/// With a modulus, int alone has an answer.
Result<Ref<Value>> slot_pow(Call& call) {
  if (!call.has(2) || call[2].is_none()) return slot_binary<BinaryOp::kPower>(call);
  Ref<Value> base = MINI_TRY(plain_number(call.heap, call[0]));
  return power(call.heap, base, call[1], call[2]);
}
constexpr NativeDefinition kPow = {"__pow__(self, value, mod=None, /)", slot_pow};

#define MINI_TEXT_(text) #text
#define MINI_TEXT(text) MINI_TEXT_(text)
struct OperatorMethods {
  NativeDefinition plain, reflected, in_place;
};
constexpr OperatorMethods kOperators[] = {
#define OPERATOR(enumerator, symbol, method, reflected_method, in_place_method)               \
  {{MINI_TEXT(method) "(self, value, /)", slot_binary<BinaryOp::k##enumerator>},              \
   {MINI_TEXT(reflected_method) "(self, value, /)", slot_reflected<BinaryOp::k##enumerator>}, \
   {MINI_TEXT(in_place_method) "(self, value, /)", slot_in_place<BinaryOp::k##enumerator>}},
#include "runtime/object/operators.def"
#undef OPERATOR
};
#undef MINI_TEXT
#undef MINI_TEXT_

constexpr NativeDefinition kRepr = {"__repr__(self, /)", slot_repr};
constexpr NativeDefinition kStr = {"__str__(self, /)", slot_str};
constexpr NativeDefinition kHash = {"__hash__(self, /)", slot_hash};
constexpr NativeDefinition kComparisons[] = {
    {"__lt__(self, value, /)", slot_compare<CompareOp::kLess>},
    {"__le__(self, value, /)", slot_compare<CompareOp::kLessEqual>},
    {"__eq__(self, value, /)", slot_compare<CompareOp::kEqual>},
    {"__ne__(self, value, /)", slot_compare<CompareOp::kNotEqual>},
    {"__gt__(self, value, /)", slot_compare<CompareOp::kGreater>},
    {"__ge__(self, value, /)", slot_compare<CompareOp::kGreaterEqual>},
};
constexpr NativeDefinition kUnary[] = {
    {"__pos__(self, /)", slot_unary<UnaryOp::kPositive>},
    {"__neg__(self, /)", slot_unary<UnaryOp::kNegative>},
    {"__invert__(self, /)", slot_unary<UnaryOp::kInvert>},
};
constexpr NativeDefinition kBool = {"__bool__(self, /)", slot_bool};
constexpr NativeDefinition kLen = {"__len__(self, /)", slot_len};
constexpr NativeDefinition kGetItem = {"__getitem__(self, key, /)", slot_getitem};
constexpr NativeDefinition kSetItem[] = {{"__setitem__(self, key, value, /)", slot_setitem},
                                         {"__delitem__(self, key, /)", slot_delitem}};
constexpr NativeDefinition kContains = {"__contains__(self, key, /)", slot_contains};
constexpr NativeDefinition kIter = {"__iter__(self, /)", slot_iter};
constexpr NativeDefinition kIterItself = {"__iter__(self, /)", slot_iter_itself};
constexpr NativeDefinition kNext = {"__next__(self, /)", slot_next};
constexpr NativeDefinition kDivmod[] = {{"__divmod__(self, value, /)", slot_divmod},
                                        {"__rdivmod__(self, value, /)", slot_rdivmod}};

/// Which operators a type has: `binary` itself only answers NotImplemented for the others.
struct TypeOperators {
  BuiltinType type;
  std::initializer_list<BinaryOp> plain, in_place;
  bool reflected = true;
};
using enum BinaryOp;
const TypeOperators kTypeOperators[] = {
    {BuiltinType::kInt,
     {kAdd, kSubtract, kMultiply, kTrueDivide, kFloorDivide, kModulo, kPower, kLeftShift, kRightShift, kAnd,
      kOr, kXor},
     {}},
    {BuiltinType::kBool, {kAnd, kOr, kXor}, {}},
    {BuiltinType::kFloat, {kAdd, kSubtract, kMultiply, kTrueDivide, kFloorDivide, kModulo, kPower}, {}},
    {BuiltinType::kStr, {kAdd, kMultiply, kModulo}, {}, false},
    {BuiltinType::kBytes, {kAdd, kMultiply, kModulo}, {}, false},
    {BuiltinType::kTuple, {kAdd, kMultiply}, {}, false},
    {BuiltinType::kList, {kAdd, kMultiply}, {kAdd, kMultiply}, false},
    {BuiltinType::kDict, {kOr}, {kOr}},
    {BuiltinType::kSet, {kAnd, kOr, kXor, kSubtract}, {kAnd, kOr, kXor, kSubtract}},
    {BuiltinType::kFrozenSet, {kAnd, kOr, kXor, kSubtract}, {}},
    {BuiltinType::kDictKeys, {kAnd, kOr, kXor, kSubtract}, {}},
    {BuiltinType::kDictItems, {kAnd, kOr, kXor, kSubtract}, {}},
};

struct Adder {
  Heap& heap;
  Type* type;

  Result<void> add(const NativeDefinition& definition) {
    Ref<Str> name = MINI_TRY(heap.intern(definition.signature.name));
    if (!get_name(type->attributes, name.get()).is_unbound()) return {};
    return add_methods(heap, type, &definition, 1, MethodDescriptor::kSlotMethod);
  }
  /// What the type does in its own way.
  template <class Function>
  Result<void> add_if_own(Function NativeBehaviour::*field,
                          std::initializer_list<const NativeDefinition*> methods) {
    const NativeBehaviour* inherited = type->base ? &type->base->behaviour : nullptr;
    if (!(type->behaviour.*field) || (inherited && inherited->*field == type->behaviour.*field)) return {};
    for (const NativeDefinition* method : methods) MINI_TRY(add(*method));
    return {};
  }
};

}  // namespace

Result<void> add_slot_methods(Heap& heap, Type* type) {
  Adder adder{heap, type};
  MINI_TRY(adder.add_if_own(&NativeBehaviour::repr, {&kRepr}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::str, {&kStr}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::hash, {&kHash}));
  MINI_TRY(
      adder.add_if_own(&NativeBehaviour::compare, {&kComparisons[0], &kComparisons[1], &kComparisons[2],
                                                   &kComparisons[3], &kComparisons[4], &kComparisons[5]}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::truth, {&kBool}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::length, {&kLen}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::get_item, {&kGetItem}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::set_item, {&kSetItem[0], &kSetItem[1]}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::contains, {&kContains}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::iterate, {&kIter}));
  MINI_TRY(adder.add_if_own(&NativeBehaviour::next, {&kNext}));
  if (!type->behaviour.iterate) MINI_TRY(adder.add_if_own(&NativeBehaviour::next, {&kIterItself}));
  if (type->behaviour.compare && !type->behaviour.hash) {
    MINI_TRY(set_name(heap, type->attributes, heap.name(Name::k__hash__), kNone));
  }
  if (type->construct && (!type->base || type->construct != type->base->construct))
    MINI_TRY(add_new(heap, type));
  return {};
}

Result<void> add_operator_methods(Heap& heap, Type* type, std::initializer_list<BinaryOp> plain,
                                  std::initializer_list<BinaryOp> in_place) {
  Adder adder{heap, type};
  // Only numbers, sets and dicts are added from the right; sequences are multiplied so.
  for (BinaryOp op : plain) {
    MINI_TRY(adder.add(kOperators[static_cast<size_t>(op)].plain));
    if (op != kAdd) MINI_TRY(adder.add(kOperators[static_cast<size_t>(op)].reflected));
  }
  for (BinaryOp op : in_place) MINI_TRY(adder.add(kOperators[static_cast<size_t>(op)].in_place));
  return {};
}

Result<void> define_slot_methods(Heap& heap) {
  for (const auto& [owner, method] : kMethodsOfBases) MINI_TRY(Adder{heap, heap.type(owner)}.add(method));
  for (uint32_t i = 1; i < static_cast<uint32_t>(BuiltinType::kCount); ++i)
    MINI_TRY(add_slot_methods(heap, heap.type(static_cast<BuiltinType>(i))));
  MINI_TRY(add_new(heap, heap.type(BuiltinType::kObject)));
  for (const TypeOperators& row : kTypeOperators) {
    Adder adder{heap, heap.type(row.type)};
    for (BinaryOp op : row.plain) {
      MINI_TRY(adder.add(op == BinaryOp::kPower ? kPow : kOperators[static_cast<size_t>(op)].plain));
      if (row.reflected || op == kMultiply || op == kModulo) {
        MINI_TRY(adder.add(kOperators[static_cast<size_t>(op)].reflected));
      }
    }
    for (BinaryOp op : row.in_place) MINI_TRY(adder.add(kOperators[static_cast<size_t>(op)].in_place));
  }
  for (const NativeDefinition& method : kDivmod)
    for (BuiltinType which : {BuiltinType::kInt, BuiltinType::kFloat}) MINI_TRY(Adder{heap, heap.type(which)}.add(method));
  for (const NativeDefinition& method : kUnary)
    MINI_TRY(Adder{heap, heap.type(BuiltinType::kInt)}.add(method));
  for (int i = 0; i < 2; ++i) MINI_TRY(Adder{heap, heap.type(BuiltinType::kFloat)}.add(kUnary[i]));
  return {};
}

}  // namespace mini::object
