// Steering, watching, saving: interleavings in tests.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "mini/mini.h"
#include "runs.h"

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
import gc, threading
class Node: pass
cycle = Node()
cycle.itself = cycle
del cycle
gc.collect()
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
  CHECK(watcher->counts["died"] == 2);
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

namespace {

std::string incremented_twice() {
  std::string script = kIncrement;
  return script.replace(script.find("    x += 1"), 10, "    for _ in range(2): x += 1");
}

constexpr const char* kPhilosophers = R"(
import threading
a, b = threading.Lock(), threading.Lock()
def eat(first, second):
    with first:
        with second: pass
ts = [threading.Thread(target=eat, args=(a, b)), threading.Thread(target=eat, args=(b, a))]
for t in ts: t.start()
for t in ts: t.join()
print('done')
)";

/// What a token's run comes to: the repr of a global, or what the Error says.
std::string repeated(std::string_view script, const char* global, const std::string& token, Runner runner) {
  Options options;
  options.schedule = Schedule::text(token);
  options.runner = runner;
  Vm vm(options);
  try {
    vm.run_program(script);
    return vm.get(global).repr();
  } catch (const Error& error) {
    return error.what();
  }
}

ErrorKind kind_of_refusal(const Options& options, std::string_view script) {
  try {
    Vm(options).run_program(script);
  } catch (const Error& error) {
    CHECK(error.report().size() > 20);
    return error.kind();
  }
  return ErrorKind::kScript;
}

}  // namespace

TEST_CASE("all outcomes of two threads with one increment each are 1 and 2, with two each 2, 3 and 4") {
  const std::string twice = incremented_twice();
  const mini::Outcomes one = mini::outcomes(kIncrement, {.global = "x"});
  CHECK(one.values() == std::set<std::string>{"1", "2"});
  CHECK(one.complete());
  const mini::Outcomes two = mini::outcomes(twice, {.global = "x"});
  CHECK(two.values() == std::set<std::string>{"2", "3", "4"});
  CHECK(two.complete());
  CHECK(two.find("4")->preemptions == 0);
  CHECK(two.find("2")->preemptions == 1);
  CHECK(two.find("3")->preemptions == 2);
  CHECK(mini::outcomes(kIncrement, {.global = "x", .vm = {.switch_points = mini::SwitchPoints::k312}}).values() ==
        std::set<std::string>{"2"});
  for (Runner runner : kRunners) {
    for (const mini::Outcome& outcome : one.all()) {
      CHECK(outcome.token.starts_with("m1:"));
      CHECK(outcome.count > 0);
      CHECK(repeated(kIncrement, "x", outcome.token, runner) == outcome.value);
    }
    for (const mini::Outcome& outcome : two.all()) CHECK(repeated(twice, "x", outcome.token, runner) == outcome.value);
  }
}

TEST_CASE("a number of seeds finds the same, and cannot tell that there is no more") {
  const mini::Outcomes outcomes = mini::outcomes(incremented_twice(), {.global = "x", .seeds = 150});
  CHECK(outcomes.values() == std::set<std::string>{"2", "3", "4"});
  CHECK(!outcomes.complete());
  for (const mini::Outcome& outcome : outcomes.all())
    CHECK(repeated(incremented_twice(), "x", outcome.token, Runner::kOsThreads) == outcome.value);
}

TEST_CASE("a deadlock is among the outcomes") {
  for (std::uint64_t seeds : {0, 100}) {
    const mini::Outcomes outcomes = mini::outcomes(kPhilosophers, {.seeds = seeds});
    CHECK(outcomes.values() == std::set<std::string>{"done\n", "deadlock"});
    CHECK(outcomes.has_deadlock());
    const mini::Outcome* deadlock = outcomes.find("deadlock");
    REQUIRE(deadlock);
    CHECK(deadlock->kind == ErrorKind::kDeadlock);
    CHECK(deadlock->report.starts_with("deadlock: no thread can run"));
    for (Runner runner : kRunners) CHECK(repeated(kPhilosophers, "a", deadlock->token, runner) == "deadlock");
  }
}

TEST_CASE("outcomes are also what a script raises, how it exits, and that it never ends") {
  auto values = [](const char* script, mini::OutcomeOptions options = {}) { return mini::outcomes(script, options).values(); };
  const std::string head = "import threading, sys\nx = 0\ndef work():\n    global x\n    x += 1\n"
                           "t = threading.Thread(target=work)\nt.start()\n";
  CHECK(values((head + "if x: raise ValueError('late')\n").c_str(), {.global = "x"}) ==
        std::set<std::string>{"1", "ValueError: late"});
  CHECK(values((head + "print(x)\nsys.exit(3)\n").c_str()) == std::set<std::string>{"0\n", "1\n"});
  CHECK(values("print(6 * 7)") == std::set<std::string>{"42\n"});
  CHECK(values("y = 1", {.global = "x"}) == std::set<std::string>{"NameError: name 'x' is not defined"});
  const mini::Outcomes endless = mini::outcomes("while True: pass", {.vm = {.limits = {.instructions = 1000}}});
  CHECK(endless.all().size() == 1);
  CHECK(endless.all()[0].kind == ErrorKind::kLimit);
  CHECK(!endless.complete());
  const mini::Outcomes spinning = mini::outcomes(head + "while x == 0: pass\nif x == 1: x = 2\n", {.global = "x"});
  CHECK(spinning.values() == std::set<std::string>{"2"});
  CHECK_THROWS_AS(values("x ="), Error);
  CHECK_THROWS_AS(values("x = input()", {.vm = {.input = []() -> std::optional<std::string> { throw 5; }}}), int);
}

