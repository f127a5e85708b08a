// The GIL by itself: who gets it, and that offers have one winner.
#include <doctest/doctest.h>

#include <deque>
#include <thread>
#include <vector>

#include "runtime/sched/gil.h"

using namespace mini::sched;

TEST_CASE("a free GIL is taken at once, a taken one by arrival, in the order of arrival") {
  Gil gil(nullptr);
  Gil::Slot& first = gil.add_slot();
  Gil::Slot& second = gil.add_slot();
  REQUIRE(gil.try_free());
  CHECK(gil.enter(first));
  CHECK_FALSE(gil.enter(second));
  Gil::Slot& third = gil.add_slot();
  CHECK_FALSE(gil.enter(third));
  CHECK_FALSE(gil.try_free());  // or the two would sleep for ever
  std::vector<Gil::Slot*> seen;
  const auto note = [&seen](Gil::Slot& slot) { seen.push_back(&slot); };
  gil.drain(note);
  gil.drain(note);
  CHECK(seen == std::vector{&second, &third});
  CHECK(gil.try_free());
}

TEST_CASE("a grant is good before its thread waits for it") {
  Gil gil(nullptr);
  Gil::Slot& slot = gil.add_slot();
  Gil::prepare_to_wait(slot);
  gil.grant(slot);
  CHECK(gil.wait(slot) == Gil::Waited::Granted);
}

TEST_CASE("an offer that nobody has taken is withdrawn by the return of its giver") {
  Gil gil(nullptr);
  Gil::Slot& giver = gil.add_slot();
  Gil::Slot& successor = gil.add_slot();
  Gil::prepare_to_wait(successor);
  Gil::prepare_to_wait(giver);
  gil.offer(giver, successor);
  CHECK(Gil::come_back(giver));
  CHECK(gil.wait(successor, monotonic_now()) == Gil::Waited::TimedOut);  // it is not the successor's any more
}

TEST_CASE("an offer that was taken makes its giver wait, even if the same slot holds a later offer") {
  Gil gil(nullptr);
  Gil::Slot& giver = gil.add_slot();
  Gil::Slot& successor = gil.add_slot();
  Gil::Slot& third = gil.add_slot();
  for (Gil::Slot* slot : {&giver, &successor, &third}) Gil::prepare_to_wait(*slot);
  gil.offer(giver, successor);
  CHECK(gil.wait(successor) == Gil::Waited::Accepted);
  Gil::prepare_to_wait(successor);
  gil.grant(third);
  CHECK(gil.wait(third) == Gil::Waited::Granted);
  Gil::prepare_to_wait(third);
  gil.offer(third, successor);
  bool mine = true;
  std::thread returning([&] { mine = Gil::come_back(giver); });  // must not take what `third` has offered
  CHECK(gil.wait(successor) == Gil::Waited::Accepted);
  bool arrived = false;
  while (!arrived) gil.drain([&](Gil::Slot& slot) { arrived = &slot == &giver; });
  gil.grant(giver);
  returning.join();
  CHECK_FALSE(mine);
}

TEST_CASE("a wait ends at its deadline, by an interrupt, and at the end of the run") {
  Gil gil(nullptr);
  Gil::Slot& slot = gil.add_slot();
  std::atomic<bool> interrupt{false};
  Gil::prepare_to_wait(slot);
  CHECK(gil.wait(slot, monotonic_now() + kMillisecond, &interrupt) == Gil::Waited::TimedOut);
  std::thread interrupter([&] {
    interrupt = true;
    Gil::poke(slot);
  });
  CHECK(gil.wait(slot, kNever, &interrupt) == Gil::Waited::Interrupted);
  interrupter.join();
  std::thread ender([&] { gil.dismiss(slot); });
  CHECK(gil.wait(slot) == Gil::Waited::Over);
  ender.join();
}

TEST_CASE("nobody is lost and nobody is in it at the same time as another") {
  Gil gil(nullptr);
  constexpr int kThreads = 4, kRounds = 20'000;
  std::deque<Gil::Slot*> queue;  // the run queue: the holder's
  long long counter = 0;         // plain: TSan sees who is in it
  std::vector<std::thread> threads;
  std::vector<Gil::Slot*> slots;
  for (int i = 0; i < kThreads; ++i) slots.push_back(&gil.add_slot());
  REQUIRE(gil.try_free());
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Gil::Slot& me = *slots[i];
      for (int turn = 0; turn < kRounds; ++turn) {
        const bool queued = !Gil::come_back(me);
        if (!queued && !queue.empty() && queue.front() == &me) queue.pop_front();
        ++counter;
        Gil::prepare_to_wait(me);
        for (;;) {  // leave: by grant and by offer in turn
          gil.drain([&](Gil::Slot& slot) { queue.push_back(&slot); });
          if (queue.empty()) {
            if (gil.try_free()) break;
          } else if (turn % 2) {
            Gil::Slot& next = *queue.front();
            queue.pop_front();
            gil.grant(next);
            break;
          } else {
            gil.offer(me, *queue.front());
            break;
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counter == kThreads * kRounds);
}
