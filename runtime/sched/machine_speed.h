// How fast this machine is.
#pragma once

namespace mini::sched {

/// How many of the nanoseconds of interp/bytecode/opcode_time.h CPython 3.9 gets done here in one: 1 on the machine where they
/// were measured, more on a faster one. Estimated, at the first call, by what a small interpreter takes for a loop; some 50
/// microseconds. Between a quarter and four.
double machine_speed();

}  // namespace mini::sched
