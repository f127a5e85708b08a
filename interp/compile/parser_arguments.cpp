// Arguments of calls and parameters of functions. See parser_impl.h.
#include "interp/compile/parser_impl.h"

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes
using enum TokenKind;

/// The arguments from behind `(` to behind `)`. A lone generator expression takes the call's brackets for its
/// own.
Parser::CallArguments Parser::parse_call_arguments(bool generator_alone_allowed) {
  Token open = last_;
  List args;
  std::vector<Keyword> keywords;
  bool unpacked = false;  // `**` was seen: `*` may not follow.
  while (!at(kRightParen) && !failed_) {
    Token begin = peek();
    if (accept(kDoubleStar)) {
      Expression* value = parse_expression();
      keywords.push_back({since(begin), {}, value});
      unpacked = true;
    } else if (at(kStar)) {
      if (unpacked) fail();
      advance();
      Expression* value = parse_expression();
      auto* starred = make<Starred>(since(begin));
      starred->value = value;
      adopt(starred, value);
      args.push_back(starred);
    } else {
      Expression* value = parse_named_expression();
      if (at(kEqual) && is_bare_name(begin, value)) {
        advance();
        Expression* named = parse_expression();
        keywords.push_back({since(begin), as<Name>(value)->id, named});
      } else if (generator_alone_allowed && args.empty() && keywords.empty() && (at(kFor) || at(kAsync))) {
        args.push_back(parse_comprehension<GeneratorExp>(open, value, kRightParen));
        return {arena_.copy(args), {}};
      } else {
        if (!keywords.empty()) fail();
        args.push_back(value);
      }
    }
    if (!accept(kComma)) break;
  }
  expect(kRightParen);
  return {arena_.copy(args), arena_.copy(keywords)};
}

Argument Parser::parse_parameter(bool annotated, bool star_annotation) {
  Token begin = peek();
  Argument argument;
  argument.name = expect_name();
  if (annotated && accept(kColon)) {
    argument.annotation = star_annotation && at(kStar) ? parse_star_expression() : parse_expression();
  }
  argument.range = since(begin);
  return argument;
}

/// Parameters up to `closing`: `)` for a def, with annotations, or `:` for a lambda, without.
Arguments* Parser::parse_parameters(Kind closing) {
  bool annotated = closing == kRightParen;
  auto* result = arena_.make<Arguments>();
  std::vector<Argument> args;
  std::vector<Argument> kwonlyargs;
  List defaults;
  List kw_defaults;
  bool star = false;
  while (!at(closing) && !failed_) {
    if (accept(kDoubleStar)) {
      result->kwarg = arena_.make<Argument>(parse_parameter(annotated, false));
      accept(kComma);
      break;  // Nothing may follow.
    }
    if (accept(kSlash)) {
      if (star || args.empty() || !result->posonlyargs.empty()) fail();
      result->posonlyargs = arena_.copy(args);
      args.clear();
    } else if (accept(kStar)) {
      if (star) fail();
      star = true;
      if (at(kComma)) {
        advance();
        if (!at(kName)) fail();
        continue;
      }
      result->vararg = arena_.make<Argument>(parse_parameter(annotated, true));
    } else {
      Argument argument = parse_parameter(annotated, false);
      Expression* value = accept(kEqual) ? parse_expression() : nullptr;
      if (star) {
        kwonlyargs.push_back(argument);
        kw_defaults.push_back(value);
      } else {
        if (value) defaults.push_back(value);
        if (!value && !defaults.empty()) fail();
        args.push_back(argument);
      }
    }
    if (!accept(kComma)) break;
  }
  result->args = arena_.copy(args);
  result->kwonlyargs = arena_.copy(kwonlyargs);
  result->defaults = arena_.copy(defaults);
  result->kw_defaults = arena_.copy(kw_defaults);
  return result;
}

}  // namespace mini::compile
