// Statements. See parser_impl.h.
#include "interp/compile/parser_impl.h"

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes
using enum TokenKind;

namespace {

struct Augmented {
  bool found = false;
  BinaryOperator op = BinaryOperator::kAdd;
};

Augmented augmented_operator(TokenKind kind) {
  switch (kind) {
    case kPlusEqual:
      return {true, BinaryOperator::kAdd};
    case kMinusEqual:
      return {true, BinaryOperator::kSub};
    case kStarEqual:
      return {true, BinaryOperator::kMult};
    case kAtEqual:
      return {true, BinaryOperator::kMatMult};
    case kSlashEqual:
      return {true, BinaryOperator::kDiv};
    case kPercentEqual:
      return {true, BinaryOperator::kMod};
    case kAmpersandEqual:
      return {true, BinaryOperator::kBitAnd};
    case kBarEqual:
      return {true, BinaryOperator::kBitOr};
    case kCaretEqual:
      return {true, BinaryOperator::kBitXor};
    case kLeftShiftEqual:
      return {true, BinaryOperator::kLShift};
    case kRightShiftEqual:
      return {true, BinaryOperator::kRShift};
    case kDoubleStarEqual:
      return {true, BinaryOperator::kPow};
    case kDoubleSlashEqual:
      return {true, BinaryOperator::kFloorDiv};
    default:
      return {};
  }
}

/// A name, attribute or subscript: what an augmented or annotated assignment may have on its left.
bool is_single_target(const Expression* target) {
  return target->kind == ExpressionKind::kName || target->kind == ExpressionKind::kAttribute ||
         target->kind == ExpressionKind::kSubscript;
}

}  // namespace

bool Parser::at_compound() {
  switch (kind()) {
    case kIf:
    case kWhile:
    case kFor:
    case kTry:
    case kWith:
    case kDef:
    case kClass:
    case kAt:
    case kAsync:
      return true;
    default:
      return false;
  }
}

void Parser::parse_statement(StatementList& out) {
  if (at_compound()) {
    out.push_back(parse_compound());
  } else {
    parse_simple_statements(out);
  }
}

void Parser::parse_simple_statements(StatementList& out) {
  do {
    out.push_back(parse_simple_statement());
  } while (accept(kSemicolon) && !at(kNewline));
  expect(kNewline);
}

Statement* Parser::parse_simple_statement() {
  Token begin = peek();
  switch (begin.kind) {
    case kReturn:
      return parse_return(begin);
    case kPass:
      return make<Pass>(range_of(advance()));
    case kBreak:
      return make<Break>(range_of(advance()));
    case kContinue:
      return make<Continue>(range_of(advance()));
    case kDel:
      return parse_delete(begin);
    case kRaise:
      return parse_raise(begin);
    case kAssert:
      return parse_assert(begin);
    case kImport:
      return parse_import(begin);
    case kFrom:
      return parse_import_from(begin);
    case kGlobal:
      return parse_names<Global>(begin);
    case kNonlocal:
      return parse_names<Nonlocal>(begin);
    default:
      return parse_expression_statement();
  }
}

/// An expression, or an assignment of any kind: which one shows behind the first expression.
Statement* Parser::parse_expression_statement() {
  Token begin = peek();
  Expression* value = parse_annotated_rhs();
  if (at(kColon)) return parse_annotation(begin, value);
  if (Augmented augmented = augmented_operator(kind()); augmented.found) {
    if (!is_single_target(value)) fail();
    advance();
    set_context(value, Context::kStore);
    Expression* right = parse_annotated_rhs();
    auto* node = make<AugAssign>(since(begin));
    node->target = value;
    node->op = augmented.op;
    node->value = right;
    return node;
  }
  if (!at(kEqual)) {
    auto* node = make<Expr>(since(begin));
    node->value = value;
    return node;
  }
  List targets;
  while (at(kEqual)) {
    if (!set_context(value, Context::kStore)) fail();
    advance();
    targets.push_back(value);
    value = parse_annotated_rhs();
  }
  auto* node = make<Assign>(since(begin));
  node->targets = arena_.copy(targets);
  node->value = value;
  return node;
}

Statement* Parser::parse_annotation(const Token& begin, Expression* target) {
  if (!is_single_target(target)) fail();
  advance();
  set_context(target, Context::kStore);
  Expression* annotation = parse_expression();
  Expression* value = accept(kEqual) ? parse_annotated_rhs() : nullptr;
  auto* node = make<AnnAssign>(since(begin));
  node->target = target;
  node->annotation = annotation;
  node->value = value;
  node->simple = is_bare_name(begin, target);
  return node;
}

