// The rules behind the table's `switch` column.
#include "interp/bytecode/switch_points.h"

#include <array>
#include <utility>

namespace mini::bytecode {

namespace {

constexpr std::array<std::pair<std::string_view, SwitchModel>, 6> kModels = {{
    {"3.9", SwitchModel::k39},
    {"3.10", SwitchModel::k310},
    {"3.12", SwitchModel::k312},
    {"every", SwitchModel::kEvery},
    {"3.11", SwitchModel::k312},
    {"3.13", SwitchModel::k312},
}};

/// 3.9 and 3.10 look at the next opcode before they look at a request (bpo-30039).
bool is_late(Opcode opcode) {
  return info(opcode).switch_class == SwitchClass::Late;
}

bool completed_39(const Boundary& at) {
  switch (info(at.previous).switch_class) {
    case SwitchClass::Dispatch:
    case SwitchClass::Late:
    case SwitchClass::Jump:
    case SwitchClass::Call:
      return true;
    case SwitchClass::Test:
    case SwitchClass::TestOrPop:
      return !at.tested_bool;
    case SwitchClass::Never:
    case SwitchClass::Leaves:
      return false;
  }
  return false;
}

bool completed_310(const Boundary& at) {
  if (at.body_again) return true;
  if (at.exit_again) return false;
  switch (info(at.previous).switch_class) {
    case SwitchClass::Test:
      return at.jumped;
    case SwitchClass::Jump:  // forward, for `break`, it is a JUMP_FORWARD there
      return at.backward && !at.back_edge;
    case SwitchClass::Call:
      return true;
    default:
      return false;
  }
}

bool completed_312(const Boundary& at) {
  if (at.body_again) return true;
  switch (info(at.previous).switch_class) {
    case SwitchClass::Test:
    case SwitchClass::Jump:
      return at.jumped && at.backward && !at.back_edge;
    case SwitchClass::Call:
      return !at.script_callee;
    default:
      return false;
  }
}

bool may_switch_312(const Boundary& at) {
  switch (at.arrival) {
    case Arrival::kCompleted:
      return completed_312(at);
    case Arrival::kEntered:
      return !at.comprehension;
    case Arrival::kResumed:
      return at.next != Opcode::YIELD_FROM;
    case Arrival::kHandler:
      return false;
  }
  return false;
}

}  // namespace

std::optional<SwitchModel> switch_model(std::string_view name) {
  for (const auto& [known, model] : kModels) {
    if (known == name) return model;
  }
  return std::nullopt;
}

std::string_view name(SwitchModel model) {
  return kModels[static_cast<size_t>(model)].first;
}

bool may_switch(SwitchModel model, const Boundary& at) {
  const bool completed = at.arrival == Arrival::kCompleted;
  switch (model) {
    case SwitchModel::k39:
      return !is_late(at.next) && (!completed || completed_39(at));
    case SwitchModel::k310:
      return !is_late(at.next) && (!completed || completed_310(at));
    case SwitchModel::k312:
      return may_switch_312(at);
    case SwitchModel::kEvery:  // an EXTENDED_ARG and its instruction are one
      return !completed || at.previous != Opcode::EXTENDED_ARG;
  }
  return false;
}

SwitchRow switch_row(SwitchModel model, Opcode opcode) {
  const SwitchClass kind = info(opcode).switch_class;
  SwitchRow row{0, kind == SwitchClass::Late, kind == SwitchClass::Test || kind == SwitchClass::TestOrPop};
  for (const bool late : {false, true})
    for (const bool jumped : {false, true})
      for (const bool backward : {false, true})
        for (const bool tested_bool : {false, true}) {
          const Boundary at{.previous = opcode,
                            .next = late ? Opcode::SETUP_FINALLY : Opcode::NOP,
                            .jumped = jumped,
                            .backward = backward,
                            .tested_bool = tested_bool};
          const auto bit = static_cast<unsigned>(may_switch(model, at));
          row.cases |= static_cast<std::uint16_t>(bit << SwitchRow::case_of(late, jumped, backward, tested_bool));
        }
  return row;
}

void WhileTracker::advance(const Code& code, uint32_t index, uint32_t next, Boundary& boundary) {
  boundary.back_edge = boundary.body_again = boundary.exit_again = false;
  if (edge_ && (next < edge_->head || next >= edge_->body)) {
    boundary.body_again = next == edge_->body;
    boundary.exit_again = !boundary.body_again && index == edge_->last_test;
    edge_ = nullptr;
  }
  const WhileBackEdge* edge = code.while_back_edge(index);
  if (!edge || next != edge->head) return;
  if (edge->head == edge->body) {  // `while True`: nothing to test, the check is at the jump
    boundary.body_again = true;
  } else {
    boundary.back_edge = true;
    edge_ = edge;
  }
}

namespace {

/// Collects the answers for all that can happen after one instruction.
class Answers {
 public:
  Answers(SwitchModel model, const Code& code, const Instruction& instruction)
      : model_(model), code_(code), instruction_(instruction) {}

