// What a replay does where the schedule of a run that is not one decides for itself: the runner's questions to it.
#include "runtime/sched/replay.h"

#include <cerrno>

#include "runtime/base/assert.h"
#include "runtime/sched/runner.h"

namespace mini::sched {

namespace {

class SliceSource final : public EventSource {
 public:
  explicit SliceSource(std::vector<Slice> slices)
      : slices_(std::make_shared<const std::vector<Slice>>(std::move(slices))) {
    show();
  }
  std::unique_ptr<EventSource> clone() const override { return std::make_unique<SliceSource>(*this); }
  const Event& next() const override { return event_; }
  void advance() override {
    ++at_;
    show();
  }
  bool complete() const override { return false; }

 private:
  void show() {
    event_ = {};
    if (at_ + 1 >= slices_->size()) return;
    const Slice& slice = (*slices_)[at_];
    event_.kind = Event::Kind::Slice;
    event_.thread = (*slices_)[at_ + 1].thread;
    event_.when.kind = slice.end == Slice::End::Point  ? Moment::Kind::Point
                       : slice.end == Slice::End::Call ? Moment::Kind::Call
                                                       : Moment::Kind::End;
    event_.when.count = slice.count;
    event_.when.position = {slice.count, nullptr, slice.index};
  }

  std::shared_ptr<const std::vector<Slice>> slices_;
  std::size_t at_ = 0;
  Event event_;
};

std::string name_of(std::uint32_t thread) {
  return "T" + std::to_string(thread);
}

}  // namespace

std::unique_ptr<EventSource> slice_source(std::vector<Slice> slices) {
  return std::make_unique<SliceSource>(std::move(slices));
}

std::unique_ptr<Schedule> Replay::clone() const {
  auto copy = std::make_unique<Replay>(events_->clone(), recorded_ ? recorded_->clone() : nullptr, recorded_clock_);
  copy->slice_ = slice_;
  copy->error_ = error_;
  return copy;
}

void Replay::fail(const std::string& where, const std::string& why) {
  if (failed()) return;
  error_ = "the replay cannot go on: slice " + std::to_string(slice_ + 1) + ", " + where + ": " + why;
}

std::string Replay::expected() const {
  const Event& event = next_event();
  std::string at;
  switch (event.when.kind) {
    case Moment::Kind::End:
      at = " when the thread blocked or ended";
      break;
    case Moment::Kind::Point:
      at = " after " + std::to_string(event.when.position.ticks) + " ticks, before " +
           (event.place ? mini::sched::text(*event.place)
                        : "the instruction at offset " + std::to_string(2 * event.when.position.index));
      break;
    case Moment::Kind::Call:
      at = " in blocking call " + std::to_string(event.when.count);
      break;
    case Moment::Kind::Poll:
      at = " in a call";
      break;
  }
  switch (event.kind) {
    case Event::Kind::Slice:
      return name_of(event.thread) + " went on" + at;
    case Event::Kind::Wake:
      return name_of(event.thread) + "'s wait was over" + at;
    case Event::Kind::Interrupt:
      return "the interrupt came" + at;
    case Event::Kind::Taken:
      return "a thread took a lock" + at;
    case Event::Kind::Number:
    case Event::Kind::Bytes:
      return "the script asked for something from outside (" + std::string(name(event.outside)) + ")";
    case Event::Kind::End:
      return event.outcome == Outcome::Deadlock ? "all threads waited for each other" : "the run was over";
  }
  return "";
}

bool Replay::fits_end(ThreadTable&) {
  const Event& event = next_event();
  if (failed()) return false;
  if (event.kind == Event::Kind::End && event.outcome == Outcome::Finished) return true;
  fail("T0", "the main thread is over, but in the recorded run " + expected());
  return false;
}

// ---- The runner's side

void Runner::replay_fail(Thread* thread, const std::string& why) {
  if (replay_->failed()) return;
  if (!thread) return replay_->fail("between threads", why);
  const Position here = machine_.position(*thread);
  std::string where = name_of(thread->serial);
  if (here.code) where += " at " + text(machine_.place(here)) + ", after " + std::to_string(here.ticks) + " ticks";
  replay_->fail(where, why);
  thread->ask(options_.breaker_table);
}

void Runner::replay_arm(Thread& thread) {
  const Event& next = replay_->next_event();
  thread.set_tick_alarm(Thread::kNoTick);
  if (replay_->failed() || next.when.kind != Moment::Kind::Point || next.kind > Event::Kind::Interrupt) {
    if (replay_->failed()) thread.ask(options_.breaker_table);
    return;
  }
  const std::uint64_t ticks = next.when.position.ticks;
  if (thread.ticks() + kTickMargin >= ticks)
    thread.ask(options_.breaker_table);
  else
    thread.set_tick_alarm(ticks - kTickMargin);
}

void Runner::replay_wake() {
  const Event& event = replay_->next_event();
  Thread* woken = table_.find(event.thread);
  if (woken && woken->state == State::Blocked && (event.reason != Wake::TimedOut || woken->deadline != kNever)) {
    if (event.reason == Wake::Interrupted) interrupted_.store(true);
    wake(*woken, event.reason);
    replay_->advance();
  } else {
    replay_fail(table_.current, name_of(event.thread) + " does not wait, but in the recorded run " + replay_->expected());
  }
}

Notice Runner::replay_look(Thread& thread) {
  if (over_ || thread.lets_go || (stop_.load() && can_end())) {
    thread.dispatch.store(options_.breaker_table);
    return Notice::Switch;
  }
  if (interrupted_.load() && !replay_->complete() && &thread == main_.load(std::memory_order_relaxed))
    return Notice::Interrupt;
  for (;;) {
    if (replay_->failed()) return Notice::Switch;
    const Event& next = replay_->next_event();
    const bool here_or_later = next.when.kind == Moment::Kind::Point && next.kind <= Event::Kind::Interrupt;
    const std::uint64_t ticks = thread.ticks(), wanted = next.when.position.ticks;
    if (!here_or_later || ticks + kTickMargin < wanted) {
      thread.calm(options_.fast_table);
      replay_arm(thread);
      return Notice::None;
    }
    if (ticks < wanted) return Notice::None;
    const Position here = machine_.position(thread);
    if (ticks == wanted && here.index < next.when.position.index) return Notice::None;
    if (ticks > wanted || here.index > next.when.position.index) {
      replay_fail(&thread, "in the recorded run " + replay_->expected());
      return Notice::Switch;
    }
    if (next.place && !(machine_.place(here) == *next.place)) {
      replay_fail(&thread, "in the recorded run " + replay_->expected());
      return Notice::Switch;
    }
    switch (next.kind) {
      case Event::Kind::Wake:
        replay_wake();
        continue;
      case Event::Kind::Interrupt:
        interrupted_.store(true);
        replay_->advance();
        replay_arm(thread);
        return Notice::Interrupt;
      default:
        return Notice::Switch;
    }
  }
}

Thread* Runner::replay_choose(Thread* from, Cause cause) {
  if (replay_->failed()) return nullptr;
  if (!replay_->complete() && table_.runnable.empty() && table_.calling == 0) return nullptr;  // a deadlock
  const Moment::Kind wanted = cause == Cause::Switched ? Moment::Kind::Point
                              : cause == Cause::Called ? Moment::Kind::Call
                                                       : Moment::Kind::End;
  auto is_here = [&] {
    const Event& next = replay_->next_event();
    return next.when.kind == wanted && next.kind <= Event::Kind::Wake;
  };
  while (is_here() && replay_->next_event().kind == Event::Kind::Wake) {
    replay_wake();
    if (replay_->failed()) return nullptr;
  }
  const Event& next = replay_->next_event();
  if (next.kind == Event::Kind::End && next.outcome == Outcome::Deadlock && cause != Cause::Switched) return nullptr;
  Thread* to = is_here() ? table_.find(next.thread) : nullptr;
  const bool can_run = to && (to->state == State::Runnable || to->state == State::Calling);
  // A list of slices may leave out that a thread slept alone.
  const bool slept_alone = !replay_->complete() && from && cause == Cause::Parked && from->state == State::Runnable &&
                           !can_run && table_.runnable.size() == 1;
  if (slept_alone) return from;
  if (!can_run || (replay_->complete() && next.cause != cause)) {
    std::string why = !is_here() ? std::string(cause == Cause::Switched   ? "gave way"
                                               : cause == Cause::Called   ? "is in a blocking call"
                                               : cause == Cause::Finished ? "ended"
                                                                          : "blocked")
                                 : name_of(next.thread) + (to ? " cannot run" : " does not live");
    replay_fail(from, why + ", but in the recorded run " + replay_->expected());
    return nullptr;
  }
  replay_->advance();
  return to;
}

void Runner::replay_call(Thread& thread) {
  while (!replay_->failed()) {
    const Event& next = replay_->next_event();
    if (next.kind > Event::Kind::Wake || next.when.kind != Moment::Kind::Call || next.when.count != thread.calls) break;
    if (next.kind == Event::Kind::Slice) return give_way_in_call(thread);
    replay_wake();
  }
  replay_arm(thread);
}

bool Runner::replay_poll(Event::Kind kind, std::uint64_t polls) {
  const Event& next = replay_->next_event();
  if (next.kind != kind || next.when.kind != Moment::Kind::Poll || next.when.count != polls) return false;
  replay_->advance();
  if (table_.current) replay_arm(*table_.current);
  return true;
}

const Event* Runner::replay_outside(Outside kind, Event::Kind form) {
  const Event& next = replay_->next_event();
  if (replay_->failed()) return nullptr;
  if (over_) return nullptr;
  // A seed comes from the system only under a real clock: which it was is known to the recorded run alone.
  const auto plain = [](Outside outside) { return outside == Outside::Random ? Outside::Other : outside; };
  if (next.kind == form && plain(next.outside) == plain(kind)) return &next;
  replay_fail(table_.current, "the script asks for something from outside (" + std::string(name(kind)) +
                                  "), but in the recorded run " + replay_->expected());
  return nullptr;
}

std::int64_t Runner::replay_number(Outside kind) {
  const Event* event = replay_outside(kind, Event::Kind::Number);
  if (!event) return -EIO;
  const std::int64_t number = event->number;
  replay_->advance();
  if (table_.current) replay_arm(*table_.current);
  return number;
}

std::string Runner::replay_bytes(Outside kind) {
  const Event* event = replay_outside(kind, Event::Kind::Bytes);
  if (!event) return "";
  std::string bytes = event->bytes;
  replay_->advance();
  if (table_.current) replay_arm(*table_.current);
  return bytes;
}

}  // namespace mini::sched
