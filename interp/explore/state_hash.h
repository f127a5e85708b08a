// The hash of a state, in time proportional to what differs from the state at which the exploration began.
//
// A state consists of *parts*, each with a hash of its own: the machine, each thread, each object of the base that changed
// (of a dict or list: what is in which place, and each value).
// What is equal to the base is no part. Objects of the *base* that still live are known by their address, which is the same
// in all states; objects made since belong to the part from which they are discovered first, and are numbered in the order
// of their discovery there. A part that refers to another one's object says whose and which, and the owner is told. So two
// states with the same parts are equal up to the addresses of new objects, as with vm::hash_state, which walks the whole
// heap (and which the tests compare with this).
#pragma once

#include <array>
#include <optional>
#include <unordered_map>
#include <vector>

#include "interp/explore/memory_image.h"
#include "interp/vm/state.h"

namespace mini::explore {

using namespace mini::object;
using vm::StateHash;

/// Which part of a state: a kind, and a number.
using PartName = uint32_t;
namespace part {
inline constexpr PartName kKind = 0xf000'0000;
inline constexpr PartName kMachine = 0;
inline constexpr PartName kThread = 0x1000'0000;   ///< with a serial: all that is the thread's own
inline constexpr PartName kJoiners = 0x2000'0000;  ///< with a serial: who waits for its end
inline constexpr PartName kObject = 0x3000'0000;   ///< with the number of an object of the base
inline constexpr PartName kItem = 0x5000'0000;     ///< with the number of a dict or list of the base, and a place in it
inline constexpr PartName kGroup = 0x6000'0000;    ///< with the number of a group: one of its threads, whichever that is
inline constexpr PartName kCount = 0x7000'0000;    ///< with the number of an object of the base: StateHasher::Count
inline constexpr uint32_t kMostItems = 64;         ///< by place; what lies behind belongs to the object itself
inline constexpr PartName item(uint32_t object, uint32_t place) { return kItem | object * kMostItems | place; }
}  // namespace part

struct Part {
  PartName name;
  StateHash content;
  bool can_run = false;  ///< a thread that is not blocked, and not held (symmetry.h)
  bool is_plain = true;  ///< it refers to no object
  bool is_held = false;
  PartName group = 0;    ///< of a thread that is not told from its equals: what it is known by in the hash, instead of its name

  PartName hashed_name() const { return group != 0 ? group : name; }
};

class Symmetry;

class StateHasher final : private Visitor {
 public:
  /// Room in the VM's memory for the marks of objects that die; to be made before the image, whose state it belongs to.
  struct Marks {
    uint64_t* bits;
    size_t count;
  };
  static Marks make_marks(vm::Machine& machine);
  /// Walks the heap, in which nothing may have run since the image was made.
  StateHasher(vm::Machine& machine, MemoryImage& image, Marks marks);

  /// To be told of all lines that change, before hash() is asked.
  void note(const std::vector<Line>& lines);
  /// Of the machine as it stands; nobody holds the GIL. `seed` is mixed in. `standings`: by thread, what is to tell its part
  /// from others that look the same.
  StateHash hash(uint64_t seed, const std::vector<uint64_t>& standings);
  /// From now on, equal threads are not told apart.
  void heed(Symmetry* symmetry) { symmetry_ = symmetry; }
  /// The same with all threads told apart.
  StateHash exact_hash(uint64_t seed, const std::vector<uint64_t>& standings) {
    Symmetry* const heeded = std::exchange(symmetry_, nullptr);
    const StateHash result = hash(seed, standings);
    symmetry_ = heeded;
    return result;
  }
  /// Of the state that was hashed last: its parts, by name.
  const std::vector<Part>& parts() const { return parts_; }
  /// That there are more references to an object of the base than there. It is no part of the state, but says what will come of
  /// it: whether the object dies when somebody drops one, and whether a thread has it for itself (locality.h).
  struct Count {
    PartName name;  ///< kCount
    int32_t more;   ///< or fewer
  };
  /// Of that state: objects of the base that are referred to more or less often than there, by name; those whose death shows.
  const std::vector<Count>& counts() const { return counts_; }
  /// Those that are dead there, by name.
  const std::vector<PartName>& dead() const { return dead_; }
  /// That functions stay what they are, and modules where they are, is taken for granted: then nearly no function's death shows,
  /// and calls, which hold functions, leave the counts alone. Whether that was found out to be wrong since it was asked last: the
  /// hasher is *wary* from then on and grants nothing, and all has to be explored again.
  bool take_surprise() { return std::exchange(is_surprised_, false); }
  bool is_wary() const { return is_wary_; }
  void become_wary();
  /// A step writes to the object, if only what was there.
  void note_write(const Object* object);
  /// What an object of the base is called among counts(); nothing if it is none, or its death does not show.
  std::optional<PartName> counted(const void* object) const;
  /// Of the state that was hashed last.
  int32_t more_of(PartName count) const;
  uint32_t count_in_base(PartName count) const { return objects_[count & ~part::kKind].count; }
  /// The parts that an object consists of while it is as in the base.
  void list_parts_in_base(PartName count, std::vector<PartName>& parts) const;
  /// Of that state: the part that an object belongs to; nothing if it did not exist there.
  std::optional<PartName> part_of(const void* object) const;
  /// For each dict and list among the base's objects: how many values of it are parts of their own; 0 for others.
  uint32_t item_count(PartName object) const;
  /// Whether an item's value in the base refers to no object.
  bool is_plain_in_base(PartName item) const;

  /// The hash of a state is the sum of what its parts and the seed add to it.
  static StateHash weight(PartName name, const StateHash& content);
  static StateHash weight_of_seed(uint64_t seed) { return weight(part::kKind, {seed, ~seed}); }

