// The default runner: one OS thread for each thread, of which the holder of the GIL runs.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <vector>

#include "runtime/sched/gil.h"
#include "runtime/sched/runner.h"

namespace mini::sched {

/// An OS thread that takes no signal but those that its own instructions raise. `cpus`: where it may run; null: where the
/// caller may. False: the system has no room.
bool create_os_thread(pthread_t& os_thread, std::size_t stack_bytes, const cpu_set_t* cpus, void* (*entry)(void*), void* argument);

/// While its thread waits, an OS thread has nothing on its C++ stack but this class, or a native that called
/// back into the loop. A finished thread leaves its OS thread to the next one that is started: up to kCached
/// wait for such work, which makes a start ten times cheaper.
class OsThreads final : public Runner {
 public:
  static constexpr std::size_t kCached = 16;

  OsThreads(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule, RunnerOptions options);
  ~OsThreads() override;

  Outcome run(Thread& main) override;
  Outcome resume() override;  // never: only OneThread pauses
  bool switch_here(Thread& thread, Exit exit) override;
  void open(Thread& main) override;
  void admit(Thread& guest) override;
  void enter(Thread& thread) override;
  void leave(Thread& thread) override;
  Outcome conclude(Thread& thread) override;
  void end_here() override;
  void close() override;
  const char* why_no_fork(const Thread& thread) override;
  void forked(Thread& thread) override;

 private:
  using Slot = Gil::Slot;
  struct Task {
    OsThreads& runner;
    Slot& slot;
  };

  static Slot& slot_of(const Thread& thread) { return *static_cast<Slot*>(thread.host); }
  static void bind(Slot& slot, Thread& thread);
  static void* begin_os_thread(void* task);
  void work(Slot& me);
  bool pass_on(Slot& me, Exit exit);
  bool give_away(Thread* from, Cause cause, bool place_successor = false);
  bool await(Slot& me, Time deadline, bool interruptible);
  void run_as_main(Slot& me, Exit exit);
  void end_run(Outcome outcome);
  void join_all();
  void shut_down();
  void come_in(Thread& guest);
  void arrive(Slot& slot);
  Slot* closer();
  bool can_end() override { return !open_ || closer(); }

  bool prepare(Thread& child) override;
  void collect() override;
  void give_way_in_call(Thread& thread) override;
  void* leave_for_call(Thread& thread) override;
  void hand_on() override;
  void poke_main() noexcept override;
  bool places_threads() const override { return placing_; }
  void set_places_threads(bool on) override;
  void place(Slot& successor);
  void let_roam(Slot& slot);

  std::unique_ptr<Gil> gil_;
  bool placing_;
  cpu_set_t cpus_{};      // where the host lets the VM run
  sigset_t signals_{};    // what the main thread blocks; the others block all
  Time rebalanced_ = 0;   // when the kernel had the choice last
  std::vector<Slot*> idle_;  // OS threads without work
  bool hangs_ = false;       // some OS thread of an ended run may still come back to the GIL
  std::vector<Slot*> free_;  // slots whose OS thread has ended, or is about to
  std::atomic<Slot*> main_slot_{nullptr};
  // Of a run that the host enters and leaves.
  bool open_ = false;
  std::vector<Thread*> guests_;  // the main thread first
  std::size_t inside_ = 0;       // guests that are not State::Outside
};

}  // namespace mini::sched
