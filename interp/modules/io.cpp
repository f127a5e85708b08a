// The module `io`.
#include "interp/modules/file.h"
#include "interp/modules/modules.h"

namespace mini::modules {

Result<void> fill_io(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(define_memory_files(heap));
  for (BuiltinType which : {BuiltinType::kFile, BuiltinType::kRawFile, BuiltinType::kReadFile, BuiltinType::kWriteFile,
                            BuiltinType::kUpdateFile, BuiltinType::kStringIO, BuiltinType::kBytesIO,
                            BuiltinType::kUnsupportedOperation, BuiltinType::kBlockingIOError})
    MINI_TRY(set_name(heap, module->dict, heap.type(which)->name, heap.type(which)));
  Ref<Str> open = MINI_TRY(heap.intern("open"));
  MINI_TRY(set_name(heap, module->dict, open.get(), get_name(machine.state().builtins, open.get())));
  MINI_TRY(add_integer(machine, module, "SEEK_SET", 0));
  MINI_TRY(add_integer(machine, module, "SEEK_CUR", 1));
  MINI_TRY(add_integer(machine, module, "SEEK_END", 2));
  return add_integer(machine, module, "DEFAULT_BUFFER_SIZE", File::kBufferBytes);
}

}  // namespace mini::modules
