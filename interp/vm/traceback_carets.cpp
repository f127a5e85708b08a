// Carets: the source lines below a traceback's entry, with what is meant underlined. The layout and its
// oddities are those of CPython 3.13.0's Lib/traceback.py.
#include "interp/vm/traceback_carets.h"

#include <algorithm>
#include <set>

#include "interp/compile/parser.h"
#include "runtime/base/display_width.h"
#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"

namespace mini::vm {

namespace {

namespace ast = compile::ast;

/// Columns are counted in characters, so a line is held as characters.
using Line = std::u32string;
using Lines = std::vector<Line>;

Line decode(std::string_view utf8) {
  Line line;
  for (const char *at = utf8.data(), *end = at + utf8.size(); at < end;) {
    const base::CodePoint point = base::decode_utf8(at);
    line += point.value;
    at += point.size;
  }
  return line;
}

void append(std::string& out, std::u32string_view characters) {
  for (char32_t c : characters) base::append_utf8(out, c);
}

size_t leading_spaces(const Line& line) {
  return static_cast<size_t>(std::find_if_not(line.begin(), line.end(), base::is_space) - line.begin());
}

void strip_right(Line& line) {
  while (!line.empty() && base::is_space(line.back())) line.pop_back();
}

/// Appends the lines of `text` as str.splitlines() cuts them, an empty text as one empty line: a form feed
/// ends a line here, not in the source.
void split_lines(std::u32string_view text, Lines& into) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!base::is_line_break(text[i])) continue;
    into.emplace_back(text.substr(begin, i - begin));
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    begin = i + 1;
  }
  if (begin < text.size() || text.empty()) into.emplace_back(text.substr(begin));
}

/// textwrap.dedent(): lines of blanks are emptied and do not count.
void dedent(Lines& lines) {
  const Line* first = nullptr;
  size_t margin = 0;
  for (Line& line : lines) {
    const size_t indent = std::min(line.find_first_not_of(U" \t"), line.size());
    if (indent == line.size()) {
      line.clear();
    } else if (!first) {
      first = &line;
      margin = indent;
    } else {
      margin = std::min(margin, indent);
      margin = static_cast<size_t>(
          std::mismatch(line.begin(), line.begin() + static_cast<ptrdiff_t>(margin), first->begin()).first -
          line.begin());
    }
  }
  for (Line& line : lines)
    if (!line.empty()) line.erase(0, margin);
}

/// Characters that begin in the first `bytes` bytes of the line's UTF-8.
size_t character_column(const Line& line, size_t bytes) {
  size_t column = 0;
  for (size_t size = 0; column < line.size() && size < bytes; ++column) size += base::utf8_size(line[column]);
  return column;
}

/// Columns that the first `count` characters take on a terminal.
size_t display_width(const Line& line, size_t count) {
  if (std::all_of(line.begin(), line.end(), [](char32_t c) { return c < 0x80; })) return count;
  size_t width = 0;
  for (char32_t c : line.substr(0, count)) width += base::display_width(c);
  return width;
}

std::string join(const Lines& lines) {
  std::string text;
  for (const Line& line : lines) {
    if (&line != lines.data()) text += '\n';
    append(text, line);
  }
  return text;
}

// Anchors ---------------------------------------------------------------------------------------------------

/// A place in a list of lines: the line from 0, the column in characters.
struct Place {
  size_t line;
  size_t column;
};
/// What is marked by `^` among the `~`: an operator, or brackets of a subscript or call and what they hold.
struct Anchors {
  Place begin;
  Place end;
};

/// Finds the anchors of an expression that was parsed between two lines of a parenthesis each
/// (_extract_caret_anchors_from_line_segment). None if the text ends too early.
class AnchorFinder {
 public:
  explicit AnchorFinder(const std::string& segment) { split_lines(decode(segment), lines_); }

