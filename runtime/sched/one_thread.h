// The runner that needs no OS threads: it runs all threads of a VM in turn, each until it gives way. Between
// two slices a VM is nothing but its memory, so it can be saved, restored and explored.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/sched/fiber.h"
#include "runtime/sched/runner.h"

namespace mini::sched {

/// A thread that gives way inside a native that called back into the loop leaves frames on the C++ stack.
/// That stack is put aside with the thread, as a fiber, and the others go on on a new one; no fiber is made
/// before that.
class OneThread final : public Runner {
 public:
  OneThread(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule, RunnerOptions options);
  ~OneThread() override;

  Outcome run(Thread& main) override;
  Outcome resume() override;
  bool switch_here(Thread& thread, Exit exit) override;
  Thread* inside_native() override;
  void open(Thread& main) override;
  void admit(Thread& guest) override;
  void enter(Thread& thread) override;
  void leave(Thread& thread) override;
  Outcome conclude(Thread& thread) override;
  void end_here() override;
  void close() override;
  const char* why_no_fork(const Thread& thread) override;

 private:
  void turn();
  void advance(Thread* from, Cause cause);
  void seat_next(Thread* from, Cause cause);
  void stop(Outcome outcome);
  void go_to(Fiber& fiber);
  void sleep_until(Time deadline);

  void leave_stack(Thread& thread);
  void give_way_in_call(Thread& thread) override;
  void poke_main() noexcept override;

  bool stopped_ = false;  // run() is to return
  std::mutex door_;  // whoever is inside holds it
  std::atomic<std::uint32_t> poked_{0};
  Fiber home_;  // the stack of run()
  Fiber* here_ = &home_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> spare_;  // in turn(), without a thread
};

}  // namespace mini::sched
