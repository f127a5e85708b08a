// Works out what CPython 3.13 would say about a program that the parser could not read.
#pragma once

#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"
#include "interp/compile/lexer.h"

namespace mini::compile {

/// Reports the error in the statement that begins at `offset`, on `line`, at top level; `stopped_at` is the
/// token where the parser stopped, for want of anything better.
void diagnose(const SourceFile& source, ast::Mode mode, uint32_t offset, uint32_t line,
              const Token& stopped_at, Diagnostics& diagnostics);

}  // namespace mini::compile
