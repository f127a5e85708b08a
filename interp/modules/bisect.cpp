// The module `_bisect`: places in sorted sequences, by halving. One call is one instruction, as in CPython
// (3.13 Modules/_bisectmodule.c), unless the sequence's items, a comparison or the key function run a script.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

enum Argument : uint32_t { kSequence, kItem, kLow, kHigh, kKey };

bool has_key(const Call& call) { return call.has(kKey) && !call[kKey].is_none(); }

/// Where `item` belongs: before its equals, or behind them.
Result<int64_t> find_place(Call& call, Value item, bool behind) {
  Heap& heap = call.heap;
  const Value sequence = call[kSequence];
  int64_t low = call.has(kLow) ? MINI_TRY(to_int64(heap, call[kLow], "ssize_t")) : 0;
  if (low < 0) return heap.raise_text(BuiltinType::kValueError, "lo must be non-negative");
  const bool has_high = call.has(kHigh) && !call[kHigh].is_none();
  if (has_high && !is_index(heap, call[kHigh]))
    return heap.raise(BuiltinType::kTypeError, "argument should be integer or None, not '{}'", type_name(heap, call[kHigh]));
  int64_t high = has_high ? MINI_TRY(to_int64(heap, call[kHigh], "ssize_t")) : -1;
  if (high == -1) high = MINI_TRY(length(heap, sequence));  // so it is there for a -1 of the caller's, too
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const Ref<Value> index = MINI_TRY(make_int(heap, middle));
    Ref<Value> candidate = MINI_TRY(get_item(heap, sequence, index));
    if (has_key(call)) {
      const Value argument = candidate;
      candidate = MINI_TRY(object::call(heap, call[kKey], &argument, 1));
    }
    const bool belongs_behind = behind ? !MINI_TRY(less(heap, item, candidate)) : MINI_TRY(less(heap, candidate, item));
    if (belongs_behind) low = middle + 1;
    else high = middle;
  }
  return low;
}

template <bool behind>
Result<Ref<Value>> bisect(Call& call) {
  return make_int(call.heap, MINI_TRY(find_place(call, call[kItem], behind)));
}

template <bool behind>
Result<Ref<Value>> insort(Call& call) {
  Heap& heap = call.heap;
  const Value item = call[kItem];
  Ref<Value> item_key = has_key(call) ? MINI_TRY(object::call(heap, call[kKey], &item, 1)) : Ref<Value>::share(item);
  const Value arguments[] = {Value::integer(MINI_TRY(find_place(call, item_key, behind))), item};
  Ref<Str> insert = MINI_TRY(heap.intern("insert"));
  static_cast<void>(MINI_TRY(call_method(heap, call[kSequence], insert.get(), arguments, 2)));
  return none();
}

constexpr NativeDefinition kBisectFunctions[] = {
    {"_bisect.bisect_right(a, x, lo=0, hi=None, *, key=None)", bisect<true>},
    {"_bisect.bisect_left(a, x, lo=0, hi=None, *, key=None)", bisect<false>},
    {"_bisect.insort_right(a, x, lo=0, hi=None, *, key=None)", insort<true>},
    {"_bisect.insort_left(a, x, lo=0, hi=None, *, key=None)", insort<false>},
};

}  // namespace

Result<void> fill_bisect(Machine& machine, Module* module) { return add_functions(machine, module, kBisectFunctions); }

}  // namespace mini::modules
