#include "interp/explore/state_hash.h"

#include <algorithm>
#include <bit>

#include "interp/explore/symmetry.h"
#include "interp/vm/lock.h"
#include "runtime/object/dict.h"
#include "runtime/object/node.h"
#include "runtime/object/sequence.h"

namespace mini::explore {

namespace {

/// The runtime's own types are the same in every state.
bool is_runtime_type(const Object* object) {
  return object->type->kind == static_cast<uint32_t>(BuiltinType::kTypeType) &&
         !(static_cast<const Type*>(object)->type_flags & Type::kUserClass);
}

/// A word of the VM's memory as an address. The block around may be free, and so poisoned under a sanitizer.
[[gnu::no_sanitize_address]] const std::byte* word_at(const std::byte* place) {
  using Word [[gnu::may_alias]] = const std::byte*;
  return *reinterpret_cast<const Word*>(place);
}

/// Null if it is none.
vm::Lock* lock_of(Object* object) {
  const auto kind = static_cast<BuiltinType>(object->type->kind);
  return kind == BuiltinType::kLock || kind == BuiltinType::kRLock ? static_cast<vm::Lock*>(object) : nullptr;
}

/// The values of a dict or list, with the distance between them in words; none of other objects.
struct Items {
  const Value* first = nullptr;
  uint32_t count = 0, distance = 1;
  Value operator[](uint32_t i) const { return first[size_t{i} * distance]; }
};
Items items_of(const Object* object) {
  static_assert(sizeof(DictEntry) % sizeof(Value) == 0);
  switch (static_cast<BuiltinType>(object->type->kind)) {
    case BuiltinType::kDict: {
      const auto* dict = static_cast<const Dict*>(object);
      if (dict->used == 0) return {};
      return {&dict->entries->value, std::min(dict->used, part::kMostItems), sizeof(DictEntry) / sizeof(Value)};
    }
    case BuiltinType::kList: {
      const auto* list = static_cast<const List*>(object);
      return {list->items, static_cast<uint32_t>(std::min<uint64_t>(list->length, part::kMostItems))};
    }
    default:
      return {};
  }
}

/// Where the collector's links and its scratch number lie in a tracked object: behind the header, before the flags.
constexpr ptrdiff_t kLinksBegin = sizeof(Object), kLinksEnd = sizeof(Tracked) - sizeof(Tracked::flags);

/// Whether a script can change objects of this type: others never differ from the base.
bool is_constant(const Object* object) {
  switch (static_cast<BuiltinType>(object->type->kind)) {
    case BuiltinType::kCode:  // its instructions and caches are rewritten as it runs, but mean the same
    case BuiltinType::kInt:
    case BuiltinType::kFloat:
      return true;
    default:
      return is_runtime_type(object);
  }
}

bool is_function(const Object* object) { return object->type->kind == static_cast<uint32_t>(BuiltinType::kFunction); }

/// Whether what an object of this type holds or is can become something else.
bool can_change(const Object* object) {
  switch (static_cast<BuiltinType>(object->type->kind)) {
    case BuiltinType::kStr:
    case BuiltinType::kBytes:
    case BuiltinType::kTuple:
    case BuiltinType::kNativeFunction:
    case BuiltinType::kMethodDescriptor:
    case BuiltinType::kMemberDescriptor:
    case BuiltinType::kBoundMethod:
      return false;
    default:
      return !is_constant(object);
  }
}

}  // namespace

StateHasher::Marks StateHasher::make_marks(vm::Machine& machine) {
  base::Memory& memory = machine.heap().memory();
  // The block itself may make the memory grow; a second look covers that.
  size_t count = (memory.accessible().size() + (size_t{1} << 20)) / 16;
  auto* bits = static_cast<uint64_t*>(memory.allocate((count / 64 + 1) * sizeof(uint64_t)));
  MINI_ASSERT(bits);
  count = std::min(count, memory.accessible().size() / 16);
  std::fill_n(bits, count / 64 + 1, 0);
  machine.heap().mark_deaths(bits, count);
  return {bits, count};
}

StateHasher::StateHasher(vm::Machine& machine, MemoryImage& image, Marks marks)
    : machine_(machine), image_(image), deaths_(marks.bits), granules_(marks.count) {
  numbers_.resize(1 << 10);
  at_.resize(granules_ + 1);
  lines_.resize(granules_ * 16 / kLineBytes);
  collect_base();
  find_buffers();
}

// The base -----------------------------------------------------------------------------------------------------------

void StateHasher::collect_base() {
  // With no object known as the base's, all are discovered as new ones.
  collect_all(0);
  // What the runtime's types have is the same in every state, and so is not walked through; but a thread may have it as well.
  collecting_ = true;
  for (uint32_t i = 0; i < static_cast<uint32_t>(BuiltinType::kCount); ++i)
    if (Type* type = machine_.heap().type(static_cast<BuiltinType>(i))) slot_of(type);
  for (shown_ = 0; shown_ < pending_.size(); ++shown_) {
    Object* object = pending_[shown_];
    if (is_runtime_type(object)) visit_object(object, *this);
    else show(object);
    // The names in code belong to the base even if nothing else refers to them yet. They become keys of the dicts into which
    // instances move their attributes, and would be taken for new objects, which belong to the first part that has them: a
    // step that has nothing to do with a part would change it.
    if (object->type->kind != static_cast<uint32_t>(BuiltinType::kCode)) continue;
    const auto* code = static_cast<const vm::CodeObject*>(object);
    for (uint32_t i = 0; i < code->name_count; ++i) slot_of(code->names[i]);
  }
  collecting_ = false;
  std::vector<Object*> found = std::exchange(pending_, {});
  std::sort(found.begin(), found.end());
  for (Object* object : found) {
    if (granule(object) >= granules_) continue;
    at_[granule(object)] = static_cast<uint32_t>(objects_.size()) + 1;
    const bool tracked = object->type->type_flags & Type::kTracked;
    objects_.push_back({object, static_cast<uint32_t>(object_size(object)), object->count, false, is_constant(object), tracked});
    const Items items = items_of(object);
    for (uint32_t i = 0; i < items.count; ++i) objects_.back().items.push_back(items[i]);
  }
  for (uint32_t i = 0; i < objects_.size(); ++i) {
    const size_t begin = granule(objects_[i].object) * 16, end = begin + objects_[i].bytes;
    for (size_t line = begin / kLineBytes; line < lines_.size() && line * kLineBytes < end; ++line)
      lines_[line].first_object = std::min(lines_[line].first_object, i);
  }
  uses_.resize(objects_.size());
  for (uint32_t i = 0; i < objects_.size(); ++i) {
    BaseObject& base = objects_[i];
    if (base.constant) continue;
    user_ = can_change(base.object) && !is_function(base.object) ? nullptr : &uses_[i];
    reset();
    show_base_object(base);
    base.content = {first_, second_};
    const vm::Lock* lock = lock_of(base.object);
    if (lock && lock->locked) held_.push_back(i);
  }
  user_ = nullptr;
  find_vital();
}

/// The death of an object shows if it can have changed, or if that of something else comes with it.
void StateHasher::find_vital() {
  for (BaseObject& base : objects_) {
    const auto kind = static_cast<BuiltinType>(base.object->type->kind);
    // A class is in its own order of resolution, and so does not die while nobody looks for cycles.
    base.vital = can_change(base.object) && kind != BuiltinType::kTypeType && (is_wary_ || kind != BuiltinType::kFunction);
  }
  auto live_on = [this](const Object* object) {
    if (object && is_base_object(object)) objects_[at_[granule(object)] - 1].vital = false;
  };
  const vm::MachineState& state = machine_.state();
  for (const Object* kept : {state.modules, state.builtins, state.sys, state.main_names}) live_on(kept);
  if (state.modules && is_base_object(state.modules)) modules_ = at_[granule(state.modules)] - 1;
  if (!is_wary_ && modules_ != ~0u) {
    for (Value value : objects_[modules_].items) {
      if (!has_kind(value, BuiltinType::kModule)) continue;
      live_on(value.as_object());
      live_on(static_cast<const Module*>(value.as_object())->dict);
    }
  }
  for (bool goes_on = true; std::exchange(goes_on, false);) {
    for (uint32_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].vital) continue;
      objects_[i].vital = std::any_of(uses_[i].begin(), uses_[i].end(), [this](uint32_t each) { return objects_[each].vital; });
      goes_on = goes_on || objects_[i].vital;
    }
  }
}

