// Expressions other than calls and comprehensions.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

namespace {

Opcode binary_opcode(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kAdd:
      return Opcode::BINARY_ADD;
    case BinaryOperator::kSub:
      return Opcode::BINARY_SUBTRACT;
    case BinaryOperator::kMult:
      return Opcode::BINARY_MULTIPLY;
    case BinaryOperator::kMatMult:
      return Opcode::BINARY_MATRIX_MULTIPLY;
    case BinaryOperator::kDiv:
      return Opcode::BINARY_TRUE_DIVIDE;
    case BinaryOperator::kMod:
      return Opcode::BINARY_MODULO;
    case BinaryOperator::kPow:
      return Opcode::BINARY_POWER;
    case BinaryOperator::kLShift:
      return Opcode::BINARY_LSHIFT;
    case BinaryOperator::kRShift:
      return Opcode::BINARY_RSHIFT;
    case BinaryOperator::kBitOr:
      return Opcode::BINARY_OR;
    case BinaryOperator::kBitXor:
      return Opcode::BINARY_XOR;
    case BinaryOperator::kBitAnd:
      return Opcode::BINARY_AND;
    case BinaryOperator::kFloorDiv:
      return Opcode::BINARY_FLOOR_DIVIDE;
  }
  return Opcode::NOP;
}

Opcode unary_opcode(UnaryOperator op) {
  switch (op) {
    case UnaryOperator::kInvert:
      return Opcode::UNARY_INVERT;
    case UnaryOperator::kNot:
      return Opcode::UNARY_NOT;
    case UnaryOperator::kUAdd:
      return Opcode::UNARY_POSITIVE;
    case UnaryOperator::kUSub:
      return Opcode::UNARY_NEGATIVE;
  }
  return Opcode::NOP;
}

/// The constants that the expressions are; empty if one is none (or null).
std::vector<const Constant*> all_constants(Expressions expressions) {
  std::vector<const Constant*> constants;
  for (const Expression* expression : expressions) {
    const auto* constant = dynamic<Constant>(expression);
    if (!constant) return {};
    constants.push_back(constant);
  }
  return constants;
}

Literal tuple_of(const std::vector<const Constant*>& constants) {
  TupleLiteral tuple;
  for (const Constant* constant : constants) tuple.items.push_back(to_literal(*constant));
  return {std::move(tuple)};
}

/// CPython 3.9 flushes a dict display when it has this many items.
constexpr size_t kMaxDictItems = 0xFFFF;

}  // namespace

void CodeGenerator::visit(const Expression* node) {
  if (failed()) return;
  const uint32_t line = unit_->line;
  const Range range = unit_->range;
  unit_->line = node->range.line;
  unit_->range = node->range;
  expression(*node);
  unit_->line = line;
  unit_->range = range;
}

void CodeGenerator::expression(const Expression& node) {
  switch (node.kind) {
    case ExpressionKind::kBoolOp:
      return bool_operation(*as<BoolOp>(&node));
    case ExpressionKind::kNamedExpr:
      visit(as<NamedExpr>(&node)->value);
      emit(Opcode::DUP_TOP);
      return visit(as<NamedExpr>(&node)->target);
    case ExpressionKind::kBinOp:
      visit(as<BinOp>(&node)->left);
      visit(as<BinOp>(&node)->right);
      return emit(binary_opcode(as<BinOp>(&node)->op));
    case ExpressionKind::kUnaryOp:
      visit(as<UnaryOp>(&node)->operand);
      return emit(unary_opcode(as<UnaryOp>(&node)->op));
    case ExpressionKind::kLambda:
      return lambda(*as<Lambda>(&node));
    case ExpressionKind::kIfExp:
      return conditional(*as<IfExp>(&node));
    case ExpressionKind::kDict:
      return dict_display(*as<Dict>(&node));
    case ExpressionKind::kSet:
      return display(as<Set>(&node)->elts, 0, {Opcode::BUILD_SET, Opcode::SET_ADD, Opcode::SET_UPDATE});
    case ExpressionKind::kListComp: {
      const auto* list = as<ListComp>(&node);
      return comprehension(node, "<listcomp>", {list->generators, list->elt, nullptr});
    }
    case ExpressionKind::kSetComp: {
      const auto* set = as<SetComp>(&node);
      return comprehension(node, "<setcomp>", {set->generators, set->elt, nullptr});
    }
    case ExpressionKind::kDictComp: {
      const auto* dict = as<DictComp>(&node);
      return comprehension(node, "<dictcomp>", {dict->generators, dict->key, dict->value});
    }
    case ExpressionKind::kGeneratorExp: {
      const auto* generator = as<GeneratorExp>(&node);
      return comprehension(node, "<genexpr>", {generator->generators, generator->elt, nullptr});
    }
    case ExpressionKind::kYield:
      return yield(*as<Yield>(&node));
    case ExpressionKind::kYieldFrom:
      return yield_from(*as<YieldFrom>(&node));
    case ExpressionKind::kCompare:
      return comparison(*as<Compare>(&node));
    case ExpressionKind::kCall:
      return call(*as<Call>(&node));
    case ExpressionKind::kFormattedValue:
      return formatted_value(*as<FormattedValue>(&node));
    case ExpressionKind::kJoinedStr: {
      const auto values = as<JoinedStr>(&node)->values;
      for (const Expression* piece : values) f_string_piece(*piece);
      if (values.size() != 1) emit(Opcode::BUILD_STRING, static_cast<uint32_t>(values.size()));
      return;
    }
    case ExpressionKind::kConstant:
      return emit_constant(to_literal(*as<Constant>(&node)));
    case ExpressionKind::kAttribute:
      return attribute(*as<Attribute>(&node));
    case ExpressionKind::kSubscript:
      return subscript(*as<Subscript>(&node));
    case ExpressionKind::kStarred:
      return error(node.range, as<Starred>(&node)->ctx == Context::kStore
                                   ? "starred assignment target must be in a list or tuple"
                                   : "can't use starred expression here");
    case ExpressionKind::kName:
      check_name(node.range, as<Name>(&node)->id, as<Name>(&node)->ctx);
      return name(as<Name>(&node)->id, as<Name>(&node)->ctx);
    case ExpressionKind::kList: {
      const auto* list = as<List>(&node);
      if (list->ctx == Context::kStore) return unpack(list->elts, node.range);
      if (list->ctx == Context::kDel) return visit_all(list->elts);
      return display(list->elts, 0, {Opcode::BUILD_LIST, Opcode::LIST_APPEND, Opcode::LIST_EXTEND});
    }
    case ExpressionKind::kTuple: {
      const auto* tuple = as<Tuple>(&node);
      if (tuple->ctx == Context::kStore) return unpack(tuple->elts, node.range);
      if (tuple->ctx == Context::kDel) return visit_all(tuple->elts);
      return display(tuple->elts, 0, {Opcode::BUILD_LIST, Opcode::LIST_APPEND, Opcode::LIST_EXTEND, true});
    }
    case ExpressionKind::kSlice:
      return slice(*as<Slice>(&node));
  }
}

