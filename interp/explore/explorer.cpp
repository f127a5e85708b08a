#include "interp/explore/explorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "interp/explore/crew.h"
#include "interp/explore/outside_watch.h"
#include "interp/explore/random_search.h"
#include "interp/explore/steering.h"
#include "interp/explore/trace_search.h"
#include "runtime/object/str.h"
#include "runtime/sched/random.h"

namespace mini::explore {

namespace {

/// How much a script's memory may grow during an exploration.
constexpr size_t kRoom = size_t{256} << 20;

constexpr NativeDefinition kNativeId{"get_native_id()", [](Call&) -> Result<Ref<Value>> {
  return Ref<Value>::share(Value::integer(1));
}};

/// The system's number of a thread belongs to no schedule, and is another one in each process of a crew: here all threads
/// have the same.
void fix_native_id(vm::Machine& machine) {
  Heap& heap = machine.heap();
  auto name = heap.intern("get_native_id");
  auto native = make_native(heap, kNativeId);
  bool done = name.ok() && native.ok();
  for (std::string_view module_name : {"_thread", "threading"}) {
    auto key = heap.intern(module_name);
    const Value module = done && key.ok() ? get_name(machine.state().modules, key->get()) : kUnbound;
    if (has_kind(module, BuiltinType::kModule))
      done = set_name(heap, static_cast<Module*>(module.as_object())->dict, name->get(), *native).ok();
  }
  if (heap.has_pending()) static_cast<void>(heap.take_pending());  // no memory for that
}

}  // namespace

std::string_view name(OutcomeKind kind) {
  constexpr std::string_view kNames[] = {"ended", "uncaught exception", "failed assert", "exit", "deadlock", "livelock",
                                         "bad state"};
  return kNames[static_cast<size_t>(kind)];
}

Explorer::Explorer(Settings settings) : settings_(std::move(settings)), outside_(std::make_unique<OutsideWatch>()) {}

Explorer::~Explorer() {
  clear();
  if (image_) switch_to({});
  accesses_.reset();
  if (machine_) {
    if (visibility_) {
      machine_->remove_observer(static_cast<vm::InstructionObserver&>(*visibility_));
      machine_->remove_observer(static_cast<sched::Observer&>(*visibility_));
    }
    machine_->heap().mark_deaths(nullptr, 0);
  }
  image_.reset();
}

double Explorer::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

size_t Explorer::bytes_in_use() const {
  constexpr size_t kMapEntry = 32;
  return graph_.bytes() + graph_.bytes_for_paths() + foresight_.bytes() + pool_.bytes() + image_->bytes() + waiting_bytes_ +
         waiting_.size() * (sizeof(Waiting) + kMapEntry);
}

uint32_t Explorer::text_number(const std::string& text) {
  const auto [place, fresh] = text_numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
  if (fresh) {
    texts_.push_back(text);
    text_hashes_.push_back(std::hash<std::string>()(text));
  }
  return place->second;
}

// The base ------------------------------------------------------------------------------------------------------------

bool Explorer::start(std::string& error) {
  vm::Options options = settings_.machine;
  options.os_threads = false;
  options.observed = true;
  options.pause_at_exit = true;
  options.journal = outside_.get();
  options.schedule = "every:1000000";  // exact, until the explorer's own takes its place
  options.output = [this](std::string_view text) { step_output_ += text; };
  options.errors = [this](std::string_view text) { step_errors_ += text; };
  machine_ = vm::Machine::create(std::move(options), error);
  if (!machine_) return false;
  if (!settings_.bad.empty()) {
    auto code = machine_->compile(settings_.bad, "<bad>", compile::CompileMode::kEval);
    if (!code.ok()) {
      auto exception = machine_->heap().take_pending();
      error = "--bad: not an expression: " + settings_.bad;
      return false;
    }
    bad_code_ = code.take().release();  // belongs to the VM's state, which never ends
  }
  auto steering = std::make_unique<Steering>(*this);
  steering_ = steering.get();
  machine_->set_schedule(std::move(steering));
  return true;
}

std::vector<uint16_t> Explorer::runnable() {
  std::vector<uint16_t> threads;
  sched::ThreadTable& table = machine_->state().threads;
  if (table.current) return {static_cast<uint16_t>(table.current->serial)};
  for (const sched::Thread& thread : table.runnable) threads.push_back(static_cast<uint16_t>(thread.serial));
  std::sort(threads.begin(), threads.end());
  return threads;
}

/// Of the state that was hashed last, the threads whose steps are to be tried: equal ones in an order that does not depend on
/// which one does what, and the main thread not while it is held, unless nobody else can go on.
std::vector<uint16_t> Explorer::candidates() {
  if (!symmetry_->is_on() || machine_->state().threads.current) return runnable();
  std::vector<uint16_t> threads = foresight_.runnable(arrived_);
  return threads.empty() ? runnable() : threads;
}

Explorer::StepResult Explorer::step(uint16_t thread) {
  step_output_.clear();
  step_errors_.clear();
  sched::ThreadTable& table = machine_->state().threads;
  const sched::Thread* chosen = table.find(thread);
  if (!chosen || (chosen != table.current && chosen->state != sched::State::Runnable)) {
    mismatch_ = "a thread that was to go on cannot";
    return {true, false, 0, {}, true};
  }
  steering_->begin_step(thread);
  const int status = machine_->resume();
  ++steps_;
  if (status == vm::Machine::kPaused) steering_->end_step(thread);
  if (outside_->asked_clock && !hasher_->with_clock) {
    hasher_->with_clock = true;
    visibility_->set_changed();
    symmetry_->tell_all_apart();  // when the main thread asks may depend on who has ended
  }
  if (image_->outgrown()) outgrown_ = true;
  const bool unknown = steering_->gave_up() || image_->outgrown(), told = !steering_->handed_over_inside();
  if (status != vm::Machine::kPaused || unknown) return {true, false, status, {}, unknown, told};
  if (!table.current) return {false, false, status, steering_->stop(), false, told};
  // The end of the program is the end of its daemons: they may do something before it.
  if (std::next(table.all.begin()) == table.all.end() || !steering_->passed_point()) return {false, true, status, {}};
  steering_->note_living();
  machine_->give_way_at_exit();
  return {false, false, status, steering_->passed_point()};
}

// States --------------------------------------------------------------------------------------------------------------

/// Makes the image hold this state.
void Explorer::switch_to(const Difference& target) {
  size_t i = 0, k = 0;
  while (i < current_.size() || k < target.size()) {
    if (k == target.size() || (i < current_.size() && current_[i].line < target[k].line)) {
      image_->set(current_[i].line, image_->base_line(current_[i].line));
      ++i;
    } else if (i == current_.size() || target[k].line < current_[i].line) {
      image_->set(target[k].line, pool_[target[k].content]);
      ++k;
    } else {
      if (current_[i].content != target[k].content) image_->set(target[k].line, pool_[target[k].content]);
      ++i;
      ++k;
    }
  }
  for (const LineContent& each : target) pool_.share(each.content);
  for (const LineContent& each : current_) pool_.release(each.content);
  current_ = target;
}

void Explorer::drop(Waiting& waiting) {
  release(waiting.difference);
  waiting_bytes_ -= waiting.parts.size() * sizeof(NumberedPart);
  waiting.parts.clear();
}

void Explorer::release(Difference& difference) {
  for (const LineContent& each : difference) pool_.release(each.content);
  waiting_bytes_ -= difference.size() * sizeof(LineContent);
  difference.clear();
}

/// Keeps a state that was expanded, and forgets one that was kept for long.
void Explorer::keep(NodeIndex node, Waiting& waiting) {
  constexpr size_t kMost = 4096;
  if (waiting.in_memory && kept_.try_emplace(node, Kept{std::move(waiting.difference), waiting.order}).second) {
    waiting.difference.clear();
    kept_nodes_.push_back(node);
  }
  if (kept_nodes_.size() <= kMost) return;
  const auto oldest = kept_.find(kept_nodes_.front());
  kept_nodes_.pop_front();
  release(oldest->second.difference);
  kept_.erase(oldest);
}

void Explorer::clear() {
  for (auto& [node, waiting] : waiting_) drop(waiting);
  waiting_.clear();
  for (auto& [node, kept] : kept_) release(kept.difference);
  kept_.clear();
  kept_nodes_.clear();
  foresight_.clear();
  graph_ = {};
  held_.clear();
  outcomes_.clear();
  outcome_numbers_.clear();
}

/// Finds what the step changed.
void Explorer::find_changes() {
  image_->changed(changed_);
  // What lies above the stacks of threads is no state: it goes back, so that the same state has the same lines.
  sched::ThreadTable& table = machine_->state().threads;
  std::erase_if(changed_, [&](Line line) {
    const std::byte* address = image_->memory_line(line);
    for (auto& each : table.all) {
      auto& thread = static_cast<vm::ThreadState&>(each);
      const auto* chunk = reinterpret_cast<const std::byte*>(thread.chunk);
      if (address < chunk || address + kLineBytes > chunk + thread.chunk->bytes) continue;
      const Value* top = thread.frame && !thread.frame->is_generator && !thread.frame->is_native ? thread.frame->stack_top
                                                                                                  : thread.stack_end();
      if (address < reinterpret_cast<const std::byte*>(top)) return false;
      image_->revert({line});
      return true;
    }
    return false;
  });
}

/// Hashes the state that the memory holds after a step, with these texts so far, and takes it apart into arrived_.
StateHash Explorer::hash_arrived(uint32_t output, uint32_t errors, bool compare) {
  find_changes();
  hasher_->note(changed_);
  const uint64_t seed = seed_of(output, errors, visibility_->order());
  const std::vector<uint64_t>& standings = visibility_->standings(visibility_->order());
  if (compare) compare_hashes(hasher_->exact_hash(seed, standings), hasher_->full_hash(seed));
  const StateHash hash = hasher_->hash(seed, standings);
  arrived_ = foresight_.numbered(hasher_->parts(), hasher_->counts());
  return hash;
}

/// The node of the state in which a step from `from` has ended. The memory is left as it is.
NodeIndex Explorer::arrive(const Waiting& from, bool& is_new, NodeIndex parent) {
  const StateHash hash = hash_arrived(longer_text(from.output, step_output_), longer_text(from.errors, step_errors_), settings_.verify);
  const auto [node, fresh] = graph_.add(hash, candidates(), parent);
  is_new = fresh;
  if (!fresh) return node;
  note_node(node, foresight_.is_held(arrived_));
  Waiting& waiting = waiting_[node] = capture(from);
  waiting.parts = arrived_;
  waiting_bytes_ += waiting.parts.size() * sizeof(NumberedPart);
  return node;
}

void Explorer::note_node(NodeIndex node, bool is_held) {
  if (!symmetry_->is_on()) return;
  held_.resize(node + 1);
  held_[node] = is_held;
}

/// By content: other processes number texts and orders otherwise.
uint64_t Explorer::seed_of(uint32_t output, uint32_t errors, uint32_t order) const {
  return text_hashes_[output] * 3 + std::rotl(text_hashes_[errors], 32) * 5 + visibility_->order_hash(order) * 7;
}

/// The state after a step from `from`, whose changes were found.
Explorer::Waiting Explorer::capture(const Waiting& from) {
  Waiting waiting;
  waiting.output = longer_text(from.output, step_output_);
  waiting.errors = longer_text(from.errors, step_errors_);
  waiting.order = visibility_->order();
  Difference& difference = waiting.difference;
  difference.reserve(current_.size() + changed_.size());
  size_t i = 0;
  auto keep_up_to = [&](Line line) {
    for (; i < current_.size() && current_[i].line < line; ++i) {
      pool_.share(current_[i].content);
      difference.push_back(current_[i]);
    }
  };
  for (Line line : changed_) {
    keep_up_to(line);
    if (i < current_.size() && current_[i].line == line) ++i;
    const std::byte* content = image_->memory_line(line);
    if (std::memcmp(content, image_->base_line(line), kLineBytes) == 0) continue;
    difference.push_back({line, pool_.intern(content)});
  }
  keep_up_to(~Line{0});
  waiting_bytes_ += difference.size() * sizeof(LineContent);
  return waiting;
}

void Explorer::return_to_base() {
  switch_to({});
  visibility_->set_order(0);
}

/// Takes one step from the state that the memory holds, which becomes the next one; only texts are kept. False: the run
/// is over, with an outcome if it is known.
bool Explorer::walk(Waiting& from, uint16_t thread, std::optional<uint32_t>& outcome) {
  judge_state();
  const StepResult result = step(thread);
  if (result.over) {
    if (!result.unknown) outcome = finish(from, result);
    return false;
  }
  from.output = longer_text(from.output, step_output_);
  from.errors = longer_text(from.errors, step_errors_);
  return true;
}

/// That the thread of a step is among these where the step leads.
void Explorer::note_slot(NodeIndex node, uint32_t edge, const std::vector<uint16_t>& threads) {
  if (!symmetry_->is_on()) return;
  const auto place = std::find(threads.begin(), threads.end(), graph_.edges(node)[edge].thread);
  graph_.set_slot_after(node, edge, place == threads.end() ? Place::kFree : static_cast<uint32_t>(place - threads.begin()));
}

/// Makes the memory hold a waiting state, by the steps that lead there from one that was kept, if need be.
void Explorer::make_present(NodeIndex node, Waiting& from) {
  if (!from.in_memory) {
    std::vector<uint16_t> steps;
    NodeIndex at = node;
    auto kept = kept_.find(at);
    for (; kept == kept_.end() && at != 0; kept = kept_.find(at)) {
      const NodeIndex parent = graph_[at].parent;
      const Edge* edge = graph_.edges(parent);
      while (edge->target != at) ++edge;
      steps.push_back(edge->thread);
      at = parent;
    }
    if (kept == kept_.end()) {
      return_to_base();
    } else {
      switch_to(kept->second.difference);
      note_lines(kept->second.difference);
      visibility_->set_order(kept->second.order);
    }
    for (; !steps.empty(); steps.pop_back()) step(steps.back());
    find_changes();
    hasher_->note(changed_);
    from.difference = capture(from).difference;
    from.in_memory = true;
  }
  switch_to(from.difference);
  if (from.from_member) note_lines(from.difference);
}

void Explorer::note_lines(const Difference& difference) {
  changed_.clear();
  for (const LineContent& each : difference) changed_.push_back(each.line);
  hasher_->note(changed_);
}

void Explorer::remember_choices(uint32_t outcome, const std::vector<uint16_t>& choices, double schedules) {
  Outcome& known = outcomes_[outcome];
  known.schedules += schedules;
  if (known.choices.empty() || choices.size() < known.choices.size()) known.choices = choices;
}

void Explorer::compare_hashes(const StateHash& quick, const StateHash& whole) {
  ++verified_count_;
  const auto [known, fresh] = verified_.try_emplace(quick[0] ^ quick[1], whole);
  if (known->second != whole) mismatch_ = "two states have one hash";
  const auto [back, fresh_back] = verified_back_.try_emplace(whole[0] ^ whole[1], quick);
  if (back->second != quick) ++split_states_;
}

// The search ----------------------------------------------------------------------------------------------------------

/// Tries each thread that can go on from the state of `node`, which nobody has done before.
void Explorer::expand(NodeIndex node) {
  auto entry = waiting_.extract(node);
  Waiting& from = entry.mapped();
  if (members_work_) expanded_.push_back(node);
  const bool foretells = settings_.commute && settings_.reduce;
  bool is_present = false;
  for (uint32_t i = 0; i < graph_[node].edge_count; ++i) {
    const uint16_t thread = graph_.edges(node)[i].thread;
    const Foresight::Known* known = nullptr;
    if (foretells && !steering_->met_finalizer()) known = foresight_.find(from.parts, thread, from.order);
    std::optional<StateHash> expected;
    if (known && !settings_.verify) {
      if (const uint32_t target = foretell(node, i, from, *known); target != kNowhere) {
        graph_.edges(node)[i].target = target;
        ++predicted_;
        continue;
      }
    } else if (known && !foresight_.runnable(foresight_.changed(from.parts, *known)).empty()) {
      expected = foretold_hash(node, from, *known);
      ++predicted_;
    }
    if (!std::exchange(is_present, true)) make_present(node, from);
    image_->rest();
    const size_t mark = image_->hot_mark();
    visibility_->set_order(from.order);
    judge_state();
    if (machine_->state().threads.current) image_->cool_down(mark);
    // So that the hasher can say of each object what part it belongs to.
    const uint64_t seed = seed_of(from.output, from.errors, from.order);
    if (foretells && hasher_->hash(seed, visibility_->standings(from.order)) != graph_[node].hash())
      mismatch_ = "a state is not the one that was foretold";
    dead_before_ = hasher_->dead();
    const sched::Time began = machine_->state().threads.virtual_now;
    const StepResult end = step(thread);
    uint32_t target = kNowhere;
    if (end.unknown) {
      image_->cool_down(mark);
    } else if (end.over) {
      target = finish(from, end) | kOutcomeBit;
      image_->cool_down(mark);
    } else {
      bool is_new;
      target = arrive(from, is_new, node);
      if (symmetry_->is_on()) note_slot(node, i, candidates());
      if (foretells) learn(from, thread, began);
      image_->revert(changed_);
    }
    if (hasher_->take_surprise()) visibility_->set_changed();
    if (expected && (target >= kNowhere || graph_[target].hash() != *expected)) mismatch_ = "a step is not what was foretold";
    graph_.edges(node)[i].target = target;
  }
  keep(node, from);
  drop(from);
  peak_bytes_ = std::max(peak_bytes_, bytes_in_use());
}

/// Random runs from the base, only to find out what is contended. False: nothing new.
bool Explorer::sample() {
  constexpr int kRuns = 16, kMostSteps = 2000;
  constexpr uint64_t kMostInstructions = 1'000'000;  // a thread that spins makes each step as long as a step can be
  sched::Random random(1);
  uint64_t instructions = 0;
  for (int run = 0; run < kRuns && instructions < kMostInstructions && !outgrown_; ++run) {
    uint16_t last = 0xffff;
    visibility_->set_order(0);
    const size_t mark = image_->hot_mark();
    for (int count = 0; count < kMostSteps && instructions < kMostInstructions; ++count) {
      const std::vector<uint16_t> threads = runnable();
      const bool stay = contains(threads, last) && random.below(3) != 0;
      last = stay ? last : threads[random.below(static_cast<uint32_t>(threads.size()))];
      const bool over = step(last).over;
      instructions += steering_->instructions();
      if (over) break;
    }
    image_->cool_down(mark);
  }
  return begin_anew();
}

/// Whether something was found out because of which all has to be explored again. From here on, it counts.
bool Explorer::begin_anew() {
  const bool others_are_equal = symmetry_->changed();
  if (others_are_equal) visibility_->forget();
  symmetry_->begin();
  return visibility_->take_change() || others_are_equal;
}

/// Whether there is a state in which the main thread is held and from which it is never let go: nobody knows what it would do.
/// States that were not explored are left aside.
bool Explorer::holds_for_good() {
  std::vector<bool> goals = held_;
  goals.flip();
  for (const auto& [node, waiting] : waiting_) goals[node] = true;
  return !graph_.not_leading_to(std::move(goals)).empty();
}

std::string Explorer::limit_reached() {
  if (settings_.interrupted && settings_.interrupted()) return "interrupted";
  if (graph_.size() > settings_.max_states) return fmt::format("stopped after {} states", settings_.max_states);
  if (outgrown_) return fmt::format("the script's memory grew by more than {} MiB", kRoom >> 20);
  if (bytes_in_use() > settings_.memory_limit) return "the memory limit was reached";
  if (settings_.max_seconds > 0 && seconds() > settings_.max_seconds)
    return fmt::format("stopped after {} s", settings_.max_seconds);
  return {};
}

/// Explores everything that the settings allow under the present notion of what is visible.
void Explorer::search(Findings& findings) {
  clear();
  steering_->watch_reads(settings_.commute && settings_.reduce);
  findings.incomplete.clear();
  findings.preemptions_done = 0;
  bool is_new;
  changed_.clear();
  step_output_.clear();
  step_errors_.clear();
  return_to_base();
  if (symmetry_->is_on()) graph_.rename_threads();
  const NodeIndex root = arrive(base_state(), is_new);
  graph_[root].free_distance = 0;
  Sweep sweep;
  sweep.now = {{root, Place::kFree}};
  split_ = 0;
  for (;; ++sweep.level) {
    if (!finish_level(sweep, findings)) return;
    findings.preemptions_done = sweep.level;
    if (sweep.later.empty() || sweep.level == settings_.max_preemptions) break;
    std::swap(sweep.now, sweep.later);
  }
  if (symmetry_->is_on() && holds_for_good()) return symmetry_->tell_all_apart();
  if (!sweep.later.empty())
    findings.incomplete = fmt::format("proved up to {} preemption{}", sweep.level, sweep.level == 1 ? "" : "s");
}

/// Goes on until no place is left at this number of preemptions. False: the search ends, or begins anew.
bool Explorer::finish_level(Sweep& sweep, Findings& findings) {
  constexpr uint64_t kBetweenRounds = 64;
  uint64_t next_look = 0;  // whether a round is worthwhile: after so many places, as a look goes through all that there are
  for (uint64_t seen = 0; !sweep.now.empty(); ++seen) {
    const bool cut = settings_.shard.count == 1 || split_ != 0;
    const bool may_share = crew_ && cut && !members_work_ && sweep.expanded >= sweep.next_round && seen >= next_look;
    const bool pays = may_share && crew_->pays();
    if (may_share && !pays) sweep.next_round = sweep.expanded + kBetweenRounds;
    const bool shares = pays && crew_->is_worthwhile(sweep);
    if (pays && !shares) next_look = seen + sweep.now.size();
    if (shares) {
      if (on_progress) on_progress({graph_.size(), waiting_.size(), sweep.level, seconds()});
      if (!crew_->round(sweep)) {
        findings.incomplete = "a process that took part has died";
        return false;
      }
      findings.incomplete = limit_reached();
      if (!findings.incomplete.empty() || visibility_->changed()) return false;
      sweep.next_round = sweep.expanded + kBetweenRounds;
    }
    const Place place = sweep.now.back();
    sweep.now.pop_back();
    if (graph_.distance(place) != sweep.level) continue;
    if (waiting_.contains(place.node)) {
      if (sweep.claims && !sweep.claims->take(graph_[place.node].hash())) continue;
      if (sweep.expanded++ % 64 == 0 || graph_.size() > settings_.max_states) {
        findings.incomplete = limit_reached();
        if (!findings.incomplete.empty() || (sweep.claims && seconds() > sweep.end)) return false;
        if (on_progress && !members_work_ && sweep.expanded % 4096 == 1)
          on_progress({graph_.size(), waiting_.size(), sweep.level, seconds()});
      }
      expand(place.node);
      if (outgrown_) {
        findings.incomplete = limit_reached();
        return false;
      }
      if ((visibility_->changed() || symmetry_->changed()) && sweep.enough == ~uint64_t{0}) sweep.enough = sweep.expanded * 2 + 100;
      if (sweep.expanded >= sweep.enough) return false;
      if (!cut && waiting_.size() >= size_t{32} * settings_.shard.count) take_shard();
    }
    graph_.prefetch_targets(place.node);
    for (uint32_t i = 0; i < graph_[place.node].edge_count; ++i) {
      const Edge edge = graph_.edges(place.node)[i];
      if (edge.target == kNowhere) continue;
      if (edge.target & kOutcomeBit) {
        if (settings_.stop_at_first && is_bad(edge.target & ~kOutcomeBit)) {
          findings.incomplete = "stopped at the first bad outcome";
          return false;
        }
        continue;
      }
      const auto distance = static_cast<uint16_t>(sweep.level + (place.slot != Place::kFree && place.slot != i));
      const Place next = graph_.place_after(place.node, i);
      if (graph_.distance(next) <= distance) continue;
      graph_.distance(next) = distance;
      (distance == sweep.level ? sweep.now : sweep.later).push_back(next);
    }
  }
  return true;
}

/// Leaves to the other shards the states that are theirs among those that wait: every N-th is this one's, with all that
/// comes of it. The same in each shard, as up to here all have done the same.
void Explorer::take_shard() {
  split_ = 1;
  auto mix = [this](uint64_t word) { split_ = std::rotl((split_ ^ word) * 0x9e3779b97f4a7c15u, 29); };
  std::vector<NodeIndex> nodes;
  for (NodeIndex node = 0; node < graph_.size(); ++node) {
    for (uint32_t i = 0; i < graph_[node].edge_count; ++i) mix(uint64_t{graph_.edges(node)[i].target} << 16 | graph_.edges(node)[i].thread);
    if (waiting_.contains(node)) nodes.push_back(node);
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i % settings_.shard.count == settings_.shard.index - 1) continue;
    const auto waiting = waiting_.find(nodes[i]);
    drop(waiting->second);
    waiting_.erase(waiting);
  }
}

