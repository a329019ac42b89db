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

#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kKillPatience{5000};  // one that SIGKILL does not end hangs in the kernel, or is another user's
constexpr int kPollInterval = 5;             // ms; no event says that an orphan became our child

/// Becomes the child. Returns only if that fails; errno says why. Memory may be shared with the parent, which waits.
void exec_child(const ChildImage& image, pid_t supervisor) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);     // if the supervisor is killed
  if (::getppid() != supervisor) return;  // it was, before that
  // A new session is also a new group, without a terminal: a CLI that would ask for a password on /dev/tty fails at
  // once instead of being stopped by the terminal.
  ::setsid();
  if (image.directory >= 0 && ::fchdir(image.directory) != 0) return;
  if (::dup2(image.in, STDIN_FILENO) < 0 || ::dup2(image.out, STDOUT_FILENO) < 0 ||
      ::dup2(image.err, STDERR_FILENO) < 0)
    return;
  unblock_signals();
  ::execve(image.executable, image.argv, image.env);
}

class Supervisor {
 public:
  explicit Supervisor(const ChildImage& image) : control_(image.control), grace_(image.term_grace) {}

  void run(const ChildImage& image) {
    if (!start(image)) return;
    while (phase_ != Phase::over) step();
    ::waitpid(child_, nullptr, WNOHANG);
    send_event({SupervisorEvent::gone, killed_ ? 1 : 0, 0});
  }

 private:
  enum class Phase { running, stopping, killing, over };

  bool start(const ChildImage& image);
  void step();
  int longest_wait() const;
  void handle(SupervisorCommand command);
  void stop();
  void kill_all();
  void kill_group();
  bool reap_descendants() const;
  void update_phase();
  void note_end_of_child();
  void send_event(const SupervisorEvent& event) const {
    static_cast<void>(::send(control_, &event, sizeof event, MSG_NOSIGNAL));  // the owner may have ended
  }

  int control_;
  milliseconds grace_;
  int signals_ = -1;
  pid_t child_ = 0;
  bool child_ended_ = false;  // not reaped yet: while the zombie exists, the group id cannot be reused
  bool killed_ = false;
  Phase phase_ = Phase::running;
  Deadline phase_ends_ = Deadline::never();
};

/// vfork, because exec would discard at once the pages that fork copies. A failure is reported through a pipe that a
/// successful exec closes, so this also works where vfork is the same as fork (thread sanitizer). Until then the child
/// makes system calls only and does not return from this function.
// NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
pid_t start_child(const ChildImage& image, int failure) {
  const pid_t supervisor = ::getpid();
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  exec_child(image, supervisor);
  const int error = errno;
  static_cast<void>(!::write(failure, &error, sizeof error));
  ::_exit(127);
}
// NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)

bool Supervisor::start(const ChildImage& image) {
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&handled, signal);
  signals_ = ::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
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
      send_event({SupervisorEvent::started, 0, 0});
      return true;
    }
    ::waitpid(child_, nullptr, 0);
  }
  send_event({SupervisorEvent::not_started, error, 0});
  return false;
}

void Supervisor::step() {
  std::array<pollfd, 2> set{{{control_, POLLIN, 0}, {signals_, POLLIN, 0}}};
  if (::poll(set.data(), set.size(), longest_wait()) < 0)
    for (pollfd& entry : set) entry.revents = 0;
  if (set[1].revents != 0) {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info)
      if (info.ssi_signo != SIGCHLD) stop();
  }
  if (set[0].revents != 0) {
    char command = 0;
    const ssize_t count = ::recv(control_, &command, 1, MSG_DONTWAIT);
    if (count == 1) handle(static_cast<SupervisorCommand>(command));
    else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      control_ = -1;  // the owner has ended
      stop();
    }
  }
  update_phase();
}

int Supervisor::longest_wait() const {
  if (phase_ == Phase::killing) return kPollInterval;
  const auto left = phase_ends_.left();
  return left ? static_cast<int>(left->count()) + 1 : -1;
}

void Supervisor::handle(SupervisorCommand command) {
  if (command == SupervisorCommand::stop) stop();
  if (command == SupervisorCommand::kill_all) kill_all();
  if (command == SupervisorCommand::kill_group) kill_group();
}

void Supervisor::stop() {
  if (phase_ != Phase::running) return;
  if (child_ended_) return kill_all();
  ::kill(-child_, SIGTERM);
  ::kill(-child_, SIGCONT);  // a stopped process cannot act on TERM
  phase_ = Phase::stopping;
  phase_ends_ = Deadline::in(grace_);
}

void Supervisor::kill_all() {
  if (phase_ == Phase::killing) return;
  killed_ = !child_ended_;
  ::kill(-child_, SIGKILL);  // the whole group at once, so that none can fork meanwhile
  phase_ = Phase::killing;
  phase_ends_ = Deadline::in(kKillPatience);
}

void Supervisor::kill_group() {
  ::kill(-child_, SIGKILL);
  phase_ = Phase::over;
}

void Supervisor::note_end_of_child() {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0) return;
  child_ended_ = true;
  const bool exited = info.si_code == CLD_EXITED;
  send_event({SupervisorEvent::ended, exited ? info.si_status : -1, exited ? 0 : info.si_status});
}

bool Supervisor::reap_descendants() const {
  std::array<pid_t, 256> children{};
  bool any_left = false;
  bool reaped = true;
  while (reaped) {  // the children of a reaped process are ours from then on
    any_left = reaped = false;
    const std::size_t count = own_children(children);
    for (const pid_t pid : std::span(children).first(count)) {
      if (pid == child_) continue;
      const pid_t result = ::waitpid(pid, nullptr, WNOHANG);
      if (result == pid) reaped = true;
      if (result != 0) continue;
      any_left = true;  // a living child of ours, so the pid is certainly its own
      if (phase_ == Phase::killing) ::kill(pid, SIGKILL);
    }
  }
  return any_left;
}

void Supervisor::update_phase() {
  if (!child_ended_) note_end_of_child();
  if (phase_ == Phase::stopping && (child_ended_ || phase_ends_.passed())) kill_all();
  const bool any_left = reap_descendants() || !child_ended_;
  if (!any_left || (phase_ == Phase::killing && phase_ends_.passed())) phase_ = Phase::over;
}

}  // namespace

void supervise(const ChildImage& image) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::setsid();
  reset_signal_handlers();
  std::array<int, 5> kept{image.directory, image.in, image.out, image.err, image.control};
  close_descriptors_except(kept);
  detach_standard_streams();
  Supervisor(image).run(image);
  ::_exit(0);
}

}  // namespace delegate
