// The module `itertools`: what its kinds share, and the iterators that go through one iterable.
//
// In C++, though mini could express them, because `next()` of one is a single step for all threads, as in CPython.
#include "interp/modules/itertools.h"

#include "interp/modules/modules.h"

namespace mini::modules {
namespace {

void visit_itertool(Object* object, Visitor& visitor) {
  auto* tool = static_cast<Itertool*>(object);
  for (Value place : tool->place) visitor.reference(place);
  for (int64_t number : tool->number) visitor.scalar(static_cast<uint64_t>(number));
}
void drop_itertool(Heap&, Object* object) {
  for (Value& place : static_cast<Itertool*>(object)->place) decref(std::exchange(place, kUnbound));
}

constexpr NativeDefinition kSlots[] = {MINI_ITERATOR_SLOTS("itertool")};

/// An iterator that holds a function (None where there is none) and the iterator of its source.
Result<Ref<Value>> make_with_function(Call& call, Value function, Value iterable) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, iterable));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = iterator.release();
  made->place[1] = Ref<Value>::share(function).release();
  return made;
}
Result<Ref<Value>> make_function_first(Call& call) { return make_with_function(call, call[1], call[2]); }

// count: the next number, the step -----------------------------------------------------------------------------------

Result<Ref<Value>> make_count(Call& call) {
  Ref<Value> start = call.has(1) ? Ref<Value>::share(call[1]) : Ref<Value>::adopt(Value::integer(0));
  Ref<Value> step = call.has(2) ? Ref<Value>::share(call[2]) : Ref<Value>::adopt(Value::integer(1));
  for (Value number : {start.get(), step.get()})
    if (!is_any_int(number) && !is_any_float(number))
      return call.heap.raise_text(BuiltinType::kTypeError, "a number is required");
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = start.release();
  made->place[1] = step.release();
  return made;
}
Result<Ref<Value>> count_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  Ref<Value> following = MINI_TRY(binary(heap, BinaryOp::kAdd, tool->place[0], tool->place[1]));
  return Ref<Value>::adopt(std::exchange(tool->place[0], following.release()));
}
Result<Ref<Str>> count_repr(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  Ref<Str> start = MINI_TRY(repr(heap, tool->place[0]));
  if (tool->place[1] == Value::integer(1)) return make_str(heap, fmt::format("count({})", to_utf8(start.get())));
  Ref<Str> step = MINI_TRY(repr(heap, tool->place[1]));
  return make_str(heap, fmt::format("count({}, {})", to_utf8(start.get()), to_utf8(step.get())));
}

// cycle: the iterator (unbound after its end), the list of its items; the position ----------------------------------

Result<Ref<Value>> make_cycle(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  Ref<List> saved = MINI_TRY(make_list(call.heap));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = iterator.release();
  made->place[1] = Value(saved.release());
  return made;
}
Result<Ref<Value>> cycle_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (!tool->place[0].is_unbound()) {
    Ref<Value> iterator = Ref<Value>::share(tool->place[0]);
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    auto* saved = static_cast<List*>(tool->place[1].as_object());
    if (!item.get().is_unbound()) {
      MINI_TRY(append(heap, saved, item.share()));
      return item;
    }
    put(tool, 0, at_end());
  }
  auto* saved = static_cast<List*>(tool->place[1].as_object());
  if (saved->length == 0) return at_end();
  const auto position = static_cast<uint64_t>(tool->number[0]);
  tool->number[0] = static_cast<int64_t>((position + 1) % saved->length);
  return Ref<Value>::share(saved->items[position]);
}

// repeat: the object; how often still, -1: for ever -------------------------------------------------------------------

Result<Ref<Value>> make_repeat(Call& call) {
  const int64_t times = call.has(2) ? std::max<int64_t>(0, MINI_TRY(to_int64(call.heap, call[2]))) : -1;
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = Ref<Value>::share(call[1]).release();
  made->number[0] = times;
  return made;
}
Result<Ref<Value>> repeat_next(Heap&, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0] == 0) return at_end();
  if (tool->number[0] > 0) --tool->number[0];
  return Ref<Value>::share(tool->place[0]);
}
Result<Ref<Str>> repeat_repr(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  Ref<Str> item = MINI_TRY(repr(heap, tool->place[0]));
  if (tool->number[0] < 0) return make_str(heap, fmt::format("repeat({})", to_utf8(item.get())));
  return make_str(heap, fmt::format("repeat({}, {})", to_utf8(item.get()), tool->number[0]));
}

