// Names: the slow half of the instructions that load, store and delete variables.
#include "interp/vm/mapping_names.h"
#include "interp/vm/slow_paths.h"

namespace mini::vm {

void raise_unbound_local(ThreadState& thread, Frame* frame, uint32_t local) {
  Str* name = frame->code->variables[local];
  static_cast<void>(raise_name_error(
      *thread.heap, BuiltinType::kUnboundLocalError, name,
      fmt::format("cannot access local variable '{}' where it is not associated with a value", to_utf8(name))));
}

void raise_unbound_cell(ThreadState& thread, Frame* frame, uint32_t cell) {
  if (cell < frame->code->cell_count) return raise_unbound_local(thread, frame, frame->code->local_count + cell);
  Str* name = frame->code->variables[frame->code->local_count + cell];
  static_cast<void>(raise_name_error(
      *thread.heap, BuiltinType::kNameError, name,
      fmt::format("cannot access free variable '{}' where it is not associated with a value in enclosing scope",
                  to_utf8(name))));
}

void raise_undefined_name(ThreadState& thread, Str* name) {
  static_cast<void>(raise_name_error(*thread.heap, BuiltinType::kNameError, name,
                                     fmt::format("name '{}' is not defined", to_utf8(name))));
}

Value load_global_slow(ThreadState& thread, Frame* frame, uint32_t name_index, InlineCache& cache) {
  Str* name = frame->code->names[name_index];
  if (int64_t entry = entry_of(frame->globals, name); entry >= 0) {
    cache.version = keys_version(*thread.heap, frame->globals);
    cache.builtins_version = 0;
    cache.place = &frame->globals->entries[entry].value;
    return *cache.place;
  }
  if (int64_t entry = entry_of(frame->builtins, name); entry >= 0) {
    cache.version = keys_version(*thread.heap, frame->globals);
    cache.builtins_version = keys_version(*thread.heap, frame->builtins);
    cache.place = &frame->builtins->entries[entry].value;
    return *cache.place;
  }
  raise_undefined_name(thread, name);
  return kError;
}

Result<void> store_global_slow(ThreadState& thread, Frame* frame, uint32_t name_index, Value value,
                               InlineCache& cache) {
  Str* name = frame->code->names[name_index];
  MINI_TRY(set_name(*thread.heap, frame->globals, name, value));
  cache.version = keys_version(*thread.heap, frame->globals);
  cache.builtins_version = 0;
  cache.place = &frame->globals->entries[entry_of(frame->globals, name)].value;
  return {};
}

Value load_name(ThreadState& thread, Frame* frame, uint32_t name_index) {
  Str* name = frame->code->names[name_index];
  if (frame->names) {
    auto value = find_name(*thread.heap, frame->names, name);
    if (!value.ok()) return kError;
    if (!value->get().is_unbound()) return value.take().release();
  }
  for (Dict* names : {frame->globals, frame->builtins})
    if (const Value value = get_name(names, name); !value.is_unbound()) return Ref<Value>::share(value).release();
  raise_undefined_name(thread, name);
  return kError;
}

Value load_class_cell(ThreadState& thread, Frame* frame, uint32_t cell) {
  const uint32_t slot = frame->code->local_count + cell;
  if (frame->names) {
    Value value = get_name(frame->names, frame->code->variables[slot]);  // a class's body: these names are a dict's
    if (!value.is_unbound()) return value;
  }
  Value value = static_cast<Cell*>(frame->locals[slot].as_object())->content;
  if (!value.is_unbound()) return value;
  raise_unbound_cell(thread, frame, cell);
  return kError;
}

Result<void> set_up_annotations(ThreadState& thread, Frame* frame) {
  Heap& heap = *thread.heap;
  Str* name = heap.name(Name::k__annotations__);
  if (!MINI_TRY(find_name(heap, frame->names, name)).get().is_unbound()) return {};
  auto dict = MINI_TRY(make_dict(heap));
  return store_name(heap, frame->names, name, dict);
}

Result<void> display(ThreadState& thread, Value value) {
  Heap& heap = *thread.heap;
  auto hook = MINI_TRY(heap.intern("displayhook"));
  Value function = get_name(thread.machine->state().sys, hook.get());
  if (function.is_unbound()) return heap.raise(BuiltinType::kRuntimeError, "lost sys.displayhook");
  static_cast<void>(MINI_TRY(call(heap, function, &value, 1)));
  return {};
}

Value load_build_class(ThreadState& thread, Frame* frame) {
  Value value = get_name(frame->builtins, thread.heap->name(Name::k__build_class__));
  if (!value.is_unbound()) return value;
  static_cast<void>(thread.heap->raise(BuiltinType::kNameError, "__build_class__ not found"));
  return kError;
}

}  // namespace mini::vm
