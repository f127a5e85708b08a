// Exceptions and the pieces of a traceback.
#pragma once

#include "runtime/object/dict.h"
#include "runtime/object/sequence.h"

namespace mini::object {

/// One line of a traceback. `frame` is the machine's frame object (kept alive, with its locals, as in CPython).
struct Traceback : Tracked {
  Traceback* next;      ///< towards the place of the raise
  Object* frame;
  uint32_t instruction; ///< index of the instruction, for line and columns
};

struct Exception : Tracked {
  Tuple* args;
  Traceback* traceback;
  Exception* context;
  Exception* cause;
  uint32_t suppress_context;
  uint32_t reserved;
  /// What some exceptions hold beside, kUnbound where there is nothing: StopIteration.value, SystemExit.code; the
  /// name of a NameError or AttributeError (first) and its object (second); name, path, msg and name_from of an
  /// ImportError; errno, strerror, filename, filename2 of an OSError; msg, filename, lineno, offset, text, end_lineno,
  /// end_offset of a SyntaxError; encoding, object, start, end, reason of a Unicode error.
  Value details[7];
  Attributes attributes;
};

/// `type(*args)` without running script code (for classes without an `__init__` of their own).
Result<Ref<Exception>> make_exception(Heap&, Type*, Ref<Tuple> args);
inline Exception* as_exception(Value value) {
  return value.is_object() && (value.as_object()->type->type_flags & Type::kException)
             ? static_cast<Exception*>(value.as_object())
             : nullptr;
}
/// Sets `__context__`, breaking a cycle that this would close (as _PyErr_SetObject, 3.13 Python/errors.c).
void set_context(Exception* exception, Exception* context);

/// Raises OSError or its subclass for `error_number`, with the file's name if there is one.
Raised raise_os_error(Heap&, int error_number, std::string_view filename = {});
/// NameError with `name` set, or UnboundLocalError, where CPython leaves it None.
Raised raise_name_error(Heap&, BuiltinType, Str* name, std::string_view message);
Raised raise_attribute_error(Heap&, Value object, Str* name);
/// AttributeError: `name` cannot be added to an object that has no `__dict__`.
Raised raise_no_room(Heap&, Value object, Str* name);
/// An AttributeError that a script raised while `name` of `object` was looked up gets these as its `name` and `obj`, unless
/// it has its own (CPython 3.13 Objects/object.c, _PyObject_SetAttributeErrorContext). Other exceptions stay as they are.
void complete_attribute_error(Heap&, Exception*, Value object, Str* name);
/// The same of the pending exception.
void complete_attribute_error(Heap&, Value object, Str* name);

void define_exception_types(Heap&);
Result<void> define_exception_methods(Heap&);

}  // namespace mini::object
