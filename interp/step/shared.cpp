#include "interp/step/shared.h"

#include "interp/observe/show_value.h"
#include "interp/vm/frame.h"

namespace mini::step {

using observe::LocationKind;

void SharedVariables::note(vm::ThreadState& thread, vm::Frame& frame, uint32_t index) {
  if (frame.code->has(bytecode::kPrelude)) return;
  observe::Accesses& accesses = *accesses_;
  for (const observe::Access& access : accesses.of(thread, frame, index)) {
    const bool is_variable = access.kind == LocationKind::kGlobal || access.kind == LocationKind::kAttribute ||
                             access.kind == LocationKind::kItem || access.kind == LocationKind::kCell ||
                             access.kind == LocationKind::kContainer;
    if (!is_variable || (access.definition && !access.writes())) continue;
    const auto [place, fresh] = places_.try_emplace({access.object, access.key}, variables_.size());
    if (fresh) {
      variables_.emplace_back();
      variables_.back().name = accesses.name_of(access, frame, index);
    }
    SharedVariable& variable = variables_[place->second];
    variable.users |= uint64_t{1} << (thread.serial < 63 ? thread.serial : 63);
    const object::Value value = access.writes() && access.new_known ? access.new_value : access.old_value;
    if (access.writes() || variable.value.empty())
      variable.value = access.whole ? "" : observe::show_value(value, 40);
    if (!access.writes()) continue;
    variable.written = true;
    variable.writer = thread.serial;
    variable.line = static_cast<uint32_t>(frame.code->code->position(index).line);
  }
}

std::vector<SharedVariable> SharedVariables::list() const {
  std::vector<SharedVariable> shared;
  for (const SharedVariable& variable : variables_)
    if (variable.written && (variable.users & (variable.users - 1))) shared.push_back(variable);
  return shared;
}

}  // namespace mini::step
