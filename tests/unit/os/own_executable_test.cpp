#include "core/os/own_executable.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/helpers/skip.hpp"
#include "tests/unit/os/fake_child.hpp"

using namespace delegate_tests;

namespace {

enum Seen : int { right, wrong, not_allowed };

/// In a process that has a /proc in which there is nothing.
template <class Look>
Seen look_without_proc(const Look& look) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool is_hidden = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           ::mount("none", "/proc", "tmpfs", 0, nullptr) == 0;
    ::_exit(!is_hidden ? not_allowed : look() ? right : wrong);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  REQUIRE(WIFEXITED(status));
  return static_cast<Seen>(WEXITSTATUS(status));
}

}  // namespace

TEST_CASE("this program finds itself, also where /proc is not mounted") {
  const auto here = std::filesystem::read_symlink("/proc/self/exe");
  CHECK(std::filesystem::equivalent(own_executable(), here));
  const Seen seen = look_without_proc([&] { return own_executable() == here; });
  if (seen == not_allowed) skip_visibly("mounting is not allowed here (needs root)");
  else CHECK(seen == right);
}
