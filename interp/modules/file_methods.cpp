// What scripts see of files: the methods of text files and of files of bytes.
#include <unistd.h>

#include <cerrno>

#include "interp/modules/file.h"
#include "interp/modules/file_types.h"
#include "interp/vm/outside.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/exception.h"

namespace mini::modules {
namespace {

File* file_of(Call& call) { return self_of<File>(call); }
bool is_raw(const File* file) { return file->type->kind == static_cast<uint32_t>(BuiltinType::kRawFile); }

/// The texts of errors about closed files differ from method to method.
Result<void> check_not_closed(Call& call, const char* message) {
  File* file = file_of(call);
  if (file->base()->descriptor >= 0) return {};
  const char* common = file->is_text() ? "I/O operation on closed file." : "I/O operation on closed file";
  return call.heap.raise_text(BuiltinType::kValueError, file->is_text() || is_raw(file) ? common : message);
}
constexpr const char* kClosed = "I/O operation on closed file";

Result<void> check_readable(Call& call, const char* method, const char* when_closed) {
  File* file = file_of(call);
  if (!file->is_text() && !is_raw(file) && !file->readable) return raise_unsupported(call.heap, method);
  MINI_TRY(check_not_closed(call, when_closed));
  if (file->readable) return {};
  return raise_unsupported(call.heap, file->is_text() ? "not readable" : "File not open for reading");
}
Result<void> check_writable(Call& call) {
  File* file = file_of(call);
  if (!file->is_text() && !is_raw(file) && !file->writable) return raise_unsupported(call.heap, "write");
  MINI_TRY(check_not_closed(call, "write to closed file"));
  if (file->writable) return {};
  return raise_unsupported(call.heap, file->is_text() ? "not writable" : "File not open for writing");
}

/// What was read, as a script gets it.
Result<Ref<Value>> piece(Heap& heap, const File* file, const std::string& content) {
  if (file->is_text()) return text(heap, content);
  return widen(make_bytes(heap, content.data(), content.size()));
}
Result<int64_t> count_argument(Call& call, uint32_t index) {
  if (!call.has(index) || call[index].is_none()) return -1;
  return to_int64(call.heap, call[index]);
}

Result<Ref<Value>> file_write(Call& call) {
  File* file = file_of(call);
  ThreadState& thread = thread_of(call);
  if (file->is_text()) {
    Str* given = as_str(call.heap, call[1]);
    if (!given)
      return call.heap.raise(BuiltinType::kTypeError, "write() argument must be str, not {}",
                             type_name(call.heap, call[1]));
    MINI_TRY(check_writable(call));
    const std::string bytes = MINI_TRY(encoded(call.heap, file, given));
    MINI_TRY(write(thread, file, bytes));
    return unboxed(Value::integer(given->length));
  }
  MINI_TRY(check_writable(call));
  const std::string bytes(MINI_TRY(bytes_argument(call.heap, call[1])));
  MINI_TRY(write(thread, file, bytes));
  if (is_raw(file)) MINI_TRY(flush(thread, file));
  return make_int(call.heap, static_cast<int64_t>(bytes.size()));
}

Result<Ref<Value>> file_writelines(Call& call) {
  MINI_TRY(check_not_closed(call, kClosed));
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  for (;;) {
    Ref<Value> line = MINI_TRY(next(call.heap, iterator));
    if (line.get().is_unbound()) return none();
    Value arguments[] = {call[0], line};
    Call one{call.heap, arguments, 2, nullptr};
    static_cast<void>(MINI_TRY(file_write(one)));
  }
}

Result<Ref<Value>> file_flush(Call& call) {
  MINI_TRY(check_not_closed(call, file_of(call)->writable ? "flush of closed file" : "I/O operation on closed file."));
  MINI_TRY(flush(thread_of(call), file_of(call)));
  return none();
}

Result<Ref<Value>> file_read(Call& call) {
  MINI_TRY(check_readable(call, "read", "read of closed file"));
  File* file = file_of(call);
  ThreadState& thread = thread_of(call);
  const int64_t count = MINI_TRY(count_argument(call, 1));
  if (is_raw(file) && count >= 0) return piece(call.heap, file, MINI_TRY(read_some(thread, file, count, true)));
  return piece(call.heap, file, MINI_TRY(read_count(thread, file, count)));
}
Result<Ref<Value>> file_readall(Call& call) {
  MINI_TRY(check_readable(call, "read", "read of closed file"));
  return piece(call.heap, file_of(call), MINI_TRY(read_count(thread_of(call), file_of(call), -1)));
}
Result<Ref<Value>> file_read1(Call& call) {
  MINI_TRY(check_readable(call, "read1", "read of closed file"));
  int64_t count = MINI_TRY(count_argument(call, 1));
  if (count < 0) count = File::kBufferBytes;
  return piece(call.heap, file_of(call), MINI_TRY(read_some(thread_of(call), file_of(call), count, true)));
}
Result<Ref<Value>> file_peek(Call& call) {
  MINI_TRY(check_readable(call, "peek", "peek of closed file"));
  return piece(call.heap, file_of(call),
               MINI_TRY(read_some(thread_of(call), file_of(call), File::kBufferBytes, false)));
}
Result<Ref<Value>> file_readline(Call& call) {
  MINI_TRY(check_readable(call, "read", "readline of closed file"));
  const int64_t limit = MINI_TRY(count_argument(call, 1));
  return piece(call.heap, file_of(call), MINI_TRY(read_line(thread_of(call), file_of(call), limit)));
}
Result<Ref<Value>> file_readlines(Call& call) {
  MINI_TRY(check_not_closed(call, "I/O operation on closed file."));
  MINI_TRY(check_readable(call, "read", kClosed));
  const int64_t hint = MINI_TRY(count_argument(call, 1));
  Ref<List> lines = MINI_TRY(make_list(call.heap));
  for (int64_t total = 0; hint <= 0 || total < hint;) {
    const std::string line = MINI_TRY(read_line(thread_of(call), file_of(call)));
    if (line.empty()) break;
    Ref<Value> item = MINI_TRY(piece(call.heap, file_of(call), line));
    total += MINI_TRY(length(call.heap, item));
    MINI_TRY(append(call.heap, lines.get(), std::move(item)));
  }
  return lines;
}

Result<Ref<Value>> file_next(Heap& heap, Value self) {
  auto* file = static_cast<File*>(self.as_object());
  Value arguments[] = {self};
  Call call{heap, arguments, 1, nullptr};
  MINI_TRY(check_readable(call, "read", "readline of closed file"));
  const std::string line = MINI_TRY(read_line(Machine::of(heap).current(), file));
  file->iterated = !line.empty();
  if (line.empty()) return unboxed(kUnbound);
  return piece(heap, file, line);
}
Result<Ref<Value>> file_iterate(Heap& heap, Value self) {
  Value arguments[] = {self};
  Call call{heap, arguments, 1, nullptr};
  MINI_TRY(check_not_closed(call, "I/O operation on closed file."));
  return Ref<Value>::share(self);
}

Result<Ref<Value>> file_tell(Call& call) {
  MINI_TRY(check_not_closed(call, kClosed));
  return make_int(call.heap, MINI_TRY(tell(thread_of(call), file_of(call))));
}
Result<Ref<Value>> file_seek(Call& call) {
  MINI_TRY(check_not_closed(call, "seek of closed file"));
  const int64_t offset = MINI_TRY(to_int64(call.heap, call[1]));
  const int64_t whence = call.has(2) ? MINI_TRY(to_int64(call.heap, call[2])) : SEEK_SET;
  return make_int(call.heap, MINI_TRY(seek(thread_of(call), file_of(call), offset, static_cast<int>(whence))));
}
Result<Ref<Value>> file_truncate(Call& call) {
  File* file = file_of(call);
  MINI_TRY(check_not_closed(call, "truncate of closed file"));
  if (!file->writable)
    return raise_unsupported(call.heap, is_raw(file) ? "File not open for writing" : "truncate");
  MINI_TRY(flush(thread_of(call), file));
  const bool given = call.has(1) && !call[1].is_none();
  const int64_t size = given ? MINI_TRY(to_int64(call.heap, call[1])) : MINI_TRY(tell(thread_of(call), file));
  if (::ftruncate(file->base()->descriptor, size) != 0) return raise_os_error(call.heap, errno);
  return make_int(call.heap, size);
}

Result<Ref<Value>> file_close(Call& call) {
  MINI_TRY(close(thread_of(call), file_of(call)));
  return none();
}
Result<Ref<Value>> file_enter(Call& call) {
  MINI_TRY(check_not_closed(call, "I/O operation on closed file."));
  return Ref<Value>::share(call[0]);
}
Result<Ref<Value>> file_exit(Call& call) { return file_close(call); }
/// These say so without the full stop even where the file is a text.
Result<void> check_descriptor(Call& call) {
  if (file_of(call)->base()->descriptor >= 0) return {};
  return call.heap.raise_text(BuiltinType::kValueError, kClosed);
}
Result<Ref<Value>> file_fileno(Call& call) {
  MINI_TRY(check_descriptor(call));
  return unboxed(Value::integer(file_of(call)->base()->descriptor));
}
Result<Ref<Value>> file_isatty(Call& call) {
  MINI_TRY(check_descriptor(call));
  return Ref<Value>(isatty_outside(*thread_of(call).machine, file_of(call)->base()->descriptor));
}
Result<Ref<Value>> file_readable(Call& call) {
  if (!file_of(call)->readable) return Ref<Value>(false);
  MINI_TRY(check_descriptor(call));
  return Ref<Value>(true);
}
Result<Ref<Value>> file_writable(Call& call) {
  if (!file_of(call)->writable) return Ref<Value>(false);
  MINI_TRY(check_descriptor(call));
  return Ref<Value>(true);
}
Result<Ref<Value>> file_seekable(Call& call) {
  MINI_TRY(check_descriptor(call));
  return Ref<Value>(::lseek(file_of(call)->base()->descriptor, 0, SEEK_CUR) >= 0);
}

Result<Ref<Value>> file_reconfigure(Call& call) {
  auto* file = file_of(call);
  Heap& heap = call.heap;
  MINI_TRY(flush(thread_of(call), file));
  auto given = [&](uint32_t index) { return !call.keywords[index].is_unbound() && !call.keywords[index].is_none(); };
  for (uint32_t i = 0; i < 2; ++i) {
    if (!given(i)) continue;
    Str* name = as_str(heap, call.keywords[i]);
    if (!name)
      return heap.raise(BuiltinType::kTypeError, "reconfigure() argument '{}' must be str or None, not {}",
                        i == 0 ? "encoding" : "errors", type_name(heap, call.keywords[i]));
    Str*& field = i == 0 ? file->encoding : file->errors;
    decref(std::exchange(field, Ref<Str>::share(name).release()));
  }
  if (given(0) || given(1)) file->plain = is_plain_encoding(file->encoding, file->errors);
  if (!call.keywords[2].is_unbound()) {
    file->newline = MINI_TRY(newline_argument(heap, call.keywords[2]));
    file->line_ends = {};
  }
  if (given(3)) file->line_buffered = MINI_TRY(truth(heap, call.keywords[3]));
  return none();
}

#define COMMON_METHODS(type)                                 \
  {type ".write(self, text, /)", file_write},                \
  {type ".writelines(self, lines, /)", file_writelines},     \
  {type ".flush(self, /)", file_flush},                      \
  {type ".read(self, size=-1, /)", file_read},               \
  {type ".readline(self, size=-1, /)", file_readline},       \
  {type ".readlines(self, hint=-1, /)", file_readlines},     \
  {type ".tell(self, /)", file_tell},                        \
  {type ".seek(self, offset, whence=0, /)", file_seek},      \
  {type ".truncate(self, size=None, /)", file_truncate},     \
  {type ".close(self, /)", file_close},                      \
  {type ".__enter__(self, /)", file_enter},                  \
  {type ".__exit__(self, *args)", file_exit},                \
  {type ".fileno(self, /)", file_fileno},                    \
  {type ".isatty(self, /)", file_isatty},                    \
  {type ".readable(self, /)", file_readable},                \
  {type ".writable(self, /)", file_writable},                \
  {type ".seekable(self, /)", file_seekable}

constexpr NativeDefinition kFileTextMethods[] = {
    COMMON_METHODS("TextIOWrapper"),
    {"TextIOWrapper.reconfigure(self, *args, encoding=None, errors=None, newline=None, line_buffering=None, "
     "write_through=None)",
     file_reconfigure},
};
constexpr NativeDefinition kRawMethods[] = {COMMON_METHODS("FileIO"), {"FileIO.readall(self, /)", file_readall}};
constexpr NativeDefinition kReadMethods[] = {
    COMMON_METHODS("BufferedReader"),
    {"BufferedReader.read1(self, size=-1, /)", file_read1},
    {"BufferedReader.peek(self, size=0, /)", file_peek},
};
constexpr NativeDefinition kWriteMethods[] = {
    COMMON_METHODS("BufferedWriter"),
    {"BufferedWriter.read1(self, size=-1, /)", file_read1},
};
constexpr NativeDefinition kUpdateMethods[] = {
    COMMON_METHODS("BufferedRandom"),
    {"BufferedRandom.read1(self, size=-1, /)", file_read1},
    {"BufferedRandom.peek(self, size=0, /)", file_peek},
};
#undef COMMON_METHODS

}  // namespace

Result<Ref<Value>> (*const kFileNext)(Heap&, Value) = file_next;
Result<Ref<Value>> (*const kFileIterate)(Heap&, Value) = file_iterate;

std::span<const NativeDefinition> file_methods(BuiltinType which) {
  switch (which) {
    case BuiltinType::kRawFile:
      return kRawMethods;
    case BuiltinType::kReadFile:
      return kReadMethods;
    case BuiltinType::kWriteFile:
      return kWriteMethods;
    case BuiltinType::kUpdateFile:
      return kUpdateMethods;
    default:
      return kFileTextMethods;
  }
}

}  // namespace mini::modules
