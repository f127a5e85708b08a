// Scans one token. re2c makes lexer.cpp out of this file at build time.
// The texts of errors, and where their cursor stands, follow CPython 3.13's Parser/lexer/lexer.c: the cursor ends
// behind the last character that its tokenizer had read, so each faulty form of a number has a rule of its own.

#include "interp/compile/lexer.h"

#include <cstring>
#include <initializer_list>

namespace mini::compile {

namespace {

using enum TokenKind;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A number must not run into a name; before some keywords CPython only warns (`1if x else 2`).
Lexeme number(const char* begin, const char* end, const char* problem) {
  for (const char* keyword : {"and", "else", "for", "if", "in", "is", "or", "not"}) {
    if (std::strncmp(end, keyword, std::strlen(keyword)) == 0) return {kNumber, begin, end, problem};
  }
  if (is_name_character(*end)) return {kError, begin, end, problem};
  return {kNumber, begin, end};
}

}  // namespace

/*!include:re2c "unicode_categories.re" */
/*!re2c
  re2c:define:YYCTYPE = "unsigned char";
  re2c:define:YYCURSOR = cursor;
  re2c:define:YYMARKER = marker;
  re2c:yyfill:enable = 0;

  letter = [a-zA-Z_] | [\u0080-\U0010ffff];
  digits = [0-9] ("_"? [0-9])*;
  zeros = "0" ("_"? "0")*;
  natural = zeros | [1-9] ("_"? [0-9])*;
  exponent = [eE] [+-]? digits;
  float = digits "." digits? exponent? | "." digits exponent? | digits exponent;
  hexadecimal = "0" [xX] ("_"? [0-9a-fA-F])+;
  octal = "0" [oO] ("_"? [0-7])+;
  binary = "0" [bB] ("_"? [01])+;

  raw_prefix = [rR] | [bB] | [uU] | [rR] [bB] | [bB] [rR];
  format_prefix = [fF] | [rR] [fF] | [fF] [rR];
  any = [^\000];
  single = "'" ([^'\\\n\000] | "\\" any)* "'";
  double = "\"" ([^"\\\n\000] | "\\" any)* "\"";
  triple_single = "'''" ("'"{0,2} ([^'\\\000] | "\\" any))* "'''";
  triple_double = "\"\"\"" ("\""{0,2} ([^"\\\000] | "\\" any))* "\"\"\"";
*/

Lexeme scan(const char* cursor) {
  const char* marker = nullptr;
  const char* comment = nullptr;  // CPython's NEWLINE begins where the comment before it does.
  for (;;) {
    const char* begin = cursor;
    /*!re2c
      [ \t\f]+ { continue; }
      "#" [^\n\000]* { comment = begin; continue; }
      "\n" { return {kLineEnd, comment ? comment : begin, cursor}; }
      "\\\n" { return {kContinuation, begin, cursor}; }
      "\\" { return {kBadContinuation, begin, cursor}; }
      "\000" { return {kEndOfFile, begin, begin}; }

      hexadecimal { return number(begin, cursor, "invalid hexadecimal literal"); }
      octal { return number(begin, cursor, "invalid octal literal"); }
      binary { return number(begin, cursor, "invalid binary literal"); }
      natural | float { return number(begin, cursor, "invalid decimal literal"); }
      (digits | float) [jJ] { return {kError, begin, cursor, "complex literals are not part of mini"}; }
      zeros "_"? [1-9] ("_"? [0-9])* { return {kError, begin, cursor, "leading zeros"}; }
      "0" [xX] ("_"? [0-9a-fA-F])* "_"? { return {kError, begin, cursor, "invalid hexadecimal literal"}; }
      "0" [oO] ("_"? [0-7])* "_"? { return {kError, begin, cursor, "invalid octal literal"}; }
      "0" [oO] ("_"? [0-7])* "_"? [89] { return {kError, begin, cursor, "invalid digit '?' in octal literal"}; }
      "0" [bB] ("_"? [01])* "_"? { return {kError, begin, cursor, "invalid binary literal"}; }
      "0" [bB] ("_"? [01])* "_"? [2-9] { return {kError, begin, cursor, "invalid digit '?' in binary literal"}; }
      (digits | digits? "." digits | (digits "."? | digits? "." digits) exponent) "_" {
        return {kError, begin, cursor, "invalid decimal literal"};
      }
      (digits "."? | digits? "." digits) [eE] [+-] { return {kError, begin, cursor, "invalid decimal literal"}; }

      raw_prefix? (single | double | triple_single | triple_double) { return {kString, begin, cursor}; }
      raw_prefix? ("'" | "\"" | "'''" | "\"\"\"") { return {kUnterminatedString, begin, cursor}; }
      format_prefix ("'" | "\"" | "'''" | "\"\"\"") { return {kFStringStart, begin, cursor}; }

      "False" { return {kFalse, begin, cursor}; }
      "None" { return {kNone, begin, cursor}; }
      "True" { return {kTrue, begin, cursor}; }
      "and" { return {kAnd, begin, cursor}; }
      "as" { return {kAs, begin, cursor}; }
      "assert" { return {kAssert, begin, cursor}; }
      "async" { return {kAsync, begin, cursor}; }
      "await" { return {kAwait, begin, cursor}; }
      "break" { return {kBreak, begin, cursor}; }
      "class" { return {kClass, begin, cursor}; }
      "continue" { return {kContinue, begin, cursor}; }
      "def" { return {kDef, begin, cursor}; }
      "del" { return {kDel, begin, cursor}; }
      "elif" { return {kElif, begin, cursor}; }
      "else" { return {kElse, begin, cursor}; }
      "except" { return {kExcept, begin, cursor}; }
      "finally" { return {kFinally, begin, cursor}; }
      "for" { return {kFor, begin, cursor}; }
      "from" { return {kFrom, begin, cursor}; }
      "global" { return {kGlobal, begin, cursor}; }
      "if" { return {kIf, begin, cursor}; }
      "import" { return {kImport, begin, cursor}; }
      "in" { return {kIn, begin, cursor}; }
      "is" { return {kIs, begin, cursor}; }
      "lambda" { return {kLambda, begin, cursor}; }
      "nonlocal" { return {kNonlocal, begin, cursor}; }
      "not" { return {kNot, begin, cursor}; }
      "or" { return {kOr, begin, cursor}; }
      "pass" { return {kPass, begin, cursor}; }
      "raise" { return {kRaise, begin, cursor}; }
      "return" { return {kReturn, begin, cursor}; }
      "try" { return {kTry, begin, cursor}; }
      "while" { return {kWhile, begin, cursor}; }
      "with" { return {kWith, begin, cursor}; }
      "yield" { return {kYield, begin, cursor}; }
      letter (letter | [0-9])* { return {kName, begin, cursor}; }

      "(" { return {kLeftParen, begin, cursor}; }
      ")" { return {kRightParen, begin, cursor}; }
      "[" { return {kLeftBracket, begin, cursor}; }
      "]" { return {kRightBracket, begin, cursor}; }
      "{" { return {kLeftBrace, begin, cursor}; }
      "}" { return {kRightBrace, begin, cursor}; }
      "," { return {kComma, begin, cursor}; }
      ":" { return {kColon, begin, cursor}; }
      "." { return {kDot, begin, cursor}; }
      ";" { return {kSemicolon, begin, cursor}; }
      "..." { return {kEllipsis, begin, cursor}; }
      "->" { return {kArrow, begin, cursor}; }
      ":=" { return {kColonEqual, begin, cursor}; }
      "=" { return {kEqual, begin, cursor}; }
      "!" { return {kExclamation, begin, cursor}; }
      "@" { return {kAt, begin, cursor}; }
      "+" { return {kPlus, begin, cursor}; }
      "-" { return {kMinus, begin, cursor}; }
      "*" { return {kStar, begin, cursor}; }
      "**" { return {kDoubleStar, begin, cursor}; }
      "/" { return {kSlash, begin, cursor}; }
      "//" { return {kDoubleSlash, begin, cursor}; }
      "%" { return {kPercent, begin, cursor}; }
      "&" { return {kAmpersand, begin, cursor}; }
      "|" { return {kBar, begin, cursor}; }
      "^" { return {kCaret, begin, cursor}; }
      "~" { return {kTilde, begin, cursor}; }
      "<<" { return {kLeftShift, begin, cursor}; }
      ">>" { return {kRightShift, begin, cursor}; }
      "<" { return {kLess, begin, cursor}; }
      ">" { return {kGreater, begin, cursor}; }
      "<=" { return {kLessEqual, begin, cursor}; }
      ">=" { return {kGreaterEqual, begin, cursor}; }
      "==" { return {kEqualEqual, begin, cursor}; }
      "!=" { return {kNotEqual, begin, cursor}; }
      "+=" { return {kPlusEqual, begin, cursor}; }
      "-=" { return {kMinusEqual, begin, cursor}; }
      "*=" { return {kStarEqual, begin, cursor}; }
      "/=" { return {kSlashEqual, begin, cursor}; }
      "//=" { return {kDoubleSlashEqual, begin, cursor}; }
      "%=" { return {kPercentEqual, begin, cursor}; }
      "@=" { return {kAtEqual, begin, cursor}; }
      "&=" { return {kAmpersandEqual, begin, cursor}; }
      "|=" { return {kBarEqual, begin, cursor}; }
      "^=" { return {kCaretEqual, begin, cursor}; }
      "<<=" { return {kLeftShiftEqual, begin, cursor}; }
      ">>=" { return {kRightShiftEqual, begin, cursor}; }
      "**=" { return {kDoubleStarEqual, begin, cursor}; }
      "<>" { return {kUnknown, begin, cursor}; }
      * { return {kUnknown, begin, cursor}; }
    */
  }
}

size_t identifier_length(const char* text) {
  const char* cursor = text;
  const char* marker = nullptr;
  // Unicode's Other_ID_Start and Other_ID_Continue are the characters that the categories miss.
  /*!re2c
    id_start = L | Nl | [_\u2118\u212e\u309b\u309c];
    id_continue = id_start | Mn | Mc | Nd | Pc | [\u00b7\u0387\u1369-\u1371\u19da];
    id_start id_continue* { return static_cast<size_t>(cursor - text); }
    * { return 0; }
  */
}

bool is_printable(const char* text) {
  const char* cursor = text;
  const char* marker = nullptr;
  /*!re2c
    " " { return true; }
    Z | C { return false; }
    * { return true; }
  */
}

std::string_view spelling(TokenKind kind) {
  switch (kind) {
#define MINI_TOKEN(name, text) \
  case k##name:                \
    return text;
    MINI_KEYWORDS(MINI_TOKEN)
    MINI_OPERATORS(MINI_TOKEN)
#undef MINI_TOKEN
    default:
      return {};
  }
}

TokenKind kind_of(std::string_view text) {
#define MINI_TOKEN(name, its_text) \
  if (text == its_text) return k##name;
  MINI_KEYWORDS(MINI_TOKEN)
  MINI_OPERATORS(MINI_TOKEN)
#undef MINI_TOKEN
  return kError;
}

}  // namespace mini::compile
