// All that a script can do: a search of the graph of its states, ordered by preemptions.
//
// The machine runs on one OS thread under a schedule that stops it wherever another thread could make a difference; there
// each thread that can go on is tried from the same state. States are told apart by their hash, so no state is explored
// twice; they are explored in the order of the fewest preemptions that lead there (a preemption is leaving a thread that
// could go on), so that what is found first takes the fewest.
//
// explorer.cpp searches; foretelling.cpp knows what steps do without executing them; ends.cpp says how a run ended, and
// conclusions.cpp what was found.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "interp/explore/foresight.h"
#include "interp/explore/graph.h"
#include "interp/explore/line_pool.h"
#include "interp/explore/symmetry.h"
#include "interp/explore/visibility.h"

namespace mini::explore {

/// Whether `thread` is one of them.
inline bool contains(const std::vector<uint16_t>& threads, uint16_t thread) {
  return std::find(threads.begin(), threads.end(), thread) != threads.end();
}

/// A part of all schedules, where several explorations share them out: number `index`, from 1, of `count`.
struct Shard {
  uint32_t index = 1, count = 1;
};

struct Settings {
  std::string filename, source;
  vm::Options machine;               ///< model, library, arguments; the rest is the explorer's
  std::string bad;                   ///< an expression over the final globals; empty: none
  std::string shown;                 ///< a global whose final value tells outcomes apart; empty: none
  uint32_t max_preemptions = ~0u;
  uint64_t max_states = ~uint64_t{0};
  size_t memory_limit = size_t{2} << 30;  ///< bytes that the explorer may use
  double max_seconds = 0;            ///< 0: no limit
  bool stop_at_first = false;        ///< as soon as something bad was found
  bool any_output = false;           ///< outputs that differ are no fault
  bool reduce = true;                ///< leave out interleavings of private accesses; false: every access is visible
  enum class Engine : uint8_t { kStates, kTraces, kRandom } engine = Engine::kStates;
  uint64_t runs = 1000;              ///< kRandom: how many schedules
  bool commute = true;               ///< do not execute steps whose end is known from others (foresight.h)
  bool symmetry = true;              ///< of states that differ in who of equal threads does what, explore one; kStates, alone
  uint32_t jobs = 1;                 ///< processes that work on it; kTraces: one alone
  Shard shard;                       ///< the part of the schedules to explore
  bool verify = false;               ///< compare each hash with one of the whole heap
  std::function<bool()> interrupted; ///< asked now and then; true: end with what is known
};

enum class OutcomeKind : uint8_t { kEnded, kUncaught, kAssertion, kExit, kDeadlock, kLivelock, kBadState };
std::string_view name(OutcomeKind);
/// Whether it is bad whatever the program printed.
inline bool is_fault(OutcomeKind kind) { return kind != OutcomeKind::kEnded && kind != OutcomeKind::kExit; }

/// One way in which the program can end, or not end.
struct Outcome {
  OutcomeKind kind;
  int status = 0;               ///< as `mini` would exit
  std::string output, errors;
  std::string shown;            ///< repr() of Settings::shown; empty if the script did not come to its end, or has none
  bool bad = false;
  uint32_t preemptions = 0;     ///< at least
  double schedules = 0;         ///< how many lead here, told apart by the order of visible accesses
  std::vector<uint16_t> choices;  ///< a shortest one: who takes each step (see Explorer::replay)
};

enum class Verdict : uint8_t { kSafe, kBad, kIncomplete };

struct Findings {
  Verdict verdict = Verdict::kSafe;
  std::vector<Outcome> outcomes;      ///< by preemptions; those that are not bad first among equals
  std::string incomplete;             ///< why; empty: all schedules were explored
  uint32_t preemptions_done = 0;      ///< all schedules with at most so many were explored
  std::vector<std::string> left_out;  ///< what the result does not speak of
  uint64_t runs = 0;                  ///< kRandom, kTraces: schedules run
  uint64_t blocked_runs = 0;          ///< kTraces: begun and given up, as they would have repeated others
  uint64_t predicted = 0;             ///< steps whose end was known without executing them
  uint64_t states = 0, steps = 0, restarts = 0, verified = 0;
  size_t contended = 0;
  Shard shard;
  uint64_t split = 0;                 ///< the same for all shards that were cut from the same whole; 0: not cut, but whole
  std::vector<Race> races;            ///< over all that was explored
  std::vector<PotentialDeadlock> potential_deadlocks;
  std::vector<Origin> origins;
  double seconds = 0;
  size_t bytes = 0;                   ///< of states and frontier, at most
  bool started = false;               ///< false: the program is over before a second thread began
};

/// What the display of progress is told.
struct Progress {
  uint64_t states, waiting;  ///< found; of these, not yet explored
  uint32_t preemptions;
  double seconds;
  uint64_t runs = 0;  ///< of an engine that has no states
};

class Steering;
class OutsideWatch;
class Crew;
class Claims;
class Writer;
class Reader;

class Explorer {
 public:
  explicit Explorer(Settings settings);
  ~Explorer();
  /// False with the reason in `error`: the script cannot be started.
  bool run(Findings& findings, std::string& error);
  std::function<void(const Progress&)> on_progress;

