// The types of files, and open().
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "interp/modules/file_types.h"
#include "interp/vm/outside.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/exception.h"
#include "runtime/object/type_internal.h"

namespace mini::modules {
namespace {

File* file_in(Value value) { return static_cast<File*>(value.as_object()); }

Result<Ref<Str>> file_repr(Heap& heap, Value self) {
  File* file = file_in(self);
  const bool closed = file->base()->descriptor < 0;
  if (has_kind(self, BuiltinType::kRawFile) && closed) return make_str(heap, "<_io.FileIO [closed]>");
  Ref<Str> name = MINI_TRY(repr(heap, file->name));
  std::string rest;
  if (file->is_text())
    rest = fmt::format(" mode='{}' encoding='{}'", to_utf8(file->mode), to_utf8(file->encoding));
  if (has_kind(self, BuiltinType::kRawFile))
    rest = fmt::format(" mode='{}' closefd={}", to_utf8(file->mode), file->base()->owns_descriptor ? "True" : "False");
  return make_str(heap, fmt::format("<{} name={}{}>", type_name(heap, self), to_utf8(name.get()), rest));
}

void visit_file(Object* object, Visitor& visitor) {
  auto* file = static_cast<File*>(object);
  visitor.reference(file->name);
  for (Str* each : {file->mode, file->encoding, file->errors}) visitor.reference(each);
  visitor.reference(file->owner);
  visitor.scalar(static_cast<uint64_t>(file->descriptor));
  for (uint8_t flag : {file->readable, file->writable, file->line_buffered, file->owns_descriptor, file->stream,
                       static_cast<uint8_t>(file->newline), file->plain, file->reentered, file->iterated})
    visitor.scalar(flag);
  visitor.scalar(file->line_ends.state());
  visitor.scalar(file->lower_length);
  visitor.scalar(file->writer);
  visitor.scalar(file->in_flight);
  visitor.content(file->pending, file->pending_length);
  visitor.content(file->ahead + file->ahead_start, file->ahead_end - file->ahead_start);
}

void drop_file(Heap& heap, Object* object) {
  auto* file = static_cast<File*>(object);
  if (file->owns_descriptor && file->descriptor >= 0 && !repeats_outside(Machine::of(heap))) {
    // As io's finaliser, but without a chance to raise.
    for (uint32_t done = 0; done < file->pending_length;) {
      const ssize_t written = ::write(file->descriptor, file->pending + done, file->pending_length - done);
      if (written <= 0) break;
      done += static_cast<uint32_t>(written);
    }
    ::close(file->descriptor);
    file->descriptor = -1;
  }
  heap.release_buffer(std::exchange(file->pending, nullptr), file->pending_capacity);
  heap.release_buffer(std::exchange(file->ahead, nullptr), file->ahead_capacity);
  file->pending_length = file->pending_capacity = file->ahead_start = file->ahead_end = file->ahead_capacity = 0;
  decref(std::exchange(file->name, kUnbound));
  for (Str** each : {&file->mode, &file->encoding, &file->errors})
    if (Str* old = std::exchange(*each, nullptr)) decref(old);
  if (File* owner = std::exchange(file->owner, nullptr)) {
    for (File** lower : {&owner->buffer, &owner->raw})
      if (*lower == file) *lower = nullptr;
    decref(owner);
  }
}

template <Str* File::*kField>
Result<Ref<Value>> get_text(Heap&, Value self) {
  Str* found = file_in(self)->*kField;
  return found ? Ref<Value>(Ref<Str>::share(found)) : Ref<Value>::adopt(kNone);
}
Result<Ref<Value>> get_name(Heap&, Value self) { return Ref<Value>::share(file_in(self)->name); }
Result<Ref<Value>> get_closed(Heap&, Value self) { return Ref<Value>(file_in(self)->base()->descriptor < 0); }
Result<Ref<Value>> get_line_buffering(Heap&, Value self) { return Ref<Value>(file_in(self)->line_buffered != 0); }
Result<Ref<Value>> get_false(Heap&, Value) { return Ref<Value>(false); }
Result<Ref<Value>> get_closefd(Heap&, Value self) { return Ref<Value>(file_in(self)->base()->owns_descriptor != 0); }

Result<Ref<Value>> get_newlines(Heap& heap, Value self) { return file_in(self)->line_ends.value(heap); }

/// Another object over the same descriptor and buffers; the same one as before, if somebody still has it in `place`.
Result<Ref<Value>> lower_file(Heap& heap, File* file, File* File::*place, BuiltinType which) {
  File* const base = file->base();
  if (base->*place) return Ref<Value>::share(Value(base->*place));
  std::string mode = to_utf8(file->mode);
  if (mode.find('b') == mode.npos) mode += 'b';
  Ref<Str> mode_text = MINI_TRY(make_str(heap, mode));
  Ref<File> made = MINI_TRY(heap.create<File>(which));
  made->name = Ref<Value>::share(file->name).release();
  made->mode = mode_text.release();
  made->owner = Ref<File>::share(base).release();
  made->descriptor = -1;
  made->readable = file->readable;
  made->writable = file->writable;
  base->*place = made.get();
  return made;
}

/// The bytes below a text file.
Result<Ref<Value>> get_buffer(Heap& heap, Value self) {
  File* file = file_in(self);
  const BuiltinType which = file->readable && file->writable ? BuiltinType::kUpdateFile
                            : file->readable                 ? BuiltinType::kReadFile
                                                             : BuiltinType::kWriteFile;
  return lower_file(heap, file, &File::buffer, which);
}
/// The system's file below a buffer, from which reads and writes go past the buffer in CPython, but not here.
Result<Ref<Value>> get_raw(Heap& heap, Value self) {
  return lower_file(heap, file_in(self), &File::raw, BuiltinType::kRawFile);
}

constexpr NativeDefinition kFileOpenIteratorSlots[] = {MINI_ITERATOR_SLOTS("_IOBase")};

constexpr BuiltinType kFileTypes[] = {BuiltinType::kFile, BuiltinType::kRawFile, BuiltinType::kReadFile,
                                      BuiltinType::kWriteFile, BuiltinType::kUpdateFile};

/// io.UnsupportedOperation is a ValueError as well.
Result<void> define_unsupported_operation(Heap& heap) {
  Type* type = heap.type(BuiltinType::kUnsupportedOperation);
  const Value bases[] = {heap.type(BuiltinType::kOSError), heap.type(BuiltinType::kValueError)};
  Ref<Tuple> both = MINI_TRY(make_tuple(heap, bases, 2));
  Ref<Tuple> order = MINI_TRY(linearise(heap, type, both.get()));
  decref(std::exchange(type->bases, both.release()));
  decref(std::exchange(type->method_resolution_order, order.release()));
  type->version = heap.next_type_version();
  return add_subclass(heap, heap.type(BuiltinType::kValueError), type);
}

}  // namespace

bool is_plain_encoding(const Str* encoding, const Str* errors) {
  return (equal(encoding, "utf-8") || equal(encoding, "UTF-8") || equal(encoding, "utf8")) && equal(errors, "strict");
}

Result<void> define_file_types(Heap& heap) {
  MINI_TRY(define_unsupported_operation(heap));
  for (BuiltinType which : kFileTypes) {
    MINI_TRY(define_type(heap, which,
                         {.instance_size = sizeof(File),
                          .tracked = true,
                          .subclassable = false,
                          .behaviour = {.visit = visit_file,
                                        .drop = drop_file,
                                        .repr = file_repr,
                                        .iterate = kFileIterate,
                                        .next = kFileNext},
                          .construct = nullptr,
                          .methods = file_methods(which),
                          .slots = kFileOpenIteratorSlots}));
    Type* type = heap.type(which);
    MINI_TRY(add_getset(heap, type, "name", get_name));
    MINI_TRY(add_getset(heap, type, "mode", get_text<&File::mode>));
    MINI_TRY(add_getset(heap, type, "closed", get_closed));
  }
  Type* type = heap.type(BuiltinType::kFile);
  MINI_TRY(add_getset(heap, type, "encoding", get_text<&File::encoding>));
  MINI_TRY(add_getset(heap, type, "errors", get_text<&File::errors>));
  MINI_TRY(add_getset(heap, type, "newlines", get_newlines));
  MINI_TRY(add_getset(heap, type, "line_buffering", get_line_buffering));
  MINI_TRY(add_getset(heap, type, "write_through", get_false));
  MINI_TRY(add_getset(heap, type, "buffer", get_buffer));
  for (BuiltinType which : {BuiltinType::kReadFile, BuiltinType::kWriteFile, BuiltinType::kUpdateFile})
    MINI_TRY(add_getset(heap, heap.type(which), "raw", get_raw, object::refuse_to_set));
  return add_getset(heap, heap.type(BuiltinType::kRawFile), "closefd", get_closefd);
}

// Opening -------------------------------------------------------------------------------------------------------------

namespace {

Result<Ref<File>> make_file(Heap& heap, BuiltinType which, Ref<Value> name, std::string_view mode, int descriptor) {
  Ref<Str> mode_text = MINI_TRY(make_str(heap, mode));
  Ref<File> file = MINI_TRY(heap.create<File>(which));
  file->name = name.release();
  file->mode = mode_text.release();
  file->descriptor = descriptor;
  file->readable = mode.find_first_of("r+") != mode.npos;
  file->writable = mode.find_first_of("wax+") != mode.npos;
  return file;
}
Result<void> set_encoding(Heap& heap, File* file, Ref<Str> encoding, std::string_view errors) {
  Ref<Str> errors_text = MINI_TRY(make_str(heap, errors));
  file->plain = is_plain_encoding(encoding.get(), errors_text.get());
  file->encoding = encoding.release();
  file->errors = errors_text.release();
  return {};
}

/// The letters of a mode, or ValueError as CPython words it (3.13 Lib/_pyio.py, open).
Result<void> check_mode(Heap& heap, const std::string& mode) {
  int kinds = 0;
  for (size_t i = 0; i < mode.size(); ++i) {
    if (std::string_view("rwaxbt+").find(mode[i]) == std::string_view::npos || mode.find(mode[i], i + 1) != mode.npos)
      return heap.raise(BuiltinType::kValueError, "invalid mode: '{}'", mode);
    kinds += std::string_view("rwax").find(mode[i]) != std::string_view::npos;
  }
  if (mode.find('b') != mode.npos && mode.find('t') != mode.npos)
    return heap.raise_text(BuiltinType::kValueError, "can't have text and binary mode at once");
  if (kinds > 1)
    return heap.raise_text(BuiltinType::kValueError, "must have exactly one of create/read/write/append mode");
  if (kinds == 0)
    return heap.raise_text(BuiltinType::kValueError,
                           "Must have exactly one of create/read/write/append mode and at most one plus");
  return {};
}

int open_flags(const std::string& mode) {
  const bool updates = mode.find('+') != mode.npos;
  int flags = O_CLOEXEC | (updates ? O_RDWR : mode.find('r') != mode.npos ? O_RDONLY : O_WRONLY);
  if (mode.find('w') != mode.npos) flags |= O_CREAT | O_TRUNC;
  if (mode.find('a') != mode.npos) flags |= O_CREAT | O_APPEND;
  if (mode.find('x') != mode.npos) flags |= O_CREAT | O_EXCL;
  return flags;
}

Result<int> open_path(Call& call, const std::string& mode) {
  Heap& heap = call.heap;
  const std::string name = MINI_TRY(path_argument(heap, call[0]));
  if (call.has(7) && !call[7].is_none()) {
    Ref<Value> flags = MINI_TRY(make_int(heap, open_flags(mode)));
    const Value arguments[] = {call[0], flags};
    Ref<Value> answer = MINI_TRY(object::call(heap, call[7], arguments, 2));
    if (!is_any_int(answer)) return heap.raise_text(BuiltinType::kTypeError, "expected integer from opener");
    const auto opened = static_cast<int>(MINI_TRY(to_int64(heap, answer)));
    if (opened < 0) return heap.raise(BuiltinType::kValueError, "opener returned {}", opened);
    return opened;
  }
  int descriptor, error;
  ThreadState& thread = thread_of(call);
  descriptor = static_cast<int>(thread.machine->runner().call_outside(thread, [&] {
    const int opened = ::open(name.c_str(), open_flags(mode), 0666);
    if (opened < 0) return -errno;
    struct stat status;
    if (::fstat(opened, &status) != 0 || !S_ISDIR(status.st_mode)) return opened;
    ::close(opened);
    return -EISDIR;
  }));
  error = -descriptor;
  if (descriptor < 0) return raise_os_error(heap, error, name);
  return descriptor;
}

/// The mode as files of bytes show it.
std::string shown_mode(const std::string& mode) {
  const bool updates = mode.find('+') != mode.npos;
  const char kind = mode[mode.find_first_of("rwax")];
  if (!updates) return std::string(1, kind) + "b";
  return kind == 'a' ? "ab+" : kind == 'x' ? "xb+" : "rb+";
}

}  // namespace

Result<std::string> path_argument(Heap& heap, Value value, const char* expected) {
  Ref<Value> path = Ref<Value>::share(value);
  if (!as_str(heap, path) && !is_bytes(path)) {
    Ref<Str> name = MINI_TRY(heap.intern("__fspath__"));
    const Value method = lookup(heap.type_of(value), name.get());
    if (method.is_unbound())
      return heap.raise(BuiltinType::kTypeError, "{}, not {}", expected, type_name(heap, value));
    path = MINI_TRY(call_special(heap, method, value));
    if (!as_str(heap, path) && !is_bytes(path))
      return heap.raise(BuiltinType::kTypeError, "expected {}.__fspath__() to return str or bytes, not {}",
                        type_name(heap, value), type_name(heap, path));
  }
  std::string name;
  if (is_bytes(path)) {
    name = view_of(path);
  } else {
    Ref<Str> handler = MINI_TRY(make_str(heap, "surrogateescape"));
    Ref<Bytes> bytes = MINI_TRY(encode(heap, as_str(heap, path), kUnbound, handler, "encode"));
    name = view_of(bytes);
  }
  if (name.find('\0') != name.npos) return heap.raise_text(BuiltinType::kValueError, "embedded null byte");
  return name;
}

Result<Ref<File>> make_standard_stream(Machine& machine, int stream) {
  static constexpr const char* kNames[] = {"<stdin>", "<stdout>", "<stderr>"};
  Heap& heap = machine.heap();
  Ref<Str> name = MINI_TRY(make_str(heap, kNames[stream]));
  Ref<File> file = MINI_TRY(make_file(heap, BuiltinType::kFile, std::move(name), stream == 0 ? "r" : "w", stream));
  MINI_TRY(set_encoding(heap, file.get(), MINI_TRY(make_str(heap, "utf-8")),
                        stream == 2 ? "backslashreplace" : "strict"));
  file->stream = static_cast<uint8_t>(stream);
  file->line_buffered = stream == 2 || isatty_outside(machine, stream);
  return file;
}

Result<Ref<Value>> open_file(Call& call) {
  Heap& heap = call.heap;
  const std::string mode = call.has(1) ? MINI_TRY(text_argument(heap, call[1], "open() argument 'mode'")) : "r";
  MINI_TRY(check_mode(heap, mode));
  const bool binary = mode.find('b') != mode.npos;
  const int64_t buffering = call.has(2) ? MINI_TRY(to_int64(heap, call[2])) : -1;
  static constexpr const char* kTextOnly[] = {"encoding", "errors", "newline"};
  for (uint32_t i = 0; i < 3; ++i) {
    if (!call.has(i + 3) || call[i + 3].is_none()) continue;
    if (binary)
      return heap.raise(BuiltinType::kValueError, "binary mode doesn't take {} {} argument", i == 2 ? "a" : "an",
                        kTextOnly[i]);
    if (!as_str(heap, call[i + 3]))
      return heap.raise(BuiltinType::kTypeError, "open() argument '{}' must be str or None, not {}", kTextOnly[i],
                        type_name(heap, call[i + 3]));
  }
  const Newline newline = MINI_TRY(newline_argument(heap, call[5]));
  const bool has_encoding = call.has(3) && !call[3].is_none(), has_errors = call.has(4) && !call[4].is_none();
  if (has_encoding)  // an unknown one is refused before anything is created
    static_cast<void>(MINI_TRY(encode(heap, heap.name(Name::kname), call[3], kUnbound, "open()")));

  int descriptor;
  bool owns = true;
  if (is_any_int(call[0])) {
    descriptor = static_cast<int>(MINI_TRY(to_int64(heap, call[0])));
    owns = !call.has(6) || MINI_TRY(truth(heap, call[6]));
    if (descriptor < 0) return heap.raise_text(BuiltinType::kValueError, "negative file descriptor");
    struct stat status;
    const int64_t result = thread_of(call).machine->runner().outside_number(
        sched::Outside::Result, [&] { return ::fstat(descriptor, &status) != 0 ? -errno : 0; });
    if (result != 0) return raise_os_error(heap, static_cast<int>(-result));
  } else {
    if (call.has(6) && !MINI_TRY(truth(heap, call[6])))
      return heap.raise_text(BuiltinType::kValueError, "Cannot use closefd=False with file name");
    descriptor = MINI_TRY(open_path(call, mode));
  }
  auto fail = [&](const char* text) {
    if (owns && !repeats_outside(Machine::of(heap))) ::close(descriptor);
    return heap.raise_text(BuiltinType::kValueError, text);
  };
  if (buffering == 0 && !binary) return fail("can't have unbuffered text I/O");
  if (buffering < -1) return fail("invalid buffering size");
  const bool updates = mode.find('+') != mode.npos;
  const BuiltinType which = !binary                             ? BuiltinType::kFile
                            : buffering == 0                    ? BuiltinType::kRawFile
                            : updates                           ? BuiltinType::kUpdateFile
                            : mode.find('r') != mode.npos ? BuiltinType::kReadFile
                                                                : BuiltinType::kWriteFile;
  auto made = make_file(heap, which, Ref<Value>::share(call[0]), binary ? shown_mode(mode) : mode, descriptor);
  if (!made.ok()) {
    if (owns) ::close(descriptor);
    return raised;
  }
  Ref<File> file = made.take();
  file->owns_descriptor = owns;
  file->newline = newline;
  if (!binary) {
    Ref<Str> encoding = has_encoding ? Ref<Str>::share(as_str(heap, call[3])) : MINI_TRY(make_str(heap, "utf-8"));
    MINI_TRY(set_encoding(heap, file.get(), std::move(encoding),
                          has_errors ? to_utf8(as_str(heap, call[4])) : "strict"));
    file->line_buffered = buffering == 1 || isatty_outside(*thread_of(call).machine, descriptor);
  }
  if (mode.find('a') != mode.npos && !repeats_outside(Machine::of(heap))) static_cast<void>(::lseek(descriptor, 0, SEEK_END));
  return file;
}

}  // namespace mini::modules
