# The tests of embedding: only the public headers, and the library as an embedder gets it. Included by the top
# CMakeLists.txt.
file(GLOB embed_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/embed/*_test.cpp)
add_executable(embed_test ${embed_tests} tests/embed/main.cpp)
target_compile_options(embed_test PRIVATE -O0 -Wall -Wextra -Wshadow $<$<BOOL:${MINI_WERROR}>:-Werror>)
target_link_libraries(embed_test PRIVATE mini::mini doctest::doctest)
target_compile_definitions(embed_test PRIVATE MINI_PROGRAM="$<TARGET_FILE:mini>")  # makes recordings
add_dependencies(embed_test mini)
add_test(NAME embed COMMAND embed_test)
set_tests_properties(embed PROPERTIES LABELS threads)

# Every code block of the README's section on embedding.
get_target_property(doctest_include doctest::doctest INTERFACE_INCLUDE_DIRECTORIES)
set(sanitize)
if(MINI_SANITIZE)
  set(sanitize --flag=-fsanitize=${MINI_SANITIZE})
endif()
add_test(NAME embed_readme COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/embed/readme.py --source ${PROJECT_SOURCE_DIR}
  --compiler ${CMAKE_CXX_COMPILER} --flag=-I${PROJECT_SOURCE_DIR}/interp/include --flag=-I${doctest_include}
  --link=$<TARGET_FILE:mini_library> --link=-pthread ${sanitize})

# Installed and packed: a consumer of ten lines is built with each. By hand also `subdirectory` and `shared`, which compile
# all of mini once more.
if(NOT MINI_SANITIZE)
  add_test(NAME packaging COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/packaging.py --source ${PROJECT_SOURCE_DIR}
    --build ${PROJECT_BINARY_DIR} installed deb)
  set_tests_properties(packaging PROPERTIES TIMEOUT 600)
endif()

# What calls between C++ and scripts cost; only where Google Benchmark is.
find_package(benchmark QUIET)
if(benchmark_FOUND)
  find_path(LUA54_INCLUDE lua.hpp PATH_SUFFIXES lua5.4)
  find_library(LUA54_LIBRARY NAMES lua5.4)
  add_executable(call_bench EXCLUDE_FROM_ALL tests/embed/call_bench.cpp)
  target_link_libraries(call_bench PRIVATE mini::mini benchmark::benchmark)
  if(LUA54_INCLUDE AND LUA54_LIBRARY)
    target_include_directories(call_bench PRIVATE ${LUA54_INCLUDE})
    target_link_libraries(call_bench PRIVATE ${LUA54_LIBRARY})
    target_compile_definitions(call_bench PRIVATE MINI_HAS_LUA)
  endif()
endif()
