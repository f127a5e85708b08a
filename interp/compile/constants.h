// Constants on their way from the syntax tree into code objects.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "interp/bytecode/code.h"
#include "interp/compile/ast.h"

namespace mini::compile {

bytecode::Literal to_literal(const ast::Constant& constant);
inline bytecode::Literal string_literal(std::string_view text) {
  return {bytecode::StringLiteral{std::string(text)}};
}
bytecode::Literal tuple_of_names(const std::vector<std::string_view>& names);
/// A frozenset of the constants, the first of equal ones kept; all of them are hashable.
bytecode::Literal frozen_set(const std::vector<const ast::Constant*>& constants);

/// Truth in the sense of `if`.
bool is_true(const ast::Constant& constant);
bool is_true(const bytecode::Literal& literal);

/// The constants of one code object, each held once (CPython: merge_consts_recursive, `co_consts` keys).
class ConstantTable {
 public:
  uint32_t add(bytecode::Literal literal);
  /// At the end, even if there is an equal one, as CPython's peephole optimizer does.
  uint32_t append(bytecode::Literal literal);
  const bytecode::Literal& operator[](uint32_t index) const { return literals_[index]; }
  std::vector<bytecode::Literal> take() { return std::move(literals_); }

 private:
  std::vector<bytecode::Literal> literals_;
  std::unordered_map<std::string, uint32_t> index_;  ///< By an encoding that only equal constants share.
};

}  // namespace mini::compile
