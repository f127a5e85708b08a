// Random threaded programs of mini, in which most things happen that can between threads.
#pragma once

#include <fmt/core.h>

#include <string>

#include "runtime/sched/random.h"

namespace mini::vm::test {

/// Writes programs. With `races`, threads run at the same time and share what they please; without, one after another,
/// so that every schedule gives the same output.
class ProgramWriter {
 public:
  ProgramWriter(uint64_t seed, bool races) : random_(seed), races_(races) {}

  std::string program() {
    threads_ = 2 + random_.below(3);
    text_ = kPreamble;
    for (uint32_t i = 0; i < threads_; ++i) {
      line(0, fmt::format("def worker{}(start, scale=1):", i));
      line(1, "global counter, loose");
      line(1, "local = start * scale");
      line(1, "other = [start]");
      block(1, 3 + random_.below(5), 2);
      line(1, fmt::format("print('worker{} ends', local, len(other))", i));
    }
    std::string list;
    for (uint32_t i = 0; i < threads_; ++i)
      list += fmt::format("threading.Thread(target=worker{0}, args=({1},), name='W{0}'{2}), ", i, random_.below(9),
                          random_.below(3) ? "" : ", kwargs={'scale': 3}");
    line(0, "threads = [" + list + "]");
    line(0, "local, other = 100, []");
    if (races_) {
      line(0, "for thread in threads:");
      line(1, "thread.start()");
      if (random_.below(2)) block(0, 2 + random_.below(3), 1);
      line(0, "for thread in threads:");
      line(1, random_.below(4) ? "thread.join()" : "thread.join(0.003)");
    } else {
      line(0, "for thread in threads:");
      line(1, "thread.start()");
      line(1, "thread.join()");
    }
    line(0, "print(counter, items, sorted(table.items()), len(loose), len(keys), event.is_set())");
    line(0, "print([next(g, None) for g in loose])");
    return text_;
  }

 private:
  static constexpr const char* kPreamble = R"(import threading, time
counter = 0
items = [5, 3, 8]
table = {'a': 1, 'b': 2}
loose = []
lock = threading.Lock()
reentrant = threading.RLock()
event = threading.Event()
class Failure(Exception):
    pass
class Key:
    def __init__(self, number):
        self.number = number
    def __hash__(self):
        return self.number % 2
    def __eq__(self, other):
        same = self.number == other.number
        return same
    def __lt__(self, other):
        return self.number < other.number
    def __repr__(self):
        return 'Key(' + str(self.number) + ')'
class Noisy:
    def __init__(self, number):
        self.number = number
    def __del__(self):
        print('gone', self.number)
class Guard:
    def __enter__(self):
        return 7
    def __exit__(self, kind, value, where):
        return kind is ValueError
keys = {Key(1): 1}
def count(limit):
    try:
        for i in range(limit):
            yield i + counter
    finally:
        if limit == 2:
            print('closed')
def pair(limit):
    got = yield from count(limit)
    yield got
def slow(value):
    result = value
    for i in range(2):
        result += i
    return -result
def waiting(value):
    time.sleep(0.001)
    return value
def add(number):
    global counter
    counter += number
    return counter
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
def closure(start):
    def step():
        nonlocal start
        start += 1
        return start
    return step
)";

  void line(uint32_t depth, const std::string& what) { text_ += std::string(depth * 4, ' ') + what + "\n"; }
  std::string small() { return std::to_string(1 + random_.below(4)); }

  void block(uint32_t depth, uint32_t length, uint32_t nesting) {
    for (uint32_t i = 0; i < length; ++i) statement(depth, nesting);
  }

