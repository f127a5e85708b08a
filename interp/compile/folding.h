// Constant folding on the syntax tree.
#pragma once

#include "interp/compile/arena.h"
#include "interp/compile/ast.h"
#include "interp/compile/future.h"

namespace mini::compile {

/// Replaces what can be computed already, with CPython 3.9's rules and limits of size (Python/ast_opt.c):
/// operators on constants, tuples of constants, subscripts of constants, `not a in b`, lists and sets after
/// `in`, `__debug__`. What would raise an exception stays as it is.
void fold_constants(ast::Module& module, const FutureFeatures& future, Arena& arena);

/// `left op right`, `op operand` and `value[index]` as new nodes at `range`; null where nothing can be
/// folded.
ast::Constant* fold_binary(ast::BinaryOperator op, const ast::Constant& left, const ast::Constant& right,
                           const ast::Range& range, Arena& arena);
ast::Constant* fold_unary(ast::UnaryOperator op, const ast::Constant& operand, const ast::Range& range,
                          Arena& arena);
ast::Constant* fold_subscript(const ast::Constant& value, const ast::Constant& index, const ast::Range& range,
                              Arena& arena);

}  // namespace mini::compile
