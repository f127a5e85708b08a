// What a thread of a VM is: its frames, the exception it handles, what it waits for. All of it in the VM's memory.
#pragma once

#include "interp/vm/frame.h"
#include "runtime/sched/thread.h"

namespace mini::vm {

class Machine;

/// What a native asked of the loop by answering kSuspended: it is called again, with the same arguments, once that is
/// done. So a native that waits has nothing on the C++ stack, and a thread is its VM state and nothing else.
struct Suspension {
  enum Kind : uint32_t { kNone, kWait, kCall, kCallUnpacked, kResume };
  Kind kind = kNone;
  uint32_t phase = 0;            ///< what the native sees next time
  uint32_t argument_count = 0;   ///< kCall: arguments of the call
  uint32_t reserved = 0;
  sched::Time deadline = sched::kNever;  ///< kept for a native that may have to wait again
  Value callable;                ///< kCall, owned; kResume: the generator
  Value arguments[4];            ///< kCall, owned; kCallUnpacked: a tuple and a dict; kResume: what is sent
  Value saved_arguments;         ///< owned: a tuple of the native's own arguments
};

/// The state of the breaker: what is known about the instruction before.
struct Breaker {
  const Instr* previous = nullptr;  ///< null: unknown, so the point before the next instruction is none
  Frame* frame = nullptr;           ///< whose instruction that was
  Frame* plain = nullptr;           ///< the same, if nothing but SwitchRow is needed for the point behind it (observed loop)
  bool tested_bool = false;         ///< it is to test True or False
  uint8_t time = 0;                 ///< what CPython 3.9 takes for the instruction, once it is complete
  /// What came between that one and the instruction at hand, last.
  enum Turn : uint8_t {
    kNone,
    kScript,   ///< script code gave the control back to this frame
    kNative,   ///< a native did
    kHandler,  ///< an exception found its handler
  };
  Turn turn = kNone;
  uint32_t epoch = 1;               ///< counts the times that the breaker was entered from the fast loop; a frame's 0 is never it
};

/// How the loop came back.
enum class LoopExit : uint8_t {
  kSwitched,  ///< another thread's turn
  kParked,    ///< the thread waits
  kPaused,    ///< somebody who looks on asked the whole run to stop here
  kReturned,  ///< the frame that the run began with has returned: `result`
  kRaised,    ///< … was left by an exception: the heap's pending one
};

struct ThreadState : sched::Thread {
  ThreadState(Machine& owner, Heap& object_heap) : machine(&owner), heap(&object_heap) {}

  Machine* machine;
  Heap* heap;
  Frame* frame = nullptr;            ///< the one that runs
  StackChunk* chunk = nullptr;
  Value* stack_limit = nullptr;      ///< end of the current chunk
  Value* occupied = nullptr;         ///< where the arguments of the native that runs end, if they lie on the stack
  Exception* handled = nullptr;      ///< owned: what `except` clause the thread is in (sys.exception())
  Value result;                      ///< owned: of the frame that a run of the loop began with
  Suspension suspension;
  Breaker breaker;
  uint32_t nested_runs = 0;          ///< natives below which the loop runs again
  uint32_t native_depth = 0;
  uint32_t host_calls = 0;           ///< functions of the embedder that this thread is inside of
  bool abandoned = false;            ///< the run ended while this thread was inside a native: it only lets go now
  uint32_t stage = 0;                ///< of the thread's life, see machine.cpp
  bool reraising = false;            ///< the pending exception is raised again: no new line in its traceback
  uint32_t locks_held = 0;           ///< acquired by this thread and not yet released
  ScriptPlace left_at{};                   ///< where script code that the library had called was left last
  bool skip_check = false;           ///< the instruction at hand had its look already: do not look again
  Dict* body_names = nullptr;        ///< owned: the namespace of a class body or module that has just returned
  Module* importing = nullptr;       ///< owned: the innermost module whose body it runs; the others behind Module::outer
  Value function;                    ///< owned: what the thread was started on
  Value arguments;                   ///< owned: a tuple
  Value keywords;                    ///< owned: a dict or kUnbound
  Value handle;                      ///< owned: the script's handle on the thread, or kUnbound
  Value locals;                      ///< owned: dict for threading.local and the like, or kUnbound
  /// Called by the thread as its last act, with the GIL; null: nothing to do.
  void (*finished)(ThreadState&) = nullptr;
  void* repr_chain = nullptr;        ///< see MachineHooks::repr_chain
  uint64_t identity = 0;             ///< get_ident()
  const char* stack_floor = nullptr; ///< how deep the C++ stack may get; set when the OS thread enters the loop

  /// Counts a tick (ticks_left), for whatever pushes or pops a frame outside the loop. Inside it: TICK().
  void tick();

  /// Where the next frame may be put: behind the topmost frame that lies on the stack.
  Value* stack_end() const;
  /// The same where there is none. Not the very beginning, at which release_chunk() knows a chunk that it may have to give
  /// back: the first one never is.
  Value* bottom() const { return chunk->begin() + 2; }
  static size_t frame_extent(const Frame* frame);
};

}  // namespace mini::vm
