// The standing property: the same schedule gives the same run, whichever way the threads get their CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tests/unit/sched/fake_machine.h"

using namespace mini::sched;
using namespace mini::sched::test;

namespace {

// Programs in which most things happen that can: waits of all kinds, deadlocks, natives with waits inside.
std::vector<Program> random_programs(Random& random) {
  std::vector<Program> programs(4);
  for (std::uint32_t index = 0; index < programs.size(); ++index) {
    Program& program = programs[index];
    const std::uint32_t length = 2 + random.below(12);
    for (std::uint32_t i = 0; i < length; ++i) {
      switch (random.below(16)) {
        case 0:
        case 1:
          program.push_back({Op::Quiet});
          break;
        case 2:
          program.push_back({Op::Sleep, random.below(4)});
          break;
        case 3:
          program.push_back({Op::Join, random.below(4)});
          break;
        case 4:
        case 5: {
          const std::uint32_t lock = random.below(3);
          program.push_back({random.below(4) ? Op::Lock : Op::TryLock, lock});
          program.push_back({Op::Work});
          if (random.below(8)) program.push_back({Op::Unlock, lock});
          break;
        }
        case 6:
          if (index < 3)
            program.push_back({Op::Start, 1 + index + random.below(3 - index) + 100 * !random.below(6)});
          break;
        case 7:
          if (index < 3) program.push_back({Op::Native, 1 + index + random.below(3 - index)});
          break;
        case 8:
          program.push_back({Op::Call});
          break;
        default:
          program.push_back({Op::Work});
      }
    }
  }
  programs[0].insert(programs[0].begin(), {{Op::Start, 1}, {Op::Start, 2}});
  return programs;
}

std::string random_schedule(Random& random) {
  switch (random.below(3)) {
    case 0:
      return "every:" + std::to_string(1 + random.below(6));
    case 1:
      return "seeded:" + std::to_string(random.next());
    default: {
      std::string list = "steps:";
      for (std::uint32_t i = 0; i < 1 + random.below(6); ++i) {
        list += "T" + std::to_string(random.below(3));
        if (random.below(3)) list += "*";
        if (list.back() == '*' && random.below(2)) list += std::to_string(1 + random.below(4));
        list += " ";
      }
      return list;
    }
  }
}

struct Result {
  Outcome outcome;
  std::vector<std::string> trace;
  std::string error;
  bool operator==(const Result&) const = default;
};

Result run(const std::vector<Program>& programs, const std::string& schedule, bool os_threads) {
  FakeMachine machine(programs, parse_schedule(schedule).schedule, {.os_threads = os_threads});
  const Outcome outcome = machine.run();
  CHECK(machine.most_inside == 1);
  CHECK(machine.inside == 0);
  return {outcome, machine.trace(), machine.runner().schedule().error()};
}

std::string first_difference(const Result& a, const Result& b) {
  const auto [left, right] = std::mismatch(a.trace.begin(), a.trace.end(), b.trace.begin(), b.trace.end());
  std::ostringstream text;
  text << "line " << left - a.trace.begin() << ": " << (left == a.trace.end() ? "end" : *left) << " | "
       << (right == b.trace.end() ? "end" : *right) << "; " << static_cast<int>(a.outcome) << " | "
       << static_cast<int>(b.outcome) << "; " << a.error << " | " << b.error;
  return text.str();
}

}  // namespace

TEST_CASE("a schedule gives the same run with OS threads as with one") {
  Random random(20);
  int outcomes[4] = {};
  int switches = 0;
  for (int i = 0; i < 400; ++i) {
    const std::vector<Program> programs = random_programs(random);
    const std::string schedule = random_schedule(random);
    CAPTURE(i);
    CAPTURE(schedule);
    const Result one = run(programs, schedule, false);
    const Result many = run(programs, schedule, true);
    INFO(first_difference(one, many));
    REQUIRE(one == many);
    ++outcomes[static_cast<int>(one.outcome)];
    for (const std::string& line : one.trace) switches += line.find("switched") != std::string::npos;
  }
  // The property says nothing unless all this has happened.
  CHECK(outcomes[static_cast<int>(Outcome::Finished)] > 50);
  CHECK(outcomes[static_cast<int>(Outcome::Deadlock)] > 20);
  CHECK(outcomes[static_cast<int>(Outcome::ScheduleError)] > 20);
  CHECK(switches > 1000);
}

TEST_CASE("a saved run, put back, goes on as it did") {
  Random random(7);
  int compared = 0;
  for (int i = 0; i < 300; ++i) {
    const std::vector<Program> programs = random_programs(random);
    const std::string schedule = "seeded:" + std::to_string(i);
    FakeMachine machine(programs, parse_schedule(schedule).schedule, {});
    machine.pause_at = random.below(40);
    if (machine.run() != Outcome::Paused || machine.runner().inside_native()) continue;
    CAPTURE(i);
    const mini::base::Snapshot snapshot = machine.memory().save();
    const std::unique_ptr<Schedule> position = machine.runner().schedule().clone();
    const std::size_t length = machine.trace().size();

    const auto go_on = [&](std::unique_ptr<Schedule> under) {
      machine.trace().resize(length);
      machine.runner().set_schedule(std::move(under));
      const Outcome outcome = machine.runner().resume();
      return Result{outcome, machine.trace(), ""};
    };
    const Result first = go_on(position->clone());
    machine.memory().restore(snapshot);
    const Result other = go_on(std::make_unique<Seeded>(1000 + i));
    machine.memory().restore(snapshot);
    const Result again = go_on(position->clone());
    INFO(first_difference(first, again));
    REQUIRE(first == again);
    machine.memory().restore(snapshot);
    REQUIRE(go_on(std::make_unique<Seeded>(1000 + i)) == other);
    // And both are what a run without a pause does.
    REQUIRE(run(programs, schedule, false) == first);
    ++compared;
  }
  CHECK(compared > 100);
}
