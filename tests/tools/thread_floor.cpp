// The floor under mini's threads: what the same costs in plain C++. For `make -f Makefile.extra bench-threads`.
//
//     thread_floor futex|condvar|create [pinned] SECONDS    prints rounds per second
//     thread_floor echo                                     sends each byte of standard input back, until its end
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

void pin() {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &only);
  sched_setaffinity(0, sizeof only, &only);
}

/// Two threads give a turn to each other until the time is over; rounds per second. `wait` returns when it is the turn of
/// `me`, `pass` gives it to the other.
template <class Wait, class Pass>
double ping_pong(double seconds, Wait wait, Pass pass) {
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over.load()) {
      wait(1u);
      pass(0u);
    }
  });
  const auto begin = Clock::now();
  std::uint64_t rounds = 0;
  double passed = 0;
  while (passed < seconds) {
    wait(0u);
    if (++rounds % 64 == 0) passed = std::chrono::duration<double>(Clock::now() - begin).count();
    if (passed >= seconds) over.store(true);
    pass(1u);
  }
  other.join();
  return static_cast<double>(rounds) / passed;
}

double by_futex(double seconds) {
  static std::atomic<std::uint32_t> turn{0};
  return ping_pong(
      seconds,
      [](std::uint32_t me) {
        for (std::uint32_t seen; (seen = turn.load()) != me;)
          syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
      },
      [](std::uint32_t other) {
        turn.store(other);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
      });
}

double by_condvar(double seconds) {
  static std::mutex mutex;
  static std::condition_variable changed;
  static std::uint32_t turn = 0;
  return ping_pong(
      seconds,
      [](std::uint32_t me) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [me] { return turn == me; });
      },
      [](std::uint32_t other) {
        {
          std::lock_guard lock(mutex);
          turn = other;
        }
        changed.notify_one();
      });
}

double by_creation(double seconds) {
  const auto begin = Clock::now();
  std::uint64_t rounds = 0;
  double passed = 0;
  for (; passed < seconds; ++rounds) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0) std::abort();
    pthread_join(thread, nullptr);
    passed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return static_cast<double>(rounds) / passed;
}

int echo() {
  char byte[256];
  for (ssize_t count; (count = read(STDIN_FILENO, byte, sizeof byte)) > 0;)
    if (write(STDOUT_FILENO, byte, static_cast<std::size_t>(count)) != count) return 1;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto is = [&](const char* name) { return argc > 1 && std::strcmp(argv[1], name) == 0; };
  if (is("echo")) return echo();
  const bool pinned = argc > 2 && std::strcmp(argv[2], "pinned") == 0;
  const double seconds = argc > 1 ? std::atof(argv[argc - 1]) : 0;
  if (seconds <= 0) {
    std::fputs("usage: thread_floor futex|condvar|create [pinned] SECONDS, or thread_floor echo\n", stderr);
    return 2;
  }
  if (pinned) pin();
  const double rate = is("futex") ? by_futex(seconds) : is("condvar") ? by_condvar(seconds) : by_creation(seconds);
  std::printf("%.0f\n", rate);
  return 0;
}
