// What is shown of an uncaught SyntaxError: CPython 3.13.0's layout (Lib/traceback.py, _format_syntax_error).
#include <algorithm>

#include "interp/vm/traceback.h"
#include "interp/vm/traceback_carets.h"
#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"

namespace mini::vm {

namespace {

/// The line and its carets. Columns count characters from 1; no offset, no carets; no end, the whole line.
void append_error_line(std::string& out, std::string_view text, std::optional<int64_t> offset,
                       std::optional<int64_t> end_offset) {
  const auto whole = static_cast<int64_t>(base::count_code_points(text));
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto length = static_cast<int64_t>(base::count_code_points(text));
  const size_t indent = std::min(text.find_first_not_of(" \n\f"), text.size());
  text.remove_prefix(indent);
  out += fmt::format("    {}\n", text);
  if (!offset) return;
  int64_t begin = *offset, end = end_offset.value_or(length + 1);
  if (whole > 0 && begin > whole) begin = length + 1;
  if (whole > 0 && end > whole) end = length + 1;
  if (begin >= end || end < 0) end = begin + 1;
  const int64_t column = begin - 1 - static_cast<int64_t>(indent);
  if (column < 0) return;
  // Tabs and other blanks stay, so that the carets stand below what they mean.
  out += "    ";
  const std::string_view before = text.substr(0, base::utf8_offset(text, static_cast<size_t>(column)));
  for (const char *at = before.data(), *last = at + before.size(); at < last;) {
    const base::CodePoint point = base::decode_utf8(at);
    base::append_utf8(out, base::is_space(point.value) ? point.value : U' ');
    at += point.size;
  }
  out.append(static_cast<size_t>(end - begin), '^');
  out += '\n';
}

}  // namespace

std::string render_syntax_error(Machine& machine, Exception* exception) {
  Heap& heap = machine.heap();
  enum Detail { kMessage, kFilename, kLine, kOffset, kText, kEndLine, kEndOffset };
  auto text_of = [&](Detail which) {
    const Str* text = as_str(heap, exception->details[which]);
    return text ? std::optional(to_utf8(text)) : std::nullopt;
  };
  auto number_of = [&](Detail which) {
    const Value value = exception->details[which];
    return value.is_int() ? std::optional(value.as_int()) : std::nullopt;
  };
  auto either = [](const std::optional<std::string>& text, std::string_view otherwise) {
    return text && !text->empty() ? std::string_view(*text) : otherwise;
  };
  const auto message = text_of(kMessage), filename = text_of(kFilename);
  const auto line = number_of(kLine), offset = number_of(kOffset);
  std::string out;
  if (line) out += fmt::format("  File \"{}\", line {}\n", either(filename, "<string>"), *line);
  if (const auto text = text_of(kText)) {
    std::optional<int64_t> end;
    if (line == number_of(kEndLine)) end = number_of(kEndOffset).value_or(0) ? number_of(kEndOffset) : offset;
    append_error_line(out, *text, offset, end);
  }
  out += qualified_type_name(heap, exception->type);
  out += fmt::format(": {}", either(message, "<no detail available>"));
  if (!line && filename) out += fmt::format(" ({})", *filename);
  return out + "\n";
}

}  // namespace mini::vm