void CodeGenerator::bool_operation(const BoolOp& node) {
  const Label end = new_label();
  for (const Expression* value : node.values.first(node.values.size() - 1)) {
    visit(value);
    emit_jump(node.op == BoolOperator::kAnd ? Opcode::JUMP_IF_FALSE_OR_POP : Opcode::JUMP_IF_TRUE_OR_POP,
              end);
  }
  visit(node.values.back());
  place(end);
}

void CodeGenerator::comparison(const Compare& node) {
  check_comparison(node);
  const size_t last = node.ops.size() - 1;
  visit(node.left);
  if (last == 0) {
    visit(node.comparators[0]);
    return compare_operator(node.ops[0]);
  }
  const Label cleanup = new_label();
  const Label end = new_label();
  for (size_t i = 0; i < last; ++i) {
    visit(node.comparators[i]);
    emit(Opcode::DUP_TOP);
    emit(Opcode::ROT_THREE);
    compare_operator(node.ops[i]);
    emit_jump(Opcode::JUMP_IF_FALSE_OR_POP, cleanup);
  }
  visit(node.comparators[last]);
  compare_operator(node.ops[last]);
  emit_jump(Opcode::JUMP_FORWARD, end);
  place(cleanup);
  emit(Opcode::ROT_TWO);
  emit(Opcode::POP_TOP);
  place(end);
}

void CodeGenerator::compare_operator(CompareOperator op) {
  switch (op) {
    case CompareOperator::kLt:
      return emit(Opcode::COMPARE_OP, 0);
    case CompareOperator::kLtE:
      return emit(Opcode::COMPARE_OP, 1);
    case CompareOperator::kEq:
      return emit(Opcode::COMPARE_OP, 2);
    case CompareOperator::kNotEq:
      return emit(Opcode::COMPARE_OP, 3);
    case CompareOperator::kGt:
      return emit(Opcode::COMPARE_OP, 4);
    case CompareOperator::kGtE:
      return emit(Opcode::COMPARE_OP, 5);
    case CompareOperator::kIs:
      return emit(Opcode::IS_OP, 0);
    case CompareOperator::kIsNot:
      return emit(Opcode::IS_OP, 1);
    case CompareOperator::kIn:
      return emit(Opcode::CONTAINS_OP, 0);
    case CompareOperator::kNotIn:
      return emit(Opcode::CONTAINS_OP, 1);
  }
}

void CodeGenerator::conditional(const IfExp& node) {
  const Label otherwise = new_label();
  const Label end = new_label();
  jump_if(node.test, otherwise, false);
  visit(node.body);
  emit_jump(Opcode::JUMP_FORWARD, end);
  place(otherwise);
  visit(node.orelse);
  place(end);
}

