// How fast this machine is.
#pragma once

namespace mini::sched {

/// How many of the nanoseconds of interp/bytecode/opcode_time.h CPython 3.9 gets done here in one, on the CPU of the thread that
/// asks: 1 on the machine where they were measured, more on a faster one. Estimated by what a loop like an interpreter's takes,
/// anew if that is half a millisecond ago: a core whose two hardware threads are both busy, one of them with another guest of
/// the machine's for instance, gives each 1.8 times less, and that comes and goes. An estimate takes some seven microseconds.
/// Between a quarter and four. Thread-safe.
double machine_speed();

}  // namespace mini::sched
