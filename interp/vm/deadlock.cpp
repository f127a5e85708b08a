#include "interp/vm/deadlock.h"

#include <set>

#include "interp/vm/frame.h"
#include "interp/vm/imports.h"
#include "interp/vm/lock.h"
#include "interp/vm/object_names.h"

namespace mini::vm {

namespace {

Value attribute(Machine& machine, Value object, std::string_view name) {
  if (!object.is_object() || !attributes_of(object.as_object())) return kUnbound;
  auto text = machine.heap().intern(name);
  if (text.ok()) return get_instance_attribute(object.as_object(), text->get());
  static_cast<void>(machine.heap().take_pending());
  return kUnbound;
}

/// A global of the prelude's module `threading`.
Value threading(Machine& machine, std::string_view name) {
  auto global = [&](Dict* dict, std::string_view key) {
    auto text = machine.heap().intern(key);
    if (text.ok()) return get_name(dict, text->get());
    static_cast<void>(machine.heap().take_pending());
    return kUnbound;
  };
  if (!machine.state().modules) return kUnbound;
  const Value module = global(machine.state().modules, "threading");
  if (!module.is_object() || module.as_object()->type != machine.heap().type(BuiltinType::kModule)) return kUnbound;
  return global(static_cast<Module*>(module.as_object())->dict, name);
}

/// The primitive of the library on which the script called a method, and which method that was.
struct Primitive {
  Object* object = nullptr;  ///< null: the script waits for something by itself
  std::string type, method;
  bool is_thread = false;
};

/// Where a thread waits: the script's own innermost frame, and what the library was asked for there.
struct Waiting {
  ScriptPlace place{};           ///< its code is null where the library runs by itself
  Primitive primitive;
  const Frame* inner = nullptr;  ///< the library's innermost frame
};

class Report {
 public:
  /// `nobody_runs`: then it can be said of a condition that nobody is left who could notify it.
  Report(Machine& machine, bool nobody_runs)
      : machine_(machine), nobody_runs_(nobody_runs), thread_type_(threading(machine, "Thread")) {}

  std::string line(ThreadState& thread) {
    const Waiting waiting = find(thread);
    std::string text = "  " + thread_name(thread) + " waits ";
    if (thread.wait_kind == sched::WaitKind::Exit) text += "at its end";
    else if (waiting.place.code) text += "at " + place_text(waiting.place);
    else text += "in the library";
    return text + " for " + what(thread, waiting) + "\n";
  }

  /// Waits, as Condition.wait does, on a private lock that only a notifier releases.
  static bool waits_for_notice(const ThreadState& thread, const Frame* inner) {
    if (thread.wait_kind != sched::WaitKind::Lock || !inner) return false;
    return static_cast<const Lock*>(thread.wait_target)->owner == &thread && inner->code->code->name == "wait";
  }

  Waiting find(ThreadState& thread) {
    Waiting waiting;
    for (Frame* frame = thread.frame; frame; frame = frame->back) {
      if (frame->is_native) continue;
      if (!frame->code->has(bytecode::kPrelude)) {
        waiting.place = {frame->code->code, frame->index()};
        break;
      }
      if (!waiting.inner) waiting.inner = frame;
      look_at(frame, waiting.primitive);
    }
    return waiting;
  }

 private:
  /// A frame of the library: what it is a method of, unless an outer frame tells it better.
  void look_at(Frame* frame, Primitive& primitive) {
    const bytecode::Code& code = *frame->code->code;
    if (frame->code->parameter_count == 0 || code.varnames.empty() || code.varnames.front() != "self") return;
    Value self = frame->locals[0];
    for (uint32_t i = 0; self.is_unbound() && i < frame->code->cell_count; ++i)  // a closure shares it
      if (to_utf8(frame->code->variables[frame->code->local_count + i]) == "self")
        self = static_cast<Cell*>(frame->locals[frame->code->local_count + i].as_object())->content;
    if (!self.is_object()) return;
    const bool is_thread = thread_type_.is_object() &&
                           is_subtype(self.as_object()->type, static_cast<Type*>(thread_type_.as_object()));
    if (is_thread && code.name != "join") return;  // Thread.run, which only leads here
    const std::string type = to_utf8(self.as_object()->type->name);
    if (type.front() == '_') return;  // a part of the library's own
    primitive = {self.as_object(), type, code.name, is_thread};
  }