// accumulate: the iterator, the function or None, the total so far, the initial value -------------------------------

Result<Ref<Value>> make_accumulate(Call& call) {
  Ref<Value> made = MINI_TRY(make_with_function(call, call.has(2) ? call[2] : kNone, call[1]));
  if (call.has(3) && !call[3].is_none()) as_itertool(made)->place[3] = Ref<Value>::share(call[3]).release();
  return made;
}
Result<Ref<Value>> accumulate_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (!tool->place[3].is_unbound()) {
    Ref<Value> initial = Ref<Value>::adopt(std::exchange(tool->place[3], kUnbound));
    put(tool, 2, initial.share());
    return initial;
  }
  Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
  if (item.get().is_unbound()) return item;
  if (tool->place[2].is_unbound()) {
    put(tool, 2, item.share());
    return item;
  }
  Ref<Value> total = Ref<Value>::share(tool->place[2]);
  const Value operands[] = {total, item};
  Ref<Value> sum = tool->place[1].is_none() ? MINI_TRY(binary(heap, BinaryOp::kAdd, total, item))
                                            : MINI_TRY(object::call(heap, tool->place[1], operands, 2));
  put(tool, 2, sum.share());
  return sum;
}

// chain: the iterator over iterables, the one that is under way -------------------------------------------------------

Result<Ref<Value>> make_chain_of(Heap& heap, Type* type, Value iterables) {
  Ref<Value> iterator = MINI_TRY(iterate(heap, iterables));
  Ref<Itertool> made = MINI_TRY(make_itertool(heap, type));
  made->place[0] = iterator.release();
  return made;
}
Result<Ref<Value>> make_chain(Call& call) {
  Ref<Tuple> iterables = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  return make_chain_of(call.heap, self_of<Type>(call), iterables);
}
Result<Ref<Value>> chain_from_iterable(Call& call) { return make_chain_of(call.heap, self_of<Type>(call), call[1]); }
Result<Ref<Value>> chain_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  while (!tool->place[0].is_unbound()) {
    if (tool->place[1].is_unbound()) {
      Ref<Value> outer = Ref<Value>::share(tool->place[0]);
      auto iterable = next(heap, outer);
      if (!iterable.ok() || iterable->get().is_unbound()) {
        put(tool, 0, at_end());
        return iterable;
      }
      auto inner = iterate(heap, *iterable);
      if (!inner.ok()) {
        put(tool, 0, at_end());
        return raised;
      }
      put(tool, 1, inner.take());
    }
    Ref<Value> inner = Ref<Value>::share(tool->place[1]);
    Ref<Value> item = MINI_TRY(next(heap, inner));
    if (!item.get().is_unbound()) return item;
    put(tool, 1, at_end());
  }
  return at_end();
}

// dropwhile, takewhile, filterfalse, starmap: the iterator, the function; whether the state has changed ------------

/// What the function says about an item; without one (None, bool), its truth.
Result<bool> test(Heap& heap, Value function, Value item) {
  if (function.is_none() || function == Value(heap.type(BuiltinType::kBool))) return truth(heap, item);
  Ref<Value> answer = MINI_TRY(object::call(heap, function, &item, 1));
  return truth(heap, answer);
}
Result<Ref<Value>> dropwhile_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
    if (item.get().is_unbound() || tool->number[0]) return item;
    const Value argument = item;
    Ref<Value> answer = MINI_TRY(object::call(heap, tool->place[1], &argument, 1));
    if (MINI_TRY(truth(heap, answer))) continue;
    tool->number[0] = 1;
    return item;
  }
}
Result<Ref<Value>> takewhile_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0]) return at_end();
  Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
  if (item.get().is_unbound()) return item;
  const Value argument = item;
  Ref<Value> answer = MINI_TRY(object::call(heap, tool->place[1], &argument, 1));
  if (MINI_TRY(truth(heap, answer))) return item;
  tool->number[0] = 1;
  return at_end();
}
Result<Ref<Value>> filterfalse_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
    if (item.get().is_unbound() || !MINI_TRY(test(heap, tool->place[1], item))) return item;
  }
}
Result<Ref<Value>> starmap_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
  if (item.get().is_unbound()) return item;
  Ref<Tuple> arguments = MINI_TRY(tuple_from(heap, item));
  return object::call(heap, tool->place[1], arguments->items(), static_cast<uint32_t>(arguments->length));
}

