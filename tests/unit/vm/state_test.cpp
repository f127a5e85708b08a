// A VM that is saved and put back goes on as if nothing had been; its hash tells states apart and nothing else.
#include <chrono>

#include "interp/vm/lock.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

namespace {

/// All that a state can consist of, in flight at once: a large heap, a suspended generator, a lock with waiters, an
/// exception being handled, a dict iterator half way, a sleeping thread.
const char* const kProgram = R"(import sys, threading, time
heap = list(zip(range(int(sys.argv[1]))))
counter = 0
lock = threading.Lock()
log = []
class Point:
    def __init__(self, x):
        self.x = x
    def __del__(self):
        log.append(-self.x)
def numbers(limit):
    x = 0
    try:
        while x < limit:
            x += 1
            yield x + counter
    finally:
        log.append('closed')
def holder():
    global counter
    with lock:
        for i in range(6):
            counter += 1
            time.sleep(0.001)
def waiter(number):
    global counter
    for i in range(3):
        with lock:
            old = counter
            counter = old + number
        log.append(number)
        point = Point(number)
def sleeper():
    time.sleep(0.004)
    log.append('awake')
    raise KeyError('from the sleeper')
threads = [threading.Thread(target=holder), threading.Thread(target=waiter, args=(10,)),
           threading.Thread(target=waiter, kwargs={'number': 100}), threading.Thread(target=sleeper)]
for thread in threads:
    thread.start()
suspended = numbers(4)
table = dict.fromkeys('abcdef', 0)
try:
    try:
        first = next(suspended)
        table['missing']
    except KeyError as error:
        for key in table:
            table[key] = counter
            counter += next(suspended, 1)
            if key == 'c':
                print('handled', error, counter)
        raise ValueError(counter) from error
    finally:
        print('finally', type(sys.exception()).__name__, counter)
except ValueError as error:
    print(error, type(error.__cause__).__name__)
for thread in threads:
    thread.join()
print(counter, log, table, first, len(heap), next(suspended, 'over'))
)";

Options one_thread(std::string schedule, const char* heap_size) {
  Options options;
  options.schedule = std::move(schedule);
  options.os_threads = false;
  options.arguments = {"test", heap_size};
  return options;
}

std::unique_ptr<sched::Schedule> seeded(uint64_t seed) { return std::make_unique<sched::Seeded>(seed); }

/// How many instructions the program takes in all, and which of them come after its threads were started.
struct Extent {
  uint64_t first, last;
};
Extent extent(const std::string& schedule) {
  Session session(one_thread(schedule, "10"));
  session.start(kProgram);
  CHECK(session.run.status == 0);
  uint64_t first = 0, number = 0;
  for (const Step& step : session.run.trace) {
    if (step.thread == ~0u) continue;
    ++number;
    if (!first && step.thread == 4) first = number;
  }
  return {first, session.executed};
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("a thousand restores at twenty boundaries, each like a run that was never saved") {
  const char* const kFirst = "seeded:11";
  const auto [first, last] = extent(kFirst);
  REQUIRE(first > 0);
  REQUIRE(last > first + 200);
  std::vector<double> times;
  size_t bytes = 0;
  std::map<std::string, int> outputs;
  for (uint64_t sample = 0; sample < 20; sample += kFewer) {
    const uint64_t boundary = first + (last - first - 20) * sample / 20;
    CAPTURE(boundary);
    Session session(one_thread(kFirst, "100000"));
    session.pause_at = boundary;
    REQUIRE(session.start(kProgram) == Machine::kPaused);
    SavedState saved;
    std::string error;
    REQUIRE_MESSAGE(session.machine().save(saved, error), error);
    bytes = std::max(bytes, saved.bytes());
    CHECK(session.machine().heap().object_count() > 100000);
    const Run before = session.run;
    const StateHash hash = hash_state(session.machine());
    for (uint64_t seed = 0; seed < 50; ++seed) {
      CAPTURE(seed);
      const auto start = std::chrono::steady_clock::now();
      session.machine().restore(saved, seeded(seed));
      times.push_back(milliseconds_since(start));
      if (seed < 3) CHECK(hash_state(session.machine()) == hash);
      session.run = before;
      session.resume();
      const Run restored = session.run;
      CHECK(restored.status == 0);
      ++outputs[restored.output];

      // The same without saving. What the heap holds changes nothing, so most of these do with a small one.
      Session fresh(one_thread(kFirst, seed == 0 ? "100000" : "10"));
      fresh.pause_at = boundary;
      REQUIRE(fresh.start(kProgram) == Machine::kPaused);
      fresh.machine().runner().set_schedule(seeded(seed));
      fresh.resume();
      Run expected = fresh.finish();
      if (seed > 0) {
        const size_t at = expected.output.rfind(" 10 ");
        REQUIRE(at != std::string::npos);
        expected.output.replace(at, 4, " 100000 ");
      }
      INFO(difference(restored, expected));
      REQUIRE(restored == expected);
    }
    // And under the schedule that was saved: as if there had been no pause.
    session.machine().restore(saved);
    session.run = before;
    session.resume();
    const Run whole = run_script(kProgram, one_thread(kFirst, "100000"));
    INFO(difference(session.run, whole));
    REQUIRE(session.run == whole);
  }
  CHECK(outputs.size() > 20);
  std::sort(times.begin(), times.end());
  MESSAGE("restores: ", times.size(), ", median ", times[times.size() / 2], " ms, 99 % ", times[times.size() * 99 / 100],
          " ms, ", bytes, " bytes; different outputs: ", outputs.size());
}

TEST_CASE("saving is refused under OS threads, and while a native is in the way") {
  SavedState saved;
  std::string error;
  Options options = one_thread("every:5", "10");
  options.os_threads = true;
  Session threads(std::move(options));
  CHECK(!threads.machine().save(saved, error));
  CHECK(error.find("one-thread") != std::string::npos);
}