  std::string named(std::string_view type, const Object* object, const ScriptPlace& made) {
    std::string text(type);
    if (const std::string name = name_of(machine_, object); !name.empty()) text += " '" + name + "'";
    if (made.code) text += " (made at " + place_text(made) + ")";
    return text;
  }
  std::string named(const Primitive& primitive) {
    return named(primitive.type, primitive.object, place_made(primitive.object));
  }

  /// Where an object of the library was made: where the lock was, that it made for itself.
  ScriptPlace place_made(Object* object, int depth = 0) {
    if (depth > 3) return {};
    ScriptPlace place{};
    for_each_attribute(object, [&](const Str*, Value value) {
      if (place.code || !value.is_object()) return;
      Object* part = value.as_object();
      if (is_lock(part)) {
        // A lock that has a name was the script's, and only given to the object.
        if (name_of(machine_, part).empty()) place = static_cast<Lock*>(part)->made;
      } else if (depth < 3 && attributes_of(part) && is_library_type(machine_, part->type)) {
        place = place_made(part, depth + 1);
      }
    });
    return place;
  }

  std::string what(ThreadState& thread, const Waiting& waiting) {
    const Primitive& primitive = waiting.primitive;
    switch (thread.wait_kind) {
      case sched::WaitKind::Join: {
        auto& joined = *static_cast<const ThreadState*>(thread.wait_target);
        const std::string end = "the end of " + thread_name(const_cast<ThreadState&>(joined));
        return primitive.object && !primitive.is_thread ? named(primitive) + ": for " + end : end;
      }
      case sched::WaitKind::Start: {
        const auto* handle = static_cast<const ThreadHandle*>(thread.wait_target);
        auto* started = static_cast<ThreadState*>(machine_.state().threads.find(handle->serial));
        return "the start of " + (started ? thread_name(*started) : "a thread");
      }
      case sched::WaitKind::Exit: {
        std::string others;
        for (auto& other : machine_.state().threads.all)
          if (&other != &thread && !other.daemon)
            others += (others.empty() ? "" : ", ") + thread_name(static_cast<ThreadState&>(other));
        return "the end of " + others;
      }
      case sched::WaitKind::Lock: {
        const auto* lock = static_cast<const Lock*>(thread.wait_target);
        if (waits_for_notice(thread, waiting.inner) && primitive.object) return named(primitive) + unheard(primitive);
        const bool plain = static_cast<BuiltinType>(lock->type->kind) == BuiltinType::kLock;
        const std::string thing =
            primitive.object ? named(primitive) : named(plain ? "Lock" : "RLock", lock, lock->made);
        return thing + held(thread, *lock);
      }
      case sched::WaitKind::Queue: {
        const auto* queue = static_cast<const SimpleQueue*>(thread.wait_target);
        return named("SimpleQueue", queue, queue->made) +
               (nobody_runs_ ? ": nobody is left who could put something into it" : "");
      }
      case sched::WaitKind::Import: {
        const auto* module = static_cast<const Module*>(thread.wait_target);
        ThreadState* importer = importer_of(machine_, module);
        return "module '" + to_utf8(module->name) + "', which " + (importer ? thread_name(*importer) : "a thread") + " imports";
      }
      case sched::WaitKind::Sleep:
        return "time to pass";
      case sched::WaitKind::Descriptor:
        return "a file";
      default:
        return "something";
    }
  }

  std::string held(const ThreadState& thread, const Lock& lock) {
    if (!lock.locked) return "";
    const std::string since = lock.taken.code ? " since " + place_text(lock.taken) : "";
    if (lock.owner == &thread) return ", held by itself" + since;
    if (lock.owner) return ", held by " + thread_name(*lock.owner) + since;
    std::string text = ", held by " + (lock.dead_owner ? to_utf8(lock.dead_owner) : "a thread") + ", which ended";
    if (lock.ended.code) text += " at " + place_text(lock.ended);
    return text;
  }

