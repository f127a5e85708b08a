// The parser's class, shared by its translation units: parser.cpp (tokens, entry), parser_statements.cpp,
// parser_expressions.cpp, parser_displays.cpp, parser_arguments.cpp, parser_literals.cpp.
//
// A predictive parser that knows only right programs and stops at the first token that fits nowhere. What to
// say about a wrong one is worked out afterwards by diagnose() (parser_diagnosis.h), which may take its time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "interp/compile/arena.h"
#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"
#include "interp/compile/layout.h"
#include "interp/compile/parser.h"

namespace mini::compile {

/// After a failure every token is kError and every function returns `failed_expression_`, so that no caller
/// has to check: loops end because nothing matches, and `failed_` is looked at once per statement.
class Parser {
 public:
  Parser(const SourceFile& source, ast::Mode mode, Arena& arena, Diagnostics& diagnostics);
  ast::Module* run();

 private:
  using Kind = TokenKind;
  using List = std::vector<ast::Expression*>;

  // Tokens (parser.cpp). The window holds what was read and not yet used up, or what a mark needs.
  const Token& peek();
  Kind kind() { return peek().kind; }
  bool at(Kind expected) { return peek().kind == expected; }
  Token advance();
  bool accept(Kind expected);
  void expect(Kind expected);
  std::string_view text(const Token& token) const;
  std::string_view name(const Token& token) { return arena_.intern(text(token)); }
  std::string_view expect_name();
  ast::Range since(const Token& begin) const;
  ast::Range since(const ast::Range& begin) const;
  static ast::Range range_of(const Token& token);

  // Failures.
  ast::Expression* fail();
  ast::Expression* fail_with(DiagnosticKind error, const ast::Range& range, std::string message);
  ast::Expression* refuse(const Token& token, std::string_view construct);
  void too_deep_left() { fail_with(DiagnosticKind::kRecursionError, {}, kTooDeepLeft); }
  void too_deep_right() { fail_with(DiagnosticKind::kMemoryError, {}, kTooDeepRight); }

  template <class Node>
  Node* make(const ast::Range& range) {
    return arena_.make<Node>(range);
  }
  /// Makes `child` count for the depth of `parent`.
  void adopt(ast::Expression* parent, const ast::Expression* child);
  void adopt(ast::Expression* parent, ast::Expressions children);

  // Statements (parser_statements.cpp).
  using StatementList = std::vector<ast::Statement*>;
  bool at_compound();
  void parse_statement(StatementList& out);
  void parse_simple_statements(StatementList& out);
  ast::Statement* parse_simple_statement();
  ast::Statement* parse_expression_statement();
  ast::Statement* parse_annotation(const Token& begin, ast::Expression* target);
  ast::Statement* parse_return(const Token& begin);
  ast::Statement* parse_delete(const Token& begin);
  ast::Statement* parse_raise(const Token& begin);
  ast::Statement* parse_assert(const Token& begin);
  ast::Statement* parse_import(const Token& begin);
  ast::Statement* parse_import_from(const Token& begin);
  std::string_view parse_dotted_name();
  template <class Node>
  ast::Statement* parse_names(const Token& begin);

  ast::Statement* parse_compound();
  ast::Statement* parse_if();
  ast::Statement* parse_while(const Token& begin);
  ast::Statement* parse_for(const Token& begin);
  ast::Statement* parse_try(const Token& begin);
  ast::ExceptHandler parse_handler();
  ast::Statement* parse_with(const Token& begin);
  bool parse_parenthesized_items(std::vector<ast::WithItem>& items);
  ast::WithItem parse_with_item();
  ast::Statement* parse_decorated();
  ast::Statement* parse_def(ast::Expressions decorators);
  ast::Statement* parse_class(ast::Expressions decorators);
  ast::Statements parse_block();
  ast::Statements parse_else();

