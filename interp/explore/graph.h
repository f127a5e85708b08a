// The graph of states: which step of which thread leads where, and how many preemptions each takes at least.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "interp/vm/state.h"
#include "runtime/base/assert.h"

namespace mini::explore {

using NodeIndex = uint32_t;

/// A node's number with the top bit set names an outcome instead.
constexpr uint32_t kOutcomeBit = 0x8000'0000, kNowhere = 0x7fff'ffff;

/// The step of one thread from a state. Also remembers how cheaply the state is reached when this thread ran last.
struct Edge {
  uint32_t target = kNowhere;  ///< kNowhere: not yet explored
  uint16_t thread;             ///< serial
  uint16_t distance = 0xffff;  ///< preemptions to get here with this thread as the last; 0xffff: never
};

/// Of every state that was ever found one is kept: small, and without gaps.
struct Node {
  std::array<uint32_t, 4> hash_words;
  uint32_t first_edge;
  NodeIndex parent = kNowhere;  ///< from which it was found
  uint16_t edge_count;
  uint16_t free_distance = 0xffff;  ///< preemptions to get here when the last thread cannot go on: switching costs nothing

  vm::StateHash hash() const { return std::bit_cast<vm::StateHash>(hash_words); }
};
static_assert(sizeof(Node) == 28 && sizeof(Edge) == 8);

/// Where a search goes on: a state, and who ran last (an edge of it, or kFree).
struct Place {
  NodeIndex node;
  uint32_t slot;
  static constexpr uint32_t kFree = 0xffff'ffff;
};

/// Step `edge` of the path's current node; the last one leads to the goal.
struct PathStep {
  NodeIndex node;
  uint32_t edge;
};

/// Empty if nothing leads to the target, or if that is node 0.
struct Path {
  uint32_t preemptions = 0;
  std::vector<PathStep> steps;
};

/// A list that never moves what it holds: it takes no more than that, while it grows either.
template <typename T>
class Segments {
 public:
  T& operator[](size_t index) { return segments_[index >> kBits][index & (kSize - 1)]; }
  const T& operator[](size_t index) const { return segments_[index >> kBits][index & (kSize - 1)]; }
  /// The number of the first of `count` more, side by side in memory; at most kSize. Numbers may be left out before it.
  size_t begin_run(size_t count) {
    MINI_ASSERT(count <= kSize);
    if (segments_.empty() || segments_.back().size() + count > kSize) segments_.emplace_back().reserve(kSize);
    return end();
  }
  /// Numbered end().
  void push_back(const T& item) { segments_.back().push_back(item); }
  size_t end() const { return segments_.empty() ? 0 : (segments_.size() - 1) * kSize + segments_.back().size(); }

 private:
  static constexpr size_t kBits = 16, kSize = size_t{1} << kBits;
  std::vector<std::vector<T>> segments_;
};

class Graph {
 public:
  /// The node with this hash, or a new one whose threads that can run are `threads`; whether it is new.
  std::pair<NodeIndex, bool> add(const vm::StateHash& hash, const std::vector<uint16_t>& threads, NodeIndex parent = kNowhere);
  /// The node with this hash; kNowhere if there is none.
  NodeIndex find(const vm::StateHash& hash) const;
  Node& operator[](NodeIndex index) { return nodes_[index]; }
  const Node& operator[](NodeIndex index) const { return nodes_[index]; }
  Edge* edges(NodeIndex index) { return &edges_[nodes_[index].first_edge]; }
  const Edge* edges(NodeIndex index) const { return &edges_[nodes_[index].first_edge]; }
  size_t size() const { return nodes_.end(); }
  /// Has the processor fetch where the steps from there lead: they are all over the memory.
  void prefetch_targets(NodeIndex node) const {
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
      if (const uint32_t target = edges(node)[i].target; target < kNowhere) __builtin_prefetch(&nodes_[target]);
  }
  /// Bytes that it takes.
  size_t bytes() const;
  /// Bytes that shortest_paths() will take.
  size_t bytes_for_paths() const { return places() * (sizeof(uint64_t) + sizeof(uint32_t)); }

  /// The slot of `node` for who ran last.
  uint32_t slot_of(NodeIndex node, uint16_t last) const;
  /// To be said before the first node: where a step leads, its thread may go by the number of one that is equal to it.
  void rename_threads() { renames_ = true; }
  /// That the thread of step `edge` of `node` has this slot where the step leads.
  void set_slot_after(NodeIndex node, uint32_t edge, uint32_t slot) {
    slots_after_[nodes_[node].first_edge + edge] = slot == Place::kFree ? kNoSlot : static_cast<uint16_t>(slot);
  }
  /// The place to which step `edge` of `node` leads.
  Place place_after(NodeIndex node, uint32_t edge) const;
  uint16_t& distance(Place place) {
    return place.slot == Place::kFree ? nodes_[place.node].free_distance : edges(place.node)[place.slot].distance;
  }

  /// The paths with the fewest preemptions from node 0 to each of these targets (nodes or outcomes); among those with
  /// fewest switches, then steps.
  std::vector<Path> shortest_paths(const std::vector<uint32_t>& targets) const;

  /// Nodes from which no outcome is reachable, among those all of whose steps are known. Those with unknown steps count
  /// as leading to one.
  std::vector<NodeIndex> without_end() const;
  /// Nodes from which none of those that are marked in `goals` can be reached.
  std::vector<NodeIndex> not_leading_to(std::vector<bool> goals) const;

  /// How many paths lead from node 0 to each of `outcomes` outcomes; infinity where loops make them endless.
  std::vector<double> path_counts(size_t outcomes) const;

 private:
  size_t places() const { return nodes_.end() + edges_.end(); }
  uint32_t number_of(Place place) const {
    return static_cast<uint32_t>(place.slot == Place::kFree ? place.node : nodes_.end() + nodes_[place.node].first_edge + place.slot);
  }
  Place place(uint32_t number) const;

  /// A number of `nodes_`, and some bits of its hash: most others are told apart without a look at them.
  struct [[gnu::packed]] Slot {
    NodeIndex node = kNowhere;
    uint8_t tag = 0;
  };
  static_assert(sizeof(Slot) == 5);
  static uint8_t tag(const vm::StateHash& hash) { return static_cast<uint8_t>(hash[1]); }
  size_t place_in_table(const vm::StateHash& hash) const;
  void grow_table();

  Segments<Node> nodes_;
  Segments<Edge> edges_;
  bool renames_ = false;
  static constexpr uint16_t kNoSlot = 0xffff;
  Segments<uint16_t> slots_after_;  // if it renames: by edge
  std::vector<Slot> table_ = std::vector<Slot>(1 << 10);  // open addressing, by hash
};

}  // namespace mini::explore
