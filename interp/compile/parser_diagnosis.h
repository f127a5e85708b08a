// Works out what CPython 3.13 would say about a program that the parser could not read.
#pragma once

#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"
#include "interp/compile/layout.h"

namespace mini::compile {

/// Where the parser stopped, for want of anything better: at a token, or at what is no token.
struct Stop {
  Token at;
  const LexicalError* error = nullptr;  ///< Null if the token is one.
};

/// Reports the error in the statement that begins at `offset`, on `line`, at top level.
void diagnose(const SourceFile& source, ast::Mode mode, uint32_t offset, uint32_t line, const Stop& stop,
              Diagnostics& diagnostics);

}  // namespace mini::compile
