// The features of `__future__`; all but one have been part of the language for long.
#include "interp/compile/future.h"

#include <algorithm>
#include <array>
#include <string>

#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;

namespace {

constexpr std::array<std::string_view, 9> kFeatures = {"nested_scopes",    "generators",     "division",
                                                       "absolute_import",  "with_statement", "print_function",
                                                       "unicode_literals", "generator_stop", "annotations"};

std::string source_text(const Range& range, const SourceFile& source) {
  std::string text;
  for (uint32_t line = range.line; line <= range.end_line; ++line) {
    std::string_view part = source.line(line);
    if (line == range.end_line) part = part.substr(0, range.end_column);
    part.remove_prefix(line == range.line ? range.column
                                          : std::min(part.find_first_not_of(" \t"), part.size()));
    text += part;
  }
  return text;
}

std::string joined(Expressions elements, const SourceFile& source) {
  std::string text;
  for (const Expression* element : elements)
    text += (text.empty() ? "" : ", ") + annotation_text(*element, source);
  return text;
}

}  // namespace

FutureFeatures find_future_features(const Module& module, Diagnostics& diagnostics) {
  FutureFeatures features;
  for (const Statement* statement : module.body.subspan(docstring(module.body) ? 1 : 0)) {
    const auto* import = dynamic<ImportFrom>(statement);
    if (!import || import->module != "__future__" || import->level != 0) break;
    for (const Alias& alias : import->names) {
      const std::string name(alias.name);
      const Range start = {import->range.line, import->range.column, import->range.line,
                           import->range.column + 1};
      if (name == "braces") {
        diagnostics.syntax_error(start, "not a chance");
      } else if (std::ranges::find(kFeatures, name) == kFeatures.end()) {
        diagnostics.syntax_error(start, "future feature " + name + " is not defined");
      }
      features.annotations |= name == "annotations";
    }
    features.last_line = import->range.line;
  }
  return features;
}

std::string annotation_text(const Expression& annotation, const SourceFile& source) {
  const auto text = [&](const Expression* part) { return annotation_text(*part, source); };
  switch (annotation.kind) {
    case ExpressionKind::kConstant:
      if (as<Constant>(&annotation)->constant == ConstantKind::kEllipsis) return "...";
      return bytecode::repr(to_literal(*as<Constant>(&annotation)));
    case ExpressionKind::kName:
      return std::string(as<Name>(&annotation)->id);
    case ExpressionKind::kAttribute:
      return text(as<Attribute>(&annotation)->value) + "." + std::string(as<Attribute>(&annotation)->attr);
    case ExpressionKind::kSubscript: {
      const auto* index = as<Subscript>(&annotation);
      const auto* tuple = dynamic<Tuple>(static_cast<const Expression*>(index->slice));
      const bool bare = tuple && tuple->elts.size() > 1;
      return text(index->value) + "[" + (bare ? joined(tuple->elts, source) : text(index->slice)) + "]";
    }
    case ExpressionKind::kList:
      return "[" + joined(as<List>(&annotation)->elts, source) + "]";
    case ExpressionKind::kTuple: {
      const auto elements = as<Tuple>(&annotation)->elts;
      return "(" + joined(elements, source) + (elements.size() == 1 ? ",)" : ")");
    }
    case ExpressionKind::kBinOp: {
      const auto* either = as<BinOp>(&annotation);
      if (either->op == BinaryOperator::kBitOr) return text(either->left) + " | " + text(either->right);
      break;
    }
    default:
      break;
  }
  return source_text(annotation.range, source);
}

}  // namespace mini::compile
