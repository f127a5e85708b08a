// Waiting: deadlocks and near misses, time, interrupts, and what becomes of threads at the end of a run.
#include <doctest/doctest.h>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <mutex>
#include <thread>

#include "tests/unit/sched/fake_machine.h"

using namespace mini::sched;
using namespace mini::sched::test;

namespace {

struct Way {
  const char* schedule;
  bool os_threads;
  bool observed;
  ClockKind clock;
};
constexpr Way kWays[] = {
    {"every:1", false, true, ClockKind::Virtual},      {"every:1", true, true, ClockKind::Virtual},
    {"seeded:3", true, true, ClockKind::Real},         {"seeded:3", false, true, ClockKind::Real},
    {"interval:1ms", true, false, ClockKind::Real},    {"interval:1ms", false, false, ClockKind::Real},
    {"interval:1ms", true, false, ClockKind::Virtual},
};

// Interrupts now and then until it is destroyed: one that comes before the wait ends something else.
class Interrupter {
 public:
  explicit Interrupter(Runner& runner)
      : thread_([this, &runner] {
          while (!done_) {
            runner.interrupt();
            std::this_thread::yield();
          }
        }) {}
  ~Interrupter() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

struct Case {
  Case(const Way& way, std::vector<Program> programs, std::function<void(std::uint32_t)> outside = {})
      : machine(std::move(programs), parse_schedule(way.schedule).schedule,
                {.os_threads = way.os_threads,
                 .observed = way.observed,
                 .clock = way.clock,
                 .outside = std::move(outside)}) {}
  bool traced(const std::string& text) {
    return std::any_of(machine.trace().begin(), machine.trace().end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
  FakeMachine machine;
};

}  // namespace

TEST_CASE("a deadlock is an answer, and a near miss is none") {
  struct Row {
    const char* what;
    std::vector<Program> programs;
    Outcome outcome;
  };
  const Program hold_0 = {{Op::Lock, 0}, {Op::Sleep, 2}, {Op::Lock, 1}};
  const Program hold_1 = {{Op::Lock, 1}, {Op::Sleep, 2}, {Op::Lock, 2}};
  const Program hold_2 = {{Op::Lock, 2}, {Op::Sleep, 2}, {Op::Lock, 0}};
  const Program b_then_a = {{Op::Lock, 1}, {Op::Sleep, 2}, {Op::Lock, 0}};
  const std::vector<Row> rows = {
      {"self-deadlock", {{{Op::Lock, 0}, {Op::Lock, 0}}}, Outcome::Deadlock},
      {"AB/BA", {{{Op::Start, 1}, {Op::Start, 2}, {Op::Join, 1}}, hold_0, b_then_a}, Outcome::Deadlock},
      {"a cycle of three",
       {{{Op::Start, 1}, {Op::Start, 2}, {Op::Start, 3}}, hold_0, hold_1, hold_2},
       Outcome::Deadlock},
      {"joins in a circle", {{{Op::Start, 1}, {Op::Join, 1}}, {{Op::Join, 0}}}, Outcome::Deadlock},
      {"a dead owner", {{{Op::Start, 1}, {Op::Join, 1}, {Op::Lock, 0}}, {{Op::Lock, 0}}}, Outcome::Deadlock},
      {"main waits at its end for one that is stuck",
       {{{Op::Lock, 0}, {Op::Start, 1}}, {{Op::Lock, 0}}},
       Outcome::Deadlock},
      {"inside a native", {{{Op::Native, 1}}, {{Op::Lock, 0}, {Op::Lock, 0}}}, Outcome::Deadlock},
      {"main, and a daemon stuck beside it",
       {{{Op::Lock, 0}, {Op::Start, 101}, {Op::Lock, 0}}, {{Op::Lock, 0}}},
       Outcome::Deadlock},

      {"a stuck daemon keeps nobody",
       {{{Op::Lock, 0}, {Op::Start, 101}}, {{Op::Lock, 0}}},
       Outcome::Finished},
      {"a time-out ends it", {{{Op::Lock, 0}, {Op::TryLock, 0}}}, Outcome::Finished},
      {"a sleeper will release it",
       {{{Op::Start, 1}, {Op::Sleep, 1}, {Op::Lock, 0}}, {{Op::Lock, 0}, {Op::Sleep, 3}, {Op::Unlock, 0}}},
       Outcome::Finished},
      {"a daemon will release it",
       {{{Op::Start, 101}, {Op::Sleep, 1}, {Op::Lock, 0}}, {{Op::Lock, 0}, {Op::Sleep, 3}, {Op::Unlock, 0}}},
       Outcome::Finished},
      {"one outside will release it",
       {{{Op::Start, 1}, {Op::Sleep, 1}, {Op::Lock, 0}}, {{Op::Lock, 0}, {Op::Call}, {Op::Unlock, 0}}},
       Outcome::Finished},
  };
  for (const Row& row : rows) {
    for (const Way& way : kWays) {
      CAPTURE(row.what);
      CAPTURE(way.schedule);
      CAPTURE(way.os_threads);
      Case test(way, row.programs, [](std::uint32_t) {
        timespec a_moment{.tv_sec = 0, .tv_nsec = 2'000'000};
        nanosleep(&a_moment, nullptr);
      });
      CHECK(test.machine.run() == row.outcome);
      CHECK(test.machine.deadlocks == (row.outcome == Outcome::Deadlock));
      CHECK(test.machine.memory().live_blocks() == 1);  // the world: every thread was freed
      CHECK(test.machine.most_inside == 1);
    }
  }
}

TEST_CASE("under the virtual clock sleeping costs nothing, and time goes from deadline to deadline") {
  const std::vector<Program> programs = {
      {{Op::Start, 1}, {Op::Start, 2}, {Op::Start, 3}, {Op::Sleep, 3'600'000}},
      {{Op::Sleep, 20}},
      {{Op::Sleep, 10}},
      {{Op::Sleep, 20}},  // as late as T1, which was there first
  };
  for (const Way& way : kWays) {
    if (way.clock != ClockKind::Virtual) continue;
    CAPTURE(way.schedule);
    Case test(way, programs);
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(test.machine.runner().now() == 3600 * kSecond);
    std::vector<std::string> woken;
    for (const std::string& line : test.machine.trace())
      if (line.find("timed out") != std::string::npos) woken.push_back(line);
    CHECK(woken == std::vector<std::string>{"T2 timed out @10000000", "T1 timed out @20000000",
                                            "T3 timed out @20000000", "T0 timed out @3600000000000"});
  }
}

TEST_CASE("a thread is woken once, by the first of notification and deadline") {
  for (const Way& way : kWays) {
    CAPTURE(way.schedule);
    // T1 releases at the very time at which T0's attempt times out, a hundred times.
    std::vector<Program> programs(2);
    programs[0] = {{Op::Lock, 0}, {Op::Start, 1}};
    for (int i = 0; i < 20; ++i) {
      programs[0].push_back({Op::TryLock, 0});
      programs[0].push_back({Op::Work});
      programs[1].push_back({Op::Sleep, 3});
      programs[1].push_back({Op::Unlock, 0});
    }
    Case test(way, programs);
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(test.machine.world().counter == 20);
  }
}

TEST_CASE("an interrupt ends the main thread's wait, even where nobody else could") {
  for (const Way& way : kWays) {
    CAPTURE(way.schedule);
    CAPTURE(way.os_threads);
    Case test(way, {{{Op::Lock, 0}, {Op::Start, 101}, {Op::Lock, 0}}, {{Op::Lock, 0}}});
    test.machine.end_at_deadlock = false;
    Interrupter interrupter(test.machine.runner());
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(test.traced("interrupt"));
  }
}

TEST_CASE("an interrupt is noticed by a main thread that computes") {
  for (const Way& way : kWays) {
    CAPTURE(way.schedule);
    Case test(way, {{{Op::Start, 101}, {Op::Spin}}, {{Op::Sleep, 3'600'000}}});
    Interrupter interrupter(test.machine.runner());
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(test.machine.world().stop);
  }
}

TEST_CASE("during a blocking call the others run") {
  // T1's call is over when T2, a thread of the script, has made one of its own.
  std::atomic<int> arrived{0};
  const auto meet = [&](std::uint32_t) {
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  };
  Case test({"interval:1s", true, false, ClockKind::Real},
            {{{Op::Start, 1}, {Op::Start, 2}}, {{Op::Call}, {Op::Work}}, {{Op::Call}, {Op::Work}}}, meet);
  CHECK(test.machine.run() == Outcome::Finished);
  CHECK(test.machine.world().counter == 2);
}

TEST_CASE("a thread that computes for ever is made to give way") {
  for (const bool os_threads : {false, true}) {
    for (const bool observed : {false, true}) {
      Case test({"interval:1ms", os_threads, observed, ClockKind::Real},
                {{{Op::Start, 1}, {Op::Start, 2}}, {{Op::Spin}}, {{Op::Stop}}});
      CHECK(test.machine.run() == Outcome::Finished);
      CHECK(test.machine.world().table.hand_overs >= 3);
    }
  }
}

TEST_CASE("at the end daemons never run again, wherever they are, and natives are let out") {
  // Daemons: computing, asleep, waiting for a lock, in a native that computes, in one that waits, unstarted.
  // The end comes once both natives are at work.
  const std::vector<Program> programs = {
      {{Op::Lock, 0},
       {Op::Start, 101},
       {Op::Start, 102},
       {Op::Start, 103},
       {Op::Start, 104},
       {Op::Start, 105},
       {Op::Await, 2},
       {Op::Start, 101}},
      {{Op::Spin}},
      {{Op::Sleep, 3'600'000}},
      {{Op::Lock, 0}},
      {{Op::Native, 6}},
      {{Op::Native, 7}},
      {{Op::Work}, {Op::Spin}},
      {{Op::Work}, {Op::Lock, 0}},
  };
  for (const Way& way : kWays) {
    CAPTURE(way.schedule);
    CAPTURE(way.os_threads);
    Case test(way, programs);
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(test.machine.let_out == 2);
    CHECK(test.machine.world().table.all.empty());
    CHECK(test.machine.world().table.runnable.empty());
    CHECK(test.machine.inside == 0);
  }
}

TEST_CASE("a runner can run again, whatever became of the threads of the first run") {
  for (const Way& way : kWays) {
    CAPTURE(way.schedule);
    CAPTURE(way.os_threads);
    Case test(way, {{{Op::Lock, 0}, {Op::Start, 101}, {Op::Sleep, 1}, {Op::Start, 2}, {Op::Start, 3}},
                    {{Op::Lock, 0}},
                    {{Op::Spin}},
                    {{Op::Stop}}});
    for (int i = 1; i <= 3; ++i) {
      CHECK(test.machine.run() == Outcome::Finished);
      CHECK(test.machine.world().table.started == 1u + 3 * i);
      test.machine.world().locks[0].held = false;
      test.machine.world().stop = false;
    }
  }
}

TEST_CASE("finished threads leave their OS threads to new ones, at most sixteen") {
  std::mutex lock;
  std::vector<pid_t> used;
  const auto note = [&](std::uint32_t) {
    std::lock_guard guard(lock);
    used.push_back(gettid());
  };
  std::vector<Program> programs(2);
  for (std::uint32_t i = 1; i <= 50; ++i) {  // one after the other
    programs[0].push_back({Op::Start, 1});
    programs[0].push_back({Op::Join, i});
  }
  programs[1] = {{Op::Call}};
  const auto distinct = [&] {
    std::sort(used.begin(), used.end());
    return std::unique(used.begin(), used.end()) - used.begin();
  };
  {
    Case test({"every:1000", true, true, ClockKind::Virtual}, programs, note);
    CHECK(test.machine.run() == Outcome::Finished);
    CHECK(used.size() == 50);
    CHECK(distinct() == 1);
  }
  used.clear();
  programs[0].clear();
  for (int i = 0; i < 40; ++i) programs[0].push_back({Op::Start, 1});  // all at once
  programs[0].push_back({Op::Sleep, 1});                               // until all have finished
  for (int i = 0; i < 20; ++i) programs[0].push_back({Op::Start, 1});
  Case test({"every:1000", true, true, ClockKind::Virtual}, programs, note);
  CHECK(test.machine.run() == Outcome::Finished);
  CHECK(used.size() == 60);
  CHECK(distinct() == 44);
}

TEST_CASE("a switch that is due falls behind an instruction as often as CPython spends time on what leads to it") {
  static constexpr std::array<Time, 4> kSteps = {5, 45, 15, 35};  // the loop: what leads to each of its switch points
  struct Asked : Machine {
    Runner* runner = nullptr;
    DispatchTable breaker = nullptr;
    std::array<int, kSteps.size()> falls{};
    Thread child;
    Exit run_slice(Thread& thread) override {
      if (thread.serial == 1) return Exit::Finished;
      CHECK(runner->start(child));                       // somebody who waits …
      thread.cpython_time += 100 * kMillisecond;         // … longer than the interval
      std::size_t at = 0;
      for (int i = 0; i < 64'000; ++i) {
        thread.gives_way = false;
        thread.ask(breaker);
        while (runner->look(thread) == Notice::None) {
          at = (at + 1) % kSteps.size();
          thread.cpython_time += kSteps[at];
        }
        ++falls[at];
      }
      return Exit::Finished;
    }
  } machine;
  static const void* const kTables[2] = {};
  machine.breaker = &kTables[1];
  ThreadTable table(5);
  Thread main;
  RunnerOptions options;
  options.fast_table = &kTables[0];
  options.breaker_table = &kTables[1];
  const auto runner = make_runner(false, machine, table, std::make_unique<Interval>(kMillisecond), options);
  machine.runner = runner.get();
  CHECK(runner->run(main) == Outcome::Finished);
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    CAPTURE(i);
    CHECK(machine.falls[i] > 640 * kSteps[i] * 9 / 10);
    CHECK(machine.falls[i] < 640 * kSteps[i] * 11 / 10);
  }
}

TEST_CASE("a slice is what CPython 3.9 executes in the interval") {
  // Each turn of the loop is one tick; `turn` says of how many nanoseconds.
  const auto length = [](Time interval, auto turn, Time shortened = kNever, bool even = true) {
    Thread thread;
    IntervalSlice slice(1);
    slice.begin(thread, interval);
    Time done = 0;
    for (;;) {
      const Time time = turn(done);
      done += time;
      if (slice.looks()) thread.cpython_time += time;
      --thread.ticks_left;
      if ((slice.looks() || thread.ticks() >= slice.alarm()) && slice.advance(thread)) return done;
      if (even) CHECK(std::abs(slice.elapsed(thread) - done) <= 0.02 * static_cast<double>(done) + 2 * static_cast<double>(time));
      if (done - time < shortened && done >= shortened) slice.shorten(thread, shortened);
    }
  };
  for (const Time interval :
       {kMicrosecond, 20 * kMicrosecond, 500 * kMicrosecond, 5 * kMillisecond, 100 * kMillisecond}) {
    const auto whole = static_cast<double>(interval);
    CAPTURE(interval);
    for (const int turn : {10, 70, 120, 900}) {
      CAPTURE(turn);
      const auto done = static_cast<double>(length(interval, [&](Time) { return turn; }));
      CHECK(done >= 0.99 * whole);
      CHECK(done <= 1.02 * whole + 2 * turn);
      const auto half = static_cast<double>(length(interval, [&](Time) { return turn; }, interval / 4));
      CHECK(half >= 0.49 * whole);
      CHECK(half <= 0.52 * whole + 3 * turn + 1300);
    }
  }
  // Uneven turns: to a sixth.
  for (const Time rest : {400, 1500, 20'000}) {
    CAPTURE(rest);
    int at = 0;
    const auto done = static_cast<double>(length(20 * kMillisecond, [&](Time) { return ++at % 3 ? 100 : rest; }, kNever, false));
    CHECK(done == doctest::Approx(20 * kMillisecond).epsilon(0.17));
  }
  // Longer turns from the middle on are noticed at the next look.
  const Time interval = 5 * kMillisecond;
  const auto whole = static_cast<double>(interval);
  const auto changing = static_cast<double>(
      length(interval, [&](Time done) { return Time{done < interval / 2 ? 50 : 150}; }, kNever, false));
  CHECK(changing >= 0.9 * whole);
  CHECK(changing <= 1.3 * whole);
}

TEST_CASE("a rough slice has five significant bits in ticks, and is as long as others on average") {
  Thread thread;
  thread.ticks_left -= 12345;
  Random random(1);
  double wanted = 0, got = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t first = thread.ticks();
    const Time length = random.between(100, 20'000'000);
    IntervalSlice slice(1);
    slice.begin(thread, length, true);
    do {
      const std::uint64_t step = slice.looks() ? 1 : slice.alarm() - thread.ticks();
      if (slice.looks()) thread.cpython_time += 70;
      thread.ticks_left -= step;
    } while (!slice.advance(thread));
    const std::uint64_t ticks = thread.ticks() - first;
    if (i > 10) {  // the first ones only look
      CHECK((ticks & (std::bit_floor(ticks) / 16 - 1)) == 0);
      CHECK(std::abs(static_cast<double>(ticks) * 70 - static_cast<double>(length)) <= static_cast<double>(length) / 30 + 140);
      wanted += static_cast<double>(length);
      got += static_cast<double>(ticks) * 70;
    }
  }
  CHECK(got == doctest::Approx(wanted).epsilon(0.005));
}

TEST_CASE("a thread that gives way does so within the longest gap between two of its ticks") {
  // A loop with three ticks close together, and much without one.
  constexpr Time kGaps[] = {50, 50, 20'000};
  Thread thread;
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    IntervalSlice slice(1);
    slice.begin(thread, 5 * kMillisecond);
    do {
      do {
        if (slice.looks()) thread.cpython_time += kGaps[at];
        at = (at + 1) % 3;
        --thread.ticks_left;
      } while (!slice.looks() && thread.ticks() < slice.alarm());
    } while (!slice.advance(thread));
    if (i > 20) CHECK(thread.tick_gap > 10'000);
    CHECK(IntervalSlice::most_put_off(thread) >= thread.tick_gap);
    CHECK(thread.tick_gap <= 20'050);
  }
}

TEST_CASE("a thread that waited before the holder came asks after its next time-out but one") {
  const Interval schedule(5 * kMillisecond);
  Random random(1);
  struct Wait {
    Time waited, expected;
  };
  for (const Wait& wait :
       {Wait{-100 * kMicrosecond, 5'100 * kMicrosecond}, Wait{0, 5 * kMillisecond}, Wait{100 * kMicrosecond, 9'900 * kMicrosecond},
        Wait{5 * kMillisecond, 5 * kMillisecond}, Wait{7 * kMillisecond, 8 * kMillisecond}}) {
    CAPTURE(wait.waited);
    for (int i = 0; i < 100; ++i) {
      const Time asked = schedule.time_until_asked(wait.waited, random);
      CHECK(asked > wait.expected);
      CHECK(asked < wait.expected + 200 * kMicrosecond);  // the system wakes it up late
    }
  }
  for (int i = 0; i < 100; ++i) CHECK(Interval(kMicrosecond).time_until_asked(0, random) < 2 * kMicrosecond);
}

TEST_CASE("a slice is late as a whole, by a tick of the kernel's clock at most, and its CPU has a pace") {
  Random random(1);
  int late = 0;
  double slowest = 1, fastest = 1;
  Time latest = 0, latest_of_short = 0;
  for (int i = 0; i < 1000; ++i) {
    const Conditions conditions = Interval(5 * kMillisecond).conditions(random);
    late += conditions.late > 0;
    latest = std::max(latest, conditions.late);
    slowest = std::min(slowest, conditions.pace);
    fastest = std::max(fastest, conditions.pace);
    latest_of_short = std::max(latest_of_short, Interval(kMicrosecond).conditions(random).late);
  }
  CHECK(std::abs(late - 125) < 50);
  CHECK((latest > 3 * kMillisecond && latest <= 4 * kMillisecond));
  CHECK((latest_of_short > 0 && latest_of_short <= 8 * kMicrosecond));
  CHECK((slowest >= 0.95 && slowest < 0.97));
  CHECK((fastest > 1.03 && fastest <= 1.05));
}

TEST_CASE("whose time-out ends a slice takes the GIL, as a rule") {
  struct Askers : FakeMachine {
    using FakeMachine::FakeMachine;
    void on_hand_over(const HandOver& entry) override {
      if (entry.cause == Cause::Switched && asker) ++(&entry.to == asker ? taken : missed);
      asker = world().table.asker;
    }
    const Thread* asker = nullptr;
    int taken = 0, missed = 0;
  };
  const Program main(3, {Op::Start, 1});
  Askers machine({main, Program(100'000, {Op::Work})}, std::make_unique<Interval>(20 * kMicrosecond),
                 {.os_threads = false, .observed = false, .clock = ClockKind::Real, .trace = false});
  CHECK(machine.run() == Outcome::Finished);
  CHECK(machine.taken > 20);
  CHECK(machine.taken > 2 * machine.missed);
}

TEST_CASE("a GIL that its holder offers while it is in a call, and gets back, has lain there for no time") {
  ThreadTable table(1);
  Thread waiting;
  waiting.serial = 1;
  waiting.grants = 1;
  table.runnable.push_back(waiting);
  table.slice_time = kMillisecond;
  Interval schedule(5 * kMillisecond);
  CHECK(schedule.next(table, Cause::Called) == &waiting);
  CHECK(table.slice_time == kMillisecond);
  CHECK(table.lies_for >= 40 * kMicrosecond);
  table.runnable.clear();
}

TEST_CASE("nobody is asked to give way when nobody waits") {
  Case test({"interval:1us", true, false, ClockKind::Real}, {Program(20'000, {Op::Work})});
  CHECK(test.machine.run() == Outcome::Finished);
  CHECK(test.machine.world().table.hand_overs == 0);
}
