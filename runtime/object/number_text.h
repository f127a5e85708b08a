// Numbers read from texts and bytes, as int() and float() do.
#pragma once

#include <string>

#include "runtime/object/operations.h"

namespace mini::object {

/// int(text, base) of a str or bytes; ValueError as CPython words it.
Result<Ref<Value>> parse_int(Heap&, Value text, unsigned base);
Result<double> parse_float(Heap&, Value text);
/// float.hex and float.fromhex.
std::string hex_text(double number);
Result<double> parse_hex_float(Heap&, const std::string& text);
void define_number_constructors(Heap&);

}  // namespace mini::object
