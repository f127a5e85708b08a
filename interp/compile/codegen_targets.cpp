// Assignment: plain, augmented, annotated, unpacking.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

namespace {

Opcode in_place(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kAdd:
      return Opcode::INPLACE_ADD;
    case BinaryOperator::kSub:
      return Opcode::INPLACE_SUBTRACT;
    case BinaryOperator::kMult:
      return Opcode::INPLACE_MULTIPLY;
    case BinaryOperator::kMatMult:
      return Opcode::INPLACE_MATRIX_MULTIPLY;
    case BinaryOperator::kDiv:
      return Opcode::INPLACE_TRUE_DIVIDE;
    case BinaryOperator::kMod:
      return Opcode::INPLACE_MODULO;
    case BinaryOperator::kPow:
      return Opcode::INPLACE_POWER;
    case BinaryOperator::kLShift:
      return Opcode::INPLACE_LSHIFT;
    case BinaryOperator::kRShift:
      return Opcode::INPLACE_RSHIFT;
    case BinaryOperator::kBitOr:
      return Opcode::INPLACE_OR;
    case BinaryOperator::kBitXor:
      return Opcode::INPLACE_XOR;
    case BinaryOperator::kBitAnd:
      return Opcode::INPLACE_AND;
    case BinaryOperator::kFloorDiv:
      return Opcode::INPLACE_FLOOR_DIVIDE;
  }
  return Opcode::NOP;
}

}  // namespace

void CodeGenerator::assign(const Assign& node) {
  visit(node.value);
  for (const Expression* target : node.targets) {
    if (target != node.targets.back()) emit(Opcode::DUP_TOP);
    visit(target);
  }
}

void CodeGenerator::augmented_assign(const AugAssign& node) {
  const Opcode operation = in_place(node.op);
  const uint32_t line = unit_->line;
  switch (node.target->kind) {
    case ExpressionKind::kAttribute: {
      const auto* target = as<Attribute>(node.target);
      check_name(target->range, target->attr, Context::kStore);
      visit(target->value);
      const Range place = from_attribute(*target, target->range);
      {
        At at(*this, target->range);
        emit(Opcode::DUP_TOP);
        At name(*this, place);
        emit_named(Opcode::LOAD_ATTR, target->attr);
      }
      visit(node.value);
      emit(operation);
      At at(*this, place);
      emit(Opcode::ROT_TWO);
      return emit_named(Opcode::STORE_ATTR, target->attr);
    }
    case ExpressionKind::kSubscript: {
      const auto* target = as<Subscript>(node.target);
      visit(target->value);
      visit(target->slice);
      {
        At at(*this, target->range);
        emit(Opcode::DUP_TOP_TWO);
        emit(Opcode::BINARY_SUBSCR);
      }
      visit(node.value);
      emit(operation);
      At at(*this, target->range);
      emit(Opcode::ROT_THREE);
      return emit(Opcode::STORE_SUBSCR);
    }
    default: {
      const auto* target = as<Name>(node.target);
      check_name(target->range, target->id, Context::kStore);
      {
        At at(*this, target->range);
        name(target->id, Context::kLoad);
      }
      visit(node.value);
      emit(operation);
      At at(*this, target->range);
      unit_->line = line;
      return name(target->id, Context::kStore);
    }
  }
}

void CodeGenerator::annotated_assign(const AnnAssign& node) {
  if (node.value) {
    visit(node.value);
    visit(node.target);
  }
  const bool stored = unit_->kind == UnitKind::kModule || unit_->kind == UnitKind::kClass;
  switch (node.target->kind) {
    case ExpressionKind::kName: {
      const auto* target = as<Name>(node.target);
      check_name(node.range, target->id, Context::kStore);
      if (node.simple && stored) {
        annotation(node.annotation);
        emit_named(Opcode::LOAD_NAME, "__annotations__");
        emit_string(mangled(target->id));
        emit(Opcode::STORE_SUBSCR);
      }
      break;
    }
    case ExpressionKind::kAttribute: {
      const auto* target = as<Attribute>(node.target);
      check_name(target->range, target->attr, Context::kStore);
      if (!node.value) evaluate_and_drop(target->value);
      break;
    }
    case ExpressionKind::kSubscript:
      if (!node.value) {
        evaluate_and_drop(as<Subscript>(node.target)->value);
        evaluate_subscript_and_drop(as<Subscript>(node.target)->slice);
      }
      break;
    default:
      break;
  }
  if (!node.simple && stored && !options_.future.annotations) evaluate_and_drop(node.annotation);
}

void CodeGenerator::annotation(const Expression* expression) {
  if (!options_.future.annotations) return visit(expression);
  emit_string(annotation_text(*expression, diagnostics_.source()));
}

void CodeGenerator::evaluate_and_drop(const Expression* expression) {
  visit(expression);
  emit(Opcode::POP_TOP);
}

void CodeGenerator::evaluate_subscript_and_drop(const Expression* slice) {
  if (const auto* bounds = dynamic<Slice>(slice)) {
    for (const Expression* bound : {bounds->lower, bounds->upper, bounds->step}) {
      if (bound) evaluate_and_drop(bound);
    }
  } else if (const auto* tuple = dynamic<Tuple>(slice)) {
    for (const Expression* element : tuple->elts) evaluate_subscript_and_drop(element);
  } else {
    evaluate_and_drop(slice);
  }
}

void CodeGenerator::unpack(Expressions targets, const Range& range) {
  const size_t count = targets.size();
  std::optional<size_t> star;
  for (size_t i = 0; i < count; ++i) {
    if (targets[i]->kind != ExpressionKind::kStarred) continue;
    if (star) return error(range, "multiple starred expressions in assignment");
    if (i >= 256 || count - i - 1 >= (1u << 23)) {
      return error(range, "too many expressions in star-unpacking assignment");
    }
    star = i;
  }
  if (star) {
    emit(Opcode::UNPACK_EX, static_cast<uint32_t>(*star | (count - *star - 1) << 8));
  } else {
    emit(Opcode::UNPACK_SEQUENCE, static_cast<uint32_t>(count));
  }
  for (const Expression* target : targets) {
    const auto* starred = dynamic<Starred>(target);
    visit(starred ? starred->value : target);
  }
}

}  // namespace mini::compile