  /// What would have to happen for a primitive to let its waiter go on.
  std::string unheard(const Primitive& primitive) {
    if (!nobody_runs_) return "";
    const Value own(primitive.object);
    auto number = [&](std::string_view name) {
      const Value value = attribute(machine_, own, name);
      return value.is_int() ? value.as_int() : -1;
    };
    auto is = [&](std::string_view name) {
      const Value type = threading(machine_, name);
      return type.is_object() && is_subtype(primitive.object->type, static_cast<Type*>(type.as_object()));
    };
    std::string nobody = ": nobody is left who could ";
    if (is("Barrier"))
      return fmt::format(": {} of {} threads have come, nobody is left who could", number("_count"), number("_parties"));
    if (is("Event")) return nobody + "set it";
    if (is("Semaphore")) return nobody + "release it";
    if (primitive.method == "get") return nobody + "put something into it";
    if (primitive.method == "put") return nobody + "take something out of it";
    if (primitive.method == "join") return nobody + "call task_done()";
    if (primitive.method == "result" || primitive.method == "exception") return nobody + "finish it";
    return nobody + "notify it";
  }

  Machine& machine_;
  const bool nobody_runs_;
  const Value thread_type_;
};

}  // namespace

std::string place_text(const ScriptPlace& place) { return fmt::format("{}:{}", place.code->filename, place.line()); }

std::string thread_name(ThreadState& thread) {
  Machine& machine = *thread.machine;
  Value owner = kUnbound;
  if (thread.serial == 0) {
    owner = threading(machine, "_main_thread");
  } else if (thread.function.is_object() &&
             thread.function.as_object()->type == machine.heap().type(BuiltinType::kBoundMethod)) {
    owner = static_cast<BoundMethod*>(thread.function.as_object())->self;  // Thread._bootstrap
  }
  const Value name = attribute(machine, owner, "_name");
  if (Str* text = as_str(machine.heap(), name)) return to_utf8(text);
  return thread.serial == 0 ? "MainThread" : fmt::format("T{}", thread.serial);
}

std::string describe_deadlock(Machine& machine) {
  std::string text = "deadlock: no thread can run\n";
  Report report(machine, true);
  for (auto& thread : machine.state().threads.all) text += report.line(static_cast<ThreadState&>(thread));
  return text;
}

std::string describe_stuck(Machine& machine) {
  // Whom each thread waits for that only one other can let go on; null: an owner that has ended.
  std::map<ThreadState*, ThreadState*> waits_for;
  Report report(machine, false);
  for (auto& scheduled : machine.state().threads.all) {
    auto& thread = static_cast<ThreadState&>(scheduled);
    if (thread.state != sched::State::Blocked || thread.deadline != sched::kNever) continue;
    if (thread.wait_kind == sched::WaitKind::Join) {
      waits_for[&thread] = static_cast<ThreadState*>(const_cast<void*>(thread.wait_target));
    } else if (thread.wait_kind == sched::WaitKind::Import) {
      waits_for[&thread] = importer_of(machine, static_cast<const Module*>(thread.wait_target));
    } else if (thread.wait_kind == sched::WaitKind::Lock) {
      const auto* lock = static_cast<const Lock*>(thread.wait_target);
      if (lock->locked && !Report::waits_for_notice(thread, report.find(thread).inner)) waits_for[&thread] = lock->owner;
    }
  }
  // Whoever waits for one that may go on, may go on; what is left when nobody does any more, is stuck.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto place = waits_for.begin(); place != waits_for.end();) {
      const bool may_go_on = place->second && !waits_for.contains(place->second);
      place = may_go_on ? waits_for.erase(place) : std::next(place);
      changed |= may_go_on;
    }
  }
  if (waits_for.empty()) return "";
  std::string text = "stuck: threads that wait for each other, or for one that has ended\n";
  for (auto& scheduled : machine.state().threads.all) {
    auto& thread = static_cast<ThreadState&>(scheduled);
    if (waits_for.contains(&thread)) text += report.line(thread);
  }
  return text;
}

void remember_dead_owner(Machine& machine, ThreadState& thread) {
  Heap& heap = machine.heap();
  auto name = make_str(heap, thread_name(thread));
  if (!name.ok()) static_cast<void>(heap.take_pending());  // then it has none
  heap.for_each_tracked([&](Object* object) {
    if (!is_lock(object)) return;
    auto* lock = static_cast<Lock*>(object);
    if (lock->owner != &thread) return;
    lock->owner = nullptr;
    lock->ended = thread.left_at;
    if (name.ok()) lock->dead_owner = Ref<Str>::share(name->get()).release();
  });
  thread.locks_held = 0;
}

}  // namespace mini::vm
