#include "interp/observe/trace.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "interp/bytecode/dis.h"
#include "interp/observe/show_value.h"

namespace mini::observe {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kBuffer = 1 << 16;
constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kBold = "\x1b[1m", kRed = "\x1b[1;31m", kGreen = "\x1b[32m",
                           kYellow = "\x1b[33m", kMagenta = "\x1b[1;35m", kCyan = "\x1b[36m";

struct EventName {
  std::string_view name;
  uint32_t bits;
};
constexpr EventName kEventNames[] = {
    {"instructions", TraceFilter::kInstructions}, {"accesses", TraceFilter::kAccesses},
    {"switches", TraceFilter::kSwitches},         {"requests", TraceFilter::kRequests},
    {"waits", TraceFilter::kWaits},               {"locks", TraceFilter::kLocks},
    {"threads", TraceFilter::kThreads},           {"lost", TraceFilter::kLost},
    {"library", TraceFilter::kLibrary | TraceFilter::kInstructions}};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (;;) {
    const size_t comma = text.find(',', at);
    parts.push_back(text.substr(at, comma - at));
    if (comma == std::string::npos) return parts;
    at = comma + 1;
  }
}

bool read_number(std::string_view text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

uint32_t bit_of(Mark::Kind kind) {
  switch (kind) {
    case Mark::kAsked:
      return TraceFilter::kRequests;
    case Mark::kSwitch:
      return TraceFilter::kSwitches;
    case Mark::kWait:
    case Mark::kWake:
      return TraceFilter::kWaits;
    case Mark::kAcquired:
    case Mark::kReleased:
      return TraceFilter::kLocks;
    case Mark::kStart:
    case Mark::kEnd:
      return TraceFilter::kThreads;
    case Mark::kLost:
      return TraceFilter::kLost;
  }
  return 0;
}

std::string argument_of(const bytecode::Code& code, const bytecode::Instruction& instruction) {
  if (!bytecode::has_argument(instruction.opcode)) return {};
  const std::string meaning = bytecode::meaning(code, instruction);
  return meaning.empty() ? fmt::format("{}", instruction.argument) : fmt::format("{} ({})", instruction.argument, meaning);
}

/// The instruction whose opcode stands at `index`, with its whole argument.
bytecode::Instruction instruction_of(const bytecode::Code& code, uint32_t index) {
  uint32_t start = index;
  while (start > 0 && code.units[start - 1].opcode == bytecode::Opcode::EXTENDED_ARG) --start;
  return bytecode::decode(code.units, start);
}

}  // namespace

bool TraceFilter::read_events(const std::string& text, std::string& error) {
  events = 0;
  for (const std::string& part : split(text)) {
    uint32_t bits = 0;
    if (part == "all") bits = kDefault | kLibrary;
    for (const EventName& known : kEventNames)
      if (part == known.name) bits = known.bits;
    if (!bits) {
      error = part + ": not one of instructions, accesses, switches, requests, waits, locks, threads, lost, library, all";
      return false;
    }
    events |= bits;
  }
  return true;
}

bool TraceFilter::read_threads(const std::string& text, std::string& error) {
  for (const std::string& part : split(text)) {
    uint32_t serial;
    if (!part.starts_with("T") || !read_number(std::string_view(part).substr(1), serial)) {
      error = part + ": not a thread such as T0 or T1";
      return false;
    }
    threads.insert(serial);
  }
  return true;
}

bool TraceFilter::read_lines(const std::string& text, std::string& error) {
  for (const std::string& part : split(text)) {
    const std::string_view view = part;
    const size_t dash = view.find('-');
    uint32_t first, last;
    const bool good = read_number(view.substr(0, dash), first) &&
                      (dash == std::string_view::npos ? (last = first, true) : read_number(view.substr(dash + 1), last));
    if (!good || first > last) {
      error = part + ": not a line or a range of lines such as 9-14";
      return false;
    }
    lines.emplace_back(first, last);
  }
  return true;
}

void TraceFilter::read_functions(const std::string& text) {
  for (std::string& part : split(text)) functions.insert(std::move(part));
}

Trace::Trace(vm::Machine& machine, TraceFilter filter, Form form, std::function<void(std::string_view)> write)
    : Events(machine), filter_(std::move(filter)), form_(form), write_(std::move(write)) {
  if (form_ != Form::kJsonLines)
    text_ = fmt::format("{}switch thread place                   instruction                                       top of the stack     shared{}\n",
                        paint(kBold), paint(kReset));
}

bool Trace::shows(const bytecode::Code& code, uint32_t index) const {
  if (!filter_.functions.empty() && !filter_.functions.contains(code.name) && !filter_.functions.contains(code.qualified_name))
    return false;
  if (filter_.lines.empty()) return true;
  const uint32_t line = code.position(index).line;
  for (const auto& [first, last] : filter_.lines)
    if (line >= first && line <= last) return !code.has(bytecode::kPrelude);
  return false;
}

