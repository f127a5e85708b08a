// Finds the error that CPython 3.13 reports, in the way in which it finds it (Parser/pegen.c,
// pegen_errors.c): a first pass by the right grammar shows how far one can read, a second one tries rules for
// common mistakes.
#include "interp/compile/parser_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "interp/compile/arena.h"
#include "interp/compile/grammar.h"
#include "interp/compile/layout.h"
#include "interp/compile/parser_diagnosis_grammar.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MINI_CLANG_ASAN
#endif
#endif

namespace mini::compile {

namespace {

using ast::Range;
using Kind = TokenKind;
using Op = Grammar::Op;

/// What a rule matched: as much of a syntax tree as the messages need.
struct Node {
  std::string_view name;  ///< As messages call it; empty for a sequence that dissolves into what holds it.
  uint32_t first = 0;     ///< Index of the first token,
  uint32_t end = 0;       ///< and of that behind the last.
  std::span<Node*> children;
};

class Diagnoser {
 public:
  Diagnoser(const SourceFile& source, ast::Mode mode, uint32_t offset, uint32_t line)
      : source_(source), grammar_(kDiagnosisGrammar), layout_(source, nullptr) {
    layout_.restart(offset, line);
    const char* root = mode == ast::Mode::kEval          ? "eval"
                       : mode == ast::Mode::kInteractive ? "single"
                                                         : "file";
    root_ = grammar_.rule(root);
    ends_early_ = mode == ast::Mode::kEval && source.is_unended();
  }

  void run(const Stop& stop, Diagnostics& diagnostics);

 private:
#if defined(__SANITIZE_ADDRESS__) || defined(MINI_CLANG_ASAN)
  static constexpr size_t kMaxRules = 1200;  // Its frames are several times larger.
#else
  static constexpr size_t kMaxRules =
      5000;  ///< Nesting of rules; each has about four frames, together 0.6 KiB.
#endif
  /// Of one statement at top level; beyond this, nothing better is said than "invalid syntax". A token costs
  /// about a kilobyte here.
  static constexpr size_t kMaxTokens = 1'000'000;

  struct Memo {
    uint16_t rule;
    uint32_t end;
    Node* node;
    Memo* next;
  };
  struct Labels {
    Node* a = nullptr;
    Node* b = nullptr;
    Node* operator[](char label) const { return label == 'a' ? a : label == 'b' ? b : nullptr; }
  };

  const Token* token(uint32_t index);
  const Token& last_token() const {
    return tokens_.back();
  }
  std::string_view text(const Token& t) const {
    return source_.text().substr(t.begin, t.end - t.begin);
  }

  Node* match_rule(uint16_t rule);
  Node* match_group(uint16_t group);
  Node* match_alternative(const Grammar::Alternative& alternative, bool& cut);
  Node* match_item(const Grammar::Item& item);
  Node* match_token(Kind kind);
  Node* match_many(const Grammar::Item& item, bool one_at_least);
  bool matches_ahead(const Grammar::Item& item);
  Node* make(std::string_view name, uint32_t first, size_t scratch);

  Node* act(const Grammar::Action& action, const Labels& labels, uint32_t first, size_t scratch);
  Node* invalid_target(Node* node, std::string_view targets);
  std::string_view name_of(const Node* node);
  std::string fill_in(std::string_view message, const Node* a);
  bool is_legacy(const Node* node);
  Range range(const Node* from, const Node* to);
  Range range_of_last(const Token& t) const;
  Range range_of(const Token& t) const {
    return {t.line, t.column, t.end_line, t.end_column};
  }
  Node* raise(const Range& range, std::string message, DiagnosticKind kind = DiagnosticKind::kSyntaxError);
  void check_rest();

