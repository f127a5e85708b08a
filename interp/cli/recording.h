// --record, --replay and `mini recording`.
#pragma once

#include <string>

#include "interp/vm/machine.h"
#include "runtime/sched/recording.h"

namespace mini::cli {

/// The script on the command line, as it is read for a run.
struct Script {
  std::string name;    ///< as tracebacks show it
  std::string source;
};

/// Begins a recording of the run that `options` describe. False: it cannot be made, with the reason in `error`.
bool begin_recording(const std::string& filename, const Script& script, vm::Options& options,
                     sched::RecordingWriter& writer, std::string& error);

/// Makes `options` those of a replay of a recording or a token, and the script's name the recorded one. False: refused,
/// with what differs in `error`. `model_given`: the model in `options` was asked for.
bool prepare_replay(const std::string& what, bool model_given, Script& script, vm::Options& options, std::string& error);

/// `mini recording FILE`: prints a recording in words; the exit status.
int print_recording(const std::string& filename);

}  // namespace mini::cli