  /// A finished run again, step by step, for reports: `watch` sees each instruction that runs.
  struct Executed {
    vm::ThreadState& thread;
    vm::Frame& frame;
    uint32_t index;
    bool is_point, counted;
    std::span<const observe::Access> accesses;
  };
  /// The last switch point before the visible access that a step stopped at.
  struct Stop {
    uint64_t ticks;
    uint32_t index;
  };
  struct StepResult {
    bool over;                 ///< the run ended
    bool at_exit;              ///< the main thread is about to end the program
    int status;
    std::optional<Stop> stop;  ///< the thread could go on; otherwise it blocked or ended
    bool unknown = false;      ///< it is over because the step was given up: nobody knows what comes of it
    bool told = true;          ///< its thread alone ran; false: others did, too, inside a native
  };
  void replay(const std::vector<uint16_t>& choices, const std::function<void(const Executed&)>& watch,
              const std::function<void(uint16_t thread, const StepResult&)>& after_step = {});
  /// How it ends when the first `count` of these steps are taken, and then each thread runs until it blocks or ends.
  Outcome without_preemption(const std::vector<uint16_t>& choices, size_t count);
  vm::Machine& machine() { return *machine_; }
  observe::Accesses& accesses() { return *accesses_; }

 private:
  friend class Steering;
  friend class RandomSearch;
  friend class TraceSearch;
  friend class Crew;
  struct Waiting {
    Difference difference;
    uint32_t output, errors, order;
    bool from_member = false;  ///< found by another process (crew.h), whose hasher has seen its changes
    Parts parts = {};          ///< kStates: what the state consists of
    bool in_memory = true;     ///< `difference` is known; false: the state was only foretold
  };
  /// A state that was in the memory, for others that were foretold from it.
  struct Kept {
    Difference difference;
    uint32_t order;
  };
  /// A search in progress: where it goes on, at this number of preemptions and at the next.
  struct Sweep {
    uint32_t level = 0;
    std::vector<Place> now, later;
    uint64_t expanded = 0;
    uint64_t enough = ~uint64_t{0};  ///< so many expansions, and the search begins anew: something has become contended
    uint64_t next_round = 0;         ///< of the crew, after so many expansions
    Claims* claims = nullptr;        ///< in a member of the crew: who expands what, until `end` (seconds())
    double end = 0;
  };

