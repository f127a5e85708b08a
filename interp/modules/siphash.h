// SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed checksum of messages. Who does not know the key cannot make a message
// that passes, and a damaged one does not pass.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mini::modules {

using MessageKey = std::array<uint64_t, 2>;

inline uint64_t siphash(const MessageKey& key, std::string_view bytes) {
  uint64_t v0 = key[0] ^ 0x736f6d6570736575, v1 = key[1] ^ 0x646f72616e646f6d;
  uint64_t v2 = key[0] ^ 0x6c7967656e657261, v3 = key[1] ^ 0x7465646279746573;
  auto round = [&] {
    v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
  };
  auto mix = [&](uint64_t word) {
    v3 ^= word;
    round(), round();
    v0 ^= word;
  };
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  uint64_t last = uint64_t{bytes.size()} << 56, rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  mix(last | rest);
  v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace mini::modules
