// Source lines, and the text of an uncaught SyntaxError. See diagnostics.h.
#include "interp/compile/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/utf8.h"

namespace mini::compile {

SourceFile::SourceFile(std::string name, std::string bytes, Origin origin)
    : name_(std::move(name)), text_(std::move(bytes)), origin_(origin) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.erase(0, 3);
  if (size_t in = text_.find('\r'); in != std::string::npos) {
    size_t out = in;
    for (; in < text_.size(); ++in) {
      if (text_[in] == '\r' && in + 1 < text_.size() && text_[in + 1] == '\n') continue;
      text_[out++] = text_[in] == '\r' ? '\n' : text_[in];
    }
    text_.resize(out);
  }
  lacked_newline_ = !text_.empty() && text_.back() != '\n';
  if (lacked_newline_) text_.push_back('\n');
}

std::string_view SourceFile::line(uint32_t number) const {
  if (line_starts_.empty()) {
    line_starts_.push_back(0);
    for (size_t at = 0; (at = text_.find('\n', at)) != std::string::npos;) line_starts_.push_back(++at);
    line_starts_.push_back(text_.size() + 1);
  }
  if (number == 0 || number + 1 >= line_starts_.size()) return {};
  size_t begin = line_starts_[number - 1];
  size_t end = std::min(line_starts_[number] - 1, text_.size());
  return std::string_view(text_).substr(begin, end > begin ? end - begin : 0);
}

std::string_view name_of(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::kSyntaxError:
      return "SyntaxError";
    case DiagnosticKind::kIndentationError:
      return "IndentationError";
    case DiagnosticKind::kTabError:
      return "TabError";
    case DiagnosticKind::kRecursionError:
      return "RecursionError";
    case DiagnosticKind::kMemoryError:
      return "MemoryError";
    case DiagnosticKind::kSyntaxWarning:
      return "SyntaxWarning";
  }
  return {};
}

void Diagnostics::error(DiagnosticKind kind, const ast::Range& range, std::string message) {
  if (failed_) return;
  failed_ = true;
  error_ = make(kind, range, std::move(message));
}

void Diagnostics::warning(const ast::Range& range, std::string message) {
  // The parser reads some text twice (`with (`): what is already there is not said again.
  Diagnostic added = make(DiagnosticKind::kSyntaxWarning, range, std::move(message));
  for (size_t i = warnings_.size(); i-- > 0 && warnings_[i].line >= added.line;) {
    if (warnings_[i].column == added.column && warnings_[i].message == added.message) return;
  }
  warnings_.push_back(std::move(added));
}

Diagnostic Diagnostics::make(DiagnosticKind kind, const ast::Range& range, std::string message) const {
  Diagnostic result;
  result.kind = kind;
  result.message = std::move(message);
  if (range.line == 0) return result;
  // From bytes to characters; a column behind the line's text, where its end or another line is meant, counts
  // on.
  auto character_column = [this](uint32_t line, uint32_t bytes) {
    std::string_view text = source_->line(line);
    size_t behind = bytes > text.size() ? bytes - text.size() : 0;
    return static_cast<uint32_t>(base::count_code_points(text.substr(0, bytes)) + behind) + 1;
  };
  result.line = range.line;
  result.end_line = range.end_line;
  result.text = std::string(source_->line(range.line));
  result.text.resize(std::min(result.text.find('\0'), result.text.size()));
  if (!source_->is_unended() || !source_->line(range.line + 1).empty()) result.text.push_back('\n');
  if (parsed_ && source_->origin() != SourceFile::Origin::kFile) result.text.clear();
  if (range.column == UINT32_MAX) return result;
  result.column = character_column(range.line, range.column);
  result.end_column = character_column(range.end_line, range.end_column);
  if (range.end_line != range.line) {  // CPython counts this column in the first line, too.
    result.end_column = std::min(character_column(range.line, range.end_column),
                                 static_cast<uint32_t>(base::count_code_points(result.text)));
  }
  return result;
}

std::string render(const Diagnostic& diagnostic, std::string_view file_name) {
  std::string out;
  auto write = std::back_inserter(out);
  if (diagnostic.line != 0) {
    fmt::format_to(write, "  File \"{}\", line {}\n", file_name, diagnostic.line);
    std::string_view text = diagnostic.text;
    while (text.ends_with('\n')) text.remove_suffix(1);
    std::string_view shown = text.substr(std::min(text.find_first_not_of(" \n\f"), text.size()));
    fmt::format_to(write, "    {}\n", shown);
    size_t length = base::count_code_points(text) + 1;  // Columns count from 1, and the line's end is one.
    size_t indent = text.size() - shown.size();
    size_t begin = std::min<size_t>(diagnostic.column, length);
    size_t end =
        diagnostic.end_line == diagnostic.line ? std::min<size_t>(diagnostic.end_column, length) : length;
    if (end <= begin) end = begin + 1;
    if (begin > indent) {
      out += "    ";
      // What is blank stays as it is, so that tabs align the carets.
      size_t byte = 0;
      for (size_t i = indent + 1; i < begin; ++i) {
        bool blank =
            byte < shown.size() && (shown[byte] == '\t' || shown[byte] == '\f' || shown[byte] == '\v');
        out.push_back(blank ? shown[byte] : ' ');
        byte += byte < shown.size() ? base::decode_utf8(&shown[byte]).size : 0;
      }
      out.append(end - begin, '^');
      out.push_back('\n');
    }
  }
  fmt::format_to(write, "{}: {}\n", name_of(diagnostic.kind), diagnostic.message);
  return out;
}

}  // namespace mini::compile
