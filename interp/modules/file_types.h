// What makes types of files out of their methods.
#pragma once

#include "interp/modules/file.h"

namespace mini::modules {

std::span<const NativeDefinition> file_methods(BuiltinType which);
extern Result<Ref<Value>> (*const kFileNext)(Heap&, Value);
extern Result<Ref<Value>> (*const kFileIterate)(Heap&, Value);
/// UTF-8 with errors='strict'.
bool is_plain_encoding(const Str* encoding, const Str* errors);

}  // namespace mini::modules
