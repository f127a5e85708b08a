// Schedules and times as a person writes them.
#include <charconv>
#include <cmath>
#include <iterator>

#include "runtime/sched/responsive.h"

namespace mini::sched {

namespace {

struct Unit {
  std::string_view name;
  Time length;
};
constexpr Unit kUnits[] = {{"ns", 1}, {"us", kMicrosecond}, {"ms", kMillisecond}, {"s", kSecond}};

// The whole of `text` as a number without sign; false: it is none.
template <class Number>
bool parse_number(std::string_view text, Number& number) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_separator(char c) {
  return c == ' ' || c == ',';
}

// `Tn`, `Tn*` or `Tn*k`.
bool parse_slice(std::string_view text, Steps::Slice& slice) {
  if (text.empty() || text.front() != 'T') return false;
  const std::size_t star = text.find('*');
  if (!parse_number(text.substr(1, star == text.npos ? star : star - 1), slice.thread)) return false;
  slice.until = Steps::Slice::Until::NextPoint;
  if (star == text.npos) return true;
  slice.until = Steps::Slice::Until::Blocked;
  if (star + 1 == text.size()) return true;
  slice.until = Steps::Slice::Until::Count;
  return parse_number(text.substr(star + 1), slice.count) && slice.count > 0;
}

ParsedSchedule parse_steps(std::string_view list) {
  std::vector<Steps::Slice> slices;
  while (!list.empty()) {
    if (is_separator(list.front())) {
      list.remove_prefix(1);
      continue;
    }
    std::size_t length = 0;
    while (length < list.size() && !is_separator(list[length])) ++length;
    Steps::Slice slice{};
    if (!parse_slice(list.substr(0, length), slice))
      return {nullptr,
              "'" + std::string(list.substr(0, length)) +
                  "' is no step: Tn*k (k instructions of thread n, from 1), Tn* (until it blocks or ends) or "
                  "Tn (to its next switch point)"};
    slices.push_back(slice);
    list.remove_prefix(length);
  }
  if (slices.empty()) return {nullptr, "steps: needs a list such as 'T1*3 T2* T1*'"};
  return {std::make_unique<Steps>(std::move(slices)), ""};
}

}  // namespace

Time parse_time(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    double count = 0;
    if (!parse_number(text.substr(0, text.size() - unit.name.size()), count))
      continue;  // "5ms" ends in "s" too
    const double time = std::round(count * static_cast<double>(unit.length));
    return time >= 1 && time < 9e18 ? static_cast<Time>(time) : kNever;
  }
  return kNever;
}

std::string time_text(Time time) {
  const Unit* unit = std::end(kUnits) - 1;
  while (time % unit->length != 0) --unit;
  return std::to_string(time / unit->length) + std::string(unit->name);
}

std::string Interval::text() const {
  return "interval:" + time_text(interval_);
}
std::string EveryN::text() const {
  return "every:" + std::to_string(limit_);
}
std::string Seeded::text() const {
  return "seeded:" + std::to_string(seed_);
}

ParsedSchedule parse_schedule(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view value = colon == text.npos ? "" : text.substr(colon + 1);
  std::uint64_t number = 0;
  if (kind == "interval") {
    const Time interval = parse_time(value);
    if (interval == kNever) return {nullptr, "interval: needs a time such as 5ms, 100us or 1s"};
    return {std::make_unique<Interval>(interval), ""};
  }
  if (kind == "every") {
    if (!parse_number(value, number) || number == 0)
      return {nullptr, "every: needs a number of instructions, from 1"};
    return {std::make_unique<EveryN>(number), ""};
  }
  if (kind == "seeded") {
    if (!parse_number(value, number)) return {nullptr, "seeded: needs a number from 0 to 2**64-1"};
    return {std::make_unique<Seeded>(number), ""};
  }
  if (kind == "steps") return parse_steps(value);
  if (kind == "responsive") {
    const Time interval = parse_time(value);
    if (interval == kNever) return {nullptr, "responsive: needs a time such as 5ms, 100us or 1s"};
    return {std::make_unique<Responsive>(interval), ""};
  }
  return {nullptr, "not one of interval:TIME, every:N, seeded:SEED, steps:LIST, responsive:TIME"};
}

}  // namespace mini::sched
