#include "core/os/pager.hpp"

#include <cerrno>
#include <cstdio>

namespace delegate {

Status page_through(const std::string& command, const std::string& text) {
  constexpr int kNotFound = 127 << 8;  // as sh reports it
  std::FILE* pager = ::popen(command.c_str(), "w");
  if (pager == nullptr) return fail_errno("output.pager: " + command, errno);
  std::fwrite(text.data(), 1, text.size(), pager);  // a reader that has seen enough closes its end
  if (::pclose(pager) == kNotFound)
    return fail(Code::not_found, "output.pager: `" + command + "` was not found", "install it, or change output.pager");
  return {};
}

}  // namespace delegate
