/// \file
/// Saved states of a VM.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mini {

namespace detail {
class Core;
struct StateData;
}  // namespace detail

/// Everything that a script can change, and where the schedule stood, as Vm::save() found it. Copies share it. Belongs to
/// the VM that made it, and may be dropped after that.
class [[gnu::visibility("default")]] State {
 public:
  /// How much memory it takes.
  std::size_t bytes() const noexcept;

 private:
  friend class detail::Core;
  explicit State(std::shared_ptr<const detail::StateData> data) : data_(std::move(data)) {}
  std::shared_ptr<const detail::StateData> data_;
};

/// 128 bits that depend on everything a script can change and on nothing else: not on addresses, caches or the schedule.
/// Equal for VMs of one version of mini that are in the same state.
struct StateHash {
  std::array<std::uint64_t, 2> words{};
  friend auto operator<=>(const StateHash&, const StateHash&) = default;
};

}  // namespace mini
