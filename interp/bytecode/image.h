// A code object as bytes: how the prelude, compiled when mini is built, stands in the program. Only the build that wrote an
// image reads it, so there is no version in it; nothing else may be fed to read_image.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "interp/bytecode/code.h"

namespace mini::bytecode {

/// The code and those among its constants. Equal code gives equal bytes.
std::string write_image(const Code&);

/// The inverse. What write_image did not write is a broken invariant.
std::shared_ptr<const Code> read_image(std::string_view image);

}  // namespace mini::bytecode
