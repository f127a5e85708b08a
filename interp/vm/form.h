// What stands in `Instr::op`: the visible opcodes, numbered without gaps, and the forms behind them.
#pragma once

#include <array>
#include <initializer_list>

#include "interp/bytecode/opcode.h"

namespace mini::vm {

enum class Form : uint16_t {
#define OPCODE(name, number, ...) name,
#include "interp/bytecode/opcodes.def"
#define FORM(name, text, ...) name,
#include "interp/vm/forms.def"
#undef FORM
  kCount
};

namespace detail {
constexpr std::array<Form, 256> make_forms() {
  std::array<Form, 256> forms{};
#define OPCODE(name, number, ...) forms[number] = Form::name;
#include "interp/bytecode/opcodes.def"
  return forms;
}
inline constexpr std::array<Form, 256> kForms = make_forms();
}  // namespace detail

/// What a form's list of instructions is made of: opcodes, and some opcodes with a certain argument.
namespace steps {
enum Step : uint16_t {
#define OPCODE(name, number, ...) name = number,
#include "interp/bytecode/opcodes.def"
  COMPARE_LESS = 256,  // in the order of COMPARE_OP's argument
  COMPARE_LESS_EQUAL,
  COMPARE_EQUAL,
  COMPARE_NOT_EQUAL,
  COMPARE_GREATER,
  COMPARE_GREATER_EQUAL,
  CALL_NONE,
  UNPACK_PAIR,
  kNoStep,
};
}  // namespace steps

/// The visible instructions that a form stands for.
struct Pattern {
  static constexpr size_t kLongest = 7;
  Form form;
  bool guarded;
  uint32_t length;
  steps::Step steps[kLongest];
};

namespace detail {
constexpr Pattern make_pattern(Form form, bool guarded, std::initializer_list<steps::Step> steps) {
  Pattern pattern{form, guarded, 0, {}};
  for (steps::Step step : steps) pattern.steps[pattern.length++] = step;
  return pattern;
}
using namespace steps;
inline constexpr Pattern kPatterns[] = {
#define FORM(name, text, ...) make_pattern(Form::name, false, {__VA_ARGS__}),
#define GUARDED(name, text, ...) make_pattern(Form::name, true, {__VA_ARGS__}),
#include "interp/vm/forms.def"
#undef FORM
};
}  // namespace detail

/// All forms, in their order.
inline constexpr auto& kPatterns = detail::kPatterns;

/// The form that is the visible instruction itself.
constexpr Form form_of(bytecode::Opcode opcode) { return detail::kForms[static_cast<uint8_t>(opcode)]; }

}  // namespace mini::vm
