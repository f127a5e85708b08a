// What an instruction reads and writes that another thread can see: for trace, lost updates, stepper and explorer.
//
//   observe::Accesses accesses(machine);
//   void runs(ThreadState& thread, Frame& frame, uint32_t index) override {     // an InstructionObserver
//     for (const observe::Access& access : accesses.of(thread, frame, index)) … access.location(), access.writes() …
//   }
//
// Ask in before() or runs(), while the instruction has not run; in resumes() for a native that is called again
// (Accesses::of_native). Most instructions touch nothing shared, and the answer then costs a table look-up.
//
// Exact for what an instruction itself does to values of builtin types, attributes and variables. What runs as script
// code (dunder methods, properties, key functions, __init__) shows its own accesses, instruction by instruction. Natives
// are described by a table (native_effects.cpp); of one that is not in it, or of containers too large to walk through,
// the answer is `exact == false`: more may be touched than is written or read in truth, never less.
// No instruction shows these: the end of a thread (sched::Observer::on_finish; join() reads thread_location()), and a
// last reference that is dropped (a `__del__` runs as a frame of its own).
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "interp/vm/machine.h"

namespace mini::observe {

using namespace mini::object;
using vm::Frame;
using vm::ThreadState;

enum class LocationKind : uint8_t {
  kGlobal,     ///< variable of a module (`x`, or `module.x`), or builtin: object is the namespace's dict
  kClassName,  ///< variable of a class body that runs
  kAttribute,  ///< of an instance, class or function
  kItem,       ///< container[key], with an int or str as key
  kContainer,  ///< all of a list, dict, set or iterator: len, iteration, append, pop, sort, a key that is no int or str
  kCell,       ///< variable that a closure shares
  kLock,       ///< acquiring, releasing, asking
  kThread,     ///< starting, joining, asking: see thread_location()
  kFile,       ///< output and input, in their order
  kAnything,   ///< conflicts with every other location
};
std::string_view name(LocationKind);

/// Where: the same in all threads and at all steps, as long as the object lives (and over save and restore, which keep
/// addresses). Keys are hashes of contents, so that `d['k']` is one place whichever string object asks for it.
struct Location {
  const void* object;  ///< null: anything
  uint64_t key;        ///< hash of the name, index or key; 0 if `whole`
  bool whole;          ///< all of the object
  bool operator==(const Location&) const = default;
};
/// Whether one may be part of the other.
inline bool overlap(const Location& a, const Location& b) {
  if (!a.object || !b.object) return true;
  return a.object == b.object && (a.whole || b.whole || a.key == b.key);
}

enum class AccessMode : uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

struct Access {
  LocationKind kind;
  AccessMode mode;
  bool exact = true;
  /// The value is a function, class, module or missing: a name that code is reached by, hardly ever changed. Explorers
  /// must heed it all the same; traces may leave out reads.
  bool definition = false;
  bool whole = false;
  bool asks = false;           ///< kThread: goes on whether the thread has ended or not, and can tell
  bool new_known = false;      ///< `new_value` says what will stand there
  int16_t depth = -1;          ///< place in the value stack of the object that is named (0: top); -1: none
  const void* object = nullptr;
  uint64_t key = 0;
  Value owner = kUnbound;      ///< the object itself, borrowed; kUnbound where `object` is none (threads)
  Value label = kUnbound;      ///< the name (a str), or the index or key, borrowed; kUnbound if whole
  Value old_value = kUnbound;  ///< what stands there now, borrowed; kUnbound: nothing, or not one value
  Value new_value = kUnbound;  ///< borrowed; kUnbound with new_known: deleted

  Location location() const { return {object, key, whole}; }
  bool reads() const { return static_cast<uint8_t>(mode) & 1; }
  bool writes() const { return static_cast<uint8_t>(mode) & 2; }
};
/// Whether the order of two accesses by different threads matters.
inline bool conflict(const Access& a, const Access& b) {
  return (a.writes() || b.writes()) && overlap(a.location(), b.location());
}

/// What start() writes, join() and is_alive() read and on_finish() stands for, of the thread with this serial.
inline Location thread_location(vm::Machine& machine, uint32_t serial) {
  return {&machine.state().threads, serial, false};
}

/// Describes instructions. One for each observer: it keeps the last answer, and names that it worked out.
class Accesses {
 public:
  /// `with_exceptions`: also tell, inexactly, of instructions that would end a generator if they raised.
  explicit Accesses(vm::Machine& machine, bool with_exceptions = false)
      : machine_(machine), heap_(machine.heap()), with_exceptions_(with_exceptions) {}

  /// Of the instruction at `index`, about to run in `frame`, the thread's topmost. Valid until the next question.
  std::span<const Access> of(ThreadState& thread, Frame& frame, uint32_t index);
  /// Of a native that is called again: `frame` is its stub (Frame::is_native).
  std::span<const Access> of_native(ThreadState& thread, Frame& frame);

  /// Whether the instruction asked about also calls a native whose answer depends on what is no place, such as how often a
  /// thread had to give way. Of the last question.
  bool asks_machine() const { return asks_machine_; }
  /// What the instruction reads or writes and of() left out, as nobody but the thread's value stack holds it.
  std::span<const Object* const> left_out() const { return left_out_; }

  /// As the source calls it: `x`, `self.hits`, `rows[3]`, `d['k']`, `lock`. Of an access that of() just answered, with
  /// the same frame and index; an object without a name of its own is `<Counter>`.
  std::string name_of(const Access&, const Frame& frame, uint32_t index);

 private:
  struct Arguments;
  Access& add(LocationKind kind, AccessMode mode, const void* object, Value owner);
  void entry(LocationKind kind, AccessMode mode, Dict* names, Str* name, Value new_value);
  void variable(Frame& frame, Str* name, bool with_names);
  /// The attribute that a descriptor of natives stands for; nothing if it is a method, or runs code of the script.
  void described(AccessMode mode, Value descriptor, Value object, Value new_value, int16_t depth);
  void attribute(AccessMode mode, Value object, Str* name, Value new_value, int16_t depth);
  void item(AccessMode mode, Value container, Value key, Value new_value, int16_t depth);
  void whole(AccessMode mode, Value container, int16_t depth);
  void deep(Value value, int16_t depth);
  void advance(Value iterator, int16_t depth);
  bool leaves_out(Value value, int16_t depth);
  void leave_generator(Frame& frame, bytecode::Opcode opcode);
  void operands(const Value* values, uint32_t count);
  void call(ThreadState&, Value callee, const Value* arguments, uint32_t count, Tuple* keyword_names,
            int16_t top_depth);
  void native(ThreadState&, const NativeDefinition&, const Arguments&);

  vm::Machine& machine_;
  Heap& heap_;
  bool with_exceptions_;
  bool asks_machine_ = false;
  std::vector<const Object*> left_out_;
  std::vector<Access> found_;
  std::vector<const void*> seen_;
  std::unordered_map<const NativeDefinition*, uint8_t> effects_;
  std::map<std::pair<const vm::Instr*, int16_t>, std::string> expressions_;
};

/// Whether the instruction ends its frame, or may by raising an exception that the frame does not handle.
bool may_leave(Frame& frame, bytecode::Opcode opcode);
/// The same for all frames of the thread.
bool may_end(ThreadState& thread, bytecode::Opcode opcode);

/// The expression that put the value at `depth` (0: top) on the stack before `index`, such as `self.rows`; empty if it
/// is not a chain of names.
std::string expression_of(const bytecode::Code& code, uint32_t index, uint32_t depth);

}  // namespace mini::observe
