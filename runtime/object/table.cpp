// Compact insertion-ordered hash tables: probing, growing, deleting.
#include "runtime/object/table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/object/operations.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

constexpr uint32_t kFree = UINT32_MAX;
/// Tables with at most this many entries have no index: their keys are compared one after the other.
constexpr uint32_t kSmall = 10;

/// How many entries a table of `size` index slots takes: two thirds, as CPython's (Objects/dictobject.c), so
/// that tables are compacted at the same moments and loops that change a dict under themselves see the same.
constexpr uint32_t usable(uint32_t size) {
  return static_cast<uint32_t>(uint64_t{size} * 2 / 3);
}
/// The number of index slots that goes with a capacity that `usable` answered.
constexpr uint32_t index_size(uint32_t capacity) {
  return std::bit_ceil(capacity + capacity / 2);
}
static_assert(index_size(usable(8)) == 8 && index_size(usable(16)) == 16 &&
              index_size(usable(1 << 20)) == 1 << 20);

/// CPython's probing: every bit of the hash comes into play after a few steps.
struct Probe {
  uint64_t perturb;
  uint32_t mask;
  uint32_t at;
  Probe(int64_t hash, uint32_t index_mask)
      : perturb(static_cast<uint64_t>(hash)),
        mask(index_mask),
        at(static_cast<uint32_t>(perturb) & index_mask) {}
  void advance() {
    perturb >>= 5;
    at = static_cast<uint32_t>(at * uint64_t{5} + perturb + 1) & mask;
  }
};

const Str* exact_str(Value value) {
  if (!value.is_object()) return nullptr;
  const Type* type = value.as_object()->type;
  const bool exact =
      type->kind == static_cast<uint32_t>(BuiltinType::kStr) && !(type->type_flags & Type::kUserClass);
  return exact ? static_cast<const Str*>(value.as_object()) : nullptr;
}

void enter_index(Table* table, int64_t hash, uint32_t number) {
  if (!table->index) return;
  Probe probe(hash, table->index_mask);
  while (table->index[probe.at] != kFree) probe.advance();
  table->index[probe.at] = number;
}

void release_buffers(Heap& heap, DictEntry* entries, uint32_t* index, uint32_t capacity) {
  heap.release_buffer(entries, capacity * sizeof(DictEntry));
  if (index) heap.release_buffer(index, index_size(capacity) * sizeof(uint32_t));
}

/// New buffers for `capacity` entries, with the items of `source` in them, without gaps.
Result<void> rebuild(Heap& heap, Table* table, const Table* source, uint32_t capacity) {
  auto* entries = static_cast<DictEntry*>(heap.allocate_buffer(capacity * sizeof(DictEntry)));
  if (!entries) return raised;
  const bool is_copy = table != source && capacity == source->capacity && source->live == source->filled;
  uint32_t* index = nullptr;
  if (capacity > kSmall) {
    const uint32_t size = index_size(capacity);
    index = static_cast<uint32_t*>(heap.allocate_buffer(size * sizeof(uint32_t)));
    if (!index) {
      heap.release_buffer(entries, capacity * sizeof(DictEntry));
      return raised;
    }
    // A copy without gaps has everything where it is in the source.
    if (is_copy) std::memcpy(index, source->index, size * sizeof(uint32_t));
    else std::memset(index, 0xff, size * sizeof(uint32_t));
  }
  uint32_t used = 0;
  for (uint32_t i = 0; i < source->used; ++i) {
    if (!source->entries[i].key.is_unbound()) entries[used++] = source->entries[i];
  }
  if (table == source) release_buffers(heap, table->entries, table->index, table->capacity);
  table->entries = entries;
  table->index = index;
  table->capacity = capacity;
  table->index_mask = index ? index_size(capacity) - 1 : 0;
  table->used = table->filled = table->live = used;
  if (!is_copy)
    for (uint32_t i = 0; i < used; ++i) enter_index(table, entries[i].hash, i);
  return {};
}

bool is_plain_int(Value key) {
  return key.is_int() && key.as_int() > -Value::kMaxInt && key.as_int() < Value::kMaxInt;
}
int64_t hash_of_int(int64_t number) { return number == -1 ? -2 : number; }
int64_t known_hash(const Str* text) { return text->cached_hash != 0 ? text->cached_hash : hash_of(text); }

}  // namespace

Result<int64_t> key_hash(Heap& heap, Value key) {
  if (const Str* text = exact_str(key)) return known_hash(text);
  if (is_plain_int(key)) return hash_of_int(key.as_int());
  return hash(heap, key);
}

