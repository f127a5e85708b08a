// What the stepper shows: threads, their code and stacks, variables, locks.
#pragma once

#include <string>

#include "interp/step/walk.h"

namespace mini::step {

/// The thread in full: state, line, the instructions around the next one, value stack.
std::string thread_text(Walk& walk, ThreadState& thread, bool in_full);
/// Every thread, then the shared variables.
std::string overview(Walk& walk, uint32_t selected);
std::string shared_text(Walk& walk);
/// Locks that are held or waited for.
std::string locks_text(Walk& walk);
/// The frames of a thread, the innermost first.
std::string frames_text(Walk& walk, ThreadState& thread);
/// The source around a thread's line.
std::string source_text(Walk& walk, ThreadState& thread);
/// The innermost frame of the script's own; null if there is none.
Frame* own_frame(ThreadState& thread);
/// "increment:5"
std::string place_of(const Frame& frame, uint32_t index);

}  // namespace mini::step
