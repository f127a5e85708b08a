// See recording.h.
#include "runtime/sched/recording.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/sched/runner.h"

namespace mini::sched {

namespace {

constexpr std::string_view kMagic = "minirec";
constexpr char kFormat = 4;
constexpr std::size_t kHeadBytes = 8, kTailBytes = 8;

template <class Coder, class Number>
void code_as(Coder& coder, NumberModel& model, Number& number) {
  auto wide = static_cast<std::uint64_t>(number);
  model.code(coder, wide);
  number = static_cast<Number>(wide);
}

template <class Coder, class Enum, class Model>
void code_symbol(Coder& coder, Model& model, Enum& value) {
  auto symbol = static_cast<std::uint32_t>(value);
  model.code(coder, symbol);
  value = static_cast<Enum>(symbol);
}

}  // namespace

template <class Coder>
void RecordingModel::code(Coder& coder, RecordingHeader& header) {
  for (std::string* text : {&header.version, &header.script, &header.switch_points, &header.schedule})
    texts_.code(coder, *text);
  coder.raw(64, header.fingerprint);
  std::uint64_t clock = header.virtual_clock;
  coder.raw(1, clock);
  header.virtual_clock = clock != 0;
  place_numbers_.code(coder, header.memory_limit);
  place_numbers_.code(coder, header.seed);
  std::uint64_t count = header.arguments.size();
  place_numbers_.code(coder, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if constexpr (!Coder::kWrites) header.arguments.emplace_back();
    texts_.code(coder, header.arguments[i]);
  }
  schedule_ = parse_schedule(header.schedule).schedule;
  seed_ = header.seed;
}

std::uint64_t RecordingModel::drawn() const {
  if (!schedule_) return 1;
  Random random = random_of_slice(seed_, hand_overs_);
  const Conditions conditions = schedule_->conditions(random);
  const Time asked = conditions.late + schedule_->time_until_asked(0, random);
  return static_cast<std::uint64_t>(static_cast<double>(asked) * conditions.pace);
}

template <class Coder>
void RecordingModel::code_place(Coder& coder, Place& place) {
  std::uint64_t function = functions_.size();
  if constexpr (Coder::kWrites) {
    for (std::uint64_t i = 0; i < functions_.size(); ++i)
      if (functions_[i].file == place.file && functions_[i].function == place.function &&
          functions_[i].first_line == place.first_line)
        function = i;
  }
  place_numbers_.code(coder, function);
  if (function >= functions_.size()) {
    texts_.code(coder, place.file);
    texts_.code(coder, place.function);
    code_as(coder, place_numbers_, place.first_line);
    functions_.push_back(place);
  } else {
    place.file = functions_[function].file;
    place.function = functions_[function].function;
    place.first_line = functions_[function].first_line;
  }
  texts_.code(coder, place.instruction);
  code_as(coder, place_numbers_, place.index);
  code_as(coder, place_numbers_, place.line);
}

template <class Coder, class PlaceOf>
void RecordingModel::code_when(Coder& coder, Event& event, PlaceOf& place_of) {
  Moment& when = event.when;
  if (when.kind == Moment::Kind::Call) slices_.code_calls(coder, when.count);
  if (when.kind == Moment::Kind::Poll) poll_.code(coder, when.count);
  if (when.kind != Moment::Kind::Point) return;
  if (event.kind == Event::Kind::Slice) slices_.code_ticks(coder, when.position.ticks, drawn());
  else slices_.code_ticks(coder, when.position.ticks);
  std::uint64_t number = places_.size();
  if constexpr (Coder::kWrites) {
    const auto key = std::pair(when.position.code, when.position.index);
    number = known_.try_emplace(key, static_cast<std::uint32_t>(number)).first->second;
  }
  place_.code(coder, number);
  if (number >= places_.size()) {
    Place place = place_of(when.position);
    code_place(coder, place);
    places_.push_back(std::make_shared<const Place>(std::move(place)));
    number = places_.size() - 1;
  }
  event.place = places_[number].get();
  when.position.index = event.place->index;
}

template <class Coder>
void RecordingModel::code_number(Coder& coder, std::uint32_t kind, std::int64_t& number) {
  const auto last = static_cast<std::uint64_t>(last_number_[kind]);
  const auto grown = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) - last);
  bool negative = grown < 0;
  coder.bit(negative_[kind], negative);
  std::uint64_t size = negative ? ~static_cast<std::uint64_t>(grown) : static_cast<std::uint64_t>(grown);
  numbers_[kind].code(coder, size);
  number = last_number_[kind] = static_cast<std::int64_t>(last + (negative ? ~size : size));
}

