// Second pass of the symbol table: decides what each name is.
#pragma once

#include "interp/compile/diagnostics.h"
#include "interp/compile/symbols.h"

namespace mini::compile {

/// Fills in the bindings of `module` and all scopes in it, adds the names that a block only passes on to an
/// inner one, and finds the classes that need a cell for `__class__`.
void analyze_symbols(Scope& module, Diagnostics& diagnostics);

}  // namespace mini::compile
