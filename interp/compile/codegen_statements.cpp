// Statements that are neither control flow nor definitions.
#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;
using namespace bytecode;

namespace {

/// Whether the block has an annotated assignment, not counting those in inner functions and classes.
bool has_annotations(Statements statements) {
  for (const Statement* statement : statements) {
    switch (statement->kind) {
      case StatementKind::kAnnAssign:
        return true;
      case StatementKind::kFor:
        if (has_annotations(as<For>(statement)->body) || has_annotations(as<For>(statement)->orelse))
          return true;
        break;
      case StatementKind::kWhile:
        if (has_annotations(as<While>(statement)->body) || has_annotations(as<While>(statement)->orelse))
          return true;
        break;
      case StatementKind::kIf:
        if (has_annotations(as<If>(statement)->body) || has_annotations(as<If>(statement)->orelse))
          return true;
        break;
      case StatementKind::kWith:
        if (has_annotations(as<With>(statement)->body)) return true;
        break;
      case StatementKind::kTry: {
        const auto* block = as<Try>(statement);
        for (const ExceptHandler& handler : block->handlers) {
          if (has_annotations(handler.body)) return true;
        }
        if (has_annotations(block->body) || has_annotations(block->orelse) ||
            has_annotations(block->finalbody)) {
          return true;
        }
        break;
      }
      default:
        break;
    }
  }
  return false;
}

}  // namespace

const Constant* docstring(Statements statements) {
  if (statements.empty()) return nullptr;
  const auto* first = dynamic<Expr>(static_cast<const Statement*>(statements[0]));
  const auto* text = first ? dynamic<Constant>(static_cast<const Expression*>(first->value)) : nullptr;
  return text && text->constant == ConstantKind::kString ? text : nullptr;
}

