// SHA-512 (FIPS 180-4): random.seed("text") is defined by it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mini::modules {

std::array<uint8_t, 64> sha512(std::string_view message);

}  // namespace mini::modules
