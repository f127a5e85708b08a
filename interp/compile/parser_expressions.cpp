// Expressions, by recursive descent; binary operators by precedence climbing. See parser_impl.h.
#include "interp/compile/parser_impl.h"

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes
using enum TokenKind;

namespace {

struct Binary {
  int precedence = 0;  ///< From 1 (`|`) to 6 (`*`); 0 is no binary operator.
  BinaryOperator op = BinaryOperator::kAdd;
};

Binary binary_operator(TokenKind kind) {
  switch (kind) {
    case kBar:
      return {1, BinaryOperator::kBitOr};
    case kCaret:
      return {2, BinaryOperator::kBitXor};
    case kAmpersand:
      return {3, BinaryOperator::kBitAnd};
    case kLeftShift:
      return {4, BinaryOperator::kLShift};
    case kRightShift:
      return {4, BinaryOperator::kRShift};
    case kPlus:
      return {5, BinaryOperator::kAdd};
    case kMinus:
      return {5, BinaryOperator::kSub};
    case kStar:
      return {6, BinaryOperator::kMult};
    case kSlash:
      return {6, BinaryOperator::kDiv};
    case kDoubleSlash:
      return {6, BinaryOperator::kFloorDiv};
    case kPercent:
      return {6, BinaryOperator::kMod};
    case kAt:
      return {6, BinaryOperator::kMatMult};
    default:
      return {};
  }
}

}  // namespace

bool Parser::starts_expression(Kind token) const {
  switch (token) {
    case kName:
    case kNumber:
    case kString:
    case kFStringStart:
    case kLeftParen:
    case kLeftBracket:
    case kLeftBrace:
    case kMinus:
    case kPlus:
    case kTilde:
    case kNot:
    case kLambda:
    case kAwait:
    case kNone:
    case kTrue:
    case kFalse:
    case kEllipsis:
      return true;
    default:
      return false;
  }
}

bool Parser::is_bare_name(const Token& begin, const Expression* expression) {
  return begin.kind == kName && expression->kind == ExpressionKind::kName;
}

Expression* Parser::parse_star_expressions() {
  return parse_tuple_of(&Parser::parse_star_expression, true);
}

Expression* Parser::parse_expressions() {
  return parse_tuple_of(&Parser::parse_expression, false);
}

/// One element, or a tuple without brackets.
Expression* Parser::parse_tuple_of(Expression* (Parser::*parse_element)(), bool stars) {
  Token begin = peek();
  Expression* first = (this->*parse_element)();
  if (!at(kComma)) return first;
  List elements{first};
  while (accept(kComma) && (starts_expression(kind()) || (stars && at(kStar)))) {
    elements.push_back((this->*parse_element)());
  }
  auto* tuple = make<Tuple>(since(begin));
  tuple->elts = arena_.copy(elements);
  adopt(tuple, tuple->elts);
  return tuple;
}

Expression* Parser::parse_star_expression() {
  if (!at(kStar)) return parse_expression();
  Token begin = advance();
  Expression* value = parse_bitwise_or();
  auto* starred = make<Starred>(since(begin));
  starred->value = value;
  adopt(starred, value);
  return starred;
}

Expression* Parser::parse_star_named_expression() {
  return at(kStar) ? parse_star_expression() : parse_named_expression();
}

Expression* Parser::parse_annotated_rhs() {
  return at(kYield) ? parse_yield() : parse_star_expressions();
}

Expression* Parser::parse_yield() {
  Token begin = advance();
  if (accept(kFrom)) {
    Expression* value = parse_expression();
    auto* node = make<YieldFrom>(since(begin));
    node->value = value;
    adopt(node, value);
    return node;
  }
  Expression* value = starts_expression(kind()) || at(kStar) ? parse_star_expressions() : nullptr;
  auto* node = make<Yield>(since(begin));
  node->value = value;
  adopt(node, value);
  return node;
}

Expression* Parser::parse_named_expression() {
  Token begin = peek();
  Expression* target = parse_expression();
  if (!at(kColonEqual)) return target;
  if (!is_bare_name(begin, target)) return fail();
  advance();
  set_context(target, Context::kStore);
  Expression* value = parse_expression();
  auto* node = make<NamedExpr>(since(begin));
  node->target = target;
  node->value = value;
  adopt(node, value);
  return node;
}

Expression* Parser::parse_expression() {
  if (at(kLambda)) return parse_lambda();
  Token begin = peek();
  Expression* body = parse_disjunction();
  if (!at(kIf)) return body;
  Nesting nesting(*this, 3);
  advance();
  Expression* test = parse_disjunction();
  expect(kElse);
  Expression* orelse = parse_expression();
  auto* node = make<IfExp>(since(begin));
  node->test = test;
  node->body = body;
  node->orelse = orelse;
  adopt(node, test);
  adopt(node, body);
  adopt(node, orelse);
  return node;
}

