#include "core/os/startup.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kGrace{1'000};  // between SIGTERM and the end of all

bool asks_to_end(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT; }

/// The first process, with all signals blocked: sigwaitinfo takes them one by one.
class Init {
 public:
  explicit Init(pid_t program) : program_(program) {}

  [[noreturn]] void run(milliseconds patience) {
    while (!code_) step(Deadline::never());
    wait_for_others(Deadline::in(patience));
    if (!is_alone_) {
      ::kill(-1, SIGTERM);  // every process of the container except this one
      wait_ends_ = false;
      wait_for_others(Deadline::in(kGrace));
    }
    ::_exit(*code_);
  }

 private:
  void wait_for_others(Deadline patience) {
    while (!is_alone_ && !wait_ends_ && !patience.passed()) step(patience);
  }

  void step(Deadline until) {
    const int signal = next_signal(until);
    reap();
    if (signal <= 0 || signal == SIGCHLD) return;
    if (!code_) ::kill(program_, signal);
    if (asks_to_end(signal)) wait_ends_ = true;  // also while the program runs: it may have ended at this moment
  }

  /// 0 or less: none arrived.
  static int next_signal(Deadline until) {
    sigset_t all;
    ::sigfillset(&all);
    const auto left = until.left();
    if (!left) return ::sigwaitinfo(&all, nullptr);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*left);
    const timespec rest{seconds.count(), std::chrono::nanoseconds(*left - seconds).count()};
    return ::sigtimedwait(&all, nullptr, &rest);
  }

  void reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0)
      if (pid == program_) code_ = shell_exit_code(status);
    is_alone_ = pid < 0 && errno == ECHILD;
  }

  pid_t program_;
  std::optional<int> code_;  // of the program, once it has ended
  bool is_alone_ = false;
  bool wait_ends_ = false;  // a signal asked to end: background processes are no longer waited for
};

}  // namespace

void split_off_init(milliseconds patience) {
  if (::getpid() != 1) return;
  const AllSignalsBlocked blocked;
  ::signal(SIGCHLD, SIG_DFL);  // if inherited as ignored, the kernel would discard the exit code
  const pid_t program = ::fork();
  if (program <= 0) return;
  set_process_name("delegate-init");
  detach_standard_streams();
  close_descriptors_except();  // the program has them; a reader of a pipe must not wait for this process too
  Init(program).run(patience);
}

/// A thread gets the soft limit of the start for its stack, 8 MB as a rule, which counts against a limit of the memory.
Status reserve_stack() {
  constexpr rlim_t kLeast = 256u << 10;
  constexpr rlim_t kEnough = 2u << 20;
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) == 0) {
    ::pthread_attr_setstacksize(&attributes, kEnough);
    ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= kEnough) return {};
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  ::setrlimit(RLIMIT_STACK, &limit);
  if (limit.rlim_cur >= kLeast) return {};
  return fail(Code::resource_exhausted,
              "start: the stack is limited to " + std::to_string(limit.rlim_cur >> 10) + " KiB, 256 are needed",
              "raise the limit with `ulimit -s`");
}

void share_one_heap() {
#ifdef M_ARENA_MAX            // glibc
  ::mallopt(M_ARENA_MAX, 1);  // NOLINT(concurrency-mt-unsafe): before there is a second thread
#endif
}

void get_ready_to_wait() {
  constexpr std::size_t kPiece = 64u << 10;  // larger ones would be mapped, and not kept
  ::tzset();
#ifdef M_TRIM_THRESHOLD                  // glibc
  ::mallopt(M_TRIM_THRESHOLD, 4 << 20);  // NOLINT(concurrency-mt-unsafe): before there is a second thread
#endif
  std::array<std::string, 8> touched;
  for (std::string& piece : touched) piece.assign(kPiece, ' ');
}

std::map<std::string, std::string> inherited_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    if (const char* equals = std::strchr(*entry, '='))
      out.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  return out;
}

void reserve_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));  // gets the lowest free number
}

}  // namespace delegate
