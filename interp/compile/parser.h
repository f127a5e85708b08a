// Source text to syntax tree: the front half of the compiler as the other half sees it.
#pragma once

#include "interp/compile/arena.h"
#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"

namespace mini::compile {

/// Bound of `Expression::depth` and of a chain of `elif`: passes over the tree may recurse. Sized for frames
/// of 1 KiB on a stack of 8 MiB, which the parser itself also assumes (a smaller stack needs a smaller
/// bound). CPython 3.13 gives up at about 10,000 (`1 + 1 + …`) or 4,000 (`- - …`), with the same two errors:
/// RecursionError for what grows to the left, MemoryError for what grows to the right.
inline constexpr uint32_t kMaxDepth = 3000;

/// Parses `source`; the tree lives as long as `arena`. Null after an error, which is then in `diagnostics`;
/// for the prompt, `diagnostics.incomplete()` says that more lines could complete the text (in kInteractive
/// mode a compound statement is complete only when an empty line follows it). An exhausted arena is a
/// MemoryError.
ast::Module* parse(const SourceFile& source, ast::Mode mode, Arena& arena, Diagnostics& diagnostics);

}  // namespace mini::compile