Expression* Parser::parse_lambda() {
  Nesting nesting(*this, 3);
  Token begin = advance();
  Arguments* args = parse_parameters(kColon);
  expect(kColon);
  Expression* body = parse_expression();
  auto* node = make<Lambda>(since(begin));
  node->args = args;
  node->body = body;
  adopt(node, body);
  adopt(node, args->defaults);
  adopt(node, args->kw_defaults);
  return node;
}

Expression* Parser::parse_disjunction() {
  Token begin = peek();
  Expression* first = parse_conjunction();
  if (!at(kOr)) return first;
  List values{first};
  while (accept(kOr)) values.push_back(parse_conjunction());
  auto* node = make<BoolOp>(since(begin));
  node->op = BoolOperator::kOr;
  node->values = arena_.copy(values);
  adopt(node, node->values);
  return node;
}

Expression* Parser::parse_conjunction() {
  Token begin = peek();
  Expression* first = parse_inversion();
  if (!at(kAnd)) return first;
  List values{first};
  while (accept(kAnd)) values.push_back(parse_inversion());
  auto* node = make<BoolOp>(since(begin));
  node->op = BoolOperator::kAnd;
  node->values = arena_.copy(values);
  adopt(node, node->values);
  return node;
}

Expression* Parser::parse_inversion() {
  if (!at(kNot)) return parse_comparison();
  Nesting nesting(*this, 1);
  Token begin = advance();
  Expression* operand = parse_inversion();
  auto* node = make<UnaryOp>(since(begin));
  node->op = UnaryOperator::kNot;
  node->operand = operand;
  adopt(node, operand);
  return node;
}

Expression* Parser::parse_comparison() {
  Token begin = peek();
  Expression* left = parse_bitwise_or();
  std::vector<CompareOperator> ops;
  List comparators;
  for (;;) {
    CompareOperator op;
    switch (kind()) {
      case kEqualEqual:
        op = CompareOperator::kEq;
        break;
      case kNotEqual:
        op = CompareOperator::kNotEq;
        break;
      case kLess:
        op = CompareOperator::kLt;
        break;
      case kLessEqual:
        op = CompareOperator::kLtE;
        break;
      case kGreater:
        op = CompareOperator::kGt;
        break;
      case kGreaterEqual:
        op = CompareOperator::kGtE;
        break;
      case kIn:
        op = CompareOperator::kIn;
        break;
      case kIs:
        op = CompareOperator::kIs;
        break;
      case kNot:
        op = CompareOperator::kNotIn;
        break;
      default:
        if (ops.empty()) return left;
        auto* node = make<Compare>(since(begin));
        node->left = left;
        node->ops = arena_.copy(ops);
        node->comparators = arena_.copy(comparators);
        adopt(node, left);
        adopt(node, node->comparators);
        return node;
    }
    advance();
    if (op == CompareOperator::kNotIn) expect(kIn);
    if (op == CompareOperator::kIs && accept(kNot)) op = CompareOperator::kIsNot;
    ops.push_back(op);
    comparators.push_back(parse_bitwise_or());
  }
}

/// Operators of at least the precedence `lowest`, all grouping to the left: a loop, however long the chain.
Expression* Parser::parse_binary(int lowest) {
  Token begin = peek();
  Expression* left = parse_factor();
  for (;;) {
    Binary binary = binary_operator(kind());
    if (binary.precedence == 0 || binary.precedence < lowest) return left;
    advance();
    Expression* right = parse_binary(binary.precedence + 1);
    auto* node = make<BinOp>(since(begin));
    node->op = binary.op;
    node->left = left;
    node->right = right;
    adopt(node, left);
    adopt(node, right);
    left = node;
  }
}

Expression* Parser::parse_factor() {
  UnaryOperator op = UnaryOperator::kUSub;
  switch (kind()) {
    case kMinus:
      break;
    case kPlus:
      op = UnaryOperator::kUAdd;
      break;
    case kTilde:
      op = UnaryOperator::kInvert;
      break;
    default: {
      Token begin = peek();
      Expression* base = parse_primary();
      if (!at(kDoubleStar)) return base;
      Nesting nesting(*this, 1);
      advance();
      Expression* exponent = parse_factor();
      auto* node = make<BinOp>(since(begin));
      node->op = BinaryOperator::kPow;
      node->left = base;
      node->right = exponent;
      adopt(node, base);
      adopt(node, exponent);
      return node;
    }
  }
  Nesting nesting(*this, 1);
  Token begin = advance();
  Expression* operand = parse_factor();
  auto* node = make<UnaryOp>(since(begin));
  node->op = op;
  node->operand = operand;
  adopt(node, operand);
  return node;
}

