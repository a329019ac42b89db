#include "core/os/process.hpp"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/os/clock.hpp"
#include "tests/helpers/skip.hpp"

using namespace delegate;

namespace {

/// A forked child that only waits to be killed; reaped at the end. Nothing but async-signal-safe calls in it.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  ~Sleeper() { reap(); }
  void kill_unreaped() {
    ::kill(pid_, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  void reap() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

/// Waits for the end of a child; one that hangs is killed. It is reaped.
bool ends(pid_t pid) {
  const Fd pidfd = open_pidfd(pid);
  pollfd end{pidfd.get(), POLLIN, 0};
  const bool ended = ::poll(&end, 1, 10'000) == 1;
  if (!ended) ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return ended;
}

std::int64_t start_time_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int field = 1; field <= 22; ++field) file >> word;  // the name of a test program has no spaces
  return std::stoll(word);
}

enum Seen : int { right, wrong, not_allowed };

/// In a process whose /proc is empty.
template <class Look>
Seen look_without_proc(const Look& look) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool is_hidden = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           ::mount("none", "/proc", "tmpfs", 0, nullptr) == 0;
    ::_exit(!is_hidden ? not_allowed : look() ? right : wrong);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  REQUIRE(WIFEXITED(status));
  return static_cast<Seen>(WEXITSTATUS(status));
}

}  // namespace

TEST_CASE("this process is alive, even under a name that could confuse a parser of /proc") {
  char before[16];
  ::prctl(PR_GET_NAME, before);
  const std::string name = GENERATE(as<std::string>{}, "plain", "a) Z 1 2", ") R (", "((", "a b c");
  ::prctl(PR_SET_NAME, name.c_str());
  const ProcessId self = this_process("boot");
  ::prctl(PR_SET_NAME, before);
  CHECK(self.pid == ::getpid());
  CHECK(self.start_time == start_time_of(::getpid()));
  CHECK(is_alive(self, "boot"));
}

TEST_CASE("a forked process can take a name while other threads of its parent begin and end") {
  std::atomic<bool> enough = false;
  const auto begin_threads = [&] {
    while (!enough) std::thread([] {}).join();
  };
  std::array<std::thread, 3> busy{std::thread(begin_threads), std::thread(begin_threads), std::thread(begin_threads)};
  int hung = 0;
  for (int i = 0; i < 400 && hung == 0; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      set_process_name("renamed");
      ::_exit(0);
    }
    if (!ends(pid)) ++hung;
  }
  enough = true;
  for (std::thread& thread : busy) thread.join();
  CHECK(hung == 0);
}

TEST_CASE("a process counts as dead only if that is certain") {
  Sleeper sleeper;
  const ProcessId other{.boot_id = "boot", .pid = sleeper.pid(), .start_time = start_time_of(sleeper.pid())};
  CHECK(is_alive(other, "boot"));
  SECTION("another boot") { CHECK_FALSE(is_alive(other, "next boot")); }
  SECTION("its pid belongs to a later process") {
    ProcessId earlier = other;
    earlier.start_time -= 2;
    CHECK_FALSE(is_alive(earlier, "boot"));
  }
  SECTION("but it may have read its start to one tick, in a time namespace") {
    ProcessId ahead = other;
    ++ahead.start_time;
    CHECK(is_alive(ahead, "boot"));
  }
  SECTION("a zombie") {
    sleeper.kill_unreaped();
    CHECK_FALSE(is_alive(other, "boot"));
  }
  SECTION("gone") {
    sleeper.reap();
    CHECK_FALSE(is_alive(other, "boot"));
  }
  SECTION("a number that was never a pid") {
    CHECK_FALSE(is_alive(ProcessId{.boot_id = "boot", .pid = 0, .start_time = 1}, "boot"));
    CHECK_FALSE(is_alive(ProcessId{.boot_id = "boot", .pid = -1, .start_time = 1}, "boot"));
    CHECK_FALSE(is_alive(ProcessId{.boot_id = "boot", .pid = 1LL << 40, .start_time = 1}, "boot"));
  }
}

