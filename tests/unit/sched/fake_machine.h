// A machine that is small enough to test the scheduler with: its threads run little programs whose
// instructions are the things that threads do, it keeps all its state in a VM's memory, and it writes down
// what happens.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/memory.h"
#include "runtime/sched/runner.h"

namespace mini::sched::test {

enum class Op : std::uint8_t {
  Work,     // a switch point behind it
  Quiet,    // no switch point behind it
  Lock,     // the lock `argument`; waits while it is held, by whomever
  TryLock,  // the same for at most 3 ms, and does without it then
  Unlock,   // if it is held
  Sleep,    // `argument` milliseconds
  Start,    // a thread with the program `argument`
  Join,     // the thread with the serial `argument`, if there is one
  Native,   // a native that runs the program `argument` inside itself
  Call,     // a call outside the VM that may block
  Spin,     // until `stop` is set, or an interrupt comes
  Await,    // until `argument` times Work has been done
  Stop,     // sets `stop`
  Pause,    // the run, if the runner can: see FakeMachine::pause_at
};

struct Instruction {
  Op op;
  std::uint32_t argument = 0;
};
using Program = std::vector<Instruction>;

struct FakeThread : Thread {
  struct Frame {
    std::uint32_t program;
    std::uint32_t position;
  };
  std::array<Frame, 8> frames{};
  std::uint32_t depth = 0;
  bool waiting = false;       // the instruction at hand has parked, and is to be finished
  bool asked_before = false;  // the instruction at hand has been asked for, and the answer was to switch
};

struct FakeLock {
  WaitQueue waiters;
  std::uint32_t owner = 0;
  bool held = false;
};

/// Everything that a save has to contain.
struct World {
  explicit World(std::uint64_t seed) : table(seed) {}
  ThreadTable table;
  std::array<FakeLock, 3> locks;
  bool stop = false;
  std::uint64_t counter = 0;  // changed by Work without any care but the GIL's
};

struct Options {
  bool os_threads = false;
  bool observed = true;  // the loop that asks before each instruction
  ClockKind clock = ClockKind::Virtual;
  Observer* observer = nullptr;
  bool trace = true;
  std::function<void(std::uint32_t)> outside = {};  // what Op::Call does
};

class FakeMachine : public Machine, public Observer {
 public:
  FakeMachine(std::vector<Program> programs, std::unique_ptr<Schedule> schedule, Options options)
      : programs_(std::move(programs)), options_(options), memory_(base::Memory::create()) {
    world_ = std::construct_at(static_cast<World*>(memory_->allocate(sizeof(World))), 1);
    static const void* const kTables[2] = {};
    fast_table_ = &kTables[0];
    RunnerOptions runner_options;
    runner_options.fast_table = fast_table_;
    runner_options.breaker_table = &kTables[1];
    runner_options.clock = options.clock;
    runner_options.observer = options.observer ? options.observer : this;
    runner_ = make_runner(options.os_threads, *this, world_->table, std::move(schedule), runner_options);
  }
  ~FakeMachine() override { base::Memory::destroy(memory_); }

  Outcome run() { return runner_->run(make_thread(0)); }

  Runner& runner() { return *runner_; }
  World& world() { return *world_; }
  base::Memory& memory() { return *memory_; }
  std::vector<std::string>& trace() { return trace_; }
  std::uint64_t steps() const { return steps_; }

  /// Pauses before this step of the run, counted over all threads, or the next where the VM can be saved.
  std::uint64_t pause_at = UINT64_MAX;
  bool end_at_deadlock = true;
  int deadlocks = 0;
  int let_out = 0;  // natives that the end of the run made return
  int inside = 0;   // threads that run now, by the machine's own count; plain, so that TSan watches it
  int most_inside = 0;

  Exit run_slice(Thread& thread) override {
    most_inside = std::max(most_inside, ++inside);
    const Exit exit = loop(static_cast<FakeThread&>(thread), 1);
    --inside;
    return exit;
  }

  void thread_finished(Thread& thread) override {
    auto& finished = static_cast<FakeThread&>(thread);
    std::destroy_at(&finished);
    memory_->release(&finished, sizeof finished);
  }
  void thread_abandoned(Thread& thread) override { thread_finished(thread); }

  bool deadlock() override {
    ++deadlocks;
    return end_at_deadlock;
  }

  void on_hand_over(const HandOver& entry) override {
    static constexpr const char* kCauses[] = {"switched", "parked", "finished", "called"};
    note("T" + std::to_string(entry.from) + " " + kCauses[static_cast<int>(entry.cause)] + ", T" +
         std::to_string(entry.to.serial) + " runs");
  }
  void on_start(Thread& thread) override { note("T" + std::to_string(thread.serial) + " starts"); }
  void on_finish(Thread& thread) override { note("T" + std::to_string(thread.serial) + " finishes"); }
  void on_wake(Thread& thread) override {
    static constexpr const char* kReasons[] = {"notified", "timed out", "interrupted"};
    note("T" + std::to_string(thread.serial) + " " + kReasons[static_cast<int>(thread.wake_reason)]);
  }

 private:
  FakeThread& make_thread(std::uint32_t program) {
    auto* thread = std::construct_at(static_cast<FakeThread*>(memory_->allocate(sizeof(FakeThread))));
    thread->frames[0] = {program, 0};
    thread->depth = 1;
    return *thread;
  }

  void note(std::string line) {
    if (options_.trace) trace_.push_back(std::move(line) + " @" + std::to_string(world_->table.virtual_now));
  }

