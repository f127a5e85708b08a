// Paths, livelocks and counts on graphs small enough to see.
#include "interp/explore/graph.h"

#include <doctest/doctest.h>

#include <cmath>

namespace mini::explore {

namespace {

NodeIndex add(Graph& graph, uint64_t name, const std::vector<uint16_t>& threads) {
  return graph.add({name, ~name}, threads).first;
}

}  // namespace

TEST_CASE("a state is found again by its hash, in a table that grows") {
  Graph graph;
  for (uint64_t i = 0; i < 5000; ++i) CHECK(graph.add({i * 7, i}, {1}).second);
  for (uint64_t i = 0; i < 5000; ++i) {
    const auto [node, is_new] = graph.add({i * 7, i}, {1});
    CHECK(node == i);
    CHECK_FALSE(is_new);
  }
}

TEST_CASE("the path with the fewest preemptions wins over one with fewer steps") {
  Graph graph;
  const NodeIndex root = add(graph, 1, {1, 2}), a = add(graph, 2, {1, 2}), b = add(graph, 3, {2}), c = add(graph, 4, {2});
  graph.edges(root)[0].target = a;                // T1
  graph.edges(root)[1].target = kOutcomeBit | 1;  // T2: another end
  graph.edges(a)[0].target = b;                   // T1 goes on, and ends: switching costs nothing
  graph.edges(a)[1].target = kOutcomeBit;         // T2: one preemption
  graph.edges(b)[0].target = c;
  graph.edges(c)[0].target = kOutcomeBit;
  const std::vector<Path> paths = graph.shortest_paths({kOutcomeBit, kOutcomeBit | 1, kOutcomeBit | 2});
  CHECK(paths[0].steps.size() == 4);
  CHECK(paths[0].preemptions == 0);
  CHECK(paths[1].steps.size() == 1);
  CHECK(paths[2].steps.empty());
  CHECK(graph.path_counts(2) == std::vector<double>{2, 1});
  CHECK(graph.without_end().empty());
}

TEST_CASE("a loop without a way out is found; one with a way out is not") {
  Graph graph;
  const NodeIndex root = add(graph, 1, {1, 2}), spin = add(graph, 2, {1}), trap = add(graph, 3, {2});
  graph.edges(root)[0].target = spin;
  graph.edges(root)[1].target = trap;
  graph.edges(spin)[0].target = root;
  graph.edges(trap)[0].target = trap;
  CHECK(graph.without_end().size() == 3);
  const NodeIndex way_out = add(graph, 4, {1});
  graph.edges(spin)[0].target = way_out;
  graph.edges(way_out)[0].target = kOutcomeBit;
  CHECK(graph.without_end() == std::vector<NodeIndex>{trap});
  CHECK(graph.path_counts(1) == std::vector<double>{1});  // no path through the trap ends

  Graph turning;
  const NodeIndex turn = add(turning, 1, {1, 2});
  turning.edges(turn)[0].target = turn;
  turning.edges(turn)[1].target = kOutcomeBit;
  CHECK(turning.without_end().empty());
  CHECK(std::isinf(turning.path_counts(1)[0]));
}

}  // namespace mini::explore
