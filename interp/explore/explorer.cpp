#include "interp/explore/explorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

#include "interp/explore/crew.h"
#include "interp/explore/random_search.h"
#include "interp/explore/steering.h"
#include "interp/explore/trace_search.h"
#include "runtime/object/operations.h"
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

bool last_line_begins(const std::string& text, std::string_view with) {
  size_t end = text.find_last_not_of('\n');
  if (end == text.npos) return false;
  const size_t begin = text.rfind('\n', end);
  return text.compare(begin == text.npos ? 0 : begin + 1, with.size(), with) == 0;
}

}  // namespace

std::string_view name(OutcomeKind kind) {
  constexpr std::string_view kNames[] = {"ended", "uncaught exception", "failed assert", "exit", "deadlock", "livelock",
                                         "bad state"};
  return kNames[static_cast<size_t>(kind)];
}

/// Hears what the script learns from outside its VM.
class OutsideWatch final : public sched::Journal {
 public:
  void on_slice(const sched::Moment&, uint32_t, sched::Cause) override {}
  void on_wake(const sched::Moment&, uint32_t, sched::Wake) override {}
  void on_interrupt(const sched::Moment&) override {}
  void on_taken(const sched::Moment&) override {}
  void on_number(sched::Outside kind, int64_t) override { note(kind); }
  void on_bytes(sched::Outside kind, std::string_view) override { note(kind); }
  void on_end(sched::Outcome) override {}
  bool asked_clock = false;  ///< which is virtual, and so a part of the state
  bool asked_world = false;  ///< nothing puts that back

 private:
  void note(sched::Outside kind) {
    if (kind == sched::Outside::Clock) asked_clock = true;
    else if (kind != sched::Outside::Other) asked_world = true;
  }
};

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

// What need not be executed ---------------------------------------------------------------------------------------------

/// The hash of the state that a step with this effect leads to.
StateHash Explorer::foretold_hash(NodeIndex node, const Waiting& from, const Foresight::Known& known) {
  const Foresight::Effect& effect = known.effect;
  const uint32_t output = longer_text(from.output, texts_[effect.output]);
  const uint32_t errors = longer_text(from.errors, texts_[effect.errors]);
  const uint32_t order = effect.order_before == Foresight::kAnyOrder ? from.order : effect.order_after;
  const StateHash before = StateHasher::weight_of_seed(seed_of(from.output, from.errors, from.order));
  const StateHash after = StateHasher::weight_of_seed(seed_of(output, errors, order));
  StateHash hash = graph_[node].hash();
  const StateHash growth = foresight_.growth(from.parts, known);
  for (size_t i = 0; i < hash.size(); ++i) hash[i] += growth[i] + after[i] - before[i];
  return hash;
}

