#include "interp/explore/visibility.h"

#include <algorithm>
#include <tuple>

#include "interp/vm/lock.h"

namespace mini::explore {

using observe::Access;
using observe::LocationKind;

bool is_structural(const Access& access) {
  if (access.kind != LocationKind::kItem || access.whole || !access.writes() || !access.owner.is_object()) return false;
  if (access.owner.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kList)) return false;
  return access.reads() || access.old_value.is_unbound() || access.new_value.is_unbound();
}

/// Objects made during the exploration have addresses that mean nothing, and so stand for their type.
uint64_t Visibility::identity_of(const Access& access) const {
  constexpr uint64_t kOfType = uint64_t{1} << 63;
  if (access.owner.is_object() && !hasher_.is_base_object(access.object)) {
    // A dict into which an instance has moved its attributes, and which nobody else has, is a part of the instance.
    const Object* owner = access.owner.as_object();
    if (owner != access.object && static_cast<const Object*>(access.object)->count == 1 && hasher_.is_base_object(owner))
      return reinterpret_cast<uintptr_t>(owner);
    return kOfType | reinterpret_cast<uintptr_t>(static_cast<const Object*>(access.object)->type);
  }
  return reinterpret_cast<uintptr_t>(access.object);
}

uint64_t Visibility::held_by(const vm::ThreadState& thread) {
  uint64_t held = 0;
  for (size_t i = 0; i < locks_.size(); ++i)
    if (hasher_.is_base_object(locks_[i]) && locks_[i]->locked && locks_[i]->holder == thread.serial)
      held |= uint64_t{1} << i;
  return held & ~shared_locks_;
}

Visibility::Visibility(vm::Machine& machine, const StateHasher& hasher, observe::Accesses& accesses)
    : machine_(machine), hasher_(hasher), accesses_(accesses) {
  // At the base, the main thread has started the others that there are, and nobody has done anything since.
  Order order;
  order.epochs.assign(machine.state().threads.started, 0);
  order.epochs[0] = 1;
  order.rows.assign(order.epochs.size(), row_number({1}));
  order.rows[0] = row_number({});
  become(order);
}

void Visibility::become(const Order& order) {
  const auto [place, fresh] = order_numbers_.try_emplace(order, static_cast<uint32_t>(orders_.size()));
  if (fresh) orders_.push_back(&place->first);
  order_ = place->second;
}

void Visibility::set_order(uint32_t number) { order_ = number; }

uint32_t Visibility::row_number(const Row& row) {
  const auto [place, fresh] = row_numbers_.try_emplace(row, static_cast<uint32_t>(rows_.size()));
  if (fresh) rows_.push_back(&place->first);
  return place->second;
}

void Visibility::learn(uint32_t thread, const std::function<void(Row&)>& change) {
  Order order = present();
  Row row = *rows_[order.rows[thread]];
  change(row);
  while (!row.empty() && row.back() == 0) row.pop_back();
  order.rows[thread] = row_number(row);
  become(order);
}

void Visibility::on_start(sched::Thread& child) {
  Order order = present();
  const uint32_t parent = machine_.current().serial;
  order.epochs.resize(std::max<size_t>(order.epochs.size(), child.serial + 1));
  order.rows.resize(order.epochs.size());
  Row row = *rows_[order.rows[parent]];
  row.resize(std::max<size_t>(row.size(), parent + 1));
  row[parent] = ++order.epochs[parent];
  order.rows[child.serial] = row_number(row);
  become(order);
}

/// What a thread learns of another by starting or joining it, or ends an epoch of its own by.
void Visibility::note_thread(vm::ThreadState& thread, const Access& access) {
  sched::ThreadTable& table = machine_.state().threads;
  const uint32_t about = static_cast<uint32_t>(access.key);
  if (access.object != &table || about >= table.started) return;
  if (about == thread.serial) {
    if (!access.writes()) return;
    Order order = present();
    if (order.epochs[about] == 0) {
      order.epochs[about] = 1;  // it has begun: whoever started it goes on
      become(order);
    }
    return;
  }
  const Row known = *rows_[orders_[order_]->rows[about]];
  const bool is_over = !table.find(about);
  learn(thread.serial, [&](Row& row) {
    row.resize(std::max({row.size(), known.size(), size_t{about} + 1}));
    if (!access.writes() && is_over) {
      for (size_t i = 0; i < known.size(); ++i) row[i] = std::max(row[i], known[i]);
      row[about] = kAll;
    } else if (access.writes() && orders_[order_]->epochs[about] > 0) {
      row[about] = std::max<uint16_t>(row[about], 1);
    }
  });
}

