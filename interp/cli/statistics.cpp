// The table of --stats.
#include "interp/cli/statistics.h"

#include <algorithm>
#include <map>
#include <vector>

#include "interp/bytecode/opcode.h"

namespace mini::cli {

namespace {

using bytecode::Arrival;

/// A line of the table, and the lines that say where that was in the script.
struct Row {
  uint64_t count = 0;
  std::map<std::string, uint64_t> places;
};

std::string what(const vm::SwitchPlace& place) {
  switch (place.arrival) {
    case Arrival::kCompleted:
      return "after " + std::string(bytecode::info(place.code->units[place.index].opcode).name);
    case Arrival::kEntered:
      return "at the entry of a function";
    case Arrival::kResumed:
      return "where a generator goes on";
    case Arrival::kHandler:
      return "before an exception's handler";
  }
  return "";
}

std::string where(const vm::SwitchPlace& place) {
  if (place.code->has(bytecode::kPrelude)) return "in the library";
  return fmt::format("line {} in {}, at {}", place.code->position(place.index).line, place.code->qualified_name,
                     2 * place.index);
}

template <class Rows, class Count>
auto by_count(const Rows& rows, Count count) {
  std::vector<const typename Rows::value_type*> sorted;
  for (const auto& row : rows) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return count(a->second) > count(b->second); });
  return sorted;
}

}  // namespace

void print_statistics(vm::Machine& machine) {
  const vm::SwitchCounts& counts = machine.switch_counts();
  std::map<std::string, Row> rows;
  for (const auto& [place, count] : counts.places) {
    Row& row = rows[what(place)];
    row.count += count;
    row.places[where(place)] += count;
  }
  std::string text = fmt::format("switch points {}, schedule {}: {} hand-overs, {} forced switches\n",
                                 bytecode::name(machine.options().switch_model), machine.runner().schedule().text(),
                                 machine.state().threads.hand_overs, counts.total);
  for (const auto* row : by_count(rows, [](const Row& r) { return r.count; })) {
    text += fmt::format("{:>10}  {}\n", row->second.count, row->first);
    for (const auto* place : by_count(row->second.places, [](uint64_t count) { return count; }))
      text += fmt::format("{:>20}  {}\n", place->second, place->first);
  }
  machine.write_error(text);
}

}  // namespace mini::cli
