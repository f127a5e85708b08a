#include "interp/vm/quicken.h"

#include <array>
#include <span>
#include <vector>

#include "interp/vm/form.h"

namespace mini::vm {

namespace {

using bytecode::Opcode;

using namespace steps;

/// The patterns by their first step, in the order of the table, and which steps come second in one of them: most pairs
/// of instructions begin no pattern, and code is bound often (every import of a module).
struct Index {
  const Pattern* patterns[std::size(kPatterns)]{};
  uint16_t begin[kNoStep + 1]{};
  std::array<bool, kNoStep + 1> second[kNoStep]{};

  constexpr Index() {
    uint16_t count = 0;
    for (uint16_t first = 0; first < kNoStep; ++first) {
      begin[first] = count;
      for (const Pattern& pattern : kPatterns) {
        if (pattern.length == 0 || pattern.steps[0] != first) continue;
        patterns[count++] = &pattern;
        if (pattern.length == 1)
          second[first].fill(true);
        else
          second[first][pattern.steps[1]] = true;
      }
    }
    begin[kNoStep] = count;
  }

  constexpr std::span<const Pattern* const> starting_with(Step first) const {
    return {patterns + begin[first], patterns + begin[first + 1]};
  }
};
constexpr Index kIndex;

Step step_of(Opcode opcode, uint32_t argument) {
  switch (opcode) {
    case Opcode::COMPARE_OP:
      return static_cast<Step>(COMPARE_LESS + argument);
    case Opcode::CALL_FUNCTION:
      return argument == 0 ? CALL_NONE : CALL_FUNCTION;
    case Opcode::UNPACK_SEQUENCE:
      return argument == 2 ? UNPACK_PAIR : UNPACK_SEQUENCE;
#define IN_PLACE(name)          \
  case Opcode::INPLACE_##name:  \
    return BINARY_##name;
    IN_PLACE(ADD)
    IN_PLACE(SUBTRACT)
    IN_PLACE(MULTIPLY)
    IN_PLACE(TRUE_DIVIDE)
    IN_PLACE(FLOOR_DIVIDE)
    IN_PLACE(MODULO)
    IN_PLACE(AND)
#undef IN_PLACE
    default:
      return static_cast<Step>(opcode);
  }
}

/// What stands at each index: kNoStep where no group may include it. The EXTENDED_ARG of a jump counts as that jump
/// (see bind_instructions).
std::vector<Step> steps_of(const CodeObject* object) {
  const auto& units = object->code->units;
  std::vector<Step> steps(units.size(), kNoStep);
  for (uint32_t i = 0; i < units.size(); ++i) {
    const Instr& instruction = object->instructions[i];
    if (units[i].opcode == Opcode::EXTENDED_ARG) {
      if (instruction.arg == 2 && i + 1 < units.size()) steps[i] = static_cast<Step>(units[i + 1].opcode);
    } else if (instruction.op == static_cast<uint16_t>(form_of(units[i].opcode))) {
      steps[i] = step_of(units[i].opcode, instruction.arg);
    }
  }
  return steps;
}

bool matches(const Pattern& pattern, const std::vector<Step>& steps, uint32_t at) {
  if (at + pattern.length > steps.size()) return false;
  for (uint32_t i = 0; i < pattern.length; ++i)
    if (steps[at + i] != pattern.steps[i]) return false;
  return true;
}

}  // namespace

void quicken(CodeObject* object) {
  const std::vector<Step> steps = steps_of(object);
  const auto count = static_cast<uint32_t>(steps.size());
  // From right to left: how many dispatches it takes from each instruction to the end of the code.
  std::vector<uint32_t> dispatches(count + 1, 0);
  for (uint32_t at = count; at-- > 0;) {
    dispatches[at] = dispatches[at + 1] + 1;
    if (steps[at] == kNoStep || !kIndex.second[steps[at]][at + 1 < count ? steps[at + 1] : kNoStep]) continue;
    const Pattern* best = nullptr;
    for (const Pattern* pattern : kIndex.starting_with(steps[at])) {
      if (!matches(*pattern, steps, at)) continue;
      const uint32_t needed = dispatches[at + pattern->length] + 1;
      if (needed > dispatches[at] || (needed == dispatches[at] && best && best->length >= pattern->length)) continue;
      dispatches[at] = needed;
      best = pattern;
    }
    if (best && object->code->units[at].opcode != Opcode::EXTENDED_ARG)
      object->instructions[at].op = static_cast<uint16_t>(best->form);
  }
}

void give_up_form(CodeObject* object, uint32_t at) {
  const auto& units = object->code->units;
  object->instructions[at].op = static_cast<uint16_t>(form_of(units[at].opcode));
  const std::vector<Step> steps = [&] {  // the forms that stand there already hide nothing: visible opcodes count
    std::vector<Step> few(std::min<size_t>(units.size() - at, Pattern::kLongest), kNoStep);
    for (uint32_t i = 0; i < few.size(); ++i)
      if (units[at + i].opcode != Opcode::EXTENDED_ARG)
        few[i] = step_of(units[at + i].opcode, object->instructions[at + i].arg);
    return few;
  }();
  const Pattern* best = nullptr;
  for (const Pattern* pattern : kIndex.starting_with(steps[0]))
    if (!pattern->guarded && matches(*pattern, steps, 0) && (!best || best->length < pattern->length)) best = pattern;
  if (best) object->instructions[at].op = static_cast<uint16_t>(best->form);
}

}  // namespace mini::vm