bool Visibility::is_visible(std::span<const Access> accesses) {
  for (const Access& access : accesses) {
    if (!access.object) return true;
    if (access.kind == LocationKind::kThread) {
      // A join without a timeout only waits: where others have their turns before it, they as well have them during it.
      if (access.writes() || access.asks) return true;
      continue;
    }
    if (all_visible_) return true;
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

bool Visibility::conflicts(const Seen& a, const Seen& b) const {
  if (a.thread == b.thread || !(a.writes || b.writes)) return false;
  if (a.locks & b.locks) return false;
  return entry(*rows_[b.row], a.thread) <= a.epoch && entry(*rows_[a.row], b.thread) <= b.epoch;
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
    if (access.kind == LocationKind::kThread) {
      if (access.asks && !std::exchange(ends_matter_, true)) changed_ = true;
      note_thread(thread, access);
      continue;
    }
    const uint64_t held = held_by(thread);
    const uint32_t row = orders_[order_]->rows[thread.serial];
    const uint16_t epoch = orders_[order_]->epochs[thread.serial];
    const size_t column = std::min<size_t>(thread.serial, Memo::kThreads - 1) * 2 + access.writes();
    Memo& memo = memo_of(access);
    const bool same_place = memo.object == access.object && memo.key == access.key && memo.whole == access.whole;
    const bool memorable = same_place && thread.serial < Memo::kThreads - 1;
    Memo::Noted& noted = memo.noted[column];
    if (memorable && noted.row == row && noted.epoch == epoch && noted.locks == held && !is_structural(access)) continue;
    if (memorable) noted = {held, row, epoch};
    ObjectRecord& object = objects_[identity_of(access)];
    PlaceRecord& place = access.whole ? object.whole : object.parts[access.key];
    if (access.kind == LocationKind::kLock) object.is_lock = true;
    const Seen fresh{static_cast<uint16_t>(thread.serial), access.writes(), is_structural(access), epoch, row, held,
                     site_of(thread)};
    if (place.name.empty() && !thread.frame->is_native) place.name = accesses_.name_of(access, *thread.frame, thread.frame->index());
    Seen* known = nullptr;
    for (Seen& seen : place.seen)
      if (seen.thread == fresh.thread && seen.writes == fresh.writes && seen.epoch == epoch && seen.row == row &&
          seen.site == fresh.site)
        known = &seen;
    if (known) {
      const Seen before = *known;
      known->locks &= fresh.locks;
      known->structural = known->structural && fresh.structural;
      if (known->locks == before.locks && known->structural == before.structural) continue;
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

uint32_t Visibility::site_of(const vm::ThreadState& thread) {
  const vm::Frame* frame = thread.frame;
  while (frame && frame->is_native) frame = frame->back;
  const bool in_library = !frame || frame->code->has(bytecode::kPrelude);
  while (frame && (frame->is_native || frame->code->has(bytecode::kPrelude))) frame = frame->back;
  const bytecode::Code* code = frame ? frame->code->code : nullptr;
  const uint32_t line = code ? code->position(const_cast<vm::Frame*>(frame)->index()).line : 0;
  const auto [place, fresh] = site_numbers_.try_emplace({code, line << 1 | in_library}, static_cast<uint32_t>(sites_.size()));
  if (fresh) {
    std::string where = code ? fmt::format("{}:{} in {}", code->filename, line, code->name) : "the library";
    sites_.push_back({std::move(where), in_library});
  }
  return place->second;
}

std::vector<Race> Visibility::races() const {
  std::map<std::tuple<std::string, Race::Side, Race::Side>, bool> found;
  auto look = [&](const PlaceRecord& one, const PlaceRecord& other) {
    for (const Seen& a : one.seen)
      for (const Seen& b : other.seen) {
        if (a.thread >= b.thread || !conflicts(a, b)) continue;
        const Site &first = sites_[a.site], &second = sites_[b.site];
        if (first.in_library && second.in_library) continue;
        found[{one.name.empty() ? other.name : one.name,
               {a.thread, a.writes, first.where, first.in_library},
               {b.thread, b.writes, second.where, second.in_library}}] = true;
      }
  };
  for (const auto& [identity, object] : objects_) {
    if (!object.any_contended || object.is_lock) continue;
    look(object.whole, object.whole);
    for (const auto& [key, part] : object.parts) {
      look(part, part);
      look(part, object.whole);
      look(object.whole, part);
    }
  }
  std::vector<Race> races;
  for (const auto& [race, present] : found) races.push_back({std::get<0>(race), std::get<1>(race), std::get<2>(race)});
  return races;
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
