// A schedule that repeats a run: one that was recorded (recording.h), or the slices of a token (token.h).
//
// The replayed run goes through the fast loop. The next event in a thread's slice lies at a number of ticks; shortly
// before, the thread's tick alarm (Thread::ticks_left) makes it look at each instruction, until it stands where the event
// was. What does not fit ends the run, with error() saying at which slice and instruction; nothing is guessed.
#pragma once

#include <memory>
#include <vector>

#include "runtime/sched/journal.h"
#include "runtime/sched/schedule.h"

namespace mini::sched {

/// Something that happened in a recorded run, in its order.
struct Event {
  enum class Kind : std::uint8_t { Slice, Wake, Interrupt, Number, Bytes, End, Taken };
  Kind kind = Kind::End;
  Moment when{};              ///< Slice, Wake, Interrupt, Taken; when.position.code is not set
  const Place* place = nullptr;  ///< for Moment::Kind::Point; null: not recorded
  std::uint32_t thread = 0;   ///< Slice: who follows; Wake: who is woken
  Cause cause{};              ///< Slice
  Wake reason{};              ///< Wake
  Outside outside{};          ///< Number, Bytes
  std::int64_t number = 0;
  std::string bytes;
  Outcome outcome{};          ///< End
};

/// The events of a run, one after the other.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// A source that stands at the same event.
  virtual std::unique_ptr<EventSource> clone() const = 0;
  /// The next event, of which there is always one: the last is Event::Kind::End.
  virtual const Event& next() const = 0;
  virtual void advance() = 0;
  /// Whether the events are all that happened. Otherwise they are slices only, and the rest follows from them: time is
  /// virtual, and what comes from outside is asked for again.
  virtual bool complete() const = 0;
};

/// The slices of a token.
std::unique_ptr<EventSource> slice_source(std::vector<Slice> slices);

class Replay final : public Schedule {
 public:
  /// `recorded`: the schedule of the recorded run, which the script may ask about; nullptr: none that it could know.
  /// `recorded_clock`: that run's.
  Replay(std::unique_ptr<EventSource> events, std::unique_ptr<Schedule> recorded, ClockKind recorded_clock)
      : events_(std::move(events)), recorded_(std::move(recorded)), recorded_clock_(recorded_clock) {}

  std::unique_ptr<Schedule> clone() const override;
  std::string text() const override { return recorded_ ? recorded_->text() : "replay"; }
  bool exact() const override { return false; }
  bool timed() const override { return false; }
  ClockKind clock() const override { return ClockKind::Virtual; }
  bool wakes_up_outside() const override { return complete(); }
  Time interval() const override { return recorded_ ? recorded_->interval() : kNever; }
  void set_interval(Time interval) override {
    if (recorded_) recorded_->set_interval(interval);
  }
  Replay* replay() override { return this; }
  bool fits_end(ThreadTable&) override;

  const Event& next_event() const { return events_->next(); }
  void advance() {
    if (next_event().kind == Event::Kind::Slice) ++slice_;
    events_->advance();
  }
  bool complete() const { return events_->complete(); }
  ClockKind recorded_clock() const { return recorded_clock_; }
  bool failed() const { return !error_.empty(); }
  /// The run cannot go on as it was: the first reason is kept. `where`: the thread and where it stands.
  void fail(const std::string& where, const std::string& why);
  /// What the recorded run did next, for such a reason.
  std::string expected() const;
  /// Number of the slice that runs, from 0.
  std::uint64_t slice() const { return slice_; }

 private:
  std::unique_ptr<EventSource> events_;
  std::unique_ptr<Schedule> recorded_;
  ClockKind recorded_clock_;
  std::uint64_t slice_ = 0;
};

}  // namespace mini::sched
