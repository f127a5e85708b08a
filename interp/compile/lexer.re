// Scans one token. re2c makes lexer.cpp out of this file at build time.
// The texts of errors, and where their cursor stands, follow CPython 3.13's Parser/lexer/lexer.c: the cursor ends
// behind the last character that its tokenizer had read, so each faulty form of a number has a rule of its own.

#include "interp/compile/lexer.h"

#include <cstring>

namespace mini::compile {

namespace {

using enum TokenKind;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A number must not run into a name; before some keywords CPython only warns (`1if x else 2`). Of some of them it
/// looks at the beginning only.
Lexeme number(const char* begin, const char* end, const char* problem) {
  if (*end == 'i' && (end[1] == 'f' || end[1] == 'n' || end[1] == 's')) return {kNumber, begin, end, problem};
  for (std::string_view keyword : {"and", "else", "for", "or", "not"}) {
    bool follows = std::strncmp(end, keyword.data(), keyword.size()) == 0;
    char behind = follows ? end[keyword.size()] : '\0';
    if (follows && !is_name_character(behind) && behind >= 0) return {kNumber, begin, end, problem};
  }
  if (is_name_character(*end)) return {kError, begin, end, problem};
  return {kNumber, begin, end};
}

}  // namespace

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

bool may_be_unnormalized(const char* name, const char* end) {
  const char* cursor = name;
  const char* marker = nullptr;
  while (cursor < end) {
    /*!re2c
      // Letters with a compatibility form, and marks and letters that may melt into the one before them.
      unstable = [\u00aa\u00b5\u00ba\u0132-\u0133\u013f-\u0140\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\u02b0-\u02b8]
               | [\u02e0-\u02e4\u0300-\u036f\u0374\u037a\u0384-\u0387\u03d0-\u03d6\u03f0-\u03f5\u03f9\u0587]
               | [\u0675-\u0678\u0958-\u095f\u09dc-\u09df\u0a33-\u0a36\u0a59-\u0a5e\u0b5c-\u0b5d\u0e33\u0eb3]
               | [\u0edc-\u0edd\u0f0c\u0f43-\u0fb9\u10fc\u1100-\u11ff\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u1e9a-\u1e9b]
               | [\u1f71-\u1f7d\u1fbb-\u1ffd\u2071\u207f\u2090-\u209c\u2102-\u2139\u213c-\u2149\u2160-\u2188]
               | [\u2c7c-\u2c7d\u2d6f\u2e9f-\u2fd5\u3038-\u303a\u309f\u30ff\u3131-\u318e\ua69c-\ua69d\ua770]
               | [\ua7f2-\ua7f9\uab5c-\uab69\uf900-\uffdc\U00010780-\U000107ba\U0001d400-\U0001d7ff]
               | [\U0001e030-\U0001e06d\U0001ee00-\U0001eebb\U0001fbf0-\U0001fbf9\U0002f800-\U0002fa1d];
      unstable { return true; }
      [^] { continue; }
      * { return false; }
    */
  }
  return false;
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
