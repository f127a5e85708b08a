// The module `_functools`: reduce, partial, and what lru_cache makes of a function.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

struct Partial : Tracked {
  Value function;
  Tuple* arguments;
  Dict* keywords;
  Attributes attributes;
};
Partial* partial_of(Value value) { return static_cast<Partial*>(value.as_object()); }
bool is_plain_partial(Heap& heap, Value value) { return heap.type_of(value) == heap.type(BuiltinType::kPartial); }

/// `first` with the items of a call's `*args` from `from` on behind it.
Result<Ref<Tuple>> joined(Call& call, Tuple* first, uint32_t from) {
  const uint64_t before = first ? first->length : 0;
  Ref<Tuple> all = MINI_TRY(make_tuple(call.heap, before + call.count - from));
  for (uint64_t i = 0; i < all->length; ++i)
    all->items()[i] = Ref<Value>::share(i < before ? first->items()[i] : call[static_cast<uint32_t>(i - before) + from])
                          .release();
  return all;
}
Result<Ref<Dict>> joined_keywords(Call& call, Dict* first) {
  Ref<Dict> all = MINI_TRY(make_dict(call.heap));
  if (first) MINI_TRY(update(call.heap, all.get(), first));
  if (!call.keywords[0].is_unbound()) MINI_TRY(update(call.heap, all.get(), call.keywords[0]));
  return all;
}

Result<Ref<Value>> make_partial(Call& call) {
  Heap& heap = call.heap;
  if (call.count < 2)
    return heap.raise_text(BuiltinType::kTypeError, "type 'partial' takes at least one argument");
  if (!is_callable(heap, call[1]))
    return heap.raise_text(BuiltinType::kTypeError, "the first argument must be callable");
  // A partial of a partial is one with the arguments of both.
  Partial* inner = is_plain_partial(heap, call[1]) ? partial_of(call[1]) : nullptr;
  Ref<Tuple> arguments = MINI_TRY(joined(call, inner ? inner->arguments : nullptr, 2));
  Ref<Dict> keywords = MINI_TRY(joined_keywords(call, inner ? inner->keywords : nullptr));
  Ref<Partial> made = MINI_TRY(heap.create<Partial>(self_of<Type>(call)));
  made->function = Ref<Value>::share(inner ? inner->function : call[1]).release();
  made->arguments = arguments.release();
  made->keywords = keywords.release();
  return made;
}
Result<Ref<Value>> partial_call(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  Partial* partial = partial_of(call[0]);
  Ref<Tuple> arguments = MINI_TRY(joined(call, partial->arguments, 1));
  Ref<Dict> keywords = MINI_TRY(joined_keywords(call, partial->keywords));
  return call_unpacked_then(call, 1, partial->function, std::move(arguments), std::move(keywords));
}
Result<Ref<Str>> partial_repr(Heap& heap, Value self) {
  Partial* partial = partial_of(self);
  ReprScope scope(heap, partial);
  if (scope.repeated()) return make_str(heap, "...");
  std::string out = to_utf8(MINI_TRY(repr(heap, partial->function)).get());
  for (uint64_t i = 0; i < partial->arguments->length; ++i)
    out += ", " + to_utf8(MINI_TRY(repr(heap, partial->arguments->items()[i])).get());
  for (uint32_t i = 0; i < partial->keywords->used; ++i) {
    const DictEntry entry = partial->keywords->entries[i];
    if (entry.key.is_unbound()) continue;
    out += ", " + to_utf8(MINI_TRY(str(heap, entry.key)).get()) + "=";
    out += to_utf8(MINI_TRY(repr(heap, entry.value)).get());
  }
  return make_str(heap, fmt::format("{}({})", type_name(heap, self), out));
}
void visit_partial(Object* object, Visitor& visitor) {
  auto* partial = static_cast<Partial*>(object);
  visitor.reference(partial->function);
  visitor.reference(partial->arguments);
  visitor.reference(partial->keywords);
  visit_attributes(&partial->attributes, visitor);
}
void drop_partial(Heap& heap, Object* object) {
  auto* partial = static_cast<Partial*>(object);
  decref(std::exchange(partial->function, kUnbound));
  if (Tuple* arguments = std::exchange(partial->arguments, nullptr)) decref(arguments);
  if (Dict* keywords = std::exchange(partial->keywords, nullptr)) decref(keywords);
  drop_attributes(heap, partial);
}

// _lru_cache_wrapper --------------------------------------------------------------------------------------------------

/// The functions of the prelude that keep the results and tell of them.
struct CachedFunction : Tracked {
  Value function, info, clear;
  Attributes attributes;
};
CachedFunction* cached_of(Value value) { return static_cast<CachedFunction*>(value.as_object()); }

