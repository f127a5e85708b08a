// A recorded run is repeated instruction by instruction: in both loops, under both runners, whatever its schedule was.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/sched/recording.h"
#include "runtime/sched/token.h"
#include "tests/unit/vm/program_writer.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

namespace {

/// A file that is gone afterwards.
struct TemporaryFile {
  std::string name = (std::filesystem::temp_directory_path() / fmt::format("mini-replay-{}", ::getpid())).string();
  ~TemporaryFile() { std::filesystem::remove(name); }
};

struct Recorded {
  Run run;
  uint64_t forced = 0;  ///< switches in the script's own code
  std::vector<sched::Slice> slices;
  std::string obstacle;
};

Recorded record(const std::string& program, Options options, const std::string& filename, bool traced) {
  Recorded recorded;
  sched::RecordingWriter writer;
  std::string error;
  REQUIRE_MESSAGE(writer.open(filename, error), error);
  sched::RecordingHeader header;
  header.version = "test";
  header.schedule = schedule_text(options);
  header.switch_points = bytecode::name(options.switch_model);
  header.virtual_clock = clock_of(options) == sched::ClockKind::Virtual;
  writer.begin(header);
  options.journal = &writer;
  options.observed = traced;
  Session session(std::move(options), traced);
  writer.set_place_of([&](const sched::Position& position) { return session.machine().place(position); });
  session.start(program);
  for (const auto& [place, count] : session.machine().switch_counts().places)
    if (!place.code->has(bytecode::kPrelude)) recorded.forced += count;
  recorded.slices = session.machine().runner().slices().slices();
  recorded.obstacle = session.machine().runner().slices().obstacle();
  recorded.run = session.finish();
  CHECK(writer.error() == "");
  return recorded;
}

Run replay(const std::string& program, std::unique_ptr<sched::EventSource> events, const sched::RecordingHeader& header,
           bool os_threads, bool traced) {
  Options options;
  options.switch_model = bytecode::switch_model(header.switch_points).value();
  options.os_threads = os_threads;
  options.observed = traced;
  auto parsed = sched::parse_schedule(header.schedule);
  options.given_schedule = std::make_shared<sched::Replay>(std::move(events), std::move(parsed.schedule),
                                                          header.virtual_clock ? sched::ClockKind::Virtual : sched::ClockKind::Real);
  Session session(std::move(options), traced);
  session.start(program);
  return session.finish();
}

Run replay_file(const std::string& program, const std::string& filename, bool os_threads, bool traced) {
  sched::Recording recording;
  std::string error;
  REQUIRE_MESSAGE(sched::read_recording(filename, recording, error), error);
  return replay(program, std::move(recording.events), recording.header, os_threads, traced);
}

bool same_but_trace(const Run& a, const Run& b) {
  return a.status == b.status && a.output == b.output && a.errors == b.errors;
}

/// A random program, and two threads beside it that race all the time.
std::string racing_program(uint64_t number) {
  return R"(import threading
shared, trail = 0, []
def spin(rounds):
    global shared
    for i in range(rounds):
        shared += 1
        if i % 40 == 0:
            trail.append(rounds)
spinners = [threading.Thread(target=spin, args=(rounds,)) for rounds in (1500, 1501)]
for spinner in spinners:
    spinner.start()
)" + ProgramWriter(number, true).program() +
         R"(
for spinner in spinners:
    spinner.join()
print(shared, ''.join([str(rounds - 1500) for rounds in trail]))
)";
}

/// How many random programs; MINI_PROGRAMS sets another number.
uint64_t program_count(uint64_t usual) {
  const char* wanted = std::getenv("MINI_PROGRAMS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : usual / kFewer;
}

}  // namespace

