// Many OS threads and many VMs: the GIL, limits, interrupts, deadlocks.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "mini/mini.h"
#include "runs.h"

using mini::Error;
using mini::ErrorKind;
using mini::Limit;
using mini::Options;
using mini::Runner;
using mini::Value;
using mini::Vm;

namespace {

using namespace std::chrono_literals;

constexpr const char* kDeadlock = R"(
import threading
a, b = threading.Lock(), threading.Lock()
def left():
    with a:
        barrier.wait()
        with b: pass
def right():
    with b:
        barrier.wait()
        with a: pass
barrier = threading.Barrier(2)
def both():
    ts = [threading.Thread(target=left), threading.Thread(target=right)]
    for t in ts: t.start()
    for t in ts: t.join()
)";

}  // namespace

TEST_CASE("a time-out that comes when its thread runs already is not taken for a call") {
  Options options;
  options.schedule = mini::Schedule::interval(50us);
  Vm vm(options);
  vm.run("import threading, time\nover = False\n"
         "def work():\n    while not over: time.sleep(0)\n"
         "def nap(): time.sleep(0.0005)\n"
         "def end():\n    global over\n    over = True\n    for t in ts: t.join()\n"
         "ts = [threading.Thread(target=work) for _ in range(2)]\n"
         "for t in ts: t.start()");
  const Value nap = vm.get("nap");
  std::vector<std::thread> guests;
  for (int guest = 0; guest < 2; ++guest)
    guests.emplace_back([&] {
      for (int i = 0; i < 300; ++i) nap();
    });
  for (std::thread& guest : guests) guest.join();
  vm.call("end");
}

TEST_CASE("any OS threads may call into a VM at once") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    Vm vm(options);
    vm.run("import threading\nlock = threading.Lock()\nn = 0\n"
           "def bump(k):\n    global n\n    for _ in range(k):\n        with lock: n += 1\n    return n\n");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&vm] {
        for (int i = 0; i < 50; ++i) vm.call("bump", 20);
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(vm.get("n").to<int>() == 4000);
  }
}

TEST_CASE("values are copied and dropped on threads that do not hold the GIL") {
  Vm vm;
  vm.run("class Node:\n    pass\n");
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  const Value node = vm.call("Node");
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      std::vector<Value> kept;
      while (!stop) {
        kept.push_back(node);
        if (kept.size() > 10) kept.clear();
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    Value made = vm.call("Node");
    std::thread([moved = std::move(made)]() mutable { Value last = std::move(moved); }).join();
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  vm.eval("0");
  CHECK(vm.live_values() == 1);
}

TEST_CASE("threads of a script run on between the calls of the host, with the default schedule") {
  Vm vm;
  vm.run("import threading, time\ndone = threading.Event()\n"
         "def work():\n    time.sleep(0.01)\n    done.set()\n"
         "threading.Thread(target=work).start()\n");
  for (int i = 0; i < 1000 && !vm.eval("done.is_set()").truth(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(vm.eval("done.is_set()").truth());
}

TEST_CASE("a long call without the GIL lets others in") {
  Vm vm;
  std::atomic<bool> inside{false}, go{false};
  vm.define("slow", [&] {
    mini::Unlock others(vm);
    inside = true;
    while (!go) std::this_thread::sleep_for(1ms);
  });
  std::thread caller([&] { vm.eval("slow()"); });
  while (!inside) std::this_thread::sleep_for(1ms);
  CHECK(vm.eval("1 + 1").to<int>() == 2);
  go = true;
  caller.join();
}

TEST_CASE("a sequence of calls is one piece under a Lock") {
  Vm vm;
  vm.set("n", 0);
  auto work = [&] {
    for (int i = 0; i < 200; ++i) {
      const mini::Lock lock(vm);
      vm.set("n", vm.get("n").to<int>() + 1);
    }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  CHECK(vm.get("n").to<int>() == 400);
}

TEST_CASE("a deadlock is an Error with a report, and the VM goes on") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    Vm vm(options);
    vm.run(kDeadlock);
    for (int round = 0; round < 2; ++round) {
      const Error error = error_of([&] { vm.call("both"); });
      CHECK(error.kind() == ErrorKind::kDeadlock);
      CHECK(error.report().starts_with("deadlock: no thread can run"));
      vm.run("a, b = threading.Lock(), threading.Lock()\nbarrier = threading.Barrier(2)\n");
    }
    CHECK(vm.eval("1 + 1").to<int>() == 2);
  }
}

TEST_CASE("limits end a run, whatever the script catches") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    options.limits.instructions = 20000;
    Vm vm(options);
    vm.run("def spin():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n");
    Error error = error_of([&] { vm.call("spin"); });
    CHECK(error.kind() == ErrorKind::kLimit);
    CHECK(error.limit() == Limit::kInstructions);
    CHECK(vm.eval("sum(range(10))").to<int>() == 45);

    Options timed;
    timed.runner = runner;
    timed.limits.time = 700ms;  // the texts below must not take as long, however busy the machine is
    Vm other(timed);
    other.run("import time, _thread\n"
              "def spin():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
              "def sleep(): time.sleep(1000)\n"
              "def both():\n    _thread.start_new_thread(spin, ())\n    time.sleep(1000)\n");
    for (const char* name : {"spin", "sleep", "both"}) {
      error = error_of([&] { other.call(name); });
      CHECK(error.kind() == ErrorKind::kLimit);
      CHECK(error.limit() == Limit::kTime);
    }
    CHECK(other.eval("1 + 1").to<int>() == 2);
  }
}

