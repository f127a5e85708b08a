#include "interp/explore/foresight.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>

namespace mini::explore {

namespace {

bool by_name(const NumberedPart& a, const NumberedPart& b) { return a.name < b.name; }

bool is_behind_parts(const NumberedPart& each) { return is_count(each.name); }

}  // namespace

uint32_t content_of(const Parts& parts, PartName name) {
  const bool asks = (name & part::kKind) == part::kAlive;
  const PartName wanted = asks ? part::kThread | (name & ~part::kKind) : name;
  const auto place = std::lower_bound(parts.begin(), parts.end(), wanted,
                                      [](const NumberedPart& each, PartName than) { return each.name < than; });
  if (place == parts.end() || place->name != wanted) return 0;
  return asks ? 1 : place->content;
}

Parts Foresight::numbered(const std::vector<Part>& parts, const std::vector<StateHasher::Count>& counts) {
  Parts result;
  result.reserve(parts.size() + counts.size());
  for (const Part& each : parts)
    result.push_back({each.name, number_of({each.content, each.can_run, each.is_plain, each.is_held, each.group}, each.name)});
  std::sort(result.begin(), result.end(), by_name);
  for (const StateHasher::Count& each : counts) result.push_back({each.name, static_cast<uint32_t>(each.more)});
  return result;
}

std::vector<uint16_t> Foresight::runnable(const Parts& state) const {
  std::vector<std::pair<const Content*, uint16_t>> found;
  bool has_equals = false;
  for (const NumberedPart& each : state) {
    if ((each.name & part::kKind) != part::kThread || !contents_[each.content].can_run) continue;
    found.push_back({&contents_[each.content], static_cast<uint16_t>(each.name & ~part::kKind)});
    has_equals = has_equals || found.back().first->group != 0;
  }
  if (has_equals) {
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      static constexpr StateHash kAnything{};
      auto key = [](const auto& each) {
        return std::tuple(each.first->group, each.first->group == 0 ? kAnything : each.first->hash, each.second);
      };
      return key(a) < key(b);
    });
  }
  std::vector<uint16_t> threads;
  for (const auto& [content, thread] : found) threads.push_back(thread);
  return threads;
}

uint32_t Foresight::number_of(const Content& content, PartName name) {
  StateHash key = content.hash;
  if (content.group != 0) key[1] ^= StateHasher::weight(name, {content.group, 0})[1];
  const auto [place, fresh] = content_numbers_.try_emplace(key, static_cast<uint32_t>(contents_.size()));
  if (fresh) contents_.push_back(content);
  return place->second;
}

uint32_t Foresight::number_of(const Shape& shape) {
  const auto [place, fresh] = shape_numbers_.try_emplace(shape, static_cast<uint32_t>(shapes_.size()));
  if (fresh) shapes_.push_back(&place->first);
  return place->second;
}

uint32_t Foresight::number_of(Counts counts) {
  const auto [place, fresh] = counts_numbers_.try_emplace(std::move(counts), static_cast<uint32_t>(counts_.size()));
  if (!fresh) return place->second;
  counts_.push_back(&place->first);
  growths_ += place->first.growths.size();
  conditions_ += place->first.conditions.size();
  return place->second;
}

bool Foresight::agrees(const Parts& state, const Counts& counts) const {
  return std::all_of(counts.conditions.begin(), counts.conditions.end(), [&](const Counts::Condition& each) {
    return (content_of(state, each.count) == static_cast<uint32_t>(each.more)) == (each.holds != 0);
  });
}

uint64_t Foresight::key_of(uint32_t own, uint32_t shape, const std::vector<uint32_t>& contents, uint32_t order) const {
  uint64_t key = uint64_t{own} << 32 | shape;
  auto mix = [&key](uint64_t word) { key = std::rotl((key ^ word) * 0x9e3779b97f4a7c15u, 29); };
  for (uint32_t content : contents) mix(content);
  if (shapes_[shape]->with_order) mix(order);
  mix(own);
  return key ^ key >> 32;
}

template <typename IsWanted>
size_t Foresight::place_of(uint32_t own, uint32_t shape, const std::vector<uint32_t>& contents, uint32_t order,
                           IsWanted&& is_wanted) const {
  const size_t mask = table_.size() - 1;
  for (size_t at = key_of(own, shape, contents, order) & mask;; at = (at + 1) & mask) {
    if (table_[at] == kNone) return at;
    const Step& step = steps_[table_[at]];
    if (step.own == own && step.known.shape == shape &&
        std::equal(contents.begin(), contents.end(), reads_.begin() + step.first) &&
        (!shapes_[shape]->with_order || step.known.effect.order_before == order) && is_wanted(step.known))
      return at;
  }
}

