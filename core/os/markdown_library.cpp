#include "core/os/markdown_library.hpp"

#include <dlfcn.h>

namespace delegate {

Result<decltype(&md_parse)> markdown_parser() {
  static const auto parse = [] {
    void* const library = ::dlopen("libmd4c.so.0", RTLD_NOW | RTLD_LOCAL);
    return library == nullptr ? nullptr : reinterpret_cast<decltype(&md_parse)>(::dlsym(library, "md_parse"));
  }();
  if (parse != nullptr) return parse;
  return fail(Code::unavailable, "markdown: libmd4c cannot be loaded: no libmd4c.so.0",
              "install libmd4c0 (Debian, Ubuntu) or md4c (Fedora, Arch)");
}

}  // namespace delegate
