// The module `operator`.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/calls.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

template <BinaryOp kOp>
Result<Ref<Value>> plain(Call& call) {
  return binary(call.heap, kOp, call[0], call[1]);
}
template <BinaryOp kOp>
Result<Ref<Value>> changing(Call& call) {
  return in_place(call.heap, kOp, call[0], call[1]);
}
template <UnaryOp kOp>
Result<Ref<Value>> single(Call& call) {
  return unary(call.heap, kOp, call[0]);
}
template <CompareOp kOp>
Result<Ref<Value>> comparing(Call& call) {
  return compare(call.heap, kOp, call[0], call[1]);
}

Result<Ref<Value>> not_(Call& call) { return Ref<Value>(!MINI_TRY(truth(call.heap, call[0]))); }
Result<Ref<Value>> truth_(Call& call) { return Ref<Value>(MINI_TRY(truth(call.heap, call[0]))); }
Result<Ref<Value>> is_(Call& call) { return Ref<Value>(call[0] == call[1]); }
Result<Ref<Value>> is_not(Call& call) { return Ref<Value>(call[0] != call[1]); }
Result<Ref<Value>> abs_(Call& call) { return absolute(call.heap, call[0]); }
Result<Ref<Value>> index(Call& call) {
  Ref<Value> number = MINI_TRY(to_index(call.heap, call[0]));
  if (number.get().is_bool()) return unboxed(Value::integer(number.get().as_bool()));
  return number;
}

bool is_sequence(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  if (is_subtype(type, heap.type(BuiltinType::kDict))) return false;
  return type->behaviour.get_item || !script_method(heap, type, Name::k__getitem__).is_unbound();
}
template <bool kInPlace>
Result<Ref<Value>> concat(Call& call) {
  for (uint32_t i = 0; i < 2; ++i)
    if (!is_sequence(call.heap, call[i]))
      return call.heap.raise(BuiltinType::kTypeError, "'{}' object can't be concatenated",
                             type_name(call.heap, call[i]));
  return kInPlace ? in_place(call.heap, BinaryOp::kAdd, call[0], call[1])
                  : binary(call.heap, BinaryOp::kAdd, call[0], call[1]);
}
Result<Ref<Value>> contains_(Call& call) { return Ref<Value>(MINI_TRY(contains(call.heap, call[0], call[1]))); }
Result<Ref<Value>> getitem(Call& call) { return get_item(call.heap, call[0], call[1]); }
Result<Ref<Value>> setitem(Call& call) {
  MINI_TRY(set_item(call.heap, call[0], call[1], call[2]));
  return none();
}
Result<Ref<Value>> delitem(Call& call) {
  MINI_TRY(delete_item(call.heap, call[0], call[1]));
  return none();
}
/// Counts the equal items, or stops at the first: then the answer is its index, or -1.
Result<int64_t> count_equal(Call& call, bool stops) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[0]));
  int64_t count = 0;
  for (int64_t i = 0;; ++i) {
    Ref<Value> item = MINI_TRY(next(call.heap, iterator));
    if (item.get().is_unbound()) return stops ? -1 : count;
    if (!MINI_TRY(equal(call.heap, item, call[1]))) continue;
    if (stops) return i;
    ++count;
  }
}
Result<Ref<Value>> count_of(Call& call) { return make_int(call.heap, MINI_TRY(count_equal(call, false))); }
Result<Ref<Value>> index_of_(Call& call) {
  const int64_t at = MINI_TRY(count_equal(call, true));
  if (at < 0) return call.heap.raise_text(BuiltinType::kValueError, "sequence.index(x): x not in sequence");
  return make_int(call.heap, at);
}
Result<Ref<Value>> length_hint_(Call& call) {
  Heap& heap = call.heap;
  if (call.has(1) && !is_any_int(call[1]))
    return heap.raise(BuiltinType::kTypeError, "'{}' object cannot be interpreted as an integer",
                      type_name(heap, call[1]));
  const int64_t otherwise = call.has(1) ? MINI_TRY(to_int64(heap, call[1])) : 0;
  return make_int(heap, MINI_TRY(length_hint(heap, call[0], otherwise)));
}
Result<Ref<Value>> call_(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  Ref<Tuple> arguments = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  Ref<Dict> keywords = MINI_TRY(make_dict(call.heap));
  if (!call.keywords[0].is_unbound()) MINI_TRY(update(call.heap, keywords.get(), call.keywords[0]));
  return call_unpacked_then(call, 1, call[0], std::move(arguments), std::move(keywords));
}

