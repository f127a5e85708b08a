// A recording: everything that a run needs to be repeated, in a file. `mini recording FILE` prints it in words.
//
//     "minirec" | format version, 1 byte | header and events, through a range coder | 8 bytes: fingerprint of all before
//
// A hand-over between threads that only compute takes about one byte: its ticks, and its successor, can be foreseen, and
// its place is one of few. How long a slice is to be is drawn from the seed and its number (Runner::begin_slice); what the
// thread made of the slice before tells how many ticks that comes to, but for a few parts in a hundred.
#pragma once

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sched/replay.h"

namespace mini::sched {

/// What is known of a recorded run before its first event.
struct RecordingHeader {
  std::string version;       ///< of mini
  std::string script;        ///< as tracebacks show it
  std::uint64_t fingerprint = 0;  ///< Fingerprint of the script's text
  std::string switch_points, schedule;
  bool virtual_clock = false;
  std::uint64_t memory_limit = 0, seed = 0;
  std::vector<std::string> arguments;  ///< sys.argv
  bool operator==(const RecordingHeader&) const = default;
};

/// Writes and reads the parts of a recording, which it learns while it does so.
class RecordingModel {
 public:
  template <class Coder>
  void code(Coder& coder, RecordingHeader& header);
  /// `event.when.position.code` is not coded; instead, for a point, the place: new_place() is asked for one that is met
  /// for the first time (Encoder), or `event.place` is set (Decoder).
  template <class Coder, class PlaceOf>
  void code(Coder& coder, Event& event, PlaceOf place_of);

 private:
  template <class Coder, class PlaceOf>
  void code_when(Coder& coder, Event& event, PlaceOf& place_of);
  template <class Coder>
  void code_place(Coder& coder, Place& place);
  template <class Coder>
  void code_number(Coder& coder, std::uint32_t kind, std::int64_t& number);

  /// What was drawn for the slice that runs, if the thread before it waits.
  std::uint64_t drawn() const;

  SliceModel slices_;
  std::shared_ptr<const Schedule> schedule_;
  std::uint64_t seed_ = 0, hand_overs_ = 0;
  SymbolModel<3> kinds_[7];
  std::uint32_t last_kind_ = 0;
  SymbolModel<2> when_;
  BitModel finished_, interrupted_;
  NumberModel poll_, place_, place_numbers_;
  SmallNumberModel thread_;
  SymbolModel<3> outcome_, outside_;
  NumberModel numbers_[8];
  BitModel negative_[8];
  std::int64_t last_number_[8] = {};
  BytesModel texts_, bytes_[8];
  // Places in the order of their first mention; those of the Encoder by their position.
  std::vector<std::shared_ptr<const Place>> places_;
  std::map<std::pair<const void*, std::uint32_t>, std::uint32_t> known_;
  std::vector<Place> functions_;
};

/// A journal that is a file.
class RecordingWriter final : public Journal {
 public:
  using PlaceOf = std::function<Place(const Position&)>;  ///< sched::Machine::place
  /// False with the reason: the file cannot be made.
  bool open(const std::string& filename, std::string& error);
  /// Before anything else; the VM may ask for things outside as soon as it is made.
  void begin(RecordingHeader header);
  /// Before the first thread gives way.
  void set_place_of(PlaceOf place_of) { place_of_ = std::move(place_of); }
  ~RecordingWriter() override;

  void on_slice(const Moment& end, std::uint32_t to, Cause cause) override;
  void on_wake(const Moment& when, std::uint32_t thread, Wake reason) override;
  void on_interrupt(const Moment& when) override;
  void on_taken(const Moment& when) override;
  void on_number(Outside kind, std::int64_t number) override;
  void on_bytes(Outside kind, std::string_view bytes) override;
  void on_end(Outcome outcome) override;

  /// What went wrong with the file; empty: nothing.
  const std::string& error() const { return error_; }

 private:
  void put(Event event);
  void write(std::string_view bytes);

  std::string filename_, error_;
  std::FILE* file_ = nullptr;
  Encoder coder_;
  RecordingModel model_;
  Fingerprint fingerprint_;
  PlaceOf place_of_;
  bool ended_ = false;
};

/// A recording that was read and is whole.
struct Recording {
  RecordingHeader header;
  std::unique_ptr<EventSource> events;
};
/// `error`, for "FILE: …": the file cannot be read, is no recording, is damaged, or is of another format.
bool read_recording(const std::string& filename, Recording& recording, std::string& error);

}  // namespace mini::sched
