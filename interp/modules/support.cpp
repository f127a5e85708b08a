// Filling modules and types.
#include "interp/modules/support.h"

#include <cmath>

#include "runtime/object/type_internal.h"

namespace mini::modules {

Result<void> add_value(Machine& machine, Module* module, std::string_view name, Ref<Value> value) {
  Heap& heap = machine.heap();
  Ref<Str> key = MINI_TRY(heap.intern(name));
  return set_name(heap, module->dict, key.get(), value);
}

Result<void> add_text(Machine& machine, Module* module, std::string_view name, std::string_view text) {
  return add_value(machine, module, name, MINI_TRY(make_str(machine.heap(), text)));
}

Result<void> add_integer(Machine& machine, Module* module, std::string_view name, int64_t number) {
  return add_value(machine, module, name, MINI_TRY(make_int(machine.heap(), number)));
}

Result<void> add_functions(Machine& machine, Module* module, std::span<const NativeDefinition> definitions) {
  for (const NativeDefinition& definition : definitions) {
    std::string_view name = definition.signature.name;
    name.remove_prefix(name.rfind('.') + 1);  // npos + 1 is 0
    Ref<NativeObject> native = MINI_TRY(make_native(machine.heap(), definition, kUnbound, module->name));
    MINI_TRY(add_value(machine, module, name, std::move(native)));
  }
  return {};
}

Result<void> define_type(Heap& heap, BuiltinType which, const TypeDefinition& definition) {
  Type* type = heap.type(which);
  type->behaviour = definition.behaviour;
  inherit_behaviour(type->behaviour, type->base->behaviour);
  type->instance_size = static_cast<uint32_t>(definition.instance_size);
  if (definition.tracked) type->type_flags |= Type::kTracked;
  if (definition.subclassable) type->type_flags |= Type::kSubclassable;
  type->construct = definition.construct;
  type->version = heap.next_type_version();
  MINI_TRY(add_methods(heap, type, definition.methods.data(), definition.methods.size()));
  return add_methods(heap, type, definition.slots.data(), definition.slots.size(), MethodDescriptor::kSlotMethod);
}

Raised raise_bare(Heap& heap, BuiltinType which) {
  Ref<Tuple> no_arguments = MINI_TRY(make_tuple(heap, 0));
  Ref<Exception> exception =
      MINI_TRY(make_exception(heap, heap.type(which), std::move(no_arguments)));
  return heap.raise_object(std::move(exception));
}

Result<Ref<Value>> iterator_self(Call& call) { return Ref<Value>::share(call[0]); }

Result<Ref<Value>> iterator_next(Call& call) {
  // The builtin type's own way: a class that derives from it may have called this from its __next__.
  Ref<Value> item = MINI_TRY(call.heap.type_of(call[0])->behaviour.next(call.heap, call[0]));
  if (item.get().is_unbound()) return raise_bare(call.heap, BuiltinType::kStopIteration);
  return item;
}

Result<std::string> text_argument(Heap& heap, Value value, const char* what) {
  if (Str* text = as_str(heap, value)) return to_utf8(text);
  return heap.raise(BuiltinType::kTypeError, "{} must be str, not {}", what, type_name(heap, value));
}

Result<bool> flag_argument(Call& call, Value argument, bool otherwise) {
  if (argument.is_unbound()) return otherwise;
  return truth(call.heap, argument);
}

double to_seconds(sched::Time time) { return static_cast<double>(time) / 1e9; }

Result<sched::Time> seconds_argument(Heap& heap, Value value) {
  constexpr double kLimit = 9223372036854775808.0;
  if (is_any_float(value)) {
    const double seconds = float_of(value);
    if (std::isnan(seconds)) return heap.raise_text(BuiltinType::kValueError, "Invalid value NaN (not a number)");
    const double nanoseconds = seconds * 1e9;
    const double rounded = nanoseconds < 0 ? std::floor(nanoseconds) : std::ceil(nanoseconds);
    if (!(rounded >= -kLimit && rounded < kLimit))
      return heap.raise_text(BuiltinType::kOverflowError, "timestamp out of range for platform time_t");
    return static_cast<sched::Time>(rounded);
  }
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  const base::Integer nanoseconds = integer_of(index) * base::Integer(sched::kSecond);
  if (!nanoseconds.fits_int64())
    return heap.raise_text(BuiltinType::kOverflowError, "timestamp too large to convert to C PyTime_t");
  return nanoseconds.to_int64();
}

}  // namespace mini::modules
