// Comprehensions: each a function of its own that is called at once with the first iterator, as in
// CPython 3.9.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

void CodeGenerator::comprehension(const Expression& node, std::string_view name,
                                  const ComprehensionParts& parts) {
  enter(UnitKind::kComprehension, name, &node, node.range.line);
  unit_->range = node.range;
  unit_->code->argument_count = 1;
  if (node.kind == ExpressionKind::kListComp) emit(Opcode::BUILD_LIST, 0);
  if (node.kind == ExpressionKind::kSetComp) emit(Opcode::BUILD_SET, 0);
  if (node.kind == ExpressionKind::kDictComp) emit(Opcode::BUILD_MAP, 0);
  comprehension_loop(node, parts, 0, 0);
  if (node.kind != ExpressionKind::kGeneratorExp) emit(Opcode::RETURN_VALUE);
  const CodePointer code = leave(true);
  make_closure(code, 0);
  visit(parts.generators[0].iter);
  {
    At at(*this, parts.generators[0].iter->range);
    emit(Opcode::GET_ITER);
  }
  emit(Opcode::CALL_FUNCTION, 1);
}

void CodeGenerator::comprehension_loop(const Expression& node, const ComprehensionParts& parts, size_t index,
                                       uint32_t depth) {
  const Comprehension& generator = parts.generators[index];
  const Label start = new_label();
  const Label skip = new_label();
  const Label end = new_label();
  bool loops = true;
  if (index == 0) {
    emit(Opcode::LOAD_FAST, 0);
  } else {
    // `for y in [f(x)]` is an assignment.
    Expressions elements;
    if (const auto* list = dynamic<List>(static_cast<const Expression*>(generator.iter)))
      elements = list->elts;
    if (const auto* tuple = dynamic<Tuple>(static_cast<const Expression*>(generator.iter)))
      elements = tuple->elts;
    loops = elements.size() != 1 || elements[0]->kind == ExpressionKind::kStarred;
    visit(loops ? generator.iter : elements[0]);
    At at(*this, generator.iter->range);
    if (loops) emit(Opcode::GET_ITER);
  }
  if (loops) {
    ++depth;
    place(start);
    At at(*this, generator.iter->range);
    emit_jump(Opcode::FOR_ITER, end);
  }
  visit(generator.target);
  for (const Expression* condition : generator.ifs) jump_if(condition, skip, false);
  if (index + 1 < parts.generators.size()) {
    comprehension_loop(node, parts, index + 1, depth);
  } else {
    comprehension_element(node, parts, depth);
  }
  place(skip);
  if (!loops) return;
  emit_jump(Opcode::JUMP_ABSOLUTE, start);
  place(end);
}

void CodeGenerator::comprehension_element(const Expression& node, const ComprehensionParts& parts,
                                          uint32_t depth) {
  visit(parts.element);
  if (parts.value) visit(parts.value);
  Range range = parts.element->range;
  if (parts.value)
    range = {range.line, range.column, parts.value->range.end_line, parts.value->range.end_column};
  At at(*this, range);
  switch (node.kind) {
    case ExpressionKind::kListComp:
      return emit(Opcode::LIST_APPEND, depth + 1);
    case ExpressionKind::kSetComp:
      return emit(Opcode::SET_ADD, depth + 1);
    case ExpressionKind::kDictComp:
      return emit(Opcode::MAP_ADD, depth + 1);
    default:
      emit(Opcode::YIELD_VALUE);
      return emit(Opcode::POP_TOP);
  }
}

}  // namespace mini::compile
