// io.StringIO and io.BytesIO: files in memory.
#include <cstring>

#include "interp/modules/file.h"
#include "runtime/base/utf8.h"
#include "runtime/object/bytes_text.h"

namespace mini::modules {
namespace {

/// The content: code points of a text, or bytes. One layout for both, `width` apart.
struct MemoryFile : Tracked {
  char* content;
  uint64_t length, capacity;  ///< in units
  uint64_t position;          ///< may lie behind the end
  uint32_t width;             ///< bytes of a unit: 4 or 1
  uint8_t closed;
  Newline newline;            ///< of a text
  LineEnds line_ends;

  bool is_text() const { return width == sizeof(char32_t); }
};
MemoryFile* file_of(Call& call) { return self_of<MemoryFile>(call); }

Result<void> check_open(Heap& heap, const MemoryFile* file) {
  if (!file->closed) return {};
  return heap.raise_text(BuiltinType::kValueError,
                         file->is_text() ? "I/O operation on closed file" : "I/O operation on closed file.");
}

/// Units as a script sees them.
Result<Ref<Value>> piece(Heap& heap, const MemoryFile* file, uint64_t start, uint64_t count) {
  const char* at = file->content + start * file->width;
  if (!file->is_text()) return widen(make_bytes(heap, at, count));
  return widen(make_str(heap, reinterpret_cast<const char32_t*>(at), count));
}

Result<void> put_units(Heap& heap, MemoryFile* file, const void* units, uint64_t count) {
  const uint64_t end = file->position + count;
  if (end > (uint64_t{1} << 40)) return heap.raise_memory_error();
  if (end > file->capacity) {
    const uint64_t capacity = std::max<uint64_t>(end, std::max<uint64_t>(64, file->capacity * 2));
    void* grown = heap.resize_buffer(file->content, file->capacity * file->width, capacity * file->width);
    if (!grown) return raised;
    file->content = static_cast<char*>(grown);
    file->capacity = capacity;
  }
  if (file->position > file->length && count > 0)
    std::memset(file->content + file->length * file->width, 0, (file->position - file->length) * file->width);
  if (count > 0) std::memcpy(file->content + file->position * file->width, units, count * file->width);
  if (count > 0) file->length = std::max(file->length, end);
  file->position = end;
  return {};
}

/// Writes a str or bytes, as the file is; how many units the argument has.
Result<int64_t> put_value(Heap& heap, MemoryFile* file, Value value) {
  if (!file->is_text()) {
    const std::string bytes(MINI_TRY(bytes_argument(heap, value)));
    MINI_TRY(put_units(heap, file, bytes.data(), bytes.size()));
    return static_cast<int64_t>(bytes.size());
  }
  Str* given = as_str(heap, value);
  if (!given)
    return heap.raise(BuiltinType::kTypeError, "string argument expected, got '{}'", type_name(heap, value));
  const int64_t length = given->length;
  Ref<Str> text = Ref<Str>::share(given);
  if (notes_line_ends(file->newline)) file->line_ends.note(to_utf8(given), true);
  if (file->newline != Newline::kLineFeed && file->newline != Newline::kKeep) {
    std::string adapted = translated(to_utf8(given), file->newline);
    text = MINI_TRY(make_str(heap, with_line_ends(std::move(adapted), file->newline)));
  }
  std::u32string units;
  for (size_t i = 0; i < text->length; ++i) units += text->at(i);
  MINI_TRY(put_units(heap, file, units.data(), units.size()));
  return length;
}

// Making --------------------------------------------------------------------------------------------------------------

template <uint32_t kWidth>
Result<Ref<Value>> construct(Call& call) {
  Ref<MemoryFile> made = MINI_TRY(call.heap.create<MemoryFile>(self_of<Type>(call)));
  made->width = kWidth;
  made->newline = Newline::kLineFeed;
  return made;
}
Result<void> start(Heap& heap, MemoryFile* file, Value initial) {
  file->length = file->position = 0;
  file->closed = 0;
  if (!initial.is_unbound() && !initial.is_none()) static_cast<void>(MINI_TRY(put_value(heap, file, initial)));
  file->position = 0;
  return {};
}
Result<Ref<Value>> text_init(Call& call) {
  Heap& heap = call.heap;
  MemoryFile* file = file_of(call);
  if (call.has(1) && !call[1].is_none() && !as_str(heap, call[1]))
    return heap.raise(BuiltinType::kTypeError, "initial_value must be str or None, not {}", type_name(heap, call[1]));
  file->newline = call.has(2) ? MINI_TRY(newline_argument(heap, call[2])) : Newline::kLineFeed;
  file->line_ends = {};
  MINI_TRY(start(heap, file, call[1]));
  return none();
}
Result<Ref<Value>> bytes_init(Call& call) {
  MINI_TRY(start(call.heap, file_of(call), call[1]));
  return none();
}

// Methods -------------------------------------------------------------------------------------------------------------

uint64_t available(const MemoryFile* file) {
  return file->position < file->length ? file->length - file->position : 0;
}
Result<uint64_t> count_argument(Call& call, uint32_t index) {
  const uint64_t most = available(file_of(call));
  if (!call.has(index) || call[index].is_none()) return most;
  const int64_t count = MINI_TRY(to_int64(call.heap, call[index]));
  return count < 0 ? most : std::min<uint64_t>(most, static_cast<uint64_t>(count));
}
Result<Ref<Value>> take(Heap& heap, MemoryFile* file, uint64_t count) {
  Ref<Value> taken = MINI_TRY(piece(heap, file, file->position, count));
  file->position += count;
  return taken;
}
Result<Ref<Value>> read(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return take(call.heap, file_of(call), MINI_TRY(count_argument(call, 1)));
}

/// Units of the line at hand, its end included.
uint64_t line_length(const MemoryFile* file) {
  const uint64_t most = available(file);
  if (!file->is_text()) {
    const char* begin = file->content + file->position;
    const void* end = most ? std::memchr(begin, '\n', most) : nullptr;
    return end ? static_cast<uint64_t>(static_cast<const char*>(end) - begin) + 1 : most;
  }
  // What was translated when it was written has only "\n".
  const Newline newline = file->newline == Newline::kUniversal ? Newline::kLineFeed : file->newline;
  const auto* begin = reinterpret_cast<const char32_t*>(file->content) + file->position;
  for (uint64_t i = 0; i < most; ++i) {
    if (begin[i] == '\n' && newline != Newline::kReturn && newline != Newline::kReturnLineFeed) return i + 1;
    if (begin[i] != '\r' || newline == Newline::kLineFeed) continue;
    const bool pair = i + 1 < most && begin[i + 1] == '\n';
    if (pair && newline != Newline::kReturn) return i + 2;
    if (newline != Newline::kReturnLineFeed) return i + 1;
  }
  return most;
}
Result<Ref<Value>> readline(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  const uint64_t most = MINI_TRY(count_argument(call, 1));
  return take(call.heap, file_of(call), std::min(most, line_length(file_of(call))));
}
Result<Ref<Value>> next_line(Heap& heap, Value self) {
  auto* file = static_cast<MemoryFile*>(self.as_object());
  MINI_TRY(check_open(heap, file));
  if (available(file) == 0) return Ref<Value>();
  return take(heap, file, line_length(file));
}
Result<Ref<Value>> readlines(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  const int64_t hint = call.has(1) && !call[1].is_none() ? MINI_TRY(to_int64(call.heap, call[1])) : -1;
  Ref<List> lines = MINI_TRY(make_list(call.heap));
  for (int64_t total = 0; hint <= 0 || total < hint;) {
    Ref<Value> line = MINI_TRY(next_line(call.heap, call[0]));
    if (line.get().is_unbound()) break;
    total += MINI_TRY(length(call.heap, line));
    MINI_TRY(append(call.heap, lines.get(), std::move(line)));
  }
  return lines;
}
Result<Ref<Value>> write_memory(Call& call) {
  MemoryFile* file = file_of(call);
  if (file->is_text() && !as_str(call.heap, call[1]))
    return call.heap.raise(BuiltinType::kTypeError, "string argument expected, got '{}'",
                           type_name(call.heap, call[1]));
  MINI_TRY(check_open(call.heap, file));
  return make_int(call.heap, MINI_TRY(put_value(call.heap, file, call[1])));
}
Result<Ref<Value>> writelines(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  Ref<Str> method = Ref<Str>::share(call.heap.name(Name::kwrite));
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  for (;;) {
    Ref<Value> line = MINI_TRY(next(call.heap, iterator));
    if (line.get().is_unbound()) return none();
    const Value argument = line;
    static_cast<void>(MINI_TRY(call_method(call.heap, call[0], method.get(), &argument, 1)));
  }
}
Result<Ref<Value>> getvalue(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return piece(call.heap, file_of(call), 0, file_of(call)->length);
}
Result<Ref<Value>> tell_(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return make_int(call.heap, static_cast<int64_t>(file_of(call)->position));
}
Result<Ref<Value>> seek_(Call& call) {
  Heap& heap = call.heap;
  MemoryFile* file = file_of(call);
  MINI_TRY(check_open(heap, file));
  int64_t offset = MINI_TRY(to_int64(heap, call[1]));
  const int64_t whence = call.has(2) ? MINI_TRY(to_int64(heap, call[2])) : 0;
  if (whence < 0 || whence > 2)
    return file->is_text() ? heap.raise(BuiltinType::kValueError, "Invalid whence ({}, should be 0, 1 or 2)", whence)
                           : heap.raise(BuiltinType::kValueError, "invalid whence ({}, should be 0, 1 or 2)", whence);
  if (whence == 0 && offset < 0)
    return file->is_text() ? heap.raise(BuiltinType::kValueError, "Negative seek position {}", offset)
                           : heap.raise(BuiltinType::kValueError, "negative seek value {}", offset);
  if (whence != 0 && offset != 0 && file->is_text())
    return heap.raise_text(BuiltinType::kOSError, "Can't do nonzero cur-relative seeks");
  if (whence == 1) offset += static_cast<int64_t>(file->position);
  if (whence == 2) offset += static_cast<int64_t>(file->length);
  file->position = static_cast<uint64_t>(std::max<int64_t>(offset, 0));
  return make_int(heap, static_cast<int64_t>(file->position));
}
Result<Ref<Value>> truncate(Call& call) {
  MemoryFile* file = file_of(call);
  MINI_TRY(check_open(call.heap, file));
  const bool given = call.has(1) && !call[1].is_none();
  const int64_t size = given ? MINI_TRY(to_int64(call.heap, call[1])) : static_cast<int64_t>(file->position);
  if (size < 0)
    return file->is_text() ? call.heap.raise(BuiltinType::kValueError, "Negative size value {}", size)
                           : call.heap.raise(BuiltinType::kValueError, "negative size value {}", size);
  file->length = std::min<uint64_t>(file->length, static_cast<uint64_t>(size));
  return make_int(call.heap, size);
}
Result<Ref<Value>> close_memory(Call& call) {
  MemoryFile* file = file_of(call);
  file->closed = 1;
  call.heap.release_buffer(std::exchange(file->content, nullptr), file->capacity * file->width);
  file->length = file->capacity = file->position = 0;
  return none();
}
Result<Ref<Value>> enter(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return Ref<Value>::share(call[0]);
}
Result<Ref<Value>> exit(Call& call) { return close_memory(call); }
Result<Ref<Value>> flush_(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return none();
}
template <bool kAnswer>
Result<Ref<Value>> answer(Call& call) {
  MINI_TRY(check_open(call.heap, file_of(call)));
  return Ref<Value>(kAnswer);
}
Result<Ref<Value>> fileno(Call& call) { return raise_unsupported(call.heap, "fileno"); }

Result<Ref<Value>> iterate_file(Heap& heap, Value self) {
  MINI_TRY(check_open(heap, static_cast<MemoryFile*>(self.as_object())));
  return Ref<Value>::share(self);
}
void visit_memory_file(Object* object, Visitor& visitor) {
  auto* file = static_cast<MemoryFile*>(object);
  visitor.content(file->content, file->length * file->width);
  visitor.scalar(file->position);
  visitor.scalar(uint64_t{file->closed} << 8 | static_cast<uint64_t>(file->newline));
  visitor.scalar(file->line_ends.state());
}
void drop_memory_file(Heap& heap, Object* object) {
  auto* file = static_cast<MemoryFile*>(object);
  heap.release_buffer(std::exchange(file->content, nullptr), std::exchange(file->capacity, 0) * file->width);
  file->length = 0;
}

#define COMMON_METHODS(type)                              \
  {type ".read(self, size=-1, /)", read},                 \
  {type ".readline(self, size=-1, /)", readline},         \
  {type ".readlines(self, hint=-1, /)", readlines},       \
  {type ".write(self, s, /)", write_memory},                    \
  {type ".writelines(self, lines, /)", writelines},       \
  {type ".getvalue(self, /)", getvalue},                  \
  {type ".tell(self, /)", tell_},                         \
  {type ".seek(self, pos, whence=0, /)", seek_},          \
  {type ".truncate(self, size=None, /)", truncate},       \
  {type ".close(self, /)", close_memory},                       \
  {type ".__enter__(self, /)", enter},                    \
  {type ".__exit__(self, *args)", exit},                  \
  {type ".flush(self, /)", flush_},                       \
  {type ".isatty(self, /)", answer<false>},               \
  {type ".readable(self, /)", answer<true>},              \
  {type ".writable(self, /)", answer<true>},              \
  {type ".seekable(self, /)", answer<true>},              \
  {type ".fileno(self, /)", fileno}

constexpr NativeDefinition kMemoryFileTextMethods[] = {
    {"StringIO.__init__(self, initial_value='', newline='\\n')", text_init},
    COMMON_METHODS("StringIO"),
};
constexpr NativeDefinition kBytesMethods[] = {
    {"BytesIO.__init__(self, initial_bytes='')", bytes_init},
    COMMON_METHODS("BytesIO"),
    {"BytesIO.read1(self, size=-1, /)", read},
};
#undef COMMON_METHODS
/// `__init__` fills it: a class with one of its own may call it with other arguments.
Result<Ref<Value>> construct_text(Call& call) {
  Ref<Value> made = MINI_TRY(construct<4>(call));
  Value arguments[] = {made, call[1], call[2]};
  Call filling{call.heap, arguments, 3, nullptr};
  static_cast<void>(MINI_TRY(text_init(filling)));
  return made;
}
Result<Ref<Value>> construct_bytes(Call& call) {
  Ref<Value> made = MINI_TRY(construct<1>(call));
  Value arguments[] = {made, call[1]};
  Call filling{call.heap, arguments, 2, nullptr};
  static_cast<void>(MINI_TRY(bytes_init(filling)));
  return made;
}
constexpr NativeDefinition kMakeText{"StringIO.__new__(type, initial_value='', newline='\\n')", construct_text};
constexpr NativeDefinition kMakeBytes{"BytesIO.__new__(type, initial_bytes='')", construct_bytes};
constexpr NativeDefinition kMemoryFileIteratorSlots[] = {MINI_ITERATOR_SLOTS("_IOBase")};

Result<Ref<Value>> get_closed(Heap&, Value self) {
  return Ref<Value>(static_cast<MemoryFile*>(self.as_object())->closed != 0);
}

}  // namespace

Result<void> define_memory_files(Heap& heap) {
  for (BuiltinType which : {BuiltinType::kStringIO, BuiltinType::kBytesIO}) {
    const bool is_text = which == BuiltinType::kStringIO;
    MINI_TRY(define_type(heap, which,
                         {.instance_size = sizeof(MemoryFile),
                          .tracked = true,
                          .subclassable = true,
                          .behaviour = {.visit = visit_memory_file,
                                        .drop = drop_memory_file,
                                        .iterate = iterate_file,
                                        .next = next_line},
                          .construct = is_text ? &kMakeText : &kMakeBytes,
                          .methods = is_text ? std::span<const NativeDefinition>(kMemoryFileTextMethods)
                                             : std::span<const NativeDefinition>(kBytesMethods),
                          .slots = kMemoryFileIteratorSlots}));
    MINI_TRY(add_slot_methods(heap, heap.type(which)));
    MINI_TRY(add_getset(heap, heap.type(which), "closed", get_closed));
  }
  Type* type = heap.type(BuiltinType::kStringIO);
  MINI_TRY(add_getset(heap, type, "newlines", [](Heap& each, Value self) {
    return static_cast<MemoryFile*>(self.as_object())->line_ends.value(each);
  }));
  for (const char* name : {"encoding", "errors"})
    MINI_TRY(add_getset(heap, type, name, [](Heap&, Value) -> Result<Ref<Value>> { return none(); }));
  return add_getset(heap, type, "line_buffering", [](Heap&, Value) -> Result<Ref<Value>> { return Ref<Value>(false); });
}

}  // namespace mini::modules
