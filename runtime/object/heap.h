// Heap: the object world of one VM.
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <cstring>
#include <new>
#include <string_view>

#include "runtime/base/memory.h"
#include "runtime/object/type.h"
#include "runtime/object/weak_reference.h"

namespace mini::object {

struct Exception;
struct Traceback;
struct List;
struct Str;
struct Bytes;
struct Tuple;

enum class BuiltinType : uint32_t {
#define BUILTIN_TYPE(enumerator, name, base) k##enumerator,
#include "runtime/object/builtin_types.def"
#undef BUILTIN_TYPE
  kCount
};

enum class Name : uint32_t {
#define NAME(text) k##text,
#include "runtime/object/names.def"
#undef NAME
  kCount
};

/// What the object layer asks of the machine above it. Set once, when the VM is built.
struct MachineHooks {
  /// Calls a callable of any kind in the middle of native work, on the C++ stack. `function`, then `count` arguments.
  Result<Ref<Value>> (*call)(Heap&, Value function, const Value* arguments, uint32_t count);
  /// The same with the last arguments named by `keyword_names`.
  Result<Ref<Value>> (*call_with_keywords)(Heap&, Value function, const Value* arguments, uint32_t count,
                                           Tuple* keyword_names);
  /// Looks up an attribute as `getattr` does, properties and `__getattr__` included.
  Result<Ref<Value>> (*get_attribute)(Heap&, Value, Str* name);
  /// Called when a finaliser or weak reference callback waits to be run at the end of this instruction.
  void (*finalizers_pending)(Heap&);
  /// How much deeper natives may nest; raises RecursionError.
  Result<void> (*enter_native)(Heap&);
  void (*leave_native)(Heap&);
  /// A word of the running thread, null at first: which containers it is writing out, so that `[...]` stands for one
  /// inside itself. Null hook: one word for all threads.
  void** (*repr_chain)(Heap&);
  /// The line of an entry of a traceback (`tb_lineno`).
  int64_t (*traceback_line)(Heap&, const Traceback*);
  /// Told of each object that is about to be freed; null as a rule.
  void (*freed)(Heap&, Object*) = nullptr;
  /// Drops and visits what belongs to the machine's own types are set in their Type.
};

/// Counts of a collection, as `gc.collect` and `gc.get_count` tell them.
struct CollectorState {
  uint32_t enabled = 1;
  uint32_t collecting = 0;
  /// Tracked objects made less those freed since the last collection of each generation (CPython 3.13: Modules/gcmodule.c).
  int32_t counts[3] = {};
  int32_t thresholds[3] = {2000, 10, 10};
  /// Objects that outlived a full collection, and those that would be new to the next one.
  uint32_t long_lived_total = 0, long_lived_pending = 0;
  /// Tests: collect at each allocation of a tracked object.
  uint32_t stress = 0;
  /// gc.callbacks: script code that wants to know of each collection; null until somebody asks for the list.
  List* callbacks = nullptr;
  /// With callbacks, a collection waits for the end of the instruction: one more than its generation; 0: none waits.
  uint32_t due = 0;
  /// What gc.get_stats() tells, by generation.
  struct Statistics {
    uint64_t collections = 0, collected = 0;
  } statistics[3];
};

using TrackedList = base::MemberList<Tracked, &Tracked::hook>;

/// All objects of a VM and what they need: types, interned strings, the pending exception, the cycle collector.
/// Lives at the root of the VM's memory, so that it is saved and restored with it. Needs the GIL.
class Heap {
 public:
  /// Makes the heap and its builtin types in `memory`; null if the memory does not suffice.
  static Heap* create(base::Memory& memory, const MachineHooks& hooks);
  /// Frees all that a script has made or could get hold of something by, cycles included. What stays, the types and functions
  /// that natives are, ends with the memory. Whether nothing else was left.
  bool drop_objects();
  /// The same and then those, one by one; returns how many objects remain alive (0 unless there is a leak).
  size_t shut_down();

  /// The heap that an object belongs to.
  static Heap& of(const void* object) { return *static_cast<Heap*>(base::Memory::of(object).root()); }

  base::Memory& memory() { return base::Memory::of(this); }
  const MachineHooks& hooks() const { return hooks_; }
  void watch_freeing(void (*freed)(Heap&, Object*)) { hooks_.freed = freed; }
  /// The machine that this heap serves.
  void* machine() const { return machine_; }
  void set_machine(void* machine) { machine_ = machine; }

  Type* type(BuiltinType which) { return types_[static_cast<uint32_t>(which)]; }
  void set_type(BuiltinType which, Type* type) { types_[static_cast<uint32_t>(which)] = type; }
  Str* name(Name which) { return names_[static_cast<uint32_t>(which)]; }
  Type* type_of(Value value) {
    return value.is_object() ? value.as_object()->type : type_of_unboxed(value);
  }

