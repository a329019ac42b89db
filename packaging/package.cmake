# What cpack makes: a Debian package and a tarball that runs wherever it is unpacked. `scripts/package` calls it.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME delegate)
set(CPACK_PACKAGE_VENDOR "the delegate authors")
set(CPACK_PACKAGE_CONTACT "${DELEGATE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "send a prompt to the first AI tool that works")
set(CPACK_PACKAGE_DESCRIPTION
"delegate ask sends a prompt to the first AI backend on the machine that
works: the claude, codex and gemini CLIs, a local model, or any command.
When one fails, the next one answers, and a circuit breaker that all shells
share skips it until a single probe finds that it has recovered.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME delegate-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/before_package.cmake)
set(CPACK_THREADS 0)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS libcurl4)    # loaded by the first call to a local model
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "git, libmd4c0")  # for changes of files, and for Markdown on a terminal
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()

# For before_package.cmake.
set(CPACK_DELEGATE_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_DELEGATE_VERSION ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
set(CPACK_DELEGATE_DATE ${DELEGATE_DATE})
include(CPack)
