// Source text to code object: the whole compiler behind one function.
#pragma once

#include <memory>
#include <string>

#include "interp/bytecode/code.h"
#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"

namespace mini::compile {

enum class CompileMode : uint8_t {
  kExec,    ///< A file, or the text of `exec`.
  kSingle,  ///< What was typed at the prompt: values of expressions are printed.
  kEval,    ///< One expression, whose value is returned.
};

struct CompileOptions {
  std::string filename;            ///< Of the code object; the source's name if empty.
  bool is_prelude = false;         ///< Part of mini itself.
  size_t memory_limit = SIZE_MAX;  ///< For the syntax tree, in bytes; MemoryError beyond.
};

/// The code object, or null with the error in `diagnostics` (warnings may be there in either case).
std::shared_ptr<const bytecode::Code> compile_source(const SourceFile& source, CompileMode mode,
                                                     const CompileOptions& options, Diagnostics& diagnostics);

}  // namespace mini::compile