Events::Detail Trace::detail(uint32_t thread, const bytecode::Code& code, uint32_t index) {
  if (!(filter_.events & (TraceFilter::kInstructions | TraceFilter::kAccesses)) || !shows(thread)) return Detail::kNone;
  if (code.has(bytecode::kPrelude) && !(filter_.events & TraceFilter::kLibrary)) return Detail::kNone;
  return shows(code, index) ? Detail::kAll : Detail::kNone;
}

void Trace::instruction(InstructionEvent& event) {
  if (!(filter_.events & (TraceFilter::kInstructions | TraceFilter::kAccesses)) || !shows(event.thread)) return;
  if (event.is_library() && !(filter_.events & TraceFilter::kLibrary)) {
    if (!filter_.functions.empty() || !filter_.lines.empty() || !(filter_.events & TraceFilter::kInstructions)) return;
    if (folded_ && folded_thread_ != event.thread) unfold();
    if (folded_++ == 0) {
      folded_thread_ = event.thread;
      folded_name_ = event.code->qualified_name;
      folded_switches_ = event.switches;
    }
    return;
  }
  if (!shows(*event.code, event.index)) return;
  if (!(filter_.events & TraceFilter::kInstructions) && event.touched.empty()) return;
  unfold();
  if (form_ == Form::kJsonLines) json_line(event);
  else text_line(event);
  // What the script prints and what is traced shall come in their order.
  for (const Touched& touched : event.touched)
    if (touched.kind == LocationKind::kFile) flush();
  if (text_.size() > kBuffer) flush();
}

void Trace::mark(Mark& made) {
  if (!(filter_.events & bit_of(made.kind))) return;
  const bool about_two = made.kind == Mark::kSwitch || made.kind == Mark::kStart;
  if (!shows(made.thread) && !(about_two && shows(made.other))) return;
  unfold();
  if (form_ == Form::kJsonLines) json_mark(made);
  else text_mark(made);
  if (made.kind == Mark::kSwitch) flush();
}

void Trace::flush() {
  if (text_.empty()) return;
  write_(text_);
  text_.clear();
}

/// A line for the library's instructions that went by.
void Trace::unfold() {
  if (!folded_) return;
  if (form_ == Form::kJsonLines) {
    text_ += Json{{"event", "library"}, {"switch", folded_switches_}, {"thread", folded_thread_}, {"function", folded_name_}, {"instructions", folded_}}.dump();
    text_ += '\n';
  } else {
    text_ += fmt::format("{}{:>6} {:<6} ({} of the library: {} instruction{}){}\n", paint(kDim), folded_switches_,
                         fmt::format("T{}", folded_thread_), folded_name_, folded_, folded_ == 1 ? "" : "s", paint(kReset));
  }
  folded_ = 0;
}

void Trace::text_line(const InstructionEvent& event) {
  const bytecode::Instruction instruction = instruction_of(*event.code, event.index);
  std::string shared;
  for (const Touched& touched : event.touched) {
    const std::string words = touched.text();
    if (words.empty()) continue;
    if (!shared.empty()) shared += "; ";
    shared += fmt::format("{}{}{}", paint(touched.writes() ? kYellow : kCyan), words, paint(kReset));
  }
  std::string top = event.top();
  const std::string place = place_of(*event.code, event.index);
  std::string argument = argument_of(*event.code, instruction);
  shorten(argument, 24);
  std::string line = fmt::format("{:>6} {}{:<6}{} {:<20} {}{:>4} {:<22}{} {:<24}{} {:<20} {}", event.switches, paint(kBold),
                                 fmt::format("T{}", event.thread), paint(kReset), place, paint(event.is_library() ? kDim : kGreen),
                                 2 * event.index, bytecode::name(instruction.opcode), paint(kReset), argument,
                                 event.is_point ? event.asked ? '!' : '|' : ' ', top, shared);
  line.erase(line.find_last_not_of(' ') + 1);
  text_ += line;
  text_ += '\n';
}

void Trace::json_line(const InstructionEvent& event) {
  const bytecode::Instruction instruction = instruction_of(*event.code, event.index);
  Json line{{"event", "instruction"},
            {"number", event.number},
            {"switch", event.switches},
            {"thread", event.thread},
            {"file", event.code->filename},
            {"function", event.code->qualified_name},
            {"line", event.code->position(event.index).line},
            {"offset", 2 * event.index},
            {"opcode", bytecode::name(instruction.opcode)}};
  if (bytecode::has_argument(instruction.opcode)) {
    line["argument"] = instruction.argument;
    line["meaning"] = bytecode::meaning(*event.code, instruction);
  }
  line["stack"] = event.stack;
  line["switch_point"] = event.is_point;
  if (event.asked) line["asked"] = true;
  if (event.is_library()) line["library"] = true;
  if (!event.touched.empty()) {
    Json list = Json::array();
    for (const Touched& touched : event.touched) {
      constexpr std::string_view kModes[] = {"", "read", "write", "read and write"};
      Json place{{"name", touched.name}, {"kind", name(touched.kind)}, {"mode", kModes[static_cast<size_t>(touched.mode)]}};
      if (!touched.old_value.empty()) place["old"] = touched.old_value;
      if (!touched.new_value.empty()) place["new"] = touched.new_value;
      if (!touched.exact) place["exact"] = false;
      list.push_back(std::move(place));
    }
    line["shared"] = std::move(list);
  }
  text_ += line.dump(-1, ' ', false, Json::error_handler_t::replace);
  text_ += '\n';
}