Expression* Parser::parse_primary() {
  if (at(kAwait)) return refuse(peek(), "await");
  Token begin = peek();
  Expression* value = parse_atom();
  for (;;) {
    switch (kind()) {
      case kDot: {
        advance();
        std::string_view attr = expect_name();
        auto* node = make<Attribute>(since(begin));
        node->value = value;
        node->attr = attr;
        adopt(node, value);
        value = node;
        break;
      }
      case kLeftParen:
        value = parse_call(value);
        value->range = since(begin);
        break;
      case kLeftBracket:
        value = parse_subscript(value);
        value->range = since(begin);
        break;
      default:
        return value;
    }
  }
}

Expression* Parser::parse_call(Expression* callee) {
  Nesting nesting(*this, kBracketWeight);
  advance();
  CallArguments arguments = parse_call_arguments(true);
  auto* node = make<Call>({});
  node->func = callee;
  node->args = arguments.args;
  node->keywords = arguments.keywords;
  adopt(node, callee);
  adopt(node, node->args);
  for (const Keyword& keyword : node->keywords) adopt(node, keyword.value);
  return node;
}

Expression* Parser::parse_subscript(Expression* value) {
  Nesting nesting(*this, kBracketWeight);
  advance();
  Token begin = peek();
  Expression* index = at(kStar) ? parse_star_expression() : parse_slice();
  if (at(kComma) || index->kind == ExpressionKind::kStarred) {
    List elements{index};
    while (accept(kComma) && !at(kRightBracket)) {
      elements.push_back(at(kStar) ? parse_star_expression() : parse_slice());
    }
    auto* tuple = make<Tuple>(since(begin));
    tuple->elts = arena_.copy(elements);
    adopt(tuple, tuple->elts);
    index = tuple;
  }
  expect(kRightBracket);
  auto* node = make<Subscript>({});
  node->value = value;
  node->slice = index;
  adopt(node, value);
  adopt(node, index);
  return node;
}

Expression* Parser::parse_slice() {
  Token begin = peek();
  Expression* lower = at(kColon) ? nullptr : parse_named_expression();
  if (!at(kColon)) return lower;
  if (lower && lower->kind == ExpressionKind::kNamedExpr && begin.kind != kLeftParen) return fail();
  advance();
  Expression* upper = starts_expression(kind()) ? parse_expression() : nullptr;
  Expression* step = nullptr;
  if (accept(kColon)) step = starts_expression(kind()) ? parse_expression() : nullptr;
  auto* node = make<Slice>(since(begin));
  node->lower = lower;
  node->upper = upper;
  node->step = step;
  adopt(node, lower);
  adopt(node, upper);
  adopt(node, step);
  return node;
}

Expression* Parser::parse_atom() {
  ConstantKind constant = ConstantKind::kNone;
  switch (kind()) {
    case kName: {
      auto* node = make<Name>(range_of(peek()));
      node->id = name(advance());
      return node;
    }
    case kNumber:
      return parse_number();
    case kString:
    case kFStringStart:
      return parse_strings();
    case kLeftParen:
      return parse_group();
    case kLeftBracket:
      return parse_list();
    case kLeftBrace:
      return parse_braces();
    case kNone:
      break;
    case kTrue:
      constant = ConstantKind::kTrue;
      break;
    case kFalse:
      constant = ConstantKind::kFalse;
      break;
    case kEllipsis:
      constant = ConstantKind::kEllipsis;
      break;
    default:
      return fail();
  }
  auto* node = make<Constant>(range_of(advance()));
  node->constant = constant;
  return node;
}

Expression* Parser::parse_star_target() {
  return at(kStar) ? parse_star_expression() : parse_bitwise_or();
}

/// The targets of a `for`: they end before `in`, so no operator that could take it may stand in them.
Expression* Parser::parse_targets() {
  Expression* target = parse_tuple_of(&Parser::parse_star_target, true);
  if (!set_context(target, Context::kStore)) return fail();
  return target;
}

/// Makes a target of what was read as an expression; false if it cannot be one.
bool Parser::set_context(Expression* target, Context context) {
  switch (target->kind) {
    case ExpressionKind::kName:
      as<Name>(target)->ctx = context;
      return true;
    case ExpressionKind::kAttribute:
      as<Attribute>(target)->ctx = context;
      return true;
    case ExpressionKind::kSubscript:
      as<Subscript>(target)->ctx = context;
      return true;
    case ExpressionKind::kStarred:
      if (context == Context::kDel) return false;
      as<Starred>(target)->ctx = context;
      return set_context(as<Starred>(target)->value, context);
    case ExpressionKind::kTuple:
      as<Tuple>(target)->ctx = context;
      for (Expression* element : as<Tuple>(target)->elts) {
        if (!set_context(element, context)) return false;
      }
      return true;
    case ExpressionKind::kList:
      as<ast::List>(target)->ctx = context;
      for (Expression* element : as<ast::List>(target)->elts) {
        if (!set_context(element, context)) return false;
      }
      return true;
    default:
      return false;
  }
}

}  // namespace mini::compile
