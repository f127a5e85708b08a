// The same schedule gives the same trace under both runners, and a program without races the same output in any way.
#include <set>

#include "tests/unit/vm/program_writer.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

namespace {

std::string random_steps(sched::Random& random) {
  std::string list = "steps:";
  const uint32_t length = 2 + random.below(6);
  for (uint32_t i = 0; i < length; ++i) {
    list += (i ? " T" : "T") + std::to_string(random.below(3));
    const uint32_t kind = random.below(12);
    if (kind > 0) list += "*";
    if (kind > 1) list += std::to_string(1 + random.below(30));
  }
  return list;
}

Options with_schedule(std::string schedule, bool os_threads, bytecode::SwitchModel model) {
  Options options;
  options.schedule = std::move(schedule);
  options.os_threads = os_threads;
  options.switch_model = model;
  return options;
}

uint64_t hand_overs(const Run& run) {
  return std::count_if(run.trace.begin(), run.trace.end(), [](const Step& step) { return step.thread == ~0u; });
}

}  // namespace

TEST_CASE("random threaded programs run the same under both runners") {
  using bytecode::SwitchModel;
  constexpr SwitchModel kModels[] = {SwitchModel::k39, SwitchModel::k310, SwitchModel::k312, SwitchModel::kEvery};
  sched::Random random(8);
  std::map<int, int> statuses;
  int errors_seen = 0, outputs_that_differ = 0;
  uint64_t switches = 0;
  for (uint64_t number = 0; number < 250 / kFewer; ++number) {
    const std::string program = ProgramWriter(number, true).program();
    const SwitchModel model = kModels[number % 4];
    const std::string schedules[] = {random.below(8) ? "every:7" : "every:1", "seeded:" + std::to_string(number),
                                     random_steps(random)};
    std::set<std::string> outputs;
    for (const std::string& schedule : schedules) {
      CAPTURE(number);
      CAPTURE(schedule);
      CAPTURE(program);
      // A count of steps may end anywhere under that model only.
      const SwitchModel under = schedule.starts_with("steps") && number % 8 ? SwitchModel::kEvery : model;
      const Run one = run_script(program, with_schedule(schedule, false, under));
      const Run many = run_script(program, with_schedule(schedule, true, under));
      INFO(difference(one, many));
      REQUIRE(one == many);
      ++statuses[one.status];
      errors_seen += one.errors.find("Exception in thread") != std::string::npos;
      switches += hand_overs(one);
      outputs.insert(one.output);
    }
    outputs_that_differ += outputs.size() > 1;
  }
  // The property says nothing unless all this has happened.
  CHECK(statuses[0] > 400 / kFewer);
  CHECK(statuses[2] > 10 / kFewer);  // a list of steps that does not fit
  CHECK(statuses[3] > 5 / kFewer);   // a deadlock
  CHECK(errors_seen > 50 / kFewer);
  CHECK(outputs_that_differ > 100 / kFewer);
  CHECK(switches > 10000 / kFewer);
  MESSAGE("status 0: ", statuses[0], ", 1: ", statuses[1], ", 2: ", statuses[2], ", 3: ", statuses[3],
          ", uncaught in a thread: ", errors_seen, ", outputs differ: ", outputs_that_differ, ", hand-overs: ", switches);
}

TEST_CASE("a seed gives the same output every time") {
  for (uint64_t number = 1000; number < 1030; ++number) {
    const std::string program = ProgramWriter(number, true).program();
    CAPTURE(program);
    const std::string schedule = "seeded:" + std::to_string(number);
    const Run first = run_script(program, with_schedule(schedule, true, bytecode::SwitchModel::k39), false);
    const Run second = run_script(program, with_schedule(schedule, true, bytecode::SwitchModel::k39), false);
    REQUIRE(first == second);
  }
}

TEST_CASE("programs without races print the same in the fast and the observed loop, under every schedule") {
  for (uint64_t number = 2000; number < 2060; ++number) {
    const std::string program = ProgramWriter(number, false).program();
    CAPTURE(number);
    CAPTURE(program);
    auto run = [&](const char* schedule, bool os_threads, bool observed) {
      Options options = with_schedule(schedule, os_threads, bytecode::SwitchModel::k39);
      options.observed = observed;
      options.clock = sched::ClockKind::Virtual;
      return run_script(program, std::move(options), false);
    };
    const Run fast = run("interval:5ms", true, false);
    CHECK(!fast.output.empty());
    for (const auto& variant :
         {std::tuple{"interval:5ms", false, false}, {"interval:5ms", true, true}, {"interval:5us", true, false},
          {"every:3", false, true}, {"seeded:5", true, true}}) {
      const auto [schedule_text, os_threads, observe] = variant;
      const char* const schedule = schedule_text;  // a lambda of doctest's captures these: no bindings in clang 14
      const bool observed = observe;
      CAPTURE(schedule);
      CAPTURE(observed);
      const Run other = run(schedule, os_threads, observed);
      INFO(difference(fast, other));
      REQUIRE(fast == other);
    }
  }
}