void Trace::text_mark(const Mark& made) {
  const std::string lock = made.what.empty() ? "a lock" : "lock " + made.what;
  auto line = [&](std::string_view color, const std::string& words) {
    text_ += fmt::format("{:>6} {}-- {}{}\n", "", paint(color), words, paint(kReset));
  };
  switch (made.kind) {
    case Mark::kAsked:
      return line(kDim, fmt::format("T{} is asked to give way", made.thread));
    case Mark::kSwitch:
      return line(kMagenta, fmt::format("switch {}: T{} -> T{} ({})", made.number, made.thread, made.other, name(made.cause)));
    case Mark::kWait:
      return line(kDim, fmt::format("T{} waits for {}", made.thread, made.what));
    case Mark::kWake:
      return line(kDim, fmt::format("T{} can go on ({})", made.thread, made.what));
    case Mark::kAcquired:
      return line(kDim, fmt::format("T{} acquires {}", made.thread, lock));
    case Mark::kReleased:
      return line(kDim, fmt::format("T{} releases {}", made.thread, lock));
    case Mark::kStart:
      return line(kBold, fmt::format("T{} starts T{}, {}", made.thread, made.other, names_.of(made.other)));
    case Mark::kEnd:
      return line(kBold, fmt::format("T{} ends", made.thread));
    case Mark::kLost:
      return line(kRed, "lost update: " + (describer_ ? describer_->describe(*made.lost) : made.lost->variable));
  }
}

void Trace::json_mark(const Mark& made) {
  Json line{{"event", name(made.kind)}, {"thread", made.thread}};
  switch (made.kind) {
    case Mark::kSwitch:
      line = Json{{"event", "switch"}, {"number", made.number}, {"from", made.thread}, {"to", made.other}, {"cause", name(made.cause)}};
      break;
    case Mark::kWait:
      line["for"] = made.what;
      break;
    case Mark::kWake:
      line["reason"] = made.what;
      break;
    case Mark::kAcquired:
    case Mark::kReleased:
      line["lock"] = made.what;
      break;
    case Mark::kStart:
      line["started"] = made.other;
      line["name"] = names_.of(made.other);
      break;
    case Mark::kLost: {
      auto place = [](const CodePlace& at) {
        return Json{{"function", at.code->qualified_name}, {"line", at.code->position(at.index).line}, {"offset", 2 * at.index},
                    {"opcode", bytecode::name(at.code->units[at.index].opcode)}};
      };
      const Overtaken& lost = *made.lost;
      line["variable"] = lost.variable;
      line["read"] = place(lost.read);
      line["read"]["value"] = lost.value_read;
      line["overtaken_by"] = Json::array();
      for (const auto& other : lost.others) {
        Json writer = place(other.place);
        writer["thread"] = other.thread;
        writer["writes"] = other.writes;
        line["overtaken_by"].push_back(std::move(writer));
      }
      line["wrote"] = place(lost.write);
      line["wrote"]["value"] = lost.value_written;
      line["lost"] = lost.lost;
      break;
    }
    default:
      break;
  }
  text_ += line.dump(-1, ' ', false, Json::error_handler_t::replace);
  text_ += '\n';
}

void Trace::finish(LostUpdates& lost_updates) {
  complete();
  unfold();
  if (form_ == Form::kJsonLines) {
    Json sums = Json::array();
    for (const auto& sum : lost_updates.sums()) sums.push_back(Json{{"variable", sum.variable}, {"lost", sum.lost}, {"times", sum.times}});
    text_ += Json{{"event", "over"}, {"instructions", instructions()}, {"lost_updates", sums}}.dump(-1, ' ', false, Json::error_handler_t::replace);
    text_ += '\n';
  } else if (filter_.events & TraceFilter::kLost) {
    for (const auto& sum : lost_updates.sums())
      text_ += fmt::format("{}{}: {} update{} lost by {} overtaken read-modify-write{}{}\n", paint(kRed), sum.variable, sum.lost,
                           sum.lost == 1 ? "" : "s", sum.times, sum.times == 1 ? "" : "s", paint(kReset));
  }
  flush();
}

}  // namespace mini::observe
