// What is kept about time: histograms, fairness, and the schedule that goes by it.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "runtime/sched/account.h"
#include "runtime/sched/responsive.h"

using namespace mini::sched;

TEST_CASE("a percentile is exact to a fifth, for durations of any size") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    Histogram histogram;
    std::vector<Time> all;
    const int count = 1 + static_cast<int>(random() % 300);
    Time sum = 0;
    for (int i = 0; i < count; ++i) {
      const auto time = static_cast<Time>(random() >> (24 + random() % 38));  // up to 18 minutes, of all magnitudes
      all.push_back(time);
      histogram.add(time);
      sum += time;
    }
    std::sort(all.begin(), all.end());
    CHECK(histogram.count() == all.size());
    CHECK(histogram.sum() == sum);
    CHECK(histogram.longest() == all.back());
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto wanted = static_cast<std::size_t>(share * static_cast<double>(count));
      const Time exact = all[wanted == 0 ? 0 : wanted - 1];
      const Time told = histogram.percentile(share);
      CHECK(told >= exact);
      CHECK(static_cast<double>(told) <= 1.26 * static_cast<double>(exact) + 5);
      CHECK(told <= histogram.longest());
    }
  }
}

TEST_CASE("nothing, and more than half an hour") {
  Histogram histogram;
  CHECK(histogram.percentile(0.5) == 0);
  histogram.add(kNever / 2);
  CHECK(histogram.percentile(0.5) <= kNever / 2);
  CHECK(histogram.longest() == kNever / 2);
  Histogram both;
  both.add(histogram);
  both.add(7);
  CHECK(both.count() == 2);
  both.add(histogram);
  CHECK(both.count() == 3);
}

TEST_CASE("Jain's index") {
  Fairness none, equal, one_has_all;
  CHECK(none.index() == 1);
  for (int i = 0; i < 4; ++i) {
    equal.add(0.3);
    one_has_all.add(i == 0 ? 1 : 0);
  }
  CHECK(equal.index() == doctest::Approx(1));
  CHECK(one_has_all.index() == doctest::Approx(0.25));
}

namespace {

struct Threads {
  ThreadTable table;
  Thread threads[4];
  Threads() {
    for (std::uint32_t i = 0; i < 4; ++i) {
      threads[i].serial = i;
      threads[i].state = State::Runnable;
    }
  }
  ~Threads() { table.runnable.clear(); }
  void runnable(std::initializer_list<std::uint32_t> serials) {
    table.runnable.clear();
    for (const auto serial : serials) table.runnable.push_back(threads[serial]);
  }
};

}  // namespace

TEST_CASE("responsive: who comes back goes first as long as there is a budget, and the least run otherwise") {
  Threads world;
  Responsive schedule(5 * kMillisecond);
  Thread& io = world.threads[1];
  schedule.ran(world.threads[2], 100, Cause::Called, 1000);
  schedule.ran(world.threads[3], 50, Cause::Called, 1000);
  world.runnable({2, 3});
  CHECK(schedule.next(world.table, Cause::Parked)->serial == 3);
  CHECK_FALSE(schedule.hurries(world.table, 2000));
  io.virtual_run = 1'000'000;
  schedule.came_back(world.table, io, 2000);
  world.runnable({2, 3, 1});
  CHECK(schedule.hurries(world.table, 2000));
  CHECK(schedule.next(world.table, Cause::Parked)->serial == 1);
  // It runs, in short pieces, until the budget is used up.
  Time present = 2000;
  int pieces = 0;
  while (schedule.has_budget() && pieces < 1000) {
    present += 100'000;
    schedule.ran(io, 100'000, Cause::Called, present);
    ++pieces;
  }
  CHECK(pieces > 20);
  CHECK(pieces < 60);  // 2 ms and half of the time that passes
  CHECK_FALSE(schedule.hurries(world.table, present));
  CHECK(schedule.next(world.table, Cause::Parked)->serial == 3);
  CHECK(schedule.hurries(world.table, present + 10 * kMillisecond));
}

TEST_CASE("responsive: a pre-empted thread goes on with its slice, a used-up slice ends urgency") {
  Threads world;
  Responsive schedule(kMillisecond);
  schedule.ran(world.threads[2], kMillisecond / 2, Cause::Switched, 1000);  // interrupted in its slice
  world.threads[3].virtual_run = 0;
  world.runnable({3, 2});
  world.table.last = 1;
  CHECK(schedule.next(world.table, Cause::Called)->serial == 2);
  schedule.ran(world.threads[2], kMillisecond / 2, Cause::Switched, 2000);
  CHECK(schedule.next(world.table, Cause::Called)->serial == 3);
  world.threads[1].urgent = true;
  schedule.ran(world.threads[1], kMillisecond, Cause::Switched, 3000);
  CHECK_FALSE(world.threads[1].urgent);
}

TEST_CASE("responsive: who was made to give way is passed over, unless it is alone") {
  Threads world;
  Responsive schedule(kMillisecond);
  world.table.last = 2;
  world.threads[3].virtual_run = 1000;
  world.runnable({2, 3});
  CHECK(schedule.next(world.table, Cause::Switched)->serial == 3);
  world.runnable({2});
  CHECK(schedule.next(world.table, Cause::Switched)->serial == 2);
  CHECK(schedule.text() == "responsive:1ms");
  CHECK(parse_schedule("responsive:250us").schedule->text() == "responsive:250us");
  CHECK(parse_schedule("responsive:").error == "responsive: needs a time such as 5ms, 100us or 1s");
}