  /// The same walk over the whole heap, as if nothing were known of a base; to compare with.
  StateHash full_hash(uint64_t seed);

  /// The time is part of the state: a script that asks for it can tell.
  bool with_clock = false;

  /// Whether an address is that of a living object of the base. Others have none that means anything.
  bool is_base_object(const void* object) const;
  /// Base objects that were ever seen to differ, for statistics.
  size_t changed_objects() const { return hot_.size(); }

 private:
  struct BaseObject {
    Object* object;
    uint32_t bytes;
    uint32_t count;
    bool hot, constant, tracked;
    bool vital = false;    // its death shows: it may have changed, or what dies with it
    bool counted = false;  // it was ever referred to more or less often
    StateHash content = {};
    std::vector<Value> items = {};  // of a dict or list
  };
  struct Buffer {
    const std::byte* start;
    uint32_t owner;
  };

  void reference(Value value) override;
  using Visitor::reference;
  void scalar(uint64_t number) override { mix(number); }
  void content(const void* bytes, size_t size) override;

  void collect_all(uint64_t seed);
  void find_members();
  void collect_base();
  void find_vital();
  void note_surprise();
  void find_buffers();
  void note_object(uint32_t index, const std::byte* line);
  void heat(uint32_t index);
  void note_count(uint32_t index);
  void note_deaths(const std::byte* line);
  void list_counts();
  void show(Object* object);
  void show_base_object(const BaseObject& base);
  void show_items(uint32_t index);
  void show_machine();
  void show_thread(vm::ThreadState& thread, sched::Time now);
  void show_joiners(vm::ThreadState& thread);
  void show_waiter(const vm::Lock* lock, uint32_t serial, uint32_t position);
  void show_holder(const vm::Lock* lock);
  bool show_own_value(Value value);
  void begin_part(PartName name);
  void end_part();
  void tell_owners();
  void tell_holder(uint32_t index);
  Part* thread_part(uint32_t serial);
  bool is_equal(uint32_t serial) const { return serial < groups_.size() && groups_[serial] != 0; }
  void show_thread_part(vm::ThreadState& thread, const std::vector<uint64_t>& standings);
  void tell(const vm::Lock* lock, uint32_t serial, uint32_t what);
  void tell_threads();
  struct Slot;
  const Slot& slot_of(Object* object);
  size_t granule(const void* address) const {
    return static_cast<size_t>(static_cast<const std::byte*>(address) - image_.start()) / 16;
  }
  bool marked_dead(size_t granule) const { return deaths_[granule / 64] >> granule % 64 & 1; }

  void reset() {
    first_ = 0x243f6a8885a308d3u;
    second_ = 0x13198a2e03707344u;
  }
  /// Two lanes of multiply and rotate; different multipliers make them independent enough for 128 bits.
  void mix(uint64_t word) {
    first_ = std::rotl(first_ ^ word, 29) * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
    second_ = (std::rotl(second_, 31) ^ word) * 0xd6e8feb86659fd93u + 0xa0761d6478bd642fu;
    first_ ^= first_ >> 32;
    second_ ^= second_ >> 29;
  }

  vm::Machine& machine_;
  MemoryImage& image_;
  uint64_t* deaths_ = nullptr;          // in the VM's memory, so that it belongs to the state
  size_t granules_ = 0;                 // of the base
  std::vector<uint32_t> at_;            // by granule: 1 + index of the base object that begins there
  std::vector<BaseObject> objects_;     // by address
  std::vector<Buffer> buffers_;         // by address: blocks that are no objects, and whose they are
  struct LineInfo {
    uint32_t first_object = ~0u;  // of those that reach into the line
    bool done = false;            // all of them are hot, and counted
    bool buffers_done = false;    // the owners of other blocks there are
  };
  std::vector<LineInfo> lines_;         // of the base
  std::vector<uint32_t> hot_;           // objects, by address
  std::vector<uint32_t> counted_;       // likewise
  std::vector<Count> counts_;
  std::vector<PartName> dead_;
  std::vector<std::vector<uint32_t>> uses_;    // by object that cannot change, or hardly ever does: what it refers to
  std::vector<uint32_t>* user_ = nullptr;      // that of the object that is shown
  uint32_t modules_ = ~0u;                     // the dict of all modules
  bool is_wary_ = false, is_surprised_ = false;
  std::vector<uint32_t> held_;          // locks that were taken in the base
  bool collecting_ = false;
  std::vector<Part> parts_;             // of the state that is or was hashed
  std::vector<Object*> pending_;        // new objects, in the order of their discovery
  size_t shown_ = 0;                    // so many of them
  size_t first_of_part_ = 0;            // of them
  struct Slot {
    Object* object;
    uint32_t epoch, number;  // in its part
    uint32_t part;           // index in parts_
  };
  std::vector<Slot> numbers_;           // open addressing
  /// A part refers to an object of another one.
  struct Foreign {
    uint32_t owner;  // index in parts_
    uint32_t number;
    PartName from;
  };
  std::vector<Foreign> foreign_;
  Symmetry* symmetry_ = nullptr;
  bool heeds_members_ = false;                  // some equal threads are there
  bool holds_main_ = false;
  std::vector<uint16_t> groups_;                // by thread; 0: it is told from all others
  std::optional<std::array<Value, 5>> own_;     // of the frame that is shown
  /// What the rest of the state says of an equal thread without saying which one it is.
  struct Told {
    uint32_t serial;
    uint64_t what;
  };
  std::vector<Told> told_;
  std::vector<uint32_t> changed_locks_;         // indices of objects
  uint32_t epoch_ = 0;
  uint64_t first_ = 0, second_ = 0;
};

}  // namespace mini::explore
