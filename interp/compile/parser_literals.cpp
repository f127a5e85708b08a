// Numbers, strings, bytes and f-strings: from tokens to Constant and JoinedStr. See parser_impl.h.
// Texts and positions of errors follow Parser/string_parser.c and action_helpers.c (CPython 3.13.0).
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "interp/compile/parser_impl.h"
#include "runtime/base/utf8.h"

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes
using enum TokenKind;

namespace {

constexpr size_t kMaxDecimalDigits = 4300;  // sys.int_info.default_max_str_digits

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

/// A piece of the strings that stand side by side: text, or an f-string's field.
struct Parser::StringPart {
  Range range;
  std::string text;
  Expression* field = nullptr;
};

/// What the parts of an f-string have to know of the token that began it.
struct Parser::FString {
  bool raw;
  uint32_t line;
};

struct Parser::StringParts {
  std::vector<StringPart> list;

  /// CPython keeps one Constant for all text between two fields, and none that is empty.
  Expressions finish(Parser& parser) {
    List values;
    for (size_t i = 0; i < list.size();) {
      if (list[i].field) {
        values.push_back(list[i++].field);
        continue;
      }
      auto* constant = parser.make<Constant>(list[i].range);
      constant->constant = ConstantKind::kString;
      std::string text = std::move(list[i++].text);
      for (; i < list.size() && !list[i].field; ++i) {
        text += list[i].text;
        constant->range.end_line = list[i].range.end_line;
        constant->range.end_column = list[i].range.end_column;
      }
      constant->text = parser.arena_.copy_text(text);
      if (!text.empty()) values.push_back(constant);
    }
    return parser.arena_.copy(values);
  }
};

Expression* Parser::parse_number() {
  Token token = advance();
  auto* node = make<Constant>(range_of(token));
  std::string digits;
  for (char c : text(token)) {
    if (c != '_') digits.push_back(c);
  }
  node->constant = ConstantKind::kInteger;
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    char mark = static_cast<char>(digits[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
  }
  if (base != 10) {
    digits.erase(0, 2);
  } else if (digits.find_first_of(".eE") != std::string::npos) {
    node->constant = ConstantKind::kFloat;
    // strtod and not from_chars: it answers infinity and 0 where the value is out of range, as CPython does.
    node->floating = std::strtod(digits.c_str(), nullptr);
    return node;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (base == 10 && digits.size() > kMaxDecimalDigits) {
    return fail_with(
        DiagnosticKind::kSyntaxError, {token.line, 0, token.line, 0},
        fmt::format("Exceeds the limit ({} digits) for integer string conversion: value has {} digits; "
                    "use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for "
                    "huge integer literals to avoid decimal conversion limits.",
                    kMaxDecimalDigits, digits.size()));
  }
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), node->integer, base);
  if (failure != std::errc()) {
    node->constant = ConstantKind::kBigInteger;
    node->base = static_cast<uint8_t>(base);
    node->text = arena_.copy_text(digits);
  }
  return node;
}

/// Strings side by side are one.
Expression* Parser::parse_strings() {
  Token begin = peek();
  StringParts parts;
  bool any_text = false;
  bool any_bytes = false;
  bool any_fstring = false;
  while (at(kString) || at(kFStringStart)) {
    if (at(kFStringStart)) {
      any_text = any_fstring = true;
      parse_fstring(parts);
      continue;
    }
    Token token = advance();
    std::string_view body = text(token);
    bool raw = false;
    bool bytes = false;
    while (body[0] != '\'' && body[0] != '"') {
      raw = raw || (body[0] | 0x20) == 'r';
      bytes = bytes || (body[0] | 0x20) == 'b';
      body.remove_prefix(1);
    }
    size_t quotes = body.size() >= 6 && body[0] == body[1] && body[1] == body[2] ? 3 : 1;
    body = body.substr(quotes, body.size() - 2 * quotes);
    (bytes ? any_bytes : any_text) = true;
    StringPart part{.range = range_of(token), .text = {}};
    if (!decode_string(token, body, raw, bytes, part.text, token)) return fail();
    parts.list.push_back(std::move(part));
  }
  if (any_bytes && any_text) {
    return fail_with(DiagnosticKind::kSyntaxError, range_of(peek()),
                     "cannot mix bytes and nonbytes literals");
  }
  Range range = since(begin);
  if (any_fstring) {
    auto* node = make<JoinedStr>(range);
    node->values = parts.finish(*this);
    adopt(node, node->values);
    return node;
  }
  auto* node = make<Constant>(range);
  node->constant = any_bytes ? ConstantKind::kBytes : ConstantKind::kString;
  std::string whole;
  for (StringPart& part : parts.list) whole += part.text;
  node->text = arena_.copy_text(whole);
  return node;
}

void Parser::parse_fstring(StringParts& parts) {
  Nesting nesting(*this, 20);
  Token begin = advance();
  const FString string{.raw = text(begin).find_first_of("rR") != std::string_view::npos, .line = begin.line};
  std::vector<std::pair<size_t, Token>> texts;  // Decoded at the end: CPython reports bad escapes there.
  while (at(kFStringMiddle) || at(kLeftBrace)) {
    if (at(kLeftBrace)) {
      parse_field(parts, string, 0);
    } else {
      Token token = advance();
      texts.emplace_back(parts.list.size(), token);
      parts.list.push_back({.range = range_of(token), .text = {}});
    }
  }
  for (auto& [index, token] : texts) {
    if (!decode_string(peek(), text(token), string.raw, false, parts.list[index].text, peek())) return;
  }
  expect(kFStringEnd);
}

/// `{value}`, `{value=}`, `{value!r}`, `{value:spec}`.
void Parser::parse_field(StringParts& parts, const FString& string, int depth) {
  Token open = advance();
  Expression* value = parse_annotated_rhs();
  bool debug = accept(kEqual);
  uint32_t debug_end = peek().begin;
  Range debug_range{open.line, open.column + 1, peek().line, peek().column};
  char conversion = 0;
  if (at(kExclamation)) {
    Token mark = advance();
    Token letter = peek();
    std::string_view which = text(letter);
    if (letter.kind != kName) {
      fail();
    } else if (letter.line != mark.line || letter.column != mark.end_column) {
      fail_with(DiagnosticKind::kSyntaxError, {mark.line, mark.column, letter.end_line, letter.end_column},
                "f-string: conversion type must come right after the exclamanation mark");
    } else if (which != "s" && which != "r" && which != "a") {
      fail_with(DiagnosticKind::kSyntaxError, range_of(letter),
                fmt::format("f-string: invalid conversion character '{}': expected 's', 'r', or 'a'", which));
    } else {
      conversion = which[0];
      advance();
    }
  }
  Expression* spec = at(kColon) ? parse_format_spec(string, depth) : nullptr;
  expect(kRightBrace);
  if (failed_) return;
  auto* node = make<FormattedValue>(since(open));
  node->value = value;
  node->conversion = debug && !conversion && !spec ? 'r' : conversion;
  node->format_spec = spec;
  node->string_line = string.line;
  adopt(node, value);
  adopt(node, spec);
  if (debug) {
    std::string_view shown = source_.text().substr(open.end, debug_end - open.end);
    parts.list.push_back({.range = debug_range, .text = std::string(shown)});
  }
  parts.list.push_back({.range = node->range, .text = {}, .field = node});
}

Expression* Parser::parse_format_spec(const FString& string, int depth) {
  Token colon = advance();
  StringParts parts;
  while (at(kFStringMiddle) || at(kLeftBrace)) {
    if (at(kLeftBrace)) {
      parse_field(parts, string, depth + 1);
    } else {
      Token token = advance();
      StringPart part{.range = range_of(token), .text = {}};
      if (!decode_string(token, text(token), string.raw, false, part.text, peek())) break;
      parts.list.push_back(std::move(part));
    }
  }
  auto* node = make<JoinedStr>(since(colon));
  node->values = parts.finish(*this);
  adopt(node, node->values);
  return node;
}

void Parser::warn_of_escape(const Token& token, const char* escape) {
  Range range{token.line, token.column, token.line, token.column};
  if (*escape >= '4' && *escape <= '7') {
    diagnostics_.warning(range, fmt::format("invalid octal escape sequence '\\{:.3}'", escape));
  } else {
    diagnostics_.warning(range, fmt::format("invalid escape sequence '\\{}'", *escape));
  }
}

/// Resolves the escapes of `body`. Warns at `token`; an error is reported at `where`, and the answer is
/// false.
bool Parser::decode_string(const Token& token, std::string_view body, bool raw, bool bytes, std::string& out,
                           const Token& where) {
  auto error = [&](std::string message) {
    fail_with(DiagnosticKind::kSyntaxError, range_of(where), std::move(message));
    return false;
  };
  if (bytes) {
    for (char c : body) {
      if (static_cast<signed char>(c) < 0) return error("bytes can only contain ASCII literal characters");
    }
  }
  if (raw || body.find('\\') == std::string_view::npos) {
    out.assign(body);
    return true;
  }
  out.reserve(body.size());
  bool warned = false;  // CPython warns of the first escape only.
  const char* c = body.data();
  const char* end = c + body.size();
  size_t wide =
      0;  // What CPython's positions count beyond bytes: each character outside ASCII is a \U escape there.
  while (c != end) {
    if (*c != '\\') {
      if (static_cast<signed char>(*c) < 0 && !base::is_utf8_continuation(*c))
        wide += 10 - base::decode_utf8(c).size;
      out.push_back(*c++);
      continue;
    }
    const char* begin = c++;
    size_t position = static_cast<size_t>(begin - body.data()) + wide;
    if (c == end) {  // Only in an f-string, before a brace.
      out.push_back('\\');
      break;
    }
    static constexpr std::string_view kLetters = "\n\\'\"abfnrtv";
    static constexpr std::string_view kMeanings = " \\'\"\a\b\f\n\r\t\v";
    char letter = *c++;
    if (size_t found = kLetters.find(letter); found != std::string_view::npos) {
      if (found != 0) out.push_back(kMeanings[found]);
      continue;
    }
    if (letter >= '0' && letter <= '7') {
      const char* first = c - 1;
      uint32_t value = static_cast<uint32_t>(letter - '0');
      for (int i = 0; i < 2 && c != end && *c >= '0' && *c <= '7'; ++i) {
        value = value * 8 + static_cast<uint32_t>(*c++ - '0');
      }
      if (value > 0xFF && !warned) {
        warned = true;
        warn_of_escape(token, first);
      }
      if (bytes) {
        out.push_back(static_cast<char>(value));
      } else {
        base::append_utf8(out, value);
      }
      continue;
    }
    size_t length = letter == 'x' ? 2 : bytes ? 0 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (length != 0) {
      uint32_t value = 0;
      size_t read = 0;
      for (; read < length && c != end && hex_digit(*c) >= 0; ++read) {
        value = value * 16 + static_cast<uint32_t>(hex_digit(*c++));
      }
      if (read < length && bytes)
        return error(fmt::format("(value error) invalid \\x escape at position {}", position));
      if (read < length || value > base::kMaxCodePoint) {
        return error(fmt::format(
            "(unicode error) 'unicodeescape' codec can't decode bytes in position {}-{}: {}", position,
            position + 1 + read,
            read == length ? std::string("illegal Unicode character")
                           : fmt::format("truncated \\{}{} escape", letter, std::string(length, 'X'))));
      }
      if (bytes) {
        out.push_back(static_cast<char>(value));
      } else {
        base::append_utf8(out, value);
      }
      continue;
    }
    if (letter == 'N' && !bytes) return error("named characters (\\N{...}) are not part of mini");
    if (!warned && static_cast<signed char>(letter) >= 0) {
      warned = true;  // Of a brace in an f-string, the layout has warned.
      if (token.kind == kString || (letter != '{' && letter != '}')) warn_of_escape(token, c - 1);
    }
    out.push_back('\\');
    --c;
  }
  return true;
}

}  // namespace mini::compile
