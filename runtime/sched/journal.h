// What a run needs to be repeated: who got the GIL when, which waits ended by themselves, and what came from outside.
// The runner tells it to a journal (recording.h) as it happens, and a replay (replay.h) hears the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/sched/slices.h"
#include "runtime/sched/thread.h"

namespace mini::sched {

enum class Outcome : std::uint8_t;

/// Where a thread stands between two instructions: before the instruction `index` of `code` (which means something to the
/// VM only), having made `ticks`.
struct Position {
  std::uint64_t ticks = 0;
  const void* code = nullptr;
  std::uint32_t index = 0;
};

/// The same for people, and for another run to compare with.
struct Place {
  std::string file, function, instruction;
  std::uint32_t first_line = 0;  ///< of the function
  std::uint32_t index = 0, line = 0;
  bool operator==(const Place&) const = default;
};
/// "increment:11, offset 4 (INPLACE_ADD)"; the function's line if that of the instruction is not known.
std::string text(const Place& place);

/// When something happened in the slice of the thread that runs.
struct Moment {
  enum class Kind : std::uint8_t {
    End,    ///< at the slice's end, where the thread blocked or ended by itself
    Point,  ///< between two of its instructions
    Call,   ///< in the blocking call that makes `count` of the thread's (Thread::calls)
    Poll,   ///< when interrupts were looked for, the `count`-th time in the run; or who took a lock, since one last was
  };
  Kind kind = Kind::End;
  std::uint64_t count = 0;
  Position position{};  ///< Point
};

/// What a script can learn from outside its VM. A number, or bytes.
enum class Outside : std::uint8_t {
  Clock,        ///< a clock's time, in nanoseconds
  Random,       ///< random bytes of the system's
  Input,        ///< bytes that were read, from a descriptor or a person
  Result,       ///< what a system call answered: a count, a descriptor, or -errno
  Environment,  ///< an environment variable, the name of the host, a path …
  Source,       ///< a file that was imported
  Other,
};
constexpr std::uint32_t kOutsideKinds = 7;
std::string_view name(Outside kind);

/// Hears of a run. Every call is made by the holder of the GIL, or for it while it changes hands.
class Journal {
 public:
  virtual ~Journal() = default;
  /// The slice of the thread that ran is over, and the one of `to` begins.
  virtual void on_slice(const Moment& end, std::uint32_t to, Cause cause) = 0;
  /// A wait ended by a deadline or an interrupt.
  virtual void on_wake(const Moment& when, std::uint32_t thread, Wake reason) = 0;
  /// The main thread found that it was interrupted.
  virtual void on_interrupt(const Moment& when) = 0;
  /// A thread that was woken for a lock took it without the GIL.
  virtual void on_taken(const Moment& when) = 0;
  virtual void on_number(Outside kind, std::int64_t number) = 0;
  virtual void on_bytes(Outside kind, std::string_view bytes) = 0;
  virtual void on_end(Outcome outcome) = 0;
};

/// Keeps the slices of a run for a token, as long as it is short and nothing came from outside but what a person can
/// give again.
class SliceLog final : public Journal {
 public:
  static constexpr std::size_t kMost = 4096;
  /// `virtual_clock`: time is part of the VM.
  explicit SliceLog(bool virtual_clock) : virtual_clock_(virtual_clock) {}

  const std::vector<Slice>& slices() const { return slices_; }
  /// Why there is no token for the run so far; empty: there is one.
  const std::string& obstacle() const { return obstacle_; }

  void on_slice(const Moment& end, std::uint32_t to, Cause cause) override;
  void on_wake(const Moment& when, std::uint32_t thread, Wake reason) override;
  void on_interrupt(const Moment& when) override;
  void on_taken(const Moment& when) override;
  void on_number(Outside kind, std::int64_t number) override;
  void on_bytes(Outside kind, std::string_view bytes) override;
  void on_end(Outcome) override {}
 private:
  void spoil(std::string_view why);
  bool virtual_clock_;
  std::vector<Slice> slices_{1};
  std::string obstacle_;
};

}  // namespace mini::sched
