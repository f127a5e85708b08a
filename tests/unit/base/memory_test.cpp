// The VM's memory: what it hands out, counts, refuses, saves and puts back.
#include "runtime/base/memory.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace mini::base {
namespace {

struct Vm {
  explicit Vm(size_t limit = Memory::kUnlimited) : memory(*Memory::create(limit)) {}
  ~Vm() { Memory::destroy(&memory); }
  Memory& memory;
};

struct Block {
  unsigned char* at;
  size_t size;
  unsigned char fill;
};

bool intact(const Block& block) {
  for (size_t i = 0; i < block.size; ++i) {
    if (block.at[i] != block.fill) return false;
  }
  return true;
}

size_t random_size(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      return random() % 40000;
    case 1:
      return random() % 3000;
    case 2:
      return random() % 100 == 0 ? random() % 9'000'000 : 16384 + random() % 3;
    default:
      return random() % 300;
  }
}

/// Allocates, resizes and releases at random, checking that blocks keep their bytes.
void churn(Memory& memory, std::vector<Block>& blocks, std::mt19937& random, int steps) {
  for (int step = 0; step < steps; ++step) {
    const unsigned action = random() % 8;
    if (action < 4 || blocks.empty()) {
      Block block{nullptr, random_size(random), static_cast<unsigned char>(random())};
      block.at = static_cast<unsigned char*>(memory.allocate(block.size));
      REQUIRE(block.at);
      REQUIRE(reinterpret_cast<uintptr_t>(block.at) % 16 == 0);
      REQUIRE(&Memory::of(block.at) == &memory);
      std::memset(block.at, block.fill, block.size);
      blocks.push_back(block);
      continue;
    }
    Block& block = blocks[random() % blocks.size()];
    REQUIRE(intact(block));
    if (action == 4) {
      const size_t now = random_size(random);
      block.at = static_cast<unsigned char*>(memory.reallocate(block.at, block.size, now));
      REQUIRE(block.at);
      REQUIRE(intact({block.at, std::min(block.size, now), block.fill}));
      std::memset(block.at, block.fill, now);
      block.size = now;
    } else {
      memory.release(block.at, block.size);
      block = blocks.back();
      blocks.pop_back();
    }
  }
}

size_t usable_total(const std::vector<Block>& blocks) {
  size_t total = 0;
  for (const Block& block : blocks) total += Memory::usable_size(block.size);
  return total;
}

