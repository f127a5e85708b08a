// Binding: from the compiler's code object to the form that one VM runs.
#include "interp/vm/code_object.h"

#include <cstring>

#include "interp/vm/form.h"
#include "interp/vm/frame.h"
#include "interp/vm/machine.h"
#include "interp/vm/quicken.h"
#include "runtime/object/number.h"

namespace mini::vm {

namespace {

using bytecode::Code;
using bytecode::Opcode;

/// Slots beyond the compiler's count: calls that the machine makes itself push a callable and arguments.
constexpr uint32_t kStackSlack = 6;

bool needs_cache(Opcode opcode) {
  return opcode == Opcode::LOAD_GLOBAL || opcode == Opcode::STORE_GLOBAL || opcode == Opcode::LOAD_ATTR ||
         opcode == Opcode::STORE_ATTR || opcode == Opcode::LOAD_METHOD || opcode == Opcode::LOAD_NAME ||
         opcode == Opcode::STORE_NAME;
}

Result<void> bind_instructions(Heap& heap, CodeObject* object) {
  const Code& code = *object->code;
  const size_t count = code.units.size();
  auto* instructions = static_cast<Instr*>(heap.allocate_buffer(std::max<size_t>(count, 1) * sizeof(Instr)));
  if (!instructions) return raised;
  object->instructions = instructions;
  object->instruction_count = static_cast<uint32_t>(count);
  uint32_t caches = 0;
  for (uint32_t at = 0; at < count;) {
    const bytecode::Instruction visible = bytecode::decode(code.units, at);
    for (uint32_t i = visible.start; i < visible.index; ++i)
      instructions[i] = {static_cast<uint16_t>(Form::EXTENDED_ARG), 0, {}};
    Instr& instruction = instructions[visible.index];
    const bool wide = visible.argument > 0xffff;
    instruction.op = static_cast<uint16_t>(form_of(visible.opcode));
    instruction.arg = wide ? 0 : static_cast<uint16_t>(visible.argument);
    instruction.cache = 0;
    if (bytecode::is_jump(visible.opcode)) {
      // Of a jump, `arg` tells how far the instruction is that comes next if it does not jump. An EXTENDED_ARG before it is
      // made to look like the jump, for forms that end there.
      instruction.jump = static_cast<int32_t>(visible.target()) - static_cast<int32_t>(visible.index);
      instruction.arg = 1;
      if (visible.start + 1 == visible.index && instruction.jump != -1) {
        instructions[visible.start].jump = instruction.jump + 1;
        instructions[visible.start].arg = 2;
      }
    } else {
      if (wide) instruction.op = static_cast<uint16_t>(Form::kWide);
      if (needs_cache(visible.opcode)) instruction.cache = caches++;
    }
    at = visible.next();
  }
  if (caches > 0) {
    void* block = heap.allocate_buffer(caches * sizeof(InlineCache));
    if (!block) return raised;
    object->caches = static_cast<InlineCache*>(block);
    for (uint32_t i = 0; i < caches; ++i) object->caches[i] = {~0u, 0, 0, 0, {nullptr}, {kUnbound}};
    object->cache_count = caches;
  }
  return {};
}

Result<Str**> bind_names(Heap& heap, const std::vector<const std::vector<std::string>*>& lists, uint32_t& count) {
  size_t total = 0;
  for (const auto* list : lists) total += list->size();
  auto** names = static_cast<Str**>(heap.allocate_buffer(std::max<size_t>(total, 1) * sizeof(Str*)));
  if (!names) return raised;
  count = 0;
  for (const auto* list : lists) {
    for (const std::string& text : *list) {
      auto name = heap.intern(text);
      if (!name.ok()) {
        for (uint32_t i = 0; i < count; ++i) decref(names[i]);
        heap.release_buffer(names, std::max<size_t>(total, 1) * sizeof(Str*));
        return raised;
      }
      names[count++] = name.take().release();
    }
  }
  return names;
}

void visit_code(Object* object, Visitor& visitor) {
  auto* code = static_cast<CodeObject*>(object);
  for (uint32_t i = 0; i < code->constant_count; ++i) visitor.reference(code->constants[i]);
  // The rest follows from the compiler's code object, which never changes.
  visitor.content(code->code->qualified_name.data(), code->code->qualified_name.size());
  visitor.scalar(code->code->first_line);
  visitor.content(code->code->units.data(), code->code->units.size() * sizeof(bytecode::CodeUnit));
}

void drop_code(Heap& heap, Object* object) {
  auto* code = static_cast<CodeObject*>(object);
  for (uint32_t i = std::exchange(code->constant_count, 0); i-- > 0;) decref(code->constants[i]);
  if (code->constants) heap.release_buffer(code->constants, std::max<size_t>(code->code->constants.size(), 1) * sizeof(Value));
  // A half-made one has a count, but no names yet.
  if (code->names) {
    for (uint32_t i = 0; i < code->name_count; ++i) decref(code->names[i]);
    heap.release_buffer(code->names, std::max<size_t>(code->name_count, 1) * sizeof(Str*));
  }
  if (code->variables) {
    for (uint32_t i = 0; i < code->slot_count; ++i) decref(code->variables[i]);
    heap.release_buffer(code->variables, std::max<size_t>(code->slot_count, 1) * sizeof(Str*));
  }
  if (code->instructions)
    heap.release_buffer(code->instructions, std::max<size_t>(code->instruction_count, 1) * sizeof(Instr));
  if (code->caches) heap.release_buffer(code->caches, code->cache_count * sizeof(InlineCache));
  for (Str* text : {code->name, code->qualified_name, code->filename})
    if (text) decref(text);
}

Result<Ref<Str>> repr_code(Heap& heap, Value value) {
  auto* code = static_cast<CodeObject*>(value.as_object());
  return make_str(heap, fmt::format("<code object {} at 0x{:012x}, file \"{}\", line {}>", code->code->name,
                                    0x7f0000000000u + 16ull * heap.serial_of(code), code->code->filename,
                                    code->code->first_line));
}

}  // namespace

Result<Ref<Value>> bind_literal(Machine& machine, const bytecode::Literal& literal) {
  Heap& heap = machine.heap();
  struct Binder {
    Machine& machine;
    Heap& heap;
    Result<Ref<Value>> operator()(const bytecode::NoneLiteral&) { return unboxed(kNone); }
    Result<Ref<Value>> operator()(bool flag) { return unboxed(Value::boolean(flag)); }
    Result<Ref<Value>> operator()(const bytecode::EllipsisLiteral&) { return unboxed(kEllipsis); }
    Result<Ref<Value>> operator()(int64_t number) { return make_int(heap, number); }
    Result<Ref<Value>> operator()(double number) { return make_float(heap, number); }
    Result<Ref<Value>> operator()(const bytecode::BigIntegerLiteral& big) {
      return make_int(heap, base::Integer::from_limbs(big.limbs, big.negative));
    }
    Result<Ref<Value>> operator()(const bytecode::StringLiteral& string) {
      // Texts that look like names are interned, as in CPython; so they are the same object everywhere.
      const bool name_like = std::all_of(string.text.begin(), string.text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '_';
      });
      if (name_like) return MINI_TRY(heap.intern(string.text));
      return MINI_TRY(make_str(heap, string.text));
    }
    Result<Ref<Value>> operator()(const bytecode::BytesLiteral& bytes) {
      return MINI_TRY(make_bytes(heap, bytes.bytes.data(), bytes.bytes.size()));
    }
    Result<Ref<Value>> operator()(const bytecode::TupleLiteral& tuple) {
      auto made = MINI_TRY(make_tuple(heap, tuple.items.size()));
      for (size_t i = 0; i < tuple.items.size(); ++i)
        made->items()[i] = MINI_TRY(bind_literal(machine, tuple.items[i])).release();
      return Ref<Value>(std::move(made));
    }
    Result<Ref<Value>> operator()(const bytecode::FrozenSetLiteral& set) {
      auto made = MINI_TRY(make_set(heap, BuiltinType::kFrozenSet));
      for (const auto& item : set.items) {
        auto value = MINI_TRY(bind_literal(machine, item));
        MINI_TRY(add(heap, made.get(), value));
      }
      return Ref<Value>(std::move(made));
    }
    Result<Ref<Value>> operator()(const std::shared_ptr<const Code>& code) {
      return MINI_TRY(bind_code(machine, code));
    }
  };
  return std::visit(Binder{machine, heap}, literal.value);
}

