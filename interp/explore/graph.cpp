#include "interp/explore/graph.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <unordered_map>

#include "runtime/base/assert.h"

namespace mini::explore {

/// Where the node with this hash is, or where it would be.
size_t Graph::place_in_table(const vm::StateHash& hash) const {
  size_t at = hash[0] & (table_.size() - 1);
  while (table_[at].node != kNowhere && (table_[at].tag != tag(hash) || nodes_[table_[at].node].hash() != hash))
    at = (at + 1) & (table_.size() - 1);
  return at;
}

std::pair<NodeIndex, bool> Graph::add(const vm::StateHash& hash, const std::vector<uint16_t>& threads, NodeIndex parent) {
  Slot& slot = table_[place_in_table(hash)];
  if (const NodeIndex known = slot.node; known != kNowhere) return {known, false};
  const auto index = static_cast<NodeIndex>(size());
  MINI_ASSERT(index < kNowhere);
  slot = {index, tag(hash)};
  const auto first_edge = static_cast<uint32_t>(edges_.begin_run(threads.size()));
  nodes_.begin_run(1);
  nodes_.push_back({std::bit_cast<std::array<uint32_t, 4>>(hash), first_edge, parent, static_cast<uint16_t>(threads.size())});
  for (uint16_t thread : threads) edges_.push_back({kNowhere, thread});
  if (renames_) {
    slots_after_.begin_run(threads.size());
    for (size_t i = 0; i < threads.size(); ++i) slots_after_.push_back(kNoSlot);
  }
  if (size() * 4 > table_.size() * 3) grow_table();
  return {index, true};
}

NodeIndex Graph::find(const vm::StateHash& hash) const { return table_[place_in_table(hash)].node; }

void Graph::grow_table() {
  const size_t slots = table_.size() * 2;
  table_ = {};  // first: the old one and the new one need not be there at once
  table_.assign(slots, {});
  for (NodeIndex node = 0; node < size(); ++node) {
    const vm::StateHash hash = nodes_[node].hash();
    size_t at = hash[0] & (slots - 1);
    while (table_[at].node != kNowhere) at = (at + 1) & (slots - 1);
    table_[at] = {node, tag(hash)};
  }
}

size_t Graph::bytes() const {
  return nodes_.end() * sizeof(Node) + edges_.end() * sizeof(Edge) + slots_after_.end() * sizeof(uint16_t) +
         table_.size() * sizeof(Slot);
}

uint32_t Graph::slot_of(NodeIndex node, uint16_t last) const {
  for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
    if (edges(node)[i].thread == last) return i;
  return Place::kFree;
}

Place Graph::place_after(NodeIndex node, uint32_t edge) const {
  const Edge& step = edges(node)[edge];
  if (!renames_) return {step.target, slot_of(step.target, step.thread)};
  const uint16_t slot = slots_after_[nodes_[node].first_edge + edge];
  return {step.target, slot == kNoSlot ? Place::kFree : slot};
}

namespace {

/// What it takes to get somewhere, least first: preemptions, among equals switches, then steps; in one word, as there is one
/// for every place. Beyond some millions, switches and steps are not told apart any more.
using Cost = uint64_t;
constexpr Cost kStep = 1, kSwitch = Cost{1} << 24, kPreemption = Cost{1} << 48, kUnreached = ~Cost{0};

Cost after(Cost cost, bool switches, bool preempts) {
  if ((cost & (kSwitch - 1)) != kSwitch - 1) cost += kStep;
  if (switches && (cost & (kPreemption - 1)) < kPreemption - kSwitch) cost += kSwitch;
  return preempts ? cost + kPreemption : cost;
}

}  // namespace

Place Graph::place(uint32_t number) const {
  if (number < size()) return {number, Place::kFree};
  const auto edge = static_cast<uint32_t>(number - size());
  NodeIndex node = 0;  // the last whose edges begin there or before
  for (auto end = static_cast<NodeIndex>(size()); end - node > 1;) {
    const NodeIndex middle = node + (end - node) / 2;
    (nodes_[middle].first_edge <= edge ? node : end) = middle;
  }
  return {node, edge - nodes_[node].first_edge};
}

std::vector<Path> Graph::shortest_paths(const std::vector<uint32_t>& targets) const {
  // Dijkstra over (node, who ran last).
  struct Visit {
    Cost cost;
    uint32_t number;
    bool operator>(const Visit& other) const { return cost > other.cost; }
  };
  struct Goal {
    Cost cost = kUnreached;
    uint32_t before = kNowhere, edge = 0;  ///< the place before it, and the step that leads from there
  };
  std::vector<Cost> best(places(), kUnreached);
  std::vector<uint32_t> origins(places(), kNowhere);
  std::unordered_map<uint32_t, Goal> goals;
  for (uint32_t target : targets) goals[target];
  auto cost_after = [&](Cost cost, uint32_t slot, uint32_t edge) {
    return after(cost, slot != edge, slot != edge && slot != Place::kFree);
  };
  std::priority_queue<Visit, std::vector<Visit>, std::greater<>> queue;
  queue.push({0, 0});
  best[0] = 0;
  auto open = [&](Cost cost) {  // whether some goal may still be reached more cheaply
    return std::any_of(goals.begin(), goals.end(), [&](const auto& goal) { return goal.second.cost > cost; });
  };
  for (uint32_t turn = 0; !queue.empty(); ++turn) {
    const auto [cost, number] = queue.top();
    if (turn % 256 == 0 && !open(cost)) break;
    queue.pop();
    if (best[number] < cost) continue;
    const auto [node, slot] = place(number);
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i) {
      const Edge& edge = edges(node)[i];
      if (edge.target == kNowhere) continue;
      const Cost next = cost_after(cost, slot, i);
      if (const auto goal = goals.find(edge.target); goal != goals.end() && next < goal->second.cost)
        goal->second = {next, number, i};
      if (edge.target & kOutcomeBit) continue;
      const uint32_t reached = number_of(place_after(node, i));
      if (best[reached] <= next) continue;
      best[reached] = next;
      origins[reached] = number;
      queue.push({next, reached});
    }
  }
  // Which step led from one place to the next: one that costs as much.
  auto step_between = [&](uint32_t before, uint32_t number) {
    const auto [node, slot] = place(before);
    uint32_t i = 0;
    for (;; ++i) {
      MINI_ASSERT(i < nodes_[node].edge_count);
      const Edge& edge = edges(node)[i];
      if (edge.target >= kNowhere || cost_after(best[before], slot, i) != best[number]) continue;
      if (number_of(place_after(node, i)) == number) break;
    }
    return PathStep{node, i};
  };
  std::vector<Path> paths;
  for (uint32_t target : targets) {
    Path& path = paths.emplace_back();
    const Goal& goal = goals[target];
    if (goal.cost == kUnreached || target == 0) continue;
    path.preemptions = static_cast<uint32_t>(goal.cost / kPreemption);
    path.steps.push_back({place(goal.before).node, goal.edge});
    for (uint32_t at = goal.before; origins[at] != kNowhere; at = origins[at])
      path.steps.push_back(step_between(origins[at], at));
    std::reverse(path.steps.begin(), path.steps.end());
  }
  return paths;
}

