// Recordings and tokens as the command line knows them.
#include "interp/cli/recording.h"

#include <fmt/format.h>

#include <iostream>

#include "interp/cli/exit_status.h"
#include "interp/vm/repeated_run.h"
#include "runtime/sched/runner.h"

namespace mini::cli {

namespace {

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
}

// In words ----------------------------------------------------------------------------------------------------------

std::string when_text(const sched::Event& event, const char* at_end) {
  switch (event.when.kind) {
    case sched::Moment::Kind::End:
      return at_end;
    case sched::Moment::Kind::Point:
      return fmt::format("after {} ticks, before {}", event.when.position.ticks, sched::text(*event.place));
    case sched::Moment::Kind::Call:
      return fmt::format("in its blocking call {}", event.when.count);
    case sched::Moment::Kind::Poll:
      return fmt::format("when it looked for interrupts, time {}", event.when.count);
  }
  return "";
}

std::string quoted(const std::string& bytes) {
  constexpr size_t kShown = 60;
  std::string text = "'";
  for (const char byte : bytes.substr(0, kShown)) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '\n') text += "\\n";
    else if (code < 32 || code >= 127 || byte == '\'') text += fmt::format("\\x{:02x}", code);
    else text += byte;
  }
  return text + (bytes.size() > kShown ? "'…" : "'");
}

std::string event_text(const sched::Event& event) {
  using Kind = sched::Event::Kind;
  switch (event.kind) {
    case Kind::Slice:
      return fmt::format("{}{}; T{} goes on",
                         event.cause == sched::Cause::Switched   ? "is made to give way "
                         : event.cause == sched::Cause::Called   ? "waits outside, "
                         : event.cause == sched::Cause::Finished ? "ends"
                                                                 : "blocks",
                         when_text(event, ""), event.thread);
    case Kind::Wake:
      return fmt::format("T{}'s wait is over, {}: {}", event.thread, when_text(event, "at the end of the slice"),
                         event.reason == sched::Wake::TimedOut ? "its time has come" : "an interrupt");
    case Kind::Interrupt:
      return "is interrupted " + when_text(event, "");
    case Kind::Taken:
      return fmt::format("the waiter that was woken has taken the lock, at question {} since the last time", event.when.count);
    case Kind::Number:
      return fmt::format("from outside, {}: {}", sched::name(event.outside), event.number);
    case Kind::Bytes:
      if (event.outside == sched::Outside::Random) return fmt::format("from outside, {} random bytes", event.bytes.size());
      return fmt::format("from outside, {}: {} bytes, {}", sched::name(event.outside), event.bytes.size(),
                         quoted(event.bytes));
    case Kind::End:
      return event.outcome == sched::Outcome::Deadlock        ? "a deadlock: no thread can run"
             : event.outcome == sched::Outcome::ScheduleError ? "the schedule could not go on"
                                                              : "ends, and the run with it";
  }
  return "";
}

}  // namespace

bool begin_recording(const std::string& filename, const Script& script, vm::Options& options,
                     sched::RecordingWriter& writer, std::string& error) {
  if (!writer.open(filename, error)) return false;
  sched::RecordingHeader header;
  header.version = MINI_VERSION;
  header.script = script.name;
  header.fingerprint = sched::Fingerprint::of(script.source);
  header.switch_points = bytecode::name(options.switch_model);
  header.schedule = vm::schedule_text(options);
  header.virtual_clock = vm::clock_of(options) == sched::ClockKind::Virtual;
  header.memory_limit = options.memory_limit;
  header.seed = options.seed;
  header.arguments = options.arguments;
  writer.begin(std::move(header));
  options.journal = &writer;
  return true;
}

bool prepare_replay(const std::string& what, bool model_given, Script& script, vm::Options& options, std::string& error) {
  const auto run = vm::read_run(what, MINI_VERSION, error);
  if (!run) return false;
  error = run->refusal(script.source);
  if (!error.empty()) return false;
  if (model_given && run->switch_model != options.switch_model)
    return error = fmt::format("it is for --switch-points={}", bytecode::name(run->switch_model)), false;
  const std::vector<std::string> given = options.arguments;
  run->apply_to(options);
  if (!run->header) return true;
  const std::vector<std::string>& recorded = run->header->arguments;
  if (given.size() > 1 && !std::equal(given.begin() + 1, given.end(), recorded.begin() + 1, recorded.end()))
    return error = fmt::format("the script's arguments were [{}]", fmt::join(recorded.begin() + 1, recorded.end(), " ")), false;
  options.moved_directory = {directory_of(recorded[0]), directory_of(given[0])};
  script.name = run->header->script;
  return true;
}

int print_recording(const std::string& filename) {
  sched::Recording recording;
  std::string error;
  if (!sched::read_recording(filename, recording, error)) {
    std::cerr << "mini: " << filename << ": " << error << '\n';
    return kStatusRefused;
  }
  const sched::RecordingHeader& header = recording.header;
  std::cout << fmt::format("a run of {} (fingerprint {:016x}), recorded by mini {}\n", header.script, header.fingerprint,
                           header.version)
            << fmt::format("switch points {}, schedule {}, {} clock; sys.argv: {}\n", header.switch_points, header.schedule,
                           header.virtual_clock ? "virtual" : "real", fmt::join(header.arguments, " "));
  uint64_t slice = 1, forced = 0;
  uint32_t thread = 0;
  for (;; recording.events->advance()) {
    const sched::Event& event = recording.events->next();
    std::cout << fmt::format("{:>6}  T{:<3} {}\n", slice, thread, event_text(event));
    if (event.kind == sched::Event::Kind::End) break;
    if (event.kind != sched::Event::Kind::Slice) continue;
    ++slice;
    forced += event.cause == sched::Cause::Switched;
    thread = event.thread;
  }
  std::cout << fmt::format("{} slices, {} of them ended by force\n", slice, forced) << std::flush;
  return 0;
}

}  // namespace mini::cli
