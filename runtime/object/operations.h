// What can be done with any value. Everything here works for builtin types and for classes; methods that a class
// defines are called through the heap's hook, on the C++ stack. The evaluation loop looks for such methods first and
// calls them without recursion; so what runs nested is only what a native does in the middle of its work.
#pragma once

#include "runtime/object/dict.h"
#include "runtime/object/exception.h"
#include "runtime/object/instance.h"
#include "runtime/object/native.h"
#include "runtime/object/sequence.h"
#include "runtime/object/str.h"

namespace mini::object {

/// Whether a value has the layout of a builtin type: is an instance of it or of a class derived from it.
inline bool has_kind(Value value, BuiltinType which) {
  return value.is_object() && value.as_object()->type->kind == static_cast<uint32_t>(which);
}

Result<Ref<Str>> repr(Heap&, Value);
Result<Ref<Str>> str(Heap&, Value);
/// `format(value, spec)`.
Result<Ref<Str>> format(Heap&, Value, Str* spec);
Result<Ref<Str>> ascii_repr(Heap&, Value);
Result<int64_t> hash(Heap&, Value);
Result<bool> truth(Heap&, Value);
Result<int64_t> length(Heap&, Value);
/// How many items there may be: `len()`, else `__length_hint__()`, else `otherwise` (PyObject_LengthHint, CPython 3.13
/// Objects/abstract.c).
Result<int64_t> length_hint(Heap&, Value, int64_t otherwise);
Result<Ref<Value>> compare(Heap&, CompareOp, Value, Value);
/// `is` or `==`, as containers compare.
Result<bool> equal(Heap&, Value, Value);
Result<bool> less(Heap&, Value, Value);
Result<Ref<Value>> binary(Heap&, BinaryOp, Value, Value);
Result<Ref<Value>> in_place(Heap&, BinaryOp, Value, Value);
/// What comes after the method of the left operand, asked first, has answered NotImplemented.
Result<Ref<Value>> binary_declined(Heap&, BinaryOp, Value, Value, bool in_place);
Result<Ref<Value>> compare_declined(Heap&, CompareOp, Value, Value);
Result<Ref<Value>> unary(Heap&, UnaryOp, Value);
Result<Ref<Value>> get_item(Heap&, Value, Value key);
Result<void> set_item(Heap&, Value, Value key, Value item);
Result<void> delete_item(Heap&, Value, Value key);
Result<bool> contains(Heap&, Value container, Value item);
Result<Ref<Value>> iterate(Heap&, Value);
/// The next item or kUnbound at the end; `next_of_any` where a script's method may tell.
Result<Ref<Value>> next_of_any(Heap&, Value iterator);
inline Result<Ref<Value>> next(Heap& heap, Value iterator) {
  const Type* type = heap.type_of(iterator);
  const bool is_native = type->behaviour.next && !(type->type_flags & Type::kHasScriptMethods);
  return is_native ? type->behaviour.next(heap, iterator) : next_of_any(heap, iterator);
}
Result<Ref<Value>> call(Heap&, Value function, const Value* arguments, uint32_t count);
Result<Ref<Value>> call_method(Heap&, Value self, Str* name, const Value* arguments, uint32_t count);

/// Attribute of a value by the rules of object.__getattribute__; properties and `__getattr__` run nested.
Result<Ref<Value>> get_attribute(Heap&, Value, Str* name);
/// The same for a call of what is found. As in CPython, an AttributeError that a property raises is not told then what
/// was looked up (3.13 Objects/object.c, _PyObject_GetMethod).
Result<Ref<Value>> get_method(Heap&, Value, Str* name);
/// The same as get_attribute(), kUnbound instead of an AttributeError.
Result<Ref<Value>> find_attribute(Heap&, Value, Str* name);
/// The attribute of a type or its bases, no binding, borrowed; kUnbound if absent.
Value lookup(Type*, Str* name);
/// The names that `dir()` sorts: the object's own, its class's and the bases'.
Result<Ref<List>> attribute_names(Heap&, Value);
/// A method that a class statement gives for an operation, borrowed; kUnbound if it leaves the builtin base's own.
inline Value script_method(Heap& heap, Type* type, Name which) {
  if (!(type->type_flags & Type::kHasScriptMethods)) return kUnbound;
  Value found = lookup(type, heap.name(which));
  const bool native = found.is_object() &&
                      found.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kMethodDescriptor);
  return native && found == lookup(builtin_base(type), heap.name(which)) ? kUnbound : found;
}
/// Calls what `script_method` found, bound to `self` as a special method is.
Result<Ref<Value>> call_special(Heap&, Value method, Value self, const Value* arguments = nullptr,
                                uint32_t count = 0);

const char* symbol(BinaryOp);
const char* symbol(CompareOp);
Name method_name(BinaryOp);
Name reflected_name(BinaryOp);
Name in_place_name(BinaryOp);
Name method_name(CompareOp);
CompareOp swapped(CompareOp);

/// `TypeError: unsupported operand type(s) for +: 'int' and 'str'`
Raised raise_unsupported(Heap&, BinaryOp, Value, Value, bool in_place = false);
Raised raise_unordered(Heap&, CompareOp, Value, Value);

/// The name of a value's type, for error texts.
std::string type_name(Heap&, Value);

/// Numbers: a small int unboxed, a large one with limbs of its own.
Result<Ref<Value>> make_int(Heap&, int64_t);
Result<Ref<Value>> make_float(Heap&, double);
/// Any int (bool and subclasses included) that fits; raises OverflowError naming `what` otherwise, TypeError if no int.
Result<int64_t> to_int64(Heap&, Value, const char* what = "int");
Result<double> to_double(Heap&, Value);
bool is_integer(Heap&, Value);
/// Whether a value can stand for an int: an int, or one with `__index__`.
bool is_index(Heap&, Value);
bool is_float_object(Heap&, Value);

/// The metaclass of a class with these bases: the most derived one of `given` and theirs; TypeError if there is none.
Result<Type*> metaclass_for(Heap&, Type* given, Tuple* bases);
/// What a class statement makes, an instance of `metaclass` (null: `type`). Runs no script code; takes `__qualname__` and
/// `__classcell__` out of `attributes`.
Result<Ref<Type>> make_type(Heap&, Str* name, Tuple* bases, Ref<Dict> attributes, Type* metaclass = nullptr);
/// Calls `__set_name__` of the attributes of a new class, then `__init_subclass__` of its bases with the keywords of the
/// class statement (may be null), nested.
Result<void> announce_type(Heap&, Type*, Dict* keywords = nullptr);
/// `kUnbound` deletes.
Result<void> set_type_attribute(Heap&, Type*, Str* name, Value value);

}  // namespace mini::object
