// See journal.h.
#include "runtime/sched/journal.h"

namespace mini::sched {

std::string text(const Place& place) {
  return place.function + ":" + std::to_string(place.line ? place.line : place.first_line) + ", offset " +
         std::to_string(2 * place.index) + " (" + place.instruction + ")";
}

std::string_view name(Outside kind) {
  constexpr std::string_view kNames[kOutsideKinds] = {"clock", "random numbers", "input",      "system call",
                                                      "environment", "module",         "other thing"};
  return kNames[static_cast<std::size_t>(kind)];
}

void SliceLog::spoil(std::string_view why) {
  if (!obstacle_.empty()) return;
  obstacle_ = why;
  slices_ = {};
}

void SliceLog::on_slice(const Moment& end, std::uint32_t to, Cause) {
  if (!obstacle_.empty()) return;
  if (slices_.size() == kMost) return spoil("the run is too long");
  Slice& slice = slices_.back();
  switch (end.kind) {
    case Moment::Kind::Point:
      slice = {slice.thread, Slice::End::Point, end.position.ticks, end.position.index};
      break;
    case Moment::Kind::Call:
      slice = {slice.thread, Slice::End::Call, end.count};
      break;
    default:
      break;
  }
  slices_.push_back({to});
}

void SliceLog::on_wake(const Moment& when, std::uint32_t, Wake reason) {
  if (reason == Wake::Interrupted) return spoil("the run was interrupted");
  // On the virtual clock a time comes when nobody can run.
  if (!virtual_clock_ && when.kind != Moment::Kind::End) spoil("a time came while a thread was running");
}

void SliceLog::on_interrupt(const Moment&) { spoil("the run was interrupted"); }

void SliceLog::on_taken(const Moment&) { spoil("a thread took a lock without the GIL"); }

void SliceLog::on_number(Outside kind, std::int64_t) {
  if (kind == Outside::Clock && !virtual_clock_) spoil("the script read a clock");
}

void SliceLog::on_bytes(Outside kind, std::string_view) {
  if (kind == Outside::Random) spoil("the script read random numbers of the system");
}

}  // namespace mini::sched
