// The abstract syntax tree: CPython 3.13's `ast` module, node for node, for the subset that mini accepts.
// Plain structs in an Arena. Passes switch on `kind`; there are no virtual functions, and a pass may replace
// a node by writing through the `Expression*` that leads to it.
#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <string_view>

namespace mini::compile::ast {

/// Where a node stands. Lines count from 1; columns from 0, in bytes of UTF-8, as `ast` counts. The end is
/// exclusive.
struct Range {
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t end_line = 0;
  uint32_t end_column = 0;
};

enum class ExpressionKind : uint8_t {
  kBoolOp,
  kNamedExpr,
  kBinOp,
  kUnaryOp,
  kLambda,
  kIfExp,
  kDict,
  kSet,
  kListComp,
  kSetComp,
  kDictComp,
  kGeneratorExp,
  kYield,
  kYieldFrom,
  kCompare,
  kCall,
  kFormattedValue,
  kJoinedStr,
  kConstant,
  kAttribute,
  kSubscript,
  kStarred,
  kName,
  kList,
  kTuple,
  kSlice,
};

enum class StatementKind : uint8_t {
  kFunctionDef,
  kClassDef,
  kReturn,
  kDelete,
  kAssign,
  kAugAssign,
  kAnnAssign,
  kFor,
  kWhile,
  kIf,
  kWith,
  kRaise,
  kTry,
  kAssert,
  kImport,
  kImportFrom,
  kGlobal,
  kNonlocal,
  kExpr,
  kPass,
  kBreak,
  kContinue,
};

enum class Context : uint8_t { kLoad, kStore, kDel };
enum class BoolOperator : uint8_t { kAnd, kOr };
enum class UnaryOperator : uint8_t { kInvert, kNot, kUAdd, kUSub };
enum class BinaryOperator : uint8_t {
  kAdd,
  kSub,
  kMult,
  kMatMult,
  kDiv,
  kMod,
  kPow,
  kLShift,
  kRShift,
  kBitOr,
  kBitXor,
  kBitAnd,
  kFloorDiv,
};
enum class CompareOperator : uint8_t { kEq, kNotEq, kLt, kLtE, kGt, kGtE, kIs, kIsNot, kIn, kNotIn };

struct Expression {
  ExpressionKind kind;
  uint16_t depth = 1;  ///< Of the tree below, itself included; at most kMaxDepth (parser.h).
  Range range;
};

struct Statement {
  StatementKind kind;
  Range range;
};

using Expressions = std::span<Expression*>;
using Statements = std::span<Statement*>;
using Names = std::span<std::string_view>;

/// Ties a node's struct to its tag, for `as` and `dynamic`.
template <ExpressionKind K>
struct ExpressionOf : Expression {
  static constexpr ExpressionKind kKind = K;
  explicit ExpressionOf(Range where) : Expression{K, 1, where} {}
};
template <StatementKind K>
struct StatementOf : Statement {
  static constexpr StatementKind kKind = K;
  explicit StatementOf(Range where) : Statement{K, where} {}
};

/// The node as what its kind says it is.
template <class Node, class Base>
Node* as(Base* node) {
  assert(node->kind == Node::kKind);
  return static_cast<Node*>(node);
}
template <class Node, class Base>
const Node* as(const Base* node) {
  assert(node->kind == Node::kKind);
  return static_cast<const Node*>(node);
}
/// The node as a Node, or null if it is of another kind (or null itself).
template <class Node, class Base>
Node* dynamic(Base* node) {
  return node && node->kind == Node::kKind ? static_cast<Node*>(node) : nullptr;
}
template <class Node, class Base>
const Node* dynamic(const Base* node) {
  return node && node->kind == Node::kKind ? static_cast<const Node*>(node) : nullptr;
}

// Parts of nodes that are neither an expression nor a statement.

struct Argument {
  Range range;
  std::string_view name;
  Expression* annotation = nullptr;
};

struct Arguments {
  std::span<Argument> posonlyargs;
  std::span<Argument> args;
  Argument* vararg = nullptr;
  std::span<Argument> kwonlyargs;
  Expressions kw_defaults;  ///< As long as kwonlyargs; null where there is no default.
  Argument* kwarg = nullptr;
  Expressions defaults;  ///< Of the last of posonlyargs + args.
};

struct Keyword {
  Range range;
  std::string_view name;  ///< Empty for `**value`.
  Expression* value = nullptr;
};

struct Alias {
  Range range;
  std::string_view name;    ///< With its dots; "*" for `import *`.
  std::string_view asname;  ///< Empty if there is none.
};

struct WithItem {
  Expression* context_expr = nullptr;
  Expression* optional_vars = nullptr;  ///< May be null.
};

struct ExceptHandler {
  Range range;
  Expression* type = nullptr;  ///< Null for a bare `except:`.
  std::string_view name;       ///< Empty if there is none.
  Statements body;
};

struct Comprehension {
  Expression* target = nullptr;
  Expression* iter = nullptr;
  Expressions ifs;
};

// Expressions.

struct BoolOp : ExpressionOf<ExpressionKind::kBoolOp> {
  using ExpressionOf::ExpressionOf;
  BoolOperator op = BoolOperator::kAnd;
  Expressions values;  ///< Two or more: `a and b and c` is one node.
};

struct NamedExpr : ExpressionOf<ExpressionKind::kNamedExpr> {
  using ExpressionOf::ExpressionOf;
  Expression* target = nullptr;  ///< A Name.
  Expression* value = nullptr;
};

/// A chain such as `1 + 1 + 1 + …` is deep on the left; the parser bounds the depth (see kMaxDepth,
/// parser.h).
struct BinOp : ExpressionOf<ExpressionKind::kBinOp> {
  using ExpressionOf::ExpressionOf;
  BinaryOperator op = BinaryOperator::kAdd;
  Expression* left = nullptr;
  Expression* right = nullptr;
};

struct UnaryOp : ExpressionOf<ExpressionKind::kUnaryOp> {
  using ExpressionOf::ExpressionOf;
  UnaryOperator op = UnaryOperator::kNot;
  Expression* operand = nullptr;
};

struct Lambda : ExpressionOf<ExpressionKind::kLambda> {
  using ExpressionOf::ExpressionOf;
  Arguments* args = nullptr;
  Expression* body = nullptr;
};

struct IfExp : ExpressionOf<ExpressionKind::kIfExp> {
  using ExpressionOf::ExpressionOf;
  Expression* test = nullptr;
  Expression* body = nullptr;
  Expression* orelse = nullptr;
};

struct Dict : ExpressionOf<ExpressionKind::kDict> {
  using ExpressionOf::ExpressionOf;
  Expressions keys;  ///< Null for `**value`.
  Expressions values;
};

struct Set : ExpressionOf<ExpressionKind::kSet> {
  using ExpressionOf::ExpressionOf;
  Expressions elts;
};

struct ListComp : ExpressionOf<ExpressionKind::kListComp> {
  using ExpressionOf::ExpressionOf;
  Expression* elt = nullptr;
  std::span<Comprehension> generators;
};

struct SetComp : ExpressionOf<ExpressionKind::kSetComp> {
  using ExpressionOf::ExpressionOf;
  Expression* elt = nullptr;
  std::span<Comprehension> generators;
};

struct DictComp : ExpressionOf<ExpressionKind::kDictComp> {
  using ExpressionOf::ExpressionOf;
  Expression* key = nullptr;
  Expression* value = nullptr;
  std::span<Comprehension> generators;
};

struct GeneratorExp : ExpressionOf<ExpressionKind::kGeneratorExp> {
  using ExpressionOf::ExpressionOf;
  Expression* elt = nullptr;
  std::span<Comprehension> generators;
};

struct Yield : ExpressionOf<ExpressionKind::kYield> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;  ///< May be null.
};

