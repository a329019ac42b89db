#include "core/os/launch.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <iterator>
#include <sstream>

#include "tests/unit/os/fake_child.hpp"

// Real processes: a shell script each, which reports what it was started with.
using namespace delegate_tests;

namespace {

Program shell(const std::string& script) {
  return {.executable = "/bin/sh", .argv = {"shell", "-c", script}, .env = {"GREETING=hello"}};
}

/// All that arrives until the end of the stream.
std::string read_all(const Fd& fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (pollfd waited{fd.get(), POLLIN, 0}; ::poll(&waited, 1, 20'000) == 1;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

void write_all(const Fd& fd, std::string_view text) {
  REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

int exit_code(pid_t pid) { return shell_exit_code(wait_for_end(pid).value()); }

/// The text of a file that another process writes, once its last line is there.
std::string text_with_end(const std::filesystem::path& path) {
  for (const Deadline patience = Deadline::in(20s); !patience.passed(); std::this_thread::sleep_for(5ms)) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.ends_with("end\n")) return text;
  }
  return "";
}

}  // namespace

TEST_CASE("a process with a lifeline gets this one's directory, its environment and what is written to the lifeline") {
  auto process = start_with_lifeline(shell("pwd -P; read word; echo \"$GREETING $word\"; exit 7"));
  REQUIRE(process);
  CHECK(::getsid(process->pid) == process->pid);
  write_all(process->lifeline, "world\n");
  CHECK(read_all(process->output) == std::filesystem::current_path().string() + "\nhello world\n");
  CHECK(exit_code(process->pid) == 7);
}

TEST_CASE("a process with a lifeline sees its end") {
  auto process = start_with_lifeline(shell("cat; echo end"));
  REQUIRE(process);
  CHECK((::fcntl(process->lifeline.get(), F_GETFL) & O_NONBLOCK) != 0);
  process->lifeline.reset();
  CHECK(read_all(process->output) == "end\n");
  CHECK(exit_code(process->pid) == 0);
}

TEST_CASE("a process with a lifeline can be ended by a signal that this one ignores or blocks") {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  auto process = [] {
    const AllSignalsBlocked blocked;
    return start_with_lifeline(shell("echo ready; cat"));
  }();
  ::signal(SIGTERM, before);
  REQUIRE(process);
  std::array<char, 6> ready{};
  REQUIRE(::read(process->output.get(), ready.data(), ready.size()) == 6);
  ::kill(process->pid, SIGTERM);
  CHECK(exit_code(process->pid) == 128 + SIGTERM);
}

TEST_CASE("a process with a lifeline that cannot be started is an error") {
  const auto no_program = start_with_lifeline({"/nonexistent/program", {"program"}, {}});
  REQUIRE_FALSE(no_program);
  CHECK(no_program.error().what == "start: /nonexistent/program: no such file or directory");
  CHECK(no_program.error().code == Code::not_found);
}

TEST_CASE("a detached process is not a child of this one and inherits no descriptor") {
  const TemporaryDirectory place;
  const auto file = std::filesystem::path(place.path()) / "facts";
  const std::string script =
      "read word; read pid name state parent group session rest </proc/$$/stat; "
      "{ echo $parent $session; ls /proc/self/fd; echo end; } >" +
      file.string();
  const Fd ours(::open("/dev/null", O_RDONLY));  // not close-on-exec
  REQUIRE(start_detached({"/bin/sh", {"sh", "-c", script}, {"PATH=/usr/bin:/bin"}}));
  std::istringstream facts(text_with_end(file));
  pid_t parent = 0;
  pid_t session = 0;
  facts >> parent >> session;
  std::vector<std::string> descriptors{std::istream_iterator<std::string>(facts), {}};
  CHECK(parent != ::getpid());
  CHECK(session != ::getsid(0));
  CHECK(descriptors == std::vector<std::string>{"0", "1", "2", "3", "end"});
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // nothing to reap
}

TEST_CASE("pipes and moved descriptors are above the standard streams, and close-on-exec") {
  auto pipe = make_pipe("test");
  REQUIRE(pipe);
  for (const int end : {pipe->read.get(), pipe->write.get()}) {
    CHECK(end > STDERR_FILENO);
    CHECK((::fcntl(end, F_GETFD) & FD_CLOEXEC) != 0);
  }
  const int same = pipe->read.get();
  CHECK(above_standard_streams(std::move(pipe->read), "test")->get() == same);
}

TEST_CASE("an exit status reads as a shell reports it") {
  CHECK(shell_exit_code(3 << 8) == 3);
  CHECK(shell_exit_code(SIGKILL) == 137);
  CHECK_FALSE(wait_for_end(::getpid()).has_value());
}

TEST_CASE("a process that the system has no room for is reported as such, so that it can be started later") {
  const Program program = shell("exit 0");
  const pid_t limited = ::fork();
  if (limited == 0) {
    constexpr uid_t kAnother = 65'534;  // the limit does not apply to root
    const rlimit none{0, 0};
    if (::geteuid() == 0 && ::setresuid(kAnother, kAnother, kAnother) != 0) ::_exit(2);
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(2);
    const auto started = start_in_session(program, STDERR_FILENO, "/");
    ::_exit(!started && started.error().code == Code::resource_exhausted ? 0 : 1);
  }
  CHECK(exit_code(limited) == 0);
}
