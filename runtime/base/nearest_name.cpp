#include "runtime/base/nearest_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace mini::base {
namespace {

constexpr size_t kMoveCost = 2, kCaseCost = 1;
constexpr size_t kMaxLength = 40, kMaxCandidates = 750;

size_t substitution_cost(char a, char b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a == b ? 0 : lower(a) == lower(b) ? kCaseCost : kMoveCost;
}

/// Levenshtein distance in bytes of UTF-8; more than `limit` for texts that are too long to be compared.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
  if (a.empty() || b.empty()) return (a.size() + b.size()) * kMoveCost;
  if (a.size() > kMaxLength || b.size() > kMaxLength) return limit + 1;
  // What each beginning of `a` costs against the part of `b` that was looked at.
  std::array<size_t, kMaxLength + 1> row;
  for (size_t i = 0; i <= a.size(); ++i) row[i] = i * kMoveCost;
  for (char c : b) {
    size_t diagonal = std::exchange(row[0], row[0] + kMoveCost);
    for (size_t i = 1; i <= a.size(); ++i) {
      const size_t substituted = diagonal + substitution_cost(a[i - 1], c);
      diagonal = row[i];
      row[i] = std::min(substituted, std::min(row[i - 1], row[i]) + kMoveCost);
    }
  }
  return row[a.size()];
}

}  // namespace

std::string nearest_name(const std::vector<std::string>& candidates, std::string_view wrong) {
  if (candidates.size() >= kMaxCandidates) return {};
  std::string_view best;
  size_t best_distance = SIZE_MAX;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate == wrong) continue;
    // A third of the characters may differ.
    const size_t limit = std::min((wrong.size() + candidate.size() + 3) * kMoveCost / 6, best_distance - 1);
    const size_t found = distance(wrong, candidate, limit);
    if (found > limit) continue;
    best = candidate;
    best_distance = found;
  }
  return std::string(best);
}

}  // namespace mini::base