// itemgetter, attrgetter, methodcaller --------------------------------------------------------------------------------

/// What one of the three remembers: the items or names; of a methodcaller, the name before its arguments.
struct Getter : Tracked {
  Tuple* items;
  Dict* keywords;  ///< a methodcaller's; else null
};
Getter* getter_of(Value value) { return static_cast<Getter*>(value.as_object()); }

Result<Ref<Value>> make_getter(Call& call, const char* at_least) {
  if (call.count < 2) return call.heap.raise_text(BuiltinType::kTypeError, at_least);
  Ref<Tuple> items = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  Ref<Getter> made = MINI_TRY(call.heap.create<Getter>(self_of<Type>(call)));
  made->items = items.release();
  return made;
}
Result<Ref<Value>> make_itemgetter(Call& call) { return make_getter(call, "itemgetter expected 1 argument, got 0"); }
Result<Ref<Value>> make_attrgetter(Call& call) {
  for (uint32_t i = 1; i < call.count; ++i)
    if (!as_str(call.heap, call[i]))
      return call.heap.raise_text(BuiltinType::kTypeError, "attribute name must be a string");
  return make_getter(call, "attrgetter expected 1 argument, got 0");
}
Result<Ref<Value>> make_methodcaller(Call& call) {
  if (call.count > 1 && !as_str(call.heap, call[1]))
    return call.heap.raise_text(BuiltinType::kTypeError, "method name must be a string");
  Ref<Value> made =
      MINI_TRY(make_getter(call, "methodcaller needs at least one argument, the method name"));
  if (!call.keywords[0].is_unbound()) {
    Ref<Dict> keywords = MINI_TRY(make_dict(call.heap));
    MINI_TRY(update(call.heap, keywords.get(), call.keywords[0]));
    getter_of(made)->keywords = keywords.release();
  }
  return made;
}

/// An attribute by a name with dots.
Result<Ref<Value>> get_dotted(Heap& heap, Value object, Value name) {
  const std::string path = to_utf8(as_str(heap, name));
  Ref<Value> value = Ref<Value>::share(object);
  for (size_t start = 0, dot; start != std::string::npos; start = dot == std::string::npos ? dot : dot + 1) {
    dot = path.find('.', start);
    Ref<Str> part = MINI_TRY(heap.intern(std::string_view(path).substr(start, dot - start)));
    value = MINI_TRY(get_attribute(heap, value, part.get()));
  }
  return value;
}
template <Result<Ref<Value>> (*kGet)(Heap&, Value, Value)>
Result<Ref<Value>> getter_call(Call& call) {
  Tuple* items = getter_of(call[0])->items;
  if (items->length == 1) return kGet(call.heap, call[1], items->items()[0]);
  Ref<Tuple> result = MINI_TRY(make_tuple(call.heap, items->length));
  for (uint64_t i = 0; i < items->length; ++i)
    result->items()[i] = MINI_TRY(kGet(call.heap, call[1], items->items()[i])).release();
  return result;
}
Result<Ref<Value>> methodcaller_call(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  Getter* caller = getter_of(call[0]);
  Ref<Str> name = MINI_TRY(call.heap.intern(Ref<Str>::share(as_str(call.heap, caller->items->items()[0]))));
  Ref<Value> method = MINI_TRY(get_attribute(call.heap, call[1], name.get()));
  Ref<Tuple> arguments = MINI_TRY(make_tuple(call.heap, caller->items->items() + 1, caller->items->length - 1));
  Ref<Dict> keywords = MINI_TRY(make_dict(call.heap));
  if (caller->keywords) MINI_TRY(update(call.heap, keywords.get(), caller->keywords));
  return call_unpacked_then(call, 1, method, std::move(arguments), std::move(keywords));
}

