// How much room a character takes on a terminal: what is underlined must line up.
#pragma once

namespace mini::base {

/// Columns: 2 for the wide and fullwidth characters of East Asia and most emoji, else 1. As CPython's
/// tracebacks count (_display_width, Lib/traceback.py): combining and control characters take 1, too.
unsigned display_width(char32_t c);

}  // namespace mini::base