/// Runs `body` in a child process; what it wrote to standard error, "" if it ended well.
template <class Body>
std::string death_of(Body body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    std::signal(SIGABRT, SIG_DFL);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string report;
  char bytes[4096];
  for (ssize_t count; (count = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
    report.append(bytes, static_cast<size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  return report.empty() ? "died without a word" : report;
}

[[maybe_unused]] int read_byte(const void* address) {
  return *static_cast<const volatile char*>(address);
}
}  // namespace

TEST_CASE("memory: blocks do not overlap, keep their bytes, and are counted") {
  Vm vm;
  std::mt19937 random(1);
  std::vector<Block> blocks;
  churn(vm.memory, blocks, random, 30000);
  CHECK(vm.memory.used() == usable_total(blocks));
  CHECK(vm.memory.live_blocks() == blocks.size());
  CHECK(vm.memory.peak() >= vm.memory.used());
  for (const Block& block : blocks) {
    CHECK(intact(block));
    vm.memory.release(block.at, block.size);
  }
  CHECK(vm.memory.used() == 0);
  CHECK(vm.memory.live_blocks() == 0);
}

TEST_CASE("memory: usable_size is reached without moving, and never wastes more than a quarter") {
  for (size_t size = 0; size < 70000; ++size) {
    const size_t usable = Memory::usable_size(size);
    REQUIRE(usable >= size);
    REQUIRE(usable % 16 == 0);
    REQUIRE(Memory::usable_size(usable) == usable);
    if (size > 64) REQUIRE(usable - size < size / 4 + 16);
  }
  Vm vm;
  void* block = vm.memory.allocate(1025);
  CHECK(vm.memory.reallocate(block, 1025, Memory::usable_size(1025)) == block);
}

TEST_CASE("memory: a block of size 0 and no block at all can be released and resized") {
  Vm vm;
  void* empty = vm.memory.allocate(0);
  CHECK(empty);
  CHECK(empty != vm.memory.allocate(0));
  vm.memory.release(empty, 0);
  vm.memory.release(nullptr, 0);
  void* grown = vm.memory.reallocate(nullptr, 0, 100);
  CHECK(grown);
  CHECK(vm.memory.live_blocks() == 2);
}

TEST_CASE("memory: a limit is exact, refuses without side effects, and may be raised") {
  constexpr size_t kLimit = 100'000;
  Vm vm(kLimit);
  std::vector<void*> blocks;
  while (void* block = vm.memory.allocate(160)) blocks.push_back(block);
  CHECK(blocks.size() == kLimit / 160);
  CHECK(vm.memory.used() == blocks.size() * 160);
  CHECK(vm.memory.allocate(50'000) == nullptr);
  CHECK(vm.memory.allocate(SIZE_MAX) == nullptr);
  CHECK(vm.memory.allocate(SIZE_MAX - 14) == nullptr);
  CHECK(vm.memory.live_blocks() == blocks.size());
  CHECK(vm.memory.peak() <= kLimit);
  vm.memory.release(blocks.back(), 160);
  CHECK(vm.memory.allocate(160));
  CHECK_FALSE(vm.memory.allocate(160));
  vm.memory.set_limit(2 * kLimit);
  CHECK(vm.memory.allocate(50'000));
  vm.memory.set_limit(10);
  CHECK_FALSE(vm.memory.allocate(1));
}

TEST_CASE("memory: the overshoot leaves room for an error, and only while it lasts") {
  Vm vm(10'000);
  while (vm.memory.allocate(16)) {
  }
  {
    OvershootScope overshoot(vm.memory);
    CHECK(vm.memory.allocate(4'000));
    CHECK(vm.memory.allocate(16));
    CHECK_FALSE(vm.memory.allocate(Memory::kOvershoot));
  }
  CHECK_FALSE(vm.memory.allocate(16));
}

TEST_CASE("memory: an injected failure hits the n-th allocation, once") {
  Vm vm;
  for (size_t size : {16, 700, 5000, 100'000}) {
    CAPTURE(size);
    void* kept = vm.memory.allocate(size);
    vm.memory.fail_allocation(3);
    for (int i = 0; i < 2; ++i) {
      void* block = vm.memory.allocate(size);
      REQUIRE(block);
      vm.memory.release(block, size);
    }
    CHECK_FALSE(vm.memory.allocate(size));
    CHECK(vm.memory.allocate(size));
    vm.memory.fail_allocation(1);
    CHECK_FALSE(vm.memory.reallocate(kept, size, 3 * size));
    CHECK(vm.memory.reallocate(kept, size, 3 * size));
    vm.memory.fail_allocation(1);
    vm.memory.fail_allocation(0);
    CHECK(vm.memory.allocate(size));
  }
  const size_t used = vm.memory.used();
  vm.memory.fail_allocation(1);
  CHECK(vm.memory.used() == used);
  CHECK_FALSE(vm.memory.allocate(1));
  CHECK(vm.memory.used() == used);
}

TEST_CASE("memory: large blocks are reused and merged, so a growing list does not eat the range") {
  Vm vm;
  size_t size = 20'000;
  char* list = static_cast<char*>(vm.memory.allocate(size));
  for (int i = 0; i < 60; ++i) {
    list = static_cast<char*>(vm.memory.reallocate(list, size, size + size / 8));
    REQUIRE(list);
    size += size / 8;
    list[size - 1] = 1;
    REQUIRE(vm.memory.allocate(17'000));  // something that lives on, in the way
  }
  CHECK(vm.memory.extent() < 4 * vm.memory.used());
  vm.memory.release(list, size);

  Vm other;
  std::vector<void*> spans;
  for (int i = 0; i < 100; ++i) spans.push_back(other.memory.allocate(1 << 20));
  const size_t extent = other.memory.extent();
  for (int i = 0; i < 100; i += 2) other.memory.release(spans[static_cast<size_t>(i)], 1 << 20);
  for (int i = 1; i < 100; i += 2) other.memory.release(spans[static_cast<size_t>(i)], 1 << 20);
  CHECK(other.memory.extent() < 100'000);
  CHECK(other.memory.allocate(100 << 20));
  CHECK(other.memory.extent() <= extent);
}

TEST_CASE("memory: many VMs have ranges of their own") {
  std::vector<Memory*> memories;
  for (int i = 0; i < 20; ++i) memories.push_back(Memory::create());
  for (Memory* memory : memories) {
    void* block = memory->allocate(50);
    REQUIRE(block);
    CHECK(&Memory::of(block) == memory);
    CHECK(memory->contains(block));
    CHECK_FALSE(memories[memory == memories[0]]->contains(block));
  }
  for (Memory* memory : memories) Memory::destroy(memory);
}

// ASan's shadow of the whole range would be gigabytes of real memory.
TEST_CASE("memory: the whole range can be used up, and says so" * doctest::skip(MINI_ASAN)) {
  Vm vm;
  CHECK_FALSE(vm.memory.allocate(Memory::kReserve));
  size_t spans = 0;
  while (vm.memory.allocate(Memory::kReserve / 64)) ++spans;
  CHECK(spans > 0);
  CHECK(spans < 64);  // the allocator itself takes room; the system may refuse earlier
  CHECK(vm.memory.live_blocks() == spans);
}

TEST_CASE("memory: where address space is limited, a VM gets a smaller range" *
          doctest::skip(MINI_ASAN || MINI_TSAN)) {
  const std::string report = death_of([] {
    const rlimit little{size_t{2} << 30, size_t{2} << 30};
    ::setrlimit(RLIMIT_AS, &little);
    Memory* memory = Memory::create();
    MINI_ASSERT(memory);
    void* block = memory->allocate(100 << 20);
    MINI_ASSERT(block && &Memory::of(block) == memory);
    MINI_ASSERT(!memory->allocate(size_t{2} << 30));
    Memory::destroy(memory);
  });
  CHECK(report == "");
}

TEST_CASE("snapshot: restoring brings back blocks, free blocks and counters at the same addresses") {
  Vm vm;
  std::mt19937 random(2);
  std::vector<Block> blocks;
  Snapshot snapshot;
  for (int round = 0; round < 6; ++round) {
    churn(vm.memory, blocks, random, 3000);
    vm.memory.set_root(blocks.front().at);
    vm.memory.save(snapshot);
    const std::vector<Block> saved = blocks;
    const std::mt19937 saved_random = random;
    const size_t used = vm.memory.used(), live = vm.memory.live_blocks(), extent = vm.memory.extent();
    const uint64_t count = vm.memory.allocation_count();

    churn(vm.memory, blocks, random, 3000);
    const std::vector<Block> first_run = blocks;
    for (const Block& block : blocks) std::memset(block.at, 0xEE, block.size);
    vm.memory.set_root(nullptr);

    vm.memory.restore(snapshot);
    CHECK(vm.memory.used() == used);
    CHECK(vm.memory.live_blocks() == live);
    CHECK(vm.memory.extent() == extent);
    CHECK(vm.memory.allocation_count() == count);
    CHECK(vm.memory.root() == saved.front().at);
    for (const Block& block : saved) REQUIRE(intact(block));

    // The same requests get the same addresses again: the free lists are what they were.
    blocks = saved;
    random = saved_random;
    churn(vm.memory, blocks, random, 3000);
    REQUIRE(blocks.size() == first_run.size());
    for (size_t i = 0; i < blocks.size(); ++i) REQUIRE(blocks[i].at == first_run[i].at);
  }
}

TEST_CASE("snapshot: free spans are not copied, and an empty VM is small") {
  Vm vm;
  CHECK(vm.memory.save().size() < 20'000);
  void* big = vm.memory.allocate(50 << 20);
  void* guard = vm.memory.allocate(1 << 20);
  CHECK(vm.memory.save().size() > 50 << 20);
  vm.memory.release(big, 50 << 20);
  CHECK(vm.memory.save().size() < 2 << 20);
  vm.memory.release(guard, 1 << 20);
}

TEST_CASE("snapshot: several of them, in any order") {
  Vm vm;
  auto* counter = static_cast<int*>(vm.memory.allocate(sizeof(int)));
  std::vector<Snapshot> snapshots;
  for (int i = 0; i < 10; ++i) {
    *counter = i;
    REQUIRE(vm.memory.allocate(static_cast<size_t>(i) * 30'000));
    snapshots.push_back(vm.memory.save());
  }
  for (int i : {9, 0, 5, 5, 1, 8}) {
    vm.memory.restore(snapshots[static_cast<size_t>(i)]);
    CHECK(*counter == i);
    CHECK(vm.memory.live_blocks() == static_cast<size_t>(i) + 2);
    *counter = -1;
  }
}

struct Node : ListHook<> {
  explicit Node(int number) : value(number) {}
  int value;
};

TEST_CASE("snapshot: intrusive lists in the memory come back whole") {
  Vm vm;
  auto* list = new (vm.memory.allocate(sizeof(List<Node>))) List<Node>();
  for (int i = 0; i < 5; ++i) list->push_back(*new (vm.memory.allocate(sizeof(Node))) Node(i));
  const Snapshot snapshot = vm.memory.save();
  while (!list->empty()) {
    Node& node = list->front();
    list->pop_front();
    node.~Node();
    vm.memory.release(&node, sizeof(Node));
  }
  vm.memory.restore(snapshot);
  int expected = 0;
  for (const Node& node : *list) CHECK(node.value == expected++);
  CHECK(expected == 5);
}

TEST_CASE("memory: destroying a linked node is a broken invariant") {
  const std::string report = death_of([] {
    List<Node> list;
    Node node(1);
    list.push_back(node);
  });
  CHECK(report.find("broken invariant") != std::string::npos);
}

#if MINI_ASAN
TEST_CASE("memory: the address sanitizer sees uses of released blocks, tails and unused memory") {
  const char* const kReport = "use-after-poison";
  Vm vm;
  for (size_t size : {20, 1000, 5000, 100'000}) {
    CAPTURE(size);
    auto* block = static_cast<char*>(vm.memory.allocate(size));
    auto* neighbour = static_cast<char*>(vm.memory.allocate(size));
    CHECK(death_of([&] { read_byte(block + size - 1); }) == "");
    CHECK(death_of([&] { read_byte(block + size); }).find(kReport) != std::string::npos);
    const Snapshot live = vm.memory.save();
    vm.memory.release(block, size);
    CHECK(death_of([&] { read_byte(block + size / 2); }).find(kReport) != std::string::npos);
    const Snapshot released = vm.memory.save();
    CHECK(death_of([&] { read_byte(block + size / 2); }).find(kReport) != std::string::npos);

    vm.memory.restore(live);
    CHECK(death_of([&] { read_byte(block + size / 2); }) == "");
    CHECK(death_of([&] { read_byte(block + size); }).find(kReport) != std::string::npos);
    vm.memory.restore(released);
    CHECK(death_of([&] { read_byte(block + size / 2); }).find(kReport) != std::string::npos);
    CHECK(death_of([&] { read_byte(neighbour + size / 2); }) == "");
  }
  const size_t extent = vm.memory.extent();
  const char* const beyond = reinterpret_cast<const char*>(&vm.memory) + extent;
  CHECK(death_of([&] { read_byte(beyond + 100); }).find(kReport) != std::string::npos);
}

TEST_CASE("memory: a released block is not reused at once under the address sanitizer") {
  Vm vm;
  void* block = vm.memory.allocate(48);
  vm.memory.release(block, 48);
  for (int i = 0; i < 50; ++i) CHECK(vm.memory.allocate(48) != block);
}
#endif

}  // namespace mini::base
