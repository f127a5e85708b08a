// try and with. A finally clause is compiled once for each way into it, as in CPython 3.9.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;
using Kind = EnclosingBlock::Kind;

void CodeGenerator::try_statement(const Try& node) {
  node.finalbody.empty() ? try_except(node) : try_finally(node);
}

void CodeGenerator::try_finally(const Try& node) {
  const Label handler = new_label();
  const Label exit = new_label();
  emit_jump(Opcode::SETUP_FINALLY, handler);
  push_block({.kind = Kind::kTryFinally, .finally_body = node.finalbody}, node.range);
  if (failed()) return;
  node.handlers.empty() ? visit(node.body) : try_except(node);
  emit(Opcode::POP_BLOCK);
  pop_block();
  visit(node.finalbody);
  emit_jump(Opcode::JUMP_FORWARD, exit);

  place(handler);
  push_block({.kind = Kind::kFinallyHandler}, node.range);
  visit(node.finalbody);
  emit(Opcode::RERAISE);
  if (!failed()) pop_block();
  place(exit);
}

void CodeGenerator::try_except(const Try& node) {
  const Label orelse = new_label();
  const Label end = new_label();
  Label handlers = new_label();
  emit_jump(Opcode::SETUP_FINALLY, handlers);
  push_block({.kind = Kind::kTry}, node.range);
  if (failed()) return;
  visit(node.body);
  emit(Opcode::POP_BLOCK);
  pop_block();
  emit_jump(Opcode::JUMP_FORWARD, orelse);
  place(handlers);
  for (const ExceptHandler& handler : node.handlers) {
    unit_->line = handler.range.line;
    unit_->range = handler.range;
    if (!handler.type && &handler != &node.handlers.back()) {
      return error(handler.range, "default 'except:' must be last");
    }
    const Label next = new_label();
    if (handler.type) {
      emit(Opcode::DUP_TOP);
      visit(handler.type);
      emit_jump(Opcode::JUMP_IF_NOT_EXC_MATCH, next);
    }
    except_clause(handler, end);
    if (failed()) return;
    place(next);
  }
  emit(Opcode::RERAISE);
  place(orelse);
  visit(node.orelse);
  place(end);
}

void CodeGenerator::except_clause(const ExceptHandler& handler, Label end) {
  emit(Opcode::POP_TOP);
  if (handler.name.empty()) {
    emit(Opcode::POP_TOP);
    emit(Opcode::POP_TOP);
    push_block({.kind = Kind::kHandler}, handler.range);
    if (failed()) return;
    visit(handler.body);
    pop_block();
    emit(Opcode::POP_EXCEPT);
    return emit_jump(Opcode::JUMP_FORWARD, end);
  }
  // The name is unbound at the end, come what may: try: body finally: name = None; del name
  const Label cleanup = new_label();
  check_name(handler.range, handler.name, Context::kStore);
  name(handler.name, Context::kStore);
  emit(Opcode::POP_TOP);
  emit_jump(Opcode::SETUP_FINALLY, cleanup);
  push_block({.kind = Kind::kHandler, .handler_name = handler.name}, handler.range);
  if (failed()) return;
  visit(handler.body);
  pop_block();
  emit(Opcode::POP_BLOCK);
  emit(Opcode::POP_EXCEPT);
  unbind_handler_name(handler.name);
  emit_jump(Opcode::JUMP_FORWARD, end);
  place(cleanup);
  unbind_handler_name(handler.name);
  emit(Opcode::RERAISE);
}

void CodeGenerator::unbind_handler_name(std::string_view bound) {
  emit_none();
  name(bound, Context::kStore);
  name(bound, Context::kDel);
}

void CodeGenerator::with_statement(const With& node, size_t item) {
  const WithItem& with = node.items[item];
  const Label cleanup = new_label();
  const Label suppressed = new_label();
  const Label exit = new_label();
  visit(with.context_expr);
  {
    At at(*this, with.context_expr->range);
    emit_jump(Opcode::SETUP_WITH, cleanup);
  }
  push_block({.kind = Kind::kWith, .range = with.context_expr->range}, with.context_expr->range);
  if (failed()) return;
  if (with.optional_vars) {
    visit(with.optional_vars);
  } else {
    emit(Opcode::POP_TOP);
  }
  item + 1 < node.items.size() ? with_statement(node, item + 1) : visit(node.body);

  At at(*this, with.context_expr->range);
  emit(Opcode::POP_BLOCK);
  pop_block();
  call_exit_with_nones();
  emit(Opcode::POP_TOP);
  emit_jump(Opcode::JUMP_FORWARD, exit);
  place(cleanup);
  emit(Opcode::WITH_EXCEPT_START);
  emit_jump(Opcode::POP_JUMP_IF_TRUE, suppressed);
  emit(Opcode::RERAISE);
  place(suppressed);
  for (int i = 0; i < 3; ++i) emit(Opcode::POP_TOP);
  emit(Opcode::POP_EXCEPT);
  emit(Opcode::POP_TOP);
  place(exit);
}

void CodeGenerator::call_exit_with_nones() {
  emit_none();
  emit(Opcode::DUP_TOP);
  emit(Opcode::DUP_TOP);
  emit(Opcode::CALL_FUNCTION, 3);
}

}  // namespace mini::compile
