// --trace: a line for each instruction, and marks for what happens to threads. README.md has both forms.
#pragma once

#include <functional>
#include <set>

#include "interp/observe/events.h"

namespace mini::observe {

/// Which events are shown. Empty lists: all.
struct TraceFilter {
  enum Kind : uint32_t {
    kInstructions = 1,
    kAccesses = 2,   ///< only those instructions that touch something shared
    kSwitches = 4,
    kRequests = 8,   ///< that a switch was asked for
    kWaits = 16,
    kLocks = 32,
    kThreads = 64,
    kLost = 128,
    kLibrary = 256,  ///< the prelude's instructions one by one
    kDefault = kInstructions | kSwitches | kRequests | kWaits | kLocks | kThreads | kLost,
  };
  uint32_t events = kDefault;
  std::set<uint32_t> threads;
  std::set<std::string> functions;
  std::vector<std::pair<uint32_t, uint32_t>> lines;

  /// "switches,locks"; false with the reason.
  bool read_events(const std::string& text, std::string& error);
  /// "T1,T2"
  bool read_threads(const std::string& text, std::string& error);
  /// "9-14,20"
  bool read_lines(const std::string& text, std::string& error);
  void read_functions(const std::string& text);
};

class Trace final : public Events {
 public:
  enum class Form : uint8_t { kText, kColoredText, kJsonLines };
  /// `write` gets whole lines.
  Trace(vm::Machine& machine, TraceFilter filter, Form form, std::function<void(std::string_view)> write);
  /// After the run: what is left, and what was lost.
  void finish(LostUpdates& lost_updates);

 private:
  Detail detail(uint32_t thread, const bytecode::Code&, uint32_t index) override;
  void instruction(InstructionEvent&) override;
  void mark(Mark&) override;

  bool shows(const bytecode::Code&, uint32_t index) const;
  bool shows(uint32_t thread) const { return filter_.threads.empty() || filter_.threads.contains(thread); }
  void unfold();
  void flush();
  void text_line(const InstructionEvent&);
  void json_line(const InstructionEvent&);
  void text_mark(const Mark&);
  void json_mark(const Mark&);
  std::string_view paint(std::string_view color) const { return form_ == Form::kColoredText ? color : ""; }

  TraceFilter filter_;
  Form form_;
  std::function<void(std::string_view)> write_;
  std::string text_;
  LostUpdates* describer_ = nullptr;
  uint32_t folded_thread_ = 0;
  uint64_t folded_ = 0;         ///< library instructions that were not shown one by one
  std::string folded_name_;     ///< of the function that the first of them is in
  uint64_t folded_switches_ = 0;

 public:
  void describe_with(LostUpdates& lost_updates) { describer_ = &lost_updates; }
};

}  // namespace mini::observe
