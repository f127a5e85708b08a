// The details of a traceback: which part of a line is underlined, what a misspelt name may have meant.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// Appends the source lines of an entry, indented, with `~` and `^` below the part that `position` names
/// (CPython 3.13: Lib/traceback.py, StackSummary.format_frame_summary).
void append_lines_with_carets(std::string& out, const std::vector<std::string_view>& lines,
                              const bytecode::Position& position);
/// ". Did you mean: 'name'?" for a NameError, AttributeError or ImportError with a near miss; else empty.
std::string suggestion_for(Machine&, Exception*);
/// The lines of a SyntaxError: file, text, caret, message; empty if it does not say where it is.
std::string render_syntax_error(Machine&, Exception*);

}  // namespace mini::vm
