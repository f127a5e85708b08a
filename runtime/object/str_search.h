// Searching in texts.
#pragma once

#include "runtime/object/str.h"

namespace mini::object {

/// The first position in [start, end) at which `piece` stands whole, or -1. An empty piece stands everywhere.
int64_t find(const Str* text, const Str* piece, size_t start, size_t end);
/// The last one.
int64_t find_last(const Str* text, const Str* piece, size_t start, size_t end);
/// How often it stands there without overlap, up to `limit`.
size_t count_occurrences(const Str* text, const Str* piece, size_t start, size_t end,
                         size_t limit = SIZE_MAX);
bool contains_character(const Str* text, char32_t character);
/// Whether `piece` stands at position `at`.
bool stands_at(const Str* text, const Str* piece, size_t at);

}  // namespace mini::object
