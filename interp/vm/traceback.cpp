// Tracebacks, laid out as CPython 3.13's Lib/traceback.py does: file, line, source, carets, repeated lines folded,
// chained exceptions.
#include "interp/vm/traceback.h"

#include <algorithm>
#include <set>

#include "interp/vm/frame.h"
#include "interp/vm/traceback_carets.h"

namespace mini::vm {

namespace {

std::string_view line_of_text(std::string_view text, uint32_t number) {
  for (uint32_t line = 1; line < number; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

void append_chain(std::string& out, Machine& machine, Exception* exception, std::set<Exception*>& seen) {
  seen.insert(exception);
  if (exception->cause) {
    if (!seen.contains(exception->cause)) {
      append_chain(out, machine, exception->cause, seen);
      out += "\nThe above exception was the direct cause of the following exception:\n\n";
    }
  } else if (exception->context && !exception->suppress_context && !seen.contains(exception->context)) {
    append_chain(out, machine, exception->context, seen);
    out += "\nDuring handling of the above exception, another exception occurred:\n\n";
  }
  if (exception->traceback) {
    const std::string lines = render_traceback(machine, exception->traceback);
    if (!lines.empty()) out += "Traceback (most recent call last):\n" + lines;
  }
  out += render_exception_only(machine, exception);
}

}  // namespace

std::string report_text(Heap& heap, Value value) {
  base::OvershootScope overshoot(heap.memory());  // a MemoryError is told of when there is no memory left
  auto text = str(heap, value);
  if (text.ok()) return to_utf8(text->get());
  static_cast<void>(heap.take_pending());
  return "<exception str() failed>";
}

std::vector<TracebackEntry> entries_of(const Traceback* traceback) {
  std::vector<TracebackEntry> entries;
  for (; traceback; traceback = traceback->next) {
    auto* frame = static_cast<FrameObject*>(traceback->frame);
    if (frame->code->has(bytecode::kPrelude) || frame->code->has(bytecode::kComprehension)) {
      // A comprehension has no frame of its own in 3.13: its place is shown as its function's.
      if (frame->code->has(bytecode::kComprehension) && !entries.empty() && !frame->code->has(bytecode::kPrelude))
        entries.back().position = frame->code->code->position(traceback->instruction);
      continue;
    }
    entries.push_back({frame->code, frame->code->code->position(traceback->instruction)});
  }
  return entries;
}

std::vector<TracebackEntry> entries_of(const Frame* frame) {
  std::vector<TracebackEntry> entries;
  for (uint32_t inner_line = 0; frame; frame = frame->back) {
    if (frame->is_native || frame->code->has(bytecode::kPrelude)) continue;
    const uint32_t line = inner_line ? std::exchange(inner_line, 0) : frame->code->code->position(frame->index()).line;
    if (frame->code->has(bytecode::kComprehension))
      inner_line = line;
    else
      entries.push_back({frame->code, {line, line, 0, 0}});
  }
  std::ranges::reverse(entries);
  return entries;
}

std::string qualified_type_name(Heap& heap, Type* type) {
  std::string name = to_utf8(type->qualified_name ? type->qualified_name : type->name);
  if (!(type->type_flags & Type::kUserClass)) return name;
  Value module = lookup(type, heap.name(Name::k__module__));
  Str* text = as_str(heap, module);
  if (!text) return name;
  const std::string module_name = to_utf8(text);
  return module_name == "__main__" || module_name == "builtins" ? name : module_name + "." + name;
}

uint32_t line_of(const Traceback* traceback) {
  auto* frame = static_cast<FrameObject*>(traceback->frame);
  return frame->code->code->position(traceback->instruction).line;
}

/// Statements of the prompt are named "<stdin>-N", so that each keeps its lines (as in CPython 3.13's linecache).
static std::string_view shown_filename(std::string_view filename) {
  constexpr std::string_view kPrompt = "<stdin>";
  return filename.starts_with("<stdin>-") ? kPrompt : filename;
}

std::string render_source(Machine& machine, const std::string& filename, const bytecode::Position& position) {
  std::string out;
  const std::string* source = machine.source_text(filename);
  if (!source) return out;
  if (position.end_column == 0) {
    std::string_view line = line_of_text(*source, position.line);
    const size_t begin = line.find_first_not_of(" \t\f\r");
    if (begin == line.npos) return out;
    line = line.substr(begin, line.find_last_not_of(" \t\f\r") - begin + 1);
    return fmt::format("    {}\n", line);
  }
  std::vector<std::string_view> lines;
  const uint32_t last = std::max(position.end_line, position.line);
  for (uint32_t number = position.line; number <= last; ++number) lines.push_back(line_of_text(*source, number));
  append_lines_with_carets(out, lines, position);
  return out;
}

std::string render_entry(Machine& machine, const std::string& filename, const std::string& function,
                         const bytecode::Position& position) {
  return fmt::format("  File \"{}\", line {}, in {}\n", shown_filename(filename), position.line, function) +
         render_source(machine, filename, position);
}

std::string render_traceback(Machine& machine, Traceback* traceback, bool carets) {
  std::string out;
  const auto entries = entries_of(traceback);
  size_t repeated = 0;
  auto fold = [&] {
    if (repeated > 3)
      out += fmt::format("  [Previous line repeated {} more time{}]\n", repeated - 3, repeated - 3 > 1 ? "s" : "");
  };
  for (size_t i = 0; i < entries.size(); ++i) {
    const TracebackEntry& entry = entries[i];
    const bool same = i > 0 && entries[i - 1].code->code->filename == entry.code->code->filename &&
                      entries[i - 1].position.line == entry.position.line &&
                      entries[i - 1].code->code->name == entry.code->code->name;
    if (!same) {
      fold();
      repeated = 0;
    }
    if (++repeated > 3) continue;
    const bytecode::Position& position = entry.position;
    out += render_entry(machine, entry.code->code->filename, entry.code->code->name,
                        carets ? position : bytecode::Position{position.line, position.line, 0, 0});
  }
  fold();
  return out;
}

std::string render_summary(Machine& machine, Exception* exception) {
  Heap& heap = machine.heap();
  std::string out;
  if (is_subtype(exception->type, heap.type(BuiltinType::kSyntaxError))) {
    out = render_syntax_error(machine, exception);
  } else {
    const std::string name = qualified_type_name(heap, exception->type);
    std::string text = report_text(heap, Value(exception)) + suggestion_for(machine, exception);
    out = text.empty() ? name + "\n" : name + ": " + text + "\n";
  }
  return out;
}

std::string render_notes(Machine& machine, Exception* exception) {
  Heap& heap = machine.heap();
  auto shown = [&](Result<Ref<Str>> text, const char* failed) {
    if (text.ok()) return to_utf8(text->get()) + "\n";
    static_cast<void>(heap.take_pending());
    return fmt::format("<{} failed>\n", failed);
  };
  auto found = find_attribute(heap, Value(exception), heap.name(Name::k__notes__));
  if (!found.ok()) {
    const Ref<Exception> error = heap.take_pending();
    return "Ignored error getting __notes__: " + shown(repr(heap, Value(error.get())), "__notes__ repr()");
  }
  const Value notes = found->get();
  if (notes.is_unbound() || notes.is_none()) return "";
  auto* list = has_kind(notes, BuiltinType::kList) ? static_cast<List*>(notes.as_object()) : nullptr;
  auto* tuple = has_kind(notes, BuiltinType::kTuple) ? static_cast<Tuple*>(notes.as_object()) : nullptr;
  if (!list && !tuple) return shown(repr(heap, notes), "__notes__ repr()");
  std::string out;
  for (uint64_t i = 0; i < (list ? list->length : tuple->length); ++i) {  // a note's __str__ may change the list
    const Ref<Value> note = Ref<Value>::share(list ? list->items[i] : tuple->items()[i]);
    out += shown(str(heap, note), "note str()");
  }
  return out;
}

std::string render_exception_only(Machine& machine, Exception* exception) {
  return render_summary(machine, exception) + render_notes(machine, exception);
}

std::string render_unraisable(Machine& machine, Exception* exception) {
  std::string out;
  if (exception->traceback) {
    const std::string lines = render_traceback(machine, exception->traceback, false);
    if (!lines.empty()) out += "Traceback (most recent call last):\n" + lines;
  }
  Heap& heap = machine.heap();
  return out + qualified_type_name(heap, exception->type) + ": " + report_text(heap, Value(exception)) + "\n";
}

std::string render_exception(Machine& machine, Exception* exception) {
  std::string out;
  std::set<Exception*> seen;
  append_chain(out, machine, exception, seen);
  return out;
}

}  // namespace mini::vm
