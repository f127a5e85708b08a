// Builtin functions that go through iterables.
#include "interp/modules/builtins.h"
#include "interp/vm/function.h"
#include "interp/vm/generators.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> len(Call& call) { return make_int(call.heap, MINI_TRY(length(call.heap, call[0]))); }

/// all() and any(): whether every item is true, or stops at the first that is `decisive`.
Result<Ref<Value>> search_truth(Call& call, bool decisive) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[0]));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(call.heap, iterator));
    if (item.get().is_unbound()) return Ref<Value>(!decisive);
    if (MINI_TRY(truth(call.heap, item)) == decisive) return Ref<Value>(decisive);
  }
}
Result<Ref<Value>> all(Call& call) { return search_truth(call, false); }
Result<Ref<Value>> any(Call& call) { return search_truth(call, true); }

}  // namespace

bool is_callable(Heap& heap, Value value) {
  if (!value.is_object()) return false;
  switch (static_cast<BuiltinType>(value.as_object()->type->kind)) {
    case BuiltinType::kTypeType:
    case BuiltinType::kFunction:
    case BuiltinType::kBoundMethod:
    case BuiltinType::kNativeFunction:
    case BuiltinType::kMethodDescriptor:
    case BuiltinType::kStaticMethod:
      return true;
    default:
      return !lookup(value.as_object()->type, heap.name(Name::k__call__)).is_unbound();
  }
}

namespace {

Result<Ref<Value>> callable(Call& call) { return Ref<Value>(is_callable(call.heap, call[0])); }

Result<Ref<Value>> iter(Call& call) {
  if (!call.has(1)) return iterate(call.heap, call[0]);
  if (!is_callable(call.heap, call[0]))
    return call.heap.raise_text(BuiltinType::kTypeError, "iter(v, w): v must be callable");
  return make_callable_iterator(call.heap, call[0], call[1]);
}

/// What next(iterator) answers; a script's own StopIteration, with its value, is the answer at the end.
Result<Ref<Value>> advance(Heap& heap, Value iterator) {
  Type* type = heap.type_of(iterator);
  Value method = script_method(heap, type, Name::k__next__);
  if (!method.is_unbound()) return call_special(heap, method, iterator);
  if (!type->behaviour.next)
    return heap.raise(BuiltinType::kTypeError, "'{}' object is not an iterator", type_name(heap, iterator));
  Ref<Value> item = MINI_TRY(next(heap, iterator));
  if (item.get().is_unbound()) return raise_bare(heap, BuiltinType::kStopIteration);
  return item;
}
Result<Ref<Value>> next_(Call& call) {
  if (has_kind(call[0], BuiltinType::kGenerator))
    return vm::advance(call, static_cast<vm::Generator*>(call[0].as_object()), kNone, call.has(1) ? call[1] : kUnbound);
  if (!call.has(1)) return advance(call.heap, call[0]);
  Type* type = call.heap.type_of(call[0]);
  if (type->behaviour.next && script_method(call.heap, type, Name::k__next__).is_unbound()) {
    Ref<Value> item = MINI_TRY(next(call.heap, call[0]));
    return item.get().is_unbound() ? Ref<Value>::share(call[1]) : std::move(item);
  }
  auto item = advance(call.heap, call[0]);
  if (item.ok() || !call.heap.pending_is(BuiltinType::kStopIteration)) return item;
  static_cast<void>(call.heap.take_pending());
  return Ref<Value>::share(call[1]);
}

Result<Ref<Value>> sorted(Call& call) {
  if (call.count != 1)
    return call.heap.raise(BuiltinType::kTypeError, "sorted expected 1 argument, got {}", call.count);
  Ref<List> list = MINI_TRY(list_from(call.heap, call[0]));
  const bool reverse = MINI_TRY(flag_argument(call, call.keywords[1], false));
  MINI_TRY(sort(call.heap, list.get(), call.keywords[0], reverse));
  return list;
}

/// min() and max(): the first item such that no other one compares `better`.
Result<Ref<Value>> extreme(Call& call, CompareOp better, const char* name) {
  Heap& heap = call.heap;
  const Value key = call.keywords[0], otherwise = call.keywords[1];
  if (call.count == 0)
    return heap.raise(BuiltinType::kTypeError, "{} expected at least 1 argument, got 0", name);
  if (call.count > 1 && !otherwise.is_unbound())
    return heap.raise(BuiltinType::kTypeError, "Cannot specify a default for {}() with multiple positional arguments",
                      name);
  Ref<Value> iterator;
  if (call.count == 1) iterator = MINI_TRY(iterate(heap, call[0]));
  const bool has_key = !key.is_unbound() && !key.is_none();
  Ref<Value> best, best_key;
  const auto is_better = [&](Value candidate) -> Result<bool> {
    if (const Value other = best_key; candidate.is_int() && other.is_int())
      return better == CompareOp::kLess ? candidate.as_int() < other.as_int() : candidate.as_int() > other.as_int();
    Ref<Value> answer = MINI_TRY(compare(heap, better, candidate, best_key));
    return truth(heap, answer);
  };
  for (uint32_t i = 0;; ++i) {
    Ref<Value> item;
    if (call.count == 1) {
      item = MINI_TRY(next(heap, iterator));
      if (item.get().is_unbound()) break;
    } else {
      if (i == call.count) break;
      item = Ref<Value>::share(call[i]);
    }
    const Value argument = item;
    Ref<Value> item_key = has_key ? MINI_TRY(object::call(heap, key, &argument, 1)) : item.share();
    if (!best.get().is_unbound() && !MINI_TRY(is_better(item_key))) continue;
    best = std::move(item);
    best_key = std::move(item_key);
  }
  if (!best.get().is_unbound()) return best;
  if (!otherwise.is_unbound()) return Ref<Value>::share(otherwise);
  return heap.raise(BuiltinType::kValueError, "{}() iterable argument is empty", name);
}
Result<Ref<Value>> min(Call& call) { return extreme(call, CompareOp::kLess, "min"); }
Result<Ref<Value>> max(Call& call) { return extreme(call, CompareOp::kGreater, "max"); }

constexpr NativeDefinition kBuiltinsIterationDefinitions[] = {
    {"len(obj, /)", len},
    {"all(iterable, /)", all},
    {"any(iterable, /)", any},
    {"callable(obj, /)", callable},
    {"iter(object, sentinel=0, /)", iter},
    {"next(iterator, default=0, /)", next_},
    {"sorted(*args, key=None, reverse=False)", sorted},
    {"min(*args, key=None, default=None)", min},
    {"max(*args, key=None, default=None)", max},
};

}  // namespace

const std::span<const NativeDefinition> kIterationFunctions = kBuiltinsIterationDefinitions;

}  // namespace mini::modules
