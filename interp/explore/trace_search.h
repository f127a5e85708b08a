// For programs with too many states to store: every execution once, where executions that differ only in the order of
// independent steps count as one. Depth first, over saved states (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic
// partial order reduction", POPL 2014: source sets, with sleep sets).
//
// Each executed step is compared with those before it. If it races with one, so that the other order is possible and may
// lead elsewhere, the state before that one is told to try a thread that begins the other order as well.
#pragma once

#include <map>

#include "interp/explore/explorer.h"
#include "interp/explore/touches.h"

namespace mini::explore {

class TraceSearch {
 public:
  explicit TraceSearch(Explorer& explorer) : explorer_(explorer) {}
  void run(Findings& findings);

 private:
  /// By thread: how many of its steps come before.
  using Clock = std::vector<uint32_t>;
  struct Event {
    uint16_t thread;
    uint32_t number;  ///< of the thread's steps, from 1
    Touches touched;
    Clock clock;      ///< itself included
  };
  /// A state on the path from the base; the event behind it, if there is one, is the one of the same index.
  struct Node {
    Explorer::Waiting state;
    std::vector<uint16_t> enabled;
    std::vector<uint16_t> wanted;        ///< threads to try
    std::map<uint16_t, Touches> asleep;  ///< tried already, or needless, and what their next step touches
  };

  bool push(Explorer::Waiting state, std::map<uint16_t, Touches> asleep, uint16_t last);
  void pop();
  std::optional<uint16_t> next_thread(const Node& node) const;
  void take_step(uint16_t thread);
  void order(Event& event);
  void reverse(size_t earlier, const Event& event);
  std::vector<uint16_t> choices() const;

  Explorer& explorer_;
  std::vector<Node> path_;
  std::vector<Event> events_;
  uint64_t runs_ = 0, blocked_ = 0;
  bool cut_ = false, stopped_ = false, met_daemon_ = false;
  bool moved_ = false;  ///< the memory holds another state than the path's last
};

}  // namespace mini::explore
