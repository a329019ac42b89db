#include "core/os/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <span>

#include "core/os/fork.hpp"
#include "core/os/own_children.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kKillPatience{5000};  // one that SIGKILL does not end hangs in the kernel, or is another user's
constexpr int kLookAgain = 5;                // ms; that a process was inherited is announced by nothing

void close_all_above_standard_but(std::array<int, 5> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd < static_cast<int>(next)) continue;
    close_from_to(next, static_cast<unsigned>(fd) - 1);
    next = static_cast<unsigned>(fd) + 1;
  }
  close_from_to(next, ~0U);
}

void reset_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &plain, nullptr);
}

/// Becomes the child. Returns only when that fails; errno says why. Memory may be shared with the parent, which waits.
void become(const ChildImage& image) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // should somebody kill the supervisor
  // A session of its own is a group of its own too, and takes the terminal away: a CLI that would ask for a password on
  // /dev/tty fails at once, instead of being stopped by the terminal for ever.
  ::setsid();
  if (image.directory >= 0 && ::fchdir(image.directory) != 0) return;
  if (::dup2(image.in, STDIN_FILENO) < 0 || ::dup2(image.out, STDOUT_FILENO) < 0 ||
      ::dup2(image.err, STDERR_FILENO) < 0)
    return;
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execve(image.executable, image.argv, image.env);
}

class Supervisor {
 public:
  explicit Supervisor(const ChildImage& image) : control_(image.control), grace_(image.term_grace) {}

  void run(const ChildImage& image) {
    if (!start(image)) return;
    while (phase_ != Phase::over) turn();
    ::waitpid(child_, nullptr, WNOHANG);
    tell({Tiding::gone, killed_ ? 1 : 0, 0});
  }

 private:
  enum class Phase { running, stopping, clearing, over };

  bool start(const ChildImage& image);
  void turn();
  int longest_wait() const;
  void obey(Order order);
  void stop();
  void clear();
  void let_go();
  bool look_after_others() const;
  void look_around();
  void note_end_of_child();
  void tell(const Tiding& tiding) const {
    static_cast<void>(::send(control_, &tiding, sizeof tiding, MSG_NOSIGNAL));  // an owner that is gone hears nothing
  }

  int control_;
  milliseconds grace_;
  int signals_ = -1;
  pid_t child_ = 0;
  bool child_ended_ = false;  // a zombie that is kept: while it is there, the group's id is this group's
  bool killed_ = false;
  Phase phase_ = Phase::running;
  Deadline phase_ends_ = Deadline::never();
};

/// vfork, because the pages that a fork copies are thrown away by the exec at once. The failure is told through a pipe
/// that a successful exec closes; so it works where vfork is no more than fork (thread sanitizer). Until then only
/// system calls are made and nothing is returned from the function that forked.
// NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
pid_t start_child(const ChildImage& image, int failure) {
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  become(image);
  const int error = errno;
  static_cast<void>(!::write(failure, &error, sizeof error));
  ::_exit(127);
}
// NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)

bool Supervisor::start(const ChildImage& image) {
  sigset_t heard;
  ::sigemptyset(&heard);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&heard, signal);
  signals_ = ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  std::array<int, 2> failure{};
  const bool ready = signals_ >= 0 && ::pipe2(failure.data(), O_CLOEXEC) == 0;
  if (ready) child_ = start_child(image, failure[1]);
  int error = errno;
  if (ready && child_ > 0) {
    ::close(failure[1]);
    for (const int fd : {image.in, image.out, image.err, image.directory})
      if (fd >= 0) ::close(fd);
    ssize_t count = 0;
    do count = ::read(failure[0], &error, sizeof error);
    while (count < 0 && errno == EINTR);
    ::close(failure[0]);
    if (count != sizeof error) {
      tell({Tiding::started, 0, 0});
      return true;
    }
    ::waitpid(child_, nullptr, 0);
  }
  tell({Tiding::not_started, error, 0});
  return false;
}

void Supervisor::turn() {
  std::array<pollfd, 2> set{{{control_, POLLIN, 0}, {signals_, POLLIN, 0}}};
  if (::poll(set.data(), set.size(), longest_wait()) < 0)
    for (pollfd& entry : set) entry.revents = 0;
  if (set[1].revents != 0) {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info)
      if (info.ssi_signo != SIGCHLD) stop();
  }
  if (set[0].revents != 0) {
    char order = 0;
    const ssize_t count = ::recv(control_, &order, 1, MSG_DONTWAIT);
    if (count == 1) obey(static_cast<Order>(order));
    else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      control_ = -1;  // the owner is gone
      stop();
    }
  }
  look_around();
}

int Supervisor::longest_wait() const {
  if (phase_ == Phase::clearing) return kLookAgain;
  const auto left = phase_ends_.left();
  return left ? static_cast<int>(left->count()) + 1 : -1;
}

void Supervisor::obey(Order order) {
  if (order == Order::stop) stop();
  if (order == Order::clear) clear();
  if (order == Order::let_go) let_go();
}

void Supervisor::stop() {
  if (phase_ != Phase::running) return;
  if (child_ended_) return clear();
  ::kill(-child_, SIGTERM);
  ::kill(-child_, SIGCONT);  // one that is stopped could not act on the TERM
  phase_ = Phase::stopping;
  phase_ends_ = Deadline::in(grace_);
}

void Supervisor::clear() {
  if (phase_ == Phase::clearing) return;
  killed_ = !child_ended_;
  ::kill(-child_, SIGKILL);  // at one blow, so that they cannot start more of their kind meanwhile
  phase_ = Phase::clearing;
  phase_ends_ = Deadline::in(kKillPatience);
}

void Supervisor::let_go() {
  ::kill(-child_, SIGKILL);
  phase_ = Phase::over;
}

void Supervisor::note_end_of_child() {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0) return;
  child_ended_ = true;
  const bool exited = info.si_code == CLD_EXITED;
  tell({Tiding::ended, exited ? info.si_status : -1, exited ? 0 : info.si_status});
}

bool Supervisor::look_after_others() const {
  std::array<pid_t, 256> children{};
  bool anybody = false;
  bool reaped = true;
  while (reaped) {  // what a reaped one has left behind is our child from then on
    anybody = reaped = false;
    const std::size_t count = own_children(children);
    for (const pid_t pid : std::span(children).first(count)) {
      if (pid == child_) continue;
      const pid_t answer = ::waitpid(pid, nullptr, WNOHANG);
      if (answer == pid) reaped = true;
      if (answer != 0) continue;
      anybody = true;  // a living child of ours, and so nobody else's pid
      if (phase_ == Phase::clearing) ::kill(pid, SIGKILL);
    }
  }
  return anybody;
}

void Supervisor::look_around() {
  if (!child_ended_) note_end_of_child();
  if (phase_ == Phase::stopping && (child_ended_ || phase_ends_.passed())) clear();
  const bool anybody = look_after_others() || !child_ended_;
  if (!anybody || (phase_ == Phase::clearing && phase_ends_.passed())) phase_ = Phase::over;
}

}  // namespace

void supervise(const ChildImage& image) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  set_process_name("run-supervisor");
  ::setsid();
  reset_signals();
  close_all_above_standard_but({image.directory, image.in, image.out, image.err, image.control});
  let_go_of_standard_streams();
  Supervisor(image).run(image);
  ::_exit(0);
}

}  // namespace delegate