void CodeGenerator::dict_display(const Dict& node) {
  bool started = false;  // a dict is on the stack already
  size_t pending = 0;    // items that wait to be built into one
  const auto flush = [&](size_t end) {
    dict_items(node, end - pending, end);
    if (started) emit(Opcode::DICT_UPDATE, 1);
    started = true;
    pending = 0;
  };
  for (size_t i = 0; i < node.values.size(); ++i) {
    if (node.keys[i]) {
      if (++pending > kMaxDictItems) flush(i + 1);
      continue;
    }
    if (pending > 0) flush(i);
    if (!started) emit(Opcode::BUILD_MAP, 0);
    started = true;
    visit(node.values[i]);
    emit(Opcode::DICT_UPDATE, 1);
  }
  if (pending > 0) flush(node.values.size());
  if (!started) emit(Opcode::BUILD_MAP, 0);
}

void CodeGenerator::dict_items(const Dict& node, size_t begin, size_t end) {
  const auto count = static_cast<uint32_t>(end - begin);
  const auto constants = all_constants(node.keys.subspan(begin, count));
  if (count > 1 && !constants.empty()) {
    visit_all(node.values.subspan(begin, count));
    emit_constant(tuple_of(constants));
    return emit(Opcode::BUILD_CONST_KEY_MAP, count);
  }
  for (size_t i = begin; i < end; ++i) {
    visit(node.keys[i]);
    visit(node.values[i]);
  }
  emit(Opcode::BUILD_MAP, count);
}

void CodeGenerator::display(Expressions elements, uint32_t pushed, const DisplayOpcodes& opcodes) {
  const auto count = static_cast<uint32_t>(elements.size());
  const auto constants = all_constants(elements);
  if (constants.size() > 2) {
    if (opcodes.tuple) return emit_constant(tuple_of(constants));
    emit(opcodes.build, pushed);
    emit_constant(opcodes.add == Opcode::SET_ADD ? frozen_set(constants) : tuple_of(constants));
    return emit(opcodes.extend, 1);
  }
  bool built = false;
  for (uint32_t i = 0; i < count; ++i) {
    const auto* starred = dynamic<Starred>(static_cast<const Expression*>(elements[i]));
    if (starred && !built) {
      emit(opcodes.build, i + pushed);
      built = true;
    }
    visit(starred ? starred->value : elements[i]);
    if (built) emit(starred ? opcodes.extend : opcodes.add, 1);
  }
  if (!built) return emit(opcodes.tuple ? Opcode::BUILD_TUPLE : opcodes.build, count + pushed);
  if (opcodes.tuple) emit(Opcode::LIST_TO_TUPLE);
}

void CodeGenerator::attribute(const Attribute& node) {
  visit(node.value);
  check_name(node.range, node.attr, node.ctx);
  At at(*this, from_attribute(node, node.range));
  emit_named(node.ctx == Context::kLoad    ? Opcode::LOAD_ATTR
             : node.ctx == Context::kStore ? Opcode::STORE_ATTR
                                           : Opcode::DELETE_ATTR,
             node.attr);
}

void CodeGenerator::subscript(const Subscript& node) {
  if (node.ctx == Context::kLoad) {
    check_subscriptable(*node.value);
    check_index(node);
  }
  visit(node.value);
  visit(node.slice);
  emit(node.ctx == Context::kLoad    ? Opcode::BINARY_SUBSCR
       : node.ctx == Context::kStore ? Opcode::STORE_SUBSCR
                                     : Opcode::DELETE_SUBSCR);
}

void CodeGenerator::slice(const Slice& node) {
  for (const Expression* bound : {node.lower, node.upper}) bound ? visit(bound) : emit_none();
  if (node.step) visit(node.step);
  emit(Opcode::BUILD_SLICE, node.step ? 3 : 2);
}

void CodeGenerator::f_string_piece(const Expression& node) {
  if (failed()) return;
  const At position(*this, node.range);
  expression(node);
}

void CodeGenerator::formatted_value(const FormattedValue& node) {
  uint32_t parts = node.conversion == 's'   ? kStr
                   : node.conversion == 'r' ? kRepr
                   : node.conversion == 'a' ? kAscii
                                            : 0u;
  visit(node.value);
  if (node.format_spec) {
    const uint32_t line = std::exchange(unit_->line, node.string_line);
    f_string_piece(*node.format_spec);
    unit_->line = line;
    parts |= kSpecification;
  }
  emit(Opcode::FORMAT_VALUE, parts);
}

void CodeGenerator::yield(const Yield& node) {
  if (unit_->scope->kind != BlockKind::kFunction) return error(node.range, "'yield' outside function");
  node.value ? visit(node.value) : emit_none();
  emit(Opcode::YIELD_VALUE);
}

void CodeGenerator::yield_from(const YieldFrom& node) {
  if (unit_->scope->kind != BlockKind::kFunction) return error(node.range, "'yield from' outside function");
  visit(node.value);
  emit(Opcode::GET_YIELD_FROM_ITER);
  emit_none();
  emit(Opcode::YIELD_FROM);
}

}  // namespace mini::compile