// As a member of a crew -----------------------------------------------------------------------------------------------

/// From now on, this process is a member of a crew, and remembers what the others do not know.
void Explorer::begin_share() {
  members_work_ = true;
  on_progress = nullptr;
  expanded_.clear();
  steps_ = predicted_ = verified_count_ = split_states_ = 0;
  for (Outcome& outcome : outcomes_) {
    outcome.schedules = 0;
    outcome.choices.clear();
  }
  visibility_->begin_report();
}

void Explorer::report_counts(Writer& out) const {
  for (uint64_t count : {steps_, predicted_, verified_count_, split_states_}) out.put(count);
  out.put_text(mismatch_);
  for (bool fact : {outgrown_, outside_->asked_clock, outside_->asked_world}) out.put(fact);
  out.put(hasher_->is_wary());
  steering_->report(out);
}

void Explorer::take_over_counts(Reader& in) {
  for (uint64_t* count : {&steps_, &predicted_, &verified_count_, &split_states_}) *count += in.get<uint64_t>();
  if (std::string text = in.get_text(); !text.empty()) mismatch_ = std::move(text);
  for (bool* fact : {&outgrown_, &outside_->asked_clock, &outside_->asked_world}) *fact = in.get<bool>() || *fact;
  if (outside_->asked_clock && !std::exchange(hasher_->with_clock, true)) visibility_->set_changed();
  if (in.get<bool>() && !hasher_->is_wary()) {
    hasher_->become_wary();
    visibility_->set_changed();
  }
  steering_->take_over(in);
}

