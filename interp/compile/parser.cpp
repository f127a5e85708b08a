// Entry of the parser, its tokens and its failures. See parser_impl.h.
#include "interp/compile/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "interp/compile/parser_diagnosis.h"
#include "interp/compile/parser_impl.h"
#include "runtime/base/utf8.h"

namespace mini::compile {

using ast::Module;
using ast::Range;

namespace {

/// The encoding that a comment in one of the first two lines declares (PEP 263); empty if none does.
std::string declared_encoding(const SourceFile& source) {
  for (uint32_t number : {1u, 2u}) {
    std::string_view line = source.line(number);
    size_t begin = std::min(line.find_first_not_of(" \t\f"), line.size());
    if (begin < line.size() && line[begin] != '#') return {};
    for (size_t at = begin; (at = line.find("coding", at)) != std::string_view::npos;) {
      at += 6;
      if (at >= line.size() || (line[at] != ':' && line[at] != '=')) continue;
      at = std::min(line.find_first_not_of(" \t", at + 1), line.size());
      std::string name;
      for (; at < line.size() &&
             (std::isalnum(static_cast<unsigned char>(line[at])) || std::strchr("-_.", line[at]));
           ++at) {
        name.push_back(
            line[at] == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(line[at]))));
      }
      if (!name.empty()) return name;
    }
  }
  return {};
}

/// What makes a text unreadable as a whole: an encoding other than UTF-8, bytes that are not UTF-8, and NUL.
bool check_bytes(const SourceFile& source, Diagnostics& diagnostics) {
  std::string_view text = source.text();
  if (text.size() >= UINT32_MAX) {
    diagnostics.error(DiagnosticKind::kMemoryError, {}, "");
    return false;
  }
  auto line_of = [text](size_t offset) {
    return 1 + static_cast<uint32_t>(
                   std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
  };
  const size_t nul = text.find('\0');
  if (!base::is_ascii(text)) {
    std::string encoding = declared_encoding(source);
    if (!encoding.empty() && !encoding.starts_with("utf-8") && encoding != "utf8") {
      diagnostics.syntax_error({}, fmt::format("source encoding '{}' is not part of mini", encoding));
      return false;
    }
    // CPython looks at one line after the other, and in each at the encoding first.
    auto invalid = base::find_utf8_error(text);
    if (invalid && (nul == std::string_view::npos || line_of(invalid->offset) <= line_of(nul))) {
      diagnostics.syntax_error(
          {},
          fmt::format(
              "Non-UTF-8 code starting with '\\x{:02x}' in file {} on line {}, but no encoding declared; "
              "see https://peps.python.org/pep-0263/ for details",
              static_cast<unsigned char>(text[invalid->offset]), source.name(), line_of(invalid->offset)));
      return false;
    }
  }
  if (nul != std::string_view::npos) {
    uint32_t line = line_of(nul);
    diagnostics.syntax_error({line, Token::kNoColumn, line, Token::kNoColumn},
                             "source code cannot contain null bytes");
    return false;
  }
  return true;
}

}  // namespace

Module* parse(const SourceFile& source, ast::Mode mode, Arena& arena, Diagnostics& diagnostics) {
  if (!check_bytes(source, diagnostics)) return nullptr;
  return Parser(source, mode, arena, diagnostics).run();
}

Parser::Parser(const SourceFile& source, ast::Mode mode, Arena& arena, Diagnostics& diagnostics)
    : source_(source),
      mode_(mode),
      arena_(arena),
      diagnostics_(diagnostics),
      layout_(source, &diagnostics),
      failed_expression_(arena.make<ast::Name>(Range{})) {
  error_token_.kind = Kind::kError;
}