struct YieldFrom : ExpressionOf<ExpressionKind::kYieldFrom> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;
};

struct Compare : ExpressionOf<ExpressionKind::kCompare> {
  using ExpressionOf::ExpressionOf;
  Expression* left = nullptr;
  std::span<CompareOperator> ops;
  Expressions comparators;  ///< As long as ops.
};

struct Call : ExpressionOf<ExpressionKind::kCall> {
  using ExpressionOf::ExpressionOf;
  Expression* func = nullptr;
  Expressions args;  ///< A Starred among them is `*args`.
  std::span<Keyword> keywords;
};

struct FormattedValue : ExpressionOf<ExpressionKind::kFormattedValue> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;
  char conversion = 0;                ///< 's', 'r', 'a', or 0.
  Expression* format_spec = nullptr;  ///< A JoinedStr, or null.
  uint32_t string_line = 0;           ///< Where the one string begins that it stands in, among those side by side.
};

struct JoinedStr : ExpressionOf<ExpressionKind::kJoinedStr> {
  using ExpressionOf::ExpressionOf;
  Expressions values;  ///< Each a Constant string or a FormattedValue.
};

enum class ConstantKind : uint8_t {
  kNone,
  kTrue,
  kFalse,
  kEllipsis,
  kInteger,
  kBigInteger,  ///< An integer that does not fit in 64 bits.
  kFloat,
  kString,
  kBytes,
  kTuple,      ///< Made by constant folding only.
  kFrozenSet,  ///< Made by constant folding only.
};

