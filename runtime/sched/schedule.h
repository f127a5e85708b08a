// Who runs next, and for how long: one small interface. A schedule is the host's, not the VM's: a restored VM
// goes on under whichever schedule it is given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sched/clock.h"
#include "runtime/sched/random.h"
#include "runtime/sched/thread.h"

namespace mini::sched {

class Replay;

/// What makes one slice differ from another, for whoever holds the GIL or waits for it.
struct Conditions {
  double pace = 1;  ///< how much faster the holder's CPU is than machine_speed() finds
  Time late = 0;    ///< how much later than at other times the system wakes anybody up at a time-out
};

/// Decides. Only the holder of the GIL asks, so an implementation needs no lock.
///
/// An exact schedule decides by instructions, and is asked by the observed loop before each of them; the same
/// script then runs the same way every time. One that is not is asked for successors only, and ends slices
/// by `interval()`; that is for the fast loop.
class Schedule {
 public:
  virtual ~Schedule() = default;

  /// With the same position: what a saved VM needs beside its memory to go on as it would have.
  virtual std::unique_ptr<Schedule> clone() const = 0;
  /// As --schedule= would have it.
  virtual std::string text() const = 0;

  virtual bool exact() const { return true; }
  /// Whether slices end by time: `interval()`.
  virtual bool timed() const { return !exact(); }
  /// The replay that this is, if it is one.
  virtual Replay* replay() { return nullptr; }
  virtual ClockKind clock() const { return exact() ? ClockKind::Virtual : ClockKind::Real; }

  /// Exact schedules: whether `current` gives way here, before its next instruction. Then next() is asked,
  /// and may still name the same thread. The instruction belongs to the slice in which it runs: so after a
  /// `true` this is called once more for it when the thread has the GIL again, for the count; the answer is
  /// not used then.
  virtual bool ends_slice(ThreadTable&, const Thread& /*current*/, Point) { return false; }

  /// The successor, one of `table.runnable`, which is not empty. By default the longest waiting.
  /// nullptr: this schedule cannot go on, error() says why, and the run ends; or, if pauses(), nobody shall run
  /// now, and the run stops with Outcome::Paused, nobody holding the GIL (OneThread only).
  /// `table.last` is the serial of the thread that gives way; it may be gone. A schedule that is not exact sets `lies_for`, and
  /// when whoever has to wait on began to.
  virtual Thread* next(ThreadTable& table, Cause) { return &table.runnable.front(); }
  virtual bool pauses() const { return false; }
  /// The main thread has finished, and with it the run. false: too early for this schedule, see error().
  virtual bool fits_end(ThreadTable&) { return true; }
  const std::string& error() const { return error_; }

  /// Not exact: how long nobody may have switched before a waiting thread asks the holder to give way.
  virtual Time interval() const { return kNever; }
  virtual void set_interval(Time) {}
  /// Not exact: when a thread that has waited for `waited`, until the holder got the GIL, will ask that one to give way,
  /// in time of the holder (slice.h). Less than 0: it will not be awake before.
  virtual Time time_until_asked(Time /*waited*/, Random&) const { return interval(); }
  /// Not exact: how the system is in a slice.
  virtual Conditions conditions(Random&) const { return {}; }
  /// Not exact: how long a thread that becomes runnable takes until it waits.
  virtual Time wake_up_time(Random&) const { return 0; }
  /// Not exact: whether a thread that was woken for a lock takes it as soon as it is awake, without the GIL.
  virtual bool wakes_up_outside() const { return false; }

  /// Whether threads that come back may ask the holder at once; then the following are told and asked.
  virtual bool preempts() const { return false; }
  /// `thread` is runnable again after a sleep, a time-out or a call outside the VM.
  virtual void came_back(ThreadTable&, Thread& /*thread*/, Time /*present*/) {}
  /// `thread` held the GIL for `span`, and gives it up for this reason.
  virtual void ran(Thread& /*thread*/, Time /*span*/, Cause, Time /*present*/) {}
  /// Whether the holder shall give way at once to somebody in the run queue.
  virtual bool hurries(ThreadTable&, Time /*present*/) { return false; }
  /// Whether there may be urgent threads; otherwise a thread that leaves for a call gives the GIL for good.
  virtual bool has_budget() const { return true; }

 protected:
  std::string error_;
};

/// `interval:TIME`: CPython's rule. A thread that waits asks after an interval in which nobody switched; the
/// holder notices at one of its next switch points (Runner::look draws which one), gives way, and runs again only
/// after another thread has run ("forced switching", CPython 3.9, Python/ceval_gil.h, take_gil and drop_gil).
///
/// Each waits with a time-out of its own, and begins anew when it comes: so one that began to wait before the holder got
/// the GIL has to wait up to two intervals. The system wakes the asker late, by up to kLatest; in one slice of eight by up to
/// kKernelTick more. First in the line is who began its present time-out first. But the GIL lies there until the system has
/// woken that one up. If its holder was made to give it away, who asked for it often takes it, being awake; if not, who came last
/// (percent_of), and who was woken up in vain begins its time-out anew. So does a thread take it that was just created, when
/// none of the others has come so far as to wait.
///
/// A lock is a semaphore of the system's there: who was woken for it takes it, if it is free at that moment, without the GIL
/// (Runner::taken_meanwhile). Who released it and asks for it again a little later finds it taken.
///
/// The interval is CPython 3.9's time. mini is several times faster, and by the clock on the wall many a loop would be
/// over before anybody asked. So it ends when the holder has executed as much as CPython does in it (slice.h); or by the
/// clock, for a holder that spends its time in natives.
class Interval final : public Schedule {
 public:
  explicit Interval(Time interval) { set_interval(interval); }
  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override;
  bool exact() const override { return false; }
  Time interval() const override { return interval_; }
  /// At least a microsecond, as in CPython.
  void set_interval(Time interval) override { interval_ = interval < kMicrosecond ? kMicrosecond : interval; }
  Time time_until_asked(Time waited, Random&) const override;
  Conditions conditions(Random&) const override;
  Time wake_up_time(Random&) const override;
  bool wakes_up_outside() const override { return true; }
  Thread* next(ThreadTable&, Cause) override;

