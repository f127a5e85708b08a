#include "interp/explore/locality.h"

#include <algorithm>
#include <iterator>

namespace mini::explore {

using namespace mini::object;

namespace {

/// As many of the references to the object in the thread's frames as are wanted.
uint32_t find_references(vm::ThreadState& thread, const Object* object, uint32_t enough) {
  constexpr uint32_t kMostFrames = 16;
  uint32_t found = 0;
  // A generator holds itself while it runs; its frame is then one of those below.
  const bool is_generator = object->type->kind == static_cast<uint32_t>(BuiltinType::kGenerator);
  if (is_generator && static_cast<const vm::Generator*>(object)->running) ++found;
  auto count = [&](const Value* begin, const Value* end) {
    for (const Value* slot = begin; slot < end; ++slot)
      if (slot->is_object() && slot->as_object() == object) ++found;
  };
  const vm::Frame* callee = nullptr;
  uint32_t frames = 0;
  for (vm::Frame* frame = thread.frame; frame && frames < kMostFrames; callee = frame, frame = frame->back, ++frames) {
    // A traceback shows the variables to whoever has it.
    if (!frame->object) count(frame->locals, frame->locals + frame->slot_count);
    // The arguments of a call are the callee's variables, and lie where the caller put them.
    const Value* top = frame->stack_top;
    if (callee) top = callee->caller_top ? std::min<const Value*>(top, callee->caller_top) : frame->stack_base();
    count(frame->stack_base(), top);
    if (found >= enough) break;
  }
  return found;
}

constexpr uint32_t kMostReferences = 16;

/// Whether a threading.local keeps its attributes of this thread in it.
bool is_dict_of_local(const vm::ThreadState& thread, const Object* object) {
  if (thread.locals.is_unbound() || object->type->kind != static_cast<uint32_t>(BuiltinType::kDict)) return false;
  const auto* locals = static_cast<const Dict*>(thread.locals.as_object());
  for (uint32_t i = 0; i < locals->used; ++i)
    if (!locals->entries[i].key.is_unbound() && locals->entries[i].value.as_object() == object) return true;
  return false;
}

}  // namespace

bool is_local(vm::ThreadState& thread, const Object* object) {
  if (object->count == 1 && is_dict_of_local(thread, object)) return true;
  return object->count <= kMostReferences && find_references(thread, object, object->count) >= object->count;
}

uint32_t references_in_frames(vm::ThreadState& thread, const Object* object) {
  return find_references(thread, object, ~0u);
}

std::span<const observe::Access> without_local(vm::ThreadState& thread, std::span<const observe::Access> accesses,
                                               std::vector<observe::Access>& kept) {
  auto local = [&](const observe::Access& access) {
    if (!access.owner.is_object()) return false;
    const Object* owner = access.owner.as_object();
    // Attributes may lie in a dict of the owner's, which somebody else may have taken.
    if (access.object != owner && static_cast<const Object*>(access.object)->count > 1) return false;
    return is_local(thread, owner);
  };
  const auto first = std::find_if(accesses.begin(), accesses.end(), local);
  if (first == accesses.end()) return accesses;
  kept.assign(accesses.begin(), first);
  std::remove_copy_if(std::next(first), accesses.end(), std::back_inserter(kept), local);
  return kept;
}

}  // namespace mini::explore
