// Steering, watching, saving: interleavings in tests.
#include <doctest/doctest.h>

#include <map>

#include "mini/mini.h"

using mini::Error;
using mini::ErrorKind;
using mini::Options;
using mini::Runner;
using mini::Schedule;
using mini::ThreadView;
using mini::Value;
using mini::Vm;

namespace {

constexpr const char* kIncrement = R"(
import threading
x = 0
def increment():
    global x
    x += 1
a = threading.Thread(target=increment)
b = threading.Thread(target=increment)
a.start(); b.start(); a.join(); b.join()
)";

int run(Schedule schedule, Runner runner) {
  Options options;
  options.schedule = std::move(schedule);
  options.runner = runner;
  Vm vm(options);
  vm.run(kIncrement);
  return vm.get("x").to<int>();
}

constexpr Runner kRunners[] = {Runner::kOsThreads, Runner::kOneThread};

/// Lets thread 1 run to the store of `x`, then the others.
std::uint32_t lose_update(std::span<const ThreadView> runnable) {
  const ThreadView* best = nullptr;
  for (const ThreadView& thread : runnable) {
    const bool stores = thread.next.opcode == "STORE_GLOBAL" && thread.next.argument == "x" && thread.next.function == "increment";
    if (stores && runnable.size() > 1 && thread.number == 1) continue;
    if (thread.current) return thread.number;
    if (!best || thread.number < best->number) best = &thread;
  }
  return best ? best->number : runnable.front().number;
}

}  // namespace

TEST_CASE("an interleaving is written as steps, or follows from a seed") {
  for (Runner runner : kRunners) {
    CHECK(run(Schedule::steps("T1*3 T2* T1*"), runner) == 1);
    CHECK(run(Schedule::steps("T1* T2*"), runner) == 2);
    for (int seed = 0; seed < 5; ++seed)
      CHECK(run(Schedule::seeded(seed), runner) == run(Schedule::seeded(seed), Runner::kOneThread));
    CHECK(run(Schedule::every(3), runner) == run(Schedule::text("every:3"), Runner::kOneThread));
  }
}

TEST_CASE("a callback sees what each thread is about to do, and decides") {
  for (Runner runner : kRunners) {
    CHECK(run(Schedule::directed(lose_update), runner) == 1);
    CHECK(run(Schedule::directed([](auto runnable) { return runnable.front().number; }), runner) == 2);
  }
}

TEST_CASE("a schedule that cannot go on ends the run") {
  for (Runner runner : kRunners) {
    auto kind = [&](Schedule schedule) {
      try {
        run(std::move(schedule), runner);
      } catch (const Error& error) {
        return error.kind();
      }
      return ErrorKind::kScript;
    };
    CHECK(kind(Schedule::directed([](auto) { return 99; })) == ErrorKind::kSchedule);
    CHECK(kind(Schedule::steps("T1*100 T2*")) == ErrorKind::kSchedule);
    CHECK(kind(Schedule::steps("nonsense")) == ErrorKind::kSchedule);
    CHECK(kind(Schedule::text("")) == ErrorKind::kScript);
    CHECK_THROWS_AS(run(Schedule::directed([](auto) -> std::uint32_t { throw 5; }), runner), int);
  }
}

TEST_CASE("observers are told of instructions, switches, locks and deaths") {
  struct Watcher : mini::Observer {
    std::map<std::string, int> counts;
    void instruction(const ThreadView& thread) override {
      if (thread.next.function == "work") ++counts[std::string(thread.next.opcode)];
    }
    void switched(const mini::Switch&) override { ++counts["switch"]; }
    void lock(const mini::LockEvent& event) override {
      if (event.kind == mini::LockEvent::Kind::kAcquired) ++counts["acquired"];
      if (event.kind == mini::LockEvent::Kind::kWaits && event.what == "join") ++counts["join"];
    }
    void thread_started(std::uint32_t) override { ++counts["started"]; }
    void thread_finished(std::uint32_t) override { ++counts["finished"]; }
    void object_died(std::string_view type) override { counts["died"] += type == "Node"; }
  };
  auto watcher = std::make_shared<Watcher>();
  Options options;
  options.observer = watcher;
  options.runner = Runner::kOneThread;
  options.schedule = Schedule::every(1000);
  Vm vm(options);
  vm.run(R"(
import threading
class Node: pass
lock = threading.Lock()
def work():
    with lock:
        Node()
t = threading.Thread(target=work)
t.start()
t.join()
)");
  CHECK(watcher->counts["SETUP_WITH"] == 1);
  CHECK(watcher->counts["switch"] >= 2);
  CHECK(watcher->counts["started"] == 1);
  CHECK(watcher->counts["finished"] == 1);
  CHECK(watcher->counts["died"] == 1);
}

TEST_CASE("a state is saved, restored and told apart") {
  Options options;
  options.runner = Runner::kOneThread;
  options.schedule = Schedule::seeded(1);
  Vm vm(options);
  vm.run("items = [1, 2]");
  const Value before = vm.get("items");
  const mini::StateHash hash = vm.hash();
  const mini::State state = vm.save();
  CHECK(state.bytes() > 0);
  vm.run("items.append(3)\nmore = {}");
  const Value after = vm.get("more");
  CHECK(vm.hash() != hash);
  vm.restore(state);
  CHECK(vm.hash() == hash);
  CHECK(before.repr() == "[1, 2]");
  CHECK(!vm.has("more"));
  CHECK_THROWS_AS(static_cast<void>(after.size()), Error);
  vm.run("items.append(4)");
  CHECK(before.repr() == "[1, 2, 4]");
  Vm other(options);
  CHECK_THROWS_AS(other.restore(state), Error);
  Vm threads;
  CHECK_THROWS_AS(threads.save(), Error);
}

TEST_CASE("the outcomes of two threads with one increment each are 1 and 2, with two each 2, 3 and 4") {
  const mini::Outcomes one = mini::outcomes(kIncrement, {.global = "x", .seeds = 60});
  CHECK(one.values() == std::set<std::string>{"1", "2"});
  const std::string twice = std::string(kIncrement).replace(std::string(kIncrement).find("    x += 1"), 10,
                                                            "    for _ in range(2): x += 1");
  CHECK(mini::outcomes(twice, {.global = "x", .seeds = 150}).values() == std::set<std::string>{"2", "3", "4"});
  for (const mini::Outcome& outcome : one.all()) {
    CHECK(outcome.count > 0);
    CHECK(std::to_string(run(Schedule::text(outcome.token), Runner::kOsThreads)) == outcome.value);
  }
}

TEST_CASE("a deadlock is among the outcomes") {
  const mini::Outcomes outcomes = mini::outcomes(R"(
import threading
a, b = threading.Lock(), threading.Lock()
def left():
    for _ in range(10):
        with a:
            with b: pass
def right():
    for _ in range(10):
        with b:
            with a: pass
ts = [threading.Thread(target=left), threading.Thread(target=right)]
for t in ts: t.start()
for t in ts: t.join()
print('done')
)", {.seeds = 60});
  CHECK(outcomes.values() == std::set<std::string>{"done\n", "deadlock"});
  CHECK(outcomes.has_deadlock());
  REQUIRE(outcomes.find("deadlock"));
  CHECK(outcomes.find("deadlock")->report.starts_with("deadlock: no thread can run"));
}
