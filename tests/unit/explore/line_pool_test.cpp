// Contents of lines are held once, counted, and forgotten with their last count.
#include "interp/explore/line_pool.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

namespace mini::explore {

namespace {

LinePool::Content content_of(uint32_t number) {
  LinePool::Content content{};
  std::memcpy(content.data(), &number, sizeof number);
  return content;
}

}  // namespace

TEST_CASE("a pool answers as a map of counted contents would, whatever is added and dropped") {
  LinePool pool;
  struct Known {
    uint32_t number, count;
  };
  std::map<uint32_t, Known> known;  // by content
  std::mt19937 random(1);
  for (int i = 0; i < 60'000; ++i) {
    const uint32_t content = random() % 6000;
    auto place = known.find(content);
    if (place != known.end() && random() % 5 < 3) {
      pool.release(place->second.number);
      if (--place->second.count == 0) known.erase(place);
      continue;
    }
    const uint32_t number = pool.intern(content_of(content).data());
    if (place == known.end()) known[content] = {number, 1};
    else {
      REQUIRE(number == place->second.number);
      ++place->second.count;
    }
    if (i % 1000 != 0) continue;
    for (const auto& [each, at] : known) REQUIRE(std::memcmp(pool[at.number], content_of(each).data(), kLineBytes) == 0);
  }
}

}  // namespace mini::explore
