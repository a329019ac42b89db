#pragma once
#include <sys/types.h>

#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/os/fd.hpp"

// How this program starts processes. docs/processes.md lists the kinds with their parents, sessions, descriptors and
// ends:
//
//   supervised   run_child (child.hpp), with spawn.hpp and supervisor.hpp behind it
//   detached     start_detached
//   lifeline     start_with_lifeline
//   session      start_in_session
//   foreground   ForegroundProxy (foreground_proxy.hpp)
//   init         split_off_init (startup.hpp)
//   writer       write_to_terminal (terminal.hpp)
//
// After a fork in a process that may have threads, the child makes system calls only until it calls exec or _exit: no
// allocation, no locks, no stdio. The functions that keep this rule say so.
namespace delegate {

/// A program to run. Nothing is inherited: the arguments and the environment are complete.
struct Program {
  std::string executable;         // absolute path
  std::vector<std::string> argv;  // argv[0] is the name it sees
  std::vector<std::string> env;   // NAME=value
};

/// Starts a process that is independent of this one: its own session, /dev/null as stdin and stdout, this process's
/// working directory or `directory`, and init (or the nearest subreaper) as its parent, so this process has nothing to
/// reap. `err` becomes its stderr; -1: /dev/null. An executable or a directory that cannot be used is not reported.
/// Code::resource_exhausted: no process or descriptor available.
Status start_detached(const Program& program, int err = -1, const std::string& directory = {});

/// A process whose stdin is held by this one. Both sides agree on what the end of stdin means.
struct LifelineProcess {
  pid_t pid = 0;
  Fd lifeline;  // writes to its stdin; non-blocking
  Fd output;    // reads its stdout
};

/// Starts a process in its own session, with /dev/null as stderr and default handling of the signals that end a
/// process. It is a child of this process, which has to reap it. It begins in this process's working directory, which
/// need not be one that can be entered.
Result<LifelineProcess> start_with_lifeline(const Program& program);

/// Starts a process in its own session and in `directory`, with /dev/null as stdin and stdout, `err` as stderr and
/// default handling of the signals that end a process. It outlives this process, and is its child until then: see
/// status_of_ended_child.
Result<pid_t> start_in_session(const Program& program, int err, const std::string& directory);

// ---- what the kinds share ----

struct Pipe {
  Fd read;
  Fd write;
};

/// Both ends are close-on-exec and above the standard streams. Errors name `where`.
Result<Pipe> make_pipe(const std::string& where);

/// Returns `fd`, moved to a number above the standard streams if it is one of theirs: a dup2 to a standard stream would
/// overwrite it before it is used. That happens only if this process was started without stdin, stdout or stderr.
Result<Fd> above_standard_streams(Fd fd, const std::string& where);

/// The arrays that exec takes. They point into the strings given to the constructor.
class ExecArguments {
 public:
  ExecArguments(const std::vector<std::string>& argv, const std::vector<std::string>& env);
  ExecArguments(std::vector<std::string>&&, const std::vector<std::string>&) = delete;
  ExecArguments(const std::vector<std::string>&, std::vector<std::string>&&) = delete;

  char* const* argv() const { return argv_.data(); }
  char* const* env() const { return env_.data(); }

 private:
  std::vector<char*> argv_;
  std::vector<char*> env_;
};

/// While it exists, no signal handler of this program can run, in a forked process either.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// fork with all signals blocked; they stay blocked in the child, which runs `in_child` and must not return from it.
/// -1: errno says why.
template <class InChild>
pid_t fork_into(const InChild& in_child) {
  const AllSignalsBlocked blocked;
  const pid_t pid = ::fork();
  if (pid == 0) in_child();
  return pid;
}

/// Default disposition for every signal. System calls only.
void reset_signal_handlers();
/// An empty signal mask. System calls only.
void unblock_signals();

/// Replaces stdin, stdout and stderr by /dev/null, so that a reader of our output does not wait for this process.
/// System calls only.
void detach_standard_streams();

/// Closes every descriptor above the standard streams except `kept` (which it sorts; -1 is ignored). System calls only.
void close_descriptors_except(std::span<int> kept = {});

/// Waits for the end of a child: its wait status. Nothing: it cannot be waited for; errno says why. System calls only.
std::optional<int> wait_for_end(pid_t pid);

/// Does not wait. True: the child has ended and is reaped now, or it is not a child of this process.
bool reap_child(pid_t pid);

/// The same, with its wait status: 0 if it is not a child of this process.
std::optional<int> status_of_ended_child(pid_t pid);
bool is_signal(int wait_status);  // that ended the child

/// Only for a child that was not reaped yet: until then its pid belongs to no other process.
void terminate_child(pid_t pid);  // SIGTERM
void kill_child(pid_t pid);       // SIGKILL

/// As a shell reports it: the exit code, or 128 + the number of the signal.
int shell_exit_code(int wait_status);

}  // namespace delegate