Result<Ref<Value>> make_cached(Call& call) {
  Ref<CachedFunction> made = MINI_TRY(call.heap.create<CachedFunction>(self_of<Type>(call)));
  made->function = Ref<Value>::share(call[1]).release();
  made->info = Ref<Value>::share(call[2]).release();
  made->clear = Ref<Value>::share(call[3]).release();
  return made;
}
Result<Ref<Value>> cached_call(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  Ref<Tuple> arguments = MINI_TRY(joined(call, nullptr, 1));
  Ref<Dict> keywords = MINI_TRY(joined_keywords(call, nullptr));
  return call_unpacked_then(call, 1, cached_of(call[0])->function, std::move(arguments), std::move(keywords));
}
template <Value CachedFunction::* kFunction>
Result<Ref<Value>> call_own(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  return call_then(call, 1, cached_of(call[0])->*kFunction, {});
}
Result<Ref<Value>> cached_get(Call& call) {
  if (call[1].is_none()) return Ref<Value>::share(call[0]);
  return widen(object::make_bound_method(call.heap, call[0], call[1]));
}
Result<Ref<Value>> cached_reduce(Call& call) {
  return get_attribute(call.heap, call[0], call.heap.name(Name::k__qualname__));
}
Result<Ref<Value>> cached_itself(Call& call) { return Ref<Value>::share(call[0]); }

void visit_cached(Object* object, Visitor& visitor) {
  auto* cached = static_cast<CachedFunction*>(object);
  for (Value function : {cached->function, cached->info, cached->clear}) visitor.reference(function);
  visit_attributes(&cached->attributes, visitor);
}
void drop_cached(Heap& heap, Object* object) {
  auto* cached = static_cast<CachedFunction*>(object);
  for (Value* function : {&cached->function, &cached->info, &cached->clear}) decref(std::exchange(*function, kUnbound));
  drop_attributes(heap, cached);
}

constexpr NativeDefinition kMakeCached{"_lru_cache_wrapper.__new__(type, function, info, clear, /)", make_cached};
constexpr NativeDefinition kCachedMethods[] = {
    {"_lru_cache_wrapper.__call__(self, *args, **kwargs)", cached_call},
    {"_lru_cache_wrapper.__get__(self, instance, owner=None, /)", cached_get},
    {"_lru_cache_wrapper.cache_info(self, /)", call_own<&CachedFunction::info>},
    {"_lru_cache_wrapper.cache_clear(self, /)", call_own<&CachedFunction::clear>},
    {"_lru_cache_wrapper.__reduce__(self, /)", cached_reduce},
    {"_lru_cache_wrapper.__copy__(self, /)", cached_itself},
    {"_lru_cache_wrapper.__deepcopy__(self, memo, /)", cached_itself},
};

Result<void> define_cached(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kCachedFunction,
                       {.instance_size = sizeof(CachedFunction),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_cached, .drop = drop_cached},
                        .construct = &kMakeCached,
                        .methods = kCachedMethods}));
  Type* type = heap.type(BuiltinType::kCachedFunction);
  type->attributes_offset = sizeof(CachedFunction) - sizeof(Attributes);  // the last field
  return add_slot_methods(heap, type);
}

// reduce --------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> reduce(Call& call) {
  Heap& heap = call.heap;
  auto iterator_of = iterate(heap, call[1]);
  if (!iterator_of.ok()) {
    if (!heap.pending_is(BuiltinType::kTypeError)) return raised;
    return heap.raise_text(BuiltinType::kTypeError, "reduce() arg 2 must support iteration");
  }
  Ref<Value> iterator = iterator_of.take();
  Ref<Value> result = Ref<Value>::share(call[2]);
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) break;
    if (result.get().is_unbound()) {
      result = std::move(item);
      continue;
    }
    const Value operands[] = {result, item};
    result = MINI_TRY(object::call(heap, call[0], operands, 2));
  }
  if (result.get().is_unbound())
    return heap.raise_text(BuiltinType::kTypeError, "reduce() of empty iterable with no initial value");
  return result;
}

constexpr NativeDefinition kFunctoolsFunctions[] = {{"_functools.reduce(function, iterable, initial=0, /)", reduce}};
constexpr NativeDefinition kMakePartial{"partial.__new__(type, *args, **kwargs)", make_partial};
constexpr NativeDefinition kFunctoolsMethods[] = {{"partial.__call__(self, *args, **kwargs)", partial_call}};

}  // namespace

Result<void> fill_functools(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  Type* type = heap.type(BuiltinType::kPartial);
  MINI_TRY(define_type(heap, BuiltinType::kPartial,
                       {.instance_size = sizeof(Partial),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_partial, .drop = drop_partial, .repr = partial_repr},
                        .construct = &kMakePartial,
                        .methods = kFunctoolsMethods}));
  type->attributes_offset = sizeof(Partial) - sizeof(Attributes);  // the last field
  MINI_TRY(add_slot_methods(heap, type));
  MINI_TRY(add_getset(heap, type, "func", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>::share(partial_of(self)->function);
  }, object::refuse_to_set));
  MINI_TRY(add_getset(heap, type, "args", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>(Ref<Tuple>::share(partial_of(self)->arguments));
  }, object::refuse_to_set));
  MINI_TRY(add_getset(heap, type, "keywords", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>(Ref<Dict>::share(partial_of(self)->keywords));
  }, object::refuse_to_set));
  MINI_TRY(add_type(machine, module, "partial", BuiltinType::kPartial));
  MINI_TRY(define_cached(heap));
  MINI_TRY(add_type(machine, module, "_lru_cache_wrapper", BuiltinType::kCachedFunction));
  return add_functions(machine, module, kFunctoolsFunctions);
}

}  // namespace mini::modules
