// Units, names and single instructions.
#include "interp/compile/codegen.h"

#include <algorithm>

#include "interp/bytecode/verifier.h"
#include "runtime/base/assert.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

std::shared_ptr<const Code> CodeGenerator::generate(const Module& module) {
  enter(UnitKind::kModule, "<module>", &module, 1);
  interactive_ = module.mode == Mode::kInteractive;
  if (module.mode == Mode::kEval) {
    visit(as<Expr>(module.body[0])->value);
    emit(Opcode::RETURN_VALUE);
  } else {
    body(module.body);
  }
  return leave(true);
}

void CodeGenerator::enter(UnitKind kind, std::string_view name, const void* node, uint32_t first_line) {
  auto* unit = new Unit;
  unit->kind = kind;
  unit->scope = symbols_.scope(node);
  unit->parent = unit_;
  if (unit_) unit->class_name = unit_->class_name;
  unit->range = {first_line, 0, first_line, 0};
  unit->qualified_name = kind == UnitKind::kModule ? std::string(name) : qualify(name);
  unit->code = std::make_shared<Code>();
  unit->code->name = name;
  unit->code->first_line = first_line;

  for (std::string_view parameter : unit->scope->parameters) unit->varnames.add(parameter);
  std::vector<std::string_view> cells;
  std::vector<std::string_view> frees;
  for (const auto& [symbol_name, symbol] : unit->scope->symbols) {
    if (symbol.binding == Binding::kCell) cells.push_back(symbol_name);
    if (symbol.binding == Binding::kFree || (symbol.uses & kFreeInClass)) frees.push_back(symbol_name);
  }
  if (unit->scope->needs_class_cell) cells.push_back("__class__");
  std::ranges::sort(cells);
  std::ranges::sort(frees);
  for (std::string_view cell : cells) unit->cells.add(cell);
  for (std::string_view free : frees) unit->frees.add(free);
  unit_ = unit;
}

CodeGenerator::CodePointer CodeGenerator::leave(bool returns_none) {
  const std::unique_ptr<Unit> unit(unit_);
  if (!unit->returned) {
    if (returns_none) emit_none();
    emit(Opcode::RETURN_VALUE);
  }
  Code& code = *unit->code;
  code.flags = code_flags();
  unit_ = unit->parent;
  if (failed() || silent_ > 0) return nullptr;
  code.qualified_name = unit->qualified_name;
  code.filename = options_.filename;
  assemble(std::move(unit->list), unit->constants, code);
  code.constants = unit->constants.take();
  code.names = unit->names.strings();
  code.varnames = unit->varnames.strings();
  code.cellvars = unit->cells.strings();
  code.freevars = unit->frees.strings();
  for (const std::string& cell : code.cellvars) {
    const auto end = code.varnames.begin() + code.parameter_count();
    const auto found = std::find(code.varnames.begin(), end, cell);
    code.cell_parameters.push_back(found == end ? -1 : static_cast<int32_t>(found - code.varnames.begin()));
  }
  const Verification verification = verify(code);
  MINI_ASSERT(verification.error.empty());
  code.stack_size = verification.stack_size;
  code.block_depth = verification.block_depth;
  return unit->code;
}

uint32_t CodeGenerator::code_flags() const {
  const Scope& scope = *unit_->scope;
  uint32_t flags = options_.is_prelude ? kPrelude : 0u;
  if (scope.kind == BlockKind::kFunction) {
    flags |= kOptimized | kNewLocals;
    if (scope.nested) flags |= kNested;
    if (scope.generator) flags |= kGenerator;
    if (scope.var_args) flags |= kVarArgs;
    if (scope.var_keywords) flags |= kVarKeywords;
    if (unit_->kind == UnitKind::kComprehension && !scope.generator) flags |= kComprehension;
  }
  if (scope.kind == BlockKind::kClass) flags |= kClassBody;
  if (scope.kind == BlockKind::kModule) flags |= kModule;
  if (unit_->cells.size() == 0 && unit_->frees.size() == 0) flags |= kNoFree;
  return flags;
}

