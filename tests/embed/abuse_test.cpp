// Random sequences of calls, sensible or not: each gives a value or a mini::Error (or what a callback threw), never anything
// else. MINI_ABUSE_ROUNDS says how many sequences; a failure names its seed.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <random>
#include <thread>

#include "mini/mini.h"

using mini::Options;
using mini::Runner;
using mini::Schedule;
using mini::Value;
using mini::Vm;

namespace {

struct Thrown {};

constexpr const char* kScript = R"(
import threading, time
lock = threading.Lock()
items, count = [], 0
class Node:
    def __init__(self, other=None): self.other = other
    def __del__(self):
        global count
        count += 1
    def __eq__(self, other): return touch(1)
    def __hash__(self): return 3
def work(n):
    global count
    for i in range(n):
        with lock:
            count += 1
    return count
def start(): threading.Thread(target=work, args=(50,)).start()
def start_forever(): threading.Thread(target=threading.Event().wait, daemon=True).start()
def hang(): threading.Lock().acquire() and threading.Event().wait()
def spin():
    while True: pass
def fail(): raise ValueError('x')
def cycle():
    a = Node(); b = Node(a); a.other = b
    return a
)";

constexpr const char* kRace = R"(
import threading
x = 0
def work():
    global x
    x += 1
ts = [threading.Thread(target=work) for _ in range(2)]
for t in ts: t.start()
for t in ts: t.join()
)";

/// A token of kRace.
const std::string& race_token() {
  static const std::string token = mini::outcomes(kRace, {.global = "x"}).find("1")->token;
  return token;
}

class Abuser {
 public:
  explicit Abuser(unsigned seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      try {
        step();
      } catch (const mini::Error& error) {
        static_cast<void>(error.report().size());
        values_[0] = error.exception();
      } catch (const Thrown&) {
      }
    }
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::unique_ptr<Vm>& any_vm() { return vms_[below(2)]; }
  Value& any_value() { return values_[below(8)]; }

  void make(std::unique_ptr<Vm>& place) {
    place.reset();
    Options options;
    options.runner = below(2) ? Runner::kOsThreads : Runner::kOneThread;
    bool repeats = false;
    switch (below(5)) {
      case 0: options.schedule = Schedule::seeded(random_()); break;
      case 1: options.schedule = Schedule::every(1 + below(50)); break;
      case 2:
        options.schedule = Schedule::directed([this](auto runnable) {
          if (below(5000) == 0) throw Thrown();
          return below(5000) == 0 ? 77u : runnable[below(static_cast<unsigned>(runnable.size()))].number;
        });
        break;
      case 3: {
        std::string token = race_token();
        if (below(2)) token[3 + below(static_cast<unsigned>(token.size()) - 3)] = static_cast<char>('a' + below(26));
        options.schedule = Schedule::text(token);
        repeats = true;
        break;
      }
    }
    options.limits.instructions = 3000;
    if (below(3) == 0) options.limits.memory = 4 << 20;
    options.output = [this](std::string_view) {
      if (below(10) == 0) throw Thrown();
    };
    options.leaked_values = [](std::size_t, std::string_view) {};
    place = std::make_unique<Vm>(options);
    Vm* vm = place.get();
    if (repeats && below(3) > 0) vm->run_program(kRace);
    vm->define("touch", [this, vm](int what) -> Value {
      switch (below(8)) {
        case 0: throw Thrown();
        case 1: throw mini::Error::raise("KeyError", "touched");
        case 2: return vm->call("work", what);
        case 3: return any_value();
        case 4: vm->save(); break;
        case 5: vm->finish(); break;
        case 6: {
          mini::Unlock others(*vm);
          break;
        }
      }
      return {};
    });
    vm->run(kScript);
  }

  void step() {
    std::unique_ptr<Vm>& vm = any_vm();
    if (!vm || below(40) == 0) return make(vm);
    static constexpr const char* kFunctions[] = {"work", "start", "start_forever", "hang", "spin",
                                                 "fail", "cycle", "Node", "touch", "absent"};
    switch (below(24)) {
      case 0: any_value() = vm->call(kFunctions[below(10)], 3); break;
      case 1: any_value() = vm->call(kFunctions[below(10)]); break;
      case 2: any_value() = vm->value(static_cast<int>(below(10))); break;
      case 3: any_value() = vm->list({any_value(), any_value()}); break;
      case 4: any_value() = vm->dict({{any_value(), any_value()}}); break;
      case 5: vm->set("items", any_value()); break;
      case 6: any_value() = vm->get("items"); break;
      case 7: any_value() = any_value()(any_value()); break;
      case 8: any_value() = any_value().attr("other"); break;
      case 9: any_value().set_attr("other", any_value()); break;
      case 10: any_value().append(any_value()); break;
      case 11: static_cast<void>(any_value().repr().size()); break;
      case 12: static_cast<void>(any_value() == any_value()); break;
      case 13: any_value() = any_value().item(any_value()); break;
      case 14: vm->run("print('x', end='')\nprint(count)"); break;
      case 15: state_ = vm->save(); break;
      case 16: if (state_) vm->restore(*state_); break;
      case 17: static_cast<void>(vm->hash()); break;
      case 18: {
        std::thread other([&] {
          try {
            any_value_of_thread_ = any_value();
            vm->call("work", 2);
          } catch (const mini::Error&) {
          } catch (const Thrown&) {
          }
          any_value_of_thread_ = Value();
        });
        other.join();
        break;
      }
      case 19: vm->interrupt(); break;
      case 20: {
        const mini::Lock lock(*vm);
        vm->call("work", 1);
        vm->stop();
        vm->eval("count");
        break;
      }
      case 21: if (below(10) == 0) vm.reset(); break;
      case 22: vm->run_program(below(2) ? kRace : "start()\nfail()"); break;
      case 23: if (below(10) == 0) vm->finish(); break;
    }
  }

  std::mt19937 random_;
  std::unique_ptr<Vm> vms_[2];
  Value values_[8];
  Value any_value_of_thread_;
  std::optional<mini::State> state_;
};

}  // namespace

TEST_CASE("random sequences of calls do no harm") {
  const char* given = std::getenv("MINI_ABUSE_ROUNDS");
  const int rounds = given ? std::atoi(given) : 5;
  for (int seed = 1; seed <= rounds; ++seed) {
    INFO("seed " << seed);
    Abuser(static_cast<unsigned>(seed)).run(120);
  }
}
