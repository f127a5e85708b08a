# Turns the page into a C++ string: cmake -DPAGE=timeline.html -DOUTPUT=... -P embed.cmake
file(READ "${PAGE}" text)
file(WRITE "${OUTPUT}" "// Generated from interp/observe/page/timeline.html.\n#include <string_view>\n\nnamespace mini::observe {\n\n\
extern const std::string_view kTimelinePage;\nconst std::string_view kTimelinePage = R\"page(${text})page\";\n\n}  // namespace mini::observe\n")
