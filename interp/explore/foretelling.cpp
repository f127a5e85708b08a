// What the explorer knows of steps without executing them, and how it finds that out.
#include <algorithm>

#include "interp/explore/explorer.h"
#include "interp/explore/outside_watch.h"
#include "interp/explore/steering.h"

namespace mini::explore {

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

}  // namespace mini::explore
