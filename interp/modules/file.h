// Text files and the standard streams: descriptors with a buffer in the VM's memory.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

/// A text file, UTF-8 both ways. What was written waits in `pending` until it is due: at a line's end on a terminal, else
/// when kBufferBytes are full, at flush() and at the end. As CPython's TextIOWrapper over a BufferedWriter, there are two
/// stages, which shows when the system refuses to take it: what the lower one holds stays, what was on its way is lost.
struct File : Tracked {
  Value name;  ///< str, or the descriptor's number
  Str* mode;
  int32_t descriptor;      ///< -1: closed
  uint8_t readable, writable;
  uint8_t line_buffered;
  uint8_t owns_descriptor; ///< closed with the object
  uint8_t stream;          ///< 1 stdout, 2 stderr: the host may have asked to see what is written; 0: neither
  uint8_t translates;      ///< "\r\n" and "\r" are read as "\n"
  uint8_t writing;         ///< a thread is in the system call: others only add to `pending`
  uint8_t after_return;    ///< the last byte read was "\r"
  uint8_t at_end;
  char* pending;
  uint32_t pending_length, pending_capacity;
  uint32_t lower_length;   ///< of `pending`, how much the lower stage holds
  char* ahead;             ///< read, but not yet asked for: [ahead_start, ahead_end)
  uint32_t ahead_start, ahead_end, ahead_capacity;

  static constexpr uint32_t kBufferBytes = 8192;  ///< of the upper stage (TextIOWrapper's chunk)
  static constexpr uint32_t kLowerBytes = 4096;   ///< of the lower one: the block size of files and pipes
};

inline File* as_file(Value value) {
  return has_kind(value, BuiltinType::kFile) ? static_cast<File*>(value.as_object()) : nullptr;
}

Result<void> define_file_type(Heap&);
/// For the three standard streams: `stream` 0, 1, 2 is also the descriptor.
Result<Ref<File>> make_standard_stream(Machine&, int stream);
Result<Ref<Value>> open_file(Call&);

/// Writes text. Other threads may run while it reaches the system.
Result<void> write(ThreadState&, File*, std::string_view text);
/// Writes `text` first and then what is pending to the system.
Result<void> flush(ThreadState&, File*);
/// A line with its newline; less, or nothing, at the end of the file. `limit` < 0: no limit.
Result<std::string> read_line(ThreadState&, File*, int64_t limit = -1);

/// A text as it goes into a file: UnicodeEncodeError where it has lone surrogates, which stderr shows as escapes.
Result<std::string> encoded(Heap&, const File*, const Str* text);

/// `sys.stdout` and the like, borrowed; RuntimeError "lost sys.stdout" if a script deleted it.
Result<Value> standard_stream(ThreadState&, Name which);
/// Writes to any object with a `write` method, as print does.
Result<void> write_to(ThreadState&, Value file, std::string_view text);
Result<void> flush_any(ThreadState&, Value file);

}  // namespace mini::modules
