// The tables of --stats, and the same as JSON.
#include "interp/cli/statistics.h"

#include <algorithm>
#include <map>
#include <vector>

#include "interp/bytecode/opcode.h"
#include "interp/vm/deadlock.h"
#include "interp/vm/statistics.h"

namespace mini::cli {

namespace {

using bytecode::Arrival;
using sched::WaitKind;

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

std::map<std::string, Row> switch_rows(vm::Machine& machine) {
  std::map<std::string, Row> rows;
  for (const auto& [place, count] : machine.switch_counts().places) {
    Row& row = rows[what(place)];
    row.count += count;
    row.places[where(place)] += count;
  }
  return rows;
}

struct WaitName {
  WaitKind kind;
  const char* name;
};
constexpr WaitName kWaitNames[] = {{WaitKind::Sleep, "sleep"}, {WaitKind::Lock, "lock"},   {WaitKind::Queue, "queue"},
                                   {WaitKind::Join, "join"},   {WaitKind::Start, "start"}, {WaitKind::Descriptor, "descriptor"},
                                   {WaitKind::Exit, "exit"},   {WaitKind::Import, "import"}, {WaitKind::Other, "other"}};

double fairness(const vm::Statistics& statistics) {
  sched::Fairness index;
  for (const auto& thread : statistics.threads()) index.add(thread.account.share());
  return index.index();
}

/// Milliseconds.
std::string ms(sched::Time time) { return fmt::format("{:.3f}", static_cast<double>(time) / 1e6); }

std::string thread_table(const vm::Statistics& statistics) {
  std::string text = fmt::format("threads, in ms (fairness {:.3f})\n{:>12} {:>12} {:>9} {:>9} {:>9} {:>8} {:>9} {:>12}\n",
                                 fairness(statistics), "running", "GIL waits", "median", "99 %", "longest", "forced",
                                 "voluntary", "outside");
  for (const auto& thread : statistics.threads()) {
    const sched::Account& account = thread.account;
    text += fmt::format("{:>12} {:>12} {:>9} {:>9} {:>9} {:>8} {:>9} {:>12}  {}", ms(account.running),
                        ms(account.waits.sum()), ms(account.waits.percentile(0.5)), ms(account.waits.percentile(0.99)),
                        ms(account.waits.longest()), thread.forced_switches, thread.voluntary_switches + account.calls,
                        ms(account.outside), thread.name);
    for (const auto& [kind, name] : kWaitNames)
      if (const sched::Time time = account.blocked[static_cast<size_t>(kind)])
        text += fmt::format(", {} {}", name, ms(time));
    text += '\n';
  }
  return text;
}

std::string lock_table(const vm::Statistics& statistics) {
  if (statistics.locks().empty()) return "";
  std::string text = fmt::format("locks\n{:>12} {:>12} {:>12}\n", "acquired", "contended", "longest, ms");
  for (const auto* row : by_count(statistics.locks(), [](const vm::LockRecord& lock) { return lock.contended; })) {
    const auto& [key, lock] = *row;
    text += fmt::format("{:>12} {:>12} {:>12}  {}", lock.acquisitions, lock.contended, ms(lock.longest_hold), key.kind);
    if (!key.name.empty()) text += " '" + key.name + "'";
    if (lock.count > 1) text += fmt::format(", {} of them", lock.count);
    if (key.made.code) text += ", made at " + place_text(key.made);
    if (lock.longest_at.code) text += ", longest from " + place_text(lock.longest_at);
    text += '\n';
  }
  return text;
}

// JSON ----------------------------------------------------------------------------------------------------------------

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else out += c;
  }
  return out + '"';
}
std::string seconds(sched::Time time) { return fmt::format("{:.9f}", static_cast<double>(time) / 1e9); }
std::string place(const vm::ScriptPlace& at) { return at.code ? quoted(place_text(at)) : "null"; }

/// `[...]`, an element a line.
template <class Rows, class Element>
std::string list(const Rows& rows, Element element) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "\n    " : ",\n    ") + element(row);
  return text.empty() ? "[]" : "[" + text + "\n  ]";
}

std::string waits(const sched::Histogram& histogram) {
  return fmt::format("{{\"count\": {}, \"total\": {}, \"median\": {}, \"p90\": {}, \"p99\": {}, \"p999\": {}, \"longest\": {}}}",
                     histogram.count(), seconds(histogram.sum()), seconds(histogram.percentile(0.5)),
                     seconds(histogram.percentile(0.9)), seconds(histogram.percentile(0.99)),
                     seconds(histogram.percentile(0.999)), seconds(histogram.longest()));
}

