// The module `_heapq`: heaps in lists. One call is one instruction, as in CPython: no other thread comes in between, unless
// comparing two items runs a script's method. Which items are compared, and in what order, is as in CPython 3.13
// (Modules/_heapqmodule.c): a program that counts its comparisons sees the same.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

Result<List*> heap_argument(Call& call, const char* what) {
  if (!has_kind(call[0], BuiltinType::kList))
    return call.heap.raise(BuiltinType::kTypeError, "{} must be list, not {}", what, type_name(call.heap, call[0]));
  return static_cast<List*>(call[0].as_object());
}

/// Whether the item at `a` is less than the one at `b`. A comparison that changes the list's length is a RuntimeError.
Result<bool> is_less(Heap& heap, const List* list, size_t a, size_t b) {
  const Value left = list->items[a], right = list->items[b];
  if (left.is_int() && right.is_int()) return left.as_int() < right.as_int();
  const Ref<Value> kept_left = Ref<Value>::share(left), kept_right = Ref<Value>::share(right);
  const size_t length = list->length;
  const bool answer = MINI_TRY(less(heap, left, right));
  if (list->length != length)
    return heap.raise_text(BuiltinType::kRuntimeError, "list changed size during iteration");
  return answer;
}

/// Moves the item at `at` towards `start` until its parent is no larger.
Result<void> rise(Heap& heap, List* list, size_t start, size_t at) {
  while (at > start) {
    const size_t parent = (at - 1) / 2;
    if (!MINI_TRY(is_less(heap, list, at, parent))) return {};
    std::swap(list->items[at], list->items[parent]);
    at = parent;
  }
  return {};
}

/// Lets smaller children take the place of the item at `start` down to a leaf, and lets it rise again from there.
Result<void> sink(Heap& heap, List* list, size_t start) {
  const size_t end = list->length;
  size_t at = start;
  while (at < end / 2) {
    size_t child = 2 * at + 1;
    if (child + 1 < end && !MINI_TRY(is_less(heap, list, child, child + 1))) ++child;
    std::swap(list->items[at], list->items[child]);
    at = child;
  }
  return rise(heap, list, start, at);
}

/// Puts `item` in the place of the smallest one, which it returns.
Result<Ref<Value>> replace_smallest(Heap& heap, List* list, Ref<Value> item) {
  Ref<Value> smallest = Ref<Value>::adopt(std::exchange(list->items[0], item.release()));
  MINI_TRY(sink(heap, list, 0));
  return smallest;
}

Raised raise_empty(Heap& heap) { return heap.raise_text(BuiltinType::kIndexError, "index out of range"); }

Result<Ref<Value>> heappush(Call& call) {
  List* list = MINI_TRY(heap_argument(call, "heappush() argument 1"));
  MINI_TRY(append(call.heap, list, Ref<Value>::share(call[1])));
  MINI_TRY(rise(call.heap, list, 0, list->length - 1));
  return none();
}

Result<Ref<Value>> heappop(Call& call) {
  List* list = MINI_TRY(heap_argument(call, "heappop() argument"));
  if (list->length == 0) return raise_empty(call.heap);
  Ref<Value> last = Ref<Value>::adopt(list->items[--list->length]);
  if (list->length == 0) return last;
  return replace_smallest(call.heap, list, std::move(last));
}

Result<Ref<Value>> heapreplace(Call& call) {
  List* list = MINI_TRY(heap_argument(call, "heapreplace() argument 1"));
  if (list->length == 0) return raise_empty(call.heap);
  return replace_smallest(call.heap, list, Ref<Value>::share(call[1]));
}

Result<Ref<Value>> heappushpop(Call& call) {
  List* list = MINI_TRY(heap_argument(call, "heappushpop() argument 1"));
  if (list->length == 0) return Ref<Value>::share(call[1]);
  const Ref<Value> smallest = Ref<Value>::share(list->items[0]);
  if (!MINI_TRY(less(call.heap, smallest, call[1]))) return Ref<Value>::share(call[1]);
  if (list->length == 0) return raise_empty(call.heap);
  return replace_smallest(call.heap, list, Ref<Value>::share(call[1]));
}

/// From the last parent to the first. Where the items do not fit a cache, CPython goes through the parents' subtrees one
/// after the other instead; so does this, for the order of the comparisons.
Result<Ref<Value>> heapify(Call& call) {
  List* list = MINI_TRY(heap_argument(call, "heapify() argument"));
  constexpr size_t kCached = 2500;
  const size_t length = list->length;
  if (length <= kCached) {
    for (size_t at = length / 2; at-- > 0;) MINI_TRY(sink(call.heap, list, at));
    return none();
  }
  const size_t parents = length / 2, leftmost = std::bit_floor(parents + 1) - 1, half = parents / 2;
  // The parents of leaves in the last row first, then those of the row before; each followed by the parents above it that
  // have both children in order by then: those whose right child was the one before.
  const auto climb = [&](size_t at) -> Result<void> {
    for (;;) {
      MINI_TRY(sink(call.heap, list, at));
      if (at % 2 == 0) return {};
      at /= 2;
    }
  };
  for (size_t at = leftmost; at-- > half;) MINI_TRY(climb(at));
  for (size_t at = parents; at-- > leftmost;) MINI_TRY(climb(at));
  return none();
}

constexpr NativeDefinition kHeapqFunctions[] = {
    {"_heapq.heappush(heap, item, /)", heappush},       {"_heapq.heappop(heap, /)", heappop},
    {"_heapq.heapify(heap, /)", heapify},               {"_heapq.heapreplace(heap, item, /)", heapreplace},
    {"_heapq.heappushpop(heap, item, /)", heappushpop},
};

}  // namespace

Result<void> fill_heapq(Machine& machine, Module* module) { return add_functions(machine, module, kHeapqFunctions); }

}  // namespace mini::modules
