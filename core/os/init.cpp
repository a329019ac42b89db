#include "core/os/init.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

#include "core/os/fork.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kGrace{1'000};  // between SIGTERM and the end of all

bool is_to_end(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT; }

/// The first process, with all signals blocked: they are taken one by one.
class Init {
 public:
  explicit Init(pid_t program) : program_(program) {}

  [[noreturn]] void run(milliseconds patience) {
    while (!code_) turn(Deadline::never());
    wait_for_others(Deadline::in(patience));
    if (!is_alone_) {
      ::kill(-1, SIGTERM);  // all of the container but this one
      is_wanted_ = true;
      wait_for_others(Deadline::in(kGrace));
    }
    ::_exit(*code_);
  }

 private:
  void wait_for_others(Deadline patience) {
    while (!is_alone_ && is_wanted_ && !patience.passed()) turn(patience);
  }

  void turn(Deadline until) {
    const int signal = next_signal(until);
    collect();
    if (signal <= 0 || signal == SIGCHLD) return;
    if (!code_) ::kill(program_, signal);
    if (is_to_end(signal)) is_wanted_ = false;  // also while the program runs: it may have ended in this instant
  }

  /// 0: none came.
  static int next_signal(Deadline until) {
    sigset_t all;
    ::sigfillset(&all);
    const auto left = until.left();
    if (!left) return ::sigwaitinfo(&all, nullptr);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*left);
    const timespec rest{seconds.count(), std::chrono::nanoseconds(*left - seconds).count()};
    return ::sigtimedwait(&all, nullptr, &rest);
  }

  void collect() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0)
      if (pid == program_) code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    is_alone_ = pid < 0 && errno == ECHILD;
  }

  pid_t program_;
  std::optional<int> code_;  // the program's, once it has ended
  bool is_alone_ = false;
  bool is_wanted_ = true;  // what goes on in the background
};

}  // namespace

void split_off_init(milliseconds patience) {
  if (::getpid() != 1) return;
  const AllSignalsBlocked blocked;
  ::signal(SIGCHLD, SIG_DFL);  // ignored, which is inherited, it would lose the exit code
  const pid_t program = ::fork();
  if (program <= 0) return;
  set_process_name("delegate-init");
  let_go_of_standard_streams();
  close_from_to(STDERR_FILENO + 1, ~0U);  // they are the program's; whoever waits for their end waits for it alone
  Init(program).run(patience);
}

}  // namespace delegate