TEST_CASE("every run of a search for outcomes reads the same input") {
  int asked = 0;
  mini::OutcomeOptions options;
  options.vm.input = [&]() -> std::optional<std::string> { return "line " + std::to_string(++asked); };
  for (std::uint64_t seeds : {0, 3}) {
    asked = 0;
    options.seeds = seeds;
    const std::string script = std::string("name = input()\n") + kIncrement + "print(name)";
    CHECK(mini::outcomes(script, options).values() == std::set<std::string>{"line 1\n"});
    CHECK(asked == 1);
  }
}

TEST_CASE("limits of a search leave it incomplete, and say so") {
  const mini::Outcomes few = mini::outcomes(incremented_twice(), {.global = "x", .preemptions = 0});
  CHECK(few.values() == std::set<std::string>{"4"});
  CHECK(!few.complete());
  CHECK(few.incomplete() == "proved up to 0 preemptions");
}

TEST_CASE("a token is refused for another script, and so is what is no token") {
  const mini::Outcomes outcomes = mini::outcomes(kIncrement, {.global = "x"});
  Options options;
  options.schedule = Schedule::text(outcomes.find("1")->token);
  CHECK(kind_of_refusal(options, kPhilosophers) == ErrorKind::kSchedule);
  CHECK(kind_of_refusal(options, kIncrement) == ErrorKind::kScript);
  for (const char* text : {"m1:", "m1:????", "recording:/does/not/exist"}) {
    options.schedule = Schedule::text(text);
    CHECK(kind_of_refusal(options, kIncrement) == ErrorKind::kSchedule);
  }
}

TEST_CASE("after a refused replay the VM goes on") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    options.schedule = Schedule::text(mini::outcomes(kPhilosophers).find("deadlock")->token);
    Vm vm(options);
    CHECK_THROWS_AS(vm.run_program(kPhilosophers), Error);
    vm.run("x = 6 * 7");
    CHECK(vm.get("x").to<int>() == 42);
    vm.run(kIncrement);
    CHECK(vm.get("x").to<int>() >= 1);
  }
}

/// Has mini record a run under the schedule, and repeats it in a VM.
void check_recorded(const std::string& schedule) {
  CAPTURE(schedule);
  constexpr const char* kScript = R"(
import os, random, sys, threading, time
x, seen = 0, []
def work():
    global x
    for _ in range(2000): x += 1
ts = [threading.Thread(target=work) for _ in range(3)]
for t in ts: t.start()
for t in ts: t.join()
seen = [x, time.time(), os.urandom(4), random.random(), input(), sys.argv[1:]]
print(seen)
)";
  std::string directory = std::filesystem::temp_directory_path() / "mini-XXXXXX";
  REQUIRE(mkdtemp(directory.data()));
  const std::string file = directory + "/script.py", recording = directory + "/run";
  std::ofstream(file) << kScript;
  const std::string command = "echo typed | " MINI_PROGRAM " --schedule=" + schedule + " --record=" + recording + " " +
                              file + " one two >" + directory + "/output";
  REQUIRE(std::system(command.c_str()) == 0);
  std::string recorded;
  std::getline(std::ifstream(directory + "/output"), recorded);
  for (Runner runner : kRunners) {
    std::string output;
    Options options;
    options.runner = runner;
    options.schedule = Schedule::recording(recording);
    options.output = [&](std::string_view text) { output += text; };
    options.input = []() -> std::optional<std::string> { throw std::logic_error("not to be asked"); };
    {
      Vm vm(options);
      vm.run_program(kScript);
      CHECK(vm.get("seen").repr() == recorded);
      vm.finish();
    }
    CHECK(output == recorded + "\n");
    CHECK(kind_of_refusal(options, kIncrement) == ErrorKind::kSchedule);
  }
  std::filesystem::resize_file(recording, std::filesystem::file_size(recording) - 1);
  CHECK(kind_of_refusal({.schedule = Schedule::recording(recording)}, kScript) == ErrorKind::kSchedule);
  std::filesystem::remove_all(directory);
}

TEST_CASE("what mini recorded runs again, with all that came from outside") {
  check_recorded("interval:20us");
  check_recorded("seeded:3");  // gives way inside Thread.start() as well
}

TEST_CASE("the end of a program shuts pools down, and is the end of the main thread for who joins it") {
  constexpr const char* kScript = R"(
import concurrent.futures, threading
pool = concurrent.futures.ThreadPoolExecutor(2)
results = []
pool.submit(results.append, 1)
def last():
    threading.main_thread().join()
    results.append(2)
threading.Thread(target=last).start()
)";
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    options.schedule = Schedule::every(100);
    Vm vm(options);
    vm.run_program(kScript);
    CHECK(vm.get("results").repr() == "[1, 2]");
    Vm other(options);
    other.run(kScript);
    other.finish();
  }
}

TEST_CASE("the others run to their end before an exception of a program's main thread is thrown") {
  Vm vm;
  CHECK_THROWS_AS(vm.run_program("import threading, time\ndone = []\n"
                                 "threading.Thread(target=lambda: (time.sleep(0.01), done.append(1))).start()\n1 / 0"),
                  Error);
  CHECK(vm.get("done").size() == 1);
}
