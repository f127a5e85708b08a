// System calls of natives, so that a recording holds what they answered and a replay repeats it: see
// sched::Runner::outside_number(). Whatever a native learns from the system goes through here or through that.
#pragma once

#include <string>
#include <string_view>

#include "interp/vm/thread_state.h"

namespace mini::vm {

/// ::write of all bytes, while others may run. How many were written; if not all, `error` is the errno. A replay writes
/// to standard output and standard error only.
size_t write_outside(ThreadState& thread, int descriptor, std::string_view bytes, int& error);
/// ::read of at most `limit` bytes, while others may run. No bytes and no `error`: the end. The host's standard input
/// (Options::input) gives as much as it likes.
std::string read_outside(ThreadState& thread, int descriptor, size_t limit, int& error);
/// ::isatty.
bool isatty_outside(Machine& machine, int descriptor);
/// Whether system calls must not be made, because their answers are repeated.
bool repeats_outside(Machine& machine);

}  // namespace mini::vm
