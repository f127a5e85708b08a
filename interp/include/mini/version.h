/// \file
/// Which version of mini this is, and what its number promises.
#pragma once

#include <string_view>

namespace mini {

/// MAJOR.MINOR.PATCH. Programs that compile against one version compile against every later one with the same MAJOR
/// (while MAJOR is 0: with the same MINOR), and recordings and tokens made by one are replayed, or refused with the reason,
/// by every later one; a recording is never replayed differently without saying so. The binary interface is only the same
/// for the same MAJOR.MINOR, which is the shared library's soname.
inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;

/// The version of the library that the program runs with, such as "0.1.0".
[[gnu::visibility("default")]] std::string_view library_version() noexcept;

}  // namespace mini
