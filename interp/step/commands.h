// The stepper's commands, as text in and text out; where lines come from is interp/cli/step.cpp's business.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "interp/step/walk.h"

namespace mini::step {

class Commands {
 public:
  /// Runs the script a second time, unseen.
  struct Repeat {
    /// Records a run with these slices; says what was written or why not.
    std::function<std::string(const std::string& filename, const std::vector<sched::Slice>&)> save_recording;
    /// Whether `steps:LIST` leads to where the walk stands.
    std::function<bool(const std::string& list)> steps_repeat;
  };
  /// `recorded`: the run to be followed by `replay`; empty: none.
  Commands(Walk& walk, std::function<void(std::string_view)> print, Repeat repeat, std::vector<sched::Slice> recorded)
      : walk_(walk), print_(std::move(print)), repeat_(std::move(repeat)), recorded_(std::move(recorded)) {}

  /// Carries a line out; an empty one repeats the last. False: it was wrong, and what was said tells why.
  bool execute(std::string line);
  bool wants_to_quit() const { return quits_; }
  /// What the user stands before.
  void show();
  /// Commands, and names of the script's, that begin so.
  std::vector<std::string> completions(const std::string& beginning) const;

 private:
  struct Command {
    const char* name;
    const char* alias;
    const char* arguments;
    const char* help;
    bool (Commands::*action)();
  };
  struct Breakpoint {
    enum class Kind : uint8_t { kLine, kFunction, kOpcode, kRead, kWrite, kSwitch } kind;
    uint32_t line = 0;
    std::string name;
    std::string text() const;
  };
  static const std::vector<Command>& all();
  const Command* find(const std::string& word) const;

  bool step();
  bool next();
  bool point();
  bool go_on();
  bool run();
  bool thread();
  bool back();
  bool undo();
  bool set_break();
  bool list_breaks();
  bool delete_break();
  bool print();
  bool locks();
  bool shared();
  bool where();
  bool list();
  bool show_all();
  bool replay();
  bool token();
  bool steps();
  bool save();
  bool help();
  bool quit();

  bool fail(const std::string& message);
  bool take_thread();           // a `Tn` among the words: selects that one
  bool take_number(uint64_t& number);
  bool move(StopHere stop);
  bool breaks(const Look& look);
  bool hits(const Breakpoint& breakpoint, const Look& look);
  bool after(End end);

  Walk& walk_;
  std::function<void(std::string_view)> print_;
  Repeat repeat_;
  std::vector<sched::Slice> recorded_;
  std::vector<Breakpoint> breakpoints_;
  std::string last_line_, rest_;  // rest_: the arguments as they were typed
  std::vector<std::string> words_;
  std::string stopped_at_;  // the breakpoint that ended the move
  std::vector<uint64_t> moves_;  // where each of the moves so far began
  uint32_t selected_ = 0;
  bool quits_ = false;
};

}  // namespace mini::step