void StateHasher::become_wary() {
  if (std::exchange(is_wary_, true)) return;
  find_vital();
  for (LineInfo& line : lines_) line.done = false;
}

void StateHasher::note_write(const Object* object) {
  if (is_function(object) && is_base_object(object) && !counted(object)) note_surprise();
}

void StateHasher::note_surprise() {
  if (is_wary_) return;
  is_surprised_ = true;
  become_wary();
}

/// A word of an object that looks like the address of another block makes that block the object's, and so on from there:
/// it is the only way in which an object can reach what it owns.
void StateHasher::find_buffers() {
  const std::byte* const end = image_.start() + granules_ * 16;
  auto object_around = [&](const std::byte* address) -> bool {
    auto after = std::upper_bound(objects_.begin(), objects_.end(), address, [](const std::byte* at, const BaseObject& base) {
      return at < reinterpret_cast<const std::byte*>(base.object);
    });
    if (after == objects_.begin()) return false;
    --after;
    return address < reinterpret_cast<const std::byte*>(after->object) + after->bytes;
  };
  // What no object owns but the machine: shown by hash() itself, or no state at all.
  std::vector<std::pair<const std::byte*, size_t>> machines;
  auto& state = machine_.state();
  const auto* heap = reinterpret_cast<const std::byte*>(&machine_.heap());
  machines.push_back({image_.start(), sizeof(base::Memory)});
  machines.push_back({heap, sizeof(Heap)});
  machines.push_back({reinterpret_cast<const std::byte*>(&state), sizeof state});
  for (auto& each : state.threads.all) {
    auto& thread = static_cast<vm::ThreadState&>(each);
    machines.push_back({reinterpret_cast<const std::byte*>(&thread), sizeof thread});
    for (auto* chunk = thread.chunk; chunk; chunk = chunk->previous)
      machines.push_back({reinterpret_cast<const std::byte*>(chunk), chunk->bytes});
  }
  for (uint32_t i = 0; i < static_cast<uint32_t>(BuiltinType::kCount); ++i)
    if (Type* type = machine_.heap().type(static_cast<BuiltinType>(i)))
      machines.push_back({reinterpret_cast<const std::byte*>(type), sizeof(Type)});
  auto of_machine = [&](const std::byte* address) {
    return std::any_of(machines.begin(), machines.end(), [&](const auto& block) {
      return address >= block.first && address < block.first + block.second;
    });
  };
  std::unordered_map<const std::byte*, std::vector<uint32_t>> owners;
  std::vector<std::pair<const std::byte*, uint32_t>> queue;
  auto look_at = [&](const std::byte* from, size_t bytes, uint32_t owner, bool is_object) {
    for (size_t i = is_object ? sizeof(Object) : 0; i + 8 <= bytes; i += 8) {
      if (is_object && objects_[owner].tracked && i >= kLinksBegin && i + 8 <= kLinksEnd + 4) continue;
      const std::byte* address = word_at(from + i);
      if (address < image_.start() || address >= end || reinterpret_cast<uintptr_t>(address) % 8 != 0) continue;
      if (object_around(address) || of_machine(address)) continue;
      auto& list = owners[address];
      if (std::find(list.begin(), list.end(), owner) != list.end()) continue;
      list.push_back(owner);
      queue.push_back({address, owner});
    }
  };
  for (uint32_t i = 0; i < objects_.size(); ++i) {
    if (objects_[i].constant) continue;
    look_at(reinterpret_cast<const std::byte*>(objects_[i].object), objects_[i].bytes, i, true);
    // Blocks that blocks point at, one step further. Their sizes are not known: a few words are enough for a head with
    // pointers in it.
    constexpr size_t kHead = 64;
    for (const auto& [block, owner] : std::exchange(queue, {}))
      look_at(block, std::min<size_t>(kHead, static_cast<size_t>(end - block)), owner, false);
    queue.clear();
  }
  for (const auto& [start, list] : owners)
    for (uint32_t owner : list) buffers_.push_back({start, owner});
  std::sort(buffers_.begin(), buffers_.end(), [](const Buffer& a, const Buffer& b) {
    return a.start != b.start ? a.start < b.start : a.owner < b.owner;
  });
}