bool Explorer::run(Findings& findings, std::string& error) {
  begun_ = std::chrono::steady_clock::now();
  if (!start(error)) return false;
  const int status = machine_->run_file(settings_.filename, settings_.source);
  texts_.clear();
  text_numbers_.clear();
  text_hashes_.clear();
  text_number("");
  const Waiting begin{{}, text_number(step_output_), text_number(step_errors_), 0};
  if (status != vm::Machine::kPaused || machine_->state().threads.current) {
    // Over before a second thread began: there is one schedule.
    StepResult end{true, false, status, {}};
    if (status == vm::Machine::kPaused) {
      judge_state();
      step_output_.clear();
      step_errors_.clear();
      end.status = machine_->resume();
    } else {
      step_output_.clear();
      step_errors_.clear();
    }
    finish(begin, end);
    outcomes_[0].schedules = 1;
    findings.outcomes = outcomes_;
    findings.verdict = outcomes_[0].bad ? Verdict::kBad : Verdict::kSafe;
    findings.seconds = seconds();
    return true;
  }
  findings.started = true;
  output_before_ = step_output_;
  errors_before_ = step_errors_;
  machine_->heap().collector().enabled = 0;
  fix_native_id(*machine_);
  const StateHasher::Marks marks = StateHasher::make_marks(*machine_);
  MemoryImage::make_room(machine_->heap().memory(), kRoom);
  image_ = std::make_unique<MemoryImage>(machine_->heap().memory());
  hasher_ = std::make_unique<StateHasher>(*machine_, *image_, marks);
  accesses_ = std::make_unique<observe::Accesses>(*machine_, true);
  const bool alone = settings_.jobs == 1 && settings_.shard.count == 1;  // others would have to know who is equal to whom
  const bool may_rename = settings_.symmetry && settings_.reduce && settings_.engine == Settings::Engine::kStates && alone;
  symmetry_ = std::make_unique<Symmetry>(*machine_, *hasher_, *accesses_, may_rename);
  hasher_->heed(symmetry_.get());
  visibility_ = std::make_unique<Visibility>(*machine_, *hasher_, *accesses_, *symmetry_);
  machine_->add_observer(static_cast<vm::InstructionObserver&>(*visibility_));
  machine_->add_observer(static_cast<sched::Observer&>(*visibility_));
  outside_->asked_clock = outside_->asked_world = false;
  steering_->in_prefix = false;
  if (settings_.jobs > 1) crew_ = std::make_unique<Crew>(*this, settings_.jobs);
  for (int rounds = 0; rounds < 8 && sample(); ++rounds) {
  }
  for (;;) {
    switch (settings_.engine) {
      case Settings::Engine::kStates:
        search(findings);
        break;
      case Settings::Engine::kTraces:
        TraceSearch(*this).run(findings);
        break;
      case Settings::Engine::kRandom:
        RandomSearch(*this, settings_.runs, settings_.shard).run(findings);
        break;
    }
    if (!findings.incomplete.empty()) {
      find_ways();
      break;
    }
    if (!begin_anew()) {
      if (find_ways()) break;
      symmetry_->tell_all_apart();
      begin_anew();
    }
    ++findings.restarts;
    mismatch_.clear();
  }
  // Since something else is contended, steps have ended elsewhere than was known of them.
  if (visibility_->changed()) mismatch_.clear();
  conclude(findings);
  if (!mismatch_.empty()) findings.left_out.push_back("INTERNAL: " + mismatch_);
  return true;
}

}  // namespace mini::explore
