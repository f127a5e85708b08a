// Several VMs in one process: each has a memory and a GIL of its own, and nothing that another one could see.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "interp/modules/modules.h"
#include "interp/vm/machine.h"

namespace mini::vm {
namespace {

constexpr int kMachines = 8;

struct Finished {
  int status = -1;
  std::string output, errors, error;
};

Finished run_machine(const std::string& source, uint64_t seed) {
  Finished finished;
  Options options;
  options.library = &modules::library();
  options.schedule = "interval:100us";
  options.seed = seed;
  options.output = [&](std::string_view text) { finished.output += text; };
  options.errors = [&](std::string_view text) { finished.errors += text; };
  auto machine = Machine::create(std::move(options), finished.error);
  if (machine) finished.status = machine->run_file("<string>", source);
  return finished;
}

TEST_CASE("eight VMs run at once, each with threads, classes, exceptions and modules of its own") {
  const std::string source =
      "import threading, queue, random, functools, traceback\n"
      "counter, lock, results = 0, threading.Lock(), queue.Queue()\n"
      "class Node:\n"
      "    def __init__(self, value, next): self.value, self.next = value, next\n"
      "@functools.lru_cache\n"
      "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
      "def work(number):\n"
      "    global counter\n"
      "    chain = None\n"
      "    for i in range(300):\n"
      "        chain = Node(i, chain)\n"
      "        with lock: counter += 1\n"
      "        try: {}[number]\n"
      "        except KeyError as error: traceback.format_exception(type(error), error, error.__traceback__)\n"
      "    results.put((number, fib(30), chain.value))\n"
      "random.seed(1)\n"
      "threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]\n"
      "for thread in threads: thread.start()\n"
      "for thread in threads: thread.join()\n"
      "print(counter, sorted(results.get() for _ in threads), random.random())\n";
  std::vector<Finished> finished(kMachines);
  std::vector<std::thread> threads;
  for (int i = 0; i < kMachines; ++i)
    threads.emplace_back([&, i] { finished[static_cast<size_t>(i)] = run_machine(source, static_cast<uint64_t>(i)); });
  for (std::thread& thread : threads) thread.join();
  for (const Finished& each : finished) {
    CHECK_MESSAGE(each.status == 0, each.error << each.errors);
    CHECK(each.output == "900 [(0, 832040, 299), (1, 832040, 299), (2, 832040, 299)] 0.13436424411240122\n");
  }
}

TEST_CASE("a script's pool of interpreters: eight VMs beside its own") {
  const Finished finished = run_machine(
      "from concurrent.futures import InterpreterPoolExecutor\n"
      "import threading\n"
      "x = 0\n"
      "def add(n):\n"
      "    global x\n"
      "    done = []\n"
      "    thread = threading.Thread(target=lambda: done.append(sum(range(n))))\n"
      "    thread.start()\n"
      "    thread.join()\n"
      "    x += n\n"
      "    return done[0], x >= n\n"
      "if __name__ == '__main__':\n"
      "    with InterpreterPoolExecutor(8) as pool:\n"
      "        print(list(pool.map(add, range(1000, 1032))) == [(n * (n - 1) // 2, True) for n in range(1000, 1032)], x)\n",
      1);
  CHECK_MESSAGE(finished.status == 0, finished.error << finished.errors);
  CHECK(finished.output == "True 0\n");
}

}  // namespace
}  // namespace mini::vm