  // Expressions (parser_expressions.cpp), named as in CPython's grammar.
  ast::Expression* parse_star_expressions();
  ast::Expression* parse_expressions();
  ast::Expression* parse_tuple_of(ast::Expression* (Parser::*parse_element)(), bool stars);
  ast::Expression* parse_star_expression();
  ast::Expression* parse_annotated_rhs();
  ast::Expression* parse_yield();
  ast::Expression* parse_named_expression();
  ast::Expression* parse_star_named_expression();
  ast::Expression* parse_expression();
  ast::Expression* parse_lambda();
  ast::Expression* parse_disjunction();
  ast::Expression* parse_conjunction();
  ast::Expression* parse_inversion();
  ast::Expression* parse_comparison();
  ast::Expression* parse_binary(int lowest);
  ast::Expression* parse_bitwise_or() { return parse_binary(1); }
  ast::Expression* parse_factor();
  ast::Expression* parse_primary();
  ast::Expression* parse_call(ast::Expression* callee);
  ast::Expression* parse_subscript(ast::Expression* value);
  ast::Expression* parse_slice();
  ast::Expression* parse_atom();
  ast::Expression* parse_group();
  ast::Expression* parse_list();
  ast::Expression* parse_braces();
  ast::Expression* parse_dict(const Token& begin, ast::Expression* key);
  template <class Node>
  ast::Expression* parse_comprehension(const Token& begin, ast::Expression* element, Kind closing);
  std::span<ast::Comprehension> parse_for_clauses(ast::Expression* parent);
  ast::Expression* parse_targets();
  ast::Expression* parse_star_target();
  bool set_context(ast::Expression* target, ast::Context context);
  bool starts_expression(Kind token) const;
  /// `expression` is a bare name that began with `begin`: no parentheses.
  static bool is_bare_name(const Token& begin, const ast::Expression* expression);

  // Calls' arguments and parameters (parser_arguments.cpp).
  struct CallArguments {
    ast::Expressions args;
    std::span<ast::Keyword> keywords;
  };
  CallArguments parse_call_arguments(bool generator_alone_allowed);
  ast::Arguments* parse_parameters(Kind closing);
  ast::Argument parse_parameter(bool annotated, bool star_annotation);

  // Literals (parser_literals.cpp).
  ast::Expression* parse_number();
  ast::Expression* parse_strings();
  struct StringPart;
  struct StringParts;
  void parse_fstring(StringParts& parts);
  struct FString;
  void parse_field(StringParts& parts, const FString& string, int depth);
  ast::Expression* parse_format_spec(const FString& string, int depth);
  bool decode_string(const Token& token, std::string_view body, bool raw, bool bytes, std::string& out,
                     const Token& where);
  void warn_of_escape(const Token& token, const char* escape);

  static constexpr const char* kNoTypeParameters = "type parameters are not part of mini";
  static constexpr const char* kTooDeepLeft = "maximum recursion depth exceeded during compilation";
  static constexpr const char* kTooDeepRight = "Parser stack overflowed - Python source too complex to parse";

  static constexpr uint32_t kBracketWeight = 10;  ///< A bracket costs about this many frames.

  /// Counts nesting of the recursive functions, so that the C++ stack stays bounded.
  class Nesting {
   public:
    Nesting(Parser& parser, uint32_t weight) : parser_(parser), weight_(weight) {
      if ((parser.nesting_ += weight) > kMaxDepth && !parser.failed_) parser.too_deep_right();
    }
    ~Nesting() { parser_.nesting_ -= weight_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
    uint32_t weight_;
  };

  const SourceFile& source_;
  ast::Mode mode_;
  Arena& arena_;
  Diagnostics& diagnostics_;
  Layout layout_;
  std::vector<Token> window_;
  size_t position_ = 0;
  int marks_ = 0;
  Token last_;         ///< The last token used that has text: nodes end with it.
  Token error_token_;  ///< What peek() answers after a failure.
  bool failed_ = false;
  uint32_t nesting_ = 0;
  ast::Expression* failed_expression_;
  uint32_t statement_offset_ = 0;  ///< Where the statement at top level began, for diagnose().
  uint32_t statement_line_ = 1;
};

}  // namespace mini::compile
