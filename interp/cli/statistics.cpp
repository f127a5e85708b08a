// The table of --stats.
#include "interp/cli/statistics.h"

#include <algorithm>
#include <vector>

#include "interp/bytecode/opcode.h"

namespace mini::cli {

void print_statistics(vm::Machine& machine) {
  const vm::SwitchCounts& counts = machine.switch_counts();
  std::vector<std::pair<uint64_t, std::string>> rows;
  auto add = [&](uint64_t count, std::string where) {
    if (count > 0) rows.emplace_back(count, std::move(where));
  };
  for (size_t i = 0; i < std::size(counts.after); ++i)
    if (counts.after[i] > 0)
      add(counts.after[i], "after " + std::string(bytecode::info(static_cast<bytecode::Opcode>(i)).name));
  add(counts.at_entry, "at the entry of a function");
  add(counts.at_resume, "where a generator goes on");
  add(counts.at_handler, "before an exception's handler");
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text = fmt::format("switch points {}, schedule {}: {} hand-overs, {} forced switches\n",
                                 bytecode::name(machine.options().switch_model), machine.runner().schedule().text(),
                                 machine.state().threads.hand_overs, counts.total);
  for (const auto& [count, where] : rows) text += fmt::format("{:>10}  {}\n", count, where);
  machine.write_error(text);
}

}  // namespace mini::cli
