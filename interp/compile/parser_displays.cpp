// What stands in brackets: groups, tuples, lists, sets, dicts and comprehensions. See parser_impl.h.
#include "interp/compile/parser_impl.h"

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes
using enum TokenKind;

/// `( … )`: a group, a tuple or a generator expression.
Expression* Parser::parse_group() {
  Nesting nesting(*this, kBracketWeight);
  Token begin = advance();
  if (at(kYield)) {
    Expression* value = parse_yield();
    expect(kRightParen);
    return value;
  }
  List elements;
  if (!at(kRightParen)) {
    Expression* first = parse_star_named_expression();
    if (at(kFor) || at(kAsync)) return parse_comprehension<GeneratorExp>(begin, first, kRightParen);
    elements.push_back(first);
    bool is_tuple = at(kComma);
    while (accept(kComma) && !at(kRightParen)) elements.push_back(parse_star_named_expression());
    if (!is_tuple) {
      if (first->kind == ExpressionKind::kStarred) return fail();
      expect(kRightParen);
      return first;
    }
  }
  expect(kRightParen);
  auto* tuple = make<Tuple>(since(begin));
  tuple->elts = arena_.copy(elements);
  adopt(tuple, tuple->elts);
  return tuple;
}

Expression* Parser::parse_list() {
  Nesting nesting(*this, kBracketWeight);
  Token begin = advance();
  List elements;
  if (!at(kRightBracket)) {
    Expression* first = parse_star_named_expression();
    if (at(kFor) || at(kAsync)) return parse_comprehension<ListComp>(begin, first, kRightBracket);
    elements.push_back(first);
    while (accept(kComma) && !at(kRightBracket)) elements.push_back(parse_star_named_expression());
  }
  expect(kRightBracket);
  auto* list = make<ast::List>(since(begin));
  list->elts = arena_.copy(elements);
  adopt(list, list->elts);
  return list;
}

/// `{ … }`: a set, a dict or their comprehensions.
Expression* Parser::parse_braces() {
  Nesting nesting(*this, kBracketWeight);
  Token begin = advance();
  if (at(kRightBrace) || at(kDoubleStar)) return parse_dict(begin, nullptr);
  Token first_token = peek();
  Expression* first = parse_star_named_expression();
  if (at(kColon)) {
    bool bare_walrus = first->kind == ExpressionKind::kNamedExpr && first_token.kind != kLeftParen;
    if (bare_walrus || first->kind == ExpressionKind::kStarred) return fail();
    return parse_dict(begin, first);
  }
  if (at(kFor) || at(kAsync)) return parse_comprehension<SetComp>(begin, first, kRightBrace);
  List elements{first};
  while (accept(kComma) && !at(kRightBrace)) elements.push_back(parse_star_named_expression());
  expect(kRightBrace);
  auto* set = make<Set>(since(begin));
  set->elts = arena_.copy(elements);
  adopt(set, set->elts);
  return set;
}

Expression* Parser::parse_dict(const Token& begin, Expression* key) {
  List keys;
  List values;
  while (key || !at(kRightBrace)) {
    if (!key && accept(kDoubleStar)) {
      keys.push_back(nullptr);
      values.push_back(parse_bitwise_or());
    } else {
      keys.push_back(key ? key : parse_expression());
      key = nullptr;
      expect(kColon);
      values.push_back(parse_expression());
      if (keys.size() == 1 && (at(kFor) || at(kAsync))) {
        auto* node = make<DictComp>({});
        node->key = keys[0];
        node->value = values[0];
        adopt(node, keys[0]);
        adopt(node, values[0]);
        node->generators = parse_for_clauses(node);
        expect(kRightBrace);
        node->range = since(begin);
        return node;
      }
    }
    if (!accept(kComma)) break;
  }
  expect(kRightBrace);
  auto* dict = make<Dict>(since(begin));
  dict->keys = arena_.copy(keys);
  dict->values = arena_.copy(values);
  adopt(dict, dict->keys);
  adopt(dict, dict->values);
  return dict;
}

template <class Node>
Expression* Parser::parse_comprehension(const Token& begin, Expression* element, Kind closing) {
  if (element->kind == ExpressionKind::kStarred) return fail();
  auto* node = make<Node>({});
  node->elt = element;
  adopt(node, element);
  node->generators = parse_for_clauses(node);
  expect(closing);
  node->range = since(begin);
  return node;
}
template Expression* Parser::parse_comprehension<GeneratorExp>(const Token&, Expression*, Kind);

std::span<Comprehension> Parser::parse_for_clauses(Expression* parent) {
  std::vector<Comprehension> clauses;
  while (at(kFor) || at(kAsync)) {
    if (at(kAsync)) {
      refuse(peek(), "async");
      break;
    }
    advance();
    Comprehension clause;
    clause.target = parse_targets();
    expect(kIn);
    clause.iter = parse_disjunction();
    List conditions;
    while (accept(kIf)) conditions.push_back(parse_disjunction());
    clause.ifs = arena_.copy(conditions);
    adopt(parent, clause.target);
    adopt(parent, clause.iter);
    adopt(parent, clause.ifs);
    clauses.push_back(clause);
  }
  return arena_.copy(clauses);
}

}  // namespace mini::compile
