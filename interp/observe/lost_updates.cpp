#include "interp/observe/lost_updates.h"

#include <algorithm>
#include <map>

#include "interp/observe/show_value.h"

namespace mini::observe {

namespace {

constexpr size_t kMostReads = 64, kMostPlaces = 1'000'000, kMostRuns = 100'000, kMostLines = 200;

bool is_watched(const Access& access) {
  switch (access.kind) {
    case LocationKind::kGlobal:
    case LocationKind::kAttribute:
    case LocationKind::kItem:
    case LocationKind::kCell:
      return !access.whole;
    default:
      return false;
  }
}

}  // namespace

LostUpdates::Link::~Link() {
  // A chain may be long: no recursion.
  Chain next = std::move(previous);
  while (next && next.use_count() == 1) {
    Chain after = std::move(const_cast<Link&>(*next).previous);
    next = std::move(after);
  }
}

void LostUpdates::runs(ThreadState& thread, Frame& frame, uint32_t index) {
  if (thread.serial >= reads_.size()) reads_.resize(thread.serial + 1);
  std::vector<Read>& reads = reads_[thread.serial];
  const auto touched = accesses_.of(thread, frame, index);
  for (const Access& access : touched)
    if (access.writes() && is_watched(access)) note_write(thread, reads, access, frame, index);
  if (!reads.empty()) std::erase_if(reads, [&](Read& read) { return !read.flow.advance(frame, index); });
  for (const Access& access : touched)
    if (access.mode == AccessMode::kRead && !access.definition && is_watched(access)) note_read(reads, access, frame, index);
}

void LostUpdates::note_read(std::vector<Read>& reads, const Access& access, Frame& frame, uint32_t index) {
  Dataflow flow;
  if (!flow.begin(frame, index)) return;
  if (reads.size() == kMostReads) reads.erase(reads.begin());
  Read& read = reads.emplace_back(Read{access.location(), 0, 0, {}, {frame.code->code, index}, access.old_value, {}, std::move(flow)});
  if (access.old_value.is_object()) read.text = show_value(access.old_value, 30);
  if (auto found = written_.find(read.location); found != written_.end()) {
    read.writes = found->second.writes;
    read.epoch = found->second.epoch;
    read.chain = found->second.chain;
  }
}

void LostUpdates::note_write(ThreadState& thread, std::vector<Read>& reads, const Access& access, Frame& frame, uint32_t index) {
  const Location location = access.location();
  auto found = written_.find(location);
  if (found == written_.end()) {
    if (written_.size() == kMostPlaces) {
      full_ = true;
      return;
    }
    found = written_.try_emplace(location).first;
  }
  Written& written = found->second;
  const Read* origin = nullptr;
  if (access.mode == AccessMode::kWrite) {
    for (const Read& read : reads)
      if (read.location == location && read.flow.feeds(frame, index)) {
        origin = &read;
        break;
      }
  }
  const uint64_t number = written.writes++;
  if (!origin) {
    settle(written);
  } else if (const uint64_t lost = number - origin->writes) {
    const auto text = [&](Value value) { return show_value(value, 30); };
    Overtaken overtaken{accesses_.name_of(access, frame, index), thread.serial, origin->place, {frame.code->code, index},
                        origin->value.is_object() ? origin->text : text(origin->value), text(access.new_value), {}, lost};
    uint64_t end = number;
    for (auto run = written.runs.rbegin(); run != written.runs.rend() && end > origin->writes; ++run) {
      const uint64_t count = end - std::max(run->first, origin->writes);
      end = run->first;
      auto same = std::find_if(overtaken.others.begin(), overtaken.others.end(), [&](auto& other) { return other.thread == run->thread; });
      if (same == overtaken.others.end()) overtaken.others.push_back({run->thread, count, run->place});
      else same->writes += count;
    }
    std::reverse(overtaken.others.begin(), overtaken.others.end());
    overtaken.number = overtaken_++;
    names_.of(thread.serial);
    for (auto& listener : told) listener(overtaken);
    Chain chain = origin->epoch == written.epoch ? origin->chain : nullptr;
    written.chain = Chain(new Link{std::move(chain), std::move(overtaken)});
  } else {
    written.chain = origin->chain;
  }
  if (written.runs.empty() || written.runs.back().thread != thread.serial) {
    if (written.runs.size() == kMostRuns) written.runs.pop_front();
    written.runs.push_back({thread.serial, number, {}});
    names_.of(thread.serial);  // now, while it is alive
  }
  written.runs.back().place = {frame.code->code, index};
  std::erase_if(reads, [&](const Read& read) { return read.location == location; });
}

/// The chain is over: what it lost stays lost.
void LostUpdates::settle(Written& written) {
  ++written.epoch;
  for (const Link* link = written.chain.get(); link; link = link->previous.get()) settled_.push_back(link->overtaken);
  written.chain = nullptr;
}

const std::vector<Overtaken>& LostUpdates::settled() {
  for (auto& [location, written] : written_) settle(written);
  std::sort(settled_.begin(), settled_.end(), [](const Overtaken& a, const Overtaken& b) { return a.number < b.number; });
  return settled_;
}

std::vector<LostUpdates::Sum> LostUpdates::sums() {
  std::map<std::string, Sum> sums;
  for (const Overtaken& overtaken : settled()) {
    Sum& sum = sums.try_emplace(overtaken.variable, Sum{overtaken.variable}).first->second;
    sum.lost += overtaken.lost;
    ++sum.times;
  }
  std::vector<Sum> list;
  for (auto& [variable, sum] : sums) list.push_back(sum);
  std::sort(list.begin(), list.end(), [](const Sum& a, const Sum& b) { return a.lost > b.lost; });
  return list;
}

std::string LostUpdates::describe(const Overtaken& overtaken) {
  auto times = [](uint64_t count) { return count == 1 ? std::string("once") : fmt::format("{} times", count); };
  std::string text = fmt::format("{}: {} read {} at {} ({}), ", overtaken.variable, names_.short_of(overtaken.thread),
                                 overtaken.value_read, overtaken.read.text(), overtaken.read.instruction());
  for (size_t i = 0; i < overtaken.others.size(); ++i) {
    const auto& other = overtaken.others[i];
    text += fmt::format("{}{} then wrote it {} at {} ({}), ", i > 0 ? "and " : "", names_.short_of(other.thread),
                        times(other.writes), other.place.text(), other.place.instruction());
  }
  return text + fmt::format("{} wrote {} at {} ({}): {} update{} lost", names_.short_of(overtaken.thread), overtaken.value_written,
                            overtaken.write.text(), overtaken.write.instruction(), overtaken.lost,
                            overtaken.lost == 1 ? "" : "s");
}

std::string LostUpdates::report() {
  std::string text;
  const auto totals = sums();
  for (const Sum& sum : totals)
    text += fmt::format("{}: {} update{} lost by {} overtaken read-modify-write{}\n", sum.variable, sum.lost,
                        sum.lost == 1 ? "" : "s", sum.times, sum.times == 1 ? "" : "s");
  if (totals.empty()) text = "no update was lost\n";
  // The largest ones; in the order in which they happened.
  std::vector<size_t> order(settled_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() > kMostLines) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return settled_[a].lost > settled_[b].lost; });
    order.resize(kMostLines);
    std::sort(order.begin(), order.end());
  }
  uint64_t left_out = 0;
  for (const Overtaken& overtaken : settled_) left_out += overtaken.lost;
  for (const size_t i : order) {
    text += "  " + describe(settled_[i]) + "\n";
    left_out -= settled_[i].lost;
  }
  if (settled_.size() > order.size())
    text += fmt::format("  and {} smaller ones: {} updates lost\n", settled_.size() - order.size(), left_out);
  if (full_) text += fmt::format("  (only the first {} places that were written are watched)\n", kMostPlaces);
  return text;
}

}  // namespace mini::observe