  bool start(std::string& error);
  StepResult step(uint16_t thread);
  void search(Findings& findings);
  bool finish_level(Sweep& sweep, Findings& findings);
  void take_shard();
  void begin_share();
  void report_counts(Writer& out) const;
  void take_over_counts(Reader& in);
  uint32_t outcome_number(Outcome outcome);
  bool sample();
  void expand(NodeIndex node);
  bool is_bad(uint32_t outcome) const;
  void compare_hashes(const StateHash& quick, const StateHash& whole);
  std::vector<uint16_t> runnable();
  std::vector<uint16_t> candidates();
  bool begin_anew();
  bool holds_for_good();
  void note_node(NodeIndex node, bool is_held);
  std::vector<uint16_t> follow(const Path& path);
  void find_changes();
  uint64_t seed_of(uint32_t output, uint32_t errors, uint32_t order) const;
  StateHash foretold_hash(NodeIndex node, const Waiting& from, const Foresight::Known& known);
  uint32_t foretell(NodeIndex node, uint32_t edge, const Waiting& from, const Foresight::Known& known);
  void note_slot(NodeIndex node, uint32_t edge, const std::vector<uint16_t>& threads);
  void make_present(NodeIndex node, Waiting& from);
  void note_lines(const Difference& difference);
  void keep(NodeIndex node, Waiting& waiting);
  void learn(const Waiting& from, uint16_t thread, sched::Time began);
  void note_counts(const Parts& before, Foresight::Footprint& footprint) const;
  StateHash hash_arrived(uint32_t output, uint32_t errors, bool compare);
  NodeIndex arrive(const Waiting& from, bool& is_new, NodeIndex parent = kNowhere);
  Outcome describe_end(const Waiting& from, const StepResult& end) const;
  uint32_t finish(const Waiting& from, const StepResult& end);
  void judge_state();
  std::optional<std::string> find_bad();
  std::string shown_value();
  Waiting capture(const Waiting& from);
  Waiting base_state() { return {{}, text_number(output_before_), text_number(errors_before_), 0}; }
  void return_to_base();
  bool walk(Waiting& from, uint16_t thread, std::optional<uint32_t>& outcome);
  void remember_choices(uint32_t outcome, const std::vector<uint16_t>& choices, double schedules = 1);
  uint32_t preemptions_of(const std::vector<uint16_t>& choices);
  void switch_to(const Difference& target);
  void drop(Waiting& waiting);
  void release(Difference& difference);
  void clear();
  bool choose(Outcome& outcome, const Path& path);
  bool find_ways();
  void find_livelocks(Findings& findings);
  void conclude(Findings& findings);
  uint32_t text_number(const std::string& text);
  uint32_t longer_text(uint32_t begin, const std::string& more) {
    return more.empty() ? begin : text_number(texts_[begin] + more);
  }
  double seconds() const;
  size_t bytes_in_use() const;
  std::string limit_reached();

  Settings settings_;
  std::unique_ptr<vm::Machine> machine_;
  std::unique_ptr<OutsideWatch> outside_;
  Steering* steering_ = nullptr;  // the runner's
  std::unique_ptr<MemoryImage> image_;
  std::unique_ptr<StateHasher> hasher_;
  std::unique_ptr<Symmetry> symmetry_;
  std::unique_ptr<Visibility> visibility_;
  std::unique_ptr<observe::Accesses> accesses_;
  vm::CodeObject* bad_code_ = nullptr;

  Graph graph_;
  Foresight foresight_;
  std::unordered_map<NodeIndex, Kept> kept_;  // the last ones
  std::deque<NodeIndex> kept_nodes_;          // in the order of their coming
  LinePool pool_;
  std::unordered_map<NodeIndex, Waiting> waiting_;  // not yet expanded
  size_t waiting_bytes_ = 0;
  bool members_work_ = false;            // this process is a member of a crew
  std::vector<NodeIndex> expanded_;      // in a member of the crew: those that it has expanded
  std::unique_ptr<Crew> crew_;           // null: this process alone
  uint64_t split_ = 0;                   // Findings::split
  Difference current_;                   // the state that the image holds
  std::vector<Line> changed_;
  Parts arrived_;                        // the parts of the state at which the last step arrived
  std::vector<PartName> dead_before_;    // objects, where the last step began (StateHasher::dead)
  std::vector<bool> held_;               // by node: the main thread is held there (symmetry.h)
  std::vector<Outcome> outcomes_;
  std::map<std::string, uint32_t> outcome_numbers_;
  std::vector<std::string> texts_;       // outputs so far, each once
  std::vector<uint64_t> text_hashes_;
  std::unordered_map<std::string, uint32_t> text_numbers_;
  std::string step_output_, step_errors_;
  std::unordered_map<uint64_t, StateHash> verified_, verified_back_;
  uint64_t predicted_ = 0, steps_ = 0, verified_count_ = 0;
  size_t peak_bytes_ = 0;
  bool outgrown_ = false;                ///< a step took more memory than there is room for
  std::string mismatch_;
  std::optional<std::string> bad_state_;  ///< what is bad about the state at the end
  std::string shown_value_;               ///< what Settings::shown is there
  std::string output_before_, errors_before_;  ///< the base
  uint64_t split_states_ = 0;            ///< verify: equal states that were told apart
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace mini::explore
