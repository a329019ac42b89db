# What Debian wants in other places or forms than `cmake --install` puts it. cpack runs this in the tree that it packs.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()
set(share ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
set(doc ${share}/doc/delegate)

file(MAKE_DIRECTORY ${share}/zsh/vendor-completions)
file(RENAME ${share}/zsh/site-functions/_delegate ${share}/zsh/vendor-completions/_delegate)
file(REMOVE_RECURSE ${share}/zsh/site-functions)
file(MAKE_DIRECTORY ${doc}/examples)
file(RENAME ${doc}/delegate.toml ${doc}/examples/delegate.toml)
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
file(RENAME ${doc}/LICENSE ${doc}/copyright)

execute_process(COMMAND date -u -d ${CPACK_DELEGATE_DATE} "+%a, %d %b %Y %T +0000" OUTPUT_VARIABLE date
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${doc}/changelog.Debian
"delegate (${CPACK_DELEGATE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}; changelog.gz says what changed.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9 -n ${doc}/changelog ${doc}/changelog.Debian ${share}/man/man1/delegate.1
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY}/usr COMMAND_ERROR_IS_FATAL ANY)
