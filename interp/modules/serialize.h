// Values as bytes, to go from one process to another, or from one VM to another.
//
// A message is a head of 12 bytes and its content:
//
//     'm' 'P' version 0   tag (8 bytes): SipHash of the content, with a key that only one family of processes has
//
// A message without the right head and tag is refused before anything in it is looked at. The content is one value, in the
// order in which it is met: a byte that says what it is, a count where it has parts, then its parts.
//
//     128 … 255        the ints 0 … 127
//     N T F E A        None, True, False, Ellipsis, NotImplemented
//     I B D            an int, zigzag; a longer one: sign, limbs; a float
//     S Y              str (UTF-8), bytes: length, content
//     W                str with lone surrogates: length, 32-bit code points
//     t l d s z        tuple, list, dict, set, frozenset: how many items, then the items (keys and values in turn)
//     G                a function, a class …: the names of its module and in there, two values
//     i                an instance: number of attributes; its class, then names and values in turn
//     o                anything else: flags; what to call, with what (a tuple), then state, items, pairs as the flags say
//     r                what stood before: the number of the object, counted in the order of their beginnings
//
// Counts are LEB128, and no greater than the bytes that are left, so a message cannot ask for more memory than in
// proportion to its own size. Neither direction recurses: how deep values nest does not matter.
#pragma once

#include "interp/modules/siphash.h"
#include "interp/modules/support.h"

namespace mini::modules {

/// What is not written natively, `describe(value)` explains: ('G', module, name), or ('o', callable, arguments, state,
/// items, pairs) with None for what there is not. May run script code. If something cannot be sent, the exception gets a
/// note that names the way to it, beginning at `root`.
Result<std::string> serialize(Heap&, const MessageKey&, Value value, Value describe, std::string_view root);

/// The functions that make what is not made natively; they may run script code.
struct Makers {
  Value find;    ///< (module, name)
  Value make;    ///< (callable, arguments)
  Value finish;  ///< (object, state, items, pairs)
};
/// ValueError for bytes that are no message of this key, or damaged.
Result<Ref<Value>> deserialize(Heap&, const MessageKey&, std::string_view message, const Makers&);
/// The same for the content alone; for tests.
Result<Ref<Value>> deserialize_content(Heap&, std::string_view content, const Makers&);

}  // namespace mini::modules
