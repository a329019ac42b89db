#include "tests/cli/running.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "core/base/deadline.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/launch.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/terminal.hpp"

namespace delegate::test {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read;
  Fd write;
};

/// Ignores a signal temporarily, so that a process started meanwhile inherits that.
class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal) {
    if (signal_ != 0) before_ = ::signal(signal_, SIG_IGN);
  }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;
  ~Ignored() {
    if (signal_ != 0) ::signal(signal_, before_);
  }

 private:
  int signal_;
  void (*before_)(int) = SIG_DFL;
};

/// posix_spawn's options: a new process group, and default signals except one.
class Options {
 public:
  explicit Options(int ignored_signal) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::sigfillset(&signals);
    if (ignored_signal != 0) ::sigdelset(&signals, ignored_signal);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  void file(int stream, const std::string& path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, stream, path.c_str(), flags, 0600);
  }
  void use(int stream, const Fd& fd) { ::posix_spawn_file_actions_adddup2(&actions, fd.get(), stream); }
  void close(int stream) { ::posix_spawn_file_actions_addclose(&actions, stream); }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

void place_input(Options& options, const Streams& streams, const Pipe& pipe) {
  if (!streams.in_file.empty()) return options.file(0, streams.in_file, O_RDONLY);
  switch (streams.in) {
    case Streams::In::null: return options.file(0, "/dev/null", O_RDONLY);
    case Streams::In::closed: return options.close(0);
    case Streams::In::terminal: return;
    case Streams::In::given:
    case Streams::In::held: return options.use(0, pipe.read);
  }
}

void place_output(Options& options, const Streams& streams, const Pipe& pipe) {
  if (streams.out_closed) options.close(1);
  else if (!streams.out_file.empty()) options.file(1, streams.out_file, O_WRONLY | O_CREAT | O_TRUNC);
  else options.use(1, pipe.write);
}

/// Reads what is available; end of file closes the fd.
void take(Fd& fd, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  else if (count == 0 || (errno != EINTR && errno != EAGAIN)) fd.reset();
}

void set_columns(int terminal, int columns) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  REQUIRE(::ioctl(terminal, TIOCSWINSZ, &size) == 0);
}

/// Sends Ctrl-S and waits until it takes effect.
void stop(const Terminal& terminal) {
  REQUIRE(write_all(terminal.screen.get(), "\x13"));
  REQUIRE(eventually([&] {
    pollfd room{terminal.program.get(), POLLOUT, 0};
    return ::poll(&room, 1, 0) == 0;
  }));
}

/// Reads until this text was read.
bool comes(Fd& fd, std::string& so_far, std::string_view text) {
  return eventually([&] {
    pollfd waited{fd.get(), POLLIN, 0};
    if (fd && ::poll(&waited, 1, 0) == 1) take(fd, so_far);
    return so_far.find(text) != std::string::npos;
  });
}

/// Writes what fits. A closed reader ends it.
void give(Fd& fd, std::string_view& rest) {
  const ssize_t count = ::write(fd.get(), rest.data(), rest.size());
  if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  else if (errno != EINTR && errno != EAGAIN) rest = {};
  if (rest.empty()) fd.reset();
}

}  // namespace

const std::string& program() {
  static const std::string path = [] {
    const char* other = std::getenv("DELEGATE_UNDER_TEST");
    return std::string(other == nullptr ? DELEGATE_BINARY : other);
  }();
  return path;
}

Running::Running(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                 const std::string& directory, Streams streams)
    : streams_(std::move(streams)), command_(join(argv, " ")) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in, out, err;
  std::optional<Terminal> terminal;
  Options options(streams_.ignored_signal);
  const Ignored ignored(streams_.ignored_signal);
  place_input(options, streams_, in);
  place_output(options, streams_, out);
  options.use(2, err.write);
  if (streams_.in == Streams::In::terminal) {
    terminal.emplace();
    options.use(0, terminal->program);
    options.use(2, terminal->program);
    if (streams_.out_is_terminal) options.use(1, terminal->program);
    if (streams_.columns > 0) set_columns(terminal->screen.get(), streams_.columns);
    if (streams_.stopped) stop(*terminal);
  }
  ::posix_spawn_file_actions_addchdir_np(&options.actions, directory.c_str());
  const ExecArguments arguments(argv, environment);
  const int error = ::posix_spawn(&pid_.value, argv[0].c_str(), &options.actions, &options.attributes, arguments.argv(),
                                  arguments.env());
  INFO(argv[0] << ": " << errno_text(error));
  REQUIRE(error == 0);
  if (streams_.in == Streams::In::given || streams_.in == Streams::In::held) in_ = std::move(in.write);
  if (!streams_.reader_is_gone) out_ = std::move(out.read);
  err_ = std::move(terminal ? terminal->screen : err.read);
}

Running::~Running() {
  if (pid() <= 0) return;
  signal_group(SIGKILL);
  while (::waitpid(pid(), nullptr, 0) < 0 && errno == EINTR) continue;
}

void Running::write_input(std::string_view text) { REQUIRE(write_all(in_.get(), text)); }
void Running::type(std::string_view text) { REQUIRE(write_all(err_.get(), text)); }

bool Running::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid();
}

bool Running::comes_to_say(std::string_view text) { return comes(err_, err_so_far_, text); }
bool Running::comes_to_print(std::string_view text) { return comes(out_, out_so_far_, text); }
std::string Running::next_line() {
  if (!comes_to_print("\n")) return {};
  const std::size_t end = out_so_far_.find('\n');
  std::string line = out_so_far_.substr(0, end);
  out_so_far_.erase(0, end + 1);
  return line;
}
void Running::resize(int columns) const { set_columns(err_.get(), columns); }
bool Running::ends() const {
  return eventually([&] { return has_ended(); });
}

Finished Running::finish() {
  Finished finished{.command = command_.substr(0, 400), .out = std::move(out_so_far_), .err = std::move(err_so_far_)};
  exchange(finished);
  reap(finished);
  return finished;
}

void Running::exchange(Finished& finished) {
  std::string_view input = streams_.input;
  if (in_) ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
  if (input.empty()) in_.reset();
  const Deadline patience = Deadline::in(kPatience);
  while (out_ || err_) {
    std::array<pollfd, 3> waited{
        {{in_ ? in_.get() : -1, POLLOUT, 0}, {out_ ? out_.get() : -1, POLLIN, 0}, {err_ ? err_.get() : -1, POLLIN, 0}}};
    const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(patience.left()->count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      signal_group(SIGKILL);
      FAIL(command_ << ": its output did not end; so far: {" << finished.out << "} {" << finished.err << "}");
    }
    if (waited[0].revents != 0) give(in_, input);
    if (waited[1].revents != 0) take(out_, finished.out);
    if (waited[2].revents != 0) take(err_, finished.err);
  }
}

void Running::reap(Finished& finished) {
  int status = 0;
  const auto is_over = [&] { return ::waitpid(pid(), &status, WNOHANG) == pid(); };
  if (!eventually(is_over)) FAIL(command_ << ": closed its output but did not end");
  pid_.value = 0;
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace delegate::test
