// Attributes: what the caches of LOAD_ATTR, STORE_ATTR and LOAD_METHOD do not know yet.
#include "interp/vm/slow_paths.h"

namespace mini::vm {

namespace {

/// Whether a value found on a type takes part in storing or goes before the instance's own attributes.
bool is_data_descriptor(Heap& heap, Value found) {
  if (!found.is_object()) return false;
  Type* type = found.as_object()->type;
  return type == heap.type(BuiltinType::kProperty) || type == heap.type(BuiltinType::kGetSetDescriptor) ||
         !script_method(heap, type, Name::k__set__).is_unbound() ||
         !script_method(heap, type, Name::k__delete__).is_unbound();
}

bool is_metaclass(const Type* type) { return type->kind == static_cast<uint32_t>(BuiltinType::kTypeType); }

bool has_hooks(const Type* type) { return type->type_flags & Type::kHasGetAttributeHook; }

/// The instance's attributes if they lie in a shape's slots.
Attributes* shaped(Heap& heap, Value object) {
  if (!object.is_object() || object.as_object()->type == heap.type(BuiltinType::kModule)) return nullptr;
  Attributes* attributes = attributes_of(object.as_object());
  return attributes && attributes->shape ? attributes : nullptr;
}

/// For the next time: instances of this type and shape have the attribute in this slot. (Where the attributes have no
/// fixed place, there is no next time.)
void remember(InlineCache& cache, const Type* type, const Attributes* attributes, int64_t slot) {
  if (type->attributes_offset == Type::kAttributesAtEnd) return;
  cache.version = type->version;
  cache.shape = attributes->shape;
  cache.offset = type->attributes_offset;
  cache.builtins_version = 0;
  cache.slot = static_cast<uint32_t>(slot);
  cache.next = nullptr;
}

/// Where a variable of a module lies, if the module's type has no attribute of that name; null: not so simple. The cache
/// remembers the place under the version of the module's keys, in `builtins_version`: `version` is that of a type.
Value* module_place(Heap& heap, Module* module, Str* name, InlineCache& cache) {
  Dict* names = module->dict;
  if (cache.builtins_version != 0 && cache.builtins_version == names->keys_version) return cache.place;
  if (!lookup(module->type, name).is_unbound()) return nullptr;
  const int64_t number = entry_of(names, name);
  if (number < 0) return nullptr;
  cache.version = ~0u;
  cache.builtins_version = keys_version(heap, names);
  cache.place = &names->entries[number].value;
  return cache.place;
}

CallOutcome leave_on_stack(Frame* frame, Value result) {
  decref(std::exchange(frame->stack_top[-1], result));
  return CallOutcome::kValue;
}

/// A property of a class statement: its getter runs in a frame.
CallOutcome call_getter(ThreadState& thread, Frame* frame, Property* property) {
  Value* base = frame->stack_top;  // the object stays below until the getter has its own count
  Value object = frame->stack_top[-1];
  incref(property->getter);
  base[0] = property->getter;
  incref(object);
  base[1] = object;
  Value* caller_top = frame->stack_top - 1;
  const CallOutcome outcome = call_on_stack(thread, base, 1, nullptr, caller_top, Completion::kProperty);
  if (outcome == CallOutcome::kValue) return leave_on_stack(frame, std::exchange(thread.result, kUnbound));
  return outcome;
}

}  // namespace

CallOutcome load_attribute(ThreadState& thread, Frame* frame, uint32_t name_index, InlineCache& cache) {
  Heap& heap = *thread.heap;
  Str* name = frame->code->names[name_index];
  Value object = frame->stack_top[-1];
  Type* type = heap.type_of(object);
  if (type == heap.type(BuiltinType::kModule)) {
    if (const Value* place = module_place(heap, static_cast<Module*>(object.as_object()), name, cache)) {
      incref(*place);
      return leave_on_stack(frame, *place);
    }
  }
  if (!has_hooks(type) && !is_metaclass(type) && object.is_object() && !type->behaviour.own_names) {
    Value found = lookup(type, name);
    if (found.is_object() && found.as_object()->type == heap.type(BuiltinType::kProperty)) {
      auto* property = static_cast<Property*>(found.as_object());
      if (property->getter.is_object() &&
          property->getter.as_object()->type == heap.type(BuiltinType::kFunction))
        return call_getter(thread, frame, property);
    } else if (Attributes* attributes = shaped(heap, object); attributes && !is_data_descriptor(heap, found)) {
      if (int64_t slot = slot_of(attributes->shape, name); slot >= 0) {
        remember(cache, type, attributes, slot);
        Value value = attributes->values[slot];
        incref(value);
        return leave_on_stack(frame, value);
      }
      if (heap.has_pending()) return CallOutcome::kError;
    }
  }
  auto value = get_attribute(heap, object, name);
  if (!value.ok()) return CallOutcome::kError;
  return leave_on_stack(frame, value.take().release());
}

CallOutcome load_method(ThreadState& thread, Frame* frame, uint32_t name_index, InlineCache& cache) {
  Heap& heap = *thread.heap;
  Str* name = frame->code->names[name_index];
  Value object = frame->stack_top[-1];
  Type* type = heap.type_of(object);
  if (type == heap.type(BuiltinType::kModule)) {
    if (const Value* place = module_place(heap, static_cast<Module*>(object.as_object()), name, cache)) {
      Value value = *place;
      incref(value);
      frame->stack_top[-1] = kUnbound;
      *frame->stack_top++ = value;
      decref(object);
      return CallOutcome::kValue;
    }
  }
  if (!has_hooks(type) && !is_metaclass(type) && type != heap.type(BuiltinType::kModule) &&
      type != heap.type(BuiltinType::kSuper) && !type->behaviour.own_names) {
    Value found = lookup(type, name);
    const bool plain =
        found.is_object() &&
        (found.as_object()->type == heap.type(BuiltinType::kFunction) ||
         (found.as_object()->type == heap.type(BuiltinType::kMethodDescriptor) &&
          static_cast<MethodDescriptor*>(found.as_object())->kind == MethodDescriptor::kMethod));
    if (plain) {
      Attributes* attributes = object.is_object() ? attributes_of(object.as_object()) : nullptr;
      const bool hidden =
          attributes && !get_instance_attribute(object.as_object(), name).is_unbound();
      if (!hidden) {
        if (object.is_object() && (!attributes || attributes->shape)) {
          if (!attributes || type->attributes_offset != Type::kAttributesAtEnd) {
            cache.version = type->version;
            cache.builtins_version = 0;
            cache.shape = attributes ? attributes->shape : nullptr;
            cache.offset = type->attributes_offset;
            cache.value = found;
          }
        }
        incref(found);
        frame->stack_top[-1] = found;
        *frame->stack_top++ = object;
        return CallOutcome::kValue;
      }
    }
  }
  auto value = get_method(heap, object, name);
  if (!value.ok()) return CallOutcome::kError;
  frame->stack_top[-1] = kUnbound;
  decref(object);
  *frame->stack_top++ = value.take().release();
  return CallOutcome::kValue;
}

Result<void> store_attribute(ThreadState& thread, Frame* frame, uint32_t name_index, Value object, Value value,
                             InlineCache& cache) {
  Heap& heap = *thread.heap;
  Str* name = frame->code->names[name_index];
  Attributes* before = shaped(heap, object);
  Shape* old_shape = before ? before->shape : nullptr;
  MINI_TRY(set_attribute(heap, object, name, value));
  Type* type = heap.type_of(object);
  if (type->type_flags & Type::kHasSetAttributeHook || type->behaviour.own_names) return {};
  if (Attributes* attributes = shaped(heap, object); attributes && !is_data_descriptor(heap, lookup(type, name))) {
    if (int64_t slot = slot_of(attributes->shape, name); slot >= 0) {
      remember(cache, type, attributes, slot);
      if (old_shape && attributes->shape->parent == old_shape) {
        cache.next = attributes->shape;
        cache.shape = old_shape;
      }
    }
  }
  return {};
}

}  // namespace mini::vm
