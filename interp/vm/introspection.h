#pragma once

#include "interp/vm/code_object.h"

namespace mini::vm {

/// `f.__code__.co_names`, `frame.f_lineno`, `generator.gi_running` and their like; functions that bind themselves.
Result<void> define_introspection(Heap&);

}  // namespace mini::vm