Statement* Parser::parse_return(const Token& begin) {
  advance();
  Expression* value = starts_expression(kind()) || at(kStar) ? parse_star_expressions() : nullptr;
  auto* node = make<Return>(since(begin));
  node->value = value;
  return node;
}

Statement* Parser::parse_delete(const Token& begin) {
  advance();
  List targets;
  do {
    Expression* target = parse_bitwise_or();
    if (!set_context(target, Context::kDel)) fail();
    targets.push_back(target);
  } while (accept(kComma) && !at(kSemicolon) && !at(kNewline));
  auto* node = make<Delete>(since(begin));
  node->targets = arena_.copy(targets);
  return node;
}

Statement* Parser::parse_raise(const Token& begin) {
  advance();
  Expression* exc = starts_expression(kind()) ? parse_expression() : nullptr;
  Expression* cause = exc && accept(kFrom) ? parse_expression() : nullptr;
  auto* node = make<Raise>(since(begin));
  node->exc = exc;
  node->cause = cause;
  return node;
}

Statement* Parser::parse_assert(const Token& begin) {
  advance();
  Expression* test = parse_expression();
  Expression* msg = accept(kComma) ? parse_expression() : nullptr;
  auto* node = make<Assert>(since(begin));
  node->test = test;
  node->msg = msg;
  return node;
}

std::string_view Parser::parse_dotted_name() {
  std::string_view first = expect_name();
  if (!at(kDot)) return first;
  std::string dotted(first);
  while (accept(kDot)) dotted.append(1, '.').append(expect_name());
  return arena_.intern(dotted);
}

Statement* Parser::parse_import(const Token& begin) {
  advance();
  std::vector<Alias> names;
  do {
    Token first = peek();
    Alias alias;
    alias.name = parse_dotted_name();
    if (accept(kAs)) alias.asname = expect_name();
    alias.range = since(first);
    names.push_back(alias);
  } while (accept(kComma));
  auto* node = make<Import>(since(begin));
  node->names = arena_.copy(names);
  return node;
}

Statement* Parser::parse_import_from(const Token& begin) {
  advance();
  uint32_t level = 0;
  for (; at(kDot) || at(kEllipsis); advance()) level += at(kDot) ? 1 : 3;
  std::string_view module;
  if (level == 0 || !at(kImport)) module = parse_dotted_name();
  expect(kImport);
  std::vector<Alias> names;
  if (at(kStar)) {
    names.push_back({range_of(peek()), arena_.intern("*"), {}});
    advance();
  } else {
    bool parenthesized = accept(kLeftParen);
    do {
      if (parenthesized && !names.empty() && at(kRightParen)) break;
      Token first = peek();
      Alias alias;
      alias.name = expect_name();
      if (accept(kAs)) alias.asname = expect_name();
      alias.range = since(first);
      names.push_back(alias);
    } while (accept(kComma));
    if (parenthesized) expect(kRightParen);
  }
  auto* node = make<ImportFrom>(since(begin));
  node->module = module;
  node->names = arena_.copy(names);
  node->level = level;
  return node;
}

template <class Node>
Statement* Parser::parse_names(const Token& begin) {
  advance();
  std::vector<std::string_view> names;
  do names.push_back(expect_name());
  while (accept(kComma));
  auto* node = make<Node>(since(begin));
  node->names = arena_.copy(names);
  return node;
}

Statement* Parser::parse_compound() {
  Token begin = peek();
  switch (begin.kind) {
    case kIf:
      return parse_if();
    case kWhile:
      return parse_while(begin);
    case kFor:
      return parse_for(begin);
    case kTry:
      return parse_try(begin);
    case kWith:
      return parse_with(begin);
    case kDef:
      return parse_def({});
    case kClass:
      return parse_class({});
    case kAt:
      return parse_decorated();
    default:
      refuse(begin, "async");
      return make<Pass>({});
  }
}

Statements Parser::parse_block() {
  expect(kColon);
  StatementList body;
  if (accept(kNewline)) {
    expect(kIndent);
    do parse_statement(body);
    while (!failed_ && !at(kDedent));
    expect(kDedent);
  } else if (at_compound()) {
    fail();
  } else {
    parse_simple_statements(body);
  }
  return arena_.copy(body);
}

Statements Parser::parse_else() {
  if (!accept(kElse)) return {};
  return parse_block();
}

/// A chain of `elif` is as deep as it is long, but is read in a loop.
Statement* Parser::parse_if() {
  std::vector<If*> chain;
  std::vector<Token> begins;
  do {
    begins.push_back(advance());
    auto* node = make<If>({});
    node->test = parse_named_expression();
    node->body = parse_block();
    if (!chain.empty()) {
      Statement* link = node;
      chain.back()->orelse = arena_.copy(std::span<Statement* const>(&link, 1));
    }
    chain.push_back(node);
    if (chain.size() > kMaxDepth) too_deep_right();
  } while (at(kElif));
  chain.back()->orelse = parse_else();
  for (size_t i = 0; i < chain.size(); ++i) chain[i]->range = since(begins[i]);
  return chain.front();
}