namespace {

/// The search for a str or an int (then `text` is null), which runs no script code; answers as quick_entry.
inline int64_t find_plain(const Table* table, Value key, const Str* text, int64_t hash) {
  const DictEntry* entries = table->entries;
  auto differs = [&](const DictEntry& entry) -> int64_t {  // 0: it is another key
    if (entry.key.is_unbound() || (key.is_int() && entry.key.is_int())) return 0;
    if (text && entry.key.is_object() && entry.key.as_object()->type == text->type)  // an exact str, too
      return equal(static_cast<const Str*>(entry.key.as_object()), text) ? 1 : 0;
    return kAsk;
  };
  if (!table->index) {
    for (uint32_t i = 0; i < table->used; ++i) {
      if (entries[i].key == key) return i;
      if (entries[i].hash != hash) continue;
      if (const int64_t answer = differs(entries[i])) return answer == kAsk ? kAsk : int64_t{i};
    }
    return -1;
  }
  for (Probe probe(hash, table->index_mask);; probe.advance()) {
    const uint32_t number = table->index[probe.at];
    if (number == kFree) return -1;
    if (number >= table->used) continue;  // given back by popitem
    if (entries[number].key == key) return number;
    if (entries[number].hash != hash) continue;
    if (const int64_t answer = differs(entries[number])) return answer == kAsk ? kAsk : int64_t{number};
  }
}

}  // namespace

int64_t quick_entry(const Table* table, Value key) {
  if (const Str* text = exact_str(key)) return find_plain(table, key, text, known_hash(text));
  if (is_plain_int(key)) return find_plain(table, key, nullptr, hash_of_int(key.as_int()));
  return kAsk;
}

Result<int64_t> find_entry(Heap& heap, Table* table, Value key, int64_t hash) {
  const Str* text = exact_str(key);
  if (text || key.is_int()) {
    if (const int64_t number = find_plain(table, key, text, hash); number != kAsk) return number;
  }
  // Whether the entry's key equals; 2: the comparison changed the table.
  enum Outcome { kNo, kYes, kChanged };
  auto matches = [&](uint32_t number) -> Result<Outcome> {
    const DictEntry& entry = table->entries[number];
    if (entry.key == key) return kYes;
    if (entry.hash != hash || entry.key.is_unbound()) return kNo;
    if (const Str* other = text ? exact_str(entry.key) : nullptr) return equal(other, text) ? kYes : kNo;
    const DictEntry* entries = table->entries;
    const uint32_t changes = table->size_changes;
    Ref<Value> held = Ref<Value>::share(entry.key);
    const bool same = MINI_TRY(equal(heap, held, key));
    if (table->entries != entries || table->size_changes != changes) return kChanged;
    return same ? kYes : kNo;
  };
  for (;;) {
    bool again = false;
    if (!table->index) {
      for (uint32_t i = 0; i < table->used && !again; ++i) {
        const Outcome outcome = MINI_TRY(matches(i));
        if (outcome == kYes) return i;
        again = outcome == kChanged;
      }
    } else {
      for (Probe probe(hash, table->index_mask); !again; probe.advance()) {
        const uint32_t number = table->index[probe.at];
        if (number == kFree) break;
        if (number >= table->used) continue;  // given back by popitem
        const Outcome outcome = MINI_TRY(matches(number));
        if (outcome == kYes) return number;
        again = outcome == kChanged;
      }
    }
    if (!again) return -1;
  }
}

int64_t plain_hash(Value key) {
  if (const Str* text = exact_str(key)) {
    if (text->cached_hash) return text->cached_hash;
    return hash_bytes(text->narrow(), text->length * text->unit_size());  // and caches nothing
  }
  if (key.is_bool()) return key.as_bool();
  return is_plain_int(key) ? hash_of_int(key.as_int()) : 0;
}

int64_t peek_entry(const Table* table, Value key, int64_t hash) {
  const Str* text = exact_str(key);
  if (!text && !key.is_int() && !key.is_bool()) return -1;
  auto matches = [&](const DictEntry& entry) {
    if (entry.key == key) return true;
    if (entry.hash != hash || entry.key.is_unbound()) return false;
    const Str* other = exact_str(entry.key);
    if (text || other) return text && other && equal(other, text);
    return (entry.key.is_int() || entry.key.is_bool()) && plain_hash(entry.key) == hash;
  };
  if (!table->index) {
    for (uint32_t i = 0; i < table->used; ++i)
      if (matches(table->entries[i])) return i;
    return -1;
  }
  for (Probe probe(hash, table->index_mask);; probe.advance()) {
    const uint32_t number = table->index[probe.at];
    if (number == kFree) return -1;
    if (number < table->used && matches(table->entries[number])) return number;
  }
}

Result<void> insert_entry(Heap& heap, Table* table, Value key, int64_t hash, Value value) {
  if (table->filled == table->capacity) {
    MINI_TRY(rebuild(heap, table, table, usable(std::bit_ceil(std::max<uint32_t>(8, table->live * 3)))));
  }
  incref(key);
  incref(value);
  table->entries[table->used] = {key, value, hash};
  enter_index(table, hash, table->used);
  ++table->used;
  ++table->filled;
  ++table->live;
  ++table->size_changes;
  table->keys_version = 0;
  return {};
}

