/// \file
/// What a VM is made with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mini/schedule.h"

namespace mini {

class Observer;

/// Which CPython decides where a thread may be switched; the README explains it.
enum class SwitchPoints : std::uint8_t { k39, k310, k312, kEvery };

/// How the threads of a script get a CPU. The same exact schedule gives the same run under both.
enum class Runner : std::uint8_t {
  kOsThreads,  ///< an OS thread for each thread of the script, and one GIL
  kOneThread,  ///< the OS thread that calls into the VM runs all of them in turn. Only such a VM can be saved and restored
};

enum class Clock : std::uint8_t {
  kDefault,  ///< virtual for exact schedules, real otherwise
  kReal,
  kVirtual,  ///< sleeping costs no time: when all wait, the clock jumps
};

/// What a script may use. 0 stands for no limit (depth: mini's default).
struct Limits {
  /// Of each call into the VM: visible instructions, by all threads together. Makes scripts several times slower. Ends the
  /// run with Error kLimit at exactly that instruction.
  std::uint64_t instructions = 0;
  /// Of each call into the VM, in real time. Ends the run with Error kLimit at the next instruction; a C++ function that is
  /// running is waited for.
  std::chrono::nanoseconds time{0};
  /// Of the VM, in bytes: objects, frames, threads. Then MemoryError, which a script can catch; uncaught it is Error kLimit.
  std::size_t memory = 0;
  /// Calls inside calls. Then RecursionError, as above.
  std::uint32_t depth = 0;
};

/// Plain data with sensible defaults: `mini::Options options; options.schedule = mini::Schedule::seeded(1);`
/// The callbacks are called by the OS thread that holds the GIL at that moment, one at a time. What they throw ends the run
/// and arrives at the caller of the VM.
struct Options {
  Schedule schedule = {};
  Runner runner = Runner::kOsThreads;
  Clock clock = Clock::kDefault;
  SwitchPoints switch_points = SwitchPoints::k39;
  Limits limits = {};
  /// What the script writes to sys.stdout and sys.stderr, a line or more at a time, in UTF-8. Empty: the process's own.
  std::function<void(std::string_view text)> output = {}, errors = {};
  /// A line for input() and sys.stdin, without its newline; nullopt at the end of the input. Empty: the process's own.
  std::function<std::optional<std::string>()> input = {};
  /// Modules that `import` finds, by name, before it looks for files: their source.
  std::map<std::string, std::string> modules = {};
  /// Directories where `import` looks for NAME.py, NAME.mini and packages. Empty: files are not imported.
  std::vector<std::string> path = {};
  /// sys.argv
  std::vector<std::string> arguments = {""};
  /// Of the default schedule's draws.
  std::uint64_t seed = 0;
  /// What to do when no thread can ever run again: report (Error kDeadlock), or wait, which is right where another OS thread
  /// will call into the VM and wake somebody.
  bool wait_on_deadlock = false;
  std::shared_ptr<Observer> observer = {};
  /// Called by the VM's destructor if values outlive it, with their number and kinds ("2 list, 1 Node"). They are dead from
  /// then on: using them throws Error kUsage, dropping them is fine. Empty: the text goes to the process's stderr.
  std::function<void(std::size_t count, std::string_view kinds)> leaked_values = {};
};

}  // namespace mini