Module* Parser::run() {
  StatementList body;
  if (mode_ == ast::Mode::kEval) {
    ast::Expression* value = parse_expressions();
    while (accept(Kind::kNewline)) {
    }
    if (!at(Kind::kEndOfFile)) fail();
    auto* statement = make<ast::Expr>(value->range);
    statement->value = value;
    body.push_back(statement);
  } else {
    bool compound = false;
    while (!failed_ && !at(Kind::kEndOfFile)) {
      statement_offset_ = peek().begin;
      statement_line_ = peek().line;
      if (failed_) {  // Not even a token: there is nothing to diagnose.
        const LexicalError& error = layout_.error();
        diagnostics_.error(error.kind, error.range, error.message);
        if (error.at_end) diagnostics_.set_incomplete();
        break;
      }
      if (mode_ == ast::Mode::kInteractive) {
        if (!body.empty()) {
          fail_with(
              DiagnosticKind::kSyntaxError, range_of(peek()),
              compound ? "invalid syntax" : "multiple statements found while compiling a single statement");
          break;
        }
        compound = at_compound();
      }
      parse_statement(body);
      if (arena_.exhausted()) fail_with(DiagnosticKind::kMemoryError, {}, "");
    }
    std::string_view source_text = source_.text();
    if (compound && !failed_ && !source_text.ends_with("\n\n")) {
      diagnostics_.set_incomplete();
    }
  }
  if (failed_) {
    if (!diagnostics_.failed()) {
      const LexicalError* error = layout_.failed() ? &layout_.error() : nullptr;
      diagnose(source_, mode_, statement_offset_, statement_line_, {error_token_, error}, diagnostics_);
    }
    return nullptr;
  }
  auto* module = arena_.make<Module>();
  module->mode = mode_;
  module->body = arena_.copy(body);
  return module;
}

const Token& Parser::peek() {
  if (failed_) return error_token_;
  if (position_ == window_.size()) {
    if (marks_ == 0) {
      window_.clear();
      position_ = 0;
    }
    window_.push_back(layout_.next());
    if (window_.back().kind == Kind::kError) {
      fail();
      return error_token_;
    }
  }
  return window_[position_];
}

Token Parser::advance() {
  Token token = peek();
  if (failed_) return token;
  ++position_;
  if (token.kind > Kind::kDedent) last_ = token;
  return token;
}

bool Parser::accept(Kind expected) {
  if (!at(expected)) return false;
  advance();
  return true;
}

void Parser::expect(Kind expected) {
  if (!accept(expected)) fail();
}

std::string_view Parser::text(const Token& token) const {
  return source_.text().substr(token.begin, token.end - token.begin);
}

std::string_view Parser::expect_name() {
  Token token = peek();
  if (token.kind != Kind::kName) {
    fail();
    return {};
  }
  return name(advance());
}

Range Parser::since(const Token& begin) const {
  return {begin.line, begin.column, last_.end_line, last_.end_column};
}

Range Parser::since(const Range& begin) const {
  return {begin.line, begin.column, last_.end_line, last_.end_column};
}

Range Parser::range_of(const Token& token) {
  return {token.line, token.column, token.end_line, token.end_column};
}

ast::Expression* Parser::fail() {
  if (!failed_) {
    if (position_ < window_.size()) error_token_ = window_[position_];
    error_token_.kind = Kind::kError;
    failed_ = true;
  }
  return failed_expression_;
}

ast::Expression* Parser::fail_with(DiagnosticKind error, const Range& range, std::string message) {
  if (!failed_) diagnostics_.error(error, range, std::move(message));
  return fail();
}

ast::Expression* Parser::refuse(const Token& token, std::string_view construct) {
  return fail_with(DiagnosticKind::kSyntaxError, range_of(token),
                   fmt::format("'{}' is not part of mini", construct));
}

void Parser::adopt(ast::Expression* parent, const ast::Expression* child) {
  if (!child || child->depth < parent->depth) return;
  if (child->depth >= kMaxDepth) {
    too_deep_left();
    return;
  }
  parent->depth = static_cast<uint16_t>(child->depth + 1);
}

void Parser::adopt(ast::Expression* parent, ast::Expressions children) {
  for (ast::Expression* child : children) adopt(parent, child);
}

}  // namespace mini::compile
