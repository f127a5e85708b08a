// A syntax tree as text, in the format that tests/unit/compile/ast_dump.py writes for CPython's: to compare
// the two.
#pragma once

#include <string>

#include "interp/compile/ast.h"

namespace mini::compile {

/// `(Kind@line:column-line:column field …)`; lists in brackets, `-` for what is absent.
std::string dump(const ast::Module& module);

}  // namespace mini::compile
