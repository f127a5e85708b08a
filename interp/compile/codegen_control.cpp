// Branches, loops, and the way out of them.
#include "interp/compile/codegen.h"
#include "runtime/base/assert.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;
using Kind = EnclosingBlock::Kind;

namespace {

/// Truth of a constant; nothing for any other expression.
std::optional<bool> constant_truth(const Expression* expression) {
  const auto* constant = dynamic<Constant>(expression);
  return constant ? std::optional(is_true(*constant)) : std::nullopt;
}

/// CPython 3.13's limit of nested blocks (CO_MAXBLOCKS); 3.9's is 20.
constexpr size_t kMaxBlocks = 21;

}  // namespace

void CodeGenerator::if_statement(const If& node) {
  if (const auto truth = constant_truth(node.test)) {
    *truth ? visit(node.body) : visit_without_code(node.body);
    *truth ? visit_without_code(node.orelse) : visit(node.orelse);
    return place(new_label());
  }
  const Label end = new_label();
  const Label next = node.orelse.empty() ? end : new_label();
  jump_if(node.test, next, false);
  visit(node.body);
  if (!node.orelse.empty()) {
    emit_jump(Opcode::JUMP_FORWARD, end);
    place(next);
    visit(node.orelse);
  }
  place(end);
}

void CodeGenerator::visit_without_code(Statements statements) {
  ++silent_;
  visit(statements);
  --silent_;
}

void CodeGenerator::while_statement(const While& node) {
  const auto truth = constant_truth(node.test);
  if (truth == false) {
    push_block({.kind = Kind::kWhile}, node.range);
    visit_without_code(node.body);
    pop_block();
    return visit(node.orelse);
  }
  const Label head = new_label();
  const Label end = new_label();
  const Label otherwise = new_label();
  place(head);
  const auto loop = static_cast<int32_t>(unit_->list.loops.size());
  unit_->list.loops.push_back({unit_->list.size(), 0});
  push_block({.kind = Kind::kWhile, .start = head, .exit = end}, node.range);
  if (!truth) jump_if(node.test, otherwise, false);
  unit_->list.loops[static_cast<size_t>(loop)].body = unit_->list.size();
  visit(node.body);
  emit_jump(Opcode::JUMP_ABSOLUTE, head, loop);
  if (!truth) place(otherwise);
  pop_block();
  visit(node.orelse);
  place(end);
}

void CodeGenerator::for_statement(const For& node) {
  const Label start = new_label();
  const Label cleanup = new_label();
  const Label end = new_label();
  push_block({.kind = Kind::kFor, .start = start, .exit = end}, node.range);
  visit(node.iter);
  {
    At at(*this, node.iter->range);
    emit(Opcode::GET_ITER);
    place(start);
    emit_jump(Opcode::FOR_ITER, cleanup);
  }
  visit(node.target);
  visit(node.body);
  emit_jump(Opcode::JUMP_ABSOLUTE, start);
  place(cleanup);
  pop_block();
  visit(node.orelse);
  place(end);
}

void CodeGenerator::break_statement(const Break& node) {
  const auto loop = unwind_blocks(false, true);
  if (!loop) return error(node.range, "'break' outside loop");
  unwind_block(*loop, false);
  emit_jump(Opcode::JUMP_ABSOLUTE, loop->exit);
}

void CodeGenerator::continue_statement(const Continue& node) {
  const auto loop = unwind_blocks(false, true);
  if (!loop) return error(node.range, "'continue' not properly in loop");
  emit_jump(Opcode::JUMP_ABSOLUTE, loop->start);
}

void CodeGenerator::return_statement(const Return& node) {
  const auto* constant = dynamic<Constant>(static_cast<const Expression*>(node.value));
  const bool keep_top = node.value && !constant;
  if (unit_->scope->kind != BlockKind::kFunction) return error(node.range, "'return' outside function");
  if (keep_top) visit(node.value);
  unwind_blocks(keep_top, false);
  if (constant) {
    emit_constant(to_literal(*constant));
  } else if (!node.value) {
    emit_none();
  }
  emit(Opcode::RETURN_VALUE);
}

void CodeGenerator::push_block(EnclosingBlock block, const Range& range) {
  size_t depth = block.kind == Kind::kHandler ? 2 : 1;  // 3.13 has two for an except clause
  for (const EnclosingBlock& outer : unit_->blocks) depth += outer.kind == Kind::kHandler ? 2 : 1;
  if (depth > kMaxBlocks) return error(range, "too many statically nested blocks");
  unit_->blocks.push_back(block);
}

