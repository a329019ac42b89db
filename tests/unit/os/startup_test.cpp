#include "core/os/startup.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>

#include "tests/helpers/skip.hpp"
#include "tests/unit/os/fake_child.hpp"

// The first process of a container is its init; here each container is a pid namespace.
using namespace delegate_tests;

namespace {

/// A pipe that shows when the last process holding its write end has ended.
struct Line {
  Line() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Line() {
    for (const int end : ends) ::close(end);
  }
  void say(char word) const { REQUIRE(::write(ends[1], &word, 1) == 1); }
  /// 0: no process has the write end any more. In a forked process only after `listen`.
  char hear() const {
    pollfd waited{ends[0], POLLIN, 0};
    if (::poll(&waited, 1, 20'000) != 1) return '?';
    char word = 0;
    return ::read(ends[0], &word, 1) == 1 ? word : '\0';
  }
  void listen() {
    ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

/// A first process that splits with this patience; the second one then runs `life`.
class Container {
 public:
  template <class Life>
  Container(milliseconds patience, const Life& life) {
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid_ != 0) return;
    ::signal(SIGTERM, SIG_DFL);  // not the test's own handler
    split_off_init(patience);
    ::_exit(::getpid() == 1 ? 99 : life());
  }
  ~Container() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool is_allowed() const {
    if (pid_ < 0) skip_visibly("pid namespaces are not allowed here (needs root)");
    return pid_ > 0;
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// -1: it was ended by a signal, or does not end.
  int code() {
    if (!dies(pid_)) return -1;
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
};

constexpr milliseconds kForEver = 1h;

/// A process that works in the background until `ends` returns.
template <class Work>
void leave_behind(const Work& work) {
  if (::fork() != 0) return;
  work();
  ::_exit(0);
}

int wait_for(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  int came = 0;
  ::sigwait(&set, &came);
  return came;
}

void block(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

TEST_CASE("a process that is not the first of its container does not split") {
  const pid_t before = ::getpid();
  split_off_init(kForEver);
  CHECK(::getpid() == before);
}

TEST_CASE("the first process of a container ends with the exit code of the second") {
  SECTION("that exits") {
    Container container(kForEver, [] { return 7; });
    if (container.is_allowed()) CHECK(container.code() == 7);
  }
  SECTION("that dies of a signal") {
    Container container(kForEver, [] { return ::raise(SIGKILL); });
    if (container.is_allowed()) CHECK(container.code() == 128 + SIGKILL);
  }
  SECTION("that was started with SIGCHLD ignored") {
    const auto before = ::signal(SIGCHLD, SIG_IGN);
    Container container(kForEver, [] { return 7; });
    ::signal(SIGCHLD, before);
    if (container.is_allowed()) CHECK(container.code() == 7);
  }
}

TEST_CASE("the first process of a container passes signals on") {
  Line line;
  Container container(kForEver, [&] {
    block(SIGTERM);
    line.say('r');
    return wait_for(SIGTERM) == SIGTERM ? 3 : 4;
  });
  if (!container.is_allowed()) return;
  CHECK(line.hear() == 'r');
  container.signal(SIGTERM);
  CHECK(container.code() == 3);
}

TEST_CASE("the first process of a container reaps orphans") {
  Container container(kForEver, [] {
    Line line;
    if (const pid_t between = ::fork(); between == 0) {
      const pid_t orphan = ::fork();
      if (orphan == 0) ::_exit(0);
      static_cast<void>(!::write(line.ends[1], &orphan, sizeof orphan));
      ::_exit(0);
    } else {
      ::waitpid(between, nullptr, 0);
    }
    pid_t orphan = 0;
    if (::read(line.ends[0], &orphan, sizeof orphan) != sizeof orphan) return 5;
    const Deadline patience = Deadline::in(20s);
    while (::kill(orphan, 0) == 0)  // true for a zombie, too
      if (patience.passed()) return 6;
    return 0;
  });
  if (container.is_allowed()) CHECK(container.code() == 0);
}

TEST_CASE("a container waits for its background processes") {
  Line go;
  Line second;
  Line done;
  Container container(kForEver, [&] {
    leave_behind([&] {
      second.listen();
      go.listen();
      go.hear();
      done.say('d');
    });
    return 7;
  });
  if (!container.is_allowed()) return;
  second.listen();
  done.listen();
  CHECK(second.hear() != '?');  // the second process has ended
  go.say('g');
  CHECK(done.hear() == 'd');
  CHECK(container.code() == 7);
}

TEST_CASE("background processes of a container that take too long get SIGTERM") {
  Line line;
  Container container(20ms, [&] {
    block(SIGTERM);
    leave_behind([&] {
      if (wait_for(SIGTERM) == SIGTERM) line.say('t');
      ::pause();  // ignores it
    });
    return 7;
  });
  if (!container.is_allowed()) return;
  line.listen();
  CHECK(line.hear() == 't');
  CHECK(container.code() == 7);
}

TEST_CASE("a signal ends the wait for the background processes of a container") {
  Line second;
  Container container(kForEver, [&] {
    leave_behind([&] {
      second.listen();
      ::pause();
    });
    return 7;
  });
  if (!container.is_allowed()) return;
  second.listen();
  CHECK(second.hear() == '\0');
  container.signal(SIGTERM);
  CHECK(container.code() == 7);
}
