// The table of interned strings: one object for each name, so that names compare by address.
#include <algorithm>

#include "runtime/object/heap.h"
#include "runtime/object/str.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

// Linear probing; the table owns nothing: a string takes itself out when it dies.

Result<Ref<Str>> Heap::intern(Ref<Str> text) {
  if (text->interned) return text;
  if (text->type != type(BuiltinType::kStr)) {
    text = MINI_TRY(make_str(*this, to_utf8(text.get())));
    if (text->interned) return text;
  }
  InternTable& table = interned_;
  if (table.used * 3 >= table.capacity * 2) {
    const uint32_t capacity = std::max<uint32_t>(1024, table.capacity * 2);
    auto** slots = static_cast<Str**>(allocate_buffer(capacity * sizeof(Str*)));
    if (!slots) return raised;
    std::fill_n(slots, capacity, nullptr);
    for (uint32_t i = 0; i < table.capacity; ++i) {
      if (!table.slots[i]) continue;
      uint32_t at = static_cast<uint32_t>(hash_of(table.slots[i])) & (capacity - 1);
      while (slots[at]) at = (at + 1) & (capacity - 1);
      slots[at] = table.slots[i];
    }
    release_buffer(table.slots, table.capacity * sizeof(Str*));
    table.slots = slots;
    table.capacity = capacity;
  }
  const uint32_t mask = table.capacity - 1;
  uint32_t at = static_cast<uint32_t>(hash_of(text.get())) & mask;
  for (; table.slots[at]; at = (at + 1) & mask) {
    if (equal(table.slots[at], text.get())) return Ref<Str>::share(table.slots[at]);
  }
  table.slots[at] = text.get();
  ++table.used;
  text->interned = 1;
  return text;
}

Result<Ref<Str>> Heap::intern(std::string_view utf8) {
  // Most names are there already, for which no new object is made.
  if (interned_.capacity > 0) {
    const uint32_t mask = interned_.capacity - 1;
    uint32_t at = static_cast<uint32_t>(hash_bytes(utf8.data(), utf8.size())) & mask;
    for (; interned_.slots[at]; at = (at + 1) & mask)
      if (equal(interned_.slots[at], utf8)) return Ref<Str>::share(interned_.slots[at]);
  }
  return intern(MINI_TRY(make_str(*this, utf8)));
}

void Heap::forget_interned(Str* text) {
  if (text->interned & kLookedUpName) std::fill(std::begin(lookups_), std::end(lookups_), LookupEntry{});
  InternTable& table = interned_;
  const uint32_t mask = table.capacity - 1;
  uint32_t hole = static_cast<uint32_t>(hash_of(text)) & mask;
  while (table.slots[hole] != text) hole = (hole + 1) & mask;
  // The entries behind move up, except those that are at home between the hole and themselves (Knuth's
  // algorithm R).
  for (uint32_t at = (hole + 1) & mask; table.slots[at]; at = (at + 1) & mask) {
    const uint32_t home = static_cast<uint32_t>(hash_of(table.slots[at])) & mask;
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      table.slots[hole] = table.slots[at];
      hole = at;
    }
  }
  table.slots[hole] = nullptr;
  --table.used;
}

}  // namespace mini::object
