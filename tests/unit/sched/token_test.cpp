// Tokens: what goes in comes out, short, and what was not printed is refused.
#include <doctest/doctest.h>

#include "runtime/sched/random.h"
#include "runtime/sched/token.h"

using namespace mini::sched;

namespace {

using End = Slice::End;

std::vector<Slice> random_slices(Random& random) {
  std::vector<Slice> slices;
  std::uint64_t ticks[12] = {}, calls[12] = {};
  const std::uint32_t threads = 1 + random.below(12);
  for (std::uint32_t i = 0, count = 1 + random.below(40); i < count; ++i) {
    Slice slice{i == 0 ? 0 : random.below(threads), static_cast<End>(random.below(3))};
    if (slice.end == End::Point) slice.count = ticks[slice.thread] += random.next() >> (8 + random.below(56));
    if (slice.end == End::Point) slice.index = random.below(5) ? random.below(20) : random.below(1 << 20);
    if (slice.end == End::Call) slice.count = calls[slice.thread] += 1 + random.below(3);
    slices.push_back(slice);
  }
  slices.back() = {slices.back().thread};
  return slices;
}

/// A main thread that starts two others, `rounds` times, and joins them; two switches are forced in the last round.
std::vector<Slice> lost_update(std::uint32_t rounds, std::uint64_t ticks) {
  std::vector<Slice> slices;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const std::uint32_t a = 2 * round + 1, b = a + 1;
    const bool last = round + 1 == rounds;
    slices.push_back({0});
    slices.push_back(last ? Slice{a, End::Point, ticks, 3} : Slice{a});
    slices.push_back({0});
    slices.push_back(last ? Slice{b, End::Point, ticks + 7, 1} : Slice{b});
    if (last) slices.push_back({a});
    if (last) slices.push_back({b});
  }
  slices.push_back({0});
  return slices;
}

}  // namespace

TEST_CASE("a token gives the slices back") {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<Slice> slices = random_slices(random);
    const Token token{random.below(4), random.below(1 << 14)};
    const std::string text = encode_token(token, slices);
    const DecodedToken decoded = decode_token(text);
    CHECK(decoded.error == "");
    CHECK(decoded.slices == slices);
    CHECK(decoded.token.model == token.model);
    CHECK(decoded.token.script == token.script);
  }
}

TEST_CASE("two forced switches take fewer than 30 characters") {
  for (const std::uint32_t rounds : {1u, 2u, 10u})
    for (const std::uint64_t ticks : {3u, 1000u, 120000u}) {
      const std::string text = encode_token({1, 9999}, lost_update(rounds, ticks));
      CHECK(text.size() < 30);
    }
}

TEST_CASE("a token with one character changed, lost or added is refused") {
  const std::string text = encode_token({0, 1234}, lost_update(2, 40));
  std::size_t accepted = 0, tried = 0;
  auto try_one = [&](const std::string& changed) {
    if (changed == text) return;
    ++tried;
    if (decode_token(changed).error.empty()) ++accepted;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char digit : std::string_view("Aaz09-_Q m:")) {
      std::string changed = text;
      changed[i] = digit;
      try_one(changed);
      try_one(text.substr(0, i) + digit + text.substr(i));
    }
    try_one(text.substr(0, i) + text.substr(i + 1));
  }
  CHECK(tried > 400);
  CHECK(accepted <= tried / 100);  // ten bits of check
  for (const char* nonsense : {"", "m1", "m1:", "m2:abc", "m1:a b", "m1:ä", "hello"})
    CHECK(decode_token(nonsense).error != "");
}
