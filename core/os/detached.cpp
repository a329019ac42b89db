#include "core/os/detached.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/os/errno_code.hpp"
#include "core/os/fd.hpp"
#include "core/os/fork.hpp"

namespace delegate {
namespace {

struct Image {
  const char* executable;
  char* const* argv;
  char* const* env;
  int nothing;  // /dev/null
  int err;
};

/// After a fork: system calls only.
[[noreturn]] void become(const Image& image) {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const bool ready = ::dup2(image.nothing, STDIN_FILENO) >= 0 && ::dup2(image.nothing, STDOUT_FILENO) >= 0 &&
                     ::dup2(image.err, STDERR_FILENO) >= 0;
  close_from_to(STDERR_FILENO + 1, ~0U);  // what the caller was started with is not this process's to hold
  if (ready) ::execve(image.executable, image.argv, image.env);
  ::_exit(127);
}

/// Its child is nobody's of ours: this one is gone at once.
[[noreturn]] void go_between(const Image& image) {
  ::setsid();
  const pid_t pid = ::fork();
  if (pid == 0) become(image);
  ::_exit(pid < 0 ? 1 : 0);
}

/// A copy whose number is none of the standard ones, which are about to be overwritten.
Result<Fd> above_standard(int fd) {
  Fd high(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!high) return fail_errno("start: open files", errno);
  return high;
}

}  // namespace

Status start_detached(const DetachedSpec& spec) {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("start: /dev/null", errno);
  TRY(const Fd nothing, above_standard(null.get()));
  TRY(const Fd err, above_standard(spec.err < 0 ? null.get() : spec.err));
  const std::vector<char*> argv = exec_array(spec.argv);
  const std::vector<char*> env = exec_array(spec.env);
  const Image image{spec.executable.c_str(), argv.data(), env.data(), nothing.get(), err.get()};
  pid_t between = 0;
  {
    const AllSignalsBlocked blocked;
    between = ::fork();
    if (between == 0) go_between(image);
  }
  if (between < 0) return fail_errno("start: " + spec.executable, errno);
  int status = 0;
  while (::waitpid(between, &status, 0) < 0)
    if (errno != EINTR) return {};  // collected by another's SIGCHLD: it has done its part
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Code::resource_exhausted, "start: " + spec.executable + ": no room for another process");
}

}  // namespace delegate