// Changes ------------------------------------------------------------------------------------------------------------

bool StateHasher::is_base_object(const void* object) const {
  const size_t number = granule(object);
  return number < granules_ && at_[number] && !marked_dead(number);
}

void StateHasher::heat(uint32_t index) {
  if (objects_[index].hot) return;
  objects_[index].hot = true;
  hot_.insert(std::lower_bound(hot_.begin(), hot_.end(), index), index);
}

void StateHasher::note_count(uint32_t index) {
  BaseObject& base = objects_[index];
  if (!base.vital || base.counted) return;
  base.counted = true;
  counted_.insert(std::lower_bound(counted_.begin(), counted_.end(), index), index);
}

/// In the place of an object that died there may be another one, which looks the same.
void StateHasher::note_deaths(const std::byte* line) {
  const auto* marks = reinterpret_cast<const std::byte*>(deaths_);
  for (const std::byte* at = std::max(line, marks); at < line + kLineBytes; at += sizeof(uint64_t)) {
    const auto word = static_cast<size_t>(at - marks) / sizeof(uint64_t);
    if (word > granules_ / 64) return;
    for (uint64_t dead = deaths_[word]; dead; dead &= dead - 1)
      if (const uint32_t object = at_[word * 64 + static_cast<size_t>(std::countr_zero(dead))]) note_count(object - 1);
  }
}

