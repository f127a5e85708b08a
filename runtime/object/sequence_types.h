// The pieces of define_sequence_types(), one for each file.
#pragma once

#include <span>

#include "runtime/object/native.h"
#include "runtime/object/sequence.h"

namespace mini::object {

void define_tuple_type(Heap&);
Result<void> define_tuple_methods(Heap&);
void define_list_type(Heap&);
const NativeDefinition* list_constructor();
Result<void> define_list_methods(Heap&);
void define_range_types(Heap&);
Result<void> define_range_methods(Heap&);
void define_iterator_types(Heap&);
Result<void> define_iterator_methods(Heap&);

/// The items of a list or tuple as they are now: a list may change whenever script code runs.
inline std::span<Value> items_of(Value sequence) {
  if (sequence.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kTuple)) {
    Tuple* tuple = static_cast<Tuple*>(sequence.as_object());
    return {tuple->items(), tuple->length};
  }
  List* list = static_cast<List*>(sequence.as_object());
  return {list->items, list->length};
}

/// The first i in [start, stop) at which a list or tuple has an equal item, or -1.
Result<int64_t> find_item(Heap&, Value sequence, Value item, int64_t start, int64_t stop);
/// `(1, 2)` or `[1, 2]`: the items' reprs between brackets.
Result<Ref<Str>> items_repr(Heap&, Value sequence, std::string_view open, std::string_view close);
/// Lexicographic; both sides are lists, or both tuples.
Result<Ref<Value>> compare_items(Heap&, CompareOp, Value left, Value right);
/// What list and tuple do alike.
Result<Ref<Value>> items_method_count(Call&);
/// `index(value, start=0, stop=maxsize)`; `missing` is the error's text, with a {} for the value's repr.
Result<Ref<Value>> items_index(Call&, const char* missing);
/// The checked size of a sequence repeated; negative counts are 0.
Result<int64_t> repeated_length(Heap&, uint64_t length, Value times);

}  // namespace mini::object