std::string CodeGenerator::qualify(std::string_view name) const {
  const Unit* parent = unit_;
  // 3.13 has no unit for these: what is defined in a comprehension is qualified by the block around it.
  while (parent->kind == UnitKind::kComprehension && !parent->scope->generator) parent = parent->parent;
  if (parent->kind == UnitKind::kModule) return std::string(name);
  const Binding binding = parent->scope->binding(mangle(parent->class_name, name, arena_));
  if (binding == Binding::kGlobalExplicit) return std::string(name);
  const bool local = parent->kind == UnitKind::kFunction || parent->kind == UnitKind::kLambda;
  return parent->qualified_name + (local ? ".<locals>." : ".") + std::string(name);
}

void CodeGenerator::emit(Opcode opcode, uint32_t argument) {
  if (silent_ > 0) return;
  const Range& range = unit_->range;
  unit_->list.instructions.push_back(
      {.opcode = opcode,
       .argument = argument,
       .listing_line = unit_->line,
       .position = {range.line, range.end_line, range.column, range.end_column}});
  if (opcode == Opcode::RETURN_VALUE) unit_->returned = true;
}

void CodeGenerator::emit_jump(Opcode opcode, Label target, int32_t loop) {
  if (silent_ > 0) return;
  emit(opcode);
  unit_->list.instructions.back().target = target.id;
  unit_->list.instructions.back().loop = loop;
}

void CodeGenerator::emit_constant(Literal literal) {
  if (silent_ == 0) emit(Opcode::LOAD_CONST, unit_->constants.add(std::move(literal)));
}

void CodeGenerator::emit_named(Opcode opcode, std::string_view name) {
  if (silent_ == 0) emit(opcode, unit_->names.add(mangled(name)));
}

void CodeGenerator::name(std::string_view name, Context context) {
  const auto choose = [&](Opcode load, Opcode store, Opcode del) {
    return context == Context::kLoad ? load : context == Context::kStore ? store : del;
  };
  const std::string_view known = mangled(name);
  const bool function = unit_->scope->kind == BlockKind::kFunction;
  const Binding binding = unit_->scope->binding(known);
  const bool unknown = !unit_->scope->symbols.find(known);
  switch (binding) {
    case Binding::kCell:
    case Binding::kFree: {
      const uint32_t index = binding == Binding::kCell ? unit_->cells.index(known)
                                                       : unit_->cells.size() + unit_->frees.index(known);
      const bool in_class = unit_->scope->kind == BlockKind::kClass;
      return emit(choose(in_class ? Opcode::LOAD_CLASSDEREF : Opcode::LOAD_DEREF, Opcode::STORE_DEREF,
                         Opcode::DELETE_DEREF),
                  index);
    }
    case Binding::kLocal:
      if (!function) break;
      if (silent_ == 0) {
        emit(choose(Opcode::LOAD_FAST, Opcode::STORE_FAST, Opcode::DELETE_FAST), unit_->varnames.add(known));
      }
      return;
    case Binding::kGlobalExplicit:
    case Binding::kGlobalImplicit:
      if (binding == Binding::kGlobalImplicit && (!function || unknown)) break;
      // Even where no code is made the name is entered, as in CPython.
      return emit(choose(Opcode::LOAD_GLOBAL, Opcode::STORE_GLOBAL, Opcode::DELETE_GLOBAL),
                  unit_->names.add(known));
  }
  emit(choose(Opcode::LOAD_NAME, Opcode::STORE_NAME, Opcode::DELETE_NAME), unit_->names.add(known));
}

void CodeGenerator::check_name(const Range& range, std::string_view name, Context context) {
  if (name != "__debug__") return;
  if (context == Context::kStore) error(range, "cannot assign to __debug__");
  if (context == Context::kDel) error(range, "cannot delete __debug__");
}

Range CodeGenerator::from_attribute(const Attribute& attribute, Range range) {
  const Range& whole = attribute.range;
  if (whole.line == whole.end_line) return range;
  const auto length = static_cast<uint32_t>(attribute.attr.size());
  const uint32_t column = length <= whole.end_column ? whole.end_column - length : 0;
  return {whole.end_line, column, range.end_line, range.end_column};
}

}  // namespace mini::compile
