// The method resolution order of a class (C3).
#include <vector>

#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

/// What is left of one of the orders that are merged.
struct Rest {
  const Value* items;
  size_t length;
  bool in_tail(Value type) const {
    for (size_t i = 1; i < length; ++i) {
      if (items[i] == type) return true;
    }
    return false;
  }
};

std::string name_of(Value type) {
  return to_utf8(static_cast<Type*>(type.as_object())->name);
}

Raised raise_inconsistent(Heap& heap, const std::vector<Rest>& rests) {
  std::vector<Value> heads;
  std::string names;
  for (const Rest& rest : rests) {
    if (rest.length == 0) continue;
    bool seen = false;
    for (Value head : heads) seen |= head == rest.items[0];
    if (seen) continue;
    heads.push_back(rest.items[0]);
    names += (names.empty() ? "" : ", ") + name_of(rest.items[0]);
  }
  return heap.raise(BuiltinType::kTypeError,
                    "Cannot create a consistent method resolution order (MRO) for bases {}", names);
}

}  // namespace

Result<Ref<Tuple>> linearise(Heap& heap, Type* type, Tuple* bases) {
  std::vector<Rest> rests;
  size_t longest = 1;
  for (size_t i = 0; i < bases->length; ++i) {
    for (size_t k = i + 1; k < bases->length; ++k) {
      if (bases->items()[i] == bases->items()[k]) {
        return heap.raise(BuiltinType::kTypeError, "duplicate base class {}", name_of(bases->items()[i]));
      }
    }
    const Tuple* order = static_cast<Type*>(bases->items()[i].as_object())->method_resolution_order;
    rests.push_back({order->items(), order->length});
    longest += order->length;
  }
  rests.push_back({bases->items(), bases->length});
  std::vector<Value> merged{Value(type)};
  merged.reserve(longest);
  for (;;) {
    Value next = kUnbound;
    bool done = true;
    for (const Rest& candidate : rests) {
      if (candidate.length == 0) continue;
      done = false;
      bool free = true;
      for (const Rest& other : rests) free &= !other.in_tail(candidate.items[0]);
      if (free) {
        next = candidate.items[0];
        break;
      }
    }
    if (done) return make_tuple(heap, merged.data(), merged.size());
    if (next.is_unbound()) return raise_inconsistent(heap, rests);
    merged.push_back(next);
    for (Rest& rest : rests) {
      if (rest.length > 0 && rest.items[0] == next) {
        ++rest.items;
        --rest.length;
      }
    }
  }
}

}  // namespace mini::object
