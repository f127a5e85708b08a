// Written schedules: which slices are possible, and what is said where one is not.
#include <doctest/doctest.h>

#include "tests/unit/sched/fake_machine.h"

using namespace mini::sched;
using namespace mini::sched::test;

namespace {

// T0 starts T1 and T2. T1: five instructions, no switch point behind the second; T2 waits for the lock that
// T1 takes with its first and releases with its fourth.
const std::vector<Program> kPrograms = {
    {{Op::Start, 1}, {Op::Start, 2}, {Op::Work}},
    {{Op::Lock, 0}, {Op::Quiet}, {Op::Work}, {Op::Unlock, 0}, {Op::Work}},
    {{Op::Work}, {Op::Lock, 0}, {Op::Unlock, 0}},
};

// The instructions in the order in which they ran, `T1 1:0` as "1a"; and the error, if there was one.
std::string run(const std::string& list, bool os_threads, std::vector<Program> programs = kPrograms) {
  FakeMachine machine(std::move(programs), parse_schedule("steps:" + list).schedule,
                      {.os_threads = os_threads});
  const Outcome outcome = machine.run();
  std::string order;
  for (const std::string& line : machine.trace()) {
    if (line[2] != ' ' || line[4] != ':') continue;
    order += (order.empty() ? "" : " ") + std::string{line[1], static_cast<char>('a' + line[5] - '0')};
  }
  CHECK((outcome == Outcome::ScheduleError) == !machine.runner().schedule().error().empty());
  return outcome == Outcome::ScheduleError ? machine.runner().schedule().error() : order;
}

}  // namespace

TEST_CASE("steps: runs exactly the slices that are written") {
  struct Row {
    const char* list;
    const char* order;
  };
  // Before the list, T0 has started both: 0a 0b. After it, the lowest runnable thread runs.
  for (const Row& row : std::initializer_list<Row>{
           {"T1*1 T2*1 T1*", "0a 0b 1a 2a 1b 1c 1d 1e 0c 2b 2c"},
           {"T2* T1* T0*", "0a 0b 2a 2b 2c 1a 1b 1c 1d 1e 0c"},
           {"T1 T2* T1*3 T2* T1*", "0a 0b 1a 2a 2b 1b 1c 1d 2c 1e 0c"},
           {"T1 T1 T1 T2", "0a 0b 1a 1b 1c 1d 2a 0c 1e 2b 2c"},
           {"T2*3 T0*1", "0a 0b 2a 2b 2c 0c 1a 1b 1c 1d 1e"},
           {"T1*3 T1*2 T2*", "0a 0b 1a 1b 1c 1d 1e 2a 2b 2c 0c"},
           {"T0*", "0a 0c"},
       }) {
    CAPTURE(row.list);
    for (const bool os_threads : {false, true}) {
      const std::string order = run(row.list, os_threads);
      if (std::string(row.list) == "T0*") {
        CHECK(order ==
              "0a 0b 0c 1a 1b 1c 1d 1e 2a 2b 2c");  // it names T0 alone: nothing comes before the list
      } else {
        CHECK(order == row.order);
      }
    }
  }
}

TEST_CASE("steps: says which counts are possible where a slice is not") {
  struct Row {
    const char* list;
    const char* error;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"T1*2", "T1*2 ends where no switch can occur; possible there: T1*1 or T1*3"},
           {"T1*1 T2*3", "T2*3: T2 blocks after 2 instructions; possible there: T2*1 or T2*2, or T2*"},
           {"T1*7", "T1*7: T1 ends after 5 instructions; possible there: T1*4 or T1*5, or T1*"},
           {"T1*1 T2* T2*", "T2*: T2 is blocked; can run there: T0, T1"},
           {"T1* T1*", "T1*: T1 has ended; can run there: T0"},
           {"T1 T7", "T7 was never started"},
           {"T1* T2* T0* T0*", "T0*: the program is over"},
           {"T1* T2* T0*2", "T0*2: T0 ends after 1 instruction; possible there: T0*1, or T0*"},
       }) {
    CAPTURE(row.list);
    for (const bool os_threads : {false, true}) CHECK(run(row.list, os_threads) == row.error);
  }
}