Result<void> store(Heap& heap, Table* table, Value key, int64_t hash, Value value) {
  const int64_t number = MINI_TRY(find_entry(heap, table, key, hash));
  if (number < 0) return insert_entry(heap, table, key, hash, value);
  incref(value);
  decref(std::exchange(table->entries[number].value, value));
  return {};
}

Result<void> store(Heap& heap, Table* table, Value key, Value value) {
  const int64_t known = quick_entry(table, key);
  if (known == kAsk) return store(heap, table, key, MINI_TRY(key_hash(heap, key)), value);
  if (known < 0) return insert_entry(heap, table, key, plain_hash(key), value);
  incref(value);
  decref(std::exchange(table->entries[known].value, value));
  return {};
}

TakenEntry take_entry(Table* table, uint32_t number) {
  DictEntry& entry = table->entries[number];
  TakenEntry taken{Ref<Value>::adopt(std::exchange(entry.key, kUnbound)),
                   Ref<Value>::adopt(std::exchange(entry.value, kUnbound))};
  --table->live;
  ++table->size_changes;
  table->keys_version = 0;
  return taken;
}

void release_table(Heap& heap, Table* table) {
  DictEntry* entries = std::exchange(table->entries, nullptr);
  uint32_t* index = std::exchange(table->index, nullptr);
  const uint32_t used = std::exchange(table->used, 0);
  const uint32_t capacity = std::exchange(table->capacity, 0);
  table->filled = table->live = table->index_mask = 0;
  for (uint32_t i = 0; i < used; ++i) {
    decref(entries[i].key);
    decref(entries[i].value);
  }
  if (entries) release_buffers(heap, entries, index, capacity);
}

void clear_table(Heap& heap, Table* table) {
  ++table->size_changes;
  table->keys_version = 0;
  release_table(heap, table);
}

void visit_table(const Table* table, Visitor& visitor) {
  visitor.scalar(table->live);
  visitor.scalar(table->used);
  visitor.scalar(table->capacity - table->filled);
  for (uint32_t i = 0; i < table->used; ++i) {
    visitor.reference(table->entries[i].key);
    visitor.reference(table->entries[i].value);
  }
}

Result<void> copy_table(Heap& heap, Table* table, const Table* source) {
  MINI_ASSERT(table->capacity == 0);
  if (source->live == 0) return {};
  // No larger than needed, with room for a few more (clone_combined_dict_keys keeps the size; a compacted
  // copy does not).
  uint32_t size = 8;
  while (usable(size) < source->live) size *= 2;
  MINI_TRY(rebuild(heap, table, source, usable(size)));
  for (uint32_t i = 0; i < table->used; ++i) {
    incref(table->entries[i].key);
    incref(table->entries[i].value);
  }
  ++table->size_changes;
  table->keys_version = 0;
  return {};
}

int64_t next_entry(const Table* table, int64_t position, bool backwards) {
  if (backwards) {
    position = std::min<int64_t>(position, int64_t{table->used} - 1);
    while (position >= 0 && table->entries[position].key.is_unbound()) --position;
    return position;
  }
  while (position < table->used && table->entries[position].key.is_unbound()) ++position;
  return position < table->used ? position : -1;
}

// ---- names

int64_t entry_of(Dict* dict, const Str* name) {
  const int64_t hash = hash_of(name);
  auto matches = [&](const DictEntry& entry) {
    if (entry.key == Value(name)) return true;
    if (entry.hash != hash) return false;
    const Str* other = exact_str(entry.key);
    return other && !(other->interned && name->interned) && equal(other, name);
  };
  if (!dict->index) {
    for (uint32_t i = 0; i < dict->used; ++i) {
      if (matches(dict->entries[i])) return i;
    }
    return -1;
  }
  for (Probe probe(hash, dict->index_mask);; probe.advance()) {
    const uint32_t number = dict->index[probe.at];
    if (number == kFree) return -1;
    if (number < dict->used && matches(dict->entries[number])) return number;
  }
}

Value get_name(Dict* dict, const Str* name) {
  const int64_t number = entry_of(dict, name);
  return number < 0 ? kUnbound : dict->entries[number].value;
}

Result<void> set_name(Heap& heap, Dict* dict, Str* name, Value value) {
  const int64_t number = entry_of(dict, name);
  if (number < 0) return insert_entry(heap, dict, Value(name), hash_of(name), value);
  incref(value);
  decref(std::exchange(dict->entries[number].value, value));
  return {};
}

bool remove_name(Heap&, Dict* dict, Str* name) {
  const int64_t number = entry_of(dict, name);
  if (number < 0) return false;
  static_cast<void>(take_entry(dict, static_cast<uint32_t>(number)));
  return true;
}

uint32_t keys_version(Heap& heap, Dict* dict) {
  if (dict->keys_version == 0) dict->keys_version = heap.next_keys_version();
  return dict->keys_version;
}

}  // namespace mini::object
