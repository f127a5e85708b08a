// Values as text for traces and reports: short, and without running any script code or touching the VM's memory.
#pragma once

#include <string>

#include "runtime/object/heap.h"

namespace mini::observe {

/// Like repr() for numbers, strings, None and containers of them, `<Counter>` for other instances, `<function work>`.
/// At most about `width` characters: what is longer ends in `…`. `deleted` stands for kUnbound.
std::string show_value(object::Value, size_t width = 60);
/// Cuts a text that is longer than `width` bytes and ends it in `…`; characters stay whole.
void shorten(std::string& text, size_t width);
/// A string constant as Python writes it.
std::string quoted(std::string_view utf8);

}  // namespace mini::observe
