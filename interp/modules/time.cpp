// The module `time`. Under a virtual clock every clock of it reads the VM's, which moves only while nobody can run.
#include <time.h>

#include "interp/modules/modules.h"
#include "interp/modules/struct_sequence.h"
#include "interp/modules/thread.h"

namespace mini::modules {
namespace {

/// 1 January 2000: where a virtual clock's time() begins, so that dates look like dates.
constexpr sched::Time kVirtualEpoch = 946684800 * sched::kSecond;

sched::Time read(Call& call, clockid_t clock) {
  sched::Runner& runner = thread_of(call).machine->runner();
  return runner.outside_number(sched::Outside::Clock, [&] {
    if (runner.clock() == sched::ClockKind::Virtual)
      return runner.now() + (clock == CLOCK_REALTIME ? kVirtualEpoch : 0);
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * sched::kSecond + now.tv_nsec;
  });
}

template <clockid_t kClock>
Result<Ref<Value>> seconds(Call& call) {
  return make_float(call.heap, to_seconds(read(call, kClock)));
}
template <clockid_t kClock>
Result<Ref<Value>> nanoseconds(Call& call) {
  return make_int(call.heap, read(call, kClock));
}

Result<Ref<Value>> sleep(Call& call) {
  ThreadState& thread = thread_of(call);
  const bool first = take_phase(thread) == 0;
  sched::Time deadline = thread.suspension.deadline;
  if (first) {
    const sched::Time span = MINI_TRY(seconds_argument(call.heap, call[0]));
    if (span < 0) return call.heap.raise_text(BuiltinType::kValueError, "sleep length must be non-negative");
    deadline = deadline_after(thread, span);
  } else {
    if (interrupted(thread)) return raised;
    if (thread.wake_reason == sched::Wake::TimedOut) return none();
  }
  return wait_until(call, 1, nullptr, deadline, sched::WaitKind::Sleep, nullptr);
}

// Dates ---------------------------------------------------------------------------------------------------------------

constexpr const char* kFields[] = {"tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min",
                                   "tm_sec",  "tm_wday", "tm_yday", "tm_isdst"};
// Attributes that are no items: None in a date that a script made.
constexpr const char *kZone = "tm_zone", *kOffset = "tm_gmtoff";

Result<Ref<Value>> make_date(Call& call, const tm& date) {
  Heap& heap = call.heap;
  Ref<Str> module_name = MINI_TRY(heap.intern("time"));
  Ref<Str> type_name = MINI_TRY(heap.intern("struct_time"));
  const Value module = get_name(thread_of(call).machine->state().modules, module_name.get());
  Ref<Value> type = MINI_TRY(get_attribute(heap, module, type_name.get()));
  Value items[] = {Value::integer(date.tm_year + 1900), Value::integer(date.tm_mon + 1), Value::integer(date.tm_mday),
                   Value::integer(date.tm_hour),        Value::integer(date.tm_min),     Value::integer(date.tm_sec),
                   Value::integer((date.tm_wday + 6) % 7), Value::integer(date.tm_yday + 1),
                   Value::integer(date.tm_isdst)};
  Ref<Value> made = MINI_TRY(make_struct(heap, static_cast<Type*>(type.get().as_object()), items));
  Ref<Value> zone = MINI_TRY(text(heap, date.tm_zone));
  Ref<Str> zone_name = MINI_TRY(heap.intern(kZone)), offset_name = MINI_TRY(heap.intern(kOffset));
  MINI_TRY(set_instance_attribute(heap, made.get().as_object(), zone_name.get(), zone));
  MINI_TRY(set_instance_attribute(heap, made.get().as_object(), offset_name.get(), Value::integer(date.tm_gmtoff)));
  return made;
}

Result<time_t> moment(Call& call) {
  if (call.has(0) && !call[0].is_none()) {
    if (is_any_float(call[0])) {
      // What the year's int can hold, and more; what is beyond is refused by the functions that break it down.
      constexpr double kLimit = 0x1p62;
      const double seconds = float_of(call[0]);
      if (std::isnan(seconds)) return call.heap.raise_text(BuiltinType::kValueError, "Invalid value NaN (not a number)");
      if (!(std::fabs(seconds) < kLimit))
        return call.heap.raise_text(BuiltinType::kOverflowError, "timestamp out of range for platform time_t");
      return static_cast<time_t>(std::floor(seconds));
    }
    return MINI_TRY(to_int64(call.heap, call[0]));
  }
  return read(call, CLOCK_REALTIME) / sched::kSecond;
}
Result<Ref<Value>> localtime(Call& call) {
  const time_t at = MINI_TRY(moment(call));
  tm date{};
  ::localtime_r(&at, &date);
  return make_date(call, date);
}
Result<Ref<Value>> gmtime(Call& call) {
  const time_t at = MINI_TRY(moment(call));
  tm date{};
  ::gmtime_r(&at, &date);
  return make_date(call, date);
}

/// The nine numbers of a date, or now. `zone` keeps the name of its time zone, if the date has one.
Result<tm> date_argument(Call& call, uint32_t index, const char* function, std::string& zone) {
  tm date{};
  if (!call.has(index)) {
    const time_t now = read(call, CLOCK_REALTIME) / sched::kSecond;
    ::localtime_r(&now, &date);
    return date;
  }
  if (!has_kind(call[index], BuiltinType::kTuple))
    return call.heap.raise_text(BuiltinType::kTypeError, "Tuple or struct_time argument required");
  if (static_cast<Tuple*>(call[index].as_object())->length != 9)
    return call.heap.raise(BuiltinType::kTypeError, "{}(): illegal time tuple argument", function);
  auto* items = static_cast<Tuple*>(call[index].as_object())->items();
  int* const fields[] = {&date.tm_year, &date.tm_mon, &date.tm_mday, &date.tm_hour, &date.tm_min,
                         &date.tm_sec,  &date.tm_wday, &date.tm_yday, &date.tm_isdst};
  for (int i = 0; i < 9; ++i) *fields[i] = static_cast<int>(MINI_TRY(to_int64(call.heap, items[i])));
  date.tm_year -= 1900;
  --date.tm_mon;
  date.tm_wday = (date.tm_wday + 1) % 7;
  --date.tm_yday;
  Ref<Str> zone_name = MINI_TRY(call.heap.intern(kZone));
  const Value name = get_instance_attribute(call[index].as_object(), zone_name.get());
  if (const Str* text = name.is_unbound() ? nullptr : as_str(call.heap, name)) {
    zone = to_utf8(text);
    date.tm_zone = zone.c_str();
  }
  return date;
}

Result<Ref<Value>> strftime(Call& call) {
  const std::string pattern = MINI_TRY(text_argument(call.heap, call[0], "strftime() argument 1"));
  std::string zone;
  const tm date = MINI_TRY(date_argument(call, 1, "strftime", zone));
  if (pattern.empty()) return text(call.heap, "");
  std::string out(64 + 8 * pattern.size(), '\0');
  // A result that is rightly empty (an empty %p) looks like one that did not fit: a mark behind it tells them apart.
  const std::string marked = pattern + "|";
  size_t length;
  while ((length = ::strftime(out.data(), out.size(), marked.c_str(), &date)) == 0) out.resize(2 * out.size());
  return text(call.heap, std::string_view(out).substr(0, length - 1));
}
Result<Ref<Value>> mktime(Call& call) {
  std::string zone;
  tm date = MINI_TRY(date_argument(call, 0, "mktime", zone));
  return make_float(call.heap, static_cast<double>(::mktime(&date)));
}
Result<Ref<Value>> asctime(Call& call) {
  std::string zone;
  const tm date = MINI_TRY(date_argument(call, 0, "asctime", zone));
  char out[64];
  ::strftime(out, sizeof out, "%a %b %e %H:%M:%S %Y", &date);
  return text(call.heap, out);
}
Result<Ref<Value>> ctime(Call& call) {
  const time_t at = MINI_TRY(moment(call));
  tm date{};
  ::localtime_r(&at, &date);
  char out[64];
  ::strftime(out, sizeof out, "%a %b %e %H:%M:%S %Y", &date);
  return text(call.heap, out);
}

/// What the library's `_strptime` reads from a text.
Result<Ref<Value>> strptime(Call& call) {
  Heap& heap = call.heap;
  const Value builtins = get_name(thread_of(call).machine->state().modules, heap.name(Name::kbuiltins));
  Ref<Value> import = MINI_TRY(get_attribute(heap, builtins, heap.name(Name::k__import__)));
  Ref<Str> module_name = MINI_TRY(heap.intern("_strptime")), function_name = MINI_TRY(heap.intern("_strptime_time"));
  const Value name = module_name;
  Ref<Value> module = MINI_TRY(object::call(heap, import, &name, 1));
  Ref<Value> function = MINI_TRY(get_attribute(heap, module, function_name.get()));
  return object::call(heap, function, call.args, call.count);
}

/// The local time zone, in winter and in summer.
struct Zone {
  long seconds_west;
  std::string name;
};
struct LocalZone {
  Zone standard, summer;
};
/// What the zone says of two days half a year apart (3.13 Modules/timemodule.c, init_timezone). South of the equator the
/// first of them is the summer's.
LocalZone local_zone() {
  constexpr time_t kYear = (365 * 24 + 6) * 3600;
  auto zone_at = [](time_t at) {
    tm date{};
    ::localtime_r(&at, &date);
    return Zone{-date.tm_gmtoff, date.tm_zone ? date.tm_zone : ""};
  };
  const time_t new_year = ::time(nullptr) / kYear * kYear;
  Zone january = zone_at(new_year), july = zone_at(new_year + kYear / 2);
  if (january.seconds_west < july.seconds_west) std::swap(january, july);
  return {std::move(january), std::move(july)};
}

constexpr NativeDefinition kTimeFunctions[] = {
    {"time.time()", seconds<CLOCK_REALTIME>},
    {"time.time_ns()", nanoseconds<CLOCK_REALTIME>},
    {"time.monotonic()", seconds<CLOCK_MONOTONIC>},
    {"time.monotonic_ns()", nanoseconds<CLOCK_MONOTONIC>},
    {"time.perf_counter()", seconds<CLOCK_MONOTONIC>},
    {"time.perf_counter_ns()", nanoseconds<CLOCK_MONOTONIC>},
    {"time.process_time()", seconds<CLOCK_PROCESS_CPUTIME_ID>},
    {"time.process_time_ns()", nanoseconds<CLOCK_PROCESS_CPUTIME_ID>},
    {"time.thread_time()", seconds<CLOCK_THREAD_CPUTIME_ID>},
    {"time.thread_time_ns()", nanoseconds<CLOCK_THREAD_CPUTIME_ID>},
    {"time.sleep(seconds, /)", sleep},
    {"time.localtime(seconds=None, /)", localtime},
    {"time.gmtime(seconds=None, /)", gmtime},
    {"time.mktime(date, /)", mktime},
    {"time.strftime(format, date=None, /)", strftime},
    {"time.strptime(*args)", strptime},
    {"time.asctime(date=None, /)", asctime},
    {"time.ctime(seconds=None, /)", ctime},
};

}  // namespace

Result<void> fill_time(Machine& machine, Module* module) {
  MINI_TRY(add_functions(machine, module, kTimeFunctions));
  const LocalZone zone = local_zone();
  MINI_TRY(add_integer(machine, module, "timezone", zone.standard.seconds_west));
  MINI_TRY(add_integer(machine, module, "altzone", zone.summer.seconds_west));
  MINI_TRY(add_integer(machine, module, "daylight", zone.standard.seconds_west != zone.summer.seconds_west));
  const Ref<Value> names[] = {MINI_TRY(text(machine.heap(), zone.standard.name)),
                              MINI_TRY(text(machine.heap(), zone.summer.name))};
  const Value both[] = {names[0], names[1]};
  MINI_TRY(add_value(machine, module, "tzname", MINI_TRY(widen(make_tuple(machine.heap(), both, 2)))));
  Ref<Type> date = MINI_TRY(make_struct_type(machine.heap(), "time.struct_time", kFields));
  for (const char* attribute : {kZone, kOffset}) {
    Ref<Str> name = MINI_TRY(machine.heap().intern(attribute));
    MINI_TRY(set_name(machine.heap(), date->attributes, name.get(), kNone));
  }
  return add_value(machine, module, "struct_time", std::move(date));
}

}  // namespace mini::modules
