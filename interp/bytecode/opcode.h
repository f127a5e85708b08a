// The enum and the constant tables made from opcodes.def, and what follows from an instruction alone: its
// effect on the stack and where it can go.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mini::bytecode {

/// CPython 3.9's numbers, so that the bytes of a code object are CPython's.
enum class Opcode : uint8_t {
#define OPCODE(name, number, ...) name = number,
#include "interp/bytecode/opcodes.def"
};

enum class Operand : uint8_t {
  None,
  Number,
  Constant,
  Name,
  Local,
  Cell,
  Compare,
  Depth,
  Relative,
  Absolute,
  Format,
  Function,
};
enum class Touches : uint8_t { Private, Reads, Writes, Operands, Anything };
enum class SwitchClass : uint8_t { Never, Dispatch, Late, Test, TestOrPop, Jump, Call, Leaves };
enum class Flow : uint8_t { Next, Branch, Goto, Exit, Opens, Closes };

/// The operators of COMPARE_OP, in the order of its argument.
inline constexpr std::array<std::string_view, 6> kCompareOperators = {"<", "<=", "==", "!=", ">", ">="};

/// Bits of MAKE_FUNCTION's argument; the parts lie on the stack in this order, the first deepest.
enum FunctionPart : uint32_t { kDefaults = 1, kKeywordDefaults = 2, kAnnotations = 4, kClosure = 8 };

/// Bits of FORMAT_VALUE's argument.
enum FormatPart : uint32_t { kConversionMask = 3, kStr = 1, kRepr = 2, kAscii = 3, kSpecification = 4 };

struct OpcodeInfo {
  std::string_view name;  ///< Empty if no instruction has this number.
  Operand operand = Operand::None;
  Touches touches = Touches::Private;
  SwitchClass switch_class = SwitchClass::Never;
  Flow flow = Flow::Next;
  std::string_view description;
};

namespace detail {
constexpr std::array<OpcodeInfo, 256> make_opcode_table() {
  std::array<OpcodeInfo, 256> table{};
#define OPCODE(name, number, operand, pops, pushes, touches, switch_class, flow, text) \
  table[number] = {#name, Operand::operand, Touches::touches, SwitchClass::switch_class, Flow::flow, text};
#include "interp/bytecode/opcodes.def"
  return table;
}
}  // namespace detail

inline constexpr std::array<OpcodeInfo, 256> kOpcodes = detail::make_opcode_table();

constexpr const OpcodeInfo& info(Opcode opcode) {
  return kOpcodes[static_cast<uint8_t>(opcode)];
}
constexpr std::string_view name(Opcode opcode) {
  return info(opcode).name;
}
/// Whether some instruction has this number.
constexpr bool is_opcode(uint8_t number) {
  return !kOpcodes[number].name.empty();
}
/// From 90 on instructions have arguments (CPython: HAVE_ARGUMENT); the byte is there, and 0, for all.
constexpr bool has_argument(Opcode opcode) {
  return info(opcode).operand != Operand::None;
}
constexpr bool is_jump(Opcode opcode) {
  return info(opcode).operand == Operand::Relative || info(opcode).operand == Operand::Absolute;
}
/// Whether control can go on to the instruction behind.
constexpr bool falls_through(Opcode opcode) {
  return info(opcode).flow != Flow::Goto && info(opcode).flow != Flow::Exit;
}

struct StackEffect {
  int pops;
  int pushes;
  constexpr int change() const { return pushes - pops; }
};

/// What the instruction does to the height of the stack; `jump` tells the way to its target from the way on.
constexpr StackEffect stack_effect(Opcode opcode, [[maybe_unused]] uint32_t argument,
                                   [[maybe_unused]] bool jump) {
  [[maybe_unused]] const int n = static_cast<int>(argument);
  [[maybe_unused]] constexpr auto parts = [](int bits) {
    return std::popcount(static_cast<unsigned>(bits) & 15u);
  };
  [[maybe_unused]] constexpr auto spread = [](int counts) { return (counts & 255) + 1 + (counts >> 8); };
  switch (opcode) {
#define OPCODE(name, number, operand, pops, pushes, ...) \
  case Opcode::name:                                     \
    return {pops, pushes};
#include "interp/bytecode/opcodes.def"
  }
  return {0, 0};
}

}  // namespace mini::bytecode
