// Quickening: which fused form runs in place of which visible instructions (forms.def, README.md).
#pragma once

#include "interp/vm/code_object.h"

namespace mini::vm {

/// Puts the forms into freshly bound instructions: at each of them the one that begins the way to the end of its block
/// with the fewest dispatches. A jump into the middle of a group finds another form, or the visible instruction, there.
void quicken(CodeObject*);

/// The guarded form at `index` has missed too often: a form that needs no guard takes its place, or nothing.
void give_up_form(CodeObject*, uint32_t index);
/// After so many misses.
inline constexpr uint32_t kMisses = 32;

}  // namespace mini::vm
