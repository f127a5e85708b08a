#include "interp/observe/thread_names.h"

#include <fmt/core.h>

#include "interp/vm/deadlock.h"

namespace mini::observe {

const std::string& ThreadNames::of(uint32_t serial) {
  if (serial >= names_.size()) names_.resize(serial + 1);
  std::string& name = names_[serial];
  if (name.empty()) {
    sched::Thread* thread = serial == 0 ? machine_.state().main : machine_.state().threads.find(serial);
    if (thread) name = vm::thread_name(*static_cast<vm::ThreadState*>(thread));
    else unknown_ = fmt::format("T{}", serial);
  }
  return name.empty() ? unknown_ : name;
}

std::string ThreadNames::short_of(uint32_t serial) {
  const std::string& name = of(serial);
  return name.substr(0, name.find(" ("));
}

std::string place_of(const bytecode::Code& code, uint32_t index) {
  return fmt::format("{}:{}", code.name, code.position(index).line);
}

std::string instruction_at(const bytecode::Code& code, uint32_t index) {
  return fmt::format("{} {}", 2 * index, bytecode::name(code.units[index].opcode));
}

}  // namespace mini::observe
