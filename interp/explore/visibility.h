// Which accesses can matter to another thread: those to *contended* places.
//
// A step of the search is one visible access and what follows it in private. What is visible is not known beforehand, so
// it is found out: an access is private until two threads were seen to access its place, one of them writing, without a
// lock held at both and without order between them by start(), the first step of a thread, or join(). Such a place is
// contended from then on, and everything that was explored before is explored again. In an exploration in which no place
// becomes contended, each private access commutes with whatever other threads can do meanwhile, so leaving out its
// interleavings loses nothing. What starts, begins and joins threads is always visible.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "interp/explore/lock_order.h"
#include "interp/explore/state_hash.h"
#include "interp/explore/symmetry.h"
#include "interp/explore/wire.h"
#include "interp/observe/accesses.h"

namespace mini::explore {

/// Adds or removes an item of a table, an attribute or a variable: the order in which that is done shows only in its iteration.
bool is_structural(const observe::Access& access);

/// Where in the script a thread did something.
struct Site {
  std::vector<std::string> stack;  ///< "FILE:LINE in FUNCTION", the innermost first; empty: in the library alone
  bool in_library = false;         ///< in code of mini's own modules, which that line called
  auto operator<=>(const Site&) const = default;
};

/// Two accesses by different threads to one place that nothing orders, one of them writing.
struct Race {
  struct Side {
    uint16_t thread;
    bool writes;
    Site site;
    std::vector<std::string> locks;  ///< names of those held
    auto operator<=>(const Side&) const = default;
  };
  std::string place;    ///< as the source calls it
  Side first, second;
};

/// Threads that each take a lock which the next one holds.
struct PotentialDeadlock {
  struct Side {
    uint16_t thread;
    std::string takes;
    std::vector<std::string> holds;
    Site site;
  };
  std::vector<Side> sides;
  std::vector<std::string> gates;  ///< held by two of them: these prevent it
};

/// A thread, and where it was started.
struct Origin {
  uint16_t thread;
  std::string name;
  Site site;
};

class Visibility final : public vm::InstructionObserver, public sched::Observer {
 public:
  Visibility(vm::Machine& machine, const StateHasher& hasher, observe::Accesses& accesses, Symmetry& symmetry);

  /// Whether an instruction with these accesses is visible.
  bool is_visible(std::span<const observe::Access> accesses);
  /// Notes that `thread` performs them now.
  void note(vm::ThreadState& thread, std::span<const observe::Access> accesses);

  /// Whether something became contended since the last call.
  bool take_change() { return std::exchange(changed_, false); }
  bool changed() const { return changed_; }
  /// Something else was found out because of which all has to be explored again.
  void set_changed() { changed_ = true; }
  /// Somebody asked whether a thread has ended, without waiting for it: ends are visible.
  bool ends_matter() const { return ends_matter_; }
  /// A native of unknown effects ran: since then every access counts as contended.
  bool met_unknown() const { return all_visible_; }
  size_t contended() const { return contended_; }
  /// All that were met, each pair of code places once; those between two places of the library left out.
  std::vector<Race> races() const;
  std::vector<PotentialDeadlock> potential_deadlocks() const;
  /// Of the threads that were started, by number.
  std::vector<Origin> origins() const;

  /// What orders the threads of the present state, as a number that is the same for the same order; belongs to the state.
  uint32_t order() const { return order_; }
  void set_order(uint32_t number);
  /// The same for the same order in other processes, too.
  uint64_t order_hash(uint32_t number) const { return order_hashes_[number]; }
  /// By thread: a hash of what an order says of it, on which it depends what becomes contended by its accesses.
  const std::vector<uint64_t>& standings(uint32_t order) const { return standings_[order]; }

  /// From now on, keeps what report() tells: all that is found out, for another process that knows what came before.
  void begin_report();
  void report(Writer& out) const;
  /// Takes over what another has found out. Its numbers of orders, as this one's.
  std::vector<uint32_t> take_over(Reader& in);

  /// What the exploration met that it treats by a rule of its own.
  bool met_timeout() const { return met_timeout_; }

  void on_start(sched::Thread& child) override;
  void on_wait(sched::Thread& thread) override { met_timeout_ = met_timeout_ || thread.deadline != sched::kNever; }
  void on_lock(vm::ThreadState&, vm::Lock&, vm::LockOperation) override;
  void on_identity(vm::ThreadState& thread) override { symmetry_.on_identity(thread); }
  /// Forgets all accesses: who is equal to whom has changed, and they were put down to that.
  void forget();