template <class Coder, class PlaceOf>
void RecordingModel::code(Coder& coder, Event& event, PlaceOf place_of) {
  code_symbol(coder, kinds_[last_kind_], event.kind);
  last_kind_ = static_cast<std::uint32_t>(event.kind) % 7;
  std::uint32_t outside = static_cast<std::uint32_t>(event.outside);
  switch (event.kind) {
    case Event::Kind::Slice: {
      auto end = event.when.kind == Moment::Kind::Point  ? Slice::End::Point
                 : event.when.kind == Moment::Kind::Call ? Slice::End::Call
                                                         : Slice::End::Itself;
      slices_.code_end(coder, end);
      event.when.kind = end == Slice::End::Point  ? Moment::Kind::Point
                        : end == Slice::End::Call ? Moment::Kind::Call
                                                  : Moment::Kind::End;
      bool finished = event.cause == Cause::Finished;
      if (end == Slice::End::Itself) coder.bit(finished_, finished);
      event.cause = end == Slice::End::Point  ? Cause::Switched
                    : end == Slice::End::Call ? Cause::Called
                    : finished                ? Cause::Finished
                                              : Cause::Parked;
      code_when(coder, event, place_of);
      const std::uint32_t thread = slices_.current();
      slices_.code_successor(coder, event.thread);
      if (event.thread != thread) ++hand_overs_;
      break;
    }
    case Event::Kind::Wake: {
      code_symbol(coder, when_, event.when.kind);
      code_when(coder, event, place_of);
      thread_.code(coder, event.thread);
      bool interrupt = event.reason == Wake::Interrupted;
      coder.bit(interrupted_, interrupt);
      event.reason = interrupt ? Wake::Interrupted : Wake::TimedOut;
      break;
    }
    case Event::Kind::Interrupt:
    case Event::Kind::Taken:
      code_symbol(coder, when_, event.when.kind);
      code_when(coder, event, place_of);
      break;
    case Event::Kind::Number:
      outside_.code(coder, outside);
      event.outside = static_cast<Outside>(outside);
      code_number(coder, outside, event.number);
      break;
    case Event::Kind::Bytes:
      outside_.code(coder, outside);
      event.outside = static_cast<Outside>(outside);
      bytes_[outside].code(coder, event.bytes);
      break;
    case Event::Kind::End:
      code_symbol(coder, outcome_, event.outcome);
      break;
  }
}

// ---- Writing

bool RecordingWriter::open(const std::string& filename, std::string& error) {
  filename_ = filename;
  file_ = std::fopen(filename.c_str(), "wb");
  if (!file_) error = std::strerror(errno);
  return file_ != nullptr;
}

RecordingWriter::~RecordingWriter() {
  if (file_) std::fclose(file_);
}

void RecordingWriter::begin(RecordingHeader header) {
  write(std::string(kMagic) + kFormat);
  model_.code(coder_, header);
}