  std::optional<Anchors> find(const ast::Expression* expression) const {
    if (auto* operation = ast::dynamic<ast::BinOp>(expression)) return find_operator(operation);
    const ast::Expression* head;
    char32_t bracket;
    if (auto* subscript = ast::dynamic<ast::Subscript>(expression)) {
      head = subscript->value;
      bracket = '[';
    } else if (auto* call = ast::dynamic<ast::Call>(expression)) {
      head = call->func;
      bracket = '(';
    } else {
      return std::nullopt;
    }
    Place begin, end;
    if (!locate(head->range.end_line, head->range.end_column, begin) || !settle(begin) ||
        !advance_to([=](char32_t c) { return c == bracket; }, begin) ||
        !locate(expression->range.end_line, expression->range.end_column, end))
      return std::nullopt;
    return Anchors{begin, end};
  }

 private:
  std::optional<Anchors> find_operator(const ast::BinOp* operation) const {
    // Closing parentheses, blanks and comments can stand between the left operand and the operator.
    Place begin, right;
    if (!locate(operation->left->range.end_line, operation->left->range.end_column, begin) ||
        !settle(begin) || !advance_to([](char32_t c) { return !base::is_space(c) && c != ')'; }, begin) ||
        !locate(operation->right->range.line, operation->right->range.column, right))
      return std::nullopt;
    Place end = {begin.line, begin.column + 1};
    if (end.column < lines_[end.line].size() && (right.line > end.line || end.column < right.column)) {
      const char32_t second = lines_[end.line][end.column];
      if (!base::is_space(second) && second != '\\' && second != '#') ++end.column;
    }
    return Anchors{begin, end};
  }

  /// From the parser's line (where the segment begins on the second one) and byte.
  bool locate(uint32_t line, uint32_t byte, Place& place) const {
    if (line < 2 || line - 2 >= lines_.size()) return false;
    place = {line - 2, character_column(lines_[line - 2], byte)};
    return true;
  }
  /// On to the first character at or behind the place.
  bool settle(Place& place) const {
    while (place.line < lines_.size() && place.column >= lines_[place.line].size())
      place = {place.line + 1, 0};
    return place.line < lines_.size();
  }
  template <class Stop>
  bool advance_to(Stop stop, Place& place) const {
    for (;;) {
      const char32_t c = lines_[place.line][place.column];
      if (c == '\\' || c == '#')
        place = {place.line + 1, 0};
      else if (stop(c))
        return true;
      else
        ++place.column;
      if (!settle(place)) return false;
    }
  }

  Lines lines_;
};

std::optional<Anchors> find_anchors(const std::string& segment) {
  // In parentheses, so that an expression may go on in the next line without a backslash.
  const compile::SourceFile source("", "(\n" + segment + "\n)");
  compile::Diagnostics diagnostics(source);
  compile::Arena arena;
  const ast::Module* tree = compile::parse(source, ast::Mode::kEval, arena, diagnostics);
  if (!tree || tree->body.size() != 1) return std::nullopt;
  return AnchorFinder(segment).find(ast::as<ast::Expr>(tree->body[0])->value);
}

/// The part of some lines that an entry is about; the end is exclusive, in the last line.
struct Span {
  size_t begin;
  size_t end;
};

/// Not where the whole text is meant, nor in `return name(...)` or `name = name(...)` for the whole call:
/// there the lines say enough. Kept from CPython: the columns of the call, which are bytes, are compared with
/// characters.
bool should_show_carets(const Lines& lines, const Span& span, bool has_anchors) {
  const compile::SourceFile source("", join(lines));
  compile::Diagnostics diagnostics(source);
  compile::Arena arena;
  if (const ast::Module* tree = compile::parse(source, ast::Mode::kFile, arena, diagnostics)) {
    if (tree->body.empty()) return false;
    const ast::Call* call = nullptr;
    if (auto* statement = ast::dynamic<ast::Return>(tree->body[0])) {
      call = ast::dynamic<ast::Call>(statement->value);
      if (call && call->func->kind != ast::ExpressionKind::kName) call = nullptr;
    } else if (auto* assignment = ast::dynamic<ast::Assign>(tree->body[0])) {
      if (assignment->targets.size() == 1 && assignment->targets[0]->kind == ast::ExpressionKind::kName)
        call = ast::dynamic<ast::Call>(assignment->value);
    }
    if (call && call->range.line == 1 && call->range.end_line == lines.size() &&
        call->range.column == span.begin && call->range.end_column == span.end)
      return false;
  }
  if (has_anchors) return true;
  auto all_space = [](std::u32string_view part) {
    return std::all_of(part.begin(), part.end(), base::is_space);
  };
  const std::u32string_view last = lines.back();
  return !all_space(std::u32string_view(lines[0]).substr(0, span.begin)) ||
         (span.end < last.size() && !all_space(last.substr(span.end)));
}

