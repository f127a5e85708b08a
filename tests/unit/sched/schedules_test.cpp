// What the counted, the random and the directed schedules decide.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "tests/unit/sched/fake_machine.h"

using namespace mini::sched;
using namespace mini::sched::test;

namespace {

// The threads that ran, one digit for each instruction.
std::string order(const std::vector<Program>& programs, std::unique_ptr<Schedule> schedule) {
  FakeMachine machine(programs, std::move(schedule), {});
  REQUIRE(machine.run() == Outcome::Finished);
  std::string digits;
  for (const std::string& line : machine.trace())
    if (line[2] == ' ' && line[4] == ':') digits += line[1];
  return digits;
}

std::string order(const std::vector<Program>& programs, const std::string& schedule) {
  return order(programs, parse_schedule(schedule).schedule);
}

}  // namespace

TEST_CASE("every:N ends a slice at the first switch point after N instructions") {
  const Program plain(6, {Op::Work});
  const Program quiet = {{Op::Work}, {Op::Quiet}, {Op::Quiet}, {Op::Work}, {Op::Work}, {Op::Work}};
  const Program main = {{Op::Start, 1}, {Op::Start, 2}};
  // T0 is done with its second instruction, and only waits from there on.
  CHECK(order({main, plain, plain}, "every:1") == "01012121212122");
  CHECK(order({main, plain, plain}, "every:2") == "00112211221122");
  CHECK(order({main, plain, plain}, "every:4") == "00111122221122");
  // T1's second and third instruction have no switch point behind them.
  CHECK(order({main, quiet, plain}, "every:2") == "00111122112222");
}

TEST_CASE("seeded:SEED is one schedule for each seed, with slices of all lengths, and passes over nobody") {
  const Program main = {{Op::Start, 1}, {Op::Start, 1}, {Op::Start, 1}};
  const std::vector<Program> programs = {main, Program(2000, {Op::Work})};
  std::set<std::string> orders;
  std::map<std::size_t, int> slices;  // how many of which length, in powers of two
  std::map<std::string, int> successors;
  for (int seed = 0; seed < 40; ++seed) {
    const std::string schedule = "seeded:" + std::to_string(seed);
    const std::string ran = order(programs, schedule);
    CHECK(ran == order(programs, schedule));
    orders.insert(ran);
    for (std::size_t i = 0, end; i < ran.size(); i = end) {
      end = std::min(ran.find_first_not_of(ran[i], i), ran.size());
      ++slices[std::bit_width(end - i)];
      if (end < ran.size()) ++successors[ran.substr(end - 1, 2)];
    }
  }
  CHECK(orders.size() == 40);
  for (std::size_t width = 1; width <= 10; ++width) CHECK(slices[width] > 30);
  for (const char* pair : {"12", "13", "21", "23", "31", "32"}) CHECK(successors[pair] > 100);
}

TEST_CASE("a directed schedule does as it is told, and ends the run when it is told nothing") {
  const Program main = {{Op::Start, 1}, {Op::Start, 1}};
  const std::vector<Program> programs = {main, Program(3, {Op::Work})};
  const auto always = [](ThreadTable&, const Thread&, Point point) { return point.is_switch_point; };
  const auto highest = [](ThreadTable& table, Cause) {
    Thread* chosen = nullptr;
    for (Thread& thread : table.runnable)
      if (!chosen || thread.serial > chosen->serial) chosen = &thread;
    return chosen;
  };
  CHECK(order(programs, std::make_unique<Directed>(always, highest)) == "01110222");
  FakeMachine machine(programs,
                      std::make_unique<Directed>(always, [](ThreadTable&, Cause) { return nullptr; }), {});
  CHECK(machine.run() == Outcome::ScheduleError);
  CHECK_FALSE(machine.runner().schedule().error().empty());
}

