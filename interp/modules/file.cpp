// Buffers and system calls of text files.
#include "interp/modules/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/utf8.h"
#include "runtime/object/bytes_text.h"

namespace mini::modules {
namespace {

Result<void> check_open(Heap& heap, const File* file) {
  if (file->descriptor >= 0) return {};
  return heap.raise_text(BuiltinType::kValueError, "I/O operation on closed file.");
}

bool reserve(Heap& heap, char*& buffer, uint32_t& capacity, size_t needed) {
  if (needed <= capacity) return true;
  const size_t bytes = std::max<size_t>(needed, std::max<size_t>(File::kBufferBytes, size_t{2} * capacity));
  void* grown = heap.resize_buffer(buffer, capacity, bytes);
  if (!grown) return false;
  buffer = static_cast<char*>(grown);
  capacity = static_cast<uint32_t>(bytes);
  return true;
}

Result<void> append_pending(Heap& heap, File* file, std::string_view text) {
  if (!reserve(heap, file->pending, file->pending_capacity, file->pending_length + text.size()))
    return raised;
  std::memcpy(file->pending + file->pending_length, text.data(), text.size());
  file->pending_length += static_cast<uint32_t>(text.size());
  return {};
}

/// Hands bytes to the host or the system, while others may run; how many were written, and errno if not all.
size_t write_out(ThreadState& thread, const File* file, std::string_view bytes, int& error) {
  const Options& options = thread.machine->options();
  const auto& sink = file->stream == 1 ? options.output : options.errors;
  if (file->stream != 0 && sink) {
    sink(bytes);
    return bytes.size();
  }
  const int descriptor = file->descriptor;
  size_t done = 0;
  error = 0;
  while (done < bytes.size()) {
    ssize_t written;
    {
      sched::BlockingCall call(thread.machine->runner(), thread);
      written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
      error = written < 0 ? errno : 0;
    }
    if (written < 0) {
      if (error == EINTR && !thread.machine->handle_interrupt(thread)) continue;
      return done;
    }
    done += static_cast<size_t>(written);
  }
  return done;
}

/// Reads more into `ahead`; false at the end of the file.
Result<bool> fill(ThreadState& thread, File* file) {
  Heap& heap = *thread.heap;
  if (file->at_end) return false;
  std::string bytes(File::kBufferBytes, '\0');
  for (;;) {
    ssize_t count;
    int error;
    {
      sched::BlockingCall call(thread.machine->runner(), thread);
      count = ::read(file->descriptor, bytes.data(), bytes.size());
      error = errno;
    }
    if (count >= 0) {
      bytes.resize(static_cast<size_t>(count));
      break;
    }
    if (error != EINTR) return raise_os_error(heap, error);
    if (thread.machine->handle_interrupt(thread)) return raised;
  }
  if (bytes.empty()) return false;
  if (file->ahead_start > 0) {
    std::memmove(file->ahead, file->ahead + file->ahead_start, file->ahead_end - file->ahead_start);
    file->ahead_end -= file->ahead_start;
    file->ahead_start = 0;
  }
  if (!reserve(heap, file->ahead, file->ahead_capacity, file->ahead_end + bytes.size())) return raised;
  for (char byte : bytes) {
    const bool second = file->after_return && byte == '\n';
    file->after_return = file->translates && byte == '\r';
    if (second) continue;
    file->ahead[file->ahead_end++] = file->after_return ? '\n' : byte;
  }
  return true;
}

/// Takes the first `count` bytes of what was read.
Result<std::string> take_ahead(Heap& heap, File* file, size_t count) {
  std::string taken(file->ahead + file->ahead_start, count);
  if (base::find_utf8_error(taken)) {
    Ref<Bytes> bytes = MINI_TRY(make_bytes(heap, taken.data(), taken.size()));
    static_cast<void>(MINI_TRY(decode(heap, bytes.get(), kUnbound, kUnbound, "decode")));  // raises
    MINI_UNREACHABLE();
  }
  file->ahead_start += static_cast<uint32_t>(count);
  return taken;
}

}  // namespace

namespace {

/// Writes out the first `count` bytes of `pending`. Of those that the system refuses, `keep` says whether they stay.
Result<void> write_pending(ThreadState& thread, File* file, size_t count, bool keep) {
  Heap& heap = *thread.heap;
  const std::string bytes(file->pending, count);
  std::memmove(file->pending, file->pending + count, file->pending_length - count);
  file->pending_length -= static_cast<uint32_t>(count);
  file->lower_length -= std::min(file->lower_length, static_cast<uint32_t>(count));
  file->writing = 1;
  int error = 0;
  const size_t done = write_out(thread, file, bytes, error);
  file->writing = 0;
  if (error == 0) return {};
  if (keep) {
    const std::string later(file->pending, file->pending_length);
    file->pending_length = 0;
    MINI_TRY(append_pending(heap, file, std::string_view(bytes).substr(done)));
    file->lower_length += file->pending_length;
    MINI_TRY(append_pending(heap, file, later));
  }
  if (heap.has_pending()) return raised;  // an interrupt
  return raise_os_error(heap, error);
}

/// Hands what the upper stage holds to the lower one, which writes when it has no room.
Result<void> push_down(ThreadState& thread, File* file) {
  if (file->pending_length > File::kLowerBytes && file->lower_length > 0) {
    if (auto written = write_pending(thread, file, file->lower_length, true); !written.ok()) {
      file->pending_length = file->lower_length;
      return written;
    }
  }
  if (file->pending_length > File::kLowerBytes)
    MINI_TRY(write_pending(thread, file, file->pending_length, false));
  file->lower_length = file->pending_length;
  return {};
}

}  // namespace

Result<void> flush(ThreadState& thread, File* file) {
  if (file->writing) return {};  // who writes looks again before it leaves
  Ref<File> kept = Ref<File>::share(file);
  while (file->pending_length > 0) MINI_TRY(write_pending(thread, file, file->pending_length, true));
  return {};
}

Result<void> write(ThreadState& thread, File* file, std::string_view text) {
  Ref<File> kept = Ref<File>::share(file);
  if (!file->writing && file->pending_length - file->lower_length + text.size() > File::kBufferBytes)
    MINI_TRY(push_down(thread, file));
  MINI_TRY(append_pending(*thread.heap, file, text));
  if (file->line_buffered && text.find_first_of("\r\n") != text.npos) return flush(thread, file);
  if (!file->writing && file->pending_length - file->lower_length >= File::kBufferBytes) return push_down(thread, file);
  return {};
}

Result<std::string> encoded(Heap& heap, const File* file, const Str* text) {
  std::string out = to_utf8(text);
  if (!text->wide) return out;
  const bool escapes = file && file->stream == 2;
  std::string escaped;
  for (size_t i = 0; i < text->length; ++i) {
    const char32_t unit = text->at(i);
    if (!base::is_surrogate(unit)) {
      if (escapes) base::append_utf8(escaped, unit);
      continue;
    }
    if (!escapes) {
      static_cast<void>(MINI_TRY(encode(heap, const_cast<Str*>(text), kUnbound, kUnbound, "encode")));  // raises
      MINI_UNREACHABLE();
    }
    escaped += fmt::format("\\u{:04x}", static_cast<uint32_t>(unit));
  }
  return escapes ? escaped : out;
}

Result<std::string> read_line(ThreadState& thread, File* file, int64_t limit) {
  size_t looked_at = 0;
  for (;;) {
    const size_t available = file->ahead_end - file->ahead_start;
    size_t wanted = available;
    if (limit >= 0) wanted = std::min<size_t>(wanted, static_cast<size_t>(limit));
    const void* end = wanted > looked_at
                          ? std::memchr(file->ahead + file->ahead_start + looked_at, '\n', wanted - looked_at)
                          : nullptr;
    if (end)
      return take_ahead(*thread.heap, file,
                        static_cast<size_t>(static_cast<const char*>(end) - file->ahead) - file->ahead_start + 1);
    if (limit >= 0 && available >= static_cast<size_t>(limit))
      return take_ahead(*thread.heap, file, static_cast<size_t>(limit));
    looked_at = available;
    if (!MINI_TRY(fill(thread, file)))
      return take_ahead(*thread.heap, file, file->ahead_end - file->ahead_start);
  }
}

// Methods -------------------------------------------------------------------------------------------------------------

namespace {

Raised raise_unsupported(Heap& heap, const char* what) { return heap.raise(BuiltinType::kOSError, "not {}", what); }

Result<Ref<Value>> file_write(Call& call) {
  auto* file = self_of<File>(call);
  Str* text = as_str(call.heap, call[1]);
  if (!text)
    return call.heap.raise(BuiltinType::kTypeError, "write() argument must be str, not {}",
                           type_name(call.heap, call[1]));
  MINI_TRY(check_open(call.heap, file));
  if (!file->writable) return raise_unsupported(call.heap, "writable");
  const std::string bytes = MINI_TRY(encoded(call.heap, file, text));
  MINI_TRY(write(thread_of(call), file, bytes));
  return unboxed(Value::integer(text->length));
}

Result<Ref<Value>> file_writelines(Call& call) {
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
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
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
  MINI_TRY(flush(thread_of(call), self_of<File>(call)));
  return none();
}

Result<int64_t> limit_argument(Call& call, uint32_t index) {
  if (!call.has(index) || call[index].is_none()) return -1;
  return to_int64(call.heap, call[index]);
}

Result<void> check_readable(Call& call) {
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
  return self_of<File>(call)->readable ? Result<void>() : raise_unsupported(call.heap, "readable");
}

Result<Ref<Value>> file_readline(Call& call) {
  MINI_TRY(check_readable(call));
  const int64_t limit = MINI_TRY(limit_argument(call, 1));
  return text(call.heap, MINI_TRY(read_line(thread_of(call), self_of<File>(call), limit)));
}

Result<Ref<Value>> file_read(Call& call) {
  MINI_TRY(check_readable(call));
  auto* file = self_of<File>(call);
  const int64_t limit = MINI_TRY(limit_argument(call, 1));
  // Counts characters; bytes that continue one do not count.
  auto characters = [&] {
    int64_t count = 0;
    for (uint32_t i = file->ahead_start; i < file->ahead_end; ++i) count += !base::is_utf8_continuation(file->ahead[i]);
    return count;
  };
  while (limit < 0 || characters() <= limit)
    if (!MINI_TRY(fill(thread_of(call), file))) break;
  uint32_t end = file->ahead_end;
  if (limit >= 0) {
    int64_t left = limit;
    for (end = file->ahead_start; end < file->ahead_end; ++end)
      if (!base::is_utf8_continuation(file->ahead[end]) && left-- == 0) break;
  }
  return text(call.heap, MINI_TRY(take_ahead(call.heap, file, end - file->ahead_start)));
}

Result<Ref<Value>> file_next(Heap& heap, Value self) {
  auto* file = static_cast<File*>(self.as_object());
  MINI_TRY(check_open(heap, file));
  const std::string line = MINI_TRY(read_line(Machine::of(heap).current(), file));
  if (line.empty()) return unboxed(kUnbound);
  return text(heap, line);
}

Result<Ref<Value>> file_readlines(Call& call) {
  MINI_TRY(check_readable(call));
  return widen(list_from(call.heap, call[0]));
}

Result<Ref<Value>> file_close(Call& call) {
  auto* file = self_of<File>(call);
  if (file->descriptor < 0) return none();
  auto flushed = flush(thread_of(call), file);
  const int descriptor = std::exchange(file->descriptor, -1);
  file->pending_length = file->lower_length = 0;
  if (file->owns_descriptor) ::close(descriptor);
  if (!flushed.ok()) return raised;
  return none();
}

Result<Ref<Value>> file_enter(Call& call) {
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
  return Ref<Value>::share(call[0]);
}
Result<Ref<Value>> file_exit(Call& call) {
  Call closing{call.heap, call.args, 1, nullptr};
  return file_close(closing);
}
Result<Ref<Value>> file_fileno(Call& call) {
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
  return unboxed(Value::integer(self_of<File>(call)->descriptor));
}
Result<Ref<Value>> file_isatty(Call& call) {
  MINI_TRY(check_open(call.heap, self_of<File>(call)));
  return Ref<Value>(::isatty(self_of<File>(call)->descriptor) == 1);
}
Result<Ref<Value>> file_readable(Call& call) { return Ref<Value>(self_of<File>(call)->readable != 0); }
Result<Ref<Value>> file_writable(Call& call) { return Ref<Value>(self_of<File>(call)->writable != 0); }
Result<Ref<Value>> file_reconfigure(Call& call) {
  auto* file = self_of<File>(call);
  if (!call.keywords[3].is_unbound()) file->line_buffered = MINI_TRY(truth(call.heap, call.keywords[3]));
  MINI_TRY(flush(thread_of(call), file));
  return none();
}

Result<Ref<Str>> file_repr(Heap& heap, Value self) {
  auto* file = static_cast<File*>(self.as_object());
  Ref<Str> name = MINI_TRY(repr(heap, file->name));
  return make_str(heap, fmt::format("<_io.TextIOWrapper name={} mode='{}' encoding='utf-8'>", to_utf8(name.get()),
                                    to_utf8(file->mode)));
}

void visit_file(Object* object, Visitor& visitor) {
  auto* file = static_cast<File*>(object);
  visitor.reference(file->name);
  visitor.reference(file->mode);
  visitor.scalar(static_cast<uint64_t>(file->descriptor));
  for (uint8_t flag : {file->readable, file->writable, file->line_buffered, file->owns_descriptor, file->stream,
                       file->translates, file->writing, file->after_return, file->at_end})
    visitor.scalar(flag);
  visitor.scalar(file->lower_length);
  visitor.content(file->pending, file->pending_length);
  visitor.content(file->ahead + file->ahead_start, file->ahead_end - file->ahead_start);
}

void drop_file(Heap& heap, Object* object) {
  auto* file = static_cast<File*>(object);
  if (file->owns_descriptor && file->descriptor >= 0) {
    // As io's finaliser, but without a chance to raise.
    for (uint32_t done = 0; done < file->pending_length;) {
      const ssize_t written = ::write(file->descriptor, file->pending + done, file->pending_length - done);
      if (written <= 0) break;
      done += static_cast<uint32_t>(written);
    }
    ::close(file->descriptor);
  }
  heap.release_buffer(file->pending, file->pending_capacity);
  heap.release_buffer(file->ahead, file->ahead_capacity);
  decref(std::exchange(file->name, kUnbound));
  if (file->mode) decref(file->mode);
}

Result<Ref<Value>> share_self(Heap&, Value self) { return Ref<Value>::share(self); }

constexpr NativeDefinition kMethods[] = {
    {"TextIOWrapper.write(self, text, /)", file_write},
    {"TextIOWrapper.writelines(self, lines, /)", file_writelines},
    {"TextIOWrapper.flush(self, /)", file_flush},
    {"TextIOWrapper.read(self, size=-1, /)", file_read},
    {"TextIOWrapper.readline(self, size=-1, /)", file_readline},
    {"TextIOWrapper.readlines(self, hint=-1, /)", file_readlines},
    {"TextIOWrapper.close(self, /)", file_close},
    {"TextIOWrapper.__enter__(self, /)", file_enter},
    {"TextIOWrapper.__exit__(self, *args)", file_exit},
    {"TextIOWrapper.fileno(self, /)", file_fileno},
    {"TextIOWrapper.isatty(self, /)", file_isatty},
    {"TextIOWrapper.readable(self, /)", file_readable},
    {"TextIOWrapper.writable(self, /)", file_writable},
    {"TextIOWrapper.reconfigure(self, *args, encoding=None, errors=None, newline=None, line_buffering=None, "
     "write_through=None)",
     file_reconfigure},
};
constexpr NativeDefinition kSlots[] = {MINI_ITERATOR_SLOTS("TextIOWrapper")};

}  // namespace

Result<void> define_file_type(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kFile,
                       {.instance_size = sizeof(File),
                        .tracked = true,
                        .subclassable = false,
                        .behaviour = {.visit = visit_file,
                                      .drop = drop_file,
                                      .repr = file_repr,
                                      .iterate = share_self,
                                      .next = file_next},
                        .construct = nullptr,
                        .methods = kMethods,
                        .slots = kSlots}));
  Type* type = heap.type(BuiltinType::kFile);
  MINI_TRY(add_getset(heap, type, "name", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>::share(static_cast<File*>(self.as_object())->name);
  }));
  MINI_TRY(add_getset(heap, type, "mode", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>(Ref<Str>::share(static_cast<File*>(self.as_object())->mode));
  }));
  MINI_TRY(add_getset(heap, type, "encoding",
                      [](Heap& owner, Value) -> Result<Ref<Value>> { return text(owner, "utf-8"); }));
  MINI_TRY(add_getset(heap, type, "line_buffering", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>(static_cast<File*>(self.as_object())->line_buffered != 0);
  }));
  return add_getset(heap, type, "closed", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>(static_cast<File*>(self.as_object())->descriptor < 0);
  });
}