  // Runs until the frame number `bottom` is done, or the thread has to stop.
  Exit loop(FakeThread& thread, std::uint32_t bottom) {
    while (thread.depth >= bottom) {
      FakeThread::Frame& frame = thread.frames[thread.depth - 1];
      const Program& program = programs_[frame.program];
      if (frame.position == program.size()) {
        if (thread.depth == 1 && thread.serial == 0) {
          if (runner_->take_interrupt()) note("interrupt");
          if (runner_->wait_for_non_daemons(thread)) return Exit::Parked;
        }
        --thread.depth;
        continue;
      }
      if (!thread.waiting) {
        const bool is_point = frame.position == 0 || program[frame.position - 1].op != Op::Quiet;
        if (steps_ >= pause_at && bottom == 1 && !runner_->inside_native()) {
          pause_at = UINT64_MAX;
          return Exit::Paused;
        }
        if (!thread.asked_before && asks_to_switch(thread, is_point)) {
          thread.asked_before = true;
          return Exit::Switched;
        }
        thread.asked_before = false;
        ++steps_;
        if (options_.trace)
          note("T" + std::to_string(thread.serial) + " " + std::to_string(frame.program) + ":" +
               std::to_string(frame.position));
      }
      const Instruction instruction = program[frame.position];
      if (thread.waiting && thread.wake_reason == Wake::Interrupted && runner_->take_interrupt()) {
        note("interrupt");
        thread.waiting = false;
        ++frame.position;
        continue;
      }
      thread.waiting = must_wait(thread, instruction);
      if (thread.waiting) return Exit::Parked;
      ++frame.position;
      if (instruction.op == Op::Native && thread.depth < thread.frames.size()) {
        if (!native(thread, instruction.argument)) return Exit::Switched;  // nobody looks at it
      }
    }
    return Exit::Finished;
  }

  bool asks_to_switch(Thread& thread, bool is_point) {
    Notice notice = Notice::None;
    if (options_.observed) {
      thread.cpython_time += 10;
      notice = runner_->before_instruction(thread, {.is_switch_point = is_point});
    } else if (is_point && thread.dispatch.load(std::memory_order_relaxed) != fast_table_) {
      thread.cpython_time += 10;
      notice = runner_->look(thread);
    }
    if (notice == Notice::Interrupt && runner_->take_interrupt()) {
      note("interrupt");
      world_->stop = true;
    }
    return notice == Notice::Switch;
  }

  // A native in the middle of whose work script code runs: the C++ frame of this function is what a switch
  // inside has to leave behind. false: the run is over.
  bool native(FakeThread& thread, std::uint32_t program) {
    const std::uint32_t bottom = thread.depth + 1;
    thread.frames[bottom - 1] = {program, 0};
    thread.depth = bottom;
    for (;;) {
      const Exit exit = loop(thread, bottom);
      if (exit == Exit::Finished) return true;
      --inside;
      const bool again = runner_->switch_here(thread, exit);
      ++inside;
      if (!again) {
        ++let_out;
        return false;
      }
    }
  }

  bool must_wait(FakeThread& thread, Instruction instruction) {
    FakeLock& lock = world_->locks[instruction.argument % world_->locks.size()];
    switch (instruction.op) {
      case Op::Lock:
      case Op::TryLock:
        if (lock.held) {
          const bool tries = instruction.op == Op::TryLock;
          if (tries && thread.waiting && thread.wake_reason == Wake::TimedOut) return false;
          const Time until = tries ? runner_->now() + 3 * kMillisecond : kNever;
          runner_->wait(thread, &lock.waiters, until, WaitKind::Lock, &lock);
          return true;
        }
        lock.held = true;
        lock.owner = thread.serial;
        return false;
      case Op::Unlock:
        lock.held = false;
        runner_->wake_one(lock.waiters);
        return false;
      case Op::Sleep:
        if (thread.waiting) return false;
        runner_->wait(thread, nullptr, runner_->now() + instruction.argument * kMillisecond, WaitKind::Sleep);
        return true;
      case Op::Start: {
        FakeThread& child = make_thread(instruction.argument);
        child.daemon = instruction.argument >= 100;
        if (child.daemon) child.frames[0].program -= 100;
        if (!runner_->start(child)) note("no thread");
        return false;
      }
      case Op::Join: {
        Thread* other = world_->table.find(instruction.argument);
        if (!other || other == &thread) return false;
        runner_->wait(thread, &other->joiners, kNever, WaitKind::Join, other);
        return true;
      }
      case Op::Call: {
        const auto outside = options_.outside;  // the machine may be gone before it is called
        --inside;
        {
          BlockingCall call(*runner_, thread);
          if (outside) outside(instruction.argument);
        }
        ++inside;
        return false;
      }
      case Op::Work:
        ++world_->counter;
        return false;
      case Op::Spin:
        if (!world_->stop) --thread.frames[thread.depth - 1].position;  // once more
        return false;
      case Op::Await:
        if (world_->counter < instruction.argument) --thread.frames[thread.depth - 1].position;
        return false;
      case Op::Stop:
        world_->stop = true;
        return false;
      default:
        return false;
    }
  }

  std::vector<Program> programs_;
  Options options_;
  base::Memory* memory_;
  World* world_;
  DispatchTable fast_table_ = nullptr;
  std::unique_ptr<Runner> runner_;
  std::vector<std::string> trace_;
  std::uint64_t steps_ = 0;
};

}  // namespace mini::sched::test