Statement* Parser::parse_while(const Token& begin) {
  advance();
  auto* node = make<While>({});
  node->test = parse_named_expression();
  node->body = parse_block();
  node->orelse = parse_else();
  node->range = since(begin);
  return node;
}

Statement* Parser::parse_for(const Token& begin) {
  advance();
  auto* node = make<For>({});
  node->target = parse_targets();
  expect(kIn);
  node->iter = parse_star_expressions();
  node->body = parse_block();
  node->orelse = parse_else();
  node->range = since(begin);
  return node;
}

Statement* Parser::parse_try(const Token& begin) {
  advance();
  auto* node = make<Try>({});
  node->body = parse_block();
  std::vector<ExceptHandler> handlers;
  while (at(kExcept)) handlers.push_back(parse_handler());
  node->handlers = arena_.copy(handlers);
  if (!handlers.empty()) node->orelse = parse_else();
  if (accept(kFinally)) {
    node->finalbody = parse_block();
  } else if (handlers.empty()) {
    fail();
  }
  node->range = since(begin);
  return node;
}

ExceptHandler Parser::parse_handler() {
  Token begin = advance();
  ExceptHandler handler;
  if (at(kStar)) refuse(peek(), "except*");
  if (!at(kColon)) {
    handler.type = parse_expression();
    if (accept(kAs)) handler.name = expect_name();
  }
  handler.body = parse_block();
  handler.range = since(begin);
  return handler;
}

Statement* Parser::parse_with(const Token& begin) {
  advance();
  std::vector<WithItem> items;
  if (!at(kLeftParen) || !parse_parenthesized_items(items)) {
    items.clear();
    do items.push_back(parse_with_item());
    while (accept(kComma));
  }
  auto* node = make<With>({});
  node->items = arena_.copy(items);
  node->body = parse_block();
  node->range = since(begin);
  return node;
}

/// `with (a as b, c): …`: brackets around the items, unless what follows them shows that they belong to the
/// first item. Tries, and steps back if that fails.
bool Parser::parse_parenthesized_items(std::vector<WithItem>& items) {
  ++marks_;
  size_t mark = position_;
  Token last = last_;
  advance();
  while (!failed_) {
    items.push_back(parse_with_item());
    if (!accept(kComma) || at(kRightParen)) break;
  }
  bool found = accept(kRightParen) && at(kColon);
  --marks_;
  if (found || diagnostics_.failed()) return true;
  failed_ = false;
  position_ = mark;
  last_ = last;
  return false;
}

WithItem Parser::parse_with_item() {
  WithItem item;
  item.context_expr = parse_expression();
  if (accept(kAs)) {
    item.optional_vars = parse_star_target();
    if (!set_context(item.optional_vars, Context::kStore)) fail();
  }
  return item;
}

Statement* Parser::parse_decorated() {
  List decorators;
  while (accept(kAt)) {
    decorators.push_back(parse_named_expression());
    expect(kNewline);
  }
  Expressions list = arena_.copy(decorators);
  if (at(kDef)) return parse_def(list);
  if (at(kClass)) return parse_class(list);
  if (at(kAsync)) refuse(peek(), "async");
  fail();
  return make<Pass>({});
}

Statement* Parser::parse_def(Expressions decorators) {
  Token begin = advance();
  auto* node = make<FunctionDef>({});
  node->decorator_list = decorators;
  node->name = expect_name();
  if (at(kLeftBracket)) fail_with(DiagnosticKind::kSyntaxError, range_of(peek()), kNoTypeParameters);
  expect(kLeftParen);
  node->args = parse_parameters(kRightParen);
  expect(kRightParen);
  if (accept(kArrow)) node->returns = parse_expression();
  node->body = parse_block();
  node->range = since(begin);
  return node;
}

Statement* Parser::parse_class(Expressions decorators) {
  Token begin = advance();
  auto* node = make<ClassDef>({});
  node->decorator_list = decorators;
  node->name = expect_name();
  if (at(kLeftBracket)) fail_with(DiagnosticKind::kSyntaxError, range_of(peek()), kNoTypeParameters);
  if (accept(kLeftParen)) {
    CallArguments arguments = parse_call_arguments(false);
    node->bases = arguments.args;
    node->keywords = arguments.keywords;
  }
  node->body = parse_block();
  node->range = since(begin);
  return node;
}

}  // namespace mini::compile
