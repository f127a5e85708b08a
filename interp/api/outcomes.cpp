// The outcomes of a script under many schedules.
#include "mini/outcomes.h"

#include <algorithm>

#include "mini/vm.h"

namespace mini {

std::set<std::string> Outcomes::values() const {
  std::set<std::string> values;
  for (const Outcome& outcome : all_) values.insert(outcome.value);
  return values;
}

bool Outcomes::has_deadlock() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Outcome& outcome) { return outcome.failed && outcome.kind == ErrorKind::kDeadlock; });
}

const Outcome* Outcomes::find(std::string_view value) const {
  for (const Outcome& outcome : all_)
    if (outcome.value == value) return &outcome;
  return nullptr;
}

Outcomes outcomes(std::string_view source, const OutcomeOptions& options) {
  std::string output;
  Options vm_options = options.vm;
  vm_options.runner = Runner::kOneThread;
  vm_options.schedule = Schedule::seeded(0);
  vm_options.observer = nullptr;
  if (vm_options.limits.instructions == 0) vm_options.limits.instructions = 1'000'000;
  vm_options.output = [&output](std::string_view text) { output += text; };
  // One VM: it is put back to its beginning for each run, which is quicker than a new one.
  Vm vm(std::move(vm_options));
  Outcomes found;
  {
    const Value code = vm.compile(source);
    const State beginning = vm.save();
    for (std::uint64_t seed = 0; seed < options.seeds; ++seed) {
      const Schedule schedule = Schedule::seeded(seed);
      if (seed > 0) vm.restore(beginning, schedule);
      output.clear();
      Outcome outcome;
      try {
        vm.run(code);
        vm.wait();
        outcome.value = options.global.empty() ? output : vm.get(options.global).repr();
      } catch (const Error& error) {
        outcome.failed = true;
        outcome.kind = error.kind();
        outcome.value = error.what();
        outcome.report = error.report();
        if (error.kind() == ErrorKind::kExit) outcome.value = options.global.empty() ? output : error.what();
      }
      auto same = std::find_if(found.all_.begin(), found.all_.end(), [&](const Outcome& other) {
        return other.value == outcome.value && other.failed == outcome.failed;
      });
      if (same == found.all_.end()) {
        outcome.token = schedule.name();
        found.all_.push_back(std::move(outcome));
        same = found.all_.end() - 1;
      }
      ++same->count;
    }
  }
  std::sort(found.all_.begin(), found.all_.end(),
            [](const Outcome& a, const Outcome& b) { return a.value < b.value; });
  return found;
}

}  // namespace mini