TEST_CASE("a process that was killed is doomed before the kernel is done with it, and dead after that") {
  constexpr std::size_t kMuch = 64u << 20;  // which takes a while to free
  for (int i = 0; i < 10; ++i) {
    std::array<int, 2> filled{};
    REQUIRE(::pipe(filled.data()) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const std::vector<char> memory(kMuch, 'x');
      while (::write(filled[1], memory.data(), 1) == 1) ::pause();
      ::_exit(1);
    }
    char byte = 0;
    REQUIRE(::read(filled[0], &byte, 1) == 1);
    const ProcessId process{.boot_id = "boot", .pid = pid, .start_time = start_time_of(pid)};
    CHECK(is_alive(process, "boot"));
    CHECK_FALSE(is_doomed(process, "boot"));
    ::kill(pid, SIGKILL);
    const bool is_doomed_at_once = is_doomed(process, "boot");
    CHECK((is_doomed_at_once || is_doomed(process, "boot")));  // the kernel moves the signal from one list to another
    ::waitpid(pid, nullptr, 0);
    CHECK_FALSE(is_alive(process, "boot"));
    CHECK(is_doomed(process, "boot"));
    for (const int end : filled) ::close(end);
  }
}

TEST_CASE("a tag matches only the whole variable, and an empty one matches nothing") {
  const std::string value = "process-test-" + std::to_string(::getpid());
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string other = "XTAG=" + value + "9", tag = "TAG=" + value;
    const char* environment[] = {other.c_str(), tag.c_str(), nullptr};
    ::execle("/bin/sleep", "sleep", "600", nullptr, environment);
    ::_exit(127);
  }
  const Deadline patience = Deadline::in(std::chrono::seconds(20));
  while (processes_tagged("TAG", value).empty() && !patience.passed()) ::usleep(1000);  // until it has exec'd
  CHECK(processes_tagged("TAG", value) == std::vector<int>{pid});
  CHECK(processes_tagged("XTAG", value).empty());
  CHECK(processes_tagged("AG", value).empty());
  CHECK(processes_tagged("TAG", value.substr(1)).empty());
  CHECK(processes_tagged("TAG", "").empty());
  CHECK_FALSE(has_processes_of_run("TAG", value));
  CHECK_FALSE(has_processes_of_run("TAG", ""));
  CHECK(kill_tagged("", "") == 0);
  CHECK(kill_tagged("TAG", value) == 1);
  int status = 0;
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("executables are found on the path, in absolute directories only") {
  char name[] = "/tmp/delegate-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string root = name;
  std::filesystem::create_directories(root + "/first/tool");  // a directory of that name does not count
  std::filesystem::create_directories(root + "/second");
  std::ofstream(root + "/second/tool") << "#!/bin/sh\n";
  std::ofstream(root + "/second/plain") << "not executable\n";
  ::chmod((root + "/second/tool").c_str(), 0700);
  ::chmod((root + "/second/plain").c_str(), 0600);
  const std::string path = ":.:relative:" + root + "/first:" + root + "/second/";
  CHECK(find_executable("tool", path) == root + "/second/tool");
  CHECK(find_executable(root + "/second/tool", "") == root + "/second/tool");
  CHECK(find_executable("plain", path) == std::nullopt);
  CHECK(find_executable("none", path) == std::nullopt);
  CHECK(find_executable("", path) == std::nullopt);
  CHECK(find_executable("./tool", path) == std::nullopt);
  CHECK(find_executable("tool", "") == std::nullopt);
  CHECK(places_of_command("tool", path) == std::vector<std::string>{root + "/first/tool", root + "/second/tool"});
  CHECK(places_of_command(root + "/x", path) == std::vector<std::string>{root + "/x"});
  CHECK(places_of_command("./tool", path).empty());
  std::filesystem::remove_all(root);
}

TEST_CASE("the system clock knows its boot and does not run backwards") {
  const SystemClock clock;
  const HostTime first = clock.now();
  const HostTime second = clock.now();
  CHECK(first.boot_id.size() == 36);
  CHECK(first.boot_id == second.boot_id);
  CHECK(second.boot >= first.boot);
  CHECK(first.wall > milliseconds(1'700'000'000'000));
}

TEST_CASE("this program finds its own file, also without /proc") {
  const auto here = std::filesystem::read_symlink("/proc/self/exe");
  CHECK(std::filesystem::equivalent(own_executable(), here));
  const Seen seen = look_without_proc([&] { return own_executable() == here; });
  if (seen == not_allowed) delegate_tests::skip_visibly("mounting is not allowed here (needs root)");
  else CHECK(seen == right);
}
