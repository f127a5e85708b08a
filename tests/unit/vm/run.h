// Runs scripts on a machine made for the purpose, and keeps all that can be seen of the run.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "interp/modules/modules.h"
#include "interp/vm/state.h"

namespace mini::vm::test {

/// Sanitizers slow everything down: how many times less is done under them.
constexpr int kFewer = MINI_TSAN || MINI_ASAN ? 5 : 1;

/// An instruction that was executed, or a hand-over.
struct Step {
  uint32_t thread;  ///< serial
  uint32_t index;   ///< of the instruction; of a hand-over, its number
  uint64_t code;    ///< hash of the code object's qualified name and line; of a hand-over, its two threads and its cause
  bool operator==(const Step&) const = default;
};

/// What a run showed.
struct Run {
  int status = 0;
  std::string output, errors;
  std::vector<Step> trace;
  size_t alive = 0;  ///< objects after release_everything()
  bool operator==(const Run&) const = default;
};

/// Where two runs part; for messages.
inline std::string difference(const Run& a, const Run& b) {
  const auto [left, right] = std::mismatch(a.trace.begin(), a.trace.end(), b.trace.begin(), b.trace.end());
  auto show = [](const Run& run, auto at) {
    return at == run.trace.end() ? std::string("end")
                                 : fmt::format("T{} {} code {:x}", at->thread, at->index, at->code);
  };
  return fmt::format("step {} of {} and {}: {} | {}\nstatus {} | {}\noutput:\n{}|\n{}\nerrors:\n{}|\n{}",
                     left - a.trace.begin(), a.trace.size(), b.trace.size(), show(a, left), show(b, right), a.status,
                     b.status, a.output, b.output, a.errors, b.errors);
}

/// A machine whose output and steps are kept.
class Session final : public InstructionObserver, public sched::Observer {
 public:
  explicit Session(Options options, bool traced = true) {
    options.library = &modules::library();
    options.output = [this](std::string_view text) { run.output += text; };
    options.errors = [this](std::string_view text) { run.errors += text; };
    std::string error;
    machine_ = Machine::create(std::move(options), error);
    REQUIRE_MESSAGE(machine_, error);
    if (!traced) return;
    machine_->add_observer(static_cast<InstructionObserver&>(*this));
    machine_->add_observer(static_cast<sched::Observer&>(*this));
  }
  ~Session() { finish(); }

  Machine& machine() { return *machine_; }
  int start(const std::string& source) { return run.status = machine_->run_file("<test>", source); }
  int resume() { return run.status = machine_->resume(); }
  /// Ends the machine; nothing may be left alive.
  const Run& finish() {
    if (!machine_) return run;
    run.alive = machine_->release_everything();
    CHECK_MESSAGE(run.alive == 0, machine_->heap().describe_live_objects());
    machine_.reset();
    return run;
  }

  void before(ThreadState& thread, Frame& frame, uint32_t index, bool) override {
    if (++executed == pause_at) machine_->pause();
    run.trace.push_back({thread.serial, index, name_of(frame.code->code)});
  }
  void on_hand_over(const sched::HandOver& hand_over) override {
    run.trace.push_back({~0u, static_cast<uint32_t>(hand_over.number),
                         uint64_t{hand_over.from} << 32 | hand_over.to.serial << 8 | static_cast<uint32_t>(hand_over.cause)});
  }

  Run run;
  uint64_t executed = 0;
  uint64_t pause_at = 0;  ///< pauses after the instruction of this number, from 1; 0: never

 private:
  uint64_t name_of(const bytecode::Code* code) {
    auto [place, fresh] = names_.try_emplace(code, 0);
    if (fresh) place->second = std::hash<std::string>()(code->qualified_name) * 31 + code->first_line;
    return place->second;
  }
  std::unique_ptr<Machine> machine_;
  std::unordered_map<const bytecode::Code*, uint64_t> names_;  // the machine keeps all its code
};

/// Runs a script to its end.
inline Run run_script(const std::string& source, Options options, bool traced = true) {
  Session session(std::move(options), traced);
  session.start(source);
  return session.finish();
}

}  // namespace mini::vm::test
