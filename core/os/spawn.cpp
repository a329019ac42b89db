#include "core/os/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kStopPatience{6'000};  // a little longer than the supervisor's own limit
constexpr int kLookPause = 5;                 // ms

/// The value of the variable that marks the processes of this child; empty: it has none.
std::string mark_of(const ChildSpec& spec) {
  const std::string prefix = spec.tag_name + "=";
  if (spec.tag_name.empty()) return {};
  for (const std::string& variable : spec.env)
    if (variable.starts_with(prefix)) return variable.substr(prefix.size());
  return {};
}

/// Our end only: each end of a pipe has its own flags, and a CLI does not expect a non-blocking stdin.
void make_nonblocking(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

Result<Fd> open_directory(const std::string& path) {
  // "/." needs search permission too, so every later failure is about the executable.
  Fd fd(::open((path + "/.").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  const Code code = code_of_errno(error);
  return fail(code == Code::resource_exhausted ? code : Code::invalid_argument,
              fail_errno("start: working directory " + path, error).value().what);
}

Status check(const ChildSpec& spec) {
  if (spec.argv.empty()) return fail(Code::invalid_argument, "start: the command is empty");
  for (const auto* list : {&spec.argv, &spec.env})
    for (const std::string& text : *list)
      if (text.find('\0') != std::string::npos)
        return fail(Code::invalid_argument, "start: " + spec.argv[0] + ": an argument or variable contains a NUL byte");
  return {};
}

/// If SIGCHLD is ignored, which a process can inherit, the kernel discards exit codes.
void restore_ignored_sigchld() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now {};
    if (::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
  });
}

struct SocketPair {
  Fd owner;
  Fd supervisor;
};

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("start: socket", errno);
  Fd low_owner(ends[0]);
  Fd low_supervisor(ends[1]);
  TRY(Fd owner, above_standard_streams(std::move(low_owner), "start: socket"));
  TRY(Fd supervisor, above_standard_streams(std::move(low_supervisor), "start: socket"));
  return SocketPair{std::move(owner), std::move(supervisor)};
}

tl::unexpected<Error> start_failure(const std::string& executable, int error) {
  const std::string what = "start: " + executable;
  if (error == E2BIG) return fail(Code::invalid_argument, what + ": arguments and environment are too large");
  if (error == ENOENT && ::access(executable.c_str(), F_OK) == 0)
    return fail(Code::not_found, what + ": the interpreter it names is missing");
  if (error == ENOENT || error == EACCES || code_of_errno(error) == Code::resource_exhausted)
    return fail_errno(what, error);
  return fail(Code::unavailable, fail_errno(what, error).value().what);
}

/// Waits for the exec or its failure.
std::optional<SupervisorEvent> first_event(const Fd& socket) {
  SupervisorEvent event;
  ssize_t count = 0;
  do count = ::recv(socket.get(), &event, sizeof event, 0);
  while (count < 0 && errno == EINTR);
  return count == sizeof event ? std::optional(event) : std::nullopt;
}

/// Forks a process that has this name from its beginning. It is that of the calling thread, which gets its own back.
template <class Run>
pid_t fork_as(const std::string& name, Run run) {
  std::array<char, 16> own{};  // TASK_COMM_LEN
  ::prctl(PR_GET_NAME, own.data());
  set_process_name(name.c_str());
  const pid_t pid = fork_into(std::move(run));
  const int error = errno;
  set_process_name(own.data());
  errno = error;
  return pid;
}

/// Waits until nothing is left of a child whose supervisor was killed. It may not have reached its exec, and so have no
/// mark yet: its end of the pipe shows that it lives.
void end_without_supervisor(const ChildSpec& spec, const Fd& out) {
  std::array<char, 4096> unread{};
  for (const Deadline give_up = Deadline::in(kStopPatience); !give_up.passed();) {
    kill_tagged_processes(spec);
    pollfd entry{out.get(), POLLIN, 0};
    if (::poll(&entry, 1, kLookPause) > 0 && ::read(out.get(), unread.data(), unread.size()) == 0) return;
  }
}

}  // namespace

void kill_tagged_processes(const ChildSpec& spec) {
  if (const std::string mark = mark_of(spec); !mark.empty()) kill_tagged(spec.tag_name, mark);
}

Spawned::~Spawned() {
  if (supervisor_ == 0) return;
  send(SupervisorCommand::kill_all);
  reap(kStopPatience);
}

void Spawned::send(SupervisorCommand command) const {
  static_cast<void>(::send(control.get(), &command, 1, MSG_NOSIGNAL));
}

std::optional<SupervisorEvent> Spawned::receive() {
  SupervisorEvent event;
  ssize_t count = 0;
  // A supervisor that ends with a command unread leaves a socket error in front of its last event.
  do count = ::recv(control.get(), &event, sizeof event, MSG_DONTWAIT);
  while (count < 0 && errno == ECONNRESET);
  if (count == sizeof event) return event;
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return SupervisorEvent{SupervisorEvent::lost, 0, 0};
}

void Spawned::reap(milliseconds patience) {
  const pid_t pid = std::exchange(supervisor_, 0);
  if (pid == 0) return;
  const Fd end = open_pidfd(pid);
  pollfd entry{end.get(), POLLIN, 0};
  const Deadline deadline = Deadline::in(patience);
  while (end && ::poll(&entry, 1, static_cast<int>(deadline.left()->count())) < 0 && errno == EINTR) continue;
  if (entry.revents == 0) ::kill(pid, SIGKILL);  // not reaped yet, so the pid is still its own
  static_cast<void>(wait_for_end(pid));
}

Result<Spawned> spawn(const ChildSpec& spec) {
  TRY_STATUS(check(spec));
  restore_ignored_sigchld();
  Fd directory;
  if (!spec.cwd.empty()) {
    TRY(directory, open_directory(spec.cwd));
  }
  TRY(Pipe in, make_pipe("start: pipe"));
  TRY(Pipe out, make_pipe("start: pipe"));
  TRY(Pipe err, make_pipe("start: pipe"));
  TRY(SocketPair socket, make_socket_pair());
  const ExecArguments arguments(spec.argv, spec.env);
  const ChildImage image{.executable = spec.argv[0].c_str(),
                         .argv = arguments.argv(),
                         .env = arguments.env(),
                         .directory = directory.get(),
                         .in = in.read.get(),
                         .out = out.write.get(),
                         .err = err.write.get(),
                         .control = socket.supervisor.get(),
                         .term_grace = spec.term_grace};
  Spawned child;
  const pid_t supervisor = fork_as(supervisor_name(mark_of(spec)), [&image] { supervise(image); });
  if (supervisor < 0) return start_failure(spec.argv[0], errno);
  child.own(supervisor);
  child.control = std::move(socket.owner);
  socket.supervisor.reset();
  const auto event = first_event(child.control);
  if (!event) {
    for (Fd* theirs : {&in.read, &out.write, &err.write}) theirs->reset();
    end_without_supervisor(spec, out.read);
    return fail(Code::unavailable, "start: " + spec.argv[0] + ": its supervisor was killed");
  }
  if (event->kind == SupervisorEvent::not_started) return start_failure(spec.argv[0], event->value);
  for (const Fd* ours : {&in.write, &out.read, &err.read}) make_nonblocking(*ours);
  child.input = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

}  // namespace delegate