/// Looks whether the part of an object that lies in a line differs, the collector's links left aside, and counts apart.
void StateHasher::note_object(uint32_t index, const std::byte* line) {
  const BaseObject& base = objects_[index];
  const auto* begin = reinterpret_cast<const std::byte*>(base.object);
  if (begin >= line && base.object->count != base.count) note_count(index);
  if (base.hot || base.constant) return;
  const std::byte* base_line = image_.base_line(static_cast<Line>((line - image_.start()) / static_cast<ptrdiff_t>(kLineBytes)));
  for (size_t i = 0; i < kLineBytes; i += 4) {
    const ptrdiff_t offset = line + i - begin;
    if (offset < 0 || offset >= static_cast<ptrdiff_t>(base.bytes)) continue;
    if (std::memcmp(line + i, base_line + i, 4) == 0) continue;
    if (offset < 4) continue;
    if (base.tracked && offset >= kLinksBegin && offset < kLinksEnd) continue;
    return heat(index);
  }
}

void StateHasher::note(const std::vector<Line>& lines) {
  const auto* marks = reinterpret_cast<const std::byte*>(deaths_);
  for (Line number : lines) {
    const std::byte* line = image_.memory_line(number);
    const std::byte* end = line + kLineBytes;
    if (end > marks && line <= marks + granules_ / 8) note_deaths(line);
    if (number >= lines_.size() || lines_[number].done) continue;
    LineInfo& info = lines_[number];
    bool all_hot = true;
    for (uint32_t i = info.first_object; i < objects_.size(); ++i) {
      const auto* begin = reinterpret_cast<const std::byte*>(objects_[i].object);
      if (begin >= end) break;
      note_object(i, line);
      const BaseObject& base = objects_[i];
      all_hot = all_hot && (base.hot || base.constant) && (begin < line || base.counted || !base.vital);
    }
    info.done = all_hot;
    if (std::exchange(info.buffers_done, true)) continue;
    // Blocks that begin in the line, and the last one before it, unless an object lies between.
    const std::byte* nearest = nullptr;
    auto object = std::upper_bound(objects_.begin(), objects_.end(), line, [](const std::byte* at, const BaseObject& base) {
      return at < reinterpret_cast<const std::byte*>(base.object);
    });
    if (object != objects_.begin()) nearest = reinterpret_cast<const std::byte*>(std::prev(object)->object);
    auto buffer = std::lower_bound(buffers_.begin(), buffers_.end(), end,
                                   [](const Buffer& each, const std::byte* at) { return each.start < at; });
    for (const std::byte* before = nullptr; buffer != buffers_.begin();) {
      --buffer;
      if (buffer->start <= line) {
        if (before && before != buffer->start) break;
        if (nearest && nearest > buffer->start) break;
        before = buffer->start;
      }
      heat(buffer->owner);
    }
  }
}

// Hashing ------------------------------------------------------------------------------------------------------------

namespace {

size_t slot_hash(const Object* object) { return (reinterpret_cast<uintptr_t>(object) >> 4) * 0x9e3779b97f4a7c15u >> 20; }

/// Each bit of the result depends on each of the word's.
uint64_t scattered(uint64_t word) {
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
  word = (word ^ word >> 27) * 0x94d049bb133111ebu;
  return word ^ word >> 31;
}

}  // namespace

StateHash StateHasher::weight(PartName name, const StateHash& content) {
  const uint64_t mark = (uint64_t{name} + 1) * 0x9e3779b97f4a7c15u;
  return {scattered(content[0] ^ mark), scattered(content[1] + std::rotl(mark, 32))};
}

void StateHasher::begin_part(PartName name) {
  parts_.push_back({name, {}});
  first_of_part_ = pending_.size();
  reset();
}

/// After what the part begins with was shown: with the new objects that belong to it.
void StateHasher::end_part() {
  for (; shown_ < pending_.size(); ++shown_) show(pending_[shown_]);
  parts_.back().content = {first_, second_};
}

