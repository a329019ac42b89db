#include "core/os/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <mutex>

#include "core/os/errno_code.hpp"
#include "core/os/pidfd.hpp"

namespace delegate {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

/// Out of the way of the standard numbers, which the child's dup2 calls would overwrite before they are used. They are
/// free only when this process was itself started without stdin, stdout or stderr.
Result<Fd> above_standard(int fd) {
  Fd low(fd);
  if (fd > STDERR_FILENO) return low;
  Fd high(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!high) return fail_errno("start: pipe", errno);
  return high;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("start: pipe", errno);
  auto read = above_standard(ends[0]);
  auto write = above_standard(ends[1]);
  if (!read) return tl::unexpected(std::move(read).error());
  if (!write) return tl::unexpected(std::move(write).error());
  return Pipe{std::move(*read), std::move(*write)};
}

/// Only our end: each end of a pipe has flags of its own, and a CLI does not expect a non-blocking stdin.
void make_nonblocking(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

Result<Fd> open_directory(const std::string& path) {
  // The "/." asks for search permission too, so that everything that fails later is about the executable.
  Fd fd(::open((path + "/.").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  const Code code = code_of_errno(error);
  return fail(code == Code::resource_exhausted ? code : Code::invalid_argument,
              fail_errno("start: working directory " + path, error).value().what);
}

/// The arrays that exec wants, borrowed from the strings.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Status check(const ChildSpec& spec) {
  if (spec.argv.empty()) return fail(Code::invalid_argument, "start: the command is empty");
  for (const auto* list : {&spec.argv, &spec.env})
    for (const std::string& text : *list)
      if (text.find('\0') != std::string::npos)
        return fail(Code::invalid_argument, "start: " + spec.argv[0] + ": an argument or variable contains a NUL byte");
  return {};
}

/// With SIGCHLD ignored, which is inherited from whoever started us, the kernel throws exit codes away.
void let_children_be_waited_for() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now {};
    if (::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
  });
}

/// posix_spawn's two option objects.
class SpawnOptions {
 public:
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  void reset_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes, &set);
    ::sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes, &set);
    // A session of its own is a group of its own too, and takes the terminal away: a CLI that would ask for a password
    // on /dev/tty fails at once, instead of being stopped by the terminal for ever.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

tl::unexpected<Error> start_failure(const std::string& executable, int error) {
  const std::string what = "start: " + executable;
  if (error == E2BIG) return fail(Code::invalid_argument, what + ": arguments and environment are too large");
  if (error == ENOENT && ::access(executable.c_str(), F_OK) == 0)
    return fail(Code::not_found, what + ": the interpreter it names is missing");
  if (error == ENOENT || error == EACCES || code_of_errno(error) == Code::resource_exhausted)
    return fail_errno(what, error);
  return fail(Code::unavailable, fail_errno(what, error).value().what);
}

Result<Spawned> start(const ChildSpec& spec, const Pipe& in, const Pipe& out, const Pipe& err) {
  Fd directory;
  SpawnOptions options;
  options.reset_signals();
  if (!spec.cwd.empty()) {
    TRY(directory, open_directory(spec.cwd));
    ::posix_spawn_file_actions_addfchdir_np(&options.actions, directory.get());
  }
  ::posix_spawn_file_actions_adddup2(&options.actions, in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&options.actions, out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&options.actions, err.write.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&options.actions, STDERR_FILENO + 1);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, spec.argv[0].c_str(), &options.actions, &options.attributes,
                                  pointers(spec.argv).data(), pointers(spec.env).data());
  if (error != 0) return start_failure(spec.argv[0], error);
  Spawned child;
  child.own(pid);
  child.pidfd = open_pidfd(pid);
  if (!child.pidfd) return start_failure(spec.argv[0], errno);
  return child;
}

}  // namespace

Spawned::~Spawned() {
  signal_group(SIGKILL);
  reap(Wait::until_gone);
}

void Spawned::signal_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

void Spawned::reap(Wait wait) {
  const pid_t pid = std::exchange(pid_, 0);
  if (pid == 0) return;
  siginfo_t info{};
  const int options = WEXITED | (wait == Wait::no ? WNOHANG : 0);
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, options) != 0 && errno == EINTR) {}
}

Result<Spawned> spawn(const ChildSpec& spec) {
  TRY_STATUS(check(spec));
  let_children_be_waited_for();
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  TRY(Pipe err, make_pipe());
  TRY(Spawned child, start(spec, in, out, err));
  for (const Fd* ours : {&in.write, &out.read, &err.read}) make_nonblocking(*ours);
  child.input = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

}  // namespace delegate
