// Whether a script asked for something that no state holds.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/sched/journal.h"

namespace mini::explore {

/// Hears what the script learns from outside its VM.
class OutsideWatch final : public sched::Journal {
 public:
  void on_slice(const sched::Moment&, uint32_t, sched::Cause) override {}
  void on_wake(const sched::Moment&, uint32_t, sched::Wake) override {}
  void on_interrupt(const sched::Moment&) override {}
  void on_taken(const sched::Moment&) override {}
  void on_number(sched::Outside kind, int64_t) override { note(kind); }
  void on_bytes(sched::Outside kind, std::string_view) override { note(kind); }
  void on_end(sched::Outcome) override {}
  bool asked_clock = false;  ///< which is virtual, and so a part of the state
  bool asked_world = false;  ///< nothing puts that back

 private:
  void note(sched::Outside kind) {
    if (kind == sched::Outside::Clock) asked_clock = true;
    else if (kind != sched::Outside::Other) asked_world = true;
  }
};

}  // namespace mini::explore
