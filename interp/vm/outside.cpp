#include "interp/vm/outside.h"

#include <unistd.h>

#include <cerrno>

#include "interp/vm/machine.h"

namespace mini::vm {

namespace {

/// How much was written, or -errno if that is nothing. A part only where a signal came while the rest had to wait: then
/// whoever writes looks at that before it goes on.
int64_t write_all(int descriptor, std::string_view bytes) {
  const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
  return written < 0 ? -errno : written;
}

}  // namespace

size_t write_outside(ThreadState& thread, int descriptor, std::string_view bytes, int& error) {
  sched::Runner& runner = thread.machine->runner();
  auto write = [&] { return write_all(descriptor, bytes); };
  int64_t result = 0;
  if (!runner.repeats_outside()) {
    result = runner.call_outside(thread, write);
  } else {
    {
      sched::BlockingCall call(runner, thread);
      if (descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO) write();
    }
    result = runner.outside_number(sched::Outside::Result, write);
  }
  error = result < 0 ? static_cast<int>(-result) : 0;
  return result < 0 ? 0 : static_cast<size_t>(result);
}

std::string read_outside(ThreadState& thread, int descriptor, size_t limit, int& error) {
  sched::Runner& runner = thread.machine->runner();
  if (const auto& input = thread.machine->options().input; input && descriptor == STDIN_FILENO) {
    error = 0;
    return runner.outside_bytes(sched::Outside::Input, input);
  }
  std::string bytes;
  const int64_t result = runner.call_outside(thread, [&]() -> int64_t {
    bytes.resize(limit);
    const ssize_t count = ::read(descriptor, bytes.data(), limit);
    return count < 0 ? -errno : count;
  });
  error = result < 0 ? static_cast<int>(-result) : 0;
  bytes.resize(result < 0 ? 0 : static_cast<size_t>(result));
  if (result <= 0) return bytes;
  return runner.outside_bytes(sched::Outside::Input, [&] { return std::move(bytes); });
}

bool isatty_outside(Machine& machine, int descriptor) {
  return machine.runner().outside_number(sched::Outside::Other, [&] { return ::isatty(descriptor) == 1; }) != 0;
}

bool repeats_outside(Machine& machine) { return machine.runner().repeats_outside(); }

}  // namespace mini::vm
