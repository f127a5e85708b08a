// Variables that more than one thread uses, and who last wrote them: worked out from what each instruction touches.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interp/observe/accesses.h"

namespace mini::step {

struct SharedVariable {
  std::string name;
  std::string value;         ///< as it was last seen; empty: not one value
  uint64_t users = 0;        ///< bit n: Tn; T63 stands for all above
  bool written = false;
  uint32_t writer = 0;       ///< who wrote it last …
  uint32_t line = 0;         ///< … and in which line
};

class SharedVariables {
 public:
  explicit SharedVariables(vm::Machine& machine)
      : accesses_(std::make_shared<observe::Accesses>(machine)) {}
  /// Before an instruction runs.
  void note(vm::ThreadState& thread, vm::Frame& frame, uint32_t index);
  /// Those that two threads have used and one has written, in the order of their first use.
  std::vector<SharedVariable> list() const;

 private:
  std::shared_ptr<observe::Accesses> accesses_;
  std::map<std::pair<const void*, uint64_t>, size_t> places_;
  std::vector<SharedVariable> variables_;
};

}  // namespace mini::step