std::string thread_object(const vm::ThreadRecord& thread) {
  const sched::Account& account = thread.account;
  std::string blocked;
  for (const auto& [kind, name] : kWaitNames)
    blocked += fmt::format("{}\"{}\": {}", blocked.empty() ? "" : ", ", name, seconds(account.blocked[static_cast<size_t>(kind)]));
  return fmt::format(
      "{{\"thread\": {}, \"name\": {}, \"daemon\": {}, \"running\": {}, \"outside\": {}, \"forced_switches\": {}, "
      "\"voluntary_switches\": {}, \"gil_waits\": {}, \"blocked\": {{{}}}}}",
      thread.serial, quoted(thread.name), thread.daemon, seconds(account.running), seconds(account.outside),
      thread.forced_switches, thread.voluntary_switches + account.calls, waits(account.waits), blocked);
}

std::string lock_object(const std::pair<const vm::LockKey, vm::LockRecord>& row) {
  const auto& [key, lock] = row;
  return fmt::format(
      "{{\"kind\": {}, \"name\": {}, \"made\": {}, \"count\": {}, \"acquisitions\": {}, \"contended\": {}, "
      "\"longest_hold\": {}, \"longest_hold_at\": {}}}",
      quoted(key.kind), key.name.empty() ? "null" : quoted(key.name), place(key.made), lock.count, lock.acquisitions,
      lock.contended, seconds(lock.longest_hold), place(lock.longest_at));
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    out.emplace_back(text.substr(0, end));
  return out;
}

std::string json(vm::Machine& machine, const vm::Statistics& statistics) {
  sched::Histogram all;
  for (const auto& thread : statistics.threads()) all.add(thread.account.waits);
  std::vector<std::string> stuck = lines(statistics.stuck());
  if (!stuck.empty()) stuck.erase(stuck.begin());
  const bool is_virtual = machine.runner().clock() == sched::ClockKind::Virtual;
  std::string text = fmt::format(
      "{{\n  \"switch_points\": {},\n  \"schedule\": {},\n  \"clock\": \"{}\",\n  \"hand_overs\": {},\n"
      "  \"forced_switches\": {},\n  \"fairness\": {:.6f},\n  \"gil_waits\": {},\n",
      quoted(bytecode::name(machine.options().switch_model)), quoted(machine.runner().schedule().text()),
      is_virtual ? "virtual" : "real", machine.state().threads.hand_overs, machine.switch_counts().total,
      fairness(statistics), waits(all));
  std::vector<std::string> switches;
  for (const auto& [point, count] : machine.switch_counts().places)
    switches.push_back(fmt::format("{{\"what\": {}, \"where\": {}, \"count\": {}}}", quoted(what(point)),
                                   quoted(where(point)), count));
  text += "  \"switches\": " + list(switches, [](const std::string& object) { return object; }) + ",\n";
  text += "  \"threads\": " + list(statistics.threads(), thread_object) + ",\n";
  text += "  \"locks\": " + list(statistics.locks(), lock_object) + ",\n";
  text += "  \"stuck\": " + list(stuck, [](const std::string& line) { return quoted(std::string_view(line).substr(2)); }) + "\n}\n";
  return text;
}

}  // namespace

void print_statistics(vm::Machine& machine, bool as_json) {
  const vm::Statistics& statistics = *machine.statistics();
  if (as_json) return machine.write_error(json(machine, statistics));
  std::string text = fmt::format("switch points {}, schedule {}: {} hand-overs, {} forced switches\n",
                                 bytecode::name(machine.options().switch_model), machine.runner().schedule().text(),
                                 machine.state().threads.hand_overs, machine.switch_counts().total);
  const auto rows = switch_rows(machine);
  for (const auto* row : by_count(rows, [](const Row& r) { return r.count; })) {
    text += fmt::format("{:>10}  {}\n", row->second.count, row->first);
    for (const auto* point : by_count(row->second.places, [](uint64_t count) { return count; }))
      text += fmt::format("{:>20}  {}\n", point->second, point->first);
  }
  std::string obstacle;
  const std::string token = machine.token(&obstacle);
  text += token.empty() ? "no token for a replay: " + obstacle + "\n" : "again with --replay=" + token + "\n";
  machine.write_error(text + thread_table(statistics) + lock_table(statistics) + statistics.stuck());
}

}  // namespace mini::cli