  SwitchAnswer collect() {
    const Opcode opcode = instruction_.opcode;
    if (falls_through(opcode)) successor(instruction_.next(), false);
    if (info(opcode).flow == Flow::Branch || info(opcode).flow == Flow::Goto)
      successor(instruction_.target(), true);
    return yes_ && no_ ? SwitchAnswer::kConditional : yes_ ? SwitchAnswer::kYes : SwitchAnswer::kNo;
  }

 private:
  void add(const Boundary& boundary) { (may_switch(model_, boundary) ? yes_ : no_) = true; }

  void successor(uint32_t next, bool jumped) {
    if (next >= code_.units.size()) return;
    Boundary boundary{.previous = instruction_.opcode,
                      .next = code_.units[next].opcode,
                      .jumped = jumped,
                      .backward = next <= instruction_.index};
    switch (info(instruction_.opcode).switch_class) {
      case SwitchClass::Leaves:
        no_ = true;  // the caller's call answers for it
        return;
      case SwitchClass::Call:
        call(boundary);
        return;
      case SwitchClass::Test:
      case SwitchClass::TestOrPop:
        boundary.tested_bool = true;
        around_loops(boundary, next);
        boundary.tested_bool = false;
        [[fallthrough]];
      default:
        around_loops(boundary, next);
    }
  }

  void call(const Boundary& boundary) {
    // Only a comprehension or generator expression is called right after GET_ITER: 3.12 runs the former
    // inline, and a call of the latter only makes a generator.
    const bool comprehension =
        instruction_.start > 0 && code_.units[instruction_.start - 1].opcode == Opcode::GET_ITER;
    Boundary entry{.arrival = Arrival::kEntered, .comprehension = comprehension};
    Boundary script_return = boundary;
    script_return.script_callee = true;
    if (!comprehension) add(boundary);
    (may_switch(model_, entry) || may_switch(model_, script_return) ? yes_ : no_) = true;
  }

  void around_loops(Boundary boundary, uint32_t next) {
    const uint32_t index = instruction_.index;
    for (const WhileBackEdge& edge : code_.while_back_edges) {
      if (index < edge.head || index >= edge.body || (next >= edge.head && next < edge.body)) continue;
      Boundary again = boundary;
      again.body_again = next == edge.body;
      again.exit_again = !again.body_again && index == edge.last_test;
      add(again);
    }
    if (const WhileBackEdge* edge = code_.while_back_edge(index); edge && next == edge->head) {
      boundary.back_edge = edge->head != edge->body;
      boundary.body_again = !boundary.back_edge;
    }
    add(boundary);
  }

  SwitchModel model_;
  const Code& code_;
  const Instruction& instruction_;
  bool yes_ = false;
  bool no_ = false;
};

}  // namespace

SwitchAnswer switch_after(SwitchModel model, const Code& code, const Instruction& instruction) {
  return Answers(model, code, instruction).collect();
}

}  // namespace mini::bytecode
