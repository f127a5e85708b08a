#include "interp/explore/visibility.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>

#include "interp/vm/deadlock.h"
#include "interp/vm/lock.h"
#include "interp/vm/object_names.h"

namespace mini::explore {

using observe::Access;
using observe::LocationKind;

bool is_structural(const Access& access) {
  if (access.whole || !access.writes() || !access.owner.is_object()) return false;
  const bool adds_or_removes = access.old_value.is_unbound() || access.new_value.is_unbound();
  switch (access.kind) {
    case LocationKind::kAttribute:
    case LocationKind::kGlobal:
      return adds_or_removes;
    case LocationKind::kItem:
      return (access.reads() || adds_or_removes) && !has_kind(access.owner, BuiltinType::kList);
    default:
      return false;
  }
}

/// Objects made during the exploration have addresses that mean nothing, and so stand for their type.
uint64_t Visibility::identity_of(const Access& access) const {
  constexpr uint64_t kOfType = uint64_t{1} << 63;
  if (access.owner.is_object() && !hasher_.is_base_object(access.object)) {
    // A dict into which an instance has moved its attributes, and which nobody else has, is a part of the instance.
    const Object *object = static_cast<const Object*>(access.object), *owner = access.owner.as_object();
    if (owner != object && object->count == 1) object = owner;
    if (hasher_.is_base_object(object)) return reinterpret_cast<uintptr_t>(object);
    return kOfType | reinterpret_cast<uintptr_t>(object->type);
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

Visibility::Visibility(vm::Machine& machine, const StateHasher& hasher, observe::Accesses& accesses, Symmetry& symmetry)
    : machine_(machine), hasher_(hasher), accesses_(accesses), symmetry_(symmetry) {
  // At the base, the main thread has started the others that there are, and nobody has done anything since.
  Order order;
  order.epochs.assign(machine.state().threads.started, 0);
  order.epochs[0] = 1;
  order.rows.assign(order.epochs.size(), row_number({1}));
  order.rows[0] = row_number({});
  for (sched::Thread& each : machine.state().threads.all)
    if (each.serial != 0) admit(order, static_cast<vm::ThreadState&>(each), 0);
  become(order);
  for (sched::Thread& each : machine.state().threads.all)
    if (each.serial != 0)
      note_origin(static_cast<uint16_t>(each.serial), vm::thread_name(static_cast<vm::ThreadState&>(each)), site_of(*machine.state().main));
}

uint32_t Visibility::order_number(const Order& order) {
  const auto [place, fresh] = order_numbers_.try_emplace(order, static_cast<uint32_t>(orders_.size()));
  if (!fresh) return place->second;
  orders_.push_back(&place->first);
  auto mix = [](uint64_t& hash, uint64_t word) { hash = std::rotl((hash ^ word) * 0x9e3779b97f4a7c15u, 29); };
  uint64_t hash = 0;
  std::vector<uint64_t>& standings = standings_.emplace_back();
  for (size_t thread = 0; thread < order.epochs.size(); ++thread) {
    uint64_t& standing = standings.emplace_back(order.epochs[thread]);
    const Row& row = *rows_[order.rows[thread]];
    mix(standing, row.size());
    for (uint16_t each : row) mix(standing, each);
    mix(hash, standing);
  }
  for (uint16_t group : order.company.groups) mix(hash, group);
  for (uint64_t name : order.company.names) mix(hash, name);
  if (order.company.debt != 0) mix(hash, order.company.debt);
  order_hashes_.push_back(hash);
  return place->second;
}

void Visibility::set_order(uint32_t number) {
  order_ = number;
  symmetry_.set_present(orders_[number]->company);
}

uint32_t Visibility::row_number(const Row& row) {
  const auto [place, fresh] = row_numbers_.try_emplace(row, static_cast<uint32_t>(rows_.size()));
  if (fresh) rows_.push_back(&place->first);
  return place->second;
}

void Visibility::learn(uint32_t thread, const std::function<void(Row&)>& change) {
  if (symmetry_.group_of(thread) != 0) return;  // what one member knows, the others would have to know as well
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
  symmetry_.tell_apart(parent);  // the child knows who started it
  admit(order, static_cast<vm::ThreadState&>(child), parent);
  become(order);
  note_origin(static_cast<uint16_t>(child.serial), vm::thread_name(static_cast<vm::ThreadState&>(child)), site_of(machine_.current()));
}

/// Looks whether a thread that has just been started is equal to others. They know the same of others: as little as the
/// first of them.
void Visibility::admit(Order& order, const vm::ThreadState& child, uint32_t parent) {
  const uint16_t kind = parent == 0 ? symmetry_.kind_of(child) : uint16_t{0};
  if (kind == 0) return;
  Company& company = order.company;
  company.kinds.resize(std::max<size_t>(company.kinds.size(), child.serial + 1));
  company.groups.resize(company.kinds.size());
  company.names.resize(company.kinds.size());
  company.names[child.serial] = symmetry_.name_of(child);
  order.own_rows.resize(company.kinds.size());
  order.own_rows[child.serial] = order.rows[child.serial];
  company.kinds[child.serial] = kind;
  company.groups[child.serial] = static_cast<uint16_t>(child.serial);
  const Row& known = *rows_[order.rows[0]];
  for (uint16_t other = 1; other < child.serial; ++other) {
    if (company.kinds[other] != kind || entry(known, other) == kAll) continue;
    symmetry_.meet(kind);
    if (!symmetry_.is_active(kind)) break;
    company.groups[child.serial] = company.groups[other];
    order.rows[child.serial] = order.rows[other];
    break;
  }
  members_[company.groups[child.serial]].insert(static_cast<uint16_t>(child.serial));
}

/// The main thread has joined a member of a group: has it joined some of any group, it has to join the others of that before
/// it does anything that can be seen.
void Visibility::note_join() {
  Order order = present();
  const std::vector<uint16_t>& groups = order.company.groups;
  const Row& known = *rows_[order.rows[0]];
  order.company.debt = 0;
  for (uint32_t one = 1; one < groups.size(); ++one)
    for (uint32_t other = 1; other < groups.size(); ++other)
      if (symmetry_.group_of(one) != 0 && groups[one] == groups[other] && entry(known, one) == kAll && entry(known, other) != kAll)
        order.company.debt = groups[one];
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
  if (thread.serial == 0 && !access.writes() && is_over && symmetry_.group_of(about) != 0) note_join();
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
    if (!hasher_.is_base_object(access.object)) {  // another may have its address in another state
      if (looks_visible(access)) return true;
      continue;
    }
    Memo& memo = memo_of(access);
    if (memo.object != access.object || memo.key != access.key || memo.whole != access.whole) memo = {};
    if (!memo.object || memo.contended != contended_) {
      memo.object = access.object;
      memo.key = access.key;
      memo.whole = access.whole;
      memo.visible = looks_visible(access);
      memo.contended = contended_;
    }
    if (memo.visible) return true;
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
  const bool are_equal = a.group != 0 && a.group == b.group;
  if ((a.thread == b.thread && !are_equal) || !(a.writes || b.writes)) return false;
  if (a.locks & b.locks) return false;
  return are_equal || (!comes_before(a, b) && !comes_before(b, a));
}

/// Whether the thread of `b` knew that of `a` to be past that; if it may have been any of a group, all of them.
bool Visibility::comes_before(const Seen& a, const Seen& b) const {
  const Row& known = *rows_[b.row];
  if (a.group == 0) return entry(known, a.thread) > a.epoch;
  const std::set<uint16_t>& members = members_.at(a.group);
  return std::all_of(members.begin(), members.end(), [&](uint16_t member) { return entry(known, member) > a.epoch; });
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
    if (access.kind == LocationKind::kLock && hasher_.is_base_object(access.object)) {
      lock_bit(static_cast<const vm::Lock*>(access.object));
    }
    if (access.kind == LocationKind::kThread) {
      if (access.asks && !std::exchange(ends_matter_, true)) changed_ = true;
      note_thread(thread, access);
      continue;
    }
    const uint64_t held = held_by(thread);
    const Order& order = *orders_[order_];
    const uint16_t epoch = order.epochs[thread.serial], its_group = symmetry_.group_of(thread.serial);
    // What the library does on the thread's own behalf, it does to what is the thread's own.
    const bool is_own = its_group != 0 && symmetry_.is_library_frame(*thread.frame);
    const uint16_t group = is_own ? uint16_t{0} : its_group;
    const uint32_t row = is_own ? order.own_rows[thread.serial] : order.rows[thread.serial];
    const size_t column = std::min<size_t>(thread.serial, Memo::kThreads - 1) * 2 + access.writes();
    Memo& memo = memo_of(access);
    const bool same_place = hasher_.is_base_object(access.object) && memo.object == access.object && memo.key == access.key &&
                            memo.whole == access.whole;
    const bool memorable = same_place && thread.serial < Memo::kThreads - 1 && !is_own;
    Memo::Noted& noted = memo.noted[column];
    if (memorable && noted.row == row && noted.epoch == epoch && noted.locks == held && !is_structural(access)) continue;
    if (memorable) noted = {held, row, epoch};
    const News news{identity_of(access), access.key, access.whole, access.kind == LocationKind::kLock,
                    {static_cast<uint16_t>(thread.serial), access.writes(), is_structural(access), epoch, row, group, held,
                     site_of(thread)}};
    add(news, [&] {
      return thread.frame->is_native ? std::string() : accesses_.name_of(access, *thread.frame, thread.frame->index());
    });
  }
}

/// Remembers what was seen, and finds what becomes contended by it. `name` is asked for how the source calls the place.
void Visibility::add(const News& news, const std::function<std::string()>& name) {
  ObjectRecord& object = objects_[news.identity];
  PlaceRecord& place = news.whole ? object.whole : object.parts[news.key];
  if (news.is_lock) object.is_lock = true;
  if (place.name.empty()) place.name = name();
  const Seen& fresh = news.seen;
  Seen* known = nullptr;
  for (Seen& seen : place.seen)
    if (seen.thread == fresh.thread && seen.writes == fresh.writes && seen.epoch == fresh.epoch && seen.row == fresh.row &&
        seen.group == fresh.group && seen.site == fresh.site)
      known = &seen;
  if (known) {
    const Seen before = *known;
    known->locks &= fresh.locks;
    known->structural = known->structural && fresh.structural;
    if (known->locks == before.locks && known->structural == before.structural) return;
  } else {
    place.seen.push_back(fresh);
    known = &place.seen.back();
  }
  const Seen now = *known;
  if (found_) found_->news.push_back({{news.identity, news.key, news.whole, news.is_lock, now}, place.name});
  check(object, place, now, place);
  if (news.whole) {
    for (auto& [key, part] : object.parts) check(object, object.whole, now, part);
  } else {
    check(object, place, now, object.whole);
  }
  // Once somebody iterates over a table, the order of its items matters.
  const bool ordered_read = news.whole && !news.is_lock;
  if (ordered_read) object.read_whole = true;
  if (!object.read_whole || !(ordered_read || now.structural)) return;
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

uint32_t Visibility::site_of(const vm::ThreadState& thread) {
  const vm::Frame* frame = thread.frame;
  while (frame && frame->is_native) frame = frame->back;
  const bool in_library = !frame || frame->code->has(bytecode::kPrelude);
  auto is_script = [](const vm::Frame* at) { return !at->is_native && !at->code->has(bytecode::kPrelude); };
  auto line_of = [](const vm::Frame* at) { return at->code->code->position(const_cast<vm::Frame*>(at)->index()).line; };
  while (frame && !is_script(frame)) frame = frame->back;
  const bytecode::Code* code = frame ? frame->code->code : nullptr;
  const uint32_t line = code ? line_of(frame) : 0;
  const auto [place, fresh] = site_numbers_.try_emplace({code, line << 1 | in_library}, 0);
  if (!fresh) return place->second;
  Site site{{}, in_library};
  for (; frame; frame = frame->back)
    if (is_script(frame))
      site.stack.push_back(fmt::format("{}:{} in {}", frame->code->code->filename, line_of(frame), frame->code->code->name));
  return place->second = site_number(std::move(site));
}

uint32_t Visibility::site_number(Site site) {
  const auto known = std::find(sites_.begin(), sites_.end(), site);
  const auto number = static_cast<uint32_t>(known - sites_.begin());
  if (known == sites_.end()) sites_.push_back(std::move(site));
  return number;
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
               {a.thread, a.writes, first, lock_names(a.locks)},
               {b.thread, b.writes, second, lock_names(b.locks)}}] = true;
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
  if (operation == vm::LockOperation::kAcquired && hasher_.is_base_object(&lock)) {
    const uint64_t taken = lock_bit(&lock), held = held_by(thread) & ~taken;
    if (taken == 0 || held == 0) return;
    const Order& order = *orders_[order_];
    add_taking({static_cast<uint16_t>(thread.serial), order.epochs[thread.serial], order.rows[thread.serial],
                static_cast<uint32_t>(std::countr_zero(taken)), held, site_of(thread)});
    return;
  }
  if (operation != vm::LockOperation::kReleased || lock.holder == thread.serial) return;
  const auto place = std::find(locks_.begin(), locks_.end(), &lock);
  if (place == locks_.end()) return;
  distrust(uint64_t{1} << (place - locks_.begin()));
}

void Visibility::add_taking(const Taking& taking) {
  if (std::find(takings_.begin(), takings_.end(), taking) == takings_.end()) takings_.push_back(taking);
}

bool Visibility::at_once(const Taking& a, const Taking& b) const {
  return entry(*rows_[b.row], a.thread) <= a.epoch && entry(*rows_[a.row], b.thread) <= b.epoch;
}

std::vector<std::string> Visibility::lock_names(uint64_t locks) const {
  std::vector<std::string> names;
  for (size_t i = 0; i < locks_.size(); ++i)
    if (locks >> i & 1) names.push_back(lock_names_[i]);
  return names;
}

std::vector<PotentialDeadlock> Visibility::potential_deadlocks() const {
  constexpr size_t kMost = 100;
  std::vector<Taking> takings;
  for (Taking taking : takings_) {
    taking.held &= ~shared_locks_;
    if (taking.held != 0 && !(shared_locks_ >> taking.lock & 1)) takings.push_back(taking);
  }
  std::vector<PotentialDeadlock> found;
  for (const LockCycle& cycle : lock_cycles(takings, [this](const Taking& a, const Taking& b) { return at_once(a, b); }, kMost)) {
    PotentialDeadlock& deadlock = found.emplace_back();
    for (const Taking& taking : cycle.takings)
      deadlock.sides.push_back({taking.thread, lock_names_[taking.lock], lock_names(taking.held), sites_[taking.site]});
    deadlock.gates = lock_names(cycle.gates);
  }
  return found;
}

void Visibility::note_origin(uint16_t thread, std::string name, uint32_t site) {
  origins_.try_emplace(thread, std::move(name), site);
}

std::vector<Origin> Visibility::origins() const {
  std::vector<Origin> all;
  for (const auto& [thread, origin] : origins_) {
    all.push_back({thread, origin.first, sites_[origin.second]});
    all.back().site.in_library = false;  // start() always is
  }
  return all;
}

void Visibility::forget() {
  objects_.clear();
  memo_.assign(memo_.size(), {});
  takings_.clear();
  contended_ = 0;
}

/// Bit in Seen::locks of a lock of the base; none if there are too many.
uint64_t Visibility::lock_bit(const vm::Lock* lock) {
  constexpr size_t kMost = 64;
  const auto number = static_cast<size_t>(std::find(locks_.begin(), locks_.end(), lock) - locks_.begin());
  if (number == locks_.size()) {
    if (number == kMost) return 0;
    locks_.push_back(lock);
    const Object* owner = vm::library_owner(machine_, lock);
    std::string name = vm::name_of(machine_, owner ? owner : lock);
    if (name.empty() && lock->made.code) name = "the lock made at " + vm::place_text(lock->made);
    lock_names_.push_back(name.empty() ? "a lock of the library" : std::move(name));
  }
  return uint64_t{1} << number;
}

/// These locks protect nothing: what they seemed to protect has to be looked at again.
void Visibility::distrust(uint64_t locks) {
  if ((locks & ~shared_locks_) == 0) return;
  shared_locks_ |= locks;
  changed_ = true;
  for (auto& [identity, object] : objects_) {
    object.whole.seen.clear();
    for (auto& [key, part] : object.parts) part.seen.clear();
  }
  memo_.assign(memo_.size(), {});
}

// Between processes ---------------------------------------------------------------------------------------------------

namespace {

void put_site(Writer& out, const Site& site) {
  out.put(site.in_library);
  out.put(site.stack.size());
  for (const std::string& line : site.stack) out.put_text(line);
}

Site get_site(Reader& in) {
  Site site{{}, in.get<bool>()};
  for (auto count = in.get<size_t>(); count > 0; --count) site.stack.push_back(in.get_text());
  return site;
}

}  // namespace

void Visibility::begin_report() {
  found_ = Found{{}, orders_.size()};
}

void Visibility::report(Writer& out) const {
  out.put_all(locks_);
  for (bool flag : {all_visible_, ends_matter_, met_timeout_, changed_}) out.put(flag);
  out.put(shared_locks_);
  out.put(found_->known_orders);
  out.put(orders_.size() - found_->known_orders);
  for (size_t i = found_->known_orders; i < orders_.size(); ++i) {
    out.put_all(orders_[i]->epochs);
    out.put(orders_[i]->rows.size());
    for (uint32_t row : orders_[i]->rows) out.put_all(*rows_[row]);
  }
  out.put(found_->news.size());
  for (const auto& [news, name] : found_->news) {
    out.put(news);
    out.put_text(name);
    out.put_all(*rows_[news.seen.row]);
    put_site(out, sites_[news.seen.site]);
  }
  out.put(takings_.size());
  for (const Taking& taking : takings_) {
    out.put(taking);
    out.put_all(*rows_[taking.row]);
    put_site(out, sites_[taking.site]);
  }
  out.put(origins_.size());
  for (const auto& [thread, origin] : origins_) {
    out.put(thread);
    out.put_text(origin.first);
    put_site(out, sites_[origin.second]);
  }
}

std::vector<uint32_t> Visibility::take_over(Reader& in) {
  std::vector<uint64_t> bits;  // of their locks, here
  for (const vm::Lock* lock : in.get_all<const vm::Lock*>()) bits.push_back(lock_bit(lock));
  auto translated = [&bits](uint64_t locks) {
    uint64_t here = 0;
    for (size_t i = 0; i < bits.size(); ++i)
      if (locks >> i & 1) here |= bits[i];
    return here;
  };
  auto find_out = [this](bool& fact, bool is_so) {
    if (is_so && !std::exchange(fact, true)) changed_ = true;
  };
  find_out(all_visible_, in.get<bool>());
  find_out(ends_matter_, in.get<bool>());
  met_timeout_ = in.get<bool>() || met_timeout_;
  changed_ = in.get<bool>() || changed_;
  distrust(translated(in.get<uint64_t>()));
  std::vector<uint32_t> numbers(in.get<size_t>());
  std::iota(numbers.begin(), numbers.end(), 0);
  for (auto count = in.get<size_t>(); count > 0; --count) {
    Order order;
    order.epochs = in.get_all<uint16_t>();
    for (auto rows = in.get<size_t>(); rows > 0; --rows) order.rows.push_back(row_number(in.get_all<uint16_t>()));
    numbers.push_back(order_number(order));
  }
  for (auto count = in.get<size_t>(); count > 0; --count) {
    auto news = in.get<News>();
    std::string name = in.get_text();
    news.seen.row = row_number(in.get_all<uint16_t>());
    news.seen.locks = translated(news.seen.locks);
    news.seen.site = site_number(get_site(in));
    add(news, [&name] { return name; });
  }
  for (auto count = in.get<size_t>(); count > 0; --count) {
    auto taking = in.get<Taking>();
    taking.row = row_number(in.get_all<uint16_t>());
    taking.site = site_number(get_site(in));
    taking.held = translated(taking.held);
    const uint64_t taken = bits[taking.lock];
    if (taken == 0) continue;  // one lock too many
    taking.lock = static_cast<uint32_t>(std::countr_zero(taken));
    add_taking(taking);
  }
  for (auto count = in.get<size_t>(); count > 0; --count) {
    const auto thread = in.get<uint16_t>();
    std::string name = in.get_text();
    note_origin(thread, std::move(name), site_number(get_site(in)));
  }
  return numbers;
}

}  // namespace mini::explore