std::optional<EnclosingBlock> CodeGenerator::unwind_blocks(bool keep_top, bool to_loop) {
  std::vector<EnclosingBlock> undone;
  std::optional<EnclosingBlock> loop;
  while (!unit_->blocks.empty() && !loop) {
    const EnclosingBlock block = unit_->blocks.back();
    if (to_loop && (block.kind == Kind::kWhile || block.kind == Kind::kFor)) {
      loop = block;
      break;
    }
    unit_->blocks.pop_back();  // a finally clause that is copied here is outside its own block
    unwind_block(block, keep_top);
    undone.push_back(block);
  }
  unit_->blocks.insert(unit_->blocks.end(), undone.rbegin(), undone.rend());
  return loop;
}

void CodeGenerator::unwind_block(const EnclosingBlock& block, bool keep_top) {
  switch (block.kind) {
    case Kind::kWhile:
      return;
    case Kind::kFor:
    case Kind::kValue:
      if (keep_top) emit(Opcode::ROT_TWO);
      return emit(Opcode::POP_TOP);
    case Kind::kTry:
      return emit(Opcode::POP_BLOCK);
    case Kind::kTryFinally: {
      emit(Opcode::POP_BLOCK);
      const uint32_t line = unit_->line;
      const Range range = unit_->range;
      if (keep_top) unit_->blocks.push_back({.kind = Kind::kValue});
      visit(block.finally_body);
      if (keep_top) unit_->blocks.pop_back();
      unit_->line = line;
      unit_->range = range;
      return;
    }
    case Kind::kFinallyHandler:
      if (keep_top) emit(Opcode::ROT_FOUR);
      for (int i = 0; i < 3; ++i) emit(Opcode::POP_TOP);
      if (keep_top) emit(Opcode::ROT_FOUR);
      return emit(Opcode::POP_EXCEPT);
    case Kind::kWith: {
      At at(*this, block.range);
      emit(Opcode::POP_BLOCK);
      if (keep_top) emit(Opcode::ROT_TWO);
      call_exit_with_nones();
      return emit(Opcode::POP_TOP);
    }
    case Kind::kHandler:
      if (!block.handler_name.empty()) emit(Opcode::POP_BLOCK);
      if (keep_top) emit(Opcode::ROT_FOUR);
      emit(Opcode::POP_EXCEPT);
      if (!block.handler_name.empty()) unbind_handler_name(block.handler_name);
      return;
  }
}

void CodeGenerator::jump_if(const Expression* test, Label target, bool condition) {
  switch (test->kind) {
    case ExpressionKind::kUnaryOp:
      if (as<UnaryOp>(test)->op == UnaryOperator::kNot) {
        return jump_if(as<UnaryOp>(test)->operand, target, !condition);
      }
      break;
    case ExpressionKind::kBoolOp: {
      const auto* node = as<BoolOp>(test);
      const bool early = node->op == BoolOperator::kOr;  // the outcome of one value that decides
      const Label next = early == condition ? target : new_label();
      for (const Expression* value : node->values.first(node->values.size() - 1)) jump_if(value, next, early);
      jump_if(node->values.back(), target, condition);
      if (next != target) place(next);
      return;
    }
    case ExpressionKind::kIfExp: {
      const auto* node = as<IfExp>(test);
      const Label end = new_label();
      const Label otherwise = new_label();
      jump_if(node->test, otherwise, false);
      jump_if(node->body, target, condition);
      emit_jump(Opcode::JUMP_FORWARD, end);
      place(otherwise);
      jump_if(node->orelse, target, condition);
      return place(end);
    }
    case ExpressionKind::kCompare:
      if (as<Compare>(test)->ops.size() > 1) return jump_if_comparison(*as<Compare>(test), target, condition);
      break;
    default:
      break;
  }
  visit(test);
  At at(*this, test->range);
  emit_jump(condition ? Opcode::POP_JUMP_IF_TRUE : Opcode::POP_JUMP_IF_FALSE, target);
  unit_->returned = false;
}

void CodeGenerator::jump_if_comparison(const Compare& test, Label target, bool condition) {
  check_comparison(test);
  const size_t last = test.ops.size() - 1;
  const Label cleanup = new_label();
  const Label end = new_label();
  At at(*this, test.range);
  visit(test.left);
  for (size_t i = 0; i < last; ++i) {
    visit(test.comparators[i]);
    emit(Opcode::DUP_TOP);
    emit(Opcode::ROT_THREE);
    compare_operator(test.ops[i]);
    emit_jump(Opcode::POP_JUMP_IF_FALSE, cleanup);
  }
  visit(test.comparators[last]);
  compare_operator(test.ops[last]);
  emit_jump(condition ? Opcode::POP_JUMP_IF_TRUE : Opcode::POP_JUMP_IF_FALSE, target);
  emit_jump(Opcode::JUMP_FORWARD, end);
  place(cleanup);
  emit(Opcode::POP_TOP);
  if (!condition) emit_jump(Opcode::JUMP_FORWARD, target);
  place(end);
}

}  // namespace mini::compile