const Foresight::Known* Foresight::find(const Parts& state, uint16_t thread, uint32_t order) const {
  const uint32_t own = content_of(state, part::kThread | thread);
  if (own >= shapes_of_.size()) return nullptr;
  for (uint32_t shape : shapes_of_[own]) {
    looked_at_.clear();
    auto part = state.begin();  // names and parts are sorted
    for (PartName name : shapes_[shape]->names) {
      if ((name & part::kKind) == part::kAlive) {
        looked_at_.push_back(content_of(state, name));
        continue;
      }
      while (part != state.end() && part->name < name) ++part;
      looked_at_.push_back(part != state.end() && part->name == name ? part->content : 0);
    }
    const std::vector<PartName>& overwritten = shapes_[shape]->overwritten;
    const auto is_plain = [&](PartName name) { return contents_[content_of(state, name)].is_plain; };
    if (!std::all_of(overwritten.begin(), overwritten.end(), is_plain)) continue;
    const size_t place = place_of(own, shape, looked_at_, order,
                                  [&](const Known& known) { return agrees(state, *counts_[known.counts]); });
    if (table_[place] != kNone) return &steps_[table_[place]].known;
  }
  return nullptr;
}

StateHash Foresight::weight(const NumberedPart& part) const {
  if (part.content == 0) return {};
  const Content& content = contents_[part.content];
  return StateHasher::weight(content.group != 0 ? content.group : part.name, content.hash);
}

void Foresight::remember(const Parts& before, const Parts& after, uint16_t thread, Footprint footprint, const Effect& effect) {
  std::vector<PartName>& reads = footprint.reads;
  std::vector<PartName>& overwritten = footprint.overwrites;
  auto make_set = [](std::vector<PartName>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  };
  make_set(reads);
  make_set(overwritten);
  std::erase_if(overwritten, [&](PartName name) {
    if (std::binary_search(reads.begin(), reads.end(), name)) return true;
    if (contents_[content_of(before, name)].is_plain) return false;
    reads.push_back(name);
    return true;
  });
  Known known{effect, {}, {}};
  auto note_change = [&](const NumberedPart& old, const NumberedPart& now) {
    known.changes.push_back(now);
    const StateHash less = weight(old), more = weight(now);
    const bool overwrites = std::binary_search(overwritten.begin(), overwritten.end(), now.name);
    for (size_t i = 0; i < more.size(); ++i) known.growth[i] += more[i] - (overwrites ? 0 : less[i]);
    // What a part becomes may depend on what else there is in it.
    if (!overwrites) reads.push_back(now.name);
  };
  const auto before_end = std::find_if(before.begin(), before.end(), is_behind_parts);
  const auto after_end = std::find_if(after.begin(), after.end(), is_behind_parts);
  for (auto old = before.begin(), now = after.begin(); old != before_end || now != after_end;) {
    if (now == after_end || (old != before_end && old->name < now->name)) {
      note_change(*old, {old->name, 0});
      ++old;
    } else if (old == before_end || now->name < old->name) {
      note_change({now->name, 0}, *now);
      ++now;
    } else {
      if (old->content != now->content) note_change(*old, *now);
      ++old;
      ++now;
    }
  }
  // Elsewhere, what is the same here may have been something else.
  for (PartName name : overwritten) {
    if (content_of(before, name) != content_of(after, name)) continue;
    const NumberedPart now{name, content_of(after, name)};
    note_change(now, now);
  }
  std::sort(known.changes.begin(), known.changes.end(), by_name);
  reads.push_back(part::kMachine);
  make_set(reads);
  std::erase(reads, part::kThread | thread);
  std::erase(reads, part::kAlive | thread);
  std::vector<uint32_t> contents;
  for (PartName name : reads) contents.push_back(content_of(before, name));
  known.counts = number_of(std::move(footprint.counts));
  known.shape = number_of({std::move(reads), std::move(overwritten), effect.order_before != kAnyOrder});
  add(content_of(before, part::kThread | thread), contents, std::move(known));
}

StateHash Foresight::growth(const Parts& state, const Known& known) const {
  StateHash growth = known.growth;
  for (PartName name : shapes_[known.shape]->overwritten) {
    const StateHash less = weight({name, content_of(state, name)});
    for (size_t i = 0; i < growth.size(); ++i) growth[i] -= less[i];
  }
  return growth;
}

