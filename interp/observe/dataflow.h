// Follows one value through a thread's frames: which locals and stack places hold something made from it.
#pragma once

#include <vector>

#include "interp/vm/machine.h"

namespace mini::observe {

/// Begins where a shared place was read, and tells later whether what is written was made from that. Follows the value
/// through expressions, locals, arguments and results of script functions; not through containers and attributes.
/// Ask and tell with the instruction that is about to run.
class Dataflow {
 public:
  /// The results of the instruction hold the value. False: it leaves none on the stack.
  bool begin(const vm::Frame& frame, uint32_t index);
  /// Whether the instruction takes the value, or something made from it, off the stack.
  bool feeds(const vm::Frame& frame, uint32_t index) const;
  /// The instruction runs. False: nothing holds the value any more.
  bool advance(vm::Frame& frame, uint32_t index);

 private:
  struct Holder {
    const vm::Frame* frame;
    uint32_t depth;
    uint64_t locals, stack;  ///< bit n: local n, place n from the bottom; further ones are not followed
  };
  bool forget_left_frames(const vm::Frame& frame);
  static void step(Holder&, const vm::Frame& frame, uint32_t index);
  std::vector<Holder> holders_;  // the outermost frame first
  uint64_t arguments_ = 0;       // of the call that the innermost holder is in: bit n: argument n
};

}  // namespace mini::observe