  void statement(uint32_t depth, uint32_t nesting) {
    if (nesting > 0 && random_.below(5) < 2) return compound(depth, nesting - 1);
    switch (random_.below(31)) {
      case 0: return line(depth, "counter += " + small());
      case 1: return line(depth, "local = add(local)");
      case 2: return line(depth, "items.append(local)");
      case 3: return line(depth, "items[0] = items[-1] + 1 if items else 2");
      case 4: return line(depth, "table['k' + str(counter % 3)] = local");
      case 5: return line(depth, "table.pop('k1', None)");
      case 6: return line(depth, fmt::format("time.sleep(0.00{})", random_.below(3)));
      case 7: return line(depth, "other = sorted(items, key=slow)");
      case 8: return line(depth, "other = sorted([Key(n % 7) for n in items])");
      case 9: return line(depth, "keys[Key(local % 5)] = local");
      case 10: return line(depth, "local += keys.get(Key(counter % 3), 1)");
      case 11: return line(depth, "keys.pop(Key(1), None)");
      case 12: return line(depth, "print(f'{local} {counter=} {len(items)}')");
      case 13: return line(depth, "local = sum(count(" + small() + "))");
      case 14: return line(depth, "loose.append(count(3)); next(loose[-1])");
      case 15: return line(depth, "local = sum([n * 2 for n in items if n % 2])");
      case 16: return line(depth, "local = max(items, key=slow) if items else 0");
      case 17: return line(depth, "other = list(map(waiting, range(2)))");
      case 18: return line(depth, "Noisy(local); local += 1");
      case 19: return line(depth, "step = closure(local); step(); local = step()");
      case 20: return line(depth, "local = deep(" + small() + ") + len(str(keys))");
      case 21: return line(depth, "other = [*other[-2:], *pair(2)]");
      case 22: return line(depth, "event.set()");
      case 23: return line(depth, "event.wait(0.002)");
      case 24: return line(depth, "del items[:1]");
      case 25: return line(depth, "loose[:] = []");
      case 26: return line(depth, "next(zip(count(2), items), None)");
      case 27: return line(depth, "local = {**table, 'z': local}['z']");
      case 28: return line(depth, "local = len({n: Key(n) for n in items}) + threading.active_count()");
      case 29:
        if (random_.below(3)) return line(depth, "event.clear()");
        if (races_ && random_.below(4) == 0) return line(depth, "lock.acquire()");
        return line(depth, random_.below(2) ? "items[99]" : "raise Failure(local)");
      default: return line(depth, "assert local is not None, (local, 'gone')");
    }
  }

  void compound(uint32_t depth, uint32_t nesting) {
    const uint32_t length = 1 + random_.below(3);
    switch (random_.below(13)) {
      case 0:
      case 1:
        line(depth, "with lock:");
        return block(depth + 1, length, 0);  // not nested: it would wait for itself
      case 2:
        line(depth, "with reentrant:");
        return block(depth + 1, length, nesting);
      case 3:
        line(depth, "if lock.acquire(timeout=0.001):");
        line(depth + 1, "try:");
        block(depth + 2, length, 0);
        line(depth + 1, "finally:");
        return line(depth + 2, "lock.release()");
      case 4:
        line(depth, "try:");
        block(depth + 1, length, nesting);
        line(depth + 1, random_.below(2) ? "raise Failure(counter)" : "items[local + 1000]");
        line(depth, "except (Failure, IndexError, RuntimeError) as error:");
        block(depth + 1, length, nesting);
        return line(depth + 1, "print('caught', type(error).__name__)");
      case 5:
        line(depth, "try:");
        block(depth + 1, length, nesting);
        line(depth, "finally:");
        return block(depth + 1, length, nesting);
      case 6:
        line(depth, "for local in count(" + small() + "):");
        block(depth + 1, length, nesting);
        if (random_.below(3) == 0) line(depth + 1, "break");
        return;
      case 7:
        line(depth, "try:");
        line(depth + 1, "for key in table:");
        line(depth + 2, "local += len(key)");
        block(depth + 2, 1, 0);
        line(depth, "except RuntimeError as error:");
        return line(depth + 1, "print(error)");
      case 8:
        line(depth, "with Guard() as local:");
        block(depth + 1, length, nesting);
        if (random_.below(2)) line(depth + 1, "raise ValueError(local)");
        return;
      case 9:
        line(depth, "if counter % 2 == 0 or local in items:");
        block(depth + 1, length, nesting);
        line(depth, "else:");
        return block(depth + 1, length, nesting);
      case 10:
        line(depth, "for i in range(" + small() + "):");
        return block(depth + 1, length, nesting);
      case 11:
        line(depth, "try:");
        line(depth + 1, "try:");
        line(depth + 2, "raise KeyError(local)");
        line(depth + 1, "finally:");
        block(depth + 2, length, nesting);
        line(depth, "except KeyError:");
        return block(depth + 1, 1, 0);
      default:
        line(depth, "limit = counter + " + small());
        line(depth, "while counter < limit:");
        line(depth + 1, "counter += 1");
        return block(depth + 1, length, 0);
    }
  }

  sched::Random random_;
  bool races_;
  uint32_t threads_ = 0;
  std::string text_;
};

}  // namespace mini::vm::test