struct Constant : ExpressionOf<ExpressionKind::kConstant> {
  using ExpressionOf::ExpressionOf;
  ConstantKind constant = ConstantKind::kNone;
  uint8_t base = 10;      ///< kBigInteger: 2, 8, 10 or 16.
  int64_t integer = 0;    ///< kInteger.
  double floating = 0.0;  ///< kFloat.
  /// kString: UTF-8, lone surrogates from escapes as their three bytes (WTF-8). kBytes: the bytes.
  /// kBigInteger: the digits alone, without prefix or underscores; a literal has no sign.
  std::string_view text;
  std::span<Constant*> elements;  ///< kTuple, kFrozenSet.
};

struct Attribute : ExpressionOf<ExpressionKind::kAttribute> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;
  std::string_view attr;
  Context ctx = Context::kLoad;
};

struct Subscript : ExpressionOf<ExpressionKind::kSubscript> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;
  Expression* slice = nullptr;  ///< Any expression, a Slice, or a Tuple with Slices in it.
  Context ctx = Context::kLoad;
};

struct Starred : ExpressionOf<ExpressionKind::kStarred> {
  using ExpressionOf::ExpressionOf;
  Expression* value = nullptr;
  Context ctx = Context::kLoad;
};

struct Name : ExpressionOf<ExpressionKind::kName> {
  using ExpressionOf::ExpressionOf;
  std::string_view id;
  Context ctx = Context::kLoad;
};

struct List : ExpressionOf<ExpressionKind::kList> {
  using ExpressionOf::ExpressionOf;
  Expressions elts;
  Context ctx = Context::kLoad;
};

struct Tuple : ExpressionOf<ExpressionKind::kTuple> {
  using ExpressionOf::ExpressionOf;
  Expressions elts;
  Context ctx = Context::kLoad;
};

struct Slice : ExpressionOf<ExpressionKind::kSlice> {
  using ExpressionOf::ExpressionOf;
  Expression* lower = nullptr;  ///< Each of the three may be null.
  Expression* upper = nullptr;
  Expression* step = nullptr;
};

// Statements.

struct FunctionDef : StatementOf<StatementKind::kFunctionDef> {
  using StatementOf::StatementOf;
  std::string_view name;
  Arguments* args = nullptr;
  Statements body;
  Expressions decorator_list;
  Expression* returns = nullptr;  ///< May be null.
};

