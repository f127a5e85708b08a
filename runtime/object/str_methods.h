// What the files about the methods of str share.
#pragma once

#include "runtime/object/operations.h"

namespace mini::object {

/// The str that a method was called on.
inline Str* self_of(Call& call) {
  return static_cast<Str*>(call[0].as_object());
}
/// `method() argument 2 must be str, not int`
Result<Str*> str_argument(Call& call, uint32_t index, std::string_view method);

/// The characters [start, end) that optional arguments select, negative ones counted from the end.
struct Section {
  size_t start, end;
  bool valid;  ///< false: start stands behind the end, where even an empty text is not found
};
Result<Section> section_of(Call& call, uint32_t start, uint32_t stop);

Result<void> add_split_methods(Heap&);
Result<void> add_case_methods(Heap&);

/// str(object, encoding, errors)
extern const NativeDefinition kStrConstructor;
/// str.format, str.format_map
Result<Ref<Value>> format_method(Call&);
Result<Ref<Value>> format_map_method(Call&);

}  // namespace mini::object
