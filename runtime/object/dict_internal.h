// What the files of dict share.
#pragma once

#include "runtime/object/dict.h"
#include "runtime/object/native.h"

namespace mini::object {

extern const NativeDefinition kDictConstruct;
Result<Ref<Dict>> copy_dict(Heap&, const Dict*);
Result<Ref<Value>> make_dict_iterator(Heap&, DictPart part, Dict*, bool reversed);
Result<Ref<Value>> make_dict_view(Heap&, DictPart part, Dict*);
void define_dict_view_types(Heap&);
Result<void> define_dict_view_methods(Heap&);

}  // namespace mini::object
