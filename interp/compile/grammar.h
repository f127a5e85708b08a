// A parsing expression grammar in memory: what parser_diagnosis.cpp interprets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interp/compile/lexer.h"

namespace mini::compile {

struct Grammar {
  enum class Op : uint8_t {
    kToken,        ///< `token`
    kSoftKeyword,  ///< A name that reads `text`; any soft keyword if `text` is empty.
    kRule,         ///< `index` of a rule
    kGroup,        ///< `index` of a group
    kOptional,     ///< `inner`
    kStar,         ///< `inner`
    kPlus,         ///< `inner`
    kSeparated,    ///< `inner`, one or more, with `token` between
    kAnd,          ///< `inner` must follow
    kNot,          ///< `inner` must not follow
    kCut,
    kForced,  ///< `token`, or an error at once
  };

  struct Item {
    Op op = Op::kToken;
    TokenKind token = TokenKind::kError;
    char label = 0;
    uint16_t index = 0;
    int32_t inner = -1;  ///< Index into `items`.
    std::string_view text;
  };

  struct Action {
    std::string_view verb;  ///< Empty if there is none.
    char a = 0;
    char b = 0;
    std::string_view word;
    std::string text;
  };

  struct Alternative {
    std::vector<int32_t> items;
    Action action;
    bool invalid = false;  ///< Nothing but an `invalid_…` rule: counts in the second pass only.
  };
  using Group = std::vector<Alternative>;

  struct Rule {
    std::string_view name;
    uint16_t group = 0;
    bool without_invalid = false;  ///< Turns the invalid rules off below itself.
    bool memo = false;
  };

  std::vector<Item> items;
  std::vector<Group> groups;
  std::vector<Rule> rules;

  /// Reads the notation of parser_diagnosis_grammar.h. A fault in it is an assertion.
  explicit Grammar(const char* text);
  uint16_t rule(std::string_view name);

 private:
  void skip_blanks();
  bool eat(char c);
  std::string_view word();
  uint16_t read_group(char end);
  int32_t read_item();
  int32_t read_simple_item();
  Action read_action();

  const char* cursor_;
};

}  // namespace mini::compile
