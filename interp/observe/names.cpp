// What the source calls a location: read from the instructions that put its object on the stack, so that no source text
// is needed.
#include "interp/observe/accesses.h"
#include "interp/observe/show_value.h"
#include "interp/vm/deadlock.h"

namespace mini::observe {

using bytecode::Code;
using bytecode::Instruction;
using bytecode::Opcode;

namespace {

/// The instructions before `end` in one straight line, the last one first.
std::vector<Instruction> straight_line_before(const Code& code, uint32_t end) {
  std::vector<Instruction> all;
  std::vector<bool> is_target(code.units.size() + 1);
  for (uint32_t at = 0; at < code.units.size();) {
    const Instruction instruction = bytecode::decode(code.units, at);
    if (bytecode::is_jump(instruction.opcode) && instruction.target() < is_target.size())
      is_target[instruction.target()] = true;
    if (instruction.index < end) all.push_back(instruction);
    at = instruction.next();
  }
  std::vector<Instruction> line;
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (!line.empty() && is_target[line.back().start]) break;
    if (line.empty() && is_target[at->next()]) break;
    if (!bytecode::falls_through(at->opcode)) break;
    line.push_back(*at);
  }
  return line;
}

/// Looks for the value at `depth` from line[at] backwards.
std::string find(const Code& code, const std::vector<Instruction>& line, size_t at, uint32_t depth) {
  for (; at < line.size(); ++at) {
    const Instruction& instruction = line[at];
    const uint32_t n = instruction.argument;
    switch (instruction.opcode) {
      case Opcode::ROT_TWO:
        if (depth < 2) depth = 1 - depth;
        continue;
      case Opcode::ROT_THREE:
        if (depth < 3) depth = (depth + 1) % 3;
        continue;
      case Opcode::ROT_FOUR:
        if (depth < 4) depth = (depth + 1) % 4;
        continue;
      case Opcode::DUP_TOP:
        depth = depth == 0 ? 0 : depth - 1;
        continue;
      case Opcode::DUP_TOP_TWO:
        depth = depth < 2 ? depth : depth - 2;
        continue;
      default:
        break;
    }
    const auto effect = bytecode::stack_effect(instruction.opcode, n, false);
    if (depth >= static_cast<uint32_t>(effect.pushes)) {
      depth += static_cast<uint32_t>(effect.pops - effect.pushes);
      continue;
    }
    switch (instruction.opcode) {
      case Opcode::LOAD_FAST:
        return code.varnames[n];
      case Opcode::LOAD_GLOBAL:
      case Opcode::LOAD_NAME:
        return code.names[n];
      case Opcode::LOAD_DEREF:
      case Opcode::LOAD_CLASSDEREF:
        return code.cell_name(n);
      case Opcode::LOAD_ATTR: {
        std::string object = find(code, line, at + 1, 0);
        return object.empty() ? object : object + "." + code.names[n];
      }
      case Opcode::LOAD_METHOD:  // the object lies above its method
        return depth == 0 ? find(code, line, at + 1, 0) : std::string();
      case Opcode::BINARY_SUBSCR: {
        const std::string object = find(code, line, at + 1, 1), key = find(code, line, at + 1, 0);
        return object.empty() || key.empty() ? std::string() : object + "[" + key + "]";
      }
      case Opcode::LOAD_CONST:
        return bytecode::repr(code.constants[n]);
      default:
        return {};
    }
  }
  return {};
}

}  // namespace

std::string expression_of(const Code& code, uint32_t index, uint32_t depth) {
  return find(code, straight_line_before(code, index), 0, depth);
}

std::string Accesses::name_of(const Access& access, const Frame& frame, uint32_t index) {
  auto label = [&] { return to_utf8(static_cast<Str*>(access.label.as_object())); };
  auto owner = [&]() -> std::string {
    if (access.depth >= 0 && !frame.is_native) {
      // The depth is the same at each execution but for calls, whose objects may lie deeper.
      const vm::Instr* place = frame.code->instructions + index;
      auto [known, fresh] = expressions_.try_emplace({place, access.depth});
      if (fresh) known->second = expression_of(*frame.code->code, index, static_cast<uint32_t>(access.depth));
      if (!known->second.empty()) return known->second;
    }
    if (!access.owner.is_object()) return {};
    if (std::string known = vm::name_of(machine_, access.owner.as_object()); !known.empty()) return known;
    return show_value(Value(access.owner.as_object()->type), 40).replace(0, 7, "<");
  };
  switch (access.kind) {
    case LocationKind::kGlobal:
      if (access.depth >= 0) return owner() + "." + label();
      [[fallthrough]];
    case LocationKind::kClassName:
    case LocationKind::kCell:
      return label();
    case LocationKind::kAttribute:
      if (access.label.is_unbound()) return "id()";
      return owner() + "." + label();
    case LocationKind::kItem:
      if (access.object == machine_.state().modules) return "sys.modules";
      return owner() + "[" + show_value(access.label, 30) + "]";
    case LocationKind::kContainer:
    case LocationKind::kLock:
      return owner();
    case LocationKind::kThread:
      return access.label.is_int() ? fmt::format("T{}", access.label.as_int()) : "threads";
    case LocationKind::kFile: {
      for (const auto& [which, name] : {std::pair{Name::kstdout, "sys.stdout"}, {Name::kstderr, "sys.stderr"}, {Name::kstdin, "sys.stdin"}})
        if (get_name(machine_.state().sys, heap_.name(which)) == access.owner) return name;
      return owner();
    }
    case LocationKind::kAnything:
      return "anything";
  }
  return {};
}

}  // namespace mini::observe
