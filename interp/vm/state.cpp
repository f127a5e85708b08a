#include "interp/vm/state.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "interp/vm/lock.h"
#include "runtime/object/node.h"

namespace mini::vm {

namespace {

/// Walks every object that the roots reach, breadth first, and mixes what it sees.
class Hasher final : public Visitor {
 public:
  explicit Hasher(Machine& machine) : heap_(machine.heap()) { numbers_.reserve(heap_.object_count() * 2); }

  void reference(Value value) override {
    if (!value.is_object()) return mix(value.bits());
    Object* object = value.as_object();
    const auto [place, fresh] = numbers_.try_emplace(object, numbers_.size() + 1);
    if (fresh) pending_.push_back(object);
    mix(place->second << 3 | Value::kObjectTag);
  }
  using Visitor::reference;
  void scalar(uint64_t number) override { mix(number); }
  void content(const void* bytes, size_t size) override {
    mix(size);
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (; size >= 8; at += 8, size -= 8) {
      uint64_t word;
      std::memcpy(&word, at, 8);
      mix(word);
    }
    uint64_t rest = 0;
    if (size == 0) return;  // there may be no bytes at all to point at
    std::memcpy(&rest, at, size);
    mix(rest);
  }

  /// Visits what was discovered and not yet visited.
  void finish() {
    for (size_t next = 0; next < pending_.size(); ++next) {
      Object* object = pending_[next];
      // The runtime's own types are the same in every state.
      if (object->type->kind == static_cast<uint32_t>(BuiltinType::kTypeType) &&
          !(static_cast<Type*>(object)->type_flags & Type::kUserClass)) {
        mix(static_cast<Type*>(object)->kind);
        continue;
      }
      visit_object(object, *this);
    }
  }
  StateHash result() const { return {first_, second_}; }

 private:
  /// Two lanes of multiply and rotate; different multipliers make them independent enough for 128 bits.
  void mix(uint64_t word) {
    first_ = std::rotl(first_ ^ word, 29) * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
    second_ = (std::rotl(second_, 31) ^ word) * 0xd6e8feb86659fd93u + 0xa0761d6478bd642fu;
    first_ ^= first_ >> 32;
    second_ ^= second_ >> 29;
  }

  Heap& heap_;
  std::unordered_map<Object*, uint64_t> numbers_;
  std::vector<Object*> pending_;
  uint64_t first_ = 0x243f6a8885a308d3u, second_ = 0x13198a2e03707344u;
};

void visit_thread(ThreadState& thread, sched::Time now, Visitor& visitor) {
  visitor.scalar(thread.serial);
  // Running and runnable differ only in what the schedule decided.
  const bool can_run = thread.state == sched::State::Running || thread.state == sched::State::Runnable;
  visitor.scalar(can_run ? 1 : 2 + static_cast<uint64_t>(thread.state));
  visitor.scalar(thread.daemon);
  visitor.scalar(static_cast<uint64_t>(thread.wait_kind));
  visitor.scalar(static_cast<uint64_t>(thread.wake_reason));
  visitor.scalar(thread.deadline == sched::kNever ? ~uint64_t{0} : static_cast<uint64_t>(thread.deadline - now));
  // What a suspended native may go on waiting for.
  const bool waits_on = thread.frame && thread.frame->is_native && thread.suspension.deadline != sched::kNever;
  visitor.scalar(waits_on ? static_cast<uint64_t>(thread.suspension.deadline - now) : ~uint64_t{0});
  visitor.reference(thread.body_names);
  visitor.scalar(thread.stage);
  visitor.scalar(thread.identity);
  visitor.reference(thread.handled);
  visitor.scalar(thread.reraising);
  for (Value value : {thread.result, thread.function, thread.arguments, thread.keywords, thread.handle, thread.locals,
                      thread.suspension.callable, thread.suspension.saved_arguments})
    visitor.reference(value);
  visitor.scalar(uint64_t{thread.suspension.kind} << 32 | thread.suspension.phase);
  for (Frame* frame = thread.frame; frame; frame = frame->back) {
    visitor.scalar(frame->is_generator);
    visit_frame(frame, visitor);
  }
  for (auto& waiter : thread.joiners) visitor.scalar(waiter.serial);
}

}  // namespace

StateHash hash_state(Machine& machine) {
  MachineState& state = machine.state();
  Hasher hasher(machine);
  hasher.reference(state.modules);
  hasher.reference(state.builtins);
  hasher.reference(state.sys);
  hasher.reference(state.main_names);
  hasher.reference(state.exit_callbacks);
  hasher.reference(state.signal_handlers);
  hasher.scalar(state.recursion_limit);
  hasher.scalar(state.exit_status);
  hasher.scalar(state.main_is_over);
  hasher.scalar(state.next_identity);
  hasher.scalar(static_cast<uint64_t>(state.switch_interval));
  hasher.scalar(state.threads.started);
  const CollectorState& collector = machine.heap().collector();
  hasher.scalar(collector.enabled);
  for (int32_t threshold : collector.thresholds) hasher.scalar(static_cast<uint64_t>(threshold));
  for (auto& thread : state.threads.all)
    visit_thread(static_cast<ThreadState&>(thread), state.threads.virtual_now, hasher);
  if (Exception* pending = machine.heap().pending()) hasher.reference(pending);
  hasher.finish();
  return hasher.result();
}

// Saving ------------------------------------------------------------------------------------------------------------

bool Machine::save(SavedState& saved, std::string& error) {
  if (options_.os_threads) {
    error = "a VM can be saved only under the one-thread runner";
    return false;
  }
  sched::Thread* inside = runner_->inside_native();
  if (!inside && state_->threads.current && current().nested_runs > 0) inside = &current();
  if (inside) {
    error = fmt::format("T{} is inside a native that called back into the script", inside->serial);
    return false;
  }
  memory_->save(saved.memory_);
  saved.schedule_ = runner_->schedule().clone();
  return true;
}

void Machine::restore(const SavedState& saved, std::unique_ptr<sched::Schedule> schedule) {
  memory_->restore(saved.memory_);
  set_schedule(schedule ? std::move(schedule) : saved.schedule_->clone());
}

}  // namespace mini::vm