  /// A new object with one count, its fields after the header zero, or MemoryError.
  /// `extra` bytes follow the struct. Tracked objects join the collector's list at once: they must be fit to be visited.
  template <class T>
  Result<Ref<T>> create(Type* type, size_t extra = 0) {
    Result<Ref<T>> made = create_unfilled<T>(type, extra);
    if (extra > 0 && made.ok()) std::memset(reinterpret_cast<char*>(made->get()) + sizeof(T), 0, extra);
    return made;
  }
  /// The same, but what follows the struct is left to the caller.
  template <class T>
  Result<Ref<T>> create_unfilled(Type* type, size_t extra) {
    Object* object = allocate_object(type, sizeof(T) + extra);
    if (!object) return raised;
    constexpr size_t kLinked = std::derived_from<T, Tracked> ? sizeof(Tracked) : sizeof(Object);
    // The size is known here: a few stores in place of a call.
    std::memset(reinterpret_cast<char*>(object) + kLinked, 0, sizeof(T) - kLinked);
    return Ref<T>::adopt(static_cast<T*>(object));
  }
  template <class T>
  Result<Ref<T>> create(BuiltinType which, size_t extra = 0) {
    return create<T>(type(which), extra);
  }
  /// The same for an object of a builtin type that is not tracked, without asking the type.
  template <class T>
  Result<Ref<T>> create_plain(BuiltinType which, size_t extra) {
    static_assert(!std::derived_from<T, Tracked>);
    auto* object = static_cast<T*>(memory().allocate(sizeof(T) + extra));
    if (!object) [[unlikely]] return raise_memory_error();
    std::memset(static_cast<void*>(object), 0, sizeof(T));
    object->count = 1;
    object->type = type(which);
    ++object_count_;
    return Ref<T>::adopt(object);
  }
  /// A buffer that an object owns; null after raising MemoryError.
  void* allocate_buffer(size_t bytes);
  void* resize_buffer(void* buffer, size_t old_bytes, size_t new_bytes);
  void release_buffer(void* buffer, size_t bytes) { memory().release(buffer, bytes); }

