/// \file
/// Looking on while scripts run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mini/schedule.h"

namespace mini {

/// The GIL went from one thread to another.
struct Switch {
  std::uint32_t from = 0, to = 0;  ///< numbers of the threads, as ThreadView::number
  enum class Reason : std::uint8_t {
    kForced,    ///< `from` was made to give way
    kWaits,     ///< it waits: for a lock, a time, another thread
    kFinished,  ///< it has ended
    kCall,      ///< it left for a call outside the VM that may block
  } reason = Reason::kForced;
};

/// A thread did something with a lock, or waits for something.
struct LockEvent {
  enum class Kind : std::uint8_t {
    kAcquired,     ///< a lock is held now; of an RLock, the first time
    kReleased,     ///< and is free again; of an RLock, the last time
    kWaits,        ///< the thread begins to wait, for whatever
    kGoesOn,       ///< somebody woke it
    kTimedOut,     ///< its time is over
    kInterrupted,  ///< Vm::interrupt() ended the wait
  } kind = Kind::kWaits;
  std::uint32_t thread = 0;
  /// What it is: "lock", "condition", "sleep", "join", "start", "file", "exit", "other".
  std::string_view what;
};

/// Told what happens in a VM, by the OS thread that holds the GIL there, at the moment of it. The functions may not
/// call into the VM (Error kUsage). What they throw ends the run and arrives at the caller.
/// Give it to a VM with Options::observer. Watching instructions makes scripts several times slower; the other events cost
/// nothing where none is.
class [[gnu::visibility("default")]] Observer {
 public:
  virtual ~Observer();
  /// Whether instruction() is wanted; asked once, when the VM is made.
  virtual bool wants_instructions() const { return true; }
  /// Before each visible instruction, of the prelude's code too (whose file is in angle brackets).
  virtual void instruction(const ThreadView&) {}
  virtual void switched(const Switch&) {}
  /// Locks, and whatever else threads wait for. Acquiring and releasing is only seen if instructions are.
  virtual void lock(const LockEvent&) {}
  virtual void thread_started(std::uint32_t /*number*/) {}
  virtual void thread_finished(std::uint32_t /*number*/) {}
  /// An object dies; `type` as in `type(x).__name__`. Ints of up to 62 bits, floats, bools and None are no objects.
  virtual void object_died(std::string_view /*type*/) {}
};

}  // namespace mini