void RecordingWriter::write(std::string_view bytes) {
  fingerprint_.add(bytes);
  if (file_ && error_.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
    error_ = filename_ + ": " + std::strerror(errno);
}

void RecordingWriter::put(Event event) {
  if (ended_) return;
  model_.code(coder_, event, [this](const Position& position) { return place_of_(position); });
  constexpr std::size_t kEnough = 4096;
  if (coder_.bytes().size() < kEnough) return;
  write(coder_.bytes());
  coder_.bytes().clear();
}

void RecordingWriter::on_slice(const Moment& end, std::uint32_t to, Cause cause) {
  Event event;
  event.kind = Event::Kind::Slice;
  event.when = end;
  event.thread = to;
  event.cause = cause;
  put(std::move(event));
}

void RecordingWriter::on_wake(const Moment& when, std::uint32_t thread, Wake reason) {
  Event event;
  event.kind = Event::Kind::Wake;
  event.when = when;
  event.thread = thread;
  event.reason = reason;
  put(std::move(event));
}

void RecordingWriter::on_interrupt(const Moment& when) {
  Event event;
  event.kind = Event::Kind::Interrupt;
  event.when = when;
  put(std::move(event));
}

void RecordingWriter::on_taken(const Moment& when) {
  Event event;
  event.kind = Event::Kind::Taken;
  event.when = when;
  put(std::move(event));
}

void RecordingWriter::on_number(Outside kind, std::int64_t number) {
  Event event;
  event.kind = Event::Kind::Number;
  event.outside = kind;
  event.number = number;
  put(std::move(event));
}

void RecordingWriter::on_bytes(Outside kind, std::string_view bytes) {
  Event event;
  event.kind = Event::Kind::Bytes;
  event.outside = kind;
  event.bytes = bytes;
  put(std::move(event));
}

void RecordingWriter::on_end(Outcome outcome) {
  if (ended_ || !file_) return;
  Event event;
  event.kind = Event::Kind::End;
  event.outcome = outcome;
  put(std::move(event));
  ended_ = true;
  coder_.finish();
  write(coder_.bytes());
  const std::uint64_t print = fingerprint_.value();
  write({reinterpret_cast<const char*>(&print), kTailBytes});
  if (std::fclose(std::exchange(file_, nullptr)) != 0 && error_.empty())
    error_ = filename_ + ": " + std::strerror(errno);
}

// ---- Reading

namespace {

class RecordingReader final : public EventSource {
 public:
  RecordingReader(std::shared_ptr<const std::string> file, RecordingHeader& header)
      : file_(std::move(file)),
        coder_(std::string_view(*file_).substr(kHeadBytes, file_->size() - kHeadBytes - kTailBytes)) {
    model_.code(coder_, header);
    advance();
  }
  std::unique_ptr<EventSource> clone() const override { return std::make_unique<RecordingReader>(*this); }
  const Event& next() const override { return event_; }
  void advance() override {
    if (over_) return;
    event_ = {};
    model_.code(coder_, event_, [](const Position&) { return Place(); });
    event_.when.position.ticks = event_.when.kind == Moment::Kind::Point ? event_.when.position.ticks : 0;
    over_ = event_.kind == Event::Kind::End || coder_.overran();
    if (coder_.overran()) event_ = {};
  }
  bool complete() const override { return true; }

 private:
  std::shared_ptr<const std::string> file_;
  Decoder coder_;
  RecordingModel model_;
  Event event_;
  bool over_ = false;
};

bool read_file(const std::string& filename, std::string& bytes, std::string& error) {
  std::FILE* file = std::fopen(filename.c_str(), "rb");
  if (!file) {
    error = std::strerror(errno);
    return false;
  }
  char piece[1 << 16];
  std::size_t count;
  while ((count = std::fread(piece, 1, sizeof piece, file)) > 0) bytes.append(piece, count);
  if (std::ferror(file)) error = std::strerror(errno);
  std::fclose(file);
  return error.empty();
}

}  // namespace

bool read_recording(const std::string& filename, Recording& recording, std::string& error) {
  auto bytes = std::make_shared<std::string>();
  if (!read_file(filename, *bytes, error)) return false;
  const std::string_view all = *bytes;
  if (!all.starts_with(kMagic.substr(0, std::min(all.size(), kMagic.size()))) || all.empty()) {
    error = "not a recording of mini";
    return false;
  }
  if (all.size() > kMagic.size() && all[kMagic.size()] != kFormat) {
    error = "a recording of format " + std::to_string(static_cast<unsigned char>(all[kMagic.size()])) +
            ", of which this mini knows only " + std::to_string(kFormat) + ", or damaged there";
    return false;
  }
  std::uint64_t print = 0;
  if (all.size() >= kHeadBytes + kTailBytes) std::memcpy(&print, all.data() + all.size() - kTailBytes, kTailBytes);
  if (all.size() < kHeadBytes + kTailBytes || Fingerprint::of(all.substr(0, all.size() - kTailBytes)) != print) {
    error = "damaged, or not complete: its " + std::to_string(all.size()) + " bytes do not match their fingerprint";
    return false;
  }
  recording.events = std::make_unique<RecordingReader>(std::move(bytes), recording.header);
  return true;
}

}  // namespace mini::sched