/// All of it but the values that are parts of their own.
void StateHasher::show_base_object(const BaseObject& base) {
  const auto kind = static_cast<BuiltinType>(base.object->type->kind);
  if (kind != BuiltinType::kDict && kind != BuiltinType::kList) return show(base.object);
  mix(base.object->type->kind);
  if (base.object->type->type_flags & Type::kUserClass) reference(base.object->type);
  mix(base.object->serial);
  mix(static_cast<const Tracked*>(base.object)->flags & Tracked::kFinalized);
  if (base.object->type->trailer_size) visit_attributes(attributes_of(base.object), *this);
  if (kind == BuiltinType::kDict) {
    const auto* dict = static_cast<const Dict*>(base.object);
    mix(uint64_t{dict->live} << 32 | dict->used);
    mix(dict->capacity - dict->filled);
    for (uint32_t i = 0; i < dict->used; ++i) {
      reference(dict->entries[i].key);
      if (i >= part::kMostItems) reference(dict->entries[i].value);
    }
  } else {
    const auto* list = static_cast<const List*>(base.object);
    mix(list->length);
    mix(list->capacity);
    for (uint64_t i = part::kMostItems; i < list->length; ++i) reference(list->items[i]);
  }
}

/// Those values of a dict or list that differ from the base's.
void StateHasher::show_items(uint32_t index) {
  const BaseObject& base = objects_[index];
  const Items items = items_of(base.object);
  if (index == modules_ && items.count < base.items.size()) note_surprise();
  for (uint32_t i = 0; i < items.count; ++i) {
    const Value value = items[i];
    const bool is_same = i < base.items.size() && value == base.items[i];
    if (is_same && (!value.is_object() || is_base_object(value.as_object()))) continue;
    if (index == modules_ && i < base.items.size()) note_surprise();
    begin_part(part::item(index, i));
    parts_.back().is_plain = !value.is_object();
    reference(value);
    end_part();
  }
}

uint32_t StateHasher::item_count(PartName object) const {
  return (object & part::kKind) == part::kObject ? items_of(objects_[object & ~part::kKind].object).count : 0;
}

bool StateHasher::is_plain_in_base(PartName item) const {
  const uint32_t number = item & ~part::kKind, place = number % part::kMostItems;
  const std::vector<Value>& items = objects_[number / part::kMostItems].items;
  return place >= items.size() || !items[place].is_object();
}

/// Where a new object belongs to; to the present part if it was not met before.
const StateHasher::Slot& StateHasher::slot_of(Object* object) {
  auto find = [this](const Object* wanted) -> Slot& {
    for (size_t at = slot_hash(wanted);; ++at) {
      Slot& place = numbers_[at & (numbers_.size() - 1)];
      if (place.epoch != epoch_ || place.object == wanted) return place;
    }
  };
  Slot& place = find(object);
  if (place.epoch == epoch_) return place;
  pending_.push_back(object);
  place = {object, epoch_, static_cast<uint32_t>(pending_.size() - first_of_part_), static_cast<uint32_t>(parts_.size() - 1)};
  if (pending_.size() * 2 <= numbers_.size()) return place;
  std::vector<Slot> old(numbers_.size() * 4);
  old.swap(numbers_);
  for (const Slot& each : old)
    if (each.epoch == epoch_) find(each.object) = each;
  return find(object);
}

std::optional<PartName> StateHasher::part_of(const void* object) const {
  if (is_base_object(object)) return part::kObject | (at_[granule(object)] - 1);
  for (size_t at = slot_hash(static_cast<const Object*>(object));; ++at) {
    const Slot& place = numbers_[at & (numbers_.size() - 1)];
    if (place.epoch != epoch_) return {};
    if (place.object == object) return parts_[place.part].name;
  }
}

void StateHasher::reference(Value value) {
  constexpr uint64_t kBase = 3, kOwn = 5, kForeign = 6, kMember = 7;
  if (own_ && show_own_value(value)) return;
  if (!value.is_object()) return mix(value.bits());
  Object* object = value.as_object();
  const size_t place = granule(object);
  if (!collecting_ && place < granules_ && at_[place] && !marked_dead(place)) {
    if (user_) user_->push_back(at_[place] - 1);
    return mix(uint64_t{place} << 3 | kBase);
  }
  if (heeds_members_)  // how far it is, the thread tells
    if (const std::optional<uint32_t> member = symmetry_->member_with(object))
      return mix(uint64_t{object->serial} << 32 | *member << 4 | uint64_t{has_kind(value, BuiltinType::kThreadHandle)} << 3 | kMember);
  const Slot& slot = slot_of(object);
  if (slot.part == parts_.size() - 1) return mix(uint64_t{slot.number} << 3 | kOwn);
  const Part &owner = parts_[slot.part], &from = parts_.back();
  // Which of its equals a thread shares something with, cannot be said without saying which one it is.
  if (owner.group != 0) symmetry_->tell_apart(owner.name & ~part::kKind);
  mix(uint64_t{owner.name} << 32 | uint64_t{slot.number} << 3 | kForeign);
  foreign_.push_back({slot.part, slot.number, from.hashed_name()});
}