 private:
  /// How long the system takes to wake a thread up, and how late it may be at a time-out: measured of CPython 3.9 on an
  /// idle machine with two CPUs, whose kernel ticks 250 times a second.
  static constexpr Time kEarliest = 40 * kMicrosecond, kLatest = 80 * kMicrosecond, kKernelTick = 4 * kMillisecond;
  /// Of 100 times, how often one that came last gets the GIL before who is first in the line: of CPython 3.9, as above.
  /// More often if the GIL was let go of by one that waits for something else, and before one than before several.
  std::uint32_t percent_of(const Thread& comer, const ThreadTable&) const;
  /// A longer interval ends with this one: nobody sees the difference.
  Time bounded() const { return std::min(interval_, 1'000'000 * kSecond); }
  /// From the beginning of a time-out to the next one's: the system wakes whoever waits late.
  Time time_out() const;
  Time interval_;
};

/// `every:N`: gives way at the first switch point after N visible instructions, to the longest waiting.
class EveryN final : public Schedule {
 public:
  explicit EveryN(std::uint64_t instructions) : limit_(instructions) {}
  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override;
  bool ends_slice(ThreadTable&, const Thread&, Point) override;
  Thread* next(ThreadTable&, Cause) override;

 private:
  std::uint64_t limit_;
  std::uint64_t count_ = 0;  // instructions of this slice
};

/// `seeded:SEED`: slices of random length, from one instruction to a thousand, short ones as likely as long
/// ones; a random successor.
class Seeded final : public Schedule {
 public:
  explicit Seeded(std::uint64_t seed);
  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override;
  bool ends_slice(ThreadTable&, const Thread&, Point) override;
  Thread* next(ThreadTable&, Cause) override;

 private:
  void draw_slice();
  std::uint64_t seed_;
  Random random_;
  std::uint32_t left_ = 0;  // instructions until the slice may end
};

/// `steps:LIST`: a written list of slices, `Tn*k` (k instructions of the script's own), `Tn*` (until it
/// blocks or ends), `Tn` (to its next switch point). Before the list, T0 runs until every thread named in it
/// is started; after it, the lowest runnable thread runs until it blocks.
class Steps final : public Schedule {
 public:
  struct Slice {
    enum class Until : std::uint8_t { Count, NextPoint, Blocked } until;
    std::uint32_t thread;
    std::uint64_t count = 0;
  };
  explicit Steps(std::vector<Slice> slices);
  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override;
  bool ends_slice(ThreadTable&, const Thread&, Point) override;
  Thread* next(ThreadTable&, Cause) override;
  bool fits_end(ThreadTable&) override;

 private:
  bool all_started(const ThreadTable& table) const { return table.started > highest_; }
  bool check_end(Cause cause);
  Thread* begin_slice(ThreadTable& table);

  std::vector<Slice> slices_;
  std::uint32_t highest_ = 0;     // serial of the last thread named
  bool listening_ = false;        // the list has begun
  std::size_t index_ = 0;         // the slice that runs
  std::uint64_t count_ = 0;       // its counted instructions
  std::uint64_t last_point_ = 0;  // count of the last switch point in it, 0: none
};

/// Somebody else decides: a person, a test, an explorer, a replay.
class Directed final : public Schedule {
 public:
  using EndsSlice = std::function<bool(ThreadTable&, const Thread& current, Point)>;
  using Next = std::function<Thread*(ThreadTable&, Cause)>;
  Directed(EndsSlice ends_slice, Next next) : ends_slice_(std::move(ends_slice)), next_(std::move(next)) {}
  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override { return "directed"; }
  bool ends_slice(ThreadTable& table, const Thread& current, Point point) override {
    return ends_slice_(table, current, point);
  }
  Thread* next(ThreadTable& table, Cause cause) override {
    Thread* chosen = next_(table, cause);
    if (!chosen) error_ = "the director named no thread";
    return chosen;
  }

 private:
  EndsSlice ends_slice_;
  Next next_;
};

struct ParsedSchedule {
  std::unique_ptr<Schedule> schedule;  ///< nullptr: `error` says what is wrong, for "--schedule=TEXT: …"
  std::string error;
};

/// `interval:TIME`, `every:N`, `seeded:SEED`, `steps:LIST` or `responsive:TIME`.
ParsedSchedule parse_schedule(std::string_view text);

/// A time such as `5ms`, `100us`, `1.5s`, `250ns`; kNever if it is none. Always positive.
Time parse_time(std::string_view text);
/// The shortest such text that means this time exactly.
std::string time_text(Time time);

}  // namespace mini::sched