/// The segment itself; what CPython's slice of the joined lines gives when the columns lie outside.
std::string segment_of(const Lines& lines, const Span& span) {
  const std::u32string text = decode(join(lines));
  const size_t end = std::min(text.size(), text.size() + span.end - lines.back().size());
  std::string segment;
  if (span.begin < end) append(segment, std::u32string_view(text).substr(span.begin, end - span.begin));
  return segment;
}

/// The carets below one of the lines.
Line carets_below(const Lines& lines, size_t index, const Span& span, const std::optional<Anchors>& anchors) {
  const Line& line = lines[index];
  const size_t indent = leading_spaces(line);
  const size_t begin = index == 0 ? display_width(line, span.begin) : 0;
  const size_t end = display_width(line, index + 1 == lines.size() ? span.end : line.size());
  Line carets;
  for (size_t column = 0; column < end; ++column) {
    if (column < indent || column < begin) {
      carets += U' ';
      continue;
    }
    const bool inside =
        !anchors ||
        ((index > anchors->begin.line || (index == anchors->begin.line && column >= anchors->begin.column)) &&
         (index < anchors->end.line || (index == anchors->end.line && column < anchors->end.column)));
    carets += inside ? U'^' : U'~';
  }
  return carets;
}

}  // namespace

void append_lines_with_carets(std::string& out, const std::vector<std::string_view>& source_lines,
                              const bytecode::Position& position) {
  if (source_lines.empty() || position.line == 0) return;
  Lines stripped, original, lines;
  for (std::string_view text : source_lines) {
    stripped.push_back(decode(text));
    strip_right(stripped.back());
    split_lines(stripped.back(), original);
  }
  dedent(stripped);
  for (const Line& line : stripped) split_lines(line, lines);
  if (std::all_of(lines.begin(), lines.end(),
                  [](const Line& line) { return leading_spaces(line) == line.size(); }))
    return;
  const size_t count = position.end_line > position.line ? position.end_line - position.line + 1 : 1;
  lines.resize(std::min(lines.size(), count));

  const size_t removed = original[0].size() - std::min(original[0].size(), lines[0].size());
  auto column_in = [&](const Line& line, uint32_t bytes) {
    const size_t column = character_column(line, bytes);
    return column - std::min(column, removed);
  };
  const Span span = {column_in(original[0], position.column),
                     column_in(original[std::min(count, original.size()) - 1], position.end_column)};
  std::optional<Anchors> anchors = find_anchors(segment_of(lines, span));
  // Cannot be as long as the positions belong to the text; but the file may have changed since it was read.
  if (anchors && std::max(anchors->begin.line, anchors->end.line) >= lines.size()) anchors.reset();
  const bool carets = should_show_carets(lines, span, anchors.has_value());

  // The first and the last line are shown, and those around the ends of the anchors.
  std::set<size_t> shown = {0, lines.size() - 1};
  if (anchors) {
    for (Place* place : {&anchors->begin, &anchors->end}) {
      if (place->line == 0) place->column += span.begin;
      place->column = display_width(lines[place->line], place->column);
      for (size_t line = place->line - std::min<size_t>(place->line, 1); line <= place->line + 1; ++line)
        if (line < lines.size()) shown.insert(line);
    }
  }
  Lines result;
  auto show = [&](size_t index) {
    result.push_back(lines[index]);
    if (carets) result.push_back(carets_below(lines, index, span, anchors));
  };
  size_t previous = 0;
  for (size_t index : shown) {
    if (index == previous + 2) {
      show(index - 1);
    } else if (index > previous + 2) {
      result.push_back(decode(fmt::format("...<{} lines>...", index - previous - 1)));
    }
    show(index);
    previous = index;
  }
  dedent(result);
  for (const Line& line : result) {
    out += "    ";
    append(out, line);
    out += '\n';
  }
}

}  // namespace mini::vm
