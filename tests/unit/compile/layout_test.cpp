// Lines, indentation, brackets and f-strings: the stream of tokens, its positions, its limits and errors.
#include "interp/compile/layout.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace mini::compile;

namespace {

std::string kind_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEndOfFile:
      return "END";
    case TokenKind::kNewline:
      return "NEWLINE";
    case TokenKind::kIndent:
      return "INDENT";
    case TokenKind::kDedent:
      return "DEDENT";
    case TokenKind::kFStringStart:
      return "START";
    case TokenKind::kFStringEnd:
      return "STOP";
    default:
      return "";
  }
}

/// The tokens' texts (or kinds) with blanks between, and at the end an error's text and place.
std::string tokens(const std::string& text, bool positions = false) {
  SourceFile source("F", text);
  Layout layout(source, nullptr);
  std::string out;
  for (;;) {
    Token token = layout.next();
    if (!out.empty()) out += ' ';
    if (token.kind == TokenKind::kError) {
      const LexicalError& e = layout.error();
      return out + fmt::format("{}: {} @{}:{}", name_of(e.kind), e.message, e.range.line, e.range.column);
    }
    std::string name = kind_name(token.kind);
    if (token.kind == TokenKind::kFStringMiddle) name = "<";
    if (name.empty() || name == "<") name += source.text().substr(token.begin, token.end - token.begin);
    if (name[0] == '<' && token.kind == TokenKind::kFStringMiddle) name += '>';
    out += name;
    if (positions && token.column != Token::kNoColumn) {
      out += fmt::format("@{}:{}-{}:{}", token.line, token.column, token.end_line, token.end_column);
    }
    if (token.kind == TokenKind::kEndOfFile) return out;
  }
}

}  // namespace

TEST_CASE("indentation becomes INDENT and DEDENT, lines that hold nothing become nothing") {
  CHECK(tokens("") == "END");
  CHECK(tokens("\n  \n# c\n") == "END");
  CHECK(tokens("a") == "a NEWLINE END");
  CHECK(tokens("a:\n  b\n\n    # c\n  c\nd") ==
        "a : NEWLINE INDENT b NEWLINE c NEWLINE DEDENT d NEWLINE END");
  CHECK(tokens("a:\n  b:\n    c\n") == "a : NEWLINE INDENT b : NEWLINE INDENT c NEWLINE DEDENT DEDENT END");
  CHECK(tokens("a:\r\n\tb\r\n") == "a : NEWLINE INDENT b NEWLINE DEDENT END");
  CHECK(tokens("\xEF\xBB\xBF"
               "a") == "a NEWLINE END");
  CHECK(tokens("a:\n  \f b\n c") ==
        "a : NEWLINE INDENT b NEWLINE c NEWLINE DEDENT END");  // A form feed starts anew.
  CHECK(tokens("a \\\n  b\nc") == "a b NEWLINE c NEWLINE END");
}

TEST_CASE("tokens know where they stand, in bytes") {
  CHECK(tokens("é = 'ü\\\n' #\n(a\n)", true) ==
        "é@1:0-1:2 =@1:3-1:4 'ü\\\n'@1:5-2:1 NEWLINE@2:2-2:4 (@3:0-3:1 a@3:1-3:2 )@4:0-4:1 NEWLINE@4:1-4:2 "
        "END");
}

TEST_CASE("indentation that fits nowhere is an error of CPython's kind and place") {
  CHECK(tokens("a:\n    b\n  c") ==
        "a : NEWLINE INDENT b NEWLINE IndentationError: unindent does not match any outer indentation level "
        "@3:3");
  const std::string tabs = "TabError: inconsistent use of tabs and spaces in indentation @";
  CHECK(tokens("a:\n\tb\n        c") == "a : NEWLINE INDENT b NEWLINE " + tabs + "3:0");
  CHECK(tokens("a:\n        b\n\tc") == "a : NEWLINE INDENT b NEWLINE " + tabs + "3:0");
  CHECK(tokens("a:\n  b\n\tc") == "a : NEWLINE INDENT b NEWLINE " + tabs + "3:0");
  CHECK(tokens("a:\n  b\n  \tc") == "a : NEWLINE INDENT b NEWLINE INDENT c NEWLINE DEDENT DEDENT END");
}

TEST_CASE("the limits are CPython's: 200 brackets, 100 levels of indentation, 150 f-strings") {
  auto nested = [](size_t n) { return tokens(std::string(n, '(') + std::string(n, ')')); };
  CHECK(nested(200).ends_with("NEWLINE END"));
  CHECK(nested(201).ends_with("SyntaxError: too many nested parentheses @1:200"));
  auto indented = [](size_t n) {
    std::string text;
    for (size_t i = 0; i < n; ++i) text += std::string(i, ' ') + "a\n";
    return tokens(text);
  };
  CHECK(indented(100).ends_with("DEDENT END"));
  CHECK(indented(101).ends_with("IndentationError: too many levels of indentation @101:0"));
  auto fstrings = [](size_t n) {
    std::string text;
    for (size_t i = 0; i < n; ++i) text += "f'{";
    return tokens(text);
  };
  CHECK(fstrings(151).ends_with("SyntaxError: too many nested f-strings @1:451"));
}

