#include "core/os/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <mutex>

#include "core/os/errno_code.hpp"
#include "core/os/fork.hpp"
#include "core/os/pidfd.hpp"

namespace delegate {
namespace {

constexpr milliseconds kStopPatience{6'000};  // a little longer than a supervisor has itself

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

/// The supervisor's end of the socket, and ours.
struct Line {
  Fd ours;
  Fd theirs;
};

Result<Line> make_line() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("start: socket", errno);
  auto ours = above_standard(ends[0]);
  auto theirs = above_standard(ends[1]);
  if (!ours) return tl::unexpected(std::move(ours).error());
  if (!theirs) return tl::unexpected(std::move(theirs).error());
  return Line{std::move(*ours), std::move(*theirs)};
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
std::optional<Tiding> first_tiding(const Fd& line) {
  Tiding tiding;
  ssize_t count = 0;
  do count = ::recv(line.get(), &tiding, sizeof tiding, 0);
  while (count < 0 && errno == EINTR);
  return count == sizeof tiding ? std::optional(tiding) : std::nullopt;
}

}  // namespace

Spawned::~Spawned() {
  if (supervisor_ == 0) return;
  give(Order::clear);
  reap(kStopPatience);
}

void Spawned::give(Order order) const { static_cast<void>(::send(control.get(), &order, 1, MSG_NOSIGNAL)); }

std::optional<Tiding> Spawned::hear() {
  Tiding tiding;
  ssize_t count = 0;
  // One that goes with an order unread leaves an error before its last words.
  do count = ::recv(control.get(), &tiding, sizeof tiding, MSG_DONTWAIT);
  while (count < 0 && errno == ECONNRESET);
  if (count == sizeof tiding) return tiding;
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return Tiding{Tiding::lost, 0, 0};
}

void Spawned::reap(milliseconds patience) {
  const pid_t pid = std::exchange(supervisor_, 0);
  if (pid == 0) return;
  const Fd end = open_pidfd(pid);
  pollfd entry{end.get(), POLLIN, 0};
  const Deadline deadline = Deadline::in(patience);
  while (end && ::poll(&entry, 1, static_cast<int>(deadline.left()->count())) < 0 && errno == EINTR) continue;
  if (entry.revents == 0) ::kill(pid, SIGKILL);  // it has not been reaped: its pid is its own
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

Result<Spawned> spawn(const ChildSpec& spec) {
  TRY_STATUS(check(spec));
  let_children_be_waited_for();
  Fd directory;
  if (!spec.cwd.empty()) {
    TRY(directory, open_directory(spec.cwd));
  }
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  TRY(Pipe err, make_pipe());
  TRY(Line line, make_line());
  const std::vector<char*> argv = exec_array(spec.argv);
  const std::vector<char*> env = exec_array(spec.env);
  const ChildImage image{.executable = spec.argv[0].c_str(),
                         .argv = argv.data(),
                         .env = env.data(),
                         .directory = directory.get(),
                         .in = in.read.get(),
                         .out = out.write.get(),
                         .err = err.write.get(),
                         .control = line.theirs.get(),
                         .term_grace = spec.term_grace};
  Spawned child;
  {
    const AllSignalsBlocked blocked;
    const pid_t supervisor = ::fork();
    if (supervisor == 0) supervise(image);
    if (supervisor < 0) return start_failure(spec.argv[0], errno);
    child.own(supervisor);
  }
  child.control = std::move(line.ours);
  line.theirs.reset();
  const auto tiding = first_tiding(child.control);
  if (!tiding) return fail(Code::unavailable, "start: " + spec.argv[0] + ": its supervisor was killed");
  if (tiding->kind == Tiding::not_started) return start_failure(spec.argv[0], tiding->value);
  for (const Fd* ours : {&in.write, &out.read, &err.read}) make_nonblocking(*ours);
  child.input = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

}  // namespace delegate
