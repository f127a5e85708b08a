// Calls: the short forms for plain arguments, and the long one where `*` or `**` stands.
#include "interp/compile/codegen.h"

#include <algorithm>

namespace mini::compile {

using namespace ast;
using namespace bytecode;

namespace {

bool has_star(Expressions arguments) {
  return std::ranges::any_of(arguments,
                             [](const Expression* e) { return e->kind == ExpressionKind::kStarred; });
}

/// Whether `*` or `**` stands among the arguments.
bool is_unpacked(Expressions arguments, std::span<const Keyword> keywords) {
  return has_star(arguments) ||
         std::ranges::any_of(keywords, [](const Keyword& k) { return k.name.empty(); });
}

}  // namespace

void CodeGenerator::call(const Call& node) {
  if (method_call(node)) return;
  check_callable(*node.func);
  visit(node.func);
  // 3.13 makes method calls of those with keywords, too, and points to the attribute.
  const auto* method = dynamic<Attribute>(static_cast<const Expression*>(node.func));
  const bool at_attribute = method && !is_unpacked(node.args, node.keywords);
  At at(*this, at_attribute ? from_attribute(*method, node.range) : node.range);
  call_arguments(0, node.args, node.keywords);
}

bool CodeGenerator::method_call(const Call& node) {
  const auto* method = dynamic<Attribute>(static_cast<const Expression*>(node.func));
  if (!method || !node.keywords.empty() || has_star(node.args)) return false;
  visit(method->value);
  {
    At at(*this, from_attribute(*method, method->range));
    emit_named(Opcode::LOAD_METHOD, method->attr);
  }
  visit_all(node.args);
  At at(*this, from_attribute(*method, node.range));
  emit(Opcode::CALL_METHOD, static_cast<uint32_t>(node.args.size()));
  return true;
}

void CodeGenerator::call_arguments(uint32_t pushed, Expressions arguments, std::span<Keyword> keywords) {
  check_keywords(keywords);
  if (is_unpacked(arguments, keywords)) return call_unpacked(pushed, arguments, keywords);
  visit_all(arguments);
  const auto count = static_cast<uint32_t>(pushed + arguments.size() + keywords.size());
  if (keywords.empty()) return emit(Opcode::CALL_FUNCTION, count);
  std::vector<std::string_view> names;
  for (const Keyword& keyword : keywords) {
    visit(keyword.value);
    names.push_back(keyword.name);
  }
  emit_constant(tuple_of_names(names));
  emit(Opcode::CALL_FUNCTION_KW, count);
}

void CodeGenerator::call_unpacked(uint32_t pushed, Expressions arguments, std::span<Keyword> keywords) {
  if (pushed == 0 && arguments.size() == 1 && has_star(arguments)) {
    visit(as<Starred>(static_cast<const Expression*>(arguments[0]))->value);
  } else {
    display(arguments, pushed, {Opcode::BUILD_LIST, Opcode::LIST_APPEND, Opcode::LIST_EXTEND, true});
  }
  bool merged = false;
  for (size_t begin = 0; begin < keywords.size();) {
    size_t end = begin;
    while (end < keywords.size() && !keywords[end].name.empty()) ++end;
    if (end > begin) {
      keyword_dict(keywords.subspan(begin, end - begin));
    } else {
      if (!merged) emit(Opcode::BUILD_MAP, 0);
      merged = true;
      visit(keywords[end++].value);
    }
    if (merged) emit(Opcode::DICT_MERGE, 1);
    merged = true;
    begin = end;
  }
  emit(Opcode::CALL_FUNCTION_EX, keywords.empty() ? 0 : 1);
}

void CodeGenerator::keyword_dict(std::span<Keyword> keywords) {
  if (keywords.size() == 1) {
    emit_string(keywords[0].name);
    visit(keywords[0].value);
    return emit(Opcode::BUILD_MAP, 1);
  }
  std::vector<std::string_view> names;
  for (const Keyword& keyword : keywords) {
    visit(keyword.value);
    names.push_back(keyword.name);
  }
  emit_constant(tuple_of_names(names));
  emit(Opcode::BUILD_CONST_KEY_MAP, static_cast<uint32_t>(keywords.size()));
}

}  // namespace mini::compile