std::vector<NodeIndex> Graph::without_end() const {
  std::vector<bool> ends(size(), false);
  for (NodeIndex node = 0; node < size(); ++node)
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
      if (const uint32_t target = edges(node)[i].target; target == kNowhere || target & kOutcomeBit) ends[node] = true;
  return not_leading_to(std::move(ends));
}

std::vector<NodeIndex> Graph::not_leading_to(std::vector<bool> ends) const {
  // Backward from the ends: who leads to whom, as one array sorted by target.
  std::vector<uint32_t> first(size() + 1, 0), sources;
  std::vector<NodeIndex> queue;
  for (NodeIndex node = 0; node < size(); ++node) {
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
      if (const uint32_t target = edges(node)[i].target; target < kNowhere) ++first[target + 1];
    if (ends[node]) queue.push_back(node);
  }
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  sources.resize(first.back());
  std::vector<uint32_t> next(first.begin(), first.end() - 1);
  for (NodeIndex node = 0; node < size(); ++node)
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
  for (NodeIndex node = 0; node < size(); ++node)
    if (!ends[node]) endless.push_back(node);
  return endless;
}

std::vector<double> Graph::path_counts(size_t outcomes) const {
  // In topological order (Kahn); what remains lies on loops, or behind them.
  std::vector<uint32_t> waiting(size(), 0);
  for (NodeIndex node = 0; node < size(); ++node)
    for (uint32_t i = 0; i < nodes_[node].edge_count; ++i)
      if (const uint32_t target = edges(node)[i].target; target < kNowhere) ++waiting[target];
  constexpr double kEndless = std::numeric_limits<double>::infinity();
  std::vector<double> counts(size(), 0), result(outcomes, 0);
  std::vector<NodeIndex> ready;
  if (size() > 0) counts[0] = 1;
  for (NodeIndex node = 0; node < size(); ++node)
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
  if (done == size()) return result;
  for (NodeIndex node = 0; node < size(); ++node) {
    if (waiting[node] == 0) continue;
    counts[node] = kEndless;
    pass_on(node, [](uint32_t) {});
  }
  return result;
}

}  // namespace mini::explore
