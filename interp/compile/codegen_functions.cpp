// Definitions: functions, lambdas, classes, and the closures that they are made with.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

void CodeGenerator::function(const FunctionDef& node) {
  check_name(node.range, node.name, Context::kStore);
  decorators(node.decorator_list);
  uint32_t parts = default_arguments(*node.args);
  parts |= annotations(*node.args, node.returns);

  const uint32_t first_line =
      node.decorator_list.empty() ? node.range.line : node.decorator_list[0]->range.line;
  enter(UnitKind::kFunction, node.name, &node, first_line);
  const Constant* text = docstring(node.body);
  unit_->constants.add(text ? string_literal(clean_docstring(text->text)) : Literal{NoneLiteral{}});
  set_parameters(*node.args);
  visit(node.body);
  const CodePointer code = leave(true);

  make_closure(code, parts);
  apply_decorators(node.decorator_list);
  name(node.name, Context::kStore);
}

void CodeGenerator::lambda(const Lambda& node) {
  const uint32_t parts = default_arguments(*node.args);
  enter(UnitKind::kLambda, "<lambda>", &node, node.range.line);
  unit_->constants.add({NoneLiteral{}});  // a lambda has no docstring
  set_parameters(*node.args);
  visit(node.body);
  {
    At at(*this, node.body->range);
    emit(Opcode::RETURN_VALUE);
  }
  make_closure(leave(true), parts);
}

void CodeGenerator::class_definition(const ClassDef& node) {
  check_name(node.range, node.name, Context::kStore);
  decorators(node.decorator_list);
  const uint32_t first_line =
      node.decorator_list.empty() ? node.range.line : node.decorator_list[0]->range.line;
  enter(UnitKind::kClass, node.name, &node, first_line);
  class_body(node);
  const CodePointer code = leave(true);

  emit(Opcode::LOAD_BUILD_CLASS);
  make_closure(code, 0);
  emit_string(node.name);
  call_arguments(2, node.bases, node.keywords);
  apply_decorators(node.decorator_list);
  name(node.name, Context::kStore);
}

void CodeGenerator::class_body(const ClassDef& node) {
  unit_->class_name = node.name;
  name("__name__", Context::kLoad);
  name("__module__", Context::kStore);
  emit_string(unit_->qualified_name);
  name("__qualname__", Context::kStore);
  body(node.body);
  if (unit_->scope->needs_class_cell) {
    emit(Opcode::LOAD_CLOSURE, unit_->cells.index("__class__"));
    emit(Opcode::DUP_TOP);
    name("__classcell__", Context::kStore);
  } else {
    emit_none();
  }
  emit(Opcode::RETURN_VALUE);
}

uint32_t CodeGenerator::default_arguments(const Arguments& arguments) {
  uint32_t parts = 0;
  if (!arguments.defaults.empty()) {
    visit_all(arguments.defaults);
    emit(Opcode::BUILD_TUPLE, static_cast<uint32_t>(arguments.defaults.size()));
    parts |= kDefaults;
  }
  std::vector<std::string_view> names;
  for (size_t i = 0; i < arguments.kwonlyargs.size(); ++i) {
    if (!arguments.kw_defaults[i]) continue;
    names.push_back(mangled(arguments.kwonlyargs[i].name));
    visit(arguments.kw_defaults[i]);
  }
  if (names.empty()) return parts;
  emit_constant(tuple_of_names(names));
  emit(Opcode::BUILD_CONST_KEY_MAP, static_cast<uint32_t>(names.size()));
  return parts | kKeywordDefaults;
}

uint32_t CodeGenerator::annotations(const Arguments& arguments, const Expression* returns) {
  std::vector<std::string_view> names;
  const auto annotate = [&](std::string_view name, const Expression* expression) {
    if (!expression) return;
    annotation(expression);
    names.push_back(mangled(name));
  };
  for (const Argument& argument : arguments.args) annotate(argument.name, argument.annotation);
  for (const Argument& argument : arguments.posonlyargs) annotate(argument.name, argument.annotation);
  if (arguments.vararg) annotate(arguments.vararg->name, arguments.vararg->annotation);
  for (const Argument& argument : arguments.kwonlyargs) annotate(argument.name, argument.annotation);
  if (arguments.kwarg) annotate(arguments.kwarg->name, arguments.kwarg->annotation);
  annotate("return", returns);
  if (names.empty()) return 0;
  emit_constant(tuple_of_names(names));
  emit(Opcode::BUILD_CONST_KEY_MAP, static_cast<uint32_t>(names.size()));
  return kAnnotations;
}

void CodeGenerator::set_parameters(const Arguments& arguments) {
  check_parameters(arguments);
  Code& code = *unit_->code;
  code.argument_count = static_cast<uint32_t>(arguments.posonlyargs.size() + arguments.args.size());
  code.positional_only_count = static_cast<uint32_t>(arguments.posonlyargs.size());
  code.keyword_only_count = static_cast<uint32_t>(arguments.kwonlyargs.size());
}

void CodeGenerator::check_parameters(const Arguments& arguments) {
  for (auto group : {arguments.posonlyargs, arguments.args, arguments.kwonlyargs}) {
    for (const Argument& argument : group) check_name(argument.range, argument.name, Context::kStore);
  }
  for (const Argument* argument : {arguments.vararg, arguments.kwarg}) {
    if (argument) check_name(argument->range, argument->name, Context::kStore);
  }
}

void CodeGenerator::make_closure(const CodePointer& code, uint32_t parts) {
  if (!code) return;
  for (const std::string& free : code->freevars) {
    const bool class_cell = unit_->kind == UnitKind::kClass && free == "__class__";
    const bool own = class_cell || unit_->scope->binding(free) == Binding::kCell;
    emit(Opcode::LOAD_CLOSURE,
         own ? unit_->cells.index(free) : unit_->cells.size() + unit_->frees.index(free));
  }
  if (!code->freevars.empty()) {
    emit(Opcode::BUILD_TUPLE, static_cast<uint32_t>(code->freevars.size()));
    parts |= kClosure;
  }
  emit_constant({code});
  emit_string(code->has(kClassBody) ? code->name : code->qualified_name);
  emit(Opcode::MAKE_FUNCTION, parts);
}

void CodeGenerator::decorators(Expressions list) {
  visit_all(list);
}

void CodeGenerator::apply_decorators(Expressions list) {
  for (size_t i = list.size(); i-- > 0;) {
    At at(*this, list[i]->range);
    emit(Opcode::CALL_FUNCTION, 1);
  }
}

}  // namespace mini::compile