// Opening -------------------------------------------------------------------------------------------------------------

namespace {

Result<Ref<File>> make_file(Heap& heap, Ref<Value> name, std::string_view mode, int descriptor) {
  Ref<Str> mode_text = MINI_TRY(make_str(heap, mode));
  Ref<File> file = MINI_TRY(heap.create<File>(BuiltinType::kFile));
  file->name = name.release();
  file->mode = mode_text.release();
  file->descriptor = descriptor;
  file->readable = mode.find_first_of("r+") != mode.npos;
  file->writable = mode.find_first_of("wax+") != mode.npos;
  file->translates = 1;
  return file;
}

}  // namespace

Result<Ref<File>> make_standard_stream(Machine& machine, int stream) {
  static constexpr const char* kNames[] = {"<stdin>", "<stdout>", "<stderr>"};
  Heap& heap = machine.heap();
  Ref<Str> name = MINI_TRY(make_str(heap, kNames[stream]));
  Ref<File> file = MINI_TRY(make_file(heap, std::move(name), stream == 0 ? "r" : "w", stream));
  file->stream = static_cast<uint8_t>(stream);
  file->line_buffered = stream == 2 || ::isatty(stream) == 1;
  return file;
}

Result<Ref<Value>> open_file(Call& call) {
  Heap& heap = call.heap;
  const std::string mode = call.has(1) ? MINI_TRY(text_argument(heap, call[1], "open() argument 'mode'")) : "r";
  int kinds = 0;
  for (size_t i = 0; i < mode.size(); ++i) {
    if (std::string_view("rwaxbt+").find(mode[i]) == std::string_view::npos || mode.find(mode[i], i + 1) != mode.npos)
      return heap.raise(BuiltinType::kValueError, "invalid mode: '{}'", mode);
    kinds += std::string_view("rwax").find(mode[i]) != std::string_view::npos;
  }
  if (mode.find('b') != mode.npos)
    return heap.raise_text(BuiltinType::kValueError, "binary files are not part of mini");
  if (kinds > 1)
    return heap.raise_text(BuiltinType::kValueError, "must have exactly one of create/read/write/append mode");
  if (kinds == 0)
    return heap.raise_text(BuiltinType::kValueError,
                           "Must have exactly one of create/read/write/append mode and at most one plus");
  const bool updates = mode.find('+') != mode.npos;
  int flags = O_CLOEXEC | (updates ? O_RDWR : mode.find('r') != mode.npos ? O_RDONLY : O_WRONLY);
  if (mode.find('w') != mode.npos) flags |= O_CREAT | O_TRUNC;
  if (mode.find('a') != mode.npos) flags |= O_CREAT | O_APPEND;
  if (mode.find('x') != mode.npos) flags |= O_CREAT | O_EXCL;

  int descriptor;
  bool owns = true;
  if (call[0].is_int()) {
    descriptor = static_cast<int>(call[0].as_int());
    owns = !call.has(6) || MINI_TRY(truth(heap, call[6]));
    if (descriptor < 0) return heap.raise_text(BuiltinType::kValueError, "negative file descriptor");
  } else {
    Str* path = as_str(heap, call[0]);
    if (!path)
      return heap.raise(BuiltinType::kTypeError, "expected str, bytes or os.PathLike object, not {}",
                        type_name(heap, call[0]));
    const std::string name = to_utf8(path);
    if (name.find('\0') != name.npos) return heap.raise_text(BuiltinType::kValueError, "embedded null byte");
    int error;
    {
      ThreadState& thread = thread_of(call);
      sched::BlockingCall blocking(thread.machine->runner(), thread);
      descriptor = ::open(name.c_str(), flags, 0666);
      error = errno;
      struct stat status;
      if (descriptor >= 0 && ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        ::close(std::exchange(descriptor, -1));
        error = EISDIR;
      }
    }
    if (descriptor < 0) return raise_os_error(heap, error, name);
  }
  Ref<File> file = MINI_TRY(make_file(heap, Ref<Value>::share(call[0]), mode, descriptor));
  file->owns_descriptor = owns;
  file->translates = !call.has(5) || call[5].is_none();
  const bool unbuffered_line = call.has(2) && call[2].is_int() && call[2].as_int() == 1;
  file->line_buffered = unbuffered_line || ::isatty(descriptor) == 1;
  return file;
}

}  // namespace mini::modules
