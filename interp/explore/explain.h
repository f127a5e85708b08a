// One schedule, told: as a token that replays it, and as the lines that each thread ran.
#pragma once

#include <string>

#include "interp/explore/explorer.h"

namespace mini::explore {

/// The word that makes `mini --replay=` take this schedule; empty if the outcome has no end to replay to.
std::string token_of(Explorer& explorer, const Settings& settings, const Outcome& outcome);

/// The lines that the threads ran, in columns, with what they read and wrote, and the switch that made the difference.
std::string explain(Explorer& explorer, const Settings& settings, const Outcome& outcome);

}  // namespace mini::explore
