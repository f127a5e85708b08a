// Indentation, brackets and f-strings over the scanner's tokens. See layout.h.
#include "interp/compile/layout.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"

namespace mini::compile {

using enum TokenKind;

Layout::Layout(const SourceFile& source, Diagnostics* warnings)
    : source_(source), warnings_(warnings), base_(source.text().data()), cursor_(base_), line_start_(base_) {
  indents_.push_back({0, 0});
}

void Layout::restart(uint32_t offset, uint32_t line) {
  cursor_ = line_start_ = base_ + offset;
  line_ = line;
}

Token Layout::next() {
  if (failed_) return token_without_text(kError);
  if (!fstrings_.empty() && fstrings_.back().in_text) return read_fstring_text();
  if (at_line_start_) {
    at_line_start_ = false;
    if (!read_indentation()) return token_without_text(kError);
  }
  if (pending_ != 0) {
    TokenKind kind = pending_ > 0 ? kIndent : kDedent;
    pending_ += pending_ > 0 ? -1 : 1;
    return token_without_text(kind);
  }
  return read_plain();
}

/// Skips lines that hold nothing, then compares the indentation of the line that holds something with those
/// before.
bool Layout::read_indentation() {
  constexpr uint32_t kTab = 8;
  uint32_t column = 0;
  uint32_t narrow = 0;
  uint32_t continued = 0;  // A backslash in the indentation: what stands before it on its line counts.
  for (;;) {
    start_next_line();
    char c = *cursor_;
    if (c == ' ') {
      ++column, ++narrow, ++cursor_;
    } else if (c == '\t') {
      column = (column / kTab + 1) * kTab;
      ++narrow, ++cursor_;
    } else if (c == '\f') {
      column = narrow = 0;
      ++cursor_;
    } else if (c == '\\') {
      continued = continued ? continued : column;
      if (cursor_[1] != '\n') {
        fail("unexpected character after line continuation character", cursor_ + 2);
        error_.of_line = true;
        return false;
      }
      cursor_ += 2;
      line_ended_ = true;
      if (!*cursor_) {
        fail("unexpected EOF while parsing", cursor_);
        error_.at_end = error_.of_line = true;
        return false;
      }
    } else if (c == '#' || c == '\n') {
      cursor_ = std::strchr(cursor_, '\n') + 1;  // Every line has an end (SourceFile).
      line_ended_ = true;
      column = narrow = continued = 0;
    } else {
      break;
    }
  }
  if (continued) column = narrow = continued;
  const char* kTabs = "inconsistent use of tabs and spaces in indentation";
  if (column > indents_.back().column) {
    if (indents_.size() >= kMaxIndents) {
      return fail(DiagnosticKind::kIndentationError, "too many levels of indentation", {line_, 0, line_, 0}),
             false;
    }
    if (narrow <= indents_.back().column_with_tabs_of_one) {
      return fail(DiagnosticKind::kTabError, kTabs, {line_, 0, line_, 0}), false;
    }
    indents_.push_back({column, narrow});
    pending_ = 1;
    return true;
  }
  while (column < indents_.back().column) {
    indents_.pop_back();
    --pending_;
  }
  if (column != indents_.back().column) {
    uint32_t end = column_of(std::strchr(cursor_, '\n'));
    return fail(DiagnosticKind::kIndentationError, "unindent does not match any outer indentation level",
                {line_, end, line_, end}),
           false;
  }
  if (narrow != indents_.back().column_with_tabs_of_one) {
    return fail(DiagnosticKind::kTabError, kTabs, {line_, 0, line_, 0}), false;
  }
  return true;
}

Token Layout::read_plain() {
  for (;;) {
    start_next_line();
    Lexeme lexeme = scan(cursor_);
    cursor_ = lexeme.end;
    switch (lexeme.kind) {
      case kLineEnd: {
        line_ended_ = true;
        if (!brackets_.empty()) continue;
        at_line_start_ = true;
        return token(kNewline, lexeme.begin, lexeme.end);
      }
      case kContinuation:
        line_ended_ = true;
        if (!*cursor_) {
          Token result = fail("unexpected EOF while parsing", cursor_);
          error_.at_end = error_.of_line = true;
          return result;
        }
        continue;
      case kBadContinuation: {
        Token result = fail("unexpected character after line continuation character", lexeme.end + 1);
        error_.of_line = true;
        return result;
      }
      case kEndOfFile:
        if (brackets_.empty()) return token_without_text(kEndOfFile);
        error_ = unclosed_bracket();
        failed_ = true;
        return token_without_text(kError);
      case kError: {
        if (std::strcmp(lexeme.problem, "leading zeros") == 0) {
          uint32_t first = column_of(lexeme.begin);
          return fail(DiagnosticKind::kSyntaxError,
                      "leading zeros in decimal integer literals are not permitted; "
                      "use an 0o prefix for octal integers",
                      {line_, first, line_, first + static_cast<uint32_t>(std::strspn(lexeme.begin, "0_"))});
        }
        std::string message = lexeme.problem;
        if (size_t mark = message.find('?'); mark != std::string::npos) message[mark] = lexeme.end[-1];
        return fail(message, lexeme.end);
      }
      case kNumber:
        if (lexeme.problem && warnings_) {
          uint32_t column = column_of(lexeme.end) - 1;
          warnings_->warning({line_, column, line_, column}, lexeme.problem);
        }
        return token(kNumber, lexeme.begin, lexeme.end);
      case kName:
        return name(lexeme);
      case kString:
        return string(lexeme);
      case kUnterminatedString:
        return unterminated_string(lexeme);
      case kFStringStart:
        return begin_fstring(lexeme);
      case kUnknown:
        if (!base::is_printable(static_cast<unsigned char>(*lexeme.begin)))
          return invalid_character(lexeme.begin);
        return token(kUnknown, lexeme.begin, lexeme.end);
      default:
        return bracket(lexeme);
    }
  }
}

Token Layout::name(const Lexeme& lexeme) {
  std::string_view text(lexeme.begin, static_cast<size_t>(lexeme.end - lexeme.begin));
  if (base::is_ascii(text)) return token(kName, lexeme.begin, lexeme.end);
  for (const char* c = lexeme.begin; c != lexeme.end;) {
    auto [character, size] = base::decode_utf8(c);
    bool fits =
        c == lexeme.begin ? base::is_identifier_start(character) : base::is_identifier_continue(character);
    if (!fits) return invalid_character(c);
    c += size;
  }
  if (may_be_unnormalized(lexeme.begin, lexeme.end)) {
    return fail(
        DiagnosticKind::kSyntaxError,
        fmt::format("identifier '{}' may not be in normal form (NFKC), which is not part of mini", text),
        {line_, column_of(lexeme.begin), line_, column_of(lexeme.end)});
  }
  return token(kName, lexeme.begin, lexeme.end);
}

Token Layout::invalid_character(const char* c) {
  auto [character, size] = base::decode_utf8(c);
  uint32_t code = character;
  if (!base::is_printable(character)) {
    return fail(fmt::format("invalid non-printable character U+{:04X}", code), c + size);
  }
  return fail(fmt::format("invalid character '{}' (U+{:04X})", std::string_view(c, size), code), c + size);
}

Token Layout::string(const Lexeme& lexeme) {
  Token result = token(kString, lexeme.begin, lexeme.end);
  count_lines(lexeme.begin, lexeme.end);
  result.end_line = line_;
  result.end_column = column_of(lexeme.end);
  return result;
}

Token Layout::unterminated_string(const Lexeme& lexeme) {
  char quote = lexeme.end[-1];
  size_t quote_size = lexeme.end - lexeme.begin >= 3 && lexeme.end[-2] == quote ? 3 : 1;
  if (!fstrings_.empty() && fstrings_.back().quote == quote && fstrings_.back().quote_size == quote_size) {
    return fail("f-string: expecting '}'", lexeme.begin + 1);
  }
  uint32_t line = line_;
  bool escaped_quote = false;
  const char* c = lexeme.end;
  for (; *c && (quote_size == 3 || *c != '\n'); ++c) {
    if (*c == '\\' && c[1]) {
      ++c;
      escaped_quote = escaped_quote || *c == quote;
    }
    if (*c == '\n' && c[1]) ++line;
  }
  Token result =
      fail(fmt::format("unterminated {}string literal (detected at line {}){}",
                       quote_size == 3 ? "triple-quoted " : "", line,
                       quote_size == 1 && escaped_quote ? "; perhaps you escaped the end quote?" : ""),
           lexeme.begin + 1);
  error_.at_end = !*c;
  return result;
}

Token Layout::begin_fstring(const Lexeme& lexeme) {
  if (fstrings_.size() >= kMaxFStrings) return fail("too many nested f-strings", lexeme.end);
  FString fstring{.quote = lexeme.end[-1],
                  .quote_size = static_cast<uint8_t>(lexeme.end - lexeme.begin > 3 ? 3 : 1),
                  .raw = std::memchr(lexeme.begin, 'r', 2) || std::memchr(lexeme.begin, 'R', 2),
                  .begin = lexeme.begin,
                  .line = line_,
                  .line_start = line_start_};
  fstrings_.push_back(fstring);
  return token(kFStringStart, lexeme.begin, lexeme.end);
}

/// The text of an f-string up to its end, a field, or a brace; then that.
Token Layout::read_fstring_text() {
  start_next_line();
  FString& fstring = fstrings_.back();
  const char* begin = cursor_;
  Token result = token(kFStringMiddle, begin, begin);
  auto middle = [&](const char* text_end, const char* next) {
    result.end = static_cast<uint32_t>(text_end - base_);
    result.end_line = line_;
    result.end_column = column_of(next);  // Of two braces, one is text, but both are part of the token.
    cursor_ = next;
    return result;
  };
  auto ends_here = [&](const char* c) {
    for (size_t i = 0; i < fstring.quote_size; ++i) {
      if (c[i] != fstring.quote) return false;
    }
    return true;
  };
  if (*cursor_ == '{' && cursor_[1] != '{') {
    if (++fstring.field_depth >= kMaxFieldNesting) {
      return fail("f-string: expressions nested too deeply", cursor_);
    }
    fstring.in_text = false;
    return read_plain();
  }
  if (ends_here(cursor_)) {
    cursor_ += fstring.quote_size;
    result = token(kFStringEnd, begin, cursor_);
    fstrings_.pop_back();
    return result;
  }
  bool in_format_spec = fstring.in_format_spec && fstring.field_depth >= 0;
  bool named_escape = false;
  for (const char* c = cursor_;; ++c) {
    if (!*c || (*c == '\n' && fstring.quote_size == 1)) {
      if (in_format_spec && *c == '\n') {
        fstring.in_text = fstring.in_format_spec = false;
        return middle(c, c);
      }
      return unterminated_fstring();
    }
    if (*c == '\n' && c[1]) {
      ++line_;
      line_start_ = c + 1;
    } else if (*c == fstring.quote && ends_here(c)) {
      return middle(c, c);
    } else if (*c == '{') {
      if (c[1] == '{' && !in_format_spec) return middle(c + 1, c + 2);
      if (++fstring.field_depth >= kMaxFieldNesting) {
        return fail("f-string: expressions nested too deeply", c);
      }
      fstring.in_text = false;
      return middle(c, c);
    } else if (*c == '}') {
      if (named_escape) {
        named_escape = false;
        return middle(c + 1, c + 1);
      }
      if (c[1] == '}' && !in_format_spec && fstring.depth == 0) return middle(c + 1, c + 2);
      fstring.in_text = false;
      return middle(c, c);
    } else if (*c == '\\' && c[1]) {
      if (c[1] == '{' || c[1] == '}') {  // No escape: the brace counts as one.
        if (warnings_ && !fstring.raw) {
          warnings_->warning({line_, column_of(c), line_, column_of(c)},
                             fmt::format("invalid escape sequence '\\{}'", c[1]));
        }
        continue;
      }
      ++c;
      if (*c == 'N' && c[1] == '{' && !fstring.raw) {
        named_escape = true;
        ++c;
      } else if (*c == '\n' && c[1]) {
        ++line_;
        line_start_ = c + 1;
      }
    }
  }
}

Token Layout::unterminated_fstring() {
  const FString fstring = fstrings_.back();
  uint32_t line = line_;
  line_ = fstring.line;
  line_start_ = fstring.line_start;
  Token result = fail(fmt::format("unterminated {}f-string literal (detected at line {})",
                                  fstring.quote_size == 3 ? "triple-quoted " : "", line),
                      fstring.begin + 1);
  error_.at_end = fstring.quote_size == 3;
  return result;
}

Token Layout::bracket(const Lexeme& lexeme) {
  FString* fstring = fstrings_.empty() ? nullptr : &fstrings_.back();
  char c = *lexeme.begin;
  if (c == ':' && fstring && fstring->depth - 1 == fstring->field_depth && fstring->field_depth >= 0) {
    fstring->in_text = fstring->in_format_spec = true;
    cursor_ = lexeme.begin + 1;  // A `:=` here is a format that begins with `=`.
    return token(kColon, lexeme.begin, cursor_);
  }
  Token result = token(lexeme.kind, lexeme.begin, lexeme.end);
  switch (lexeme.kind) {
    case kLeftParen:
    case kLeftBracket:
    case kLeftBrace:
      if (brackets_.size() >= kMaxBrackets) return fail("too many nested parentheses", lexeme.end);
      brackets_.push_back({c, line_, column_of(lexeme.begin)});
      if (fstring) ++fstring->depth;
      ++result.level;
      return result;
    case kRightParen:
    case kRightBracket:
    case kRightBrace:
      return close_bracket(c, result);
    default:
      return result;
  }
}

Token Layout::close_bracket(char closing, Token result) {
  FString* fstring = fstrings_.empty() ? nullptr : &fstrings_.back();
  const char* end = base_ + result.end;
  if (fstring && fstring->depth == 0 && closing == '}')
    return fail("f-string: single '}' is not allowed", end);
  if (brackets_.empty()) return fail(fmt::format("unmatched '{}'", closing), end);
  Bracket opening = brackets_.back();
  brackets_.pop_back();
  char expected = opening.character == '(' ? ')' : opening.character == '[' ? ']' : '}';
  if (closing != expected) {
    if (fstring && opening.character == '{' && fstring->depth - 1 == fstring->field_depth) {
      return fail(fmt::format("f-string: unmatched '{}'", closing), end);
    }
    std::string message = fmt::format("closing parenthesis '{}' does not match opening parenthesis '{}'",
                                      closing, opening.character);
    if (opening.line != line_) message += fmt::format(" on line {}", opening.line);
    return fail(message, end);
  }
  --result.level;
  if (fstring) {
    if (--fstring->depth < 0) return fail(fmt::format("f-string: unmatched '{}'", closing), end);
    if (closing == '}' && fstring->depth == fstring->field_depth) {
      --fstring->field_depth;
      fstring->in_text = true;
      fstring->in_format_spec = false;
    }
  }
  return result;
}

LexicalError Layout::unclosed_bracket() const {
  const Bracket& open = brackets_.back();
  return {DiagnosticKind::kSyntaxError,
          fmt::format("'{}' was never closed", open.character),
          {open.line, open.column, open.line, open.column},
          true,
          true};
}

void Layout::start_next_line() {
  if (line_ended_ && *cursor_) {
    ++line_;
    line_start_ = cursor_;
    line_ended_ = false;
  }
}

void Layout::count_lines(const char* begin, const char* end) {
  for (const char* c = begin;
       (c = static_cast<const char*>(std::memchr(c, '\n', static_cast<size_t>(end - c))));) {
    ++line_;
    line_start_ = ++c;
  }
}

Token Layout::token(TokenKind kind, const char* begin, const char* end) {
  return {kind,
          static_cast<uint8_t>(brackets_.size()),
          static_cast<uint32_t>(begin - base_),
          static_cast<uint32_t>(end - base_),
          line_,
          column_of(begin),
          line_,
          column_of(end)};
}

Token Layout::token_without_text(TokenKind kind) {
  uint32_t offset = static_cast<uint32_t>(cursor_ - base_);
  bool no_column = !*cursor_ && source_.origin() == SourceFile::Origin::kFile;
  return {kind,  static_cast<uint8_t>(brackets_.size()), offset, offset, line_, Token::kNoColumn,
          line_, no_column ? 0 : column_of(cursor_)};
}

/// CPython marks the last character that its tokenizer read.
Token Layout::fail(std::string message, const char* read_to, DiagnosticKind kind) {
  const char* last = read_to > line_start_ ? read_to - 1 : read_to;
  while (last > line_start_ && base::is_utf8_continuation(*last)) --last;
  return fail(kind, std::move(message), {line_, column_of(last), line_, column_of(last)});
}

Token Layout::fail(DiagnosticKind kind, std::string message, ast::Range range) {
  error_ = {kind, std::move(message), range};
  error_.of_line = kind != DiagnosticKind::kSyntaxError;
  failed_ = true;
  return token_without_text(kError);
}

}  // namespace mini::compile
