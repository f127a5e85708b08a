// The library as a whole: everything imports, nothing leaks, nothing crashes for want of memory.
#include "tests/unit/vm/run.h"

#include "interp/modules/sha512.h"

namespace mini::modules {
namespace {

using vm::Options;
using vm::test::Session;

std::vector<std::string> module_names() {
  std::vector<std::string> names;
  for (const vm::NativeModule& module : library().modules) names.emplace_back(module.name);
  for (const vm::PreludeModule& source : prelude()) names.emplace_back(source.name);
  return names;
}

struct Outcome {
  int status;
  std::string output, errors;
};
Outcome run(const std::string& source, Options options = {}) {
  Session session(std::move(options), false);
  session.start(source);
  const auto& finished = session.finish();
  return {finished.status, finished.output, finished.errors};
}

TEST_CASE("every module can be imported, alone, under every kind of run, and leaves nothing behind") {
  for (const std::string& name : module_names()) {
    for (bool observed : {false, true}) {
      Options options;
      options.observed = observed;
      options.os_threads = !observed;
      const Outcome outcome = run("import " + name + "\nprint(" + name + ".__name__)\n", std::move(options));
      CHECK_MESSAGE(outcome.status == 0, outcome.errors);
      CHECK(outcome.output == name + "\n");
    }
  }
}

TEST_CASE("what __all__ promises is there") {
  const Outcome outcome = run("import threading\nprint([n for n in threading.__all__ if not hasattr(threading, n)])\n");
  CHECK(outcome.output == "[]\n");
}

TEST_CASE("a memory limit at any size ends in an exception or in success, never in a crash") {
  const std::string source =
      "import threading, random, math\n"
      "def f(n):\n    with threading.Lock(): return [random.random() for _ in range(n)]\n"
      "t = threading.Thread(target=f, args=(50,)); t.start(); t.join()\nprint('done')\n";
  size_t finished = 0;
  for (size_t kilobytes = 700; kilobytes < 2500; kilobytes += 37) {
    Options options;
    options.library = &library();
    options.memory_limit = kilobytes << 10;
    std::string output, errors, error;
    options.output = [&](std::string_view text) { output += text; };
    options.errors = [&](std::string_view text) { errors += text; };
    auto machine = vm::Machine::create(std::move(options), error);
    if (!machine) continue;  // not even room to start: said in `error`
    const int status = machine->run_file("<test>", source);
    CAPTURE(kilobytes);
    if (output == "done\n") {
      ++finished;
    } else {
      CHECK_MESSAGE((status == 1 || errors.find("MemoryError") != errors.npos), errors);
    }
    CHECK(machine->release_everything() == 0);
  }
  CHECK(finished > 0);
}

TEST_CASE("under a virtual clock sleeping costs nothing and adds up") {
  Options options;
  options.clock = sched::ClockKind::Virtual;
  const Outcome outcome = run(
      "import time, threading\n"
      "start = time.monotonic()\n"
      "time.sleep(1000)\n"
      "ts = [threading.Thread(target=time.sleep, args=(n,)) for n in (5, 50, 500)]\n"
      "for t in ts: t.start()\nfor t in ts: t.join()\n"
      "print(time.monotonic() - start, time.perf_counter() - start)\n"
      "lock = threading.Lock(); lock.acquire()\n"
      "print(lock.acquire(timeout=20), time.monotonic() - start, threading.Event().wait(30), time.monotonic() - start)\n",
      std::move(options));
  CHECK(outcome.output == "1500.0 1500.0\nFalse 1520.0 False 1550.0\n");
  CHECK(outcome.errors == "");
}

TEST_CASE("a lock is never held twice, whatever the schedule, and every waiter gets its turn or its time-out") {
  const std::string source =
      "import threading, time\n"
      "lock = threading.Lock(); inside = 0; worst = 0; got = 0; late = 0\n"
      "def work(n):\n"
      "    global inside, worst, got, late\n"
      "    for i in range(20):\n"
      "        if lock.acquire(timeout=0.5 * (n + 1)):\n"
      "            inside += 1; worst = max(worst, inside)\n"
      "            time.sleep(0.1)\n"
      "            got += 1; inside -= 1\n"
      "            lock.release()\n"
      "        else:\n"
      "            late += 1\n"
      "ts = [threading.Thread(target=work, args=(n,)) for n in range(6)]\n"
      "for t in ts: t.start()\nfor t in ts: t.join()\n"
      "print(worst, got > 20, lock.locked())\n";
  for (int seed = 1; seed <= 12; ++seed) {
    Options options;
    options.schedule = "seeded:" + std::to_string(seed);
    options.os_threads = seed % 2 == 0;
    const Outcome outcome = run(source, std::move(options));
    CHECK(outcome.output == "1 True False\n");
    CHECK(outcome.errors == "");
  }
}

TEST_CASE("what a thread stored in a threading.local dies with the thread or with the local") {
  const Outcome outcome = run(
      "import threading\n"
      "class Noisy:\n"
      "    def __init__(self, name): self.name = name\n"
      "    def __del__(self): print('freed', self.name)\n"
      "local = threading.local()\n"
      "local.x = Noisy('main')\n"
      "def f():\n"
      "    local.x = Noisy('thread')\n"
      "t = threading.Thread(target=f); t.start(); t.join()\n"
      "print('joined')\n"
      "del local\n"
      "print('over')\n");
  CHECK(outcome.output == "freed thread\njoined\nfreed main\nover\n");
}

TEST_CASE("SHA-512 is the standard's") {
  auto hex = [](std::string_view text) {
    std::string out;
    for (uint8_t byte : sha512(text)) out += fmt::format("{:02x}", byte);
    return out;
  };
  CHECK(hex("abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(hex("").substr(0, 16) == "cf83e1357eefb8bd");
  // Every length around the end of a block pads right: compared with itself, no two are alike.
  std::vector<std::string> digests;
  for (size_t length = 100; length < 140; ++length) digests.push_back(hex(std::string(length, 'x')));
  std::sort(digests.begin(), digests.end());
  CHECK(std::adjacent_find(digests.begin(), digests.end()) == digests.end());
}

}  // namespace
}  // namespace mini::modules
