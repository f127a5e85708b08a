// From the compiler's diagnostics to a script's exceptions and warnings.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// Raises the first error as SyntaxError (or its subclass, RecursionError, MemoryError), its details filled in.
Raised raise_diagnostic(Heap&, const compile::Diagnostics&, const std::string& filename);
/// "file:line: SyntaxWarning: message", then the source line.
std::string warning_text(const compile::Diagnostic&, const std::string& filename);

}  // namespace mini::vm