void Foresight::add(uint32_t own, const std::vector<uint32_t>& contents, Known known) {
  const uint32_t shape = known.shape;
  const size_t place = place_of(own, shape, contents, known.effect.order_before,
                                [&](const Known& other) { return other.counts == known.counts; });
  if (table_[place] != kNone) return;
  table_[place] = static_cast<uint32_t>(steps_.size());
  changes_ += known.changes.size();
  steps_.push_back({own, static_cast<uint32_t>(reads_.size()), std::move(known)});
  reads_.insert(reads_.end(), contents.begin(), contents.end());
  if (shapes_of_.size() <= own) shapes_of_.resize(size_t{own} + 1);
  std::vector<uint32_t>& shapes = shapes_of_[own];
  if (std::find(shapes.begin(), shapes.end(), shape) == shapes.end()) shapes.push_back(shape);
  if (steps_.size() * 3 <= table_.size() * 2) return;
  table_.assign(table_.size() * 2, kNone);
  std::vector<uint32_t> looked_at;
  for (uint32_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto first = reads_.begin() + step.first;
    looked_at.assign(first, first + static_cast<ptrdiff_t>(shapes_[step.known.shape]->names.size()));
    const auto none = [](const Known&) { return false; };  // all are different
    table_[place_of(step.own, step.known.shape, looked_at, step.known.effect.order_before, none)] = i;
  }
}

Parts Foresight::changed(const Parts& parts, const Known& known) const {
  const std::vector<Counts::Growth>& growths = counts_[known.counts]->growths;
  Parts result;
  result.reserve(parts.size() + known.changes.size() + growths.size());
  auto old = parts.begin();
  for (const NumberedPart& change : known.changes) {
    for (; old != parts.end() && old->name < change.name; ++old) result.push_back(*old);
    if (old != parts.end() && old->name == change.name) ++old;
    if (change.content != 0) result.push_back(change);
  }
  for (const Counts::Growth& growth : growths) {
    for (; old != parts.end() && old->name < growth.count; ++old) result.push_back(*old);
    auto more = static_cast<uint32_t>(growth.by);
    if (old != parts.end() && old->name == growth.count) more += (old++)->content;
    if (more != 0 && growth.by != Counts::kDies) result.push_back({growth.count, more});
  }
  result.insert(result.end(), old, parts.end());
  return result;
}

void Foresight::clear() { *this = {}; }

size_t Foresight::bytes() const {
  constexpr size_t kMapEntry = 48;
  return contents_.size() * (sizeof(Content) + kMapEntry) + shapes_of_.capacity() * sizeof(shapes_of_[0]) +
         counts_.size() * (sizeof(Counts) + kMapEntry) + growths_ * sizeof(Counts::Growth) +
         conditions_ * sizeof(Counts::Condition) + steps_.capacity() * sizeof(Step) + changes_ * sizeof(NumberedPart) +
         (reads_.capacity() + table_.capacity()) * sizeof(uint32_t);
}

void Foresight::report(Writer& out, const Mark& mark) const {
  out.put(contents_.size() - mark.contents);
  for (size_t i = mark.contents; i < contents_.size(); ++i) out.put(contents_[i]);
  out.put(steps_.size() - mark.steps);
  for (size_t i = mark.steps; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const Shape& shape = *shapes_[step.known.shape];
    out.put(step.own);
    out.put_all(shape.names);
    out.put_all(shape.overwritten);
    out.put(shape.with_order);
    for (size_t k = 0; k < shape.names.size(); ++k) out.put(reads_[step.first + k]);
    out.put(step.known.effect);
    out.put_all(step.known.changes);
    out.put(step.known.growth);
    out.put_all(counts_[step.known.counts]->growths);
    out.put_all(counts_[step.known.counts]->conditions);
  }
}

std::vector<uint32_t> Foresight::take_over(Reader& in, const Mark& mark, const std::function<void(Effect&)>& translate) {
  std::vector<uint32_t> numbers(mark.contents);
  std::iota(numbers.begin(), numbers.end(), 0);
  for (auto count = in.get<size_t>(); count > 0; --count) {
    numbers.push_back(number_of(in.get<Content>(), 0));  // in a crew, all threads are told apart
  }
  for (auto count = in.get<size_t>(); count > 0; --count) {
    const uint32_t own = numbers[in.get<uint32_t>()];
    Shape shape{in.get_all<PartName>(), in.get_all<PartName>(), in.get<bool>()};
    std::vector<uint32_t> contents;
    for (PartName name : shape.names) {
      const auto content = in.get<uint32_t>();
      contents.push_back((name & part::kKind) == part::kAlive ? content : numbers[content]);
    }
    Known known{in.get<Effect>(), in.get_all<NumberedPart>(), in.get<StateHash>(), number_of(shape)};
    Counts counts{in.get_all<Counts::Growth>(), in.get_all<Counts::Condition>()};
    known.counts = number_of(std::move(counts));
    translate(known.effect);
    for (NumberedPart& each : known.changes) each.content = numbers[each.content];
    add(own, contents, std::move(known));
  }
  return numbers;
}

}  // namespace mini::explore
