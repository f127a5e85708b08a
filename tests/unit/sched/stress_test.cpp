// Everything at once, on real time, with more switches than any program has: what only shows by luck.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <thread>

#include "tests/unit/sched/fake_machine.h"

using namespace mini::sched;
using namespace mini::sched::test;

TEST_SUITE_BEGIN("stress");

namespace {

void pause_for(Time span) {
  timespec time{.tv_sec = span / kSecond, .tv_nsec = span % kSecond};
  nanosleep(&time, nullptr);
}

void sometimes_slow(std::uint32_t kind) {
  if (kind == 1) sched_yield();
  if (kind == 2) pause_for(20 * kMicrosecond);
}

std::vector<Program> busy_programs(Random& random) {
  std::vector<Program> programs(5);
  for (std::uint32_t index = 0; index < programs.size(); ++index) {
    Program& program = programs[index];
    for (std::uint32_t i = 0; i < 60; ++i) {
      switch (random.below(12)) {
        case 0:
          program.push_back({Op::Call, random.below(3)});
          break;
        case 1:
        case 2: {
          const std::uint32_t lock = random.below(3);
          program.insert(program.end(), {{Op::Lock, lock}, {Op::Work}, {Op::Work}, {Op::Unlock, lock}});
          break;
        }
        case 3:
          if (random.below(4) == 0) program.push_back({Op::Sleep, random.below(2)});
          break;
        case 4:
          if (index < 4 && random.below(3) == 0)
            program.push_back({Op::Start, index + 1 + 100 * (random.below(4) == 0)});
          break;
        case 5:
          if (index < 4 && random.below(3) == 0) program.push_back({Op::Native, index + 1});
          break;
        case 6:
          program.push_back({Op::TryLock, random.below(3)});
          program.push_back({Op::Unlock, 0});
          break;
        default:
          program.push_back({Op::Work});
      }
    }
  }
  programs[0].insert(programs[0].begin(), {{Op::Start, 1}, {Op::Start, 2}, {Op::Start, 101}});
  return programs;
}

void run_busy(std::uint64_t seed, int rounds, bool interrupts) {
  Random random(seed);
  for (int i = 0; i < rounds; ++i) {
    FakeMachine machine(busy_programs(random), parse_schedule("interval:1us").schedule,
                        {.os_threads = i % 4 != 0,
                         .observed = false,
                         .clock = ClockKind::Real,
                         .trace = false,
                         .outside = sometimes_slow});
    std::atomic<bool> done{false};
    std::thread interrupter;
    if (interrupts)
      interrupter = std::thread([&] {
        while (!done) {
          machine.runner().interrupt();
          pause_for(50 * kMicrosecond);
        }
      });
    const Outcome outcome = machine.run();
    done = true;
    if (interrupter.joinable()) interrupter.join();
    CHECK((outcome == Outcome::Finished || outcome == Outcome::Deadlock));
    CHECK(machine.most_inside == 1);
    CHECK(machine.inside == 0);
    CHECK(machine.world().table.all.empty());
  }
}

}  // namespace

TEST_CASE("stress: several VMs at once, each with its own GIL") {
  std::thread other(run_busy, 1, 60, false);
  run_busy(2, 60, false);
  other.join();
}

TEST_CASE("stress: interrupts at any time") {
  run_busy(3, 60, true);
}

TEST_CASE("stress: an interrupt may come from a signal handler") {
  static std::atomic<Runner*> target{nullptr};
  struct sigaction action {
  }, before;
  action.sa_handler = [](int) {
    if (Runner* runner = target.load()) runner->interrupt();
  };
  sigaction(SIGUSR1, &action, &before);
  const pthread_t main_thread = pthread_self();
  for (const bool os_threads : {false, true}) {
    FakeMachine machine({{{Op::Start, 101}, {Op::Sleep, 3'600'000}, {Op::Spin}}, {{Op::Spin}}},
                        parse_schedule("interval:1ms").schedule,
                        {.os_threads = os_threads, .observed = false, .clock = ClockKind::Real});
    target = &machine.runner();
    std::atomic<bool> done{false};
    std::thread sender([&] {
      while (!done) {
        pthread_kill(main_thread, SIGUSR1);
        pause_for(kMillisecond);
      }
    });
    CHECK(machine.run() == Outcome::Finished);
    done = true;
    sender.join();
    target = nullptr;
  }
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("stress: thousands of threads, started and joined") {
  std::vector<Program> programs(3);
  for (std::uint32_t i = 1; i <= 3000; ++i) {
    programs[0].push_back({Op::Start, 1 + i % 2});
    if (i % 3) programs[0].push_back({Op::Join, i});
  }
  programs[1] = {{Op::Lock, 0}, {Op::Work}, {Op::Unlock, 0}};
  programs[2] = {{Op::Work}, {Op::Call}};
  FakeMachine machine(programs, parse_schedule("interval:1us").schedule,
                      {.os_threads = true, .observed = false, .clock = ClockKind::Real, .trace = false});
  CHECK(machine.run() == Outcome::Finished);
  CHECK(machine.world().counter == 3000);
}

TEST_CASE("stress: a daemon that comes back from a call after the end finds nothing, and touches nothing") {
  static std::atomic<int> inside{0}, outside{0};
  static std::atomic<bool> released{false};
  for (int i = 0; i < 10; ++i) {
    released = false;
    inside = outside = 0;
    {
      FakeMachine machine(
          {{{Op::Start, 101}, {Op::Start, 101}, {Op::Sleep, 1}}, {{Op::Call}, {Op::Work}}},
          parse_schedule("interval:1ms").schedule,
          {.os_threads = true, .observed = false, .clock = ClockKind::Real, .outside = [](std::uint32_t) {
             ++inside;
             while (!released.load()) pause_for(100 * kMicrosecond);
             ++outside;
           }});
      CHECK(machine.run() == Outcome::Finished);
      CHECK(machine.world().counter == 0);
    }
    released = true;
    while (outside < inside) pause_for(100 * kMicrosecond);
    pause_for(kMillisecond);
  }
}

TEST_SUITE_END();
