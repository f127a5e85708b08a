/// \file
/// mini::Vm: a virtual machine, with everything that belongs to it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mini/error.h"
#include "mini/native.h"
#include "mini/options.h"
#include "mini/state.h"
#include "mini/value.h"

namespace mini {

/// Runs scripts. There may be any number of them in a process; they share nothing.
///
/// Threads: every function may be called by any OS thread at any time, also by several at once and from inside C++ functions
/// that the VM called. Each takes the VM's GIL and gives it back when it returns (unless the thread holds it: gil.h), so a
/// call is the script's thread as far as the script can tell: the first OS thread that is inside is the main thread (T0), others beside it
/// are threads of their own, numbered like started ones. Between calls the threads of the script run on under
/// Schedule::interval and Runner::kOsThreads, and stand still otherwise. Under Runner::kOneThread a second OS thread waits
/// until the first one's call has returned.
///
/// Errors: everything that can fail throws Error, whose kind says what that means for the VM.
class [[gnu::visibility("default")]] Vm {
 public:
  /// Throws Error: kUsage for options that make no sense, kSchedule for a schedule that cannot be read, kLimit if the memory
  /// limit is too small to begin.
  explicit Vm(Options options = {});
  /// Ends all threads of the script where they stand, and reports values that outlive the VM (Options::leaked_values).
  /// Nobody may be inside, and nobody may call any more. A thread that sits in a C++ function without the GIL is left alone,
  /// and never comes back. Does not throw.
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  // Running. The text is UTF-8, or what its coding cookie says; `filename` is for tracebacks and `__file__`.

  /// Runs statements in `__main__`. Returns when they have run; threads that they started go on. See finish().
  void run(std::string_view source, std::string_view filename = "<string>");
  /// The same for a whole program, as `mini FILE` runs it up to its exit code, which is finish()'s: waits until all threads
  /// that are no daemons have ended, for whom the main thread is over then. An exception of the main thread is thrown after
  /// that.
  void run_program(std::string_view source, std::string_view filename = "<string>");
  /// The value of an expression, in `__main__`'s names, of which `names` hides some.
  Value eval(std::string_view expression, std::initializer_list<std::pair<std::string_view, Value>> names = {});
  /// A code object, to be run any number of times.
  Value compile(std::string_view source, std::string_view filename = "<string>");
  void run(const Value& code);
  /// Waits until all threads that are no daemons have ended.
  void wait();
  /// The end of the program, as when the interpreter exits: what threading does then (it shuts down pools), wait(), then the
  /// atexit callbacks, the globals' finalisers, the output. Afterwards only the destructor may be called.
  void finish();

  // Names of `__main__`, and calls of its functions.

  Value get(std::string_view name);
  bool has(std::string_view name);
  template <class T>
  void set(std::string_view name, const T& object) {
    Value storage;
    set_argument(name, detail::to_argument(this, object, storage));
  }
  void del(std::string_view name);
  template <class... Arguments>
  Value call(std::string_view name, const Arguments&... arguments) {
    return get(name)(arguments...);
  }
  /// `import name`, dots allowed: the module that the last part names.
  Value import(std::string_view name);

  // Making values.

  /// Anything that Convert knows.
  template <class T>
  Value value(const T& object) {
    Value storage;
    return detail::make(*this, detail::to_argument(this, object, storage));
  }
  /// An int of any size from its decimal digits, with a sign if it is negative. ValueError for anything else.
  Value integer(std::string_view digits);
  Value bytes(std::string_view content);
  Value list(const std::vector<Value>& items = {}) { return detail::make_list(*this, items); }
  Value tuple(const std::vector<Value>& items) { return detail::make_tuple(*this, items); }
  Value dict(const std::vector<std::pair<Value, Value>>& items = {}) { return detail::make_dict(*this, items); }

  // C++ functions for scripts: native.h.

  /// A function object.
  template <class F>
  Value function(std::string_view name, F callable) {
    return make_function(detail::make_native(name, std::move(callable)));
  }
  /// A function among `__main__`'s names.
  template <class F>
  void define(std::string_view name, F callable) {
    set(name, function(name, std::move(callable)));
  }
  /// The module `name`, made if there is none: for C++ to fill.
  Module module(std::string_view name);

  // Control. From any thread, with or without the GIL.

  /// Raises KeyboardInterrupt in the main thread, at its next instruction or where it waits. Async-signal-safe. Comes too
  /// late to be noticed if no call is inside: then the next one gets it.
  void interrupt() noexcept;
  /// Ends the run that goes on, like a limit: whoever is inside gets Error kLimit (Limit::kNone). Nothing if nobody is.
  void stop() noexcept;

  // States. Runner::kOneThread only (Error kUsage otherwise), between calls.

  State save();
  /// Everything the script can change is as it was, C++ values from that time included: those made since are dead, those
  /// dropped since stay dropped. The clock, the seed and the schedule stand where they stood.
  void restore(const State& state);
  /// The same, to go on under another schedule, which must be exact if that of Options is, and only then.
  void restore(const State& state, const Schedule& schedule);
  /// Takes time in proportion to the memory in use. Any runner.
  StateHash hash();

  // Facts.

  std::size_t memory_used();
  /// Handles on values of this VM, copies counted once.
  std::size_t live_values() const noexcept;
  /// All threads that have not ended, the main thread first.
  std::vector<ThreadView> threads();

 private:
  friend class detail::Core;
  friend class Lock;
  friend class Unlock;
  friend class Module;
  void set_argument(std::string_view name, const detail::Argument& argument);
  Value make_function(detail::NativeFunction function);
  detail::Core* core_;
};

}  // namespace mini
