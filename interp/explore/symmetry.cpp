#include "interp/explore/symmetry.h"

#include <algorithm>

#include "runtime/object/dict.h"
#include "runtime/object/instance.h"
#include "runtime/object/sequence.h"

namespace mini::explore {

using observe::Access;
using observe::LocationKind;

namespace {

/// Null if it is not of this type.
template <typename T>
const T* as(Value value, BuiltinType kind) {
  return has_kind(value, kind) ? static_cast<const T*>(value.as_object()) : nullptr;
}

}  // namespace

Symmetry::Symmetry(vm::Machine& machine, const StateHasher& hasher, observe::Accesses& accesses, bool wanted)
    : machine_(machine), hasher_(hasher), accesses_(accesses) {
  if (!wanted) return;
  Heap& heap = machine.heap();
  bool complete = true;
  auto interned = [&](std::string_view text) {
    auto name = heap.intern(text);
    complete = complete && name.ok();
    return name.ok() ? name.take() : Ref<Str>();
  };
  target_ = interned("_target");
  arguments_ = interned("_args");
  keywords_ = interned("_kwargs");
  handle_ = interned("_handle");
  for (std::string_view name : {"_bootstrap", "run", "join", "start"}) methods_.push_back(interned(name));
  name_ = interned("_name");
  hook_ = interned("_excepthook");
  initialized_ = interned("_initialized");
  const Ref<Str> module_name = interned("threading"), type_name = interned("Thread"), active_name = interned("_active");
  if (heap.has_pending()) static_cast<void>(heap.take_pending());  // no memory for that
  if (!complete) return;
  const auto* module = as<Module>(get_name(machine.state().modules, module_name.get()), BuiltinType::kModule);
  if (!module) return;
  module_names_ = module->dict;
  thread_type_ = as<Type>(get_name(module->dict, type_name.get()), BuiltinType::kTypeType);
  active_ = as<Dict>(get_name(module->dict, active_name.get()), BuiltinType::kDict);
  if (!thread_type_ || !active_) return;
  bootstrap_ = library_code(thread_type_->attributes, "_bootstrap");
  run_ = library_code(thread_type_->attributes, "run");
  join_ = library_code(thread_type_->attributes, "join");
  start_ = library_code(thread_type_->attributes, "start");
  report_ = library_code(module->dict, "_report");
  current_ = library_code(module->dict, "current_thread");
  is_known_ = bootstrap_ && run_ && join_ && start_ && report_ && current_;
}

/// Of a function that is still the library's own; null if it is another one.
const vm::CodeObject* Symmetry::library_code(const Dict* names, std::string_view name) {
  for (uint32_t i = 0; i < names->used; ++i) {
    const auto* key = as<Str>(names->entries[i].key, BuiltinType::kStr);
    if (!key || to_utf8(key) != name) continue;
    const auto* function = as<vm::Function>(names->entries[i].value, BuiltinType::kFunction);
    return function && function->code->has(bytecode::kPrelude) && function->code->code->name == name ? function->code : nullptr;
  }
  return nullptr;
}

// Kinds ---------------------------------------------------------------------------------------------------------------

void Symmetry::begin() {
  is_on_ = changed_ = false;
  for (Kind& kind : kinds_) {
    kind.is_active = kind.is_met && !kind.is_told_apart;
    is_on_ = is_on_ || kind.is_active;
  }
}

Value Symmetry::attribute(const Object* object, const Ref<Str>& name) {
  return get_instance_attribute(const_cast<Object*>(object), name.get());
}

/// The Thread that began the thread; null if it is a thread of another sort.
const Object* Symmetry::object_of(const vm::ThreadState& thread) const {
  const auto* method = as<BoundMethod>(thread.function, BuiltinType::kBoundMethod);
  if (!method || !method->self.is_object() || method->self.as_object()->type != thread_type_) return nullptr;
  const auto* function = as<vm::Function>(method->function, BuiltinType::kFunction);
  return function && function->code == bootstrap_ ? method->self.as_object() : nullptr;
}

/// Adds what makes a value the same in two threads; false if that cannot be said of it.
bool Symmetry::describe(Value value, std::vector<uint64_t>& words) const {
  if (!value.is_object()) {
    words.insert(words.end(), {1, value.bits()});
    return true;
  }
  if (const auto* method = as<BoundMethod>(value, BuiltinType::kBoundMethod)) {
    words.push_back(2);
    return describe(method->function, words) && describe(method->self, words);
  }
  words.insert(words.end(), {3, value.bits()});
  return hasher_.is_base_object(value.as_object());
}

uint16_t Symmetry::kind_of(const vm::ThreadState& thread) {
  constexpr uint32_t kMostThreads = 200;  // more than anybody can explore
  // The end of the program is the end of a daemon, wherever it stands: that is for another day.
  if (!is_known_ || thread.daemon || thread.serial >= kMostThreads) return 0;
  const Object* object = object_of(thread);
  if (!object) return 0;
  constexpr uint32_t kAttributes = 11;  // that Thread.__init__ gives it; the script may have added some, or taken away
  const Attributes* attributes = attributes_of(const_cast<Object*>(object));
  const uint32_t count = attributes->shape ? attributes->shape->count : attributes->dict ? attributes->dict->live : 0;
  if (static_cast<const Tracked*>(object)->flags & Tracked::kWeaklyReferenced) return 0;
  if (count != kAttributes || attribute(object, initialized_) != kTrue) return 0;
  if (!has_kind(attribute(object, name_), BuiltinType::kStr)) return 0;
  std::vector<uint64_t> words;
  const auto* arguments = as<Tuple>(attribute(object, arguments_), BuiltinType::kTuple);
  const auto* keywords = as<Dict>(attribute(object, keywords_), BuiltinType::kDict);
  if (!arguments || !keywords || !describe(attribute(object, target_), words) || !describe(attribute(object, hook_), words))
    return 0;
  words.push_back(arguments->length);
  for (uint64_t i = 0; i < arguments->length; ++i)
    if (!describe(arguments->items()[i], words)) return 0;
  // Equal ones may become different before they are read.
  if (keywords->live != 0 && !describe(Value(const_cast<Dict*>(keywords)), words)) return 0;
  const auto [place, fresh] = numbers_.try_emplace(std::move(words), static_cast<uint16_t>(kinds_.size()));
  if (fresh) kinds_.emplace_back();
  return place->second;
}

uint64_t Symmetry::name_of(const vm::ThreadState& thread) const {
  return static_cast<uint64_t>(hash_of(static_cast<Str*>(attribute(object_of(thread), name_).as_object())));
}

void Symmetry::meet(uint16_t kind) {
  if (std::exchange(kinds_[kind].is_met, true) || kinds_[kind].is_told_apart) return;
  changed_ = true;
}

void Symmetry::tell_apart(uint32_t serial) {
  if (group_of(serial) == 0) return;
  kinds_[present_->kinds[serial]].is_told_apart = changed_ = true;
}

void Symmetry::tell_all_apart() {
  for (Kind& kind : kinds_) {
    changed_ = changed_ || kind.is_active;
    kind.is_told_apart = true;
  }
}

// What tells -----------------------------------------------------------------------------------------------------------

std::optional<uint32_t> Symmetry::member_with(const Object* object) const {
  if (!is_on_) return {};
  const Value of = object->type == thread_type_ ? attribute(object, handle_) : Value(const_cast<Object*>(object));
  const auto* handle = as<vm::ThreadHandle>(of, BuiltinType::kThreadHandle);
  if (!handle || handle->stage == vm::ThreadHandle::kNew || group_of(handle->serial) == 0) return {};
  return handle->serial;
}

/// Whether any thread of a group runs; 0: of any.
bool Symmetry::has_living_members(uint16_t group) const {
  if (!is_on_) return false;
  for (const sched::Thread& each : machine_.state().threads.all)
    if (const uint16_t of = group_of(each.serial); of != 0 && (group == 0 || of == group)) return true;
  return false;
}

void Symmetry::watch(const vm::ThreadState& thread, const vm::Frame& frame, std::span<const Access> accesses) {
  if (!is_on_) return;
  if (frame.code == report_) tell_apart(thread.serial);  // an exception left what it was started on: its name will be told
  const bool anybody = has_living_members();  // who is over does not change any more
  if ((anybody || is_in_debt(thread)) && accesses_.asks_machine()) tell_all_apart();
  const vm::CodeObject* code = code_of(frame);
  for (const Access& access : accesses) {
    const bool is_of_module = access.object == module_names_ || access.owner == Value(const_cast<Type*>(thread_type_));
    if (access.object == active_) {
      const bool finds_itself = code == current_ && group_of(thread.serial) == 0 && !access.writes();
      if (code != bootstrap_ && !finds_itself) tell_all_apart();
    } else if (is_of_module) {
      if (access.writes() && !code->has(bytecode::kPrelude)) tell_all_apart();
    } else if (access.kind == LocationKind::kThread) {
      const auto about = static_cast<uint32_t>(access.key);
      const bool starts = access.writes() && code == start_, joins = !access.writes() && !access.asks;
      if (anybody && access.whole) tell_all_apart();
      else if (anybody && about != thread.serial && !(thread.serial == 0 && (starts || joins))) tell_apart(about);
    } else if (!access.object) {
      if (anybody) tell_all_apart();
    } else if (access.owner.is_object() && (anybody || access.writes())) {
      watch_object(thread, code, access);
    }
  }
}

/// Whether it finds a method by which a thread is run, started or joined.
bool Symmetry::looks_up_method(const Access& access) const {
  return !access.writes() && std::any_of(methods_.begin(), methods_.end(),
                                         [&](const Ref<Str>& name) { return access.label == Value(name.get()); });
}

/// An access to an attribute of a member's Thread, if it is that.
void Symmetry::watch_object(const vm::ThreadState& thread, const vm::CodeObject* code, const Access& access) {
  const std::optional<uint32_t> member = member_with(access.owner.as_object());
  if (!member) return;
  if (looks_up_method(access)) return;  // it is the class's, in all of them
  const bool is_own = *member == thread.serial && is_of_library(code);
  const bool starts_or_joins = thread.serial == 0 && (code == join_ || code == start_);
  if (!is_own && !starts_or_joins) tell_apart(*member);
}

void Symmetry::on_identity(const vm::ThreadState& thread) {
  const Object* object = group_of(thread.serial) != 0 ? object_of(thread) : nullptr;
  if (!object) return;
  const auto* handle = as<vm::ThreadHandle>(attribute(object, handle_), BuiltinType::kThreadHandle);
  if (handle && handle->stage == vm::ThreadHandle::kStarted) return;  // the library, before the thread is one of the group
  tell_apart(thread.serial);
}

bool Symmetry::belongs_to_join(const vm::Frame& frame, const Access& access) const {
  const bool is_of_member = access.owner.is_object() && member_with(access.owner.as_object());
  return is_of_member && (code_of(frame) == join_ || looks_up_method(access));
}

/// The member of a group that a wait is for, which may be over; nothing if the access is something else.
std::optional<uint32_t> Symmetry::joined_by(const Access& access) const {
  if (access.kind != LocationKind::kThread || access.whole || access.writes() || access.asks) return {};
  const auto serial = static_cast<uint32_t>(access.key);
  return group_of(serial) != 0 ? std::optional(serial) : std::nullopt;
}

bool Symmetry::holds_main() {
  vm::ThreadState* main = machine_.state().main;
  vm::Frame* frame = main && is_on_ ? main->frame : nullptr;
  if (!frame || !frame->is_native || code_of(*frame) != join_) return false;
  const auto accesses = accesses_.of_native(*main, *frame);
  return std::any_of(accesses.begin(), accesses.end(), [this](const Access& access) {
    const std::optional<uint32_t> member = joined_by(access);
    return member && has_living_members(group_of(*member));
  });
}

// For the hash ---------------------------------------------------------------------------------------------------------

bool Symmetry::is_settled(const vm::ThreadState& thread) {
  const Object* object = object_of(thread);
  if (!object || !thread.frame || thread.importing) return false;
  // Whether its Thread still lives, somebody else can tell.
  if (static_cast<const Tracked*>(object)->flags & Tracked::kWeaklyReferenced) tell_apart(thread.serial);
  const auto* handle = as<vm::ThreadHandle>(attribute(object, handle_), BuiltinType::kThreadHandle);
  if (!handle || handle->stage != vm::ThreadHandle::kRunning) return false;
  if (thread.state == sched::State::Blocked && thread.queue && thread.wait_kind != sched::WaitKind::Lock) return false;
  for (const vm::Frame* frame = thread.frame; frame; frame = frame->back)
    if (is_library_frame(*frame) && frame->object) return false;
  return true;
}

std::array<Value, 5> Symmetry::own_values(const vm::ThreadState& thread) const {
  const Object* object = object_of(thread);
  return {Value(const_cast<Object*>(object)), Value::integer(static_cast<int64_t>(thread.identity)), attribute(object, target_),
          attribute(object, arguments_), attribute(object, keywords_)};
}

}  // namespace mini::explore
