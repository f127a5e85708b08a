// Tokens, and the scanner for one token of a line. What needs memory of what came before (indentation,
// brackets, f-strings) is in layout.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace mini::compile {

#define MINI_KEYWORDS(X)                                                                                    \
  X(False, "False")                                                                                         \
  X(None, "None") X(True, "True") X(And, "and") X(As, "as") X(Assert, "assert") X(Async, "async")           \
      X(Await, "await") X(Break, "break") X(Class, "class") X(Continue, "continue") X(Def, "def")           \
          X(Del, "del") X(Elif, "elif") X(Else, "else") X(Except, "except") X(Finally, "finally")           \
              X(For, "for") X(From, "from") X(Global, "global") X(If, "if") X(Import, "import") X(In, "in") \
                  X(Is, "is") X(Lambda, "lambda") X(Nonlocal, "nonlocal") X(Not, "not") X(Or, "or")         \
                      X(Pass, "pass") X(Raise, "raise") X(Return, "return") X(Try, "try") X(While, "while") \
                          X(With, "with") X(Yield, "yield")

#define MINI_OPERATORS(X)                                                                                \
  X(LeftParen, "(")                                                                                      \
  X(RightParen, ")") X(LeftBracket, "[") X(RightBracket, "]") X(LeftBrace, "{") X(RightBrace, "}")       \
      X(Comma, ",") X(Colon, ":") X(Dot, ".") X(Semicolon, ";") X(Ellipsis, "...") X(Arrow, "->")        \
          X(ColonEqual, ":=") X(Equal, "=") X(Exclamation, "!") X(At, "@") X(Plus, "+") X(Minus, "-")    \
              X(Star, "*") X(DoubleStar, "**") X(Slash, "/") X(DoubleSlash, "//") X(Percent, "%")        \
                  X(Ampersand, "&") X(Bar, "|") X(Caret, "^") X(Tilde, "~") X(LeftShift, "<<")           \
                      X(RightShift, ">>") X(Less, "<") X(Greater, ">") X(LessEqual, "<=")                \
                          X(GreaterEqual, ">=") X(EqualEqual, "==") X(NotEqual, "!=") X(PlusEqual, "+=") \
                              X(MinusEqual, "-=") X(StarEqual, "*=") X(SlashEqual, "/=")                 \
                                  X(DoubleSlashEqual, "//=") X(PercentEqual, "%=") X(AtEqual, "@=")      \
                                      X(AmpersandEqual, "&=") X(BarEqual, "|=") X(CaretEqual, "^=")      \
                                          X(LeftShiftEqual, "<<=") X(RightShiftEqual, ">>=")             \
                                              X(DoubleStarEqual, "**=")

enum class TokenKind : uint8_t {
  kEndOfFile,
  kError,
  kNewline,
  kIndent,
  kDedent,
  kName,
  kNumber,
  kString,  ///< With prefix and quotes; no f-string.
  kFStringStart,
  kFStringMiddle,
  kFStringEnd,
  kUnknown,  ///< A character, or `<>`, that no rule of the grammar accepts.
  // Seen by the layout only:
  kLineEnd,
  kContinuation,
  kBadContinuation,
  kUnterminatedString,
#define MINI_TOKEN(name, spelling) k##name,
  MINI_KEYWORDS(MINI_TOKEN) MINI_OPERATORS(MINI_TOKEN)
#undef MINI_TOKEN
};

/// The text of a keyword or an operator; empty for all other kinds.
std::string_view spelling(TokenKind kind);
/// The keyword or operator that is written so; kError if there is none.
TokenKind kind_of(std::string_view spelling);

struct Token {
  static constexpr uint32_t kNoColumn = UINT32_MAX;

  TokenKind kind = TokenKind::kEndOfFile;
  uint8_t level = 0;   ///< Open brackets, this token's own included when it opens one.
  uint32_t begin = 0;  ///< Byte offsets into the source text.
  uint32_t end = 0;
  uint32_t line = 0;
  uint32_t column = 0;  ///< In bytes; kNoColumn for Indent and Dedent, which have no text.
  uint32_t end_line = 0;
  uint32_t end_column = 0;  ///< Where there is no column: that of the next character to be read.
};

/// What `scan` found. `problem` is the text of an error when the kind is kError, else that of a warning or
/// null; a `?` in it stands for the character before `end`.
struct Lexeme {
  TokenKind kind;
  const char* begin;
  const char* end;
  const char* problem = nullptr;
};

/// Scans one token at `cursor` in a valid, NUL-terminated UTF-8 text, and skips blanks and a comment before
/// it. Strings are scanned whole, f-strings up to their opening quotes.
Lexeme scan(const char* cursor);

/// Normal form NFKC may change the identifier from `name` to `end`: CPython would read it as another name.
/// Errs on the side of yes, for a few hundred rare letters.
bool may_be_unnormalized(const char* name, const char* end);

}  // namespace mini::compile
