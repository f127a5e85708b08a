// What stands in `Instr::op`: the visible opcodes, numbered without gaps, and the forms behind them.
#pragma once

#include <array>

#include "interp/bytecode/opcode.h"

namespace mini::vm {

enum class Form : uint16_t {
#define OPCODE(name, number, ...) name,
#include "interp/bytecode/opcodes.def"
#define FORM(name, text) name,
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

/// The form that is the visible instruction itself.
constexpr Form form_of(bytecode::Opcode opcode) { return detail::kForms[static_cast<uint8_t>(opcode)]; }

}  // namespace mini::vm
