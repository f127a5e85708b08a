// What every module written in C++ uses: filling a module, defining a type, reading arguments.
#pragma once

#include "interp/vm/native.h"
#include "runtime/object/number.h"
#include "runtime/object/visitor.h"

namespace mini::modules {

using namespace mini::vm;  // which brings the objects' names with it

inline ThreadState& thread_of(Call& call) { return vm::thread_of(call); }

/// Puts native functions into a module, under the last part of their names.
Result<void> add_functions(Machine&, Module*, std::span<const NativeDefinition> definitions);
/// Takes over `value`.
Result<void> add_value(Machine&, Module*, std::string_view name, Ref<Value> value);
Result<void> add_text(Machine&, Module*, std::string_view name, std::string_view text);
Result<void> add_integer(Machine&, Module*, std::string_view name, int64_t number);
inline Result<void> add_type(Machine& machine, Module* module, std::string_view name, BuiltinType which) {
  return add_value(machine, module, name, Ref<Value>(Ref<Type>::share(machine.heap().type(which))));
}

struct TypeDefinition {
  size_t instance_size;
  bool tracked;
  bool subclassable;
  NativeBehaviour behaviour;
  const NativeDefinition* construct;  ///< null: scripts cannot make one
  std::span<const NativeDefinition> methods;
  /// The natives that stand for operations (`__next__`, `__len__`): their errors are worded differently.
  std::span<const NativeDefinition> slots = {};
};
/// Fills one of the types that the object layer only names.
Result<void> define_type(Heap&, BuiltinType which, const TypeDefinition& definition);

/// How an iterator is iterated; and `__iter__` and `__next__` of the iterators defined in this layer.
inline Result<Ref<Value>> share_self(Heap&, Value self) { return Ref<Value>::share(self); }
Result<Ref<Value>> iterator_self(Call&);
Result<Ref<Value>> iterator_next(Call&);
#define MINI_ITERATOR_SLOTS(name)                         \
  {name ".__iter__(self, /)", ::mini::modules::iterator_self}, { \
    name ".__next__(self, /)", ::mini::modules::iterator_next \
  }

/// What `callable(value)` answers.
bool is_callable(Heap&, Value value);

/// An exception without arguments.
Raised raise_bare(Heap&, BuiltinType);

/// The self of a method, which the caller has checked.
template <class T>
T* self_of(Call& call) {
  return static_cast<T*>(call[0].as_object());
}
inline Result<Ref<Value>> none() { return unboxed(kNone); }
inline Result<Ref<Value>> text(Heap& heap, std::string_view utf8) { return widen(make_str(heap, utf8)); }

/// A str argument as UTF-8; `message` has one {} for the type of anything else.
Result<std::string> text_argument(Heap&, Value, const char* what);
/// What `if argument:` would see; `otherwise` when it was not given.
Result<bool> flag_argument(Call&, Value argument, bool otherwise);
/// Seconds (int or float) as nanoseconds, rounded away from zero as CPython's timeouts are (3.13 Python/pytime.c,
/// _PyTime_ROUND_TIMEOUT). ValueError for NaN, OverflowError beyond the clock.
Result<sched::Time> seconds_argument(Heap&, Value);
double to_seconds(sched::Time time);

}  // namespace mini::modules
