// Shows what a traceback says of a position or a misspelt name, for tests/traceback_oracle.py. Reads
// requests: `carets LINE END_LINE COLUMN END_COLUMN SIZE`, a line end and SIZE bytes of source; or `near
// WRONG COUNT NAME...`. Writes the answers, each ended by the character 1 and a line end.
#include <algorithm>
#include <iostream>

#include "interp/vm/traceback_carets.h"

namespace {

using namespace mini;

std::string carets(std::istream& in) {
  bytecode::Position position;
  size_t size;
  in >> position.line >> position.end_line >> position.column >> position.end_column >> size;
  in.get();
  std::string source(size, '\0');
  in.read(source.data(), static_cast<std::streamsize>(size));
  std::vector<std::string_view> lines;
  std::string_view rest = source;
  for (uint32_t line = 1; line <= position.end_line; ++line) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (line >= position.line) lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string out;
  vm::append_lines_with_carets(out, lines, position);
  return out;
}

std::string near_miss(std::istream& in) {
  std::string wrong;
  size_t count;
  in >> wrong >> count;
  std::vector<std::string> names(count);
  for (std::string& name : names) in >> name;
  return vm::nearest_name(names, wrong);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string request;
  while (std::cin >> request)
    std::cout << (request == "carets" ? carets(std::cin) : near_miss(std::cin)) << "\x01\n";
}
