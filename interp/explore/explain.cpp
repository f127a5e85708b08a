#include "interp/explore/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "interp/observe/show_value.h"
#include "runtime/sched/token.h"

namespace mini::explore {

namespace {

/// A line of source that a thread ran, with what the line read and wrote.
struct Row {
  uint16_t thread;
  uint32_t line;
  const vm::Frame* frame;
  std::vector<std::string> notes;
};

std::string text_of_line(const std::string& source, uint32_t number) {
  size_t begin = 0;
  for (uint32_t line = 1; line < number; ++line) {
    begin = source.find('\n', begin);
    if (begin == source.npos) return "";
    ++begin;
  }
  std::string text = source.substr(begin, source.find('\n', begin) - begin);
  text.erase(0, text.find_first_not_of(" \t"));
  return text.substr(0, text.find("  #"));
}

std::string note_of(Explorer& explorer, const Explorer::Executed& at, const observe::Access& access) {
  using observe::LocationKind;
  if (access.definition || access.kind == LocationKind::kAnything || access.kind == LocationKind::kThread) return "";
  const std::string name = explorer.accesses().name_of(access, at.frame, at.index);
  if (access.kind == LocationKind::kLock || access.kind == LocationKind::kFile || access.whole) return "";
  const std::string old_value = observe::show_value(access.old_value, 20);
  if (!access.writes()) return fmt::format("{} is {}", name, old_value);
  if (!access.new_known) return fmt::format("{} changes", name);
  if (access.new_value.is_unbound()) return fmt::format("deletes {}", name);
  return fmt::format("{} = {}", name, observe::show_value(access.new_value, 20));
}

std::string fitted(std::string text, size_t width) {
  size_t columns = 0, at = 0;
  while (at < text.size() && columns < width) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++columns;
  }
  text.resize(at);
  return text + std::string(width - columns, ' ');
}

}  // namespace

std::string token_of(Explorer& explorer, const Settings& settings, const Outcome& outcome) {
  if (outcome.kind == OutcomeKind::kLivelock || outcome.choices.empty()) return "";
  std::vector<sched::Slice> slices{{.thread = 0}};  // up to the base, the main thread ran alone
  bool open = false;                                // the last slice may go on
  std::optional<Explorer::Stop> stop;
  bool told = true;  // a token has no hand-overs inside natives
  explorer.replay(outcome.choices, nullptr, [&](uint16_t thread, const Explorer::StepResult& result) {
    told = told && result.told;
    if (open && slices.back().thread != thread) {
      slices.back().end = sched::Slice::End::Point;
      slices.back().count = stop->ticks;
      slices.back().index = stop->index;
      open = false;
    }
    if (!open) slices.push_back({.thread = thread});
    stop = result.stop;
    open = stop.has_value() || result.at_exit;
  });
  if (!told) return "";
  return sched::encode_token({static_cast<uint32_t>(settings.machine.switch_model), sched::script_check(settings.source)}, slices);
}

std::string explain(Explorer& explorer, const Settings& settings, const Outcome& outcome) {
  std::vector<Row> rows;
  std::map<size_t, std::string> marks;  // by the row before which they stand
  std::optional<std::pair<size_t, size_t>> last_preemption;  // of the choices, of the rows
  std::vector<uint16_t> threads;
  bool stopped = false;
  size_t step = 0;
  uint16_t before = 0xffff;
  auto watch = [&](const Explorer::Executed& at) {
    if (!at.counted || at.frame.code->code->filename != settings.filename) return;
    const auto thread = static_cast<uint16_t>(at.thread.serial);
    const uint32_t line = at.frame.code->code->position(at.index).line;
    if (std::find(threads.begin(), threads.end(), thread) == threads.end()) threads.push_back(thread);
    if (rows.empty() || rows.back().thread != thread || rows.back().line != line || rows.back().frame != &at.frame ||
        marks.contains(rows.size()))
      rows.push_back({thread, line, &at.frame, {}});
    for (const observe::Access& access : at.accesses)
      if (std::string note = note_of(explorer, at, access); !note.empty() && (rows.back().notes.empty() || rows.back().notes.back() != note))
        rows.back().notes.push_back(std::move(note));
  };
  explorer.replay(outcome.choices, watch, [&](uint16_t, const Explorer::StepResult& result) {
    before = outcome.choices[step++];
    stopped = result.stop.has_value();
    if (stopped && step < outcome.choices.size() && outcome.choices[step] != before) {
      marks[rows.size()] = fmt::format("T{} is stopped here, and T{} goes on", before, outcome.choices[step]);
      last_preemption = {step, rows.size()};
    }
  });
  if (last_preemption) {
    const Outcome other = explorer.without_preemption(outcome.choices, last_preemption->first);
    if (other.kind != outcome.kind || other.output != outcome.output || other.errors != outcome.errors) {
      std::string& mark = marks[last_preemption->second];
      mark += ": this makes the difference. Without it, ";
      if (is_fault(other.kind))
        mark += name(other.kind);
      else
        mark += other.output.empty() ? "all is well" : fmt::format("it prints {}", observe::quoted(other.output.substr(0, 60)));
    }
  }
  std::sort(threads.begin(), threads.end());
  constexpr size_t kWidth = 44, kMostRows = 60;
  std::string text = "  How it comes about:\n\n   ";
  for (uint16_t thread : threads) text += ' ' + fitted(fmt::format("T{}", thread), kWidth);
  text += '\n';
  const size_t first = rows.size() > kMostRows ? rows.size() - kMostRows : 0;
  if (first > 0) text += fmt::format("    ({} lines before are left out)\n", first);
  for (size_t i = first; i <= rows.size(); ++i) {
    if (auto mark = marks.find(i); mark != marks.end()) text += fmt::format("    -- {}\n", mark->second);
    if (i == rows.size()) break;
    const Row& row = rows[i];
    std::string cell = fmt::format("{}: {}", row.line, text_of_line(settings.source, row.line));
    if (!row.notes.empty()) {
      cell = fitted(cell, std::min<size_t>(24, kWidth)) + "  ";
      for (size_t k = 0; k < row.notes.size() && k < 3; ++k) cell += (k ? ", " : "") + row.notes[k];
    }
    text += "   ";
    for (uint16_t thread : threads) {
      text += ' ' + fitted(thread == row.thread ? cell : "", kWidth);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace mini::explore