TEST_CASE("memory and depth are limited") {
  Options options;
  options.limits.memory = 8 << 20;
  options.limits.depth = 50;
  Vm vm(options);
  Error error = error_of([&] { vm.run("x = [0] * (1 << 22)"); });
  CHECK(error.kind() == ErrorKind::kLimit);
  CHECK(error.limit() == Limit::kMemory);
  error = error_of([&] { vm.run("def f(): f()\nf()"); });
  CHECK(error.limit() == Limit::kDepth);
  options.limits.memory = 1000;
  CHECK(error_of([&] { Vm tiny(options); }).limit() == Limit::kMemory);
}

TEST_CASE("an interrupt from another thread is a KeyboardInterrupt") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    Vm vm(options);
    std::atomic<bool> ready{false};
    vm.define("ready", [&] { ready = true; });
    std::thread other([&] {
      while (!ready) std::this_thread::sleep_for(1ms);
      vm.interrupt();
    });
    CHECK(error_of([&] { vm.run("ready()\nwhile True: pass"); }).kind() == ErrorKind::kInterrupted);
    other.join();
  }
}

TEST_CASE("when one call ends the run, the others that are inside are told") {
  Options options;
  options.limits.time = 2s;
  Vm vm(options);
  std::atomic<bool> spinning{false};  // three that wait while no other is inside would be a deadlock
  vm.define("spinning", [&] { spinning = true; });
  vm.run("import _thread\ne = _thread.allocate_lock()\ne.acquire()\n"
         "def wait(): e.acquire()\ndef spin():\n    spinning()\n    while True: pass\n");
  std::vector<std::thread> threads;
  std::atomic<int> told{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!spinning) std::this_thread::sleep_for(1ms);
      try {
        vm.call("wait");
      } catch (const Error& error) {
        told += error.kind() == ErrorKind::kLimit || error.kind() == ErrorKind::kEnded;
      }
    });
  }
  CHECK(error_of([&] { vm.call("spin"); }).kind() == ErrorKind::kLimit);
  for (auto& thread : threads) thread.join();
  CHECK(told == 3);
  CHECK(vm.eval("1").to<int>() == 1);
}

TEST_CASE("a VM is destroyed with threads alive") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    Vm vm(options);
    vm.run("import threading, time\n"
           "def spin():\n    while True: pass\n"
           "for f in (spin, threading.Event().wait, lambda: time.sleep(1000)):\n"
           "    threading.Thread(target=f).start()\n");
  }
}

TEST_CASE("what a callback throws arrives at the caller") {
  for (Runner runner : kRunners) {
    Options options;
    options.runner = runner;
    options.output = [](std::string_view) { throw 7; };
    Vm vm(options);
    CHECK_THROWS_AS(vm.run("print('x')\nwhile True: pass"), int);
    CHECK(vm.eval("2").to<int>() == 2);
  }
}

TEST_CASE("many VMs run side by side") {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&good, t] {
      Vm vm;
      vm.define("number", [t] { return t; });
      vm.run("import threading\nr = []\nts = [threading.Thread(target=lambda: r.append(number())) for _ in range(3)]\n"
             "for t in ts: t.start()\nfor t in ts: t.join()\n");
      good += vm.get("r").to<std::vector<int>>() == std::vector<int>(3, t);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == 4);
}

TEST_CASE("the clock of an exact schedule is virtual") {
  Options options;
  options.schedule = mini::Schedule::every(10);
  Vm vm(options);
  vm.run("import time\nt = time.monotonic()\ntime.sleep(3600)\nt = time.monotonic() - t");
  CHECK(vm.get("t").to<double>() >= 3600);
}
