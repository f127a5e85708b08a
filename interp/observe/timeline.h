// --timeline: a whole run as Chrome trace events, or as one page to look at in a browser.
#pragma once

#include <map>
#include <unordered_map>

#include "interp/observe/events.h"

namespace mini::observe {

/// How much of a long run is kept. Hand-overs and lost updates always are, up to `most_transitions`.
struct TimelineLimits {
  size_t all_instructions = 20'000;   ///< of the script: every one of the first
  size_t shared_accesses = 100'000;   ///< then those that touch something shared
  size_t after_switch = 12;           ///< and this many after each hand-over,
  size_t after_switches = 40'000;     ///< in all
  size_t most_transitions = 400'000;
  size_t most_lost = 20'000;
  size_t most_samples = 50'000;       ///< of a watched variable; beyond, every second one is dropped, again and again
};

class Timeline final : public Events {
 public:
  /// `watch`: names of variables as traces show them (`x`, `counter.hits`).
  Timeline(vm::Machine& machine, std::vector<std::string> watch, LostUpdates& lost_updates, TimelineLimits limits = {});

  /// After the run. Chrome's trace-event format (README.md); times in microseconds, under a virtual clock one for each
  /// instruction.
  std::string chrome_trace();
  /// One page without any other file; `title` is the script's name.
  std::string page(const std::string& title);

 private:
  enum State : uint8_t { kUnstarted, kWants, kRunning, kForced, kBlocked, kCalling, kOver };
  struct Transition {
    uint64_t number;  ///< instructions before it
    sched::Time time;
    uint32_t thread;
    State state;
    uint32_t what;    ///< text: what is waited for
  };
  struct Switch {
    uint64_t number, instructions;
    sched::Time dropped, time;  ///< the GIL, by the one; taken by the other
    uint32_t from, to;
    sched::Cause cause;
  };
  struct Step {
    uint64_t number;
    uint32_t thread, code, index;
    bool has_stack;
    std::vector<uint32_t> stack;  ///< texts
    struct Place {
      uint32_t name, mode, old_value, new_value;  ///< texts; 0 is the empty one
    };
    std::vector<Place> touched;
  };
  struct Lost {
    uint64_t number;
    sched::Time time;
    uint32_t thread;
    std::string variable, text;
    uint64_t lost;
  };
  struct Sample {
    uint64_t number;
    sched::Time time;
    std::string value;
  };
  struct Samples {
    std::vector<Sample> list;
    uint64_t stride = 1, seen = 0;
  };

  Detail detail(uint32_t thread, const bytecode::Code&, uint32_t index) override;
  void instruction(InstructionEvent&) override;
  void mark(Mark&) override;
  void enter(uint32_t thread, State state, sched::Time time, uint32_t what = 0);
  uint32_t text(const std::string&);
  uint32_t code(const bytecode::Code*);
  void sample(const Touched&);
  static std::string_view name(State);
  std::string state_text(const Transition&) const;
  std::vector<std::string> left_out() const;

  std::vector<std::string> watch_;
  LostUpdates& lost_updates_;
  TimelineLimits limits_;
  sched::Time begin_;
  std::vector<State> states_;  // by thread
  sched::Time dropped_ = 0;    // when the last one that ran stopped
  std::vector<Transition> transitions_;
  std::vector<Switch> switches_;
  std::vector<sched::Time> requests_;
  std::vector<Step> steps_;
  std::vector<Lost> lost_;
  std::map<std::string, Samples> samples_;
  std::vector<std::string> texts_{""};
  std::unordered_map<std::string, uint32_t> text_numbers_{{"", 0}};
  std::vector<const bytecode::Code*> codes_;
  std::unordered_map<const bytecode::Code*, uint32_t> code_numbers_;
  uint64_t all_switches_ = 0, all_lost_ = 0;
  size_t window_ = 0, window_steps_ = 0, shared_steps_ = 0;
  bool steps_left_out_ = false;
  std::vector<std::pair<uint32_t, std::string>> thread_names_;
};

}  // namespace mini::observe