// islice: the iterator; the position, the next index to give, the end (-1: none); the step stands in place 1 -------

Raised raise_islice(Heap& heap, const char* what) {
  return heap.raise(BuiltinType::kValueError,
                    "{} for islice() must be None or an integer: 0 <= x <= sys.maxsize.", what);
}
Result<int64_t> islice_bound(Heap& heap, Value value, int64_t otherwise, const char* what) {
  if (value.is_none() || value.is_unbound()) return otherwise;
  auto bound = to_int64(heap, value);
  if (!bound.ok()) static_cast<void>(heap.take_pending());
  if (!bound.ok() || *bound < 0) return raise_islice(heap, what);
  return *bound;
}
Result<Ref<Value>> make_islice(Call& call) {
  Heap& heap = call.heap;
  if (call.count < 3 || call.count > 5)
    return heap.raise(BuiltinType::kTypeError, "islice expected at {} arguments, got {}",
                      call.count < 3 ? "least 2" : "most 4", call.count - 1);
  const bool only_stop = call.count == 3;
  const int64_t stop = MINI_TRY(islice_bound(heap, call[only_stop ? 2 : 3], -1, "Stop argument"));
  const int64_t start = only_stop ? 0 : MINI_TRY(islice_bound(heap, call[2], 0, "Indices"));
  int64_t step = 1;
  if (call.count == 5 && !call[4].is_none()) {
    auto given = to_int64(heap, call[4]);
    if (!given.ok()) static_cast<void>(heap.take_pending());
    if (!given.ok() || *given < 1)
      return heap.raise_text(BuiltinType::kValueError, "Step for islice() must be a positive integer or None.");
    step = *given;
  }
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[1]));
  Ref<Value> step_value = MINI_TRY(make_int(heap, step));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = iterator.release();
  made->place[1] = step_value.release();
  made->number[1] = start;
  made->number[2] = stop;
  return made;
}
Result<Ref<Value>> islice_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->place[0].is_unbound()) return at_end();
  Ref<Value> iterator = Ref<Value>::share(tool->place[0]);
  int64_t &position = tool->number[0], &index = tool->number[1], &stop = tool->number[2];
  Ref<Value> item = at_end();
  auto step_to = [&](int64_t wanted) -> Result<void> {
    while (position < wanted) {
      item = MINI_TRY(next(heap, iterator));
      if (item.get().is_unbound()) break;
      ++position;
    }
    return {};
  };
  const bool over = stop >= 0 && index >= stop;
  MINI_TRY(step_to(over ? stop : index + 1));
  if (over || item.get().is_unbound()) {
    put(tool, 0, at_end());
    return at_end();
  }
  const int64_t step = MINI_TRY(to_int64(heap, tool->place[1]));
  index = index > INT64_MAX - step ? INT64_MAX : index + step;
  if (stop >= 0 && index > stop) index = stop;
  return item;
}

// pairwise: the iterator, the item before -----------------------------------------------------------------------------

Result<Ref<Value>> make_over_one(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = iterator.release();
  return made;
}
Result<Ref<Value>> pairwise_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->place[0].is_unbound()) return at_end();
  Ref<Value> iterator = Ref<Value>::share(tool->place[0]);
  if (tool->place[1].is_unbound()) {
    Ref<Value> first = MINI_TRY(next(heap, iterator));
    put(tool, 1, std::move(first));
  }
  Ref<Value> item = at_end();
  if (!tool->place[1].is_unbound()) item = MINI_TRY(next(heap, iterator));
  if (item.get().is_unbound()) {
    put(tool, 0, at_end());
    put(tool, 1, at_end());
    return item;
  }
  const Value pair[] = {tool->place[1], item};
  Ref<Tuple> made = MINI_TRY(make_tuple(heap, pair, 2));
  put(tool, 1, std::move(item));
  return made;
}

