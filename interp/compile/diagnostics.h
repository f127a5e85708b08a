// What the compiler has to say about a source text: at most one error, any number of warnings, and the exact
// text in which CPython 3.13 prints them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interp/compile/ast.h"

namespace mini::compile {

/// A source text with its name. Construction drops a byte order mark, turns `\r\n` and `\r` into `\n` and
/// ends the last line, so that all later stages know one kind of line end; a NUL follows the text.
class SourceFile {
 public:
  /// CPython reads a file line by line, a string (`-c`, exec) as a whole. It shows in errors: one at the very end of a
  /// file has no column, and one that is found after parsing has only the file's name to get its line by.
  enum class Origin : uint8_t {
    kFile,
    kString,
    kUnended  ///< a string whose last line stays without an end: eval(), compile(..., 'single')
  };

  SourceFile(std::string name, std::string bytes, Origin origin = Origin::kFile);

  const std::string& name() const { return name_; }
  Origin origin() const { return origin_; }
  /// Of a program that was given under this name: "<string>" and the like are no files.
  static Origin origin_of(std::string_view name) {
    return name.starts_with('<') && name != "<stdin>" ? Origin::kString : Origin::kFile;
  }
  std::string_view text() const { return text_; }
  /// Line `number` (from 1) without its line end; empty behind the end.
  std::string_view line(uint32_t number) const;
  /// The bytes ended without a line end (the prompt needs to know).
  bool lacked_newline() const { return lacked_newline_; }
  /// The last line's end is only ours.
  bool is_unended() const { return lacked_newline_ && origin_ == Origin::kUnended; }

 private:
  std::string name_;
  std::string text_;
  Origin origin_;
  bool lacked_newline_ = false;
  mutable std::vector<size_t> line_starts_;  ///< Made when the first line is asked for.
};

enum class DiagnosticKind : uint8_t {
  kSyntaxError,
  kIndentationError,
  kTabError,
  kRecursionError,
  kMemoryError,
  kSyntaxWarning,
};

/// The exception's class name: "SyntaxError" and so on.
std::string_view name_of(DiagnosticKind kind);

/// As the attributes of CPython's SyntaxError: columns from 1, in characters; 0 where there is none. A
/// kRecursionError or kMemoryError has a message only (line 0).
struct Diagnostic {
  DiagnosticKind kind = DiagnosticKind::kSyntaxError;
  std::string message;
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t end_line = 0;
  uint32_t end_column = 0;
  std::string text;  ///< The source line, with its line end where CPython has one; empty where it has no line.
};

/// Collects the diagnostics of one source text. The first error wins: later ones follow from it.
class Diagnostics {
 public:
  explicit Diagnostics(const SourceFile& source) : source_(&source) {}

  /// A column of UINT32_MAX stands for none: the line is shown without a caret. A line of 0: nothing is
  /// shown.
  void error(DiagnosticKind kind, const ast::Range& range, std::string message);
  void syntax_error(const ast::Range& range, std::string message) {
    error(DiagnosticKind::kSyntaxError, range, std::move(message));
  }
  void warning(const ast::Range& range, std::string message);

  bool failed() const { return failed_; }
  /// The error is only that the text ends too early: at the prompt, more lines may follow.
  bool incomplete() const { return incomplete_; }
  void set_incomplete() { incomplete_ = true; }
  /// What follows is found in the tree, not in the text.
  void set_parsed() { parsed_ = true; }
  const Diagnostic& first_error() const { return error_; }
  const std::vector<Diagnostic>& warnings() const { return warnings_; }
  const SourceFile& source() const { return *source_; }

 private:
  Diagnostic make(DiagnosticKind kind, const ast::Range& range, std::string message) const;

  const SourceFile* source_;
  bool failed_ = false;
  bool incomplete_ = false;
  bool parsed_ = false;
  Diagnostic error_;
  std::vector<Diagnostic> warnings_;
};

/// The text that CPython 3.13 prints for an uncaught SyntaxError, without the traceback above it:
/// `  File "F", line N`, the line, its carets, `SyntaxError: message`; ends with a newline.
/// Source: Lib/traceback.py, TracebackException._format_syntax_error (3.13.0).
std::string render(const Diagnostic& diagnostic, std::string_view file_name);

}  // namespace mini::compile
