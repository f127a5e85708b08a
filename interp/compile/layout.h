// From a text to a stream of tokens with NEWLINE, INDENT and DEDENT: what needs memory of earlier lines, of
// open brackets and of open f-strings. Works on demand, token by token, and keeps nothing that is behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interp/compile/diagnostics.h"
#include "interp/compile/lexer.h"

namespace mini::compile {

/// An error that was found while reading a token.
struct LexicalError {
  DiagnosticKind kind = DiagnosticKind::kSyntaxError;
  std::string message;
  ast::Range range;
  bool at_end = false;   ///< More text could have repaired it.
  bool of_line = false;  ///< About the layout of lines: gives way to an earlier error of the grammar.
};

/// Follows Parser/lexer/lexer.c and state.c (CPython 3.13.0) in limits, texts and positions.
class Layout {
 public:
  static constexpr size_t kMaxBrackets = 200;
  static constexpr size_t kMaxIndents = 100;
  static constexpr size_t kMaxFStrings = 150;
  static constexpr int kMaxFieldNesting = 3;

  struct Bracket {
    char character;
    uint32_t line;
    uint32_t column;
  };

  /// `warnings` may be null: then they are dropped (the text is read a second time).
  Layout(const SourceFile& source, Diagnostics* warnings);
  /// As if the text began at `offset`, the start of line `line`.
  void restart(uint32_t offset, uint32_t line);

  /// The next token. After kError, `error()` says what is wrong, and the stream is at its end.
  Token next();
  bool failed() const { return failed_; }
  const LexicalError& error() const { return error_; }

  /// The error that an end of the text right here is: an open bracket, or "unexpected EOF while parsing".
  LexicalError unclosed_bracket() const;
  /// The brackets that are open, outermost first.
  const std::vector<Bracket>& brackets() const { return brackets_; }
  bool in_fstring() const { return !fstrings_.empty(); }

 private:
  struct FString {
    char quote;
    uint8_t quote_size;
    bool raw;
    bool in_text = true;  ///< Else in a replacement field's expression.
    bool in_format_spec = false;
    int depth = 0;         ///< Brackets open inside this f-string.
    int field_depth = -1;  ///< `depth` outside the innermost field's braces.
    const char* begin;
    uint32_t line;
    const char* line_start;
  };

  bool read_indentation();
  Token read_plain();
  Token read_fstring_text();
  Token name(const Lexeme& lexeme);
  Token invalid_character(const char* c);
  Token string(const Lexeme& lexeme);
  Token begin_fstring(const Lexeme& lexeme);
  Token bracket(const Lexeme& lexeme);
  Token close_bracket(char closing, Token token);
  Token unterminated_string(const Lexeme& lexeme);
  Token unterminated_fstring();
  Token token(TokenKind kind, const char* begin, const char* end);
  Token token_without_text(TokenKind kind);
  void start_next_line();
  void count_lines(const char* begin, const char* end);

  Token fail(std::string message, const char* read_to, DiagnosticKind kind = DiagnosticKind::kSyntaxError);
  Token fail(DiagnosticKind kind, std::string message, ast::Range range);
  uint32_t column_of(const char* position) const { return static_cast<uint32_t>(position - line_start_); }

  const SourceFile& source_;
  Diagnostics* warnings_;
  const char* base_;
  const char* cursor_;
  const char* line_start_;
  uint32_t line_ = 1;
  bool at_line_start_ = true;
  bool line_ended_ =
      false;         ///< The line end was read, but `line_` not yet counted up: there may be no next line.
  int pending_ = 0;  ///< INDENTs (positive) or DEDENTs (negative) to be delivered.
  struct Indent {
    uint32_t column;
    uint32_t column_with_tabs_of_one;
  };
  std::vector<Indent> indents_;
  std::vector<Bracket> brackets_;
  std::vector<FString> fstrings_;
  LexicalError error_;
  bool failed_ = false;
};

}  // namespace mini::compile