// batched: the iterator; the size, whether all must have it -----------------------------------------------------------

Result<Ref<Value>> make_batched(Call& call) {
  const int64_t size = MINI_TRY(to_int64(call.heap, call[2]));
  if (size < 1) return call.heap.raise_text(BuiltinType::kValueError, "n must be at least one");
  const bool strict = MINI_TRY(flag_argument(call, call[3], false));
  Ref<Value> made = MINI_TRY(make_over_one(call));
  as_itertool(made)->number[0] = size;
  as_itertool(made)->number[1] = strict;
  return made;
}
Result<Ref<Value>> batched_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->place[0].is_unbound()) return at_end();
  Ref<Value> iterator = Ref<Value>::share(tool->place[0]);
  Ref<List> batch = MINI_TRY(make_list(heap));
  for (int64_t i = 0; i < tool->number[0]; ++i) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) {
      put(tool, 0, at_end());
      if (i == 0) return at_end();
      if (tool->number[1]) return heap.raise_text(BuiltinType::kValueError, "batched(): incomplete batch");
      break;
    }
    MINI_TRY(append(heap, batch.get(), std::move(item)));
  }
  return widen(make_tuple(heap, batch->items, batch->length));
}

// tee: a node of the shared chain. A node: its item, the next node, the source; whether it is being filled -----------

Result<Ref<Value>> make_node(Heap& heap, Value source) {
  Ref<Itertool> node = MINI_TRY(make_itertool(heap, heap.type(BuiltinType::kTeeData)));
  node->place[2] = Ref<Value>::share(source).release();
  return node;
}
Result<Ref<Value>> make_tee_of(Heap& heap, Value node) {
  Ref<Itertool> made = MINI_TRY(make_itertool(heap, heap.type(BuiltinType::kTee)));
  made->place[0] = Ref<Value>::share(node).release();
  return made;
}
Result<Ref<Value>> tee_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  Ref<Value> kept = Ref<Value>::share(tool->place[0]);
  Itertool* node = as_itertool(kept);
  if (node->place[1].is_unbound()) {
    if (node->number[0]) return heap.raise_text(BuiltinType::kRuntimeError, "cannot re-enter the tee iterator");
    node->number[0] = 1;
    auto item = next(heap, node->place[2]);
    node->number[0] = 0;
    if (!item.ok() || item->get().is_unbound()) return item;
    Ref<Value> following = MINI_TRY(make_node(heap, node->place[2]));
    put(node, 0, item.take());
    put(node, 1, std::move(following));
  }
  put(tool, 0, Ref<Value>::share(node->place[1]));
  return Ref<Value>::share(node->place[0]);
}
Result<Ref<Value>> tee(Call& call) {
  Heap& heap = call.heap;
  const int64_t count = call.has(1) ? MINI_TRY(to_int64(heap, call[1])) : 2;
  if (count < 0) return heap.raise_text(BuiltinType::kValueError, "n must be >= 0");
  Ref<Tuple> all = MINI_TRY(make_tuple(heap, static_cast<size_t>(count)));
  if (count == 0) return all;
  // The first of the copies of a tee is that tee itself.
  Ref<Value> source = MINI_TRY(iterate(heap, call[0]));
  const bool is_tee = has_kind(source, BuiltinType::kTee);
  Ref<Value> node =
      is_tee ? Ref<Value>::share(as_itertool(source)->place[0]) : MINI_TRY(make_node(heap, source));
  if (is_tee) all->items()[0] = source.share().release();
  for (int64_t i = is_tee; i < count; ++i) all->items()[i] = MINI_TRY(make_tee_of(heap, node)).release();
  return all;
}

constexpr NativeDefinition kItertoolsFunctions[] = {{"itertools.tee(iterable, n=2, /)", tee}};
constexpr NativeDefinition kMakeAccumulate{"accumulate.__new__(type, iterable, func=None, *, initial=None)",
                                           make_accumulate};
