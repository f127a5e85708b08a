// What natives do to state that another thread can see: one table, by the name in their signature.
#pragma once

#include <string_view>

#include "runtime/object/native.h"

namespace mini::observe {

enum class Effect : uint8_t {
  kNothing,
  kAsksMachine,      ///< the same, but its answer depends on what is no place: counts, switches, who asks
  kReadSelf,         ///< reads all of the first argument
  kWriteSelf,        ///< changes the first argument
  kWriteSelfFrom,    ///< … by what it reads through the others
  kReadEntry,        ///< first[second]
  kWriteEntry,       ///< first[second] is read and set, or deleted
  kStoreEntry,       ///< first[second] = third
  kReadArguments,    ///< reads the arguments and, where they are containers or iterators, what these hold
  kAdvance,          ///< takes the next item of the first argument
  kReadAttribute,    ///< first.second
  kWriteAttribute,   ///< first.second = third
  kDeleteAttribute,
  kReadDescribed,    ///< the attribute of the second argument that the first, a descriptor of natives, stands for
  kWriteDescribed,   ///< … is set to the third, or deleted
  kNamespace,        ///< answers the first argument's namespace, which may be changed through it
  kLock,             ///< acquires or releases the first argument
  kReadLock,
  kStart,            ///< starts a thread; the second argument, if any, is its handle
  kJoin,             ///< the first argument is a handle, the second a timeout
  kAskThread,        ///< the first argument is a handle
  kWriteThread,
  kThreads,          ///< reads which threads there are
  kSerial,           ///< may give an object its serial (id)
  kNewSerial,        ///< gives one to what it makes
  kCall,             ///< calls the first argument with the others
  kPrint,            ///< writes to the file of the keyword argument, or sys.stdout
  kInput,
  kWriteFile,        ///< the first argument is a file
  kUnknown,
};

/// kUnknown for a native that the table does not list.
Effect effect_of(const object::NativeDefinition&);

}  // namespace mini::observe
