#include "interp/explore/crew.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "interp/explore/steering.h"

namespace mini::explore {

namespace {

/// A file in memory, which a child fills and its parent reads.
class SharedFile {
 public:
  SharedFile() : descriptor_(::memfd_create("mini-explore", MFD_CLOEXEC)) {}
  SharedFile(SharedFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  SharedFile& operator=(SharedFile&&) = delete;
  ~SharedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_open() const { return descriptor_ >= 0; }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  std::string read() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return {};
    std::string bytes(static_cast<size_t>(status.st_size), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return {};
      done += static_cast<size_t>(got);
    }
    return bytes;
  }

 private:
  int descriptor_;
};

struct Member {
  pid_t process;
  SharedFile report;
};

bool ended_well(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Claims::Claims() {
  void* mapped = ::mmap(nullptr, kSlots * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  slots_ = static_cast<std::atomic<uint64_t>*>(mapped);  // zeros, which an atomic may begin with
}

Claims::~Claims() { ::munmap(slots_, kSlots * sizeof(uint64_t)); }

bool Claims::take(const StateHash& hash) {
  constexpr size_t kMostProbes = 64;
  const uint64_t key = hash[1] | 1;  // zero is free
  for (size_t i = 0; i < kMostProbes; ++i) {
    std::atomic<uint64_t>& slot = slots_[(hash[0] + i) % kSlots];
    uint64_t found = 0;
    if (slot.compare_exchange_strong(found, key)) return true;
    if (found == key) return false;
  }
  return true;
}

bool Crew::share(const std::function<void(uint32_t member)>& work) {
  const Mark mark{explorer_.texts_.size(), explorer_.outcomes_.size(),
                  static_cast<NodeIndex>(explorer_.graph_.size()), explorer_.foresight_.mark()};
  std::vector<Member> crew;
  bool all_well = true;
  for (uint32_t i = 0; i < members_; ++i) {
    SharedFile file;
    const pid_t parent = ::getpid();
    const pid_t process = file.is_open() ? ::fork() : -1;
    if (process < 0) {
      all_well = false;
      break;
    }
    if (process == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      explorer_.begin_share();
      work(i);
      ::_exit(file.write(report(mark)) ? 0 : 1);
    }
    crew.push_back({process, std::move(file)});
  }
  for (Member& member : crew) {
    if (!ended_well(member.process)) {
      all_well = false;
      continue;
    }
    const std::string bytes = member.report.read();
    Reader reader(bytes);
    take_over(reader, mark);
  }
  return all_well;
}

bool Crew::is_worthwhile(const Explorer::Sweep& sweep) {
  const size_t enough = size_t{16} * members_;
  if (sweep.now.size() < enough) return false;
  size_t count = 0;
  for (auto place = sweep.now.rbegin(); place != sweep.now.rend() && count < enough; ++place)
    count += explorer_.waiting_.contains(place->node);
  return count >= enough;
}

bool Crew::round(const Explorer::Sweep& sweep) {
  constexpr double kLongest = 1;
  Claims claims;
  const double end = explorer_.seconds() + round_seconds_;
  round_seconds_ = std::min(kLongest, round_seconds_ * 2);
  return share([&](uint32_t member) {
    Explorer::Sweep own;
    own.level = sweep.level;
    own.now = sweep.now;
    own.claims = &claims;
    own.end = end;
    // Each begins elsewhere; who is through with its part goes on with what others have left.
    const size_t part = own.now.size() * member / members_;
    std::rotate(own.now.begin(), own.now.begin() + static_cast<std::ptrdiff_t>(part), own.now.end());
    Findings ignored;  // whoever forked this process looks for limits itself
    explorer_.finish_level(own, ignored);
  });
}

bool Crew::pays() {
  constexpr double kFirst = 0.1, kLongest = 2;
  constexpr uint32_t kTurns = 8;  // of which the first two are trials
  const double now = explorer_.seconds();
  if (now < phase_.end) return phase_.with_rounds;
  const size_t expanded = explorer_.graph_.size() - explorer_.waiting_.size();
  if (phases_ > 0 && expanded > phase_.expanded)  // not so if the search began anew
    pace_[phase_.with_rounds] = static_cast<double>(expanded - phase_.expanded) / (now - phase_.begin);
  const uint32_t turn = phases_++ % kTurns;
  phase_.with_rounds = turn < 2 ? turn == 1 : pace_[1] > pace_[0];
  phase_.begin = now;
  phase_.end = now + std::min(kLongest, kFirst * phases_);
  phase_.expanded = expanded;
  return phase_.with_rounds;
}

// What a member found ---------------------------------------------------------------------------------------------------

std::string Crew::report(const Mark& mark) const {
  Writer out;
  const Explorer& found = explorer_;
  out.put(found.texts_.size() - mark.texts);
  for (size_t i = mark.texts; i < found.texts_.size(); ++i) out.put_text(found.texts_[i]);
  found.visibility_->report(out);
  out.put(found.outcomes_.size());
  for (size_t i = 0; i < found.outcomes_.size(); ++i) {
    const Outcome& outcome = found.outcomes_[i];
    out.put(outcome.schedules);
    out.put_all(outcome.choices);
    if (i < mark.outcomes) continue;
    out.put(outcome.kind);
    out.put(outcome.status);
    out.put(outcome.bad);
    out.put_text(outcome.output);
    out.put_text(outcome.errors);
    out.put_text(outcome.shown);
  }
  const Graph& graph = found.graph_;
  out.put(static_cast<NodeIndex>(graph.size()));
  for (NodeIndex node = mark.nodes; node < graph.size(); ++node) {
    out.put(graph[node].hash());
    out.put(graph[node].parent);
    std::vector<uint16_t> threads;
    for (uint32_t i = 0; i < graph[node].edge_count; ++i) threads.push_back(graph.edges(node)[i].thread);
    out.put_all(threads);
  }
  out.put(found.expanded_.size());
  for (NodeIndex node : found.expanded_) {
    out.put(node);
    for (uint32_t i = 0; i < graph[node].edge_count; ++i) out.put(graph.edges(node)[i].target);
  }
  found.foresight_.report(out, mark.foresight);
  // Contents of lines, each once.
  std::unordered_map<uint32_t, uint32_t> numbers;
  std::vector<LinePool::Content> contents;
  Writer waiting;
  size_t count = 0;
  for (const auto& [node, state] : found.waiting_) {
    if (node < mark.nodes) continue;
    ++count;
    waiting.put(node);
    waiting.put(state.output);
    waiting.put(state.errors);
    waiting.put(state.order);
    waiting.put(state.in_memory);
    waiting.put_all(state.parts);
    Difference difference = state.difference;
    for (LineContent& line : difference) {
      const auto [place, fresh] = numbers.try_emplace(line.content, static_cast<uint32_t>(contents.size()));
      if (fresh) std::memcpy(contents.emplace_back().data(), found.pool_[line.content], kLineBytes);
      line.content = place->second;
    }
    waiting.put_all(difference);
  }
  out.put_all(contents);
  out.put(count);
  out.put_text(waiting.bytes());
  found.report_counts(out);
  return out.bytes();
}

void Crew::take_over(Reader& in, const Mark& mark) {
  Explorer& own = explorer_;
  std::vector<uint32_t> texts(mark.texts), orders, outcomes, contents;
  for (uint32_t i = 0; i < mark.texts; ++i) texts[i] = i;
  for (auto count = in.get<size_t>(); count > 0; --count) texts.push_back(own.text_number(in.get_text()));
  orders = own.visibility_->take_over(in);
  for (size_t i = 0, count = in.get<size_t>(); i < count; ++i) {
    const auto schedules = in.get<double>();
    auto choices = in.get_all<uint16_t>();
    if (i < mark.outcomes) {
      outcomes.push_back(static_cast<uint32_t>(i));
    } else {
      Outcome outcome;
      outcome.kind = in.get<OutcomeKind>();
      outcome.status = in.get<int>();
      outcome.bad = in.get<bool>();
      outcome.output = in.get_text();
      outcome.errors = in.get_text();
      outcome.shown = in.get_text();
      outcomes.push_back(own.outcome_number(std::move(outcome)));
    }
    if (!choices.empty()) own.remember_choices(outcomes.back(), choices, schedules);
  }

  Graph& graph = own.graph_;
  std::vector<NodeIndex> nodes(mark.nodes);
  for (NodeIndex i = 0; i < mark.nodes; ++i) nodes[i] = i;
  std::vector<bool> fresh(in.get<NodeIndex>(), false);
  while (nodes.size() < fresh.size()) {
    const auto hash = in.get<StateHash>();
    const auto parent = in.get<NodeIndex>();
    const auto threads = in.get_all<uint16_t>();
    const auto [node, is_new] = graph.add(hash, threads, parent == kNowhere ? kNowhere : nodes[parent]);
    fresh[nodes.size()] = is_new;
    nodes.push_back(node);
  }
  for (auto count = in.get<size_t>(); count > 0; --count) {
    const auto theirs = in.get<NodeIndex>();
    const NodeIndex node = nodes[theirs];
    // Somebody else may have expanded it as well: by another road, or since the claims were full.
    const auto waiting = own.waiting_.find(node);
    const bool wanted = fresh[theirs] || waiting != own.waiting_.end();
    for (uint32_t i = 0; i < graph[node].edge_count; ++i) {
      auto target = in.get<uint32_t>();
      if (!wanted) continue;
      if (target & kOutcomeBit) target = outcomes[target & ~kOutcomeBit] | kOutcomeBit;
      else if (target != kNowhere) target = nodes[target];
      graph.edges(node)[i].target = target;
    }
    if (waiting == own.waiting_.end()) continue;
    own.drop(waiting->second);
    own.waiting_.erase(waiting);
  }
  const std::vector<uint32_t> parts = own.foresight_.take_over(in, mark.foresight, [&](Foresight::Effect& effect) {
    effect.output = texts[effect.output];
    effect.errors = texts[effect.errors];
    if (effect.order_before == Foresight::kAnyOrder) return;
    effect.order_before = orders[effect.order_before];
    effect.order_after = orders[effect.order_after];
  });
  for (const auto& content : in.get_all<LinePool::Content>()) contents.push_back(own.pool_.intern(content.data()));
  auto count = in.get<size_t>();
  const std::string bytes = in.get_text();
  for (Reader states(bytes); count > 0; --count) {
    const auto theirs = states.get<NodeIndex>();
    Explorer::Waiting state;
    state.output = texts[states.get<uint32_t>()];
    state.errors = texts[states.get<uint32_t>()];
    state.order = orders[states.get<uint32_t>()];
    state.in_memory = states.get<bool>();
    state.parts = states.get_all<NumberedPart>();
    for (NumberedPart& each : state.parts)
      if (!is_count(each.name)) each.content = parts[each.content];
    state.difference = states.get_all<LineContent>();
    state.from_member = true;
    if (!fresh[theirs]) continue;
    for (LineContent& line : state.difference) {
      line.content = contents[line.content];
      own.pool_.share(line.content);
    }
    own.waiting_bytes_ += state.difference.size() * sizeof(LineContent) + state.parts.size() * sizeof(NumberedPart);
    own.waiting_[nodes[theirs]] = std::move(state);
  }
  for (uint32_t content : contents) own.pool_.release(content);
  own.take_over_counts(in);
}

}  // namespace mini::explore