  const SourceFile& source_;
  Arena arena_;
  Grammar grammar_;
  Layout layout_;
  uint16_t root_;
  bool ends_early_ = false;  ///< CPython sees no line end here.
  std::vector<Token> tokens_;
  uint32_t position_ = 0;
  bool invalid_rules_ = false;
  bool stopped_ = false;  ///< An error is raised, or the search given up: everything fails from here on.
  bool gave_up_ = false;
  bool lexical_ = false;  ///< The error is one of a token.
  LexicalError error_;
  size_t depth_ = 0;
  std::vector<Node*> scratch_;
  std::vector<Memo*> memos_;  ///< For each token, what rules found there.
  std::deque<Node> token_nodes_;
  Node nothing_;
};

const Token* Diagnoser::token(uint32_t index) {
  while (tokens_.size() <= index && !stopped_) {
    Token next = layout_.next();
    if (next.kind == Kind::kError) {
      error_ = layout_.error();
      stopped_ = lexical_ = true;
    } else {
      if (ends_early_ && next.kind == Kind::kNewline && next.end == source_.text().size()) {
        next.kind = Kind::kEndOfFile;
        next.column = Token::kNoColumn;
      }
      tokens_.push_back(next);
      memos_.push_back(nullptr);
      uint32_t first = static_cast<uint32_t>(tokens_.size()) - 1;
      bool literal = next.kind == Kind::kNumber || next.kind == Kind::kString;
      token_nodes_.push_back({next.kind == Kind::kName ? "name"
                              : literal                ? "literal"
                                                       : "token",
                              first,
                              first + 1,
                              {}});
      if (tokens_.size() > kMaxTokens) stopped_ = gave_up_ = true;
    }
  }
  return stopped_ ? nullptr : &tokens_[index];
}

Node* Diagnoser::match_rule(uint16_t index) {
  const Grammar::Rule& rule = grammar_.rules[index];
  if (stopped_) return nullptr;
  uint32_t begin = position_;
  if (rule.memo) {
    if (!token(begin)) return nullptr;
    for (Memo* memo = memos_[begin]; memo; memo = memo->next) {
      if (memo->rule != index) continue;
      if (memo->node) position_ = memo->end;
      return memo->node;
    }
  }
  if (++depth_ > kMaxRules) stopped_ = gave_up_ = true;
  bool before = invalid_rules_;
  if (rule.without_invalid) invalid_rules_ = false;
  Node* node = match_group(rule.group);
  invalid_rules_ = before;
  --depth_;
  if (rule.memo) memos_[begin] = arena_.make<Memo>(index, position_, node, memos_[begin]);
  return node;
}

Node* Diagnoser::match_group(uint16_t group) {
  uint32_t begin = position_;
  for (const Grammar::Alternative& alternative : grammar_.groups[group]) {
    if (alternative.invalid && !invalid_rules_) continue;
    bool cut = false;
    if (Node* node = match_alternative(alternative, cut)) return node;
    position_ = begin;
    if (stopped_ || cut) return nullptr;
  }
  return nullptr;
}

Node* Diagnoser::match_alternative(const Grammar::Alternative& alternative, bool& cut) {
  uint32_t first = position_;
  size_t scratch = scratch_.size();
  Labels labels;
  for (int32_t index : alternative.items) {
    const Grammar::Item& item = grammar_.items[static_cast<size_t>(index)];
    if (item.op == Op::kCut) {
      cut = true;
      continue;
    }
    if (item.op == Op::kAnd || item.op == Op::kNot) {
      if (!matches_ahead(item)) {
        scratch_.resize(scratch);
        return nullptr;
      }
      continue;
    }
    Node* node = match_item(item);
    if (!node) {
      scratch_.resize(scratch);
      return nullptr;
    }
    if (item.label == 'a') labels.a = node;
    if (item.label == 'b') labels.b = node;
    scratch_.push_back(node);
  }
  Node* result = act(alternative.action, labels, first, scratch);
  scratch_.resize(scratch);
  return stopped_ ? nullptr : result;
}

Node* Diagnoser::match_item(const Grammar::Item& item) {
  switch (item.op) {
    case Op::kToken:
      return match_token(item.token);
    case Op::kSoftKeyword: {
      const Token* t = token(position_);
      if (!t || t->kind != Kind::kName) return nullptr;
      std::string_view word = text(*t);
      auto begins = [word](std::string_view keyword) { return keyword.starts_with(word); };
      bool matches = item.text.empty()
                         ? begins("_") || begins("match") || begins("case") || begins("type")
                         : word == item.text;  // A beginning is enough for CPython: `c` is "case".
      return matches ? match_token(Kind::kName) : nullptr;
    }
    case Op::kRule:
      return match_rule(item.index);
    case Op::kGroup:
      return match_group(item.index);
    case Op::kOptional:
      if (Node* node = match_item(grammar_.items[static_cast<size_t>(item.inner)])) return node;
      return stopped_ ? nullptr : &nothing_;
    case Op::kStar:
      return match_many(item, false);
    case Op::kPlus:
    case Op::kSeparated:
      return match_many(item, true);
    case Op::kForced: {
      if (Node* node = match_token(item.token)) return node;
      if (const Token* t = token(position_)) raise(range_of(*t), fmt::format("expected '{}'", item.text));
      return nullptr;
    }
    default:
      return nullptr;
  }
}

Node* Diagnoser::match_token(Kind kind) {
  const Token* t = token(position_);
  if (!t || t->kind != kind) return nullptr;
  return &token_nodes_[position_++];
}

Node* Diagnoser::match_many(const Grammar::Item& item, bool one_at_least) {
  uint32_t first = position_;
  size_t scratch = scratch_.size();
  for (;;) {
    uint32_t before = position_;
    if (item.op == Op::kSeparated && scratch_.size() > scratch && !match_token(item.token)) break;
    Node* node = match_item(grammar_.items[static_cast<size_t>(item.inner)]);
    if (!node || stopped_) {
      position_ = before;
      break;
    }
    scratch_.push_back(node);
    if (position_ == before) break;
  }
  bool any = scratch_.size() > scratch;
  Node* result = stopped_ || (one_at_least && !any) ? nullptr : any ? make({}, first, scratch) : &nothing_;
  scratch_.resize(scratch);
  return result;
}

bool Diagnoser::matches_ahead(const Grammar::Item& item) {
  uint32_t before = position_;
  bool found = match_item(grammar_.items[static_cast<size_t>(item.inner)]) != nullptr;
  position_ = before;
  return !stopped_ && found == (item.op == Op::kAnd);
}

/// A node over the tokens from `first`, its children those of the scratch stack, sequences dissolved.
Node* Diagnoser::make(std::string_view name, uint32_t first, size_t scratch) {
  auto* node = arena_.make<Node>();
  node->name = name;
  node->first = first;
  node->end = position_;
  std::vector<Node*> children;
  for (size_t i = scratch; i < scratch_.size(); ++i) {
    Node* child = scratch_[i];
    if (child->name.empty()) {
      children.insert(children.end(), child->children.begin(), child->children.end());
    } else if (child->name != "token") {
      children.push_back(child);
    }
  }
  node->children = arena_.copy(children);
  return node;
}

Node* Diagnoser::act(const Grammar::Action& action, const Labels& labels, uint32_t first, size_t scratch) {
  std::string_view verb = action.verb;
  Node* a = labels[action.a];
  Node* b = labels[action.b];
  size_t count = scratch_.size() - scratch;
  Node* only = count > 0 ? scratch_[scratch] : nullptr;
  if (verb.empty()) return count == 1 ? only : make({}, first, scratch);
  if (verb == "value") return a;
  if (verb == "name") return make(action.text, first, scratch);
  bool alone = count == 2 && scratch_.back()->first == scratch_.back()->end;
  if (verb == "fold") return alone ? only : make(action.text, first, scratch);
  if (verb == "tail") return alone ? only : make(scratch_.back()->children.back()->name, first, scratch);
  // All others report an error, or find that there is none here.
  if (verb == "at") return raise(range(a, a), fill_in(action.text, a));
  if (verb == "range") return raise(range(a, b), fill_in(action.text, a));
  if (verb == "from") {
    Range where = range(a, a);
    where.end_line = last_token().end_line;
    where.end_column = last_token().end_column - 1;
    return raise(where, action.text);
  }
  if (verb == "last") return raise(range_of_last(last_token()), action.text);
  if (verb == "next") {
    const Token* t = token(position_);
    return t ? raise(range_of_last(*t), action.text) : nullptr;
  }
  if (verb == "indentation") {
    return raise(range_of_last(last_token()), fill_in(action.text, a), DiagnosticKind::kIndentationError);
  }
  if (verb == "key") {  // At the key's last character.
    Range where = range(a, a);
    where.column = where.end_column = where.end_column - 1;
    return raise({where.line, where.column, where.line, where.column}, action.text);
  }
  if (verb == "target") {
    Node* bad = invalid_target(a, action.word);
    if (!bad) return nullptr;
    return raise(range(bad, bad),
                 fmt::format("cannot {} {}", action.word == "del" ? "delete" : "assign to", name_of(bad)));
  }
  if (verb == "legacy") {
    if (!is_legacy(a)) return nullptr;
    std::string_view name = text(tokens_[a->first]);
    return raise(range(a, b),
                 fmt::format("Missing parentheses in call to '{}'. Did you mean {}(...)?", name, name));
  }
  if (verb == "comma") {
    if (is_legacy(a) || tokens_[position_ - 1].level == 0) return nullptr;
    return raise(range(a, b), "invalid syntax. Perhaps you forgot a comma?");
  }
  if (verb == "generator") {
    std::vector<Node*> args;
    for (Node* child : a->children) {
      if (child->name != "keyword" && child->name != "**") args.push_back(child);
    }
    if (args.size() <= 1) return nullptr;
    return raise(range(args.back(), b), "Generator expression must be parenthesized");
  }
  if (verb == "arguments") {
    bool unpacked = false;
    for (const Node* child : a->children) unpacked = unpacked || child->name == "**";
    return raise(range_of_last(last_token()),
                 fmt::format("positional argument follows keyword argument{}", unpacked ? " unpacking" : ""));
  }
  // "refuse"
  return raise(range(a, a), fmt::format("'{}' is not part of mini", text(tokens_[a->first])));
}

/// The first part of `node` that cannot be a target; null if all can. pegen.c, _PyPegen_get_invalid_target.
Node* Diagnoser::invalid_target(Node* node, std::string_view targets) {
  if (node->name == "name" || node->name == "attribute" || node->name == "subscript") return nullptr;
  if (node->name == "tuple" || node->name == "list") {
    for (Node* child : node->children) {
      if (Node* bad = invalid_target(child, targets)) return bad;
    }
    return nullptr;
  }
  if (node->name == "starred" && targets != "del") return invalid_target(node->children[0], targets);
  if (node->name == "comparison" && targets == "for") {
    Node* left = node->children[0];  // `for a in b` reads as a comparison.
    uint32_t behind = left->end;
    while (tokens_[behind].kind == Kind::kRightParen) ++behind;
    return tokens_[behind].kind == Kind::kIn ? invalid_target(left, targets) : nullptr;
  }
  return node;
}

std::string_view Diagnoser::name_of(const Node* node) {
  return node->name == "token" ? text(tokens_[node->first]) : node->name;
}

std::string Diagnoser::fill_in(std::string_view message, const Node* a) {
  size_t mark = message.find('%');
  if (mark == std::string_view::npos) return std::string(message);
  std::string value =
      message[mark + 1] == 'd' ? std::to_string(tokens_[a->first].line) : std::string(name_of(a));
  return std::string(message.substr(0, mark)) + value + std::string(message.substr(mark + 2));
}

bool Diagnoser::is_legacy(const Node* node) {
  if (node->name != "name") return false;
  std::string_view name = text(tokens_[node->first]);
  return name == "print" || name == "exec";
}

Range Diagnoser::range(const Node* from, const Node* to) {
  const Token& first = tokens_[from->first];
  const Token& last = tokens_[to->end - 1];
  return {first.line, first.column, last.end_line, last.end_column};
}

/// Where CPython puts an error "at the last token": a token without text is where its tokenizer stands.
Range Diagnoser::range_of_last(const Token& t) const {
  if (t.column != Token::kNoColumn) return range_of(t);
  uint32_t column = t.end_column == 0 ? Token::kNoColumn : t.end_column - 1;
  return {t.line, column, t.line, column};
}

Node* Diagnoser::raise(const Range& range, std::string message, DiagnosticKind kind) {
  if (!stopped_) {
    error_ = {kind, std::move(message), range};
    stopped_ = true;
  }
  return nullptr;
}

/// An error of a token further on comes before one of the grammar (but inside an f-string it may follow from
/// it); so does a bracket that was left open on an earlier line. pegen_errors.c,
/// _PyPegen_tokenize_full_source_to_check_for_errors.
void Diagnoser::check_rest() {
  uint32_t error_line = tokens_.empty() ? 1 : last_token().line;
  Token next;
  do next = layout_.next();
  while (next.kind != Kind::kError && next.kind != Kind::kEndOfFile);
  if (next.kind != Kind::kError || layout_.in_fstring()) return;
  if (!layout_.error().of_line) {
    error_ = layout_.error();
  } else if (!layout_.brackets().empty() && error_line > layout_.brackets().back().line) {
    error_ = layout_.unclosed_bracket();
  }
}

void Diagnoser::run(const Stop& stop, Diagnostics& diagnostics) {
  match_rule(root_);
  bool reached_end = !tokens_.empty() && last_token().kind == Kind::kEndOfFile;
  if (reached_end || (lexical_ && error_.at_end)) diagnostics.set_incomplete();
  if (!stopped_) {
    uint32_t fill = static_cast<uint32_t>(tokens_.size());
    position_ = 0;
    invalid_rules_ = true;
    std::fill(memos_.begin(), memos_.end(), nullptr);
    match_rule(root_);
    if (!stopped_) {
      Token last = tokens_[fill - 1];
      if (last.kind == Kind::kIndent || last.kind == Kind::kDedent) {
        raise(range_of_last(last_token()),
              last.kind == Kind::kIndent ? "unexpected indent" : "unexpected unindent",
              DiagnosticKind::kIndentationError);
        return diagnostics.error(error_.kind, error_.range, error_.message);
      }
      raise(range_of(last), "invalid syntax");
    }
  }
  if (gave_up_) {  // Say where the parser stopped.
    lexical_ = stop.error != nullptr;
    error_ = lexical_ ? *stop.error
                      : LexicalError{DiagnosticKind::kSyntaxError, "invalid syntax", range_of(stop.at)};
  }
  if (!lexical_) check_rest();
  diagnostics.error(error_.kind, error_.range, error_.message);
}

}  // namespace

void diagnose(const SourceFile& source, ast::Mode mode, uint32_t offset, uint32_t line, const Stop& stop,
              Diagnostics& diagnostics) {
  // The statement may begin with an indentation that should not be there.
  std::string_view before = source.text().substr(0, offset);
  size_t line_end = before.rfind('\n');
  uint32_t line_start = line_end == std::string_view::npos ? 0 : static_cast<uint32_t>(line_end + 1);
  Diagnoser(source, mode, line_start, line).run(stop, diagnostics);
}

}  // namespace mini::compile