Result<Ref<Str>> getter_repr(Heap& heap, Value self) {
  Getter* getter = getter_of(self);
  ReprScope scope(heap, getter);
  std::string out;
  for (uint64_t i = 0; i < getter->items->length && !scope.repeated(); ++i)
    out += (i ? ", " : "") + to_utf8(MINI_TRY(repr(heap, getter->items->items()[i])).get());
  for (uint32_t i = 0; getter->keywords && i < getter->keywords->used; ++i) {
    out += ", " + to_utf8(MINI_TRY(str(heap, getter->keywords->entries[i].key)).get()) + "=";
    out += to_utf8(MINI_TRY(repr(heap, getter->keywords->entries[i].value)).get());
  }
  if (scope.repeated()) out = "...";
  return make_str(heap, fmt::format("{}({})", type_name(heap, self), out));
}
void visit_getter(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Getter*>(object)->items);
  visitor.reference(static_cast<Getter*>(object)->keywords);
}
void drop_getter(Heap&, Object* object) {
  auto* getter = static_cast<Getter*>(object);
  if (Tuple* items = std::exchange(getter->items, nullptr)) decref(items);
  if (Dict* keywords = std::exchange(getter->keywords, nullptr)) decref(keywords);
}

constexpr NativeDefinition kMakeItemGetter{"itemgetter.__new__(type, *args)", make_itemgetter};
constexpr NativeDefinition kMakeAttrGetter{"attrgetter.__new__(type, *args)", make_attrgetter};
constexpr NativeDefinition kMakeMethodCaller{"methodcaller.__new__(type, *args, **kwargs)", make_methodcaller};
constexpr NativeDefinition kItemCall[] = {{"itemgetter.__call__(self, obj, /)", getter_call<get_item>}};
constexpr NativeDefinition kAttrCall[] = {{"attrgetter.__call__(self, obj, /)", getter_call<get_dotted>}};
constexpr NativeDefinition kMethodCall[] = {{"methodcaller.__call__(self, obj, /)", methodcaller_call}};

