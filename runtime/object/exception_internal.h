// What the files about exceptions share.
#pragma once

#include <functional>

#include "runtime/object/exception.h"

namespace mini::object {

inline Exception* exception_of(Value value) { return static_cast<Exception*>(value.as_object()); }

/// What BaseException.__init__ and its overriders in builtin classes do. `keywords` may be null.
Result<void> initialise_exception(Heap&, Exception*, Ref<Tuple> args, Dict* keywords);
Result<Ref<Exception>> make_exception(Heap&, Type*, Ref<Tuple> args, Dict* keywords);

/// Gives the pending exception a note (`__notes__`), which is made while it is set aside.
void add_note_to_pending(Heap&, const std::function<Result<Ref<Str>>(Heap&)>& make_note);

/// `__str__` and `__repr__` of all kinds.
void define_exception_texts(Heap&);
void define_traceback_type(Heap&);

}  // namespace mini::object
