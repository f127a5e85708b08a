#include "interp/vm/syntax_errors.h"

namespace mini::vm {

namespace {

BuiltinType type_of(compile::DiagnosticKind kind) {
  switch (kind) {
    case compile::DiagnosticKind::kIndentationError:
      return BuiltinType::kIndentationError;
    case compile::DiagnosticKind::kTabError:
      return BuiltinType::kTabError;
    case compile::DiagnosticKind::kRecursionError:
      return BuiltinType::kRecursionError;
    case compile::DiagnosticKind::kMemoryError:
      return BuiltinType::kMemoryError;
    default:
      return BuiltinType::kSyntaxError;
  }
}

}  // namespace

Raised raise_diagnostic(Heap& heap, const compile::Diagnostics& diagnostics, const std::string& filename) {
  const compile::Diagnostic& error = diagnostics.first_error();
  const BuiltinType which = type_of(error.kind);
  if (which == BuiltinType::kMemoryError) return heap.raise_memory_error();
  auto message = make_str(heap, error.message);
  auto file = make_str(heap, filename);
  auto text = make_str(heap, error.text);
  auto args = make_tuple(heap, error.line > 0 ? 2 : 1);
  auto place = make_tuple(heap, 6);
  if (!message.ok() || !file.ok() || !text.ok() || !args.ok() || !place.ok()) return raised;
  (*args)->items()[0] = Value(message.take().release());
  if (error.line > 0) {
    Value* parts = (*place)->items();
    parts[0] = Value(file.take().release());
    parts[1] = Value::integer(error.line);
    parts[2] = Value::integer(error.column);
    parts[3] = error.text.empty() ? kNone : Value(text.take().release());
    parts[4] = Value::integer(error.end_line);
    parts[5] = Value::integer(error.end_column);
    (*args)->items()[1] = Value(place.take().release());
  }
  auto exception = make_exception(heap, heap.type(which), args.take());
  if (!exception.ok()) return raised;
  return heap.raise_object(exception.take());
}

std::string warning_text(const compile::Diagnostic& warning, const std::string& filename) {
  // As CPython's linecache: only files have lines to show.
  if (filename.starts_with("<"))
    return fmt::format("{}:{}: {}: {}\n", filename, warning.line, compile::name_of(warning.kind), warning.message);
  std::string_view line = warning.text;
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  return fmt::format("{}:{}: {}: {}\n  {}\n", filename, warning.line, compile::name_of(warning.kind), warning.message,
                     line);
}

}  // namespace mini::vm
