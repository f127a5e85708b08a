// Tuples whose items have names, such as sys.version_info and time.struct_time.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

/// A class derived from tuple, `name` as "sys.version_info", with up to kMaxFields read-only attributes.
constexpr size_t kMaxFields = 20;
Result<Ref<Type>> make_struct_type(Heap&, std::string_view name, std::span<const char* const> fields);
/// An instance; takes over the counts of `items`, one for each field, also when it fails.
Result<Ref<Value>> make_struct(Heap&, Type*, std::span<Value> items);

}  // namespace mini::modules
