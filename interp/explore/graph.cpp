#include "interp/explore/graph.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <tuple>
#include <unordered_map>

#include "runtime/base/assert.h"

namespace mini::explore {

std::pair<NodeIndex, bool> Graph::add(const vm::StateHash& hash, const std::vector<uint16_t>& threads, NodeIndex parent) {
  if (const NodeIndex known = find(hash); known != kNowhere) return {known, false};
  size_t at = hash[0] & (table_.size() - 1);
  while (table_[at] != kNowhere) at = (at + 1) & (table_.size() - 1);
  const auto index = static_cast<NodeIndex>(nodes_.size());
  MINI_ASSERT(index < kNowhere);
  table_[at] = index;
  nodes_.push_back({std::bit_cast<std::array<uint32_t, 4>>(hash), static_cast<uint32_t>(edges_.size()), parent,
                    static_cast<uint16_t>(threads.size())});
  for (uint16_t thread : threads) edges_.push_back({kNowhere, thread});
  if (nodes_.size() * 3 > table_.size() * 2) {
    table_.assign(table_.size() * 2, kNowhere);
    for (NodeIndex i = 0; i < nodes_.size(); ++i) {
      size_t place = nodes_[i].hash()[0] & (table_.size() - 1);
      while (table_[place] != kNowhere) place = (place + 1) & (table_.size() - 1);
      table_[place] = i;
    }
  }
  return {index, true};
}

NodeIndex Graph::find(const vm::StateHash& hash) const {
  size_t at = hash[0] & (table_.size() - 1);
  while (table_[at] != kNowhere && nodes_[table_[at]].hash() != hash) at = (at + 1) & (table_.size() - 1);
  return table_[at];
}

uint32_t Graph::predict(NodeIndex node, Edge& edge, TouchSets& touch_sets) const {
  const NodeIndex parent = nodes_[node].parent;
  if (parent == kNowhere) return kNowhere;
  const Edge *here = nullptr, *other = nullptr;  // from the parent: the step that led here, and the thread's own
  for (uint32_t i = 0; i < nodes_[parent].edge_count; ++i) {
    const Edge& each = edges(parent)[i];
    if (each.thread == edge.thread) other = &each;
    else if (each.target == node) here = &each;
  }
  if (!here || !other || other->target >= kNowhere) return kNowhere;
  if (!touch_sets.independent(here->touches, other->touches)) return kNowhere;
  for (uint32_t i = 0; i < nodes_[other->target].edge_count; ++i) {
    const Edge& last = edges(other->target)[i];
    if (last.thread != here->thread || last.target >= kNowhere) continue;
    edge.touches = other->touches;
    return last.target;
  }
  return kNowhere;
}

size_t Graph::bytes() const {
  return nodes_.capacity() * sizeof(Node) + edges_.capacity() * sizeof(Edge) + table_.capacity() * sizeof(uint32_t);
}

uint32_t Graph::slot_of(NodeIndex node, uint16_t last) const {
  for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
    if (edges(node)[i].thread == last) return i;
  return Place::kFree;
}

std::vector<Path> Graph::shortest_paths(const std::vector<uint32_t>& targets) const {
  // Dijkstra over (node, who ran last), by (preemptions, switches, steps).
  using Cost = std::tuple<uint32_t, uint32_t, uint32_t>;
  static constexpr Cost kNone{~0u, ~0u, ~0u};
  struct Visit {
    Cost cost;
    uint32_t node, slot;
    bool operator>(const Visit& other) const { return cost > other.cost; }
  };
  struct Origin {
    uint32_t node = kNowhere, slot = 0, edge = 0;
  };
  struct Goal {
    Cost cost = kNone;
    Origin last;
  };
  const size_t places = nodes_.size() + edges_.size();
  auto place_of = [&](uint32_t node, uint32_t slot) {
    return slot == Place::kFree ? node : nodes_.size() + nodes_[node].first_edge + slot;
  };
  std::vector<Cost> best(places, kNone);
  std::vector<Origin> origins(places);
  std::unordered_map<uint32_t, Goal> goals;
  for (uint32_t target : targets) goals[target];
  std::priority_queue<Visit, std::vector<Visit>, std::greater<>> queue;
  queue.push({{0, 0, 0}, 0, Place::kFree});
  best[0] = {0, 0, 0};
  auto open = [&](const Cost& cost) {  // whether some goal may still be reached more cheaply
    return std::any_of(goals.begin(), goals.end(), [&](const auto& goal) { return goal.second.cost > cost; });
  };
  for (uint32_t turn = 0; !queue.empty(); ++turn) {
    const auto [cost, node, slot] = queue.top();
    if (turn % 256 == 0 && !open(cost)) break;
    queue.pop();
    if (best[place_of(node, slot)] < cost) continue;
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i) {
      const Edge& edge = edges(node)[i];
      if (edge.target == kNowhere) continue;
      Cost next = cost;
      if (slot != i) ++std::get<1>(next);
      if (slot != i && slot != Place::kFree) ++std::get<0>(next);
      ++std::get<2>(next);
      if (const auto goal = goals.find(edge.target); goal != goals.end() && next < goal->second.cost)
        goal->second = {next, {node, slot, i}};
      if (edge.target & kOutcomeBit) continue;
      const uint32_t next_slot = slot_of(edge.target, edge.thread);
      const size_t place = place_of(edge.target, next_slot);
      if (best[place] <= next) continue;
      best[place] = next;
      origins[place] = {node, slot, i};
      queue.push({next, edge.target, next_slot});
    }
  }
  std::vector<Path> paths;
  for (uint32_t target : targets) {
    Path& path = paths.emplace_back();
    const Goal& goal = goals[target];
    if (goal.cost == kNone || target == 0) continue;
    path.preemptions = std::get<0>(goal.cost);
    for (Origin at = goal.last;;) {
      path.steps.push_back({at.node, at.edge});
      const Origin before = origins[place_of(at.node, at.slot)];
      if (before.node == kNowhere) break;
      at = before;
    }
    std::reverse(path.steps.begin(), path.steps.end());
  }
  return paths;
}

