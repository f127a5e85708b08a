#include "interp/explore/visibility.h"

#include <algorithm>

#include "interp/vm/lock.h"

namespace mini::explore {

using observe::Access;
using observe::LocationKind;

namespace {

uint64_t bit_of(uint32_t serial) { return uint64_t{1} << std::min(serial, 63u); }

/// Adds or removes an item of a table: the order in which that is done shows only in its iteration.
bool is_structural(const Access& access) {
  if (access.kind != LocationKind::kItem || access.whole || !access.writes() || !access.owner.is_object()) return false;
  if (access.owner.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kList)) return false;
  return access.reads() || access.old_value.is_unbound() || access.new_value.is_unbound();
}

}  // namespace

/// Objects made during the exploration have addresses that mean nothing, and so stand for their type.
uint64_t Visibility::identity_of(const Access& access) const {
  constexpr uint64_t kOfType = uint64_t{1} << 63;
  if (access.owner.is_object() && !hasher_.is_base_object(access.object))
    return kOfType | reinterpret_cast<uintptr_t>(static_cast<const Object*>(access.object)->type);
  return reinterpret_cast<uintptr_t>(access.object);
}

uint64_t Visibility::held_by(const vm::ThreadState& thread) {
  uint64_t held = 0;
  for (size_t i = 0; i < locks_.size(); ++i)
    if (hasher_.is_base_object(locks_[i]) && locks_[i]->locked && locks_[i]->holder == thread.serial)
      held |= uint64_t{1} << i;
  return held & ~shared_locks_;
}

uint64_t Visibility::alive() const {
  uint64_t bits = 0;
  for (const sched::Thread& thread : machine_.state().threads.all) bits |= bit_of(thread.serial);
  return bits;
}

bool Visibility::is_visible(std::span<const Access> accesses) {
  for (const Access& access : accesses) {
    if (!access.object || all_visible_) return true;
    if (const Memo& memo = memo_of(access); memo.object == access.object && memo.key == access.key &&
                                            memo.whole == access.whole && memo.contended == contended_) {
      if (memo.visible) return true;
      continue;
    }
    const bool visible = looks_visible(access);
    if (hasher_.is_base_object(access.object)) {
      Memo& memo = memo_of(access);
      if (memo.object != access.object || memo.key != access.key || memo.whole != access.whole) memo = {};
      memo.object = access.object;
      memo.key = access.key;
      memo.whole = access.whole;
      memo.visible = visible;
      memo.contended = contended_;
    }
    if (visible) return true;
  }
  return false;
}

bool Visibility::looks_visible(const Access& access) const {
  {
    const auto object = objects_.find(identity_of(access));
    if (object == objects_.end() || !object->second.any_contended) return false;
    if (access.whole || object->second.whole.contended) return true;
    const auto part = object->second.parts.find(access.key);
    return part != object->second.parts.end() && part->second.contended;
  }
}

bool Visibility::conflicts(const Seen& a, const Seen& b) {
  if (a.thread == b.thread || !(a.writes || b.writes)) return false;
  return (a.locks & b.locks) == 0 && (a.alive & bit_of(b.thread)) && (b.alive & bit_of(a.thread));
}

void Visibility::contend(ObjectRecord& object, PlaceRecord& place) {
  if (place.contended) return;
  place.contended = object.any_contended = changed_ = true;
  ++contended_;
}

void Visibility::check(ObjectRecord& object, PlaceRecord& place, const Seen& fresh, PlaceRecord& other) {
  for (const Seen& seen : other.seen) {
    if (!conflicts(fresh, seen)) continue;
    contend(object, place);
    contend(object, other);
  }
}

void Visibility::note(vm::ThreadState& thread, std::span<const Access> accesses) {
  for (const Access& access : accesses) {
    if (!access.object) {
      if (!all_visible_) changed_ = all_visible_ = true;
      continue;
    }
    if (access.kind == LocationKind::kLock && locks_.size() < 64 && hasher_.is_base_object(access.object)) {
      const auto* lock = static_cast<const vm::Lock*>(access.object);
      if (std::find(locks_.begin(), locks_.end(), lock) == locks_.end()) locks_.push_back(lock);
    }
    const uint64_t held = held_by(thread), living = alive();
    const size_t column = std::min<size_t>(thread.serial, Memo::kThreads - 1) * 2 + access.writes();
    Memo& memo = memo_of(access);
    const bool same_place = memo.object == access.object && memo.key == access.key && memo.whole == access.whole;
    const bool memorable = same_place && thread.serial < Memo::kThreads - 1;
    if (memorable && memo.noted[column].alive == living && memo.noted[column].locks == held &&
        !is_structural(access))
      continue;
    if (memorable) memo.noted[column] = {held, living};
    ObjectRecord& object = objects_[identity_of(access)];
    PlaceRecord& place = access.whole ? object.whole : object.parts[access.key];
    const Seen fresh{static_cast<uint16_t>(thread.serial), access.writes(), is_structural(access), held, living};
    Seen* known = nullptr;
    for (Seen& seen : place.seen)
      if (seen.thread == fresh.thread && seen.writes == fresh.writes) known = &seen;
    if (known) {
      const Seen before = *known;
      known->locks &= fresh.locks;
      known->alive |= fresh.alive;
      known->structural = known->structural && fresh.structural;
      if (known->locks == before.locks && known->alive == before.alive && known->structural == before.structural) continue;
    } else {
      place.seen.push_back(fresh);
      known = &place.seen.back();
    }
    const Seen now = *known;
    check(object, place, now, place);
    if (access.whole) {
      for (auto& [key, part] : object.parts) check(object, object.whole, now, part);
    } else {
      check(object, place, now, object.whole);
    }
    // Once somebody iterates over a table, the order of its items matters.
    const bool ordered_read = access.whole && access.kind != LocationKind::kLock;
    if (ordered_read && !object.read_whole) object.read_whole = true;
    if (object.read_whole && (ordered_read || now.structural)) {
      for (auto& [key, part] : object.parts)
        for (auto& [other_key, other] : object.parts)
          if (key != other_key)
            for (const Seen& a : part.seen)
              for (const Seen& b : other.seen)
                if (a.structural && b.structural && conflicts(a, b)) {
                  contend(object, part);
                  contend(object, other);
                }
    }
  }
}

void Visibility::on_lock(vm::ThreadState& thread, vm::Lock& lock, vm::LockOperation operation) {
  if (operation != vm::LockOperation::kReleased || lock.holder == thread.serial) return;
  const auto place = std::find(locks_.begin(), locks_.end(), &lock);
  if (place == locks_.end()) return;
  const uint64_t bit = uint64_t{1} << (place - locks_.begin());
  if (shared_locks_ & bit) return;
  shared_locks_ |= bit;
  // What it seemed to protect has to be looked at again.
  changed_ = true;
  for (auto& [identity, object] : objects_) {
    object.whole.seen.clear();
    for (auto& [key, part] : object.parts) part.seen.clear();
  }
  memo_.assign(memo_.size(), {});
}

}  // namespace mini::explore