/// What a thread does under a lock is something else without, even if it does not ask for the lock meanwhile.
void StateHasher::tell_holder(uint32_t index) {
  const vm::Lock* lock = lock_of(objects_[index].object);
  if (!lock || !lock->locked) return;
  Part* holder = thread_part(lock->holder);
  if (!holder) return;
  const StateHash held = weight(part::kObject | index, {1, 1});
  holder->content[0] += held[0];
  holder->content[1] += held[1];
}

/// What belongs to a part is something else when others have it as well.
void StateHasher::tell_owners() {
  for (const Foreign& each : foreign_) {
    StateHash& content = parts_[each.owner].content;
    const uint64_t who = scattered(uint64_t{each.from} << 32 | each.number);
    content[0] += who;
    content[1] += scattered(who);
  }
}

void StateHasher::content(const void* bytes, size_t size) {
  mix(size);
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (; size >= 8; at += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  if (size == 0) return;  // there may be no bytes at all to point at
  uint64_t rest = 0;
  std::memcpy(&rest, at, size);
  mix(rest);
}

void StateHasher::show(Object* object) {
  if (is_runtime_type(object)) return mix(static_cast<Type*>(object)->kind);
  const vm::Lock* lock = lock_of(object);
  if (!lock) return visit_object(object, *this);
  // Of a free lock, who held it last and where is for reports alone; of a taken one, where.
  mix(object->type->kind);
  mix(object->serial);
  if (object->type->type_flags & Type::kUserClass) reference(object->type);
  if (object->type->trailer_size) visit_attributes(attributes_of(object), *this);
  uint32_t position = 0;
  for (const sched::Thread& thread : lock->waiters) show_waiter(lock, thread.serial, ++position);
  mix(lock->locked);
  if (lock->locked) show_holder(lock);
}

// Equal threads: what else refers to one of them does not say which one it is, and tells the thread instead.

/// Where in the queue of a lock a thread waits.
void StateHasher::show_waiter(const vm::Lock* lock, uint32_t serial, uint32_t position) {
  if (!is_equal(serial)) return mix(serial);
  mix(part::kGroup | groups_[serial]);
  tell(lock, serial, position);
}

void StateHasher::show_holder(const vm::Lock* lock) {
  if (!is_equal(lock->holder)) return mix(uint64_t{lock->holder} << 32 | lock->depth);
  mix(uint64_t{part::kGroup | groups_[lock->holder]} << 32 | lock->depth);
  tell(lock, lock->holder, 0);
}

/// That an equal thread waits for a lock in this place, from 1, or holds it (0).
void StateHasher::tell(const vm::Lock* lock, uint32_t serial, uint32_t what) {
  const Part& owner = parts_.back();
  const bool is_own = owner.name == (part::kThread | serial);
  // A lock of one of its equals: which one, cannot be said.
  if (owner.group != 0 && !is_own) symmetry_->tell_apart(serial);
  const uint64_t which = is_base_object(lock) ? granule(lock) : slot_of(const_cast<vm::Lock*>(lock)).number;
  told_.push_back({serial, scattered(uint64_t{owner.hashed_name()} << 32 | which) + what});
}

/// What a frame of the library's holds that is the thread's own, and looks the same in its equals.
bool StateHasher::show_own_value(Value value) {
  constexpr uint64_t kOwnValue = 4;
  const auto own = std::find(own_->begin(), own_->end(), value);
  if (value.is_unbound() || own == own_->end()) return false;
  mix(static_cast<uint64_t>(own - own_->begin()) << 3 | kOwnValue);
  return true;
}

Part* StateHasher::thread_part(uint32_t serial) {
  const auto part = std::find_if(parts_.begin(), parts_.end(),
                                 [&](const Part& each) { return each.name == (part::kThread | serial); });
  return part == parts_.end() ? nullptr : &*part;
}

/// Adds to equal threads what the rest of the state says of them.
void StateHasher::tell_threads() {
  for (const Told& each : told_) {
    Part* part = thread_part(each.serial);
    MINI_ASSERT(part);
    const uint64_t what = scattered(each.what);
    part->content[0] += what;
    part->content[1] += scattered(what);
  }
}

void StateHasher::show_thread(vm::ThreadState& thread, sched::Time now) {
  const bool equal = is_equal(thread.serial);
  mix(equal ? part::kGroup | groups_[thread.serial] : thread.serial);
  const bool can_run = thread.state == sched::State::Running || thread.state == sched::State::Runnable;
  // While it is held, it does not matter whether the member that it waits for first has ended.
  const bool held = holds_main_ && thread.serial == 0;
  mix(can_run || held ? 1 : 2 + static_cast<uint64_t>(thread.state));
  mix(uint64_t{thread.daemon} | (held ? 0 : static_cast<uint64_t>(thread.wait_kind) << 8) | uint64_t{thread.reraising} << 16 |
      uint64_t{thread.stage} << 24);
  mix(equal ? 0 : thread.identity);
  mix(thread.deadline == sched::kNever ? ~uint64_t{0} : static_cast<uint64_t>(thread.deadline - now));
  // What a suspended native may go on waiting for, and how its last wait ended.
  const bool suspended = thread.frame && thread.frame->is_native;
  mix(suspended && !held ? static_cast<uint64_t>(thread.wake_reason) : 0);
  mix(suspended && thread.suspension.deadline != sched::kNever ? static_cast<uint64_t>(thread.suspension.deadline - now)
                                                               : ~uint64_t{0});
  mix(uint64_t{thread.suspension.kind} << 32 | thread.suspension.phase);
  reference(thread.body_names);
  for (const Module* each = thread.importing; each; each = each->outer) reference(const_cast<Module*>(each));
  reference(thread.handled);
  if (!equal)  // or else the group tells
    for (Value value : {thread.function, thread.arguments, thread.keywords, thread.handle}) reference(value);
  for (Value value : {thread.result, thread.locals, thread.suspension.callable, thread.suspension.saved_arguments})
    reference(value);
  const bool follows_loops = bytecode::follows_loops(machine_.options().switch_model);
  for (vm::Frame* frame = thread.frame; frame; frame = frame->back) {
    mix(frame->is_generator);
    if (equal && symmetry_->is_library_frame(*frame)) own_ = symmetry_->own_values(thread);
    visit_frame(frame, *this);
    own_.reset();
    // Under these models the check of a back edge may still be due.
    if (follows_loops && frame->while_epoch == thread.breaker.epoch)
      content(&frame->while_tracker, sizeof frame->while_tracker);
  }
}

std::optional<PartName> StateHasher::counted(const void* object) const {
  if (!is_base_object(object)) return {};
  const uint32_t index = at_[granule(object)] - 1;
  return objects_[index].vital ? std::optional(part::kCount | index) : std::nullopt;
}

int32_t StateHasher::more_of(PartName count) const {
  const auto place = std::lower_bound(counts_.begin(), counts_.end(), count,
                                      [](const Count& each, PartName than) { return each.name < than; });
  return place != counts_.end() && place->name == count ? place->more : 0;
}

void StateHasher::list_parts_in_base(PartName count, std::vector<PartName>& parts) const {
  const uint32_t index = count & ~part::kKind;
  parts.push_back(part::kObject | index);
  for (uint32_t i = 0; i < objects_[index].items.size(); ++i) parts.push_back(part::item(index, i));
}

void StateHasher::list_counts() {
  counts_.clear();
  dead_.clear();
  for (uint32_t index : counted_) {
    const BaseObject& base = objects_[index];
    if (marked_dead(granule(base.object))) dead_.push_back(part::kCount | index);
    else if (base.object->count != base.count)
      counts_.push_back({part::kCount | index, static_cast<int32_t>(base.object->count - base.count)});
  }
}

void StateHasher::show_joiners(vm::ThreadState& thread) {
  for (auto& waiter : thread.joiners) mix(waiter.serial);
}

void StateHasher::show_machine() {
  vm::MachineState& state = machine_.state();
  for (Object* root : {static_cast<Object*>(state.modules), static_cast<Object*>(state.builtins),
                       static_cast<Object*>(state.sys), static_cast<Object*>(state.main_names),
                       static_cast<Object*>(state.exit_callbacks), static_cast<Object*>(state.signal_handlers)})
    reference(root);
  mix(static_cast<uint64_t>(state.switch_interval));
  if (with_clock) mix(static_cast<uint64_t>(state.threads.virtual_now));
  mix(state.exit_status);
  mix(state.main_is_over);
  mix(state.next_identity);
  mix(state.recursion_limit);
  mix(state.threads.started);
  mix(state.threads.current ? 1 + uint64_t{state.threads.current->serial} : 0);
  mix(machine_.heap().last_serial());
  if (Exception* pending = machine_.heap().pending()) reference(pending);
}

void StateHasher::show_thread_part(vm::ThreadState& thread, const std::vector<uint64_t>& standings) {
  begin_part(part::kThread | thread.serial);
  if (is_equal(thread.serial)) parts_.back().group = part::kGroup | groups_[thread.serial];
  mix(standings[thread.serial]);
  show_thread(thread, machine_.state().threads.virtual_now);
  const bool held = holds_main_ && thread.serial == 0;
  if (held) mix(part::kGroup);
  end_part();
  parts_.back().is_held = held;
  parts_.back().can_run = !held && (thread.state == sched::State::Running || thread.state == sched::State::Runnable);
}

/// Which threads of the present state are equal to others.
void StateHasher::find_members() {
  groups_.clear();
  heeds_members_ = symmetry_ && symmetry_->is_on();
  holds_main_ = heeds_members_ && symmetry_->holds_main();
  if (!heeds_members_) return;
  sched::ThreadTable& table = machine_.state().threads;
  groups_.resize(table.started);
  for (auto& each : table.all)
    if (symmetry_->is_settled(static_cast<vm::ThreadState&>(each))) groups_[each.serial] = symmetry_->group_of(each.serial);
}

StateHash StateHasher::hash(uint64_t seed, const std::vector<uint64_t>& standings) {
  ++epoch_;
  pending_.clear();
  shown_ = 0;
  parts_.clear();
  foreign_.clear();
  told_.clear();
  changed_locks_.clear();
  sched::ThreadTable& table = machine_.state().threads;
  find_members();
  begin_part(part::kMachine);
  show_machine();
  end_part();
  for (auto& each : table.all)
    if (!is_equal(each.serial)) show_thread_part(static_cast<vm::ThreadState&>(each), standings);
  for (auto& each : table.all) {
    auto& thread = static_cast<vm::ThreadState&>(each);
    if (thread.joiners.empty() || (holds_main_ && symmetry_->group_of(thread.serial) != 0)) continue;
    begin_part(part::kJoiners | each.serial);
    show_joiners(thread);
    end_part();
  }
  for (uint32_t index : hot_) {
    const BaseObject& base = objects_[index];
    if (marked_dead(granule(base.object))) continue;
    if (heeds_members_ && (symmetry_->is_list_of_threads(base.object) || symmetry_->member_with(base.object))) continue;
    begin_part(part::kObject | index);
    show_base_object(base);
    const bool is_same = first_ == base.content[0] && second_ == base.content[1];
    if (is_same) parts_.pop_back();
    else end_part();
    show_items(index);
    if (!is_same && !base.vital && is_function(base.object)) note_surprise();
    if (!is_same && !std::binary_search(held_.begin(), held_.end(), index)) changed_locks_.push_back(index);
  }
  // Last: so that what others have as well belongs to a part that is not one of equal ones.
  for (auto& each : table.all)
    if (is_equal(each.serial)) show_thread_part(static_cast<vm::ThreadState&>(each), standings);
  for (uint32_t index : changed_locks_) tell_holder(index);
  for (uint32_t index : held_)
    if (!marked_dead(granule(objects_[index].object))) tell_holder(index);
  tell_owners();
  tell_threads();
  list_counts();
  heeds_members_ = holds_main_ = false;
  StateHash sum = weight_of_seed(seed);
  for (const Part& each : parts_) {
    const StateHash more = weight(each.hashed_name(), each.content);
    sum[0] += more[0];
    sum[1] += more[1];
  }
  return sum;
}

StateHash StateHasher::full_hash(uint64_t seed) {
  std::vector<Part> parts = std::exchange(parts_, {});
  collect_all(seed);
  parts_ = std::move(parts);
  return {first_, second_};
}

/// Everything as one part, as if nothing were known of a base.
void StateHasher::collect_all(uint64_t seed) {
  collecting_ = true;
  ++epoch_;
  pending_.clear();
  shown_ = 0;
  parts_.clear();
  foreign_.clear();
  groups_.clear();
  sched::ThreadTable& table = machine_.state().threads;
  begin_part(part::kMachine);
  mix(seed);
  show_machine();
  for (auto& each : table.all) {
    show_thread(static_cast<vm::ThreadState&>(each), table.virtual_now);
    show_joiners(static_cast<vm::ThreadState&>(each));
  }
  end_part();
  collecting_ = false;
}

}  // namespace mini::explore