  /// Raises `type(message)`. The exception is pending until the loop or a native takes it.
  Raised raise_text(BuiltinType type, std::string_view message);
  template <class... Arguments>
  Raised raise(BuiltinType type, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return raise_text(type, fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  Raised raise_memory_error();
  /// `raise_value(KeyError, key)` raises one with that argument; kUnbound: without any.
  Raised raise_object(Ref<Exception> exception);
  Raised raise_value(BuiltinType type, Value argument);
  bool has_pending() const { return pending_ != nullptr; }
  bool pending_is(BuiltinType which) const;
  Ref<Exception> take_pending();
  Exception* pending() const { return pending_; }

  /// The one string with this text: attribute names and identifiers compare by address.
  Result<Ref<Str>> intern(Ref<Str> text);
  Result<Ref<Str>> intern(std::string_view utf8);

  /// What `id()` answers: a serial, given out at the first question.
  uint32_t serial_of(Object* object) {
    if (object->serial == 0) object->serial = ++last_serial_;
    return object->serial;
  }
  /// The last one given out: what the next question will be answered depends on it.
  uint32_t last_serial() const { return last_serial_; }
  uint32_t next_type_version() { return ++last_type_version_; }
  uint32_t next_shape_serial() { return ++last_shape_serial_; }
  uint32_t next_keys_version() { return ++last_keys_version_; }

  /// Told of each object just before it is freed; null: nobody is. It changes no count and allocates nothing.
  using DeathWatcher = void (*)(Heap&, Object*);
  void watch_deaths(DeathWatcher watcher) { death_watcher_ = watcher; }

  CollectorState& collector() { return collector_; }
  Result<List*> collection_callbacks();
  /// Calls `function(Object*)` for every object that can be part of a cycle.
  template <class Function>
  void for_each_tracked(Function function);
  /// Full collection; the number of unreachable objects found. Those that a finaliser can see stay until it has run, and
  /// are freed by a later collection, which does not count them again.
  size_t collect();
  /// Collects the youngest generations up to this one (0 to 2).
  size_t collect_generation(uint32_t generation);
  /// What is tracked now belongs to the VM and as a rule stays to the end: no collection looks at it any more, so a cycle of
  /// what a script takes out of `sys` or `builtins` is found at the end only.
  void settle();
  /// What is tracked now is looked at by no collection any more, until unfreeze() puts it into the oldest generation.
  void freeze();
  void unfreeze();
  size_t frozen_count() const { return frozen_.size(); }
  /// The tracked objects of one generation, 0 to 2.
  TrackedList& generation(uint32_t number) { return number == 0 ? tracked_ : old_[number - 1]; }

  /// The next object whose finaliser should run (count 1, revived for it), or weak reference whose callback should, or
  /// kUnbound. Whoever takes one says
  /// finalizer_done() when that has run. Until then only objects that died meanwhile may be taken, as CPython's nested
  /// calls have it: those that waited already wait on.
  Ref<Value> take_finalizable();
  bool has_finalizable() const { return finalizable_.begin() != finalizable_barrier_; }
  void finalizer_done();
  /// At the end of a VM: finalisers that will never be done hold nobody up any more.
  void forget_running_finalizers();

  /// Lets a weak reference, whose `target` is set, be cleared when its object dies. Before it dies itself, unwatch it.
  void watch(WeakReference* reference);
  void unwatch(WeakReference* reference);
  /// The weak references to an object, the oldest first.
  auto weak_references_to(const Object* object) {
    return weak_references_.equal_range(object, WeakReference::ByTarget());
  }

  size_t object_count() const { return object_count_; }

  /// For the explorer: each object that dies from now on sets its bit in `marks` (which lies in the VM's memory), one bit
  /// for each 16 bytes from the start of that memory, as far as there are bits. Null: no longer.
  void mark_deaths(uint64_t* marks, size_t bits) {
    death_marks_ = marks;
    death_mark_count_ = bits;
  }

  /// Objects of which one is enough, each null until its first use. The heap owns what stands here.
  struct Shared {
    Tuple* empty_tuple = nullptr;
    Str* empty_str = nullptr;
    Bytes* empty_bytes = nullptr;
    Str* characters[128] = {};
  };
  Shared& shared() { return shared_; }

  /// The most decimal digits that an int's text may have; 0: any number (sys.set_int_max_str_digits).
  uint32_t digit_limit() const { return digit_limit_; }
  void set_digit_limit(uint32_t digits) { digit_limit_ = digits; }

  void** repr_chain() { return hooks_.repr_chain ? hooks_.repr_chain(*this) : &repr_chain_; }

  /// For leak reports: what shut_down() could not free, "3 list, 1 __main__.Node"; empty if nothing.
  std::string describe_live_objects(size_t limit = 10);

  /// Every reference that the heap itself holds.
  void visit(Visitor& visitor);

 private:
  friend void object_dead(Object* object) noexcept;
  friend class Collection;
  friend struct Bootstrap;
  /// Its header and what stands behind its `bytes` are filled in, as are its links if all instances of `type` have some.
  Object* allocate_object(Type* type, size_t bytes);
  Type* type_of_unboxed(Value value);
  void bury(Tracked* node);
  void free_now(Object* object);
  void free_text(Str* text);
  void free_block(Object* object, size_t bytes);
  /// Tells whoever wants to know that the object is about to be freed.
  void announce_death(Object* object) {
    if (hooks_.freed) [[unlikely]] hooks_.freed(*this, object);
    if (death_watcher_) [[unlikely]] death_watcher_(*this, object);
  }
  void forget_interned(Str* text);
  void forget_weak_references(Tracked* node);
  void collect_if_due();

  /// The outcome of the last lookups of names along method resolution orders; what stands here is borrowed, and valid
  /// while a type has that version.
  struct LookupEntry {
    uint32_t version = 0;
    const Str* name = nullptr;
    Value found;
  };
  friend Value lookup(Type* type, Str* name);

  MachineHooks hooks_;
  void* machine_ = nullptr;
  DeathWatcher death_watcher_ = nullptr;
  Type* types_[static_cast<uint32_t>(BuiltinType::kCount)] = {};
  Str* names_[static_cast<uint32_t>(Name::kCount)] = {};
  Exception* pending_ = nullptr;
  Exception* spare_memory_error_ = nullptr;
  struct InternTable {
    Str** slots = nullptr;
    uint32_t capacity = 0, used = 0;
  } interned_;
  TrackedList tracked_;  ///< the youngest generation
  TrackedList old_[2];
  TrackedList frozen_;
  TrackedList settled_;
  /// Objects without references that wait for their turn to be freed: a chain of a million is a loop, not a recursion.
  TrackedList dying_;
  /// Where objects that die while another one is freed enter `dying_`: before all that waited already.
  TrackedList::iterator dying_mark_;
  WeakReferences weak_references_;
  /// Objects whose `__del__`, and weak references whose callback, waits to be run.
  TrackedList finalizable_;
  /// Where objects enter `finalizable_`: before those that waited when the running finaliser was taken.
  TrackedList::iterator finalizable_barrier_ = finalizable_.end();
  /// The barriers of the finalisers further out; those nested deeper than this share one.
  static constexpr uint32_t kMaxBarriers = 32;
  TrackedList::iterator outer_barriers_[kMaxBarriers];
  uint32_t running_finalizers_ = 0;
  Shared shared_;
  bool burying_ = false;
  bool making_memory_error_ = false;
  void* repr_chain_ = nullptr;
  size_t object_count_ = 0;
  uint64_t* death_marks_ = nullptr;
  size_t death_mark_count_ = 0;
  uint32_t digit_limit_ = 4300;
  uint32_t last_serial_ = 0, last_type_version_ = 0, last_shape_serial_ = 0, last_keys_version_ = 0;
  CollectorState collector_;
  static constexpr size_t kLookupEntries = 256;
  LookupEntry lookups_[kLookupEntries];
};

}  // namespace mini::object