TEST_CASE("brackets join lines, and must match") {
  CHECK(tokens("a(b\n  # c\n\n  ,)\nc") == "a ( b , ) NEWLINE c NEWLINE END");
  CHECK(tokens("(1]").ends_with(
      "SyntaxError: closing parenthesis ']' does not match opening parenthesis '(' @1:2"));
  CHECK(tokens("(\n}").ends_with(
      "SyntaxError: closing parenthesis '}' does not match opening parenthesis '(' on line 1 @2:0"));
  CHECK(tokens("a)").ends_with("SyntaxError: unmatched ')' @1:1"));
  CHECK(tokens("x = (1,\n[2").ends_with("SyntaxError: '[' was never closed @2:0"));
}

TEST_CASE("what a line may not hold") {
  CHECK(tokens("a \\ b") == "a SyntaxError: unexpected character after line continuation character @1:3");
  CHECK(tokens("a\\\n") == "a SyntaxError: unexpected EOF while parsing @1:2");
  CHECK(tokens("a = 'b") == "a = SyntaxError: unterminated string literal (detected at line 1) @1:4");
  CHECK(tokens("'a\\'") ==
        "SyntaxError: unterminated string literal (detected at line 1); perhaps you escaped the end quote? "
        "@1:0");
  CHECK(tokens("'''a\n\nb") ==
        "SyntaxError: unterminated triple-quoted string literal (detected at line 3) @1:0");
  CHECK(tokens("a€") == "SyntaxError: invalid character '€' (U+20AC) @1:1");
  CHECK(tokens("a\u00a0b") == "SyntaxError: invalid non-printable character U+00A0 @1:1");
  CHECK(tokens("\u00b7a") == "SyntaxError: invalid character '·' (U+00B7) @1:0");
  CHECK(tokens("a\u00b7 変数 _é") == "a\u00b7 変数 _é NEWLINE END");
  CHECK(tokens("a = ﬁ") ==
        "a = SyntaxError: identifier 'ﬁ' may not be in normal form (NFKC), which is not part of mini @1:4");
  CHECK(tokens("\x01") == "SyntaxError: invalid non-printable character U+0001 @1:0");
  CHECK(tokens("x = 012") ==
        "x = SyntaxError: leading zeros in decimal integer literals are not permitted; "
        "use an 0o prefix for octal integers @1:4");
  CHECK(tokens("0o19") == "SyntaxError: invalid digit '9' in octal literal @1:3");
}

TEST_CASE("f-strings are texts and fields, however they nest") {
  CHECK(tokens("f'a{b}c'") == "START <a> { b } <c> STOP NEWLINE END");
  CHECK(tokens("f'{{a}}'") == "START <{> <a}> STOP NEWLINE END");
  CHECK(tokens("f'{a!r:>{w}.2}'") == "START { a ! r : <>> { w } <.2> } STOP NEWLINE END");
  CHECK(tokens("f'{f'{1}'}'") == "START { START { 1 } STOP } STOP NEWLINE END");
  CHECK(tokens("f'{a[\"b\"]}'") == "START { a [ \"b\" ] } STOP NEWLINE END");
  CHECK(tokens("f'{a:=5}'") == "START { a : <=5> } STOP NEWLINE END");
  CHECK(tokens("f'{(a:=5)}'") == "START { ( a := 5 ) } STOP NEWLINE END");
  CHECK(tokens("f'{x!=y}'") == "START { x != y } STOP NEWLINE END");
  CHECK(tokens("f'\\N{DASH}{x}'") == "START <\\N{DASH}> { x } STOP NEWLINE END");
  CHECK(tokens("f'''\n{\na # c\n}'''") == "START <\n> { a } STOP NEWLINE END");
}

TEST_CASE("faulty f-strings are named as CPython names them") {
  CHECK(tokens("f'a").ends_with("SyntaxError: unterminated f-string literal (detected at line 1) @1:0"));
  CHECK(tokens("x = f'''a\n{b}\n")
            .ends_with("SyntaxError: unterminated triple-quoted f-string literal (detected at line 2) @1:4"));
  CHECK(tokens("f'}'").ends_with("SyntaxError: f-string: single '}' is not allowed @1:2"));
  CHECK(tokens("f'{a)}'").ends_with("SyntaxError: f-string: unmatched ')' @1:4"));
  CHECK(tokens("f'{a").ends_with("SyntaxError: '{' was never closed @1:2"));
  CHECK(tokens("f'{a'").ends_with("SyntaxError: f-string: expecting '}' @1:4"));
  CHECK(tokens("f'{a:{b:{c:{d}}}}'").ends_with("SyntaxError: f-string: expressions nested too deeply @1:10"));
}

TEST_CASE("a stream that was restarted tells the same as one that came from the start") {
  SourceFile source("F", "a = 1\n\nif b:\n  c\nd\n");
  Layout layout(source, nullptr);
  layout.restart(7, 3);
  Token token = layout.next();
  CHECK(token.kind == TokenKind::kIf);
  CHECK(token.line == 3);
  CHECK(token.column == 0);
  CHECK(token.begin == 7);
}
