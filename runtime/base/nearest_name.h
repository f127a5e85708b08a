// What a misspelt name may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mini::base {

/// The candidate that is most like `wrong`, the first of several; empty if none is near enough or there are
/// 750 or more (CPython 3.13: Python/suggestions.c).
std::string nearest_name(const std::vector<std::string>& candidates, std::string_view wrong);

}  // namespace mini::base