std::string clean_docstring(std::string_view text) {
  std::string expanded;
  size_t column = 0;
  for (char character : text) {
    if (character == '\t') {
      const size_t blanks = 8 - column % 8;
      expanded.append(blanks, ' ');
      column += blanks;
      continue;
    }
    expanded += character;
    const bool continuation = (static_cast<unsigned char>(character) & 0xC0) == 0x80;
    column = character == '\n' || character == '\r' ? 0 : continuation ? column : column + 1;
  }
  std::vector<std::string_view> lines;
  for (std::string_view rest = expanded;;) {
    const size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  size_t margin = std::string::npos;
  for (size_t i = 1; i < lines.size(); ++i) margin = std::min(margin, lines[i].find_first_not_of(' '));
  std::string result(lines[0].substr(std::min(lines[0].find_first_not_of(' '), lines[0].size())));
  for (size_t i = 1; i < lines.size(); ++i) {
    result += '\n';
    result += lines[i].substr(std::min(margin, lines[i].size()));
  }
  return result;
}

void CodeGenerator::body(Statements statements) {
  if (!interactive_ && unit_->kind == UnitKind::kModule && !statements.empty()) {
    unit_->line = statements[0]->range.line;
  }
  if (has_annotations(statements)) emit(Opcode::SETUP_ANNOTATIONS);
  if (interactive_ && unit_->kind == UnitKind::kModule) return visit(statements);
  if (const Constant* text = docstring(statements)) {
    unit_->line = text->range.line;
    unit_->range = text->range;
    emit_string(clean_docstring(text->text));
    name("__doc__", Context::kStore);
    statements = statements.subspan(1);
  }
  visit(statements);
}

void CodeGenerator::visit(Statements statements) {
  for (const Statement* each : statements) visit(each);
}

void CodeGenerator::visit(const Statement* node) {
  if (failed()) return;
  unit_->line = node->range.line;
  unit_->range = node->range;
  statement(*node);
}

void CodeGenerator::statement(const Statement& node) {
  switch (node.kind) {
    case StatementKind::kFunctionDef:
      return function(*as<FunctionDef>(&node));
    case StatementKind::kClassDef:
      return class_definition(*as<ClassDef>(&node));
    case StatementKind::kReturn:
      return return_statement(*as<Return>(&node));
    case StatementKind::kDelete:
      return visit_all(as<Delete>(&node)->targets);
    case StatementKind::kAssign:
      return assign(*as<Assign>(&node));
    case StatementKind::kAugAssign:
      return augmented_assign(*as<AugAssign>(&node));
    case StatementKind::kAnnAssign:
      return annotated_assign(*as<AnnAssign>(&node));
    case StatementKind::kFor:
      return for_statement(*as<For>(&node));
    case StatementKind::kWhile:
      return while_statement(*as<While>(&node));
    case StatementKind::kIf:
      return if_statement(*as<If>(&node));
    case StatementKind::kWith:
      return with_statement(*as<With>(&node), 0);
    case StatementKind::kRaise:
      return raise_statement(*as<Raise>(&node));
    case StatementKind::kTry:
      return try_statement(*as<Try>(&node));
    case StatementKind::kAssert:
      return assert_statement(*as<Assert>(&node));
    case StatementKind::kImport:
      return import_statement(*as<Import>(&node));
    case StatementKind::kImportFrom:
      return import_from(*as<ImportFrom>(&node));
    case StatementKind::kExpr:
      return expression_statement(*as<Expr>(&node));
    case StatementKind::kBreak:
      return break_statement(*as<Break>(&node));
    case StatementKind::kContinue:
      return continue_statement(*as<Continue>(&node));
    case StatementKind::kGlobal:
    case StatementKind::kNonlocal:
    case StatementKind::kPass:
      return;
  }
}

void CodeGenerator::expression_statement(const Expr& node) {
  if (interactive_ && !unit_->parent) {
    visit(node.value);
    return emit(Opcode::PRINT_EXPR);
  }
  if (node.value->kind == ExpressionKind::kConstant) return;
  visit(node.value);
  emit(Opcode::POP_TOP);
}

void CodeGenerator::assert_statement(const Assert& node) {
  const auto* tuple = dynamic<Tuple>(static_cast<const Expression*>(node.test));
  const auto* constant = dynamic<Constant>(static_cast<const Expression*>(node.test));
  if ((tuple && !tuple->elts.empty()) ||
      (constant && constant->constant == ConstantKind::kTuple && !constant->elements.empty())) {
    warn(node.range, "assertion is always true, perhaps remove parentheses?");
  }
  const Label end = new_label();
  jump_if(node.test, end, true);
  emit(Opcode::LOAD_ASSERTION_ERROR);
  if (node.msg) {
    visit(node.msg);
    emit(Opcode::CALL_FUNCTION, 1);
  }
  {
    At at(*this, node.test->range);
    emit(Opcode::RAISE_VARARGS, 1);
  }
  place(end);
}

void CodeGenerator::raise_statement(const Raise& node) {
  uint32_t count = 0;
  for (const Expression* part : {node.exc, node.cause}) {
    if (!part) break;
    visit(part);
    ++count;
  }
  emit(Opcode::RAISE_VARARGS, count);
}

void CodeGenerator::import_statement(const Import& node) {
  for (const Alias& alias : node.names) {
    emit_constant({int64_t{0}});
    emit_none();
    emit_named(Opcode::IMPORT_NAME, alias.name);
    const std::string_view first = alias.name.substr(0, alias.name.find('.'));
    check_name(node.range, alias.asname.empty() ? first : alias.asname, Context::kStore);
    alias.asname.empty() ? name(arena_.intern(first), Context::kStore)
                         : bind_dotted(alias.name, alias.asname);
  }
}

void CodeGenerator::bind_dotted(std::string_view path, std::string_view bound) {
  size_t dot = path.find('.');
  const bool dotted = dot != std::string_view::npos;
  while (dot != std::string_view::npos) {
    const size_t start = dot + 1;
    dot = path.find('.', start);
    emit_named(Opcode::IMPORT_FROM,
               arena_.intern(path.substr(start, dot == std::string_view::npos ? dot : dot - start)));
    if (dot == std::string_view::npos) break;
    emit(Opcode::ROT_TWO);
    emit(Opcode::POP_TOP);
  }
  name(bound, Context::kStore);
  if (dotted) emit(Opcode::POP_TOP);
}

void CodeGenerator::import_from(const ImportFrom& node) {
  if (node.module == "__future__" && node.level == 0 && node.range.line > options_.future.last_line) {
    return error(node.range, "from __future__ imports must occur at the beginning of the file");
  }
  std::vector<std::string_view> names;
  for (const Alias& alias : node.names) names.push_back(alias.name);
  emit_constant({static_cast<int64_t>(node.level)});
  emit_constant(tuple_of_names(names));
  emit_named(Opcode::IMPORT_NAME, node.module);
  for (const Alias& alias : node.names) {
    if (alias.name == "*") return emit(Opcode::IMPORT_STAR);
    emit_named(Opcode::IMPORT_FROM, alias.name);
    const std::string_view bound = alias.asname.empty() ? alias.name : alias.asname;
    check_name(node.range, bound, Context::kStore);
    name(bound, Context::kStore);
  }
  emit(Opcode::POP_TOP);
}

}  // namespace mini::compile