TEST_CASE("random racing programs under a tiny real interval are repeated exactly") {
  using bytecode::SwitchModel;
  constexpr SwitchModel kModels[] = {SwitchModel::k39, SwitchModel::k310, SwitchModel::k312, SwitchModel::kEvery};
  const TemporaryFile file;
  const uint64_t programs = program_count(15);
  uint64_t differing = 0, forced = 0, bytes = 0, slices = 0;
  std::map<int, int> statuses;
  for (uint64_t number = 0; number < programs; ++number) {
    const std::string program = racing_program(number);
    CAPTURE(number);
    CAPTURE(program);
    Options options;
    options.schedule = "interval:1us";
    options.switch_model = kModels[number % 4];
    const Run first = run_script(program, options, false), second = run_script(program, options, false);
    differing += !same_but_trace(first, second);

    // As it ran fast; then as it ran before an observer, so that there is a trace to compare with.
    const Recorded fast = record(program, options, file.name, false);
    CHECK(fast.forced >= 20);
    forced += fast.forced;
    bytes += std::filesystem::file_size(file.name);
    slices += fast.slices.size();
    ++statuses[fast.run.status];
    const Run again = replay_file(program, file.name, true, false);
    REQUIRE_MESSAGE(same_but_trace(again, fast.run), difference(fast.run, again));
    const Run traced = replay_file(program, file.name, true, true);
    REQUIRE_MESSAGE(same_but_trace(traced, fast.run), difference(fast.run, traced));
    const Run in_turn = replay_file(program, file.name, false, true);
    REQUIRE_MESSAGE(in_turn == traced, difference(traced, in_turn));

    const Recorded observed = record(program, options, file.name, true);
    const Run observed_again = replay_file(program, file.name, number % 2, true);
    REQUIRE_MESSAGE(observed_again == observed.run, difference(observed.run, observed_again));
    const Run observed_fast = replay_file(program, file.name, true, false);
    REQUIRE_MESSAGE(same_but_trace(observed_fast, observed.run), difference(observed.run, observed_fast));
  }
  CHECK(differing * 2 >= programs);
  CHECK(statuses[0] > 0);
  MESSAGE(programs, " programs, ", differing, " differ in two runs, ", forced, " forced switches, ", slices, " slices, ",
          bytes, " bytes; deadlocks: ", statuses[3]);
}

TEST_CASE("exact schedules are repeated from recordings, and from their slices alone") {
  const TemporaryFile file;
  sched::Random random(5);
  for (uint64_t number = 0; number < 40 / kFewer; ++number) {
    const std::string program = ProgramWriter(number + 500, true).program();
    CAPTURE(number);
    CAPTURE(program);
    Options options;
    options.schedule = number % 3 ? "seeded:" + std::to_string(random.next()) : "every:5";
    options.os_threads = number % 2;
    const Recorded recorded = record(program, options, file.name, true);
    CHECK(recorded.obstacle == "");
    const Run again = replay_file(program, file.name, !options.os_threads, true);
    REQUIRE_MESSAGE(again == recorded.run, difference(recorded.run, again));
    const Run fast = replay_file(program, file.name, options.os_threads, false);
    REQUIRE_MESSAGE(same_but_trace(fast, recorded.run), difference(recorded.run, fast));
    sched::RecordingHeader of_token;
    of_token.switch_points = "3.9";
    of_token.virtual_clock = true;
    const auto token = sched::decode_token(sched::encode_token({}, recorded.slices));
    REQUIRE(token.error == "");
    const Run sliced = replay(program, sched::slice_source(token.slices), of_token, options.os_threads, true);
    REQUIRE_MESSAGE(sliced == recorded.run, difference(recorded.run, sliced));
  }
}

TEST_CASE("a replay that does not fit ends, and says where") {
  const TemporaryFile file;
  const char* program = R"(import threading
def work():
    total = 0
    for i in range(50):
        total += i
    print(total)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
)";
  Options options;
  options.schedule = "every:30";
  record(program, options, file.name, false);
  std::string changed = program;
  SUBCASE("another loop") { changed.replace(changed.find("50"), 2, "20"); }
  SUBCASE("another name") { changed.replace(changed.find("def work"), 8, "def toil"), changed.replace(changed.find("target=work"), 11, "target=toil"); }
  SUBCASE("a clock") { changed.replace(changed.find("total = 0"), 9, "import time; total = time.time() and 0"); }
  for (const bool os_threads : {false, true})
    for (const bool traced : {false, true}) {
      const Run run = replay_file(changed, file.name, os_threads, traced);
      CHECK(run.status == 4);
      CHECK(run.errors.starts_with("mini: the replay cannot go on: slice "));
      CHECK(run.errors.find("but in the recorded run") + run.errors.find("in the recorded run") < 2 * run.errors.size());
    }
}

TEST_CASE("a recording of which any byte was changed, or any end cut off, is refused") {
  const TemporaryFile file;
  Options options;
  options.schedule = "seeded:3";
  record(racing_program(3), options, file.name, false);
  std::string bytes;
  {
    std::ifstream stream(file.name, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(stream), {});
  }
  REQUIRE(bytes.size() > 100);
  auto refused = [&](const std::string& changed) {
    std::ofstream(file.name, std::ios::binary) << changed;
    sched::Recording recording;
    std::string error;
    return !sched::read_recording(file.name, recording, error) && !error.empty();
  };
  CHECK_FALSE(refused(bytes));
  const size_t step = std::max<size_t>(1, bytes.size() / 300);
  for (size_t i = 0; i < bytes.size(); i += i < 40 || i + 40 > bytes.size() ? 1 : step) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    CHECK_MESSAGE(refused(changed), i);
    CHECK_MESSAGE(refused(bytes.substr(0, i)), i);
  }
  CHECK(refused(bytes + "x"));
}
