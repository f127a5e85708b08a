/// \file
/// Holding a VM's global interpreter lock, and letting go of it.
#pragma once

#include <memory>

namespace mini {

class Vm;
namespace detail {
class Core;
}

/// Holds the GIL for as long as it lives, so that a sequence of calls is one piece as far as other OS threads and, while no
/// script code runs, the script's threads are concerned; and so that each of the calls is cheaper. Script code that is
/// called in between is switched as usual. May be nested. Begins and ends on the same thread.
/// Blocks until the GIL is free; throws Error kUsage if the VM is gone.
class [[gnu::visibility("default")]] [[nodiscard]] Lock {
 public:
  explicit Lock(Vm& vm);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  detail::Core* core_;
  bool entered_;
  alignas(8) unsigned char entry_[24];
};

/// Inside a C++ function that a script called: others may run as long as it lives. For work that is long, or waits:
///
///     vm.define("fetch", [&](std::string url) {
///       mini::Unlock others(vm);
///       return download(url);      // no Value of this VM may be looked into in here
///     });
///
/// Does nothing where others must not run meanwhile (under an exact schedule) or cannot (Runner::kOneThread), and where the
/// calling thread does not hold the GIL. The destructor blocks until the GIL is held again.
class [[gnu::visibility("default")]] [[nodiscard]] Unlock {
 public:
  explicit Unlock(Vm& vm);
  ~Unlock();
  Unlock(const Unlock&) = delete;
  Unlock& operator=(const Unlock&) = delete;

 private:
  struct Away;
  std::unique_ptr<Away> away_;
};

}  // namespace mini