TEST_CASE("who asked for the GIL, or came last, takes it before who is first in the line as often as in CPython 3.9") {
  constexpr Time kInterval = 5 * kMillisecond, kNow = 100 * kMillisecond;
  struct Situation {
    std::string title;
    int waiting;  // before the newest
    bool is_new, gives_way;
    Time ago;  // that it came
    Cause cause;
    int percent;
    bool asleep = false;  // who is before it
    bool asked = true;    // by the newest
  };
  for (const Situation& situation : std::initializer_list<Situation>{
           {"just created, one waits", 1, true, false, kMicrosecond, Cause::Parked, 48},
           {"just created, two wait", 2, true, false, kMicrosecond, Cause::Parked, 44},
           {"just created, one that gave way is still asleep", 1, true, false, -kMicrosecond, Cause::Parked, 48, true},
           {"just woken, one waits", 1, false, false, kMicrosecond, Cause::Called, 75},
           {"just woken, two wait", 2, false, false, kMicrosecond, Cause::Finished, 27},
           {"had to give way", 1, false, true, kMicrosecond, Cause::Parked, 25},
           {"has waited for long", 1, false, false, kInterval, Cause::Parked, 0},
           {"the holder had to give way, asked by the newest", 1, false, false, kInterval, Cause::Switched, 70},
           {"the holder had to give way, asked by nobody here", 1, false, false, 2 * kMicrosecond, Cause::Switched, 0, false, false},
           {"the holder had to give way, before who is first was awake", 1, false, false, kInterval, Cause::Switched, 100, true},
       }) {
    CAPTURE(situation.title);
    ThreadTable table(1);
    std::array<Thread, 4> threads;
    Interval schedule(kInterval);
    int taken = 0, came_later = 0;
    for (int i = 0; i < 10'000; ++i) {
      table.runnable.clear();
      table.slice_time = kNow;
      std::uint32_t serial = 0;
      const auto add = [&](Time waited) -> Thread& {
        Thread& thread = threads[serial];
        thread.serial = ++serial;
        thread.grants = 1;
        thread.waits_since = kNow - waited;
        table.runnable.push_back(thread);
        return thread;
      };
      // If it is awake, with the highest share of its time-out: first in the line. One that had begun it anew, if it was the
      // holder's time that was over.
      const bool forced = situation.cause == Cause::Switched;
      Thread& first = add(situation.asleep ? -2 * kMicrosecond : forced ? kInterval * 3 / 2 : kInterval - kMicrosecond);
      if (situation.waiting == 2) add(kInterval / 2);
      Thread& newest = add(situation.ago);
      newest.grants = situation.is_new ? 0 : 1;
      newest.gives_way = situation.gives_way;
      table.asker = situation.asked ? &newest : nullptr;
      Thread* const giver = forced ? &add(0) : nullptr;  // who gives way, behind all others
      const Thread* const next = schedule.next(table, situation.cause);
      REQUIRE((next == &first || next == &newest));
      taken += next == &newest;
      // A GIL that was let go of lies there until who takes it is awake. Who gave it away waits until then.
      REQUIRE((table.lies_for > 0) == !(forced && situation.asked && next == &newest));
      const Time has_it = kNow + table.lies_for;
      if (giver) REQUIRE((giver->waits_since >= has_it && giver->waits_since < has_it + kInterval / 4));
      const bool woken_in_vain = next == &newest && !forced;
      REQUIRE((first.waits_since > kNow) == (woken_in_vain || situation.asleep));
      if (woken_in_vain) REQUIRE(first.waits_since >= has_it);
      REQUIRE((&table.runnable.back() == &first) == woken_in_vain);
      // A new one that misses the GIL may not have been there yet: then it begins to wait when the other one has it.
      if (newest.waits_since == kNow - situation.ago) continue;
      REQUIRE((situation.is_new && next != &newest && newest.waits_since > has_it));
      ++came_later;
    }
    if (situation.is_new) CHECK(std::abs(came_later - (10'000 - taken) * 2 / 3) <= 250);
    CHECK(std::abs(taken - 100 * situation.percent) <= 250);  // five standard deviations
    table.runnable.clear();
  }
}