 private:
  /// By thread: how many of its epochs are over, so that all it did in them comes before. kAll: it was joined.
  using Row = std::vector<uint16_t>;
  static constexpr uint16_t kAll = 0xffff;
  static uint16_t entry(const Row& row, uint32_t thread) { return thread < row.size() ? row[thread] : 0; }
  /// A thread's epoch ends when it starts another one, and after its own beginning.
  struct Order {
    std::vector<uint16_t> epochs;
    std::vector<uint32_t> rows;
    std::vector<uint32_t> own_rows;  ///< of members of a group, which are to know the same: what they know in truth
    Company company;
    auto operator<=>(const Order&) const = default;
  };
  Order present() const { return *orders_[order_]; }
  uint32_t order_number(const Order& order);
  void become(const Order& order) { set_order(order_number(order)); }
  uint32_t row_number(const Row& row);
  void learn(uint32_t thread, const std::function<void(Row&)>& change);
  void note_thread(vm::ThreadState& thread, const observe::Access& access);
  void admit(Order& order, const vm::ThreadState& child, uint32_t parent);
  void note_join();

  /// The accesses of one thread to a place, in one epoch, taken together.
  struct Seen {
    uint16_t thread;
    bool writes;
    bool structural;    ///< all of its writes add or remove items of a table
    uint16_t epoch;
    uint32_t row;       ///< what the thread knew of others
    uint16_t group;     ///< if any of its members may do the same
    uint64_t locks;     ///< held at all of them
    uint32_t site;      ///< of the first of them
  };
  struct PlaceRecord {
    std::vector<Seen> seen;
    std::string name;
    bool contended = false;
  };
  /// Something seen for the first time.
  struct News {
    uint64_t identity, key;
    bool whole, is_lock;
    Seen seen;
  };
  struct ObjectRecord {
    std::unordered_map<uint64_t, PlaceRecord> parts;
    PlaceRecord whole;
    bool any_contended = false;
    bool is_lock = false;  ///< fought for on purpose
    bool read_whole = false;
  };

  /// The last answers about a place of the base.
  struct Memo {
    static constexpr size_t kThreads = 8;
    const void* object = nullptr;
    uint64_t key = 0;
    size_t contended = 0;  ///< how many places were, when `visible` was found
    bool whole = false, visible = false;
    struct Noted {
      uint64_t locks = 0;
      uint32_t row = ~0u;
      uint16_t epoch = 0;
    } noted[kThreads * 2];
  };
  Memo& memo_of(const observe::Access& access) {
    const uint64_t hash = (reinterpret_cast<uintptr_t>(access.object) >> 4) * 0x9e3779b97f4a7c15u ^ access.key * 0xd6e8feb86659fd93u;
    return memo_[hash >> 54];
  }

  uint64_t identity_of(const observe::Access&) const;
  uint64_t held_by(const vm::ThreadState& thread);
  bool conflicts(const Seen& a, const Seen& b) const;
  bool comes_before(const Seen& a, const Seen& b) const;
  bool looks_visible(const observe::Access&) const;
  void contend(ObjectRecord& object, PlaceRecord& place);
  void check(ObjectRecord& object, PlaceRecord& place, const Seen& fresh, PlaceRecord& other);
  void add(const News& news, const std::function<std::string()>& name);
  uint64_t lock_bit(const vm::Lock* lock);
  void distrust(uint64_t locks);

  uint32_t site_of(const vm::ThreadState& thread);
  uint32_t site_number(Site site);
  std::vector<std::string> lock_names(uint64_t locks) const;
  bool at_once(const Taking& a, const Taking& b) const;
  void add_taking(const Taking& taking);
  void note_origin(uint16_t thread, std::string name, uint32_t site);

  vm::Machine& machine_;
  const StateHasher& hasher_;
  observe::Accesses& accesses_;
  Symmetry& symmetry_;
  std::map<uint16_t, std::set<uint16_t>> members_;  // of each group, in any state that was met; never less
  std::vector<Site> sites_;
  std::map<std::pair<const bytecode::Code*, uint32_t>, uint32_t> site_numbers_;  // by line
  std::unordered_map<uint64_t, ObjectRecord> objects_;
  std::vector<Memo> memo_ = std::vector<Memo>(1 << 10);
  std::vector<const vm::Lock*> locks_;  // of the base; the index is the bit in Seen::locks
  std::vector<std::string> lock_names_;
  std::vector<Taking> takings_;
  std::map<uint16_t, std::pair<std::string, uint32_t>> origins_;  // name and site, by thread
  uint64_t shared_locks_ = 0;           // released by others than their holder: they protect nothing
  std::map<Row, uint32_t> row_numbers_;
  std::vector<const Row*> rows_;
  std::map<Order, uint32_t> order_numbers_;
  std::vector<const Order*> orders_;
  std::vector<uint64_t> order_hashes_;
  std::vector<std::vector<uint64_t>> standings_;
  uint32_t order_ = 0;
  bool changed_ = false, all_visible_ = false, ends_matter_ = false, met_timeout_ = false;
  size_t contended_ = 0;

  /// What report() tells, since begin_report().
  struct Found {
    std::vector<std::pair<News, std::string>> news;  // with the names of the places
    size_t known_orders;
  };
  std::optional<Found> found_;
};

}  // namespace mini::explore
