// How long CPython 3.9 takes for an instruction, by which the switch interval is measured.
#pragma once

#include <array>
#include <cstdint>

#include "interp/bytecode/opcode.h"

namespace mini::bytecode {

namespace detail {
/// Fitted to loops of a few instructions, and to where CPython 3.9's switches fall in them; its optimised build on x86-64.
/// Of calls the way into the function, of natives a short one. Only their ratios matter to where switches fall, and their
/// sum to how often: small ints, short strings, names that are found at once.
constexpr std::uint8_t nanoseconds(Opcode opcode) {
  switch (opcode) {
    case Opcode::IS_OP:
      return 3;
    case Opcode::STORE_FAST:  // and frees what was there
      return 9;
    case Opcode::LOAD_GLOBAL:
    case Opcode::LOAD_NAME:
    case Opcode::LOAD_DEREF:
    case Opcode::STORE_DEREF:
    case Opcode::LOAD_CLOSURE:
    case Opcode::GET_ITER:
      return 13;
    case Opcode::STORE_GLOBAL:
    case Opcode::STORE_NAME:
    case Opcode::DELETE_GLOBAL:
    case Opcode::DELETE_NAME:
      return 17;
    case Opcode::FOR_ITER:  // with the int that it makes
      return 16;
    case Opcode::COMPARE_OP:
    case Opcode::CONTAINS_OP:
      return 13;
    case Opcode::LOAD_ATTR:
    case Opcode::LOAD_METHOD:
    case Opcode::BINARY_SUBSCR:
    case Opcode::CALL_METHOD:
    case Opcode::YIELD_VALUE:
      return 20;
    case Opcode::CALL_FUNCTION:
    case Opcode::RETURN_VALUE:
      return 14;
    case Opcode::STORE_ATTR:
    case Opcode::DELETE_ATTR:
    case Opcode::STORE_SUBSCR:
    case Opcode::DELETE_SUBSCR:
      return 36;
    case Opcode::CALL_FUNCTION_KW:
    case Opcode::CALL_FUNCTION_EX:
    case Opcode::MAKE_FUNCTION:
    case Opcode::FORMAT_VALUE:
      return 50;
    default:
      break;
  }
  const OpcodeInfo& facts = info(opcode);
  if (facts.flow == Flow::Branch || facts.flow == Flow::Goto) return 3;
  if (facts.touches == Touches::Operands) return 21;
  return facts.touches == Touches::Private && facts.switch_class != SwitchClass::Dispatch ? 2 : 15;
}
constexpr std::array<std::uint8_t, 256> make_times() {
  std::array<std::uint8_t, 256> times{};
  for (int number = 0; number < 256; ++number)
    if (is_opcode(static_cast<std::uint8_t>(number)))
      times[static_cast<std::size_t>(number)] = nanoseconds(static_cast<Opcode>(number));
  return times;
}
inline constexpr std::array<std::uint8_t, 256> kTimes = make_times();
}  // namespace detail

/// In nanoseconds.
constexpr std::uint8_t cpython_time(Opcode opcode) {
  return detail::kTimes[static_cast<std::uint8_t>(opcode)];
}

}  // namespace mini::bytecode
