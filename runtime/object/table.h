// The hash table under dicts and sets: what dict.h does not show.
#pragma once

#include "runtime/object/dict.h"
#include "runtime/object/str.h"

namespace mini::object {

/// The hash of a key, quick for what most keys are. Else as `hash`; may run script code.
Result<int64_t> key_hash(Heap&, Value key);

/// The number of the entry for a key, or -1. May run the script's `__eq__`; starts again when that changed
/// the table. The caller keeps the table's owner and the key alive.
Result<int64_t> find_entry(Heap&, Table*, Value key, int64_t hash);
/// The number of the entry for a key that is a str or an unboxed int, found without running script code; -1: there is
/// none. kAsk: it is another key, or one with the same hash may say itself what it equals; then find_entry knows.
constexpr int64_t kAsk = -2;
int64_t quick_entry(const Table*, Value key);
/// For those who only look: as find_entry for a key that is an unboxed int, a bool or an exact str; runs no script
/// code and changes nothing. -1 also for other keys. `hash` as plain_hash() answers.
int64_t peek_entry(const Table*, Value key, int64_t hash);
/// The hash of such a key, without remembering it in the str; 0 for other keys.
int64_t plain_hash(Value key);
/// Adds a key that is not there.
Result<void> insert_entry(Heap&, Table*, Value key, int64_t hash, Value value);
/// Sets or adds; the key that stands there already stays.
Result<void> store(Heap&, Table*, Value key, int64_t hash, Value value);
/// The same for a key whose hash is not known.
Result<void> store(Heap&, Table*, Value key, Value value);
/// Takes an entry out; the caller gets its key and value.
struct TakenEntry {
  Ref<Value> key, value;
};
TakenEntry take_entry(Table*, uint32_t number);
void clear_table(Heap&, Table*);
/// For `drop`: the buffers and all items.
void release_table(Heap&, Table*);
void visit_table(const Table*, Visitor&);
/// Makes `table`, which is empty, a copy of `source`.
Result<void> copy_table(Heap&, Table* table, const Table* source);
/// The next entry from `position` on that holds a key, or -1; `backwards`: the last one up to it.
int64_t next_entry(const Table*, int64_t position, bool backwards = false);

}  // namespace mini::object
