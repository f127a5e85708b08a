// Buffers and system calls of files.
#include "interp/modules/file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "interp/vm/calls.h"
#include "interp/vm/outside.h"
#include "runtime/base/utf8.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/exception.h"

namespace mini::modules {
namespace {

bool reserve(Heap& heap, char*& buffer, uint32_t& capacity, size_t needed) {
  if (needed <= capacity) return true;
  const size_t bytes = std::max<size_t>(needed, std::max<size_t>(File::kBufferBytes, size_t{2} * capacity));
  if (bytes > UINT32_MAX) return static_cast<void>(heap.raise_memory_error()), false;
  void* grown = heap.resize_buffer(buffer, capacity, bytes);
  if (!grown) return false;
  buffer = static_cast<char*>(grown);
  capacity = static_cast<uint32_t>(bytes);
  return true;
}

/// Adds to the upper stage, or behind what the lower one holds.
Result<void> append_pending(Heap& heap, File* file, std::string_view text, bool lower = false) {
  if (text.empty()) return {};
  if (!reserve(heap, file->pending, file->pending_capacity, file->pending_length + text.size()))
    return raised;
  char* at = file->pending + (lower ? file->lower_length : file->pending_length);
  std::memmove(at + text.size(), at, static_cast<size_t>(file->pending + file->pending_length - at));
  std::memcpy(at, text.data(), text.size());
  file->pending_length += static_cast<uint32_t>(text.size());
  if (lower) file->lower_length += static_cast<uint32_t>(text.size());
  return {};
}

/// Hands bytes to the host or the system, while others may run; how many were written, and errno if not all.
size_t write_out(ThreadState& thread, const File* file, std::string_view bytes, int& error) {
  const Options& options = thread.machine->options();
  const auto& sink = file->stream == 1 ? options.output : options.errors;
  error = 0;
  if (file->stream != 0 && sink) {
    sink(bytes);
    return bytes.size();
  }
  size_t done = 0;
  while (done < bytes.size()) {
    done += write_outside(thread, file->descriptor, bytes.substr(done), error);
    if (error != 0 && (error != EINTR || thread.machine->handle_interrupt(thread))) return done;
    // A part was written: perhaps a signal came, and the next call may block for ever.
    if (done < bytes.size() && thread.machine->runner().interrupted() && thread.machine->handle_interrupt(thread)) {
      error = EINTR;
      return done;
    }
  }
  return done;
}

/// Reads more into `ahead`, at most `count` bytes; false at the end of the file.
Result<bool> fill(ThreadState& thread, File* file, size_t count = File::kBufferBytes) {
  Heap& heap = *thread.heap;
  std::string bytes;
  for (;;) {
    int error;
    bytes = read_outside(thread, file->descriptor, count, error);
    if (error == 0) break;
    if (error != EINTR) return raise_os_error(heap, error);
    if (thread.machine->handle_interrupt(thread)) return raised;
  }
  if (file->is_text() && notes_line_ends(file->newline)) file->line_ends.note(bytes, bytes.empty());
  if (bytes.empty()) return false;
  if (file->ahead_start > 0) {
    std::memmove(file->ahead, file->ahead + file->ahead_start, file->ahead_end - file->ahead_start);
    file->ahead_end -= file->ahead_start;
    file->ahead_start = 0;
  }
  if (!reserve(heap, file->ahead, file->ahead_capacity, file->ahead_end + bytes.size())) return raised;
  std::memcpy(file->ahead + file->ahead_end, bytes.data(), bytes.size());
  file->ahead_end += static_cast<uint32_t>(bytes.size());
  return true;
}

/// What was written has to be in the file before anything is read from it.
Result<void> prepare_to_read(ThreadState& thread, File* file) {
  return file->base()->pending_length > 0 && file->writable ? flush(thread, file) : Result<void>();
}

/// Takes the first `count` bytes of what was read, decoded and with translated line ends if `file` is a text.
Result<std::string> take_ahead(Heap& heap, File* file, size_t count) {
  File* base = file->base();
  std::string taken(base->ahead + base->ahead_start, count);
  if (file->is_text()) {
    if (!file->plain || base::find_utf8_error(taken)) {
      Ref<Bytes> bytes = MINI_TRY(make_bytes(heap, taken.data(), taken.size()));
      taken = to_utf8(MINI_TRY(decode(heap, bytes.get(), Value(file->encoding), Value(file->errors), "decode")).get());
    }
    taken = translated(std::move(taken), file->newline);
  }
  base->ahead_start += static_cast<uint32_t>(count);
  return taken;
}

/// How many bytes the first `count` characters take; npos if they are not all there. `is_all`: nothing follows.
size_t characters_end(const File* file, std::string_view bytes, int64_t count, bool is_all) {
  size_t at = 0;
  for (; count > 0; --count) {
    if (at >= bytes.size()) return is_all ? bytes.size() : bytes.npos;
    const auto lead = static_cast<unsigned char>(bytes[at]);
    size_t length = !file->plain && !equal(file->encoding, "utf-8") && !equal(file->encoding, "UTF-8") ? 1
                    : lead < 0xc2                                                                     ? 1
                    : lead < 0xe0                                                                     ? 2
                    : lead < 0xf0                                                                     ? 3
                                                                                                      : 4;
    if (lead == '\r' && file->newline == Newline::kUniversal) {
      if (at + 1 == bytes.size() && !is_all) return bytes.npos;
      if (at + 1 < bytes.size() && bytes[at + 1] == '\n') length = 2;
    }
    if (at + length > bytes.size()) return is_all ? bytes.size() : bytes.npos;
    at += length;
  }
  return at;
}

/// Writes out the first `count` bytes of `pending`. Of those that the system refuses, `keep` says whether they stay.
Result<void> write_pending(ThreadState& thread, File* file, size_t count, bool keep) {
  Heap& heap = *thread.heap;
  const std::string bytes(file->pending, count);
  std::memmove(file->pending, file->pending + count, file->pending_length - count);
  file->pending_length -= static_cast<uint32_t>(count);
  file->lower_length -= std::min(file->lower_length, static_cast<uint32_t>(count));
  file->writer = thread.serial + 1;
  file->in_flight = static_cast<uint32_t>(count);
  int error = 0;
  const size_t done = write_out(thread, file, bytes, error);
  file->writer = file->in_flight = 0;
  file->written += keep ? done : count;
  thread.machine->runner().wake_all(thread.machine->state().output_waiters);
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

/// Bytes go to the lower stage directly.
Result<void> write_bytes(ThreadState& thread, File* file, std::string_view bytes) {
  File* base = file->base();
  Heap& heap = *thread.heap;
  if (!file->is_text() && has_kind(Value(file), BuiltinType::kUpdateFile) && !base->waiting().empty())
    forget_ahead(base);
  MINI_TRY(append_pending(heap, base, bytes, true));
  while (!is_being_written(thread, base) && base->lower_length > File::kBufferBytes)
    MINI_TRY(write_pending(thread, base, base->lower_length, true));
  return {};
}

}  // namespace

bool is_being_written(ThreadState& thread, const File* file) {
  // Not by a thread that was lost in a fork().
  return file->writer != 0 && thread.machine->runner().table().find(file->writer - 1) != nullptr;
}

Result<void> check_open(Heap& heap, const File* file) {
  if ((file->owner ? file->owner : file)->descriptor >= 0) return {};
  return heap.raise_text(BuiltinType::kValueError, "I/O operation on closed file.");
}

Raised raise_unsupported(Heap& heap, std::string_view what) {
  return heap.raise_text(BuiltinType::kUnsupportedOperation, what);
}

Result<void> flush(ThreadState& thread, File* file, sched::Time patience) {
  File* base = file->base();
  Ref<File> kept = Ref<File>::share(base);
  sched::Runner& runner = thread.machine->runner();
  const sched::Time end = patience == sched::kNever ? patience : sched::later(runner.now(), patience);
  // What is pending now, and no more: others may go on adding to it.
  const uint64_t wanted = base->written + base->in_flight + base->pending_length;
  while (is_being_written(thread, base) && base->written < wanted) {
    if (base->writer == thread.serial + 1) {
      base->reentered = 1;
      return {};
    }
    runner.wait(thread, &thread.machine->state().output_waiters, end, sched::WaitKind::Descriptor);
    MINI_TRY(give_way_inside(thread, sched::Exit::Parked));
    if (thread.wake_reason == sched::Wake::TimedOut) return {};
    if (thread.wake_reason == sched::Wake::Interrupted && thread.machine->handle_interrupt(thread)) return raised;
  }
  uint32_t& length = file->owner ? base->lower_length : base->pending_length;
  while (length > 0 && (base->written < wanted || std::exchange(base->reentered, 0)))
    MINI_TRY(write_pending(thread, base, length, true));
  return {};
}

Result<void> write(ThreadState& thread, File* file, std::string_view text) {
  Ref<File> kept = Ref<File>::share(file);
  if (!file->is_text()) return write_bytes(thread, file, text);
  if (!is_being_written(thread, file) && file->pending_length - file->lower_length + text.size() > File::kBufferBytes)
    MINI_TRY(push_down(thread, file));
  MINI_TRY(append_pending(*thread.heap, file, text));
  file->ahead_start = file->ahead_end = 0;  // as CPython: a text that was read ahead is gone for good
  file->line_ends = {};
  if (file->line_buffered && text.find_first_of("\r\n") != text.npos) return flush(thread, file);
  if (!is_being_written(thread, file) && file->pending_length - file->lower_length >= File::kBufferBytes) return push_down(thread, file);
  return {};
}

Result<std::string> encoded(Heap& heap, const File* file, const Str* text) {
  if (file && !file->plain && file->stream != 2) {
    Ref<Bytes> bytes =
        MINI_TRY(encode(heap, const_cast<Str*>(text), Value(file->encoding), Value(file->errors), "encode"));
    return with_line_ends(std::string(view_of(bytes)), file->newline);
  }
  std::string out = to_utf8(text);
  if (!text->wide) return file ? with_line_ends(std::move(out), file->newline) : out;
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
  if (escapes) return escaped;
  return file ? with_line_ends(std::move(out), file->newline) : out;
}

Result<std::string> read_line(ThreadState& thread, File* file, int64_t limit) {
  Heap& heap = *thread.heap;
  MINI_TRY(prepare_to_read(thread, file));
  File* base = file->base();
  const Newline newline = file->is_text() ? file->newline : Newline::kLineFeed;
  size_t looked_at = 0;
  for (bool is_all = false;;) {
    const std::string_view waiting = base->waiting();
    size_t end = end_of_line(waiting, newline, is_all, looked_at);
    if (limit >= 0) {
      const size_t most = file->is_text() ? characters_end(file, waiting, limit, is_all)
                          : waiting.size() >= static_cast<size_t>(limit) ? static_cast<size_t>(limit)
                                                                         : waiting.npos;
      end = std::min(end, most);
    }
    if (end != waiting.npos) return take_ahead(heap, file, end);
    if (is_all) return take_ahead(heap, file, waiting.size());
    looked_at = waiting.empty() ? 0 : waiting.size() - 1;  // perhaps a "\r"
    is_all = !MINI_TRY(fill(thread, base));
  }
}

Result<std::string> read_count(ThreadState& thread, File* file, int64_t count) {
  Heap& heap = *thread.heap;
  MINI_TRY(prepare_to_read(thread, file));
  File* base = file->base();
  for (bool is_all = false;;) {
    const std::string_view waiting = base->waiting();
    size_t end = waiting.npos;
    if (count >= 0)
      end = file->is_text() ? characters_end(file, waiting, count, is_all)
            : waiting.size() >= static_cast<size_t>(count) ? static_cast<size_t>(count)
                                                           : waiting.npos;
    if (end != waiting.npos) return take_ahead(heap, file, end);
    if (is_all) {
      file->iterated = 0;
      return take_ahead(heap, file, waiting.size());
    }
    is_all = !MINI_TRY(fill(thread, base));
  }
}

Result<std::string> read_some(ThreadState& thread, File* file, int64_t count, bool takes) {
  MINI_TRY(prepare_to_read(thread, file));
  File* base = file->base();
  const bool unbuffered = has_kind(Value(file), BuiltinType::kRawFile);
  if (base->waiting().empty() && count != 0)
    MINI_TRY(fill(thread, base, unbuffered ? static_cast<size_t>(count) : File::kBufferBytes));
  const size_t size = std::min<uint64_t>(base->waiting().size(), static_cast<uint64_t>(count));
  if (takes) return take_ahead(*thread.heap, file, size);
  return std::string(base->waiting().substr(0, size));
}

// Line ends -----------------------------------------------------------------------------------------------------------

size_t end_of_line(std::string_view text, Newline newline, bool is_all, size_t from) {
  const bool universal = newline == Newline::kUniversal || newline == Newline::kKeep;
  const char* ends = universal ? "\r\n" : newline == Newline::kLineFeed ? "\n" : "\r";
  for (size_t at = from; (at = text.find_first_of(ends, at)) != text.npos; ++at) {
    if (text[at] == '\n' || newline == Newline::kReturn) return at + 1;
    const bool followed = at + 1 < text.size();
    if (!followed && !is_all) return text.npos;
    if (followed && text[at + 1] == '\n') return at + 2;
    if (universal) return at + 1;
  }
  return text.npos;
}

std::string translated(std::string text, Newline newline) {
  if (newline != Newline::kUniversal || text.find('\r') == text.npos) return text;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\r' ? '\n' : text[i];
  }
  return out;
}

void LineEnds::note(std::string_view text, bool is_all) {
  if (!open_ && text.find('\r') == text.npos) {
    if (text.find('\n') != text.npos) seen_ |= kLineFeed;
    return;
  }
  for (char unit : text) {
    if (open_) seen_ |= unit == '\n' ? kPair : kReturn;
    else if (unit == '\n') seen_ |= kLineFeed;
    open_ = unit == '\r';
  }
  if (open_ && is_all) {
    seen_ |= kReturn;
    open_ = false;
  }
}

Result<Ref<Value>> LineEnds::value(Heap& heap) const {
  static constexpr std::pair<uint8_t, const char*> kEnds[] = {{kReturn, "\r"}, {kLineFeed, "\n"}, {kPair, "\r\n"}};
  Ref<List> ends = MINI_TRY(make_list(heap));
  for (const auto& [bit, end] : kEnds)
    if (seen_ & bit) MINI_TRY(append(heap, ends.get(), MINI_TRY(text(heap, end))));
  if (ends->length == 0) return none();
  if (ends->length == 1) return Ref<Value>::share(ends->items[0]);
  return widen(make_tuple(heap, ends->items, ends->length));
}

std::string with_line_ends(std::string text, Newline newline) {
  if (newline != Newline::kReturn && newline != Newline::kReturnLineFeed) return text;
  std::string out;
  for (char byte : text) {
    if (byte == '\n') out += newline == Newline::kReturn ? "\r" : "\r\n";
    else out += byte;
  }
  return out;
}

Result<Newline> newline_argument(Heap& heap, Value value) {
  if (value.is_unbound() || value.is_none()) return Newline::kUniversal;
  const std::string text = MINI_TRY(text_argument(heap, value, "open() argument 'newline'"));
  static constexpr const char* kNewlines[] = {"", "\n", "\r", "\r\n"};
  for (size_t i = 0; i < std::size(kNewlines); ++i)
    if (text == kNewlines[i]) return static_cast<Newline>(i + 1);
  return heap.raise(BuiltinType::kValueError, "illegal newline value: {}", text);
}

}  // namespace mini::modules
