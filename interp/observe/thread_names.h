// What threads are called in reports.
#pragma once

#include <string>
#include <vector>

#include "interp/vm/machine.h"

namespace mini::observe {

/// `Thread-1 (increment)`, as vm::thread_name; remembered, so that a thread that has ended keeps its name. Ask once while
/// it is alive.
class ThreadNames {
 public:
  explicit ThreadNames(vm::Machine& machine) : machine_(machine) {}
  const std::string& of(uint32_t serial);
  /// `Thread-1`: without what the threading module adds in parentheses.
  std::string short_of(uint32_t serial);

 private:
  vm::Machine& machine_;
  std::vector<std::string> names_;
  std::string unknown_;
};

/// "increment:11": the function's name and the line of an instruction.
std::string place_of(const bytecode::Code& code, uint32_t index);
/// "6 STORE_GLOBAL": the offset, and the name of the instruction.
std::string instruction_at(const bytecode::Code& code, uint32_t index);

}  // namespace mini::observe
