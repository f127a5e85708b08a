#include "interp/explore/lock_order.h"

#include <algorithm>
#include <map>

namespace mini::explore {

namespace {

constexpr size_t kLongest = 5;

uint64_t bit(uint32_t lock) { return uint64_t{1} << lock; }

class Finder {
 public:
  Finder(const std::vector<Taking>& takings, const std::function<bool(const Taking&, const Taking&)>& at_once, size_t most)
      : takings_(takings), at_once_(at_once), most_(most) {}

  std::vector<LockCycle> run() {
    for (const Taking& first : takings_) {
      path_ = {&first};
      extend();
    }
    std::vector<LockCycle> cycles;
    for (auto& [key, cycle] : found_) cycles.push_back(std::move(cycle));
    return cycles;
  }

 private:
  /// Looks for who takes what the path's first one holds, by way of those whose locks the others take.
  void extend() {
    if (path_.back()->held & bit(path_.front()->lock) && path_.size() > 1) keep();
    if (path_.size() == kLongest || found_.size() == most_) return;
    for (const Taking& next : takings_) {
      if (!(path_.back()->held & bit(next.lock))) continue;
      // The lowest thread comes first: each cycle is found once.
      if (next.thread <= path_.front()->thread) continue;
      if (!std::all_of(path_.begin(), path_.end(), [&](const Taking* one) { return one->thread != next.thread && at_once_(*one, next); }))
        continue;
      path_.push_back(&next);
      extend();
      path_.pop_back();
    }
  }

  void keep() {
    LockCycle cycle;
    std::vector<std::pair<uint16_t, uint32_t>> key;
    for (const Taking* one : path_) {
      for (const Taking& other : cycle.takings) cycle.gates |= other.held & one->held;
      cycle.takings.push_back(*one);
      key.emplace_back(one->thread, one->lock);
    }
    const auto [place, fresh] = found_.try_emplace(key, cycle);
    // The same without a gate weighs more.
    if (!fresh && place->second.gates != 0 && cycle.gates == 0) place->second = std::move(cycle);
  }

  const std::vector<Taking>& takings_;
  const std::function<bool(const Taking&, const Taking&)>& at_once_;
  size_t most_;
  std::vector<const Taking*> path_;
  std::map<std::vector<std::pair<uint16_t, uint32_t>>, LockCycle> found_;
};

}  // namespace

std::vector<LockCycle> lock_cycles(const std::vector<Taking>& takings,
                                   const std::function<bool(const Taking&, const Taking&)>& at_once, size_t most) {
  return Finder(takings, at_once, most).run();
}

}  // namespace mini::explore