constexpr NativeDefinition kMakeBatched{"batched.__new__(type, iterable, n, *, strict=False)", make_batched};
constexpr NativeDefinition kMakeChain{"chain.__new__(type, *iterables)", make_chain};
constexpr NativeDefinition kChainMethods[] = {{"chain.from_iterable(cls, iterable, /)", chain_from_iterable}};
constexpr NativeDefinition kMakeCount{"count.__new__(type, start=0, step=1)", make_count};
constexpr NativeDefinition kMakeCycle{"cycle.__new__(type, iterable, /)", make_cycle};
constexpr NativeDefinition kMakeDropWhile{"dropwhile.__new__(type, predicate, iterable, /)", make_function_first};
constexpr NativeDefinition kMakeFilterFalse{"filterfalse.__new__(type, function, iterable, /)", make_function_first};
constexpr NativeDefinition kMakeISlice{"islice.__new__(type, *args)", make_islice};
constexpr NativeDefinition kMakePairwise{"pairwise.__new__(type, iterable, /)", make_over_one};
constexpr NativeDefinition kMakeRepeat{"repeat.__new__(type, object, times=0)", make_repeat};
constexpr NativeDefinition kMakeStarMap{"starmap.__new__(type, function, iterable, /)", make_function_first};
constexpr NativeDefinition kMakeTakeWhile{"takewhile.__new__(type, predicate, iterable, /)", make_function_first};

constexpr ItertoolKind kItertoolsKinds[] = {
    {BuiltinType::kAccumulate, accumulate_next, &kMakeAccumulate},
    {BuiltinType::kBatched, batched_next, &kMakeBatched},
    {BuiltinType::kChain, chain_next, &kMakeChain, nullptr, kChainMethods},
    {BuiltinType::kCountIterator, count_next, &kMakeCount, count_repr},
    {BuiltinType::kCycle, cycle_next, &kMakeCycle},
    {BuiltinType::kDropWhile, dropwhile_next, &kMakeDropWhile},
    {BuiltinType::kFilterFalse, filterfalse_next, &kMakeFilterFalse},
    {BuiltinType::kISlice, islice_next, &kMakeISlice},
    {BuiltinType::kPairwise, pairwise_next, &kMakePairwise},
    {BuiltinType::kRepeat, repeat_next, &kMakeRepeat, repeat_repr},
    {BuiltinType::kStarMap, starmap_next, &kMakeStarMap},
    {BuiltinType::kTakeWhile, takewhile_next, &kMakeTakeWhile},
    {BuiltinType::kTee, tee_next, nullptr},
    {BuiltinType::kTeeData, nullptr, nullptr},
};

}  // namespace

const std::span<const ItertoolKind> kSerialItertools = kItertoolsKinds;

Result<void> define_itertools(Heap& heap, std::span<const ItertoolKind> kinds) {
  for (const ItertoolKind& kind : kinds) {
    MINI_TRY(define_type(heap, kind.type,
                         {.instance_size = sizeof(Itertool),
                          .tracked = true,
                          .subclassable = kind.construct != nullptr,
                          .behaviour = {.visit = visit_itertool,
                                        .drop = drop_itertool,
                                        .repr = kind.repr,
                                        .iterate = kind.next ? share_self : nullptr,
                                        .next = kind.next},
                          .construct = kind.construct,
                          .methods = {},
                          .slots = kind.next ? std::span<const NativeDefinition>(kSlots)
                                             : std::span<const NativeDefinition>()}));
    MINI_TRY(add_methods(heap, heap.type(kind.type), kind.class_methods.data(), kind.class_methods.size(),
                         MethodDescriptor::kClassMethod));
  }
  return {};
}

Result<void> fill_itertools(Machine& machine, Module* module) {
  MINI_TRY(add_functions(machine, module, kItertoolsFunctions));
  for (auto kinds : {kSerialItertools, kCombiningItertools}) {
    MINI_TRY(define_itertools(machine.heap(), kinds));
    for (const ItertoolKind& kind : kinds) {
      Type* type = machine.heap().type(kind.type);
      if (kind.construct) MINI_TRY(set_name(machine.heap(), module->dict, type->name, type));
    }
  }
  return {};
}

}  // namespace mini::modules
