// How an uncaught exception is shown: CPython 3.13's traceback, carets included.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// A place in a script, as a traceback names it.
struct TracebackEntry {
  const CodeObject* code;
  bytecode::Position position;
};
/// The lines of a traceback, newest call last; frames of the prelude are left out, and a comprehension is no frame.
std::vector<TracebackEntry> entries_of(const Traceback*);
/// The calls in progress up to `frame`, in the same way. Without columns, as CPython has it for frames that still run.
std::vector<TracebackEntry> entries_of(const Frame* frame);
/// One line of a traceback, with the source below it and carets if the position has columns.
std::string render_entry(Machine&, const std::string& filename, const std::string& function, const bytecode::Position&);
/// The same without function and file name: only the lines of the source.
std::string render_source(Machine&, const std::string& filename, const bytecode::Position&);

/// The whole text: chained exceptions, traceback, exception line, with a newline at the end.
std::string render_exception(Machine&, Exception*);
/// As CPython's C code shows what nobody can catch (3.13 Python/errors.c, write_unraisable_exc_file): no carets, no
/// chain, no notes.
std::string render_unraisable(Machine&, Exception*);
/// Only the traceback's lines ("  File ..."), newest call last.
std::string render_traceback(Machine&, Traceback*, bool carets = true);
/// The lines that name the exception ("ValueError: x"), without its notes.
std::string render_summary(Machine&, Exception*);
/// The lines of its `__notes__`: what they are, or what stands for them if they cannot be shown (3.13 Lib/traceback.py,
/// TracebackException).
std::string render_notes(Machine&, Exception*);
/// Both of them.
std::string render_exception_only(Machine&, Exception*);
/// The exception's class as it is shown: with its module unless that is the program or the builtins.
std::string qualified_type_name(Heap&, Type*);
/// An exception's str(), or what CPython shows where that fails. With some memory beyond the VM's limit.
std::string report_text(Heap&, Value);
/// Line number of a traceback entry.
uint32_t line_of(const Traceback*);

}  // namespace mini::vm
