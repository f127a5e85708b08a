// Source of the layout: CPython 3.9, Lib/dis.py.
#include "interp/bytecode/dis.h"

#include <algorithm>

namespace mini::bytecode {

namespace {

/// Where the switch marks stand, if the lines leave room.
constexpr size_t kMarkColumn = 56;

std::string joined(std::initializer_list<std::string_view> words) {
  std::string text;
  for (std::string_view word : words) {
    if (!word.empty()) text.append(text.empty() ? "" : ", ").append(word);
  }
  return text;
}

std::string right(const std::string& text, size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

class Listing {
 public:
  Listing(const Code& code, std::optional<SwitchModel> model) : code_(code), model_(model) {
    targets_.assign(code.units.size(), false);
    for (uint32_t i = 0; i < code.units.size();) {
      const Instruction instruction = decode(code.units, i);
      if (is_jump(instruction.opcode)) targets_[instruction.target()] = true;
      i = instruction.next();
    }
    uint32_t last_line = 0;
    for (const PositionRun& run : code.positions) last_line = std::max(last_line, run.listing_line);
    const size_t last_offset = 2 * (code.units.size() - 1);
    line_width_ = last_line >= 1000 ? std::to_string(last_line).size() : 3;
    offset_width_ = last_offset >= 10000 ? std::to_string(last_offset).size() : 4;
  }

  std::string write() {
    for (uint32_t i = 0; i < code_.units.size();) {
      const Instruction whole = decode(code_.units, i);
      uint32_t prefix = 0;
      for (; i < whole.index; ++i) {
        prefix = prefix << 8 | code_.units[i].argument;
        line({i, i, Opcode::EXTENDED_ARG, prefix}, std::nullopt);
      }
      line({i, i, whole.opcode, whole.argument}, model_);
      i = whole.next();
    }
    return std::move(text_);
  }

 private:
  void line(const Instruction& instruction, std::optional<SwitchModel> model) {
    const uint32_t source_line = code_.position_run(instruction.index).listing_line;
    const bool new_line = instruction.index == 0 || source_line != line_;
    line_ = source_line;
    if (new_line && instruction.index > 0) text_ += '\n';

    std::string row = right(new_line ? std::to_string(source_line) : "", line_width_);
    row += targets_[instruction.index] ? "     >> " : "        ";
    row += right(std::to_string(2 * instruction.index), offset_width_) + ' ' +
           std::string(name(instruction.opcode));
    if (has_argument(instruction.opcode)) {
      const size_t argument_column = line_width_ + 8 + offset_width_ + 1 + 20;
      row.resize(std::max(row.size(), argument_column), ' ');
      row += ' ' + right(std::to_string(instruction.argument), 5);
      const std::string words = meaning(code_, instruction);
      if (!words.empty()) row += " (" + words + ")";
    }
    if (model) mark(row, switch_after(*model, code_, instruction));
    text_ += row + '\n';
  }

  static void mark(std::string& row, SwitchAnswer answer) {
    if (answer == SwitchAnswer::kNo) return;
    row.resize(std::max(row.size() + 1, kMarkColumn), ' ');
    row += answer == SwitchAnswer::kYes ? '|' : '?';
  }

  const Code& code_;
  std::optional<SwitchModel> model_;
  std::vector<bool> targets_;
  size_t line_width_;
  size_t offset_width_;
  uint32_t line_ = 0;
  std::string text_;
};

}  // namespace

std::string meaning(const Code& code, const Instruction& instruction) {
  const uint32_t n = instruction.argument;
  switch (info(instruction.opcode).operand) {
    case Operand::Constant:
      return repr(code.constants[n]);
    case Operand::Name:
      return code.names[n];
    case Operand::Local:
      return code.varnames[n];
    case Operand::Cell:
      return code.cell_name(n);
    case Operand::Compare:
      return std::string(kCompareOperators[n]);
    case Operand::Relative:
      return "to " + std::to_string(2 * instruction.target());
    case Operand::Format: {
      constexpr std::string_view kConversions[] = {"", "str", "repr", "ascii"};
      return joined({kConversions[n & kConversionMask], n & kSpecification ? "with format" : ""});
    }
    case Operand::Function:
      return joined({n & kDefaults ? "defaults" : "", n & kKeywordDefaults ? "kwdefaults" : "",
                     n & kAnnotations ? "annotations" : "", n & kClosure ? "closure" : ""});
    case Operand::Absolute:
    case Operand::Number:
    case Operand::Depth:
    case Operand::None:
      return "";
  }
  return "";
}

std::string disassemble(const Code& code, std::optional<SwitchModel> model) {
  std::string text = Listing(code, model).write();
  for (const Literal& constant : code.constants) {
    const auto* inner = std::get_if<std::shared_ptr<const Code>>(&constant.value);
    if (inner) text += "\nDisassembly of " + repr(constant) + ":\n" + disassemble(**inner, model);
  }
  return text;
}

}  // namespace mini::bytecode