struct ClassDef : StatementOf<StatementKind::kClassDef> {
  using StatementOf::StatementOf;
  std::string_view name;
  Expressions bases;
  std::span<Keyword> keywords;
  Statements body;
  Expressions decorator_list;
};

struct Return : StatementOf<StatementKind::kReturn> {
  using StatementOf::StatementOf;
  Expression* value = nullptr;  ///< May be null.
};

struct Delete : StatementOf<StatementKind::kDelete> {
  using StatementOf::StatementOf;
  Expressions targets;
};

struct Assign : StatementOf<StatementKind::kAssign> {
  using StatementOf::StatementOf;
  Expressions targets;  ///< Two for `a = b = value`.
  Expression* value = nullptr;
};

struct AugAssign : StatementOf<StatementKind::kAugAssign> {
  using StatementOf::StatementOf;
  Expression* target = nullptr;
  BinaryOperator op = BinaryOperator::kAdd;
  Expression* value = nullptr;
};

struct AnnAssign : StatementOf<StatementKind::kAnnAssign> {
  using StatementOf::StatementOf;
  Expression* target = nullptr;
  Expression* annotation = nullptr;
  Expression* value = nullptr;  ///< May be null.
  bool simple = false;          ///< The target is a name that stands without parentheses.
};

struct For : StatementOf<StatementKind::kFor> {
  using StatementOf::StatementOf;
  Expression* target = nullptr;
  Expression* iter = nullptr;
  Statements body;
  Statements orelse;
};

struct While : StatementOf<StatementKind::kWhile> {
  using StatementOf::StatementOf;
  Expression* test = nullptr;
  Statements body;
  Statements orelse;
};

struct If : StatementOf<StatementKind::kIf> {
  using StatementOf::StatementOf;
  Expression* test = nullptr;
  Statements body;
  Statements orelse;  ///< One If for `elif`.
};

struct With : StatementOf<StatementKind::kWith> {
  using StatementOf::StatementOf;
  std::span<WithItem> items;
  Statements body;
};

struct Raise : StatementOf<StatementKind::kRaise> {
  using StatementOf::StatementOf;
  Expression* exc = nullptr;    ///< May be null.
  Expression* cause = nullptr;  ///< May be null.
};

struct Try : StatementOf<StatementKind::kTry> {
  using StatementOf::StatementOf;
  Statements body;
  std::span<ExceptHandler> handlers;
  Statements orelse;
  Statements finalbody;
};

struct Assert : StatementOf<StatementKind::kAssert> {
  using StatementOf::StatementOf;
  Expression* test = nullptr;
  Expression* msg = nullptr;  ///< May be null.
};

struct Import : StatementOf<StatementKind::kImport> {
  using StatementOf::StatementOf;
  std::span<Alias> names;
};

struct ImportFrom : StatementOf<StatementKind::kImportFrom> {
  using StatementOf::StatementOf;
  std::string_view module;  ///< Empty for `from . import name`.
  std::span<Alias> names;
  uint32_t level = 0;  ///< Leading dots.
};

struct Global : StatementOf<StatementKind::kGlobal> {
  using StatementOf::StatementOf;
  Names names;
};

struct Nonlocal : StatementOf<StatementKind::kNonlocal> {
  using StatementOf::StatementOf;
  Names names;
};

struct Expr : StatementOf<StatementKind::kExpr> {
  using StatementOf::StatementOf;
  Expression* value = nullptr;
};

struct Pass : StatementOf<StatementKind::kPass> {
  using StatementOf::StatementOf;
};
struct Break : StatementOf<StatementKind::kBreak> {
  using StatementOf::StatementOf;
};
struct Continue : StatementOf<StatementKind::kContinue> {
  using StatementOf::StatementOf;
};

/// What is parsed: a file (or `exec` text), one statement at the prompt, or one expression.
enum class Mode : uint8_t { kFile, kInteractive, kEval };

/// The root. In kEval mode the body is one Expr.
struct Module {
  Mode mode = Mode::kFile;
  Statements body;
};

}  // namespace mini::compile::ast