Result<Ref<CodeObject>> bind_code(Machine& machine, std::shared_ptr<const Code> code) {
  Heap& heap = machine.heap();
  auto object = MINI_TRY(heap.create<CodeObject>(BuiltinType::kCode));
  object->code = code.get();
  machine.keep(code);
  object->name = MINI_TRY(heap.intern(code->name)).release();
  object->qualified_name = MINI_TRY(heap.intern(code->qualified_name)).release();
  object->filename = MINI_TRY(heap.intern(code->filename)).release();
  object->flags = code->flags;
  object->argument_count = code->argument_count;
  object->positional_only_count = code->positional_only_count;
  object->keyword_only_count = code->keyword_only_count;
  object->parameter_count = code->parameter_count();
  object->local_count = code->local_count();
  object->cell_count = static_cast<uint32_t>(code->cellvars.size());
  object->free_count = static_cast<uint32_t>(code->freevars.size());
  object->stack_size = code->stack_size + kStackSlack;
  object->block_depth = code->block_depth;
  object->names = MINI_TRY(bind_names(heap, {&code->names}, object->name_count));
  object->variables = MINI_TRY(bind_names(heap, {&code->varnames, &code->cellvars, &code->freevars}, object->slot_count));
  object->block_bytes = static_cast<uint32_t>((object->block_depth + (object->block_depth & 1)) * sizeof(Block));
  object->frame_bytes =
      static_cast<uint32_t>((object->slot_count + object->stack_size) * sizeof(Value) + sizeof(Frame) +
                            object->block_bytes);
  const bool simple = !code->has(bytecode::kVarArgs) && !code->has(bytecode::kVarKeywords) &&
                      !code->has(bytecode::kGenerator) && code->keyword_only_count == 0 && object->cell_count == 0;
  object->simple_arguments = simple ? object->argument_count : CodeObject::kNeverSimple;
  MINI_TRY(bind_instructions(heap, object.get()));
  if (!machine.options().plain && !machine.observed()) quicken(object.get());
  auto* constants = static_cast<Value*>(heap.allocate_buffer(std::max<size_t>(code->constants.size(), 1) * sizeof(Value)));
  if (!constants) return raised;
  object->constants = constants;
  for (const auto& literal : code->constants) {
    auto value = bind_literal(machine, literal);
    if (!value.ok()) return raised;
    constants[object->constant_count++] = value.take().release();
  }
  return object;
}

bytecode::Instruction visible_at(const CodeObject* code, uint32_t index) {
  uint32_t start = index;
  while (start > 0 && code->code->units[start - 1].opcode == Opcode::EXTENDED_ARG) --start;
  return bytecode::decode(code->code->units, start);
}

void define_code_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kCode);
  type->behaviour.visit = visit_code;
  type->behaviour.drop = drop_code;
  type->behaviour.repr = repr_code;
  type->instance_size = sizeof(CodeObject);
  type->type_flags |= Type::kTracked;
}

}  // namespace mini::vm
