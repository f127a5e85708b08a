// A memory is told from its current state by lines and put back to it, whichever of its pages are watched.
#include "interp/explore/memory_image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/sched/random.h"

namespace mini::explore {

TEST_CASE("an image finds and takes back every change that a plain copy of the memory would find") {
  struct Destroy {
    void operator()(base::Memory* memory) const { base::Memory::destroy(memory); }
  };
  const std::unique_ptr<base::Memory, Destroy> memory(base::Memory::create());
  constexpr size_t kLines = 200 * 64;  // in two hundred pages
  void* const block = memory->allocate(kLines * kLineBytes);
  REQUIRE(block);
  std::memset(block, 1, kLines * kLineBytes);
  MemoryImage image(*memory);
  std::byte* const start = memory->accessible().data();
  const auto offset = static_cast<size_t>(static_cast<std::byte*>(block) - start);
  const Line first = static_cast<Line>((offset + kLineBytes - 1) / kLineBytes);
  std::byte* const lines = image.memory_line(first);

  sched::Random random(1);
  std::vector<std::byte> current(lines, lines + (kLines - 1) * kLineBytes);  // as a plain copy has it
  const auto base = current;
  const auto holds_current = [&] { return std::memcmp(lines, current.data(), current.size()) == 0; };
  const auto write = [&](uint32_t count, uint32_t among) {  // few lines, or a part of all pages
    for (uint32_t i = 0; i < count; ++i) {
      std::byte* const line = lines + random.below(among) * kLineBytes;
      line[random.below(kLineBytes)] = std::byte(random.below(4));
    }
  };
  std::vector<Line> changed, expected;
  size_t puts_back = 0, most_hot = 0;
  for (int step = 0; step < 12'000; ++step) {
    image.rest();
    const size_t mark = image.hot_mark();
    most_hot = std::max(most_hot, mark);
    if (random.below(step % 4000 < 2000 ? 20 : 2000) == 0) {  // like an exit; for some time there is none
      write(2000, kLines - 1);
      image.cool_down(mark);
      REQUIRE(holds_current());
      ++puts_back;
      continue;
    }
    write(random.below(8), 20 * 64);
    if (random.below(500) == 0) write(40, kLines - 1);
    expected.clear();
    for (size_t line = 0; line < kLines - 1; ++line)
      if (std::memcmp(lines + line * kLineBytes, &current[line * kLineBytes], kLineBytes) != 0)
        expected.push_back(first + static_cast<Line>(line));
    image.changed(changed);
    REQUIRE(changed == expected);
    if (random.below(3) == 0) {  // this is the current state now
      for (const Line line : changed) {
        std::byte content[kLineBytes];
        std::memcpy(content, image.memory_line(line), kLineBytes);
        image.set(line, content);
      }
      std::memcpy(current.data(), lines, current.size());
    } else {
      image.revert(changed);
      REQUIRE(holds_current());
    }
    for (const Line line : changed)  // the base stays what it was
      REQUIRE(std::memcmp(image.base_line(line), &base[(line - first) * kLineBytes], kLineBytes) == 0);
  }
  CHECK(puts_back > 100);
  CHECK(most_hot > 100);

  // What does not change is watched again; so is what only an exit wrote to, and sooner.
  for (int look = 0; look < 4000; ++look) image.rest(), image.changed(changed);
  image.rest();
  CHECK(image.hot_mark() == 0);
  write(2000, kLines - 1);
  image.cool_down(0);
  CHECK(image.hot_mark() > 100);
  for (int look = 0; look < 1000; ++look) image.changed(changed);
  CHECK(image.hot_mark() == 0);
  CHECK(holds_current());
}

}  // namespace mini::explore
