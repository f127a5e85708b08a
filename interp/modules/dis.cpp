// The native half of the module `dis`.
#include "interp/bytecode/dis.h"

#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

Result<const CodeObject*> code_argument(Call& call) {
  if (has_kind(call[0], BuiltinType::kCode)) return static_cast<const CodeObject*>(call[0].as_object());
  return call.heap.raise(BuiltinType::kTypeError, "a code object is required, not {}", type_name(call.heap, call[0]));
}

Result<Ref<Value>> listing(Call& call) {
  const CodeObject* code = MINI_TRY(code_argument(call));
  return text(call.heap, bytecode::disassemble(*code->code, thread_of(call).machine->options().switch_model));
}

/// (name, number, argument or None, what it means, the same as text, offset, line or None, is a jump's target) of each.
Result<Ref<Value>> instructions(Call& call) {
  Heap& heap = call.heap;
  const bytecode::Code& code = *MINI_TRY(code_argument(call))->code;
  std::vector<bool> is_target(code.units.size() + 1);
  std::vector<bytecode::Instruction> all;
  for (uint32_t i = 0; i < code.units.size(); i = all.back().next()) {
    all.push_back(bytecode::decode(code.units, i));
    if (bytecode::is_jump(all.back().opcode)) is_target[all.back().target()] = true;
  }
  Ref<List> list = MINI_TRY(make_list(heap));
  uint32_t last_line = 0;
  for (const bytecode::Instruction& instruction : all) {
    const bytecode::OpcodeInfo& about = bytecode::info(instruction.opcode);
    const uint32_t line = code.position_run(instruction.index).listing_line;
    Ref<Str> name = MINI_TRY(make_str(heap, about.name)), meaning = MINI_TRY(make_str(heap, bytecode::meaning(code, instruction)));
    const bool has_argument = about.operand != bytecode::Operand::None;
    const Value argument = has_argument ? Value::integer(instruction.argument) : kNone;
    Value items[] = {Value(name.get()),
                     Value::integer(static_cast<int64_t>(instruction.opcode)),
                     argument,
                     meaning->length ? Value(meaning.get()) : argument,
                     Value(meaning.get()),
                     Value::integer(2 * int64_t{instruction.index}),
                     line != last_line ? Value::integer(line) : kNone,
                     is_target[instruction.start] ? kTrue : kFalse};
    last_line = line;
    MINI_TRY(append(heap, list.get(), MINI_TRY(make_tuple(heap, items, std::size(items)))));
  }
  return list;
}

Result<Ref<Value>> opcodes(Call& call) {
  Heap& heap = call.heap;
  Ref<Dict> numbers = MINI_TRY(make_dict(heap));
  for (uint32_t number = 0; number < 256; ++number) {
    if (!bytecode::is_opcode(static_cast<uint8_t>(number))) continue;
    Ref<Str> name = MINI_TRY(heap.intern(bytecode::info(static_cast<bytecode::Opcode>(number)).name));
    MINI_TRY(set_name(heap, numbers.get(), name.get(), Value::integer(number)));
  }
  return numbers;
}

constexpr NativeDefinition kDisFunctions[] = {
    {"_dis.listing(code, /)", listing},
    {"_dis.instructions(code, /)", instructions},
    {"_dis.opcodes()", opcodes},
};

}  // namespace

Result<void> fill_dis(Machine& machine, Module* module) { return add_functions(machine, module, kDisFunctions); }

}  // namespace mini::modules
