/// \file
/// mini::Error: the only exception that mini itself throws.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mini {

class Value;
namespace detail {
class Core;
struct ErrorData;
}

/// What went wrong.
enum class ErrorKind : std::uint8_t {
  kScript,       ///< a script exception that nobody caught; a text that does not compile is one (SyntaxError)
  kExit,         ///< SystemExit: the script called sys.exit(); Error::exit_status() tells with what
  kInterrupted,  ///< KeyboardInterrupt: Vm::interrupt()
  kLimit,        ///< a limit of Options; Error::limit() tells which
  kDeadlock,     ///< no thread could ever run again
  kSchedule,     ///< the schedule could not go on, or could not be read; a replay that does not fit
  kEnded,        ///< the call was inside when another OS thread's call ended the run (deadlock, limit, schedule)
  kUsage,        ///< the call itself was wrong: a value of another VM, a VM that is gone, options that make no sense
};

/// The limit that was met.
enum class Limit : std::uint8_t { kNone, kInstructions, kTime, kMemory, kDepth };

/// An error of a VM, and a script exception seen from C++.
///
/// Thrown by every function of mini that can fail, unless it says otherwise. Copies share their content and may be made,
/// kept and dropped on any thread, also after the VM is gone.
///
/// After kDeadlock, kLimit (kInstructions and kTime), kSchedule and kEnded the run is over: its threads never run again,
/// whatever they were doing, and no `finally` of theirs is executed. The VM, its globals and all values stay usable, and
/// the next call begins a new run. After every other error everything goes on as if the script had caught it.
///
/// A C++ function that a script calls may throw this, or any other exception: see native.h.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  /// For a C++ function to raise a script exception: `throw mini::Error::raise("ValueError", "too short")`. `type` is the
  /// name of a builtin exception class; any other name raises RuntimeError.
  static Error raise(std::string_view type, std::string_view message);

  ErrorKind kind() const noexcept;
  /// kLimit: which. kMemory and kDepth are a MemoryError and a RecursionError, which the script could have caught.
  Limit limit() const noexcept;
  /// The exception's class with its module, unless that is `builtins` or `__main__`: "ValueError"; otherwise empty.
  const std::string& type_name() const noexcept;
  /// What str(exception) gives, or the cause in a line. what() is "ValueError: too short".
  const std::string& message() const noexcept;
  /// The whole story, several lines: the traceback as CPython 3.13 prints it; who waits for what in a deadlock; where a
  /// schedule failed.
  const std::string& report() const noexcept;
  /// kExit: as the README lists them.
  int exit_status() const noexcept;
  /// The script's exception object: its attributes, `__cause__`, `args`. None if there is none.
  Value exception() const;
  /// The C++ exception that a C++ function threw and no script caught, or null: std::rethrow_exception() it.
  std::exception_ptr original() const noexcept;

  /// mini's own use.
  explicit Error(std::shared_ptr<const detail::ErrorData> data);

 private:
  friend class detail::Core;
  std::shared_ptr<const detail::ErrorData> data_;
};

}  // namespace mini
