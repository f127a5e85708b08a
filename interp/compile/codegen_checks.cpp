// Warnings and errors about expressions that can never be right.
// Source: CPython 3.13, Python/compile.c (check_compare, check_caller, check_subscripter, check_index,
// validate_keywords).
#include "interp/compile/codegen.h"

#include <unordered_set>

namespace mini::compile {

using namespace ast;

namespace {

/// The type's name of what the expression certainly evaluates to; empty if that is not known.
std::string_view certain_type(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::kTuple:
      return "tuple";
    case ExpressionKind::kList:
    case ExpressionKind::kListComp:
      return "list";
    case ExpressionKind::kDict:
    case ExpressionKind::kDictComp:
      return "dict";
    case ExpressionKind::kSet:
    case ExpressionKind::kSetComp:
      return "set";
    case ExpressionKind::kGeneratorExp:
      return "generator";
    case ExpressionKind::kLambda:
      return "function";
    case ExpressionKind::kJoinedStr:
    case ExpressionKind::kFormattedValue:
      return "str";
    case ExpressionKind::kConstant:
      break;
    default:
      return "";
  }
  switch (as<Constant>(&expression)->constant) {
    case ConstantKind::kNone:
      return "NoneType";
    case ConstantKind::kTrue:
    case ConstantKind::kFalse:
      return "bool";
    case ConstantKind::kEllipsis:
      return "ellipsis";
    case ConstantKind::kInteger:
    case ConstantKind::kBigInteger:
      return "int";
    case ConstantKind::kFloat:
      return "float";
    case ConstantKind::kString:
      return "str";
    case ConstantKind::kBytes:
      return "bytes";
    case ConstantKind::kTuple:
      return "tuple";
    case ConstantKind::kFrozenSet:
      return "frozenset";
  }
  return "";
}

/// A literal that `is` should not be used with: not None, a bool or `...`.
bool is_plain_literal(const Expression& expression) {
  const auto* constant = dynamic<Constant>(&expression);
  return constant && constant->constant > ConstantKind::kEllipsis;
}

}  // namespace

void CodeGenerator::check_comparison(const Compare& node) {
  const Expression* left = node.left;
  for (size_t i = 0; i < node.ops.size(); ++i) {
    const Expression* right = node.comparators[i];
    if (node.ops[i] == CompareOperator::kIs || node.ops[i] == CompareOperator::kIsNot) {
      const Expression* literal = is_plain_literal(*left) ? left : is_plain_literal(*right) ? right : nullptr;
      const bool is = node.ops[i] == CompareOperator::kIs;
      if (literal) {
        return warn(node.range,
                    std::string(is ? "\"is\" with '" : "\"is not\" with '") +
                        std::string(certain_type(*literal)) +
                        (is ? "' literal. Did you mean \"==\"?" : "' literal. Did you mean \"!=\"?"));
      }
    }
    left = right;
  }
}

void CodeGenerator::check_callable(const Expression& function) {
  const std::string_view type = certain_type(function);
  if (type.empty() || type == "function") return;
  warn(function.range, "'" + std::string(type) + "' object is not callable; perhaps you missed a comma?");
}

void CodeGenerator::check_subscriptable(const Expression& value) {
  const std::string_view type = certain_type(value);
  for (std::string_view bad :
       {"NoneType", "bool", "ellipsis", "int", "float", "set", "frozenset", "generator", "function"}) {
    if (type == bad) {
      return warn(value.range,
                  "'" + std::string(type) + "' object is not subscriptable; perhaps you missed a comma?");
    }
  }
}

void CodeGenerator::check_index(const Subscript& node) {
  const std::string_view type = certain_type(*node.value);
  const std::string_view index = certain_type(*node.slice);
  if (index.empty() || index == "int" || index == "bool") return;
  for (std::string_view sequence : {"str", "bytes", "list", "tuple"}) {
    if (type == sequence) {
      return warn(node.range, std::string(type) + " indices must be integers or slices, not " +
                                  std::string(index) + "; perhaps you missed a comma?");
    }
  }
}

void CodeGenerator::check_keywords(std::span<Keyword> keywords) {
  std::unordered_set<std::string_view> seen;
  for (const Keyword& keyword : keywords) {
    if (keyword.name.empty()) continue;
    check_name(keyword.range, keyword.name, Context::kStore);
    if (!seen.insert(keyword.name).second) {
      error(keyword.range, "keyword argument repeated: " + std::string(keyword.name));
    }
  }
}

}  // namespace mini::compile