/// Where such a step leads to, the edge's. kNowhere: no thread could run there, so that the step is more than it was elsewhere.
uint32_t Explorer::foretell(NodeIndex node, uint32_t edge, const Waiting& from, const Foresight::Known& known) {
  const StateHash hash = foretold_hash(node, from, known);
  if (const NodeIndex target = graph_.find(hash); target != kNowhere && !symmetry_->is_on()) return target;
  Parts parts = foresight_.changed(from.parts, known);
  const std::vector<uint16_t> threads = foresight_.runnable(parts);
  if (threads.empty()) return kNowhere;
  const auto [target, fresh] = graph_.add(hash, threads, node);
  note_slot(node, edge, threads);
  if (!fresh) return target;
  note_node(target, foresight_.is_held(parts));
  const Foresight::Effect& effect = known.effect;
  Waiting& waiting = waiting_[target];
  waiting.output = longer_text(from.output, texts_[effect.output]);
  waiting.errors = longer_text(from.errors, texts_[effect.errors]);
  waiting.order = effect.order_before == Foresight::kAnyOrder ? from.order : effect.order_after;
  waiting.in_memory = false;
  waiting_bytes_ += parts.size() * sizeof(NumberedPart);
  waiting.parts = std::move(parts);
  return target;
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

/// Remembers what the step did that has just arrived somewhere.
void Explorer::learn(const Waiting& from, uint16_t thread, sched::Time began) {
  const sched::ThreadTable& table = machine_->state().threads;
  const Foresight::Footprint* seen = steering_->footprint();
  if (!seen || steering_->handed_over_inside() || outside_->asked_world) return;
  if (table.current || table.virtual_now != began) return;
  Foresight::Effect effect{text_number(step_output_), text_number(step_errors_)};
  const bool asks_order = std::any_of(seen->reads.begin(), seen->reads.end(),
                                      [](PartName name) { return (name & part::kKind) == part::kAlive; });
  if (asks_order || visibility_->order() != from.order) {
    effect.order_before = from.order;
    effect.order_after = visibility_->order();
  }
  Foresight::Footprint footprint = *seen;
  if (content_of(arrived_, part::kThread | thread) == 0) {
    // Its end wakes who waits for it, and the main thread if that waits for the last one.
    footprint.reads.push_back(part::kJoiners | thread);
    footprint.reads.push_back(part::kThread);
    for (uint32_t serial = 0; serial < table.started; ++serial) footprint.reads.push_back(part::kAlive | serial);
  }
  note_counts(from.parts, footprint);
  foresight_.remember(from.parts, arrived_, thread, std::move(footprint), effect);
}

/// Adds what the step from `before` did to the counts, which may have been the end of objects.
void Explorer::note_counts(const Parts& before, Foresight::Footprint& footprint) const {
  auto& [growths, conditions] = footprint.counts;
  const std::vector<PartName>& dead = hasher_->dead();
  std::vector<PartName> names;
  for (const Parts* parts : {&before, &arrived_}) {
    const auto first = std::partition_point(parts->begin(), parts->end(), [](const NumberedPart& each) { return !is_count(each.name); });
    for (auto each = first; each != parts->end(); ++each) names.push_back(each->name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (PartName name : names) {
    const auto had_more = static_cast<int32_t>(content_of(before, name)), has_more = static_cast<int32_t>(content_of(arrived_, name));
    if (had_more == has_more || std::binary_search(dead.begin(), dead.end(), name)) continue;
    growths.push_back({name, has_more - had_more});
    // It lives on unless what the step drops is all that there is.
    const auto in_base = static_cast<int32_t>(hasher_->count_in_base(name));
    if (has_more < had_more) conditions.push_back({name, had_more - has_more - in_base, false});
  }
  for (PartName name : dead) {
    if (std::binary_search(dead_before_.begin(), dead_before_.end(), name)) continue;
    growths.push_back({name, Foresight::Counts::kDies});
    conditions.push_back({name, static_cast<int32_t>(content_of(before, name)), true});
    hasher_->list_parts_in_base(name, footprint.reads);
  }
  std::sort(growths.begin(), growths.end());
  std::sort(conditions.begin(), conditions.end());
  conditions.erase(std::unique(conditions.begin(), conditions.end()), conditions.end());
  // Where it is known how many there are, nothing else need be asked.
  std::vector<PartName> known;
  for (const auto& each : conditions)
    if (each.holds) known.push_back(each.count);
  std::erase_if(conditions, [&](const auto& each) {
    return !each.holds && std::binary_search(known.begin(), known.end(), each.count);
  });
}

uint32_t Explorer::preemptions_of(const std::vector<uint16_t>& choices) {
  uint32_t preemptions = 0, at = 0;
  bool could_go_on = false;
  replay(choices, nullptr, [&](uint16_t thread, const StepResult& result) {
    if (at > 0 && could_go_on && choices[at - 1] != thread) ++preemptions;
    could_go_on = result.stop.has_value();
    ++at;
  });
  return preemptions;
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

/// What came of the step from `from` that ended the run; whether it is bad beyond what it says itself, is_bad() tells.
Outcome Explorer::describe_end(const Waiting& from, const StepResult& end) const {
  Outcome outcome;
  outcome.status = end.status;
  outcome.output = texts_[from.output] + step_output_;
  outcome.errors = texts_[from.errors] + step_errors_;
  outcome.shown = shown_value_;
  constexpr int kStatusDeadlock = 3;
  if (bad_state_) {
    outcome.kind = OutcomeKind::kBadState;
    outcome.errors += *bad_state_;
  } else if (end.status == kStatusDeadlock && outcome.errors.find("deadlock: no thread can run") != std::string::npos) {
    outcome.kind = OutcomeKind::kDeadlock;
  } else if (last_line_begins(outcome.errors, "AssertionError") ||
             outcome.errors.find("\nAssertionError") != std::string::npos) {
    outcome.kind = OutcomeKind::kAssertion;
  } else if (outcome.errors.find("Traceback (most recent call last):\n") != std::string::npos ||
             outcome.errors.find("Exception in thread ") != std::string::npos ||
             outcome.errors.find("Exception ignored in ") != std::string::npos) {
    outcome.kind = OutcomeKind::kUncaught;
  } else {
    outcome.kind = end.status == 0 ? OutcomeKind::kEnded : OutcomeKind::kExit;
  }
  outcome.bad = is_fault(outcome.kind);
  return outcome;
}

/// The number of the outcome with which a step from `from` ended the run.
uint32_t Explorer::finish(const Waiting& from, const StepResult& end) {
  Outcome outcome = describe_end(from, end);
  if (outcome.kind == OutcomeKind::kDeadlock) symmetry_->tell_all_apart();  // its report names them
  return outcome_number(std::move(outcome));
}

uint32_t Explorer::outcome_number(Outcome outcome) {
  std::string key = fmt::format("{} {} {}:{}{}:{}{}", static_cast<int>(outcome.kind), outcome.status, outcome.output.size(),
                                outcome.output, outcome.shown.size(), outcome.shown, outcome.errors);
  const auto [place, fresh] = outcome_numbers_.try_emplace(std::move(key), static_cast<uint32_t>(outcomes_.size()));
  if (fresh) outcomes_.push_back(std::move(outcome));
  return place->second;
}

/// Looks at the state that the memory holds, if it is one at the end of the program.
void Explorer::judge_state() {
  bad_state_.reset();
  shown_value_.clear();
  if (!machine_->state().threads.current) return;
  bad_state_ = find_bad();
  shown_value_ = shown_value();
}

/// Evaluates the condition of --bad; what there is to say about it if it holds.
std::optional<std::string> Explorer::find_bad() {
  if (!bad_code_) return {};
  Heap& heap = machine_->heap();
  steering_->in_prefix = true;  // no part of the schedule
  auto value = machine_->run_module_code(bad_code_, machine_->state().main_names);
  Result<bool> holds = raised;
  if (value.ok()) holds = truth(heap, value->get());
  steering_->in_prefix = false;
  if (!holds.ok()) {
    auto exception = heap.take_pending();
    return fmt::format("--bad={} cannot be evaluated: {}\n", settings_.bad, to_utf8(exception->type->name));
  }
  if (*holds) return fmt::format("--bad={} holds\n", settings_.bad);
  return {};
}

std::string Explorer::shown_value() {
  if (settings_.shown.empty()) return "";
  Heap& heap = machine_->heap();
  steering_->in_prefix = true;  // no part of the schedule
  std::string text = "not defined";
  Ref<Str> name;
  if (auto interned = heap.intern(settings_.shown); interned.ok()) name = interned.take();
  const Value value = name ? get_name(machine_->state().main_names, name.get()) : kUnbound;
  if (!value.is_unbound()) {
    auto shown = repr(heap, Ref<Value>::share(value));
    text = shown.ok() ? to_utf8(shown->get()) : "";
  }
  if (heap.has_pending()) text = to_utf8(heap.take_pending()->type->name);
  steering_->in_prefix = false;
  return text;
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

bool Explorer::is_bad(uint32_t outcome) const {
  if (outcomes_[outcome].bad) return true;
  return !settings_.any_output && settings_.bad.empty() && outcome != 0;
}

/// Makes `outcome` the end of this path. False: nobody knows how to get there.
bool Explorer::choose(Outcome& outcome, const Path& path) {
  outcome.preemptions = path.preemptions;
  outcome.choices = follow(path);
  return path.steps.empty() || !outcome.choices.empty();
}

/// Finds shortest ways to all outcomes. False: with equal threads told apart, more can be said.
bool Explorer::find_ways() {
  if (settings_.engine != Settings::Engine::kStates) return true;
  std::vector<uint32_t> ends;
  for (uint32_t i = 0; i < outcomes_.size(); ++i) ends.push_back(i | kOutcomeBit);
  const std::vector<Path> paths = graph_.shortest_paths(ends);
  bool all_found = true;
  for (uint32_t i = 0; i < outcomes_.size(); ++i) all_found = choose(outcomes_[i], paths[i]) && all_found;
  return !symmetry_->is_on() || (all_found && !symmetry_->changed() && graph_.without_end().empty());
}

/// Who takes the steps of a path. Where a step leads, the search may have gone on from a state in which equal threads have
/// changed places; so the path has to be gone to see who they are. Empty: that cannot be seen.
std::vector<uint16_t> Explorer::follow(const Path& path) {
  std::vector<uint16_t> choices;
  if (!symmetry_->is_on()) {
    for (const PathStep& at : path.steps) choices.push_back(graph_.edges(at.node)[at.edge].thread);
    return choices;
  }
  return_to_base();
  const size_t mark = image_->hot_mark();
  Waiting from = base_state();
  bool goes_on = true;
  for (const PathStep& at : path.steps) {
    const bool is_there = goes_on && hash_arrived(from.output, from.errors, false) == graph_[at.node].hash();
    const std::vector<uint16_t> threads = candidates();
    if (!is_there || at.edge >= threads.size()) {
      choices.clear();
      break;
    }
    choices.push_back(threads[at.edge]);
    goes_on = !step(choices.back()).over;
    from.output = longer_text(from.output, step_output_);
    from.errors = longer_text(from.errors, step_errors_);
  }
  image_->cool_down(mark);
  return choices;
}

void Explorer::find_livelocks(Findings& findings) {
  const std::vector<NodeIndex> endless = graph_.without_end();
  if (endless.empty()) return;
  // The state that is reached with the fewest preemptions stands for all.
  auto distance = [&](NodeIndex node) {
    uint32_t best = graph_[node].free_distance;
    for (uint32_t i = 0; i < graph_[node].edge_count; ++i) best = std::min<uint32_t>(best, graph_.edges(node)[i].distance);
    return best;
  };
  const NodeIndex first = *std::min_element(endless.begin(), endless.end(),
                                            [&](NodeIndex a, NodeIndex b) { return distance(a) < distance(b); });
  Outcome outcome;
  outcome.kind = OutcomeKind::kLivelock;
  outcome.bad = true;
  outcome.errors = fmt::format("livelock: from {} of {} states no schedule leads to an end\n", endless.size(), graph_.size());
  static_cast<void>(choose(outcome, graph_.shortest_paths({first}).front()));
  findings.outcomes.push_back(std::move(outcome));
}

void Explorer::conclude(Findings& findings) {
  const bool by_states = settings_.engine == Settings::Engine::kStates;
  std::vector<double> counts;
  if (by_states) counts = graph_.path_counts(outcomes_.size());
  for (uint32_t i = 0; i < outcomes_.size(); ++i) {
    Outcome outcome = outcomes_[i];
    if (by_states) outcome.schedules = counts[i];
    else outcome.preemptions = preemptions_of(outcome.choices);
    findings.outcomes.push_back(std::move(outcome));
  }
  // The end that takes the fewest preemptions is the one to be expected; the others depend on the schedule.
  auto before = [](const Outcome& a, const Outcome& b) {
    return std::tuple(a.bad, a.preemptions, a.choices.size(), a.output) < std::tuple(b.bad, b.preemptions, b.choices.size(), b.output);
  };
  // Two states that were taken for one show when the way to an outcome cannot be gone.
  if (by_states && findings.started) {
    for (Outcome& outcome : findings.outcomes) {
      const std::string found_before = std::exchange(mismatch_, "");
      replay(outcome.choices, nullptr);
      if (!mismatch_.empty()) outcome.choices.clear();
      else mismatch_ = found_before;
    }
  }
  const auto expected = std::min_element(findings.outcomes.begin(), findings.outcomes.end(), before);
  if (!settings_.any_output && settings_.bad.empty())
    for (auto outcome = findings.outcomes.begin(); outcome != findings.outcomes.end(); ++outcome)
      outcome->bad = outcome->bad || outcome != expected;
  if (by_states && findings.incomplete.empty()) find_livelocks(findings);
  const std::string endless = fmt::format("{}", fmt::join(steering_->endless_natives(), ", "));
  const std::string blind = fmt::format("{}", fmt::join(steering_->blind_natives(), ", "));
  if (findings.incomplete.empty() && outgrown_) findings.incomplete = limit_reached();
  if (findings.incomplete.empty() && !mismatch_.empty()) findings.incomplete = "INTERNAL: " + mismatch_;
  if (findings.incomplete.empty() && !endless.empty())
    findings.incomplete = "natives that call script code did not come to an end: " + endless;
  if (findings.incomplete.empty() && !blind.empty())
    findings.incomplete = "natives that call script code were not interrupted: " + blind;
  std::stable_sort(findings.outcomes.begin(), findings.outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::tuple(a.preemptions, a.bad) < std::tuple(b.preemptions, b.bad);
  });
  const bool bad = std::any_of(findings.outcomes.begin(), findings.outcomes.end(), [](const Outcome& o) { return o.bad; });
  findings.verdict = bad ? Verdict::kBad : findings.incomplete.empty() ? Verdict::kSafe : Verdict::kIncomplete;
  if (!endless.empty())
    findings.left_out.push_back(fmt::format("natives that call script code and had not come to an end after {} instructions: {}",
                                            Steering::kMostInside, endless));
  if (!blind.empty())
    findings.left_out.push_back("natives that call script code, which ran without the switches that may fall inside: " + blind);
  if (visibility_->met_timeout())
    findings.left_out.push_back("time: it is virtual, and a timeout fires only when no thread can run before it");
  if (!findings.incomplete.empty() && symmetry_->is_on() && holds_for_good())
    findings.left_out.push_back("what the main thread does where it waits for equal threads: no end of theirs was found");
  if (outside_->asked_world)
    findings.left_out.push_back("what comes from outside (files, random bytes, the environment): it is asked anew each time");
  if (steering_->met_finalizer())
    findings.left_out.push_back("finalisers: that the last reference may go in another thread is seen only where the "
                                "references are contended");
  if (visibility_->met_unknown())
    findings.left_out.push_back("a native whose effects are not known ran; every access was treated as visible");
  findings.states = graph_.size();
  findings.steps = steps_;
  findings.predicted = predicted_;
  findings.races = visibility_->races();
  findings.potential_deadlocks = visibility_->potential_deadlocks();
  findings.origins = visibility_->origins();
  findings.contended = visibility_->contended();
  findings.shard = settings_.shard;
  findings.split = split_;
  findings.seconds = seconds();
  findings.bytes = peak_bytes_;
  findings.verified = verified_count_;
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

void Explorer::replay(const std::vector<uint16_t>& choices, const std::function<void(const Executed&)>& watch,
                      const std::function<void(uint16_t thread, const StepResult&)>& after_step) {
  switch_to({});
  visibility_->set_order(0);
  const size_t mark = image_->hot_mark();
  steering_->watch = watch;
  for (uint16_t thread : choices) {
    const StepResult result = step(thread);
    if (after_step) after_step(thread, result);
    if (result.over) break;
  }
  steering_->watch = nullptr;
  image_->cool_down(mark);
}

Outcome Explorer::without_preemption(const std::vector<uint16_t>& choices, size_t count) {
  constexpr size_t kMostSteps = 100'000;
  switch_to({});
  visibility_->set_order(0);
  const size_t mark = image_->hot_mark();
  Waiting from = base_state();
  uint16_t last = 0xffff;
  StepResult result{};
  for (size_t i = 0; i < kMostSteps && !result.over; ++i) {
    const std::vector<uint16_t> threads = runnable();
    judge_state();
    if (i < count) last = choices[i];
    else if (!contains(threads, last)) last = threads.front();
    result = step(last);
    if (result.over) break;
    from.output = longer_text(from.output, step_output_);
    from.errors = longer_text(from.errors, step_errors_);
  }
  Outcome outcome;
  outcome.kind = OutcomeKind::kLivelock;
  if (result.over) outcome = describe_end(from, result);
  image_->cool_down(mark);
  return outcome;
}

}  // namespace mini::explore
