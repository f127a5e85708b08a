// An exploration's work shared out among processes. Each is a fork of the first one, so that all have the base at the
// same addresses, and what one finds, another can take over: states as what differs from the base, threads' order, accesses.
#pragma once

#include <atomic>
#include <functional>

#include "interp/explore/explorer.h"
#include "interp/explore/wire.h"

namespace mini::explore {

class Crew {
 public:
  Crew(Explorer& explorer, uint32_t members) : explorer_(explorer), members_(members) {}

  /// Forks the members, lets each do `work` (with its number) on its own copy of the explorer, and takes over what they
  /// found, in the order of their numbers. False: not even one could be forked, or one has died, with its share undone.
  bool share(const std::function<void(uint32_t member)>& work);

  /// Whether there are enough states to expand at this level to make a round of it.
  bool is_worthwhile(const Explorer::Sweep& sweep);
  /// The members expand states of this level, each a different one, for a while.
  bool round(const Explorer::Sweep& sweep);
  /// Whether rounds bring more than this process alone would: both are tried in turn, then the better for a while. Where most
  /// of what comes of a state is foretold, forking and taking over cost more than they save.
  bool pays();

 private:
  /// How much the explorer had found when the members were forked.
  struct Mark {
    size_t texts, outcomes;
    NodeIndex nodes;
    Foresight::Mark foresight;
  };
  std::string report(const Mark& mark) const;
  void take_over(Reader& report, const Mark& mark);

  /// A time during which rounds are made, or none.
  struct Phase {
    bool with_rounds = false;
    double begin = 0, end = 0;   ///< the explorer's seconds()
    size_t expanded = 0;         ///< states when it began
  };

  Explorer& explorer_;
  uint32_t members_;
  double round_seconds_ = 0.05;  ///< of the next round; later ones are longer, as the forks cost more
  Phase phase_;
  uint32_t phases_ = 0;
  double pace_[2] = {0, 0};      ///< states expanded a second, without rounds and with them
};

/// Who expands which state, among the processes of a round: a set of hashes in shared memory.
class Claims {
 public:
  Claims();
  ~Claims();
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  /// True for the first who asks; and for everybody once the set is full, which does no harm but double work.
  bool take(const StateHash& hash);

 private:
  static constexpr size_t kSlots = size_t{1} << 21;
  std::atomic<uint64_t>* slots_;
};

}  // namespace mini::explore
