#include "core/os/launch.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/text.hpp"

namespace delegate {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// A copy above the standard streams; `fd` stays open.
Result<Fd> copy_above_standard_streams(int fd, const std::string& where) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy) return fail_errno(where, errno);
  return copy;
}

/// Inclusive. System calls only.
void close_numbers(unsigned first, unsigned last) {
  if (first > last || ::syscall(SYS_close_range, first, last, 0U) == 0) return;
  rlimit limit{};  // before Linux 5.9
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto end = static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  for (unsigned fd = first; fd <= last && fd < end; ++fd) ::close(static_cast<int>(fd));
}

// ---- detached ----

/// For posix_spawn: no signal is blocked.
class PlainSignals {
 public:
  PlainSignals() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
  }
  ~PlainSignals() { ::posix_spawnattr_destroy(&attributes_); }
  PlainSignals(const PlainSignals&) = delete;
  PlainSignals& operator=(const PlainSignals&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

struct DetachedImage {
  const char* executable;
  const ExecArguments& arguments;
  const posix_spawnattr_t* signals;
  const std::string& directory;  // empty: the caller's
  int null;                      // /dev/null
  int err;
};

/// System calls only, and posix_spawn, which makes no others. True: there was room for the process.
bool spawn_detached(const DetachedImage& image) {
  reset_signal_handlers();
  ::setsid();
  const bool ready = ::dup2(image.null, STDIN_FILENO) >= 0 && ::dup2(image.null, STDOUT_FILENO) >= 0 &&
                     ::dup2(image.err, STDERR_FILENO) >= 0;
  const bool is_there = image.directory.empty() || ::chdir(image.directory.c_str()) == 0;
  close_descriptors_except();  // this process may have inherited some without close-on-exec
  if (!ready || !is_there) return true;
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, image.executable, nullptr, image.signals, image.arguments.argv(), image.arguments.env());
  return error != EAGAIN && error != ENOMEM;
}

/// The process between, which ends at once, so that its child is not ours. vfork, because what comes after it is an
/// exec, which would discard at once the pages that fork copies: the caller goes on after that. -1: errno says why.
// NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
pid_t start_between(const DetachedImage& image) {
  const AllSignalsBlocked blocked;
  const pid_t between = ::vfork();
  if (between == 0) ::_exit(spawn_detached(image) ? 0 : 1);
  return between;
}
// NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)

// ---- lifeline ----

/// The file actions and attributes of one posix_spawn.
class SpawnOptions {
 public:
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t to_default;  // a nohup of our caller must not keep SIGTERM from cancelling the new process
    ::sigemptyset(&to_default);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&to_default, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &to_default);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  posix_spawn_file_actions_t* actions() { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Status start_detached(const Program& program, int err, const std::string& directory) {
  Fd opened(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!opened) return fail_errno("start: /dev/null", errno);
  TRY(const Fd null, above_standard_streams(std::move(opened), "start: open files"));
  TRY(const Fd own_err, copy_above_standard_streams(err < 0 ? null.get() : err, "start: open files"));
  const ExecArguments arguments(program.argv, program.env);
  const PlainSignals signals;
  const DetachedImage image{
      program.executable.c_str(), arguments, signals.attributes(), directory, null.get(), own_err.get()};
  const pid_t between = start_between(image);
  if (between < 0) return fail_errno("start: " + program.executable, errno);
  const auto status = wait_for_end(between);
  if (!status) return {};  // reaped by another SIGCHLD handler: it has done its part
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
  return fail(Code::resource_exhausted, "start: " + program.executable + ": no process available");
}

Result<LifelineProcess> start_with_lifeline(const Program& program) {
  TRY(Pipe in, make_pipe("start: pipe"));
  TRY(Pipe out, make_pipe("start: pipe"));
  SpawnOptions options;
  ::posix_spawn_file_actions_adddup2(options.actions(), in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(options.actions(), out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(options.actions(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const ExecArguments arguments(program.argv, program.env);
  LifelineProcess process;
  const int error = ::posix_spawn(&process.pid, program.executable.c_str(), options.actions(), options.attributes(),
                                  arguments.argv(), arguments.env());
  if (error != 0) return fail_errno("start: " + program.executable, error);
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  process.lifeline = std::move(in.write);
  process.output = std::move(out.read);
  return process;
}

Result<pid_t> start_in_session(const Program& program, int err, const std::string& directory) {
  SpawnOptions options;
  ::posix_spawn_file_actions_addopen(options.actions(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(options.actions(), STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(options.actions(), err, STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(options.actions(), directory.c_str());
  const ExecArguments arguments(program.argv, program.env);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.executable.c_str(), options.actions(), options.attributes(),
                                  arguments.argv(), arguments.env());
  if (error != 0) return fail_errno("start: a process in " + one_line(directory), error);
  return child;
}

// ---- what the kinds share ----

Result<Fd> above_standard_streams(Fd fd, const std::string& where) {
  if (fd.get() > STDERR_FILENO) return fd;
  return copy_above_standard_streams(fd.get(), where);
}

Result<Pipe> make_pipe(const std::string& where) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(where, errno);
  Fd low_read(ends[0]);
  Fd low_write(ends[1]);
  TRY(Fd read, above_standard_streams(std::move(low_read), where));
  TRY(Fd write, above_standard_streams(std::move(low_write), where));
  return Pipe{std::move(read), std::move(write)};
}

ExecArguments::ExecArguments(const std::vector<std::string>& argv, const std::vector<std::string>& env)
    : argv_(pointers(argv)), env_(pointers(env)) {}

void reset_signal_handlers() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &plain, nullptr);
}

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void detach_standard_streams() {
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) null = ::open("/", O_PATH | O_CLOEXEC);  // at least keeps the numbers 0 to 2 in use
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
  if (null > STDERR_FILENO) ::close(null);
}

void close_descriptors_except(std::span<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd < static_cast<int>(next)) continue;
    close_numbers(next, static_cast<unsigned>(fd) - 1);
    next = static_cast<unsigned>(fd) + 1;
  }
  close_numbers(next, ~0U);
}

std::optional<int> wait_for_end(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return std::nullopt;
  return status;
}

bool reap_child(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; }

std::optional<int> status_of_ended_child(pid_t pid) {
  int status = 0;
  const pid_t ended = ::waitpid(pid, &status, WNOHANG);
  if (ended == 0) return std::nullopt;
  return ended == pid ? status : 0;
}

bool is_signal(int wait_status) { return WIFSIGNALED(wait_status); }
void terminate_child(pid_t pid) { ::kill(pid, SIGTERM); }
void kill_child(pid_t pid) { ::kill(pid, SIGKILL); }

int shell_exit_code(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace delegate
