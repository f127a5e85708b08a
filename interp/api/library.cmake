# The library that programs embed: all layers in one archive, or in one shared object that shows nothing but the headers'
# declarations (-DBUILD_SHARED_LIBS=ON). `mini::mini` in this build, in an installed one, and by add_subdirectory.
# Included by the top CMakeLists.txt.
mini_layer(api interp/api modules explore)
target_include_directories(mini_api PUBLIC ${PROJECT_SOURCE_DIR}/interp/include)
target_compile_definitions(mini_api PRIVATE MINI_VERSION="${PROJECT_VERSION}")

add_library(mini_library $<TARGET_OBJECTS:mini_base> $<TARGET_OBJECTS:mini_object> $<TARGET_OBJECTS:mini_sched>
  $<TARGET_OBJECTS:mini_bytecode> $<TARGET_OBJECTS:mini_compile> $<TARGET_OBJECTS:mini_vm> $<TARGET_OBJECTS:mini_modules>
  $<TARGET_OBJECTS:mini_observe> $<TARGET_OBJECTS:mini_explore> $<TARGET_OBJECTS:mini_api>)
add_library(mini::mini ALIAS mini_library)
target_include_directories(mini_library PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/interp/include>
  $<INSTALL_INTERFACE:include>)
target_compile_features(mini_library PUBLIC cxx_std_20)
target_link_libraries(mini_library PUBLIC Threads::Threads)
if(MINI_SANITIZE)
  target_compile_options(mini_library PUBLIC -fsanitize=${MINI_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(mini_library PUBLIC -fsanitize=${MINI_SANITIZE})
endif()
set_target_properties(mini_library PROPERTIES OUTPUT_NAME mini EXPORT_NAME mini VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LINKER_LANGUAGE CXX)
