// How fast this machine is.
#pragma once

namespace mini::sched {

/// How many of the nanoseconds of interp/bytecode/opcode_time.h CPython 3.9 gets done here in one: 1 on the machine where they
/// were measured, more on a faster one. Estimated by what a small interpreter takes for a loop, anew if that is two milliseconds
/// ago: one CPU is half as fast again at one time as at another, as its neighbours and the machine's other guests have it. That
/// costs some ten microseconds. Between a quarter and four. Thread-safe.
double machine_speed();

}  // namespace mini::sched
