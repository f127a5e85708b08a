// The grammar by which parser_diagnosis.cpp finds the error that CPython 3.13 would report, as text.
#pragma once

namespace mini::compile {

/// A parsing expression grammar. What matters in it is the order of the alternatives: the first error found
/// wins. It follows CPython 3.13's Grammar/python.gram, without what mini refuses anyway; rules that recur on
/// the left are written as loops.
///
///     rule: item item | item ;        alternatives, tried in order
///     rule (memo): …                  what it found at a token is remembered, whichever rules counted then
///     'x'  "x"  NAME                  keyword or operator; soft keyword; kind of token
///     x?  x*  x+  s.x+                optional, repeated, with separators
///     &x  !x  ~  &&'x'                looks ahead; no other alternative from here; reports `expected 'x'`
///     a=x                             a label for the action
///     {…}                             the action at an alternative's end
///
/// An alternative that is only a rule `invalid_…` counts in the second pass, when it is known that there is
/// an error (as in CPython, such a rule among other items counts in both). Actions: {name "n"} a node called
/// n in messages; {fold "n"} the same if there is more than the first item; {tail} called as its last item;
/// {value a} is a; and for errors {at a "…"}, {range a b "…"}, {from a "…"} (from a to the last character
/// read), {last "…"} and {next "…"} (at the last token read, or the next one), {indentation a "…"}, {target a
/// star|for|del}, and others that Diagnoser::act names. In a message, %s is what a is called, %d its line.
extern const char kDiagnosisGrammar[];

}  // namespace mini::compile