using enum BinaryOp;
constexpr NativeDefinition kOperatorFunctions[] = {
    {"operator.lt(a, b, /)", comparing<CompareOp::kLess>},
    {"operator.le(a, b, /)", comparing<CompareOp::kLessEqual>},
    {"operator.eq(a, b, /)", comparing<CompareOp::kEqual>},
    {"operator.ne(a, b, /)", comparing<CompareOp::kNotEqual>},
    {"operator.ge(a, b, /)", comparing<CompareOp::kGreaterEqual>},
    {"operator.gt(a, b, /)", comparing<CompareOp::kGreater>},
    {"operator.not_(a, /)", not_},
    {"operator.abs(a, /)", abs_},
    {"operator.add(a, b, /)", plain<kAdd>},
    {"operator.and_(a, b, /)", plain<kAnd>},
    {"operator.floordiv(a, b, /)", plain<kFloorDivide>},
    {"operator.index(a, /)", index},
    {"operator.inv(a, /)", single<UnaryOp::kInvert>},
    {"operator.invert(a, /)", single<UnaryOp::kInvert>},
    {"operator.lshift(a, b, /)", plain<kLeftShift>},
    {"operator.mod(a, b, /)", plain<kModulo>},
    {"operator.mul(a, b, /)", plain<kMultiply>},
    {"operator.matmul(a, b, /)", plain<kMatrixMultiply>},
    {"operator.neg(a, /)", single<UnaryOp::kNegative>},
    {"operator.or_(a, b, /)", plain<kOr>},
    {"operator.pos(a, /)", single<UnaryOp::kPositive>},
    {"operator.pow(a, b, /)", plain<kPower>},
    {"operator.rshift(a, b, /)", plain<kRightShift>},
    {"operator.sub(a, b, /)", plain<kSubtract>},
    {"operator.truediv(a, b, /)", plain<kTrueDivide>},
    {"operator.xor(a, b, /)", plain<kXor>},
    {"operator.concat(a, b, /)", concat<false>},
    {"operator.contains(a, b, /)", contains_},
    {"operator.delitem(a, b, /)", delitem},
    {"operator.getitem(a, b, /)", getitem},
    {"operator.iadd(a, b, /)", changing<kAdd>},
    {"operator.iand(a, b, /)", changing<kAnd>},
    {"operator.iconcat(a, b, /)", concat<true>},
    {"operator.ifloordiv(a, b, /)", changing<kFloorDivide>},
    {"operator.ilshift(a, b, /)", changing<kLeftShift>},
    {"operator.imod(a, b, /)", changing<kModulo>},
    {"operator.imul(a, b, /)", changing<kMultiply>},
    {"operator.imatmul(a, b, /)", changing<kMatrixMultiply>},
    {"operator.ior(a, b, /)", changing<kOr>},
    {"operator.ipow(a, b, /)", changing<kPower>},
    {"operator.irshift(a, b, /)", changing<kRightShift>},
    {"operator.isub(a, b, /)", changing<kSubtract>},
    {"operator.itruediv(a, b, /)", changing<kTrueDivide>},
    {"operator.ixor(a, b, /)", changing<kXor>},
    {"operator.setitem(a, b, c, /)", setitem},
};
/// These have no dunder name beside.
constexpr NativeDefinition kPlainFunctions[] = {
    {"operator.truth(a, /)", truth_},
    {"operator.is_(a, b, /)", is_},
    {"operator.is_not(a, b, /)", is_not},
    {"operator.countOf(a, b, /)", count_of},
    {"operator.indexOf(a, b, /)", index_of_},
    {"operator.length_hint(obj, default=0, /)", length_hint_},
    {"operator.call(obj, /, *args, **kwargs)", call_},
};

}  // namespace

Result<void> fill_operator(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  // Functions say that they are _operator's, as in CPython, where this module is written in Python.
  Ref<Str> own_name = Ref<Str>::share(module->name);
  Ref<Str> name = MINI_TRY(heap.intern("_operator"));
  module->name = name.get();
  const bool added =
      add_functions(machine, module, kOperatorFunctions).ok() && add_functions(machine, module, kPlainFunctions).ok();
  module->name = own_name.get();
  if (!added) return raised;
  for (const NativeDefinition& definition : kOperatorFunctions) {
    std::string_view plain_name = definition.signature.name.substr(9);
    if (plain_name.ends_with('_')) plain_name.remove_suffix(1);
    Ref<Str> key = MINI_TRY(heap.intern(definition.signature.name.substr(9)));
    Ref<Str> dunder = MINI_TRY(heap.intern(fmt::format("__{}__", plain_name)));
    MINI_TRY(set_name(heap, module->dict, dunder.get(), get_name(module->dict, key.get())));
  }
  struct Row {
    BuiltinType type;
    const NativeDefinition* construct;
    std::span<const NativeDefinition> methods;
  };
  for (const Row& row : {Row{BuiltinType::kItemGetter, &kMakeItemGetter, kItemCall},
                         Row{BuiltinType::kAttributeGetter, &kMakeAttrGetter, kAttrCall},
                         Row{BuiltinType::kMethodCaller, &kMakeMethodCaller, kMethodCall}}) {
    MINI_TRY(define_type(heap, row.type,
                         {.instance_size = sizeof(Getter),
                          .tracked = true,
                          .subclassable = false,
                          .behaviour = {.visit = visit_getter, .drop = drop_getter, .repr = getter_repr},
                          .construct = row.construct,
                          .methods = row.methods}));
    MINI_TRY(set_name(heap, module->dict, heap.type(row.type)->name, heap.type(row.type)));
  }
  return {};
}

}  // namespace mini::modules
