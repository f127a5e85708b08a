// Files and the standard streams: descriptors with buffers in the VM's memory.
//
//     file.cpp            the buffers and the system calls
//     file_position.cpp   seek, tell, truncate, close
//     file_methods.cpp    what scripts see of it
//     file_open.cpp       open(), the types
//     memory_file.cpp     StringIO and BytesIO
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

/// How the ends of lines are read and written: the values of open()'s `newline`.
enum class Newline : uint8_t {
  kUniversal,  ///< None: "\r\n" and "\r" are read as "\n"
  kKeep,       ///< '': they end lines, and stay as they are
  kLineFeed,
  kReturn,
  kReturnLineFeed
};

/// Which ends of lines came by: a text's `newlines`, also of those parts that were read ahead only, as the decoder of
/// CPython's TextIOWrapper sees them (3.13 Modules/_io/textio.c, IncrementalNewlineDecoder).
class LineEnds {
 public:
  /// `is_all`: nothing follows, so that a "\r" at the end is one by itself.
  void note(std::string_view text, bool is_all);
  /// None, a str, or a tuple of them.
  Result<Ref<Value>> value(Heap&) const;
  uint16_t state() const { return static_cast<uint16_t>(seen_ << 1 | (open_ ? 1 : 0)); }

 private:
  static constexpr uint8_t kLineFeed = 1, kReturn = 2, kPair = 4;

  uint8_t seen_ = 0;
  bool open_ = false;  ///< the last one was a "\r": perhaps a "\n" follows
};
inline bool notes_line_ends(Newline newline) { return newline == Newline::kUniversal || newline == Newline::kKeep; }

/// A file of any type: text (UTF-8 unless told otherwise), or bytes. What was written waits in `pending` until it is
/// due: at a line's end on a terminal, else when kBufferBytes are full, at flush() and at the end. As CPython's
/// TextIOWrapper over a BufferedWriter, there are two stages, which shows when the system refuses to take it: what the
/// lower one holds stays, what was on its way is lost. Files of bytes have the lower stage alone.
struct File : Tracked {
  Value name;        ///< str, or the descriptor's number
  Str* mode;
  Str* encoding;     ///< null: bytes
  Str* errors;
  File* owner;       ///< of a text file's `buffer`: that file, whose stages it shares; else null
  File* buffer;      ///< the `buffer` that was asked for, as long as it lives: borrowed
  File* raw;         ///< likewise
  int32_t descriptor;      ///< -1: closed
  uint8_t readable, writable;
  uint8_t line_buffered;
  uint8_t owns_descriptor; ///< closed with the object
  uint8_t stream;          ///< 1 stdout, 2 stderr: the host may have asked to see what is written; 0: neither
  Newline newline;
  LineEnds line_ends;      ///< of what was read ahead
  uint8_t plain;           ///< text in UTF-8, errors='strict': no codec has to be asked
  uint8_t reentered;       ///< a signal's handler flushed while its own thread was in the system call
  uint8_t iterated;        ///< a line was got by next(): tell() is refused until the end was read
  char* pending;
  uint32_t pending_length, pending_capacity;
  uint32_t lower_length;   ///< of `pending`, how much the lower stage holds
  uint32_t writer;         ///< 1 + the serial of the thread that is in the system call; 0: none
  uint32_t in_flight;      ///< bytes that it has taken out of `pending`
  uint64_t written;        ///< bytes taken out before that, and not put back
  char* ahead;             ///< read, but not yet asked for: [ahead_start, ahead_end)
  uint32_t ahead_start, ahead_end, ahead_capacity;

  static constexpr uint32_t kBufferBytes = 8192;  ///< of the upper stage (TextIOWrapper's chunk), and of files of bytes
  static constexpr uint32_t kLowerBytes = 4096;   ///< of the lower one: the block size of files and pipes

  bool is_text() const { return encoding != nullptr; }
  /// The file whose descriptor and buffers these are.
  File* base() { return owner ? owner : this; }
  std::string_view waiting() const { return {ahead + ahead_start, ahead_end - ahead_start}; }
};

inline bool is_any_file(Value value) {
  for (BuiltinType which : {BuiltinType::kFile, BuiltinType::kReadFile, BuiltinType::kWriteFile,
                            BuiltinType::kUpdateFile, BuiltinType::kRawFile})
    if (has_kind(value, which)) return true;
  return false;
}
/// A text file, or null.
inline File* as_file(Value value) {
  return has_kind(value, BuiltinType::kFile) ? static_cast<File*>(value.as_object()) : nullptr;
}

Result<void> define_file_types(Heap&);
Result<void> define_memory_files(Heap&);
/// For the three standard streams: `stream` 0, 1, 2 is also the descriptor.
Result<Ref<File>> make_standard_stream(Machine&, int stream);
Result<Ref<Value>> open_file(Call&);
/// A path as the system takes it: a str, bytes or whatever has `__fspath__`.
Result<std::string> path_argument(Heap&, Value value, const char* expected = "expected str, bytes or os.PathLike object");

/// Writes text, as bytes. Other threads may run while it reaches the system.
Result<void> write(ThreadState&, File*, std::string_view text);
/// Writes out what is pending; for files of bytes also what is the lower stage's of the text file above. What another
/// thread is about to write is waited for, as for the lock of a BufferedWriter (CPython 3.13, Modules/_io/bufferedio.c), but
/// no longer than `patience`: at the end of a program a daemon may be stuck there.
Result<void> flush(ThreadState&, File*, sched::Time patience = sched::kNever);
/// Whether a thread is in the system call for this file: others only add to `pending`.
bool is_being_written(ThreadState&, const File*);
/// A line with its end, translated; less, or nothing, at the end of the file. `limit` < 0: no limit (characters of text).
Result<std::string> read_line(ThreadState&, File*, int64_t limit = -1);
/// Up to `count` characters or bytes, fewer only at the end of the file; < 0: all.
Result<std::string> read_count(ThreadState&, File*, int64_t count);
/// What is there, or what one system call brings; at most `count` bytes.
Result<std::string> read_some(ThreadState&, File*, int64_t count, bool takes);
/// Position of the next byte that a script will see.
Result<int64_t> tell(ThreadState&, File*);
Result<int64_t> seek(ThreadState&, File*, int64_t offset, int whence);
Result<void> close(ThreadState&, File*);
/// Throws away what was read ahead; true if the system's position follows the script's again.
bool forget_ahead(File*);

/// A text as it goes into a file: UnicodeEncodeError where it has lone surrogates, which stderr shows as escapes.
Result<std::string> encoded(Heap&, const File*, const Str* text);
/// Line ends as `newline` has them in memory: translated, or as they are.
std::string translated(std::string text, Newline newline);
/// Line ends as they are written.
std::string with_line_ends(std::string text, Newline newline);
/// Where the first line of `text` ends: behind its end; npos if that is not there. `is_all`: nothing follows.
size_t end_of_line(std::string_view text, Newline newline, bool is_all, size_t from = 0);
Result<Newline> newline_argument(Heap&, Value);

Result<void> check_open(Heap&, const File*);
Raised raise_unsupported(Heap&, std::string_view what);

/// `sys.stdout` and the like, borrowed; RuntimeError "lost sys.stdout" if a script deleted it.
Result<Value> standard_stream(ThreadState&, Name which);
/// Writes to any object with a `write` method, as print does.
Result<void> write_to(ThreadState&, Value file, std::string_view text);
Result<void> flush_any(ThreadState&, Value file);

}  // namespace mini::modules
