// Reads the notation of parser_diagnosis_grammar.h. Runs only when a program has an error, so it need not be
// fast.
#include "interp/compile/grammar.h"

#include <cassert>
#include <cctype>

namespace mini::compile {

namespace {

TokenKind token_class(std::string_view name) {
  if (name == "NAME") return TokenKind::kName;
  if (name == "NUMBER") return TokenKind::kNumber;
  if (name == "STRING") return TokenKind::kString;
  if (name == "NEWLINE") return TokenKind::kNewline;
  if (name == "INDENT") return TokenKind::kIndent;
  if (name == "DEDENT") return TokenKind::kDedent;
  if (name == "ENDMARKER") return TokenKind::kEndOfFile;
  if (name == "FSTRING_START") return TokenKind::kFStringStart;
  if (name == "FSTRING_MIDDLE") return TokenKind::kFStringMiddle;
  if (name == "FSTRING_END") return TokenKind::kFStringEnd;
  return TokenKind::kError;
}

}  // namespace

Grammar::Grammar(const char* text) : cursor_(text) {
  for (skip_blanks(); *cursor_; skip_blanks()) {
    uint16_t index = rule(word());
    if (eat('(')) rules[index].memo = word() == "memo" && eat(')');
    bool colon = eat(':');
    assert(colon);
    (void)colon;
    uint16_t group = read_group(';');
    rules[index].group = group;
  }
}

uint16_t Grammar::rule(std::string_view name) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].name == name) return static_cast<uint16_t>(i);
  }
  Rule added;
  added.name = name;
  added.without_invalid = name.ends_with("_without_invalid");
  rules.push_back(added);
  return static_cast<uint16_t>(rules.size() - 1);
}

void Grammar::skip_blanks() {
  while (*cursor_ == ' ' || *cursor_ == '\n') ++cursor_;
}

bool Grammar::eat(char c) {
  skip_blanks();
  if (*cursor_ != c) return false;
  ++cursor_;
  return true;
}

std::string_view Grammar::word() {
  skip_blanks();
  const char* begin = cursor_;
  while (std::isalnum(static_cast<unsigned char>(*cursor_)) || *cursor_ == '_') ++cursor_;
  assert(cursor_ != begin);
  return {begin, static_cast<size_t>(cursor_ - begin)};
}

uint16_t Grammar::read_group(char end) {
  Group group(1);
  while (!eat(end)) {
    if (eat('|')) {
      group.emplace_back();
    } else if (eat('{')) {
      group.back().action = read_action();
    } else {
      int32_t item = read_item();
      group.back().items.push_back(item);
    }
  }
  for (Alternative& alternative : group) {
    const Item& first = items[static_cast<size_t>(alternative.items[0])];
    alternative.invalid = alternative.items.size() == 1 && first.op == Op::kRule &&
                          rules[first.index].name.starts_with("invalid_");
  }
  groups.push_back(std::move(group));
  return static_cast<uint16_t>(groups.size() - 1);
}

Grammar::Action Grammar::read_action() {
  Action action;
  action.verb = word();
  while (!eat('}')) {
    if (eat('"')) {
      for (; *cursor_ != '"'; ++cursor_) {
        if (*cursor_ == '\\') ++cursor_;
        action.text.push_back(*cursor_);
      }
      ++cursor_;
    } else if (eat('-')) {
      continue;
    } else {
      std::string_view read = word();
      if (read.size() > 1) {
        action.word = read;
      } else {
        (action.a ? action.b : action.a) = read[0];
      }
    }
  }
  return action;
}

int32_t Grammar::read_item() {
  skip_blanks();
  char label = 0;
  if (std::islower(static_cast<unsigned char>(*cursor_)) && cursor_[1] == '=') {
    label = *cursor_;
    cursor_ += 2;
  }
  int32_t item = read_simple_item();
  auto wrap = [&](Op op, TokenKind token) {
    Item outer;
    outer.op = op;
    outer.inner = item;
    outer.token = token;
    items.push_back(outer);
    return static_cast<int32_t>(items.size() - 1);
  };
  if (*cursor_ == '.') {
    ++cursor_;
    TokenKind separator = items[static_cast<size_t>(item)].token;
    item = read_simple_item();
    ++cursor_;  // The `+`.
    item = wrap(Op::kSeparated, separator);
  } else if (*cursor_ == '?' || *cursor_ == '*' || *cursor_ == '+') {
    Op op = *cursor_ == '?' ? Op::kOptional : *cursor_ == '*' ? Op::kStar : Op::kPlus;
    ++cursor_;
    item = wrap(op, TokenKind::kError);
  }
  items[static_cast<size_t>(item)].label = label;
  return item;
}

int32_t Grammar::read_simple_item() {
  Item item;
  if (eat('~')) {
    item.op = Op::kCut;
  } else if (*cursor_ == '&' && cursor_[1] == '&') {
    cursor_ += 2;
    item = items[static_cast<size_t>(read_simple_item())];
    item.op = Op::kForced;
  } else if (*cursor_ == '&' || *cursor_ == '!') {
    item.op = *cursor_++ == '&' ? Op::kAnd : Op::kNot;
    item.inner = read_simple_item();
  } else if (eat('(')) {
    item.op = Op::kGroup;
    item.index = read_group(')');
  } else if (*cursor_ == '\'' || *cursor_ == '"') {
    char quote = *cursor_++;
    const char* begin = cursor_;
    while (*cursor_ != quote) ++cursor_;
    item.text = {begin, static_cast<size_t>(cursor_++ - begin)};
    item.op = quote == '"' ? Op::kSoftKeyword : Op::kToken;
    item.token = quote == '"' ? TokenKind::kName : kind_of(item.text);
    assert(item.token != TokenKind::kError);
  } else {
    std::string_view name = word();
    if (name == "SOFT_KEYWORD") {
      item.op = Op::kSoftKeyword;
    } else if (TokenKind token = token_class(name); token != TokenKind::kError) {
      item.token = token;
    } else {
      item.op = Op::kRule;
      item.index = rule(name);
    }
  }
  items.push_back(item);
  return static_cast<int32_t>(items.size() - 1);
}

}  // namespace mini::compile
