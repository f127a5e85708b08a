// print, input and open.
#include "interp/modules/builtins.h"
#include "interp/modules/file.h"

namespace mini::modules {

Result<Value> standard_stream(ThreadState& thread, Name which) {
  Heap& heap = *thread.heap;
  Value file = get_name(thread.machine->state().sys, heap.name(which));
  if (file.is_unbound())
    return heap.raise(BuiltinType::kRuntimeError, "lost sys.{}", to_utf8(heap.name(which)));
  return file;
}

Result<void> write_to(ThreadState& thread, Value file, std::string_view text) {
  Heap& heap = *thread.heap;
  if (File* native = as_file(file); native && native->descriptor >= 0 && native->writable)
    return write(thread, native, text);
  Ref<Str> argument = MINI_TRY(make_str(heap, text));
  const Value value = argument;
  static_cast<void>(MINI_TRY(call_method(heap, file, heap.name(Name::kwrite), &value, 1)));
  return {};
}

Result<void> flush_any(ThreadState& thread, Value file) {
  if (File* native = as_file(file); native && native->descriptor >= 0) return flush(thread, native);
  static_cast<void>(MINI_TRY(call_method(*thread.heap, file, thread.heap->name(Name::kflush), nullptr, 0)));
  return {};
}

namespace {

/// `sep` or `end`: its text, or what stands for it when it is None.
Result<std::string> separator(Heap& heap, Value value, const char* otherwise, const char* name) {
  if (value.is_unbound() || value.is_none()) return std::string(otherwise);
  if (Str* text = as_str(heap, value)) return to_utf8(text);
  return heap.raise(BuiltinType::kTypeError, "{} must be None or a string, not {}", name, type_name(heap, value));
}

/// Whether making a text of this value runs no script code and cannot fail.
bool is_plain(Heap& heap, Value value) {
  return !value.is_object() || value.as_object()->type == heap.type(BuiltinType::kStr);
}

Result<Ref<Value>> print(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Value given = call.keywords[2];
  if (given.is_unbound() || given.is_none()) given = MINI_TRY(standard_stream(thread, Name::kstdout));
  if (given.is_none()) return none();
  Ref<Value> file = Ref<Value>::share(given);
  const std::string between = MINI_TRY(separator(heap, call.keywords[0], " ", "sep"));
  const std::string end = MINI_TRY(separator(heap, call.keywords[1], "\n", "end"));
  // One piece for a native file; but what comes before an object of a class reaches the file before its __str__ runs.
  const bool native = as_file(file) != nullptr;
  std::string line;
  auto pass_on = [&]() -> Result<void> {
    if (line.empty()) return {};
    const std::string piece = std::exchange(line, {});
    return write_to(thread, file, piece);
  };
  for (uint32_t i = 0; i < call.count; ++i) {
    if (i > 0) {
      line += between;
      if (!native) MINI_TRY(pass_on());
    }
    if (!is_plain(heap, call[i])) MINI_TRY(pass_on());
    Ref<Str> text = MINI_TRY(str(heap, call[i]));
    auto bytes = native ? encoded(heap, as_file(file), text.get()) : Result<std::string>(to_utf8(text.get()));
    if (!bytes.ok()) {
      Ref<Exception> error = heap.take_pending();
      MINI_TRY(pass_on());
      return heap.raise_object(std::move(error));
    }
    line += *bytes;
    if (!native) MINI_TRY(pass_on());
  }
  line += end;
  MINI_TRY(pass_on());
  if (!call.keywords[3].is_unbound() && MINI_TRY(truth(heap, call.keywords[3]))) MINI_TRY(flush_any(thread, file));
  return none();
}

Result<Ref<Value>> input(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Ref<Value> in = Ref<Value>::share(MINI_TRY(standard_stream(thread, Name::kstdin)));
  Ref<Value> out = Ref<Value>::share(MINI_TRY(standard_stream(thread, Name::kstdout)));
  Ref<Value> err = Ref<Value>::share(MINI_TRY(standard_stream(thread, Name::kstderr)));
  MINI_TRY(flush_any(thread, err));
  if (call.has(0)) {
    Ref<Str> prompt = MINI_TRY(str(heap, call[0]));
    MINI_TRY(write_to(thread, out, to_utf8(prompt.get())));
  }
  MINI_TRY(flush_any(thread, out));
  std::string line;
  if (File* native = as_file(in)) {
    if (native->descriptor < 0) return heap.raise_text(BuiltinType::kValueError, "I/O operation on closed file.");
    line = MINI_TRY(read_line(thread, native));
  } else {
    Ref<Value> answer = MINI_TRY(call_method(heap, in, heap.name(Name::kreadline), nullptr, 0));
    Str* text = as_str(heap, answer);
    if (!text)
      return heap.raise(BuiltinType::kTypeError, "object.readline() returned non-string");
    line = to_utf8(text);
  }
  if (line.empty()) return heap.raise_text(BuiltinType::kEOFError, "EOF when reading a line");
  if (line.back() == '\n') line.pop_back();
  return text(heap, line);
}

constexpr NativeDefinition kBuiltinsOutputDefinitions[] = {
    {"print(*args, sep=' ', end='\\n', file=None, flush=False)", print},
    {"input(prompt='', /)", input},
    {"open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
     open_file},
};

}  // namespace

const std::span<const NativeDefinition> kOutputFunctions = kBuiltinsOutputDefinitions;

}  // namespace mini::modules
