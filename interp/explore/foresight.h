// What is known of steps that were executed, and so need not be executed again where nothing they depend on is different.
//
// What comes of a step depends on its thread's own part of the state, and on what the step looks at beside. Executed once,
// it is known for all states that agree in these parts: there it makes of the parts that it changed what it made of them
// then. So most states are never made in memory; they are lists of parts, and their hash the sum of what each part adds.
//
// This rests on what the reduction rests on: that interp/observe/accesses.h tells of all that an instruction looks at.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "interp/explore/state_hash.h"
#include "interp/explore/wire.h"

namespace mini::explore {

namespace part {
/// With a serial: only whether the thread is there. A step can look at it; it is no part by itself.
inline constexpr PartName kAlive = 0x4000'0000;
}  // namespace part

/// A part of a state, and the number of its content.
struct NumberedPart {
  PartName name;
  uint32_t content;
  bool operator==(const NumberedPart&) const = default;
};
/// By name, ascending; parts that are not listed are as in the base, or not there. Behind the parts there are the counts that are
/// not as in the base, with the difference as their content.
using Parts = std::vector<NumberedPart>;
inline bool is_count(PartName name) { return (name & part::kKind) == part::kCount; }

/// The number of the content of a state's part; 0 if it is not listed. Of kAlive: whether the thread is there. Of a count: how
/// many more.
uint32_t content_of(const Parts& parts, PartName name);

class Foresight {
 public:
  static constexpr uint32_t kAnyOrder = ~0u;
  /// What a step does to the counts of references to objects of the base, and what it depends on of them. The step is the same
  /// whatever they are, but for whether an object dies or a thread has it for itself: so they are not read like parts.
  struct Counts {
    static constexpr int32_t kDies = INT32_MIN;
    struct Growth {
      PartName count;
      int32_t by;  ///< or kDies
      auto operator<=>(const Growth&) const = default;
    };
    /// Whether there were so many more than in the base (StateHasher::Count).
    struct Condition {
      PartName count;
      int32_t more;
      uint32_t holds;  ///< a truth value, with no padding behind it, as it goes to other processes
      auto operator<=>(const Condition&) const = default;
    };
    std::vector<Growth> growths;        ///< by name
    std::vector<Condition> conditions;
    auto operator<=>(const Counts&) const = default;
  };
  /// What a step does. Texts and orders are numbers of the explorer's.
  struct Effect {
    uint32_t output = 0, errors = 0;  ///< what it writes
    uint32_t order_before = kAnyOrder, order_after = kAnyOrder;  ///< of the threads (visibility.h), if it changes
    bool operator==(const Effect&) const = default;
  };
  struct Known {
    Effect effect;
    Parts changes;      ///< content 0: the part is no more
    StateHash growth;   ///< of the sum of the parts' weights; but for what it overwrites, whatever that was
    uint32_t shape = 0;
    uint32_t counts = 0;  ///< number of Counts
  };
  /// What a step looked at, beside its thread's own part, any part more than once; and what it overwrote without a look.
  struct Footprint {
    std::vector<PartName> reads, overwrites;
    Counts counts = {};
  };

  /// The parts of the state that was hashed, their contents numbered; and the counts.
  Parts numbered(const std::vector<Part>& parts, const std::vector<StateHasher::Count>& counts = {});
  /// The threads that can go on there; those that are not told from their equals last, by what they are doing.
  std::vector<uint16_t> runnable(const Parts& state) const;
  /// Whether the main thread is held there (symmetry.h).
  bool is_held(const Parts& state) const { return contents_[content_of(state, part::kThread)].is_held; }

  /// What a step of `thread` does to a state; null if that is not known. Valid until the next remember().
  const Known* find(const Parts& state, uint16_t thread, uint32_t order) const;
  /// That a step of `thread` made `after` of `before`.
  void remember(const Parts& before, const Parts& after, uint16_t thread, Footprint footprint, const Effect& effect);
  /// By how much the sum of weights of `state` grows by the step.
  StateHash growth(const Parts& state, const Known& known) const;
  /// `parts` after the step.
  Parts changed(const Parts& parts, const Known& known) const;

  /// How much is known, to tell what is new.
  struct Mark {
    size_t contents, steps;
  };
  Mark mark() const { return {contents_.size(), steps_.size()}; }
  void clear();
  size_t bytes() const;
  size_t size() const { return steps_.size(); }

  /// Tells another process, forked at `mark`, what became known since.
  void report(Writer& out, const Mark& mark) const;
  /// Takes over what another has told; `effect` puts its numbers in an effect right. Its numbers of contents, as this one's.
  std::vector<uint32_t> take_over(Reader& in, const Mark& mark, const std::function<void(Effect&)>& translate);

 private:
  struct Content {
    StateHash hash;
    bool can_run, is_plain, is_held;
    PartName group;  ///< Part::group; equal contents of different threads have different numbers all the same
  };
  /// Names of parts that a step looked at, its thread's left out, and of those that it overwrote; and whether the order of
  /// threads matters. What is overwritten must be plain, or else more would change: what belonged to it, or was told of it.
  struct Shape {
    std::vector<PartName> names, overwritten;
    bool with_order;
    auto operator<=>(const Shape&) const = default;
  };
  struct Step {
    uint32_t own;    // content of the thread's part
    uint32_t first;  // their contents, in reads_
    Known known;
  };
  static constexpr uint32_t kNone = ~0u;

  uint32_t number_of(const Content& content, PartName name);
  uint32_t number_of(const Shape& shape);
  uint32_t number_of(Counts counts);
  bool agrees(const Parts& state, const Counts& counts) const;
  StateHash weight(const NumberedPart& part) const;
  uint64_t key_of(uint32_t own, uint32_t shape, const std::vector<uint32_t>& contents, uint32_t order) const;
  /// The place in table_ of the first such step that is wanted, or of one to be.
  template <typename IsWanted>
  size_t place_of(uint32_t own, uint32_t shape, const std::vector<uint32_t>& contents, uint32_t order, IsWanted&& is_wanted) const;
  void add(uint32_t own, const std::vector<uint32_t>& contents, Known known);

  std::vector<Content> contents_ = {{{}, false, true, false, 0}};  // 0: as in the base, or nothing
  struct HashOfHash {
    size_t operator()(const StateHash& hash) const { return hash[0]; }
  };
  std::unordered_map<StateHash, uint32_t, HashOfHash> content_numbers_;
  std::vector<const Shape*> shapes_;
  std::map<Shape, uint32_t> shape_numbers_;
  std::vector<const Counts*> counts_;  // by number
  std::map<Counts, uint32_t> counts_numbers_;
  size_t growths_ = 0, conditions_ = 0;  // in all of them
  std::vector<std::vector<uint32_t>> shapes_of_;  // by content of a thread's part
  std::vector<uint32_t> reads_;
  std::vector<Step> steps_;
  std::vector<uint32_t> table_ = std::vector<uint32_t>(1 << 10, kNone);  // open addressing, by key
  mutable std::vector<uint32_t> looked_at_;  // by find()
  size_t changes_ = 0;                       // listed in all steps
};

}  // namespace mini::explore
