#include "core/os/pager.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace delegate {
namespace {

/// What it starts is not to inherit that we ignore SIGPIPE.
std::FILE* open_pipe_to(const std::string& command) {
  const auto before = ::signal(SIGPIPE, SIG_DFL);
  std::FILE* pipe = ::popen(command.c_str(), "we");
  const int error = errno;
  ::signal(SIGPIPE, before);
  errno = error;
  return pipe;
}

}  // namespace

Status page_through(const std::string& command, const std::string& text) {
  std::FILE* pager = open_pipe_to(command);
  if (pager == nullptr) return fail_errno("output.pager: " + command, errno);
  std::fwrite(text.data(), 1, text.size(), pager);  // a reader that has seen enough closes its end
  const int ended = ::pclose(pager);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) == 0) return {};
  return fail(Code::unavailable,
              "output.pager: `" + command + "` failed with status " + std::to_string(WEXITSTATUS(ended)),
              "see that it is installed, or change output.pager");
}

}  // namespace delegate
