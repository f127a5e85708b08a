// The exit statuses of mini's own; a script's end gives 0, 1 or what it asked for.
#pragma once

namespace mini::cli {

constexpr int kUsageError = 2;
constexpr int kStatusRefused = 4;  ///< a replay of what was recorded elsewhere or otherwise
constexpr int kStatusBad = 5, kStatusIncomplete = 6;  ///< of an exploration
constexpr int kStatusLeak = 70;    ///< --check-leaks found something

}  // namespace mini::cli
