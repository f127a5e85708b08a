# What `cmake --install` and `cpack` put where. Included by the top CMakeLists.txt.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/mini)

install(TARGETS mini_library EXPORT miniTargets)
install(TARGETS mini)
install(DIRECTORY interp/include/mini TYPE INCLUDE)
install(EXPORT miniTargets NAMESPACE mini:: DESTINATION ${package})
install(FILES interp/api/package/mini.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

configure_package_config_file(interp/api/package/miniConfig.cmake.in ${PROJECT_BINARY_DIR}/package/miniConfig.cmake
  INSTALL_DESTINATION ${package})
# As the version rule in mini/version.h: while the major version is 0, a minor version may break programs.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/miniConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/miniConfig.cmake ${PROJECT_BINARY_DIR}/package/miniConfigVersion.cmake
  DESTINATION ${package})
configure_file(interp/api/package/mini.pc.in ${PROJECT_BINARY_DIR}/package/mini.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/mini.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mini)
set(CPACK_PACKAGE_CONTACT "the mini maintainers <mini@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "tiny Python interpreter with a real GIL that can be seen and steered")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION interpreters)
set(CPACK_STRIP_FILES ON)
include(CPack)
