// `from __future__ import`: what it switches on, and the rules of where it may stand.
#pragma once

#include <string>

#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"

namespace mini::compile {

struct FutureFeatures {
  bool annotations = false;  ///< Annotations are not evaluated, their text is stored.
  uint32_t last_line = 0;    ///< Of the imports at the beginning; one further down is an error.
};

/// Source: CPython 3.13, Python/future.c.
FutureFeatures find_future_features(const ast::Module& module, Diagnostics& diagnostics);

/// An annotation that is not evaluated, as CPython writes it anew from the syntax tree
/// (Python/ast_unparse.c): names, attributes, subscripts, displays, constants and `|`; for all else the text
/// of the source.
std::string annotation_text(const ast::Expression& annotation, const SourceFile& source);

}  // namespace mini::compile
