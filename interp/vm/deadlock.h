// What is said when no thread can ever run again.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// "deadlock: no thread can run", then a line for each thread: where it waits, for what, who holds that.
std::string describe_deadlock(Machine&);
/// Threads that wait for each other in a circle, or for a lock whose owner has ended, and those behind them, while
/// others can run: a line each, as above. Empty: there are none. For --stats, the stepper, `mini_gil.stuck()`.
std::string describe_stuck(Machine&);

/// What the script calls a thread: "Thread-1 (left)"; "T3" for one that `_thread` started.
std::string thread_name(ThreadState&);
/// The global, item of a global, attribute or local variable that holds an object: "b", "forks[2]", "account.lock"; the
/// first that is found in this order, empty if there is none.
std::string name_of(Machine&, const Object*);
/// "FILE:14"
std::string place_text(const ScriptPlace&);

/// A thread ends and leaves locks behind: each of them remembers who that was, and where it ended.
void remember_dead_owner(Machine&, ThreadState&);

}  // namespace mini::vm
