#include "interp/vm/repeated_run.h"

#include "interp/vm/machine.h"
#include "runtime/sched/token.h"

namespace mini::vm {

namespace {

std::optional<RepeatedRun> read_token(const std::string& text, std::string& error) {
  sched::DecodedToken decoded = sched::decode_token(text);
  if (!decoded.error.empty()) return error = decoded.error, std::nullopt;
  RepeatedRun run;
  run.script_check = decoded.token.script;
  run.switch_model = static_cast<bytecode::SwitchModel>(decoded.token.model);
  run.replay =
      std::make_shared<sched::Replay>(sched::slice_source(std::move(decoded.slices)), nullptr, sched::ClockKind::Virtual);
  return run;
}

std::optional<RepeatedRun> read_file(const std::string& filename, std::string_view version, std::string& error) {
  sched::Recording recording;
  if (!sched::read_recording(filename, recording, error)) return {};
  const sched::RecordingHeader& header = recording.header;
  if (header.version != version)
    return error = fmt::format("it was made by mini {}; this is mini {}", header.version, version), std::nullopt;
  const auto model = bytecode::switch_model(header.switch_points);
  auto parsed = sched::parse_schedule(header.schedule);
  if (!model || (!parsed.schedule && header.schedule != "replay"))
    return error = "it holds options that this mini does not know", std::nullopt;
  RepeatedRun run;
  run.switch_model = *model;
  run.replay = std::make_shared<sched::Replay>(std::move(recording.events), std::move(parsed.schedule),
                                               header.virtual_clock ? sched::ClockKind::Virtual : sched::ClockKind::Real);
  run.header = std::move(recording.header);
  return run;
}

}  // namespace

std::string RepeatedRun::refusal(const std::string& source) const {
  if (!header) {
    if (script_check == sched::script_check(source)) return "";
    return "it is for another script, or this one has changed since";
  }
  const uint64_t now = sched::Fingerprint::of(source);
  if (now == header->fingerprint) return "";
  return fmt::format("the script has changed: its fingerprint was {:016x} and is {:016x}", header->fingerprint, now);
}

void RepeatedRun::apply_to(Options& options) const {
  options.switch_model = switch_model;
  options.given_schedule = replay;
  if (!header) return;
  options.arguments = header->arguments;
  options.memory_limit = header->memory_limit;
  options.seed = header->seed;
}

std::optional<RepeatedRun> read_run(const std::string& what, std::string_view version, std::string& error) {
  return what.starts_with("m1:") ? read_token(what, error) : read_file(what, version, error);
}

}  // namespace mini::vm
