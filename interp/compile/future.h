// `from __future__ import`: what it switches on, and the rules of where it may stand.
#pragma once

#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"

namespace mini::compile {

struct FutureFeatures {
  bool annotations = false;  ///< Annotations are not evaluated, their text is stored.
  uint32_t last_line = 0;    ///< Of the imports at the beginning; one further down is an error.
};

/// Source: CPython 3.13, Python/future.c.
FutureFeatures find_future_features(const ast::Module& module, Diagnostics& diagnostics);

}  // namespace mini::compile