std::vector<NodeIndex> Graph::without_end() const {
  // Backward from the ends: who leads to whom, as one array sorted by target.
  std::vector<uint32_t> first(nodes_.size() + 1, 0), sources;
  std::vector<bool> ends(nodes_.size(), false);
  std::vector<NodeIndex> queue;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i) {
      const uint32_t target = edges(node)[i].target;
      if (target == kNowhere || target & kOutcomeBit) ends[node] = true;
      else ++first[target + 1];
    }
    if (ends[node]) queue.push_back(node);
  }
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  sources.resize(first.back());
  std::vector<uint32_t> next(first.begin(), first.end() - 1);
  for (NodeIndex node = 0; node < nodes_.size(); ++node)
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i) {
      const uint32_t target = edges(node)[i].target;
      if (target < kNowhere) sources[next[target]++] = node;
    }
  while (!queue.empty()) {
    const NodeIndex node = queue.back();
    queue.pop_back();
    for (uint32_t i = first[node]; i < first[node + 1]; ++i)
      if (!ends[sources[i]]) {
        ends[sources[i]] = true;
        queue.push_back(sources[i]);
      }
  }
  std::vector<NodeIndex> endless;
  for (NodeIndex node = 0; node < nodes_.size(); ++node)
    if (!ends[node]) endless.push_back(node);
  return endless;
}

std::vector<double> Graph::path_counts(size_t outcomes) const {
  // In topological order (Kahn); what remains lies on loops, or behind them.
  std::vector<uint32_t> waiting(nodes_.size(), 0);
  for (NodeIndex node = 0; node < nodes_.size(); ++node)
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
      if (const uint32_t target = edges(node)[i].target; target < kNowhere) ++waiting[target];
  constexpr double kEndless = std::numeric_limits<double>::infinity();
  std::vector<double> counts(nodes_.size(), 0), result(outcomes, 0);
  std::vector<NodeIndex> ready;
  if (!nodes_.empty()) counts[0] = 1;
  for (NodeIndex node = 0; node < nodes_.size(); ++node)
    if (waiting[node] == 0) ready.push_back(node);
  size_t done = 0;
  auto pass_on = [&](NodeIndex node, auto reached) {
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i) {
      const uint32_t target = edges(node)[i].target;
      if (target == kNowhere) continue;
      if (target & kOutcomeBit) result[target & ~kOutcomeBit] += counts[node];
      else reached(target);
    }
  };
  while (!ready.empty()) {
    const NodeIndex node = ready.back();
    ready.pop_back();
    ++done;
    pass_on(node, [&](uint32_t target) {
      counts[target] += counts[node];
      if (--waiting[target] == 0) ready.push_back(target);
    });
  }
  if (done == nodes_.size()) return result;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (waiting[node] == 0) continue;
    counts[node] = kEndless;
    pass_on(node, [](uint32_t) {});
  }
  return result;
}

}  // namespace mini::explore
