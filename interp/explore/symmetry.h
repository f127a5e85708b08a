// Threads that nobody can tell apart: of the states that differ only in which of them does what, one stands for all.
//
// Threads that the main thread starts on the same function with the same arguments form a *group*. Swap what two of its
// members are doing, and the script goes on alike, as long as nothing in it depends on who they are. So the hasher shows what
// a member is doing under the name of its group, and states that are images of each other have one hash (state_hash.h).
//
// Whatever tells the members apart is looked for while the script runs, and ends the group: then all is explored again with
// its threads as different ones. That is
// - the number or the Thread object of a member, read by anybody but the library on its own behalf;
// - what names a member in the output: an exception that leaves it, a deadlock;
// - the main thread, if between two joins of members it does anything that others can see.
// The last is found out in this way: at the join of a member the main thread is *held* until all of the group have ended,
// since from one join to the next it does nothing that matters. Let go, it has to join the others before it does anything
// visible; and wherever it was held there has to be a way on which it is let go, or else nobody knows what it would have done.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "interp/explore/state_hash.h"
#include "interp/observe/accesses.h"
#include "interp/vm/function.h"
#include "interp/vm/lock.h"
#include "runtime/object/str.h"

namespace mini::explore {

using namespace mini::object;

/// Which threads are equal: a part of the order of threads (visibility.h), and so of the state.
struct Company {
  std::vector<uint16_t> kinds;   ///< by thread: what it runs; 0: nothing that another thread could run as well
  std::vector<uint16_t> groups;  ///< by thread: the first member of its group; 0: none
  std::vector<uint64_t> names;   ///< by thread that has a kind: a hash of its name, which the hash of the state leaves out
  uint16_t debt = 0;             ///< a group of which the main thread has joined some, and has to join the others; 0: none
  auto operator<=>(const Company&) const = default;
};

class Symmetry {
 public:
  /// Not `wanted`: no thread has an equal.
  Symmetry(vm::Machine& machine, const StateHasher& hasher, observe::Accesses& accesses, bool wanted);

  /// The order that the present state has.
  void set_present(const Company& company) { present_ = &company; }
  /// What has been found out counts from here on: what is equal does not change during a search.
  void begin();
  /// Whether something was found out since.
  bool changed() const { return changed_; }
  /// Whether any threads may be taken for equal in this search.
  bool is_on() const { return is_on_; }

  // Kinds of threads.
  /// Of a thread that has just been started by the main thread. 0: there can be no equal one.
  uint16_t kind_of(const vm::ThreadState& thread);
  /// A hash of its name, if it has a kind.
  uint64_t name_of(const vm::ThreadState& thread) const;
  /// Two threads of this kind live at once.
  void meet(uint16_t kind);
  bool is_active(uint16_t kind) const { return kind != 0 && kinds_[kind].is_active; }
  /// Of the present state; 0: the thread has no equals.
  uint16_t group_of(uint32_t serial) const {
    return is_on_ && serial < present_->groups.size() && is_active(present_->kinds[serial]) ? present_->groups[serial] : uint16_t{0};
  }
  /// The group of this thread ends.
  void tell_apart(uint32_t serial);
  void tell_all_apart();

  // While the script runs.
  /// The instruction at hand is about to do this.
  void watch(const vm::ThreadState& thread, const vm::Frame& frame, std::span<const observe::Access> accesses);
  /// The script is told the number of this thread.
  void on_identity(const vm::ThreadState& thread);
  /// Whether it is the main thread, and has joined some members of a group and has to join the others before all else.
  bool is_in_debt(const vm::ThreadState& thread) const { return thread.serial == 0 && present_->debt != 0; }
  /// Whether an access, which others can see, belongs to its joins.
  bool belongs_to_join(const vm::Frame& frame, const observe::Access& access) const;
  /// It is about to do something else that others can see.
  void tell_debt_apart() { tell_apart(present_->debt); }
  /// Whether the main thread is in the join of a member of a group, some of which have not ended.
  bool holds_main();

  // For the hash.
  /// Whether a thread stands where its frames tell all about it but who it is.
  bool is_settled(const vm::ThreadState& thread);
  /// What a member's library frames hold that is its own: its Thread, number, target, arguments and keywords.
  std::array<Value, 5> own_values(const vm::ThreadState& thread) const;
  /// Whether this is the frame of a method of Thread that a thread begins with, or of a native that it has called.
  bool is_library_frame(const vm::Frame& frame) const { return is_of_library(code_of(frame)); }
  /// The member whose Thread, or handle, an object is. That changes as the member goes on, and only so.
  std::optional<uint32_t> member_with(const Object* object) const;
  /// Whether an object is the dict of all Threads that run. What is in it, the threads tell.
  bool is_list_of_threads(const Object* object) const { return is_on_ && object == active_; }

 private:
  struct Kind {
    bool is_met = false, is_told_apart = false, is_active = false;
  };
  static const vm::CodeObject* library_code(const Dict* names, std::string_view name);
  static const vm::CodeObject* code_of(const vm::Frame& frame) {
    return frame.is_native && frame.back ? frame.back->code : frame.code;
  }
  bool is_of_library(const vm::CodeObject* code) const { return code == bootstrap_ || code == run_; }
  const Object* object_of(const vm::ThreadState& thread) const;
  bool describe(Value value, std::vector<uint64_t>& words) const;
  std::optional<uint32_t> joined_by(const observe::Access& access) const;
  bool has_living_members(uint16_t group = 0) const;
  static Value attribute(const Object* object, const Ref<Str>& name);
  bool looks_up_method(const observe::Access& access) const;
  void watch_object(const vm::ThreadState& thread, const vm::CodeObject* code, const observe::Access& access);

  vm::Machine& machine_;
  const StateHasher& hasher_;
  observe::Accesses& accesses_;
  bool is_known_ = false;  // the library's own class is the one that makes threads
  bool is_on_ = false, changed_ = false;
  Company nobody_;
  const Company* present_ = &nobody_;
  std::vector<Kind> kinds_ = {{}};
  std::map<std::vector<uint64_t>, uint16_t> numbers_;  // of kinds
  const Type* thread_type_ = nullptr;
  const Dict *module_names_ = nullptr, *active_ = nullptr;
  const vm::CodeObject *bootstrap_ = nullptr, *run_ = nullptr, *join_ = nullptr, *start_ = nullptr, *report_ = nullptr,
                       *current_ = nullptr;
  Ref<Str> target_, arguments_, keywords_, handle_, name_, hook_, initialized_;
  std::vector<Ref<Str>> methods_;  // names that threads are run by, which an object may not have for itself
};

}  // namespace mini::explore
