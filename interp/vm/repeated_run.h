// A run to repeat: what a recording or a token tells of it, before it is known whether it is this script's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "interp/bytecode/switch_points.h"
#include "runtime/sched/recording.h"

namespace mini::vm {

struct Options;

struct RepeatedRun {
  std::shared_ptr<const sched::Schedule> replay;
  bytecode::SwitchModel switch_model{};
  std::optional<sched::RecordingHeader> header;  ///< of a recording
  uint32_t script_check = 0;                     ///< of a token: sched::script_check()

  /// Why it is no run of this script; empty: it is one.
  std::string refusal(const std::string& source) const;
  /// Makes `options` those of the repeated run, as far as they are known of it.
  void apply_to(Options& options) const;
};

/// Reads a token (`m1:…`) or else the recording in the file of that name. Nothing, with the reason in `error`: it cannot be
/// read, is damaged, or was made by another mini than `version`.
std::optional<RepeatedRun> read_run(const std::string& what, std::string_view version, std::string& error);

}  // namespace mini::vm
