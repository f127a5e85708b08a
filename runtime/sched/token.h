// Tokens: a short run's schedule as a word that can be pasted, `--replay=m1:…`.
//
// A token holds the slices of a run (slices.h), the model of switch points, and a check of the script. It holds nothing
// that came from outside: input and arguments have to be given again, the clock is the virtual one, and a run that read
// another clock or the system's random numbers has no token, but a recording.
//
// To print one for a schedule that was found, describe its run and call encode_token():
//
//   std::vector<Slice> slices = {
//       {.thread = 0},                                                    // T0 ran until it blocked;
//       {.thread = 1, .end = Slice::End::Point, .count = 9, .index = 3},  // T1 gave way at the point that
//       {.thread = 2},                                                    //   ThreadState::ticks() and Frame::index() named;
//       {.thread = 1}, {.thread = 0}};                                    // T2 and T1 blocked or ended; T0 ended the run
//   encode_token({.model = 0, .script = script_check(source)}, slices)    // "m1:…"
//
// A VM keeps such a list of its own run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sched/slices.h"

namespace mini::sched {

struct Token {
  std::uint32_t model = 0;   ///< the model of switch points, 0 to 3, as bytecode::SwitchModel numbers them
  std::uint32_t script = 0;  ///< script_check() of the main script
};

/// 14 bits of the text of a script.
std::uint32_t script_check(std::string_view source);

/// The token of a run: at most 29 characters for two forced switches in a short run, some four more for each further one.
std::string encode_token(const Token& token, std::span<const Slice> slices);

struct DecodedToken {
  Token token;
  std::vector<Slice> slices;
  std::string error;  ///< not empty: the text is no token, and why
};
DecodedToken decode_token(std::string_view text);

}  // namespace mini::sched
