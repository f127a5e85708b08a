// Which objects one thread alone can reach, because all references to them lie in its frames.
#pragma once

#include <span>
#include <vector>

#include "interp/observe/accesses.h"

namespace mini::explore {

/// Whether every reference to `object` is a variable or a value on the stack of one of this thread's frames. Then no other
/// thread can get at it before this one has stored it somewhere. Answers no where it would have to look far.
bool is_local(vm::ThreadState& thread, const object::Object* object);
/// How many such references there are.
uint32_t references_in_frames(vm::ThreadState& thread, const object::Object* object);

/// Those accesses that do not go to local objects; `kept` is the room for them.
std::span<const observe::Access> without_local(vm::ThreadState& thread, std::span<const observe::Access> accesses,
                                               std::vector<observe::Access>& kept);

}  // namespace mini::explore
