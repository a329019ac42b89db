#include "core/notify/terminal_channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "core/os/file.hpp"
#include "core/os/scratch_directory.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/terminal.hpp"

// A real terminal, and what it is sent.
using namespace delegate;
using namespace delegate::notify;
using delegate::test::eventually;

namespace {

struct Watched : test::Terminal {
  /// Reads what it shows until this is there.
  bool shows(const std::string& bytes) {
    std::string seen;
    return eventually([&] {
      pollfd waited{screen.get(), POLLIN, 0};
      std::array<char, 4096> buffer{};
      if (::poll(&waited, 1, 0) != 1) return false;
      const ssize_t count = ::read(screen.get(), buffer.data(), buffer.size());
      if (count > 0) seen.append(buffer.data(), static_cast<std::size_t>(count));
      return seen.find(bytes) != std::string::npos;
    });
  }

  /// All that it is sent up to a bell at the end.
  bool shows_before_bell(const std::string& text) {
    std::string seen;
    std::array<char, 4096> buffer{};
    REQUIRE(eventually([&] {
      pollfd waited{screen.get(), POLLIN, 0};
      if (::poll(&waited, 1, 0) == 1) {
        const ssize_t count = ::read(screen.get(), buffer.data(), buffer.size());
        if (count > 0) seen.append(buffer.data(), static_cast<std::size_t>(count));
      }
      return seen.ends_with('\a');
    }));
    return seen.find(text) != std::string::npos;
  }

  /// Ctrl-S.
  void stop() {
    REQUIRE(::write(screen.get(), "\x13", 1) == 1);
    REQUIRE(eventually([&] { return !has_room(); }));
  }
  void fill() {
    REQUIRE(::fcntl(program.get(), F_SETFL, O_NONBLOCK) == 0);
    while (::write(program.get(), "x", 1) == 1) continue;
    REQUIRE(::fcntl(program.get(), F_SETFL, 0) == 0);
    REQUIRE_FALSE(has_room());
  }
  bool has_room() const {
    pollfd waited{program.get(), POLLOUT, 0};
    return ::poll(&waited, 1, 0) == 1;
  }
};

Announcement news() { return {.kind = "trip", .text = {"gemini is unavailable", "codex answers meanwhile."}}; }

Result<ChannelResult> tell_in(std::map<std::string, std::string> environment, int terminal,
                              const Announcement& announcement = news()) {
  const SystemClock clock;
  CancelToken interrupted;
  const volatile std::sig_atomic_t signal = 0;
  const ProcessFacts world{.environment = std::move(environment),
                           .clock = clock,
                           .interrupted = interrupted,
                           .signal = signal,
                           .err = terminal};
  return terminal_channel(world).deliver(announcement);
}

Result<ChannelResult> tell_on(int terminal, const std::string& name = "foot",
                              const Announcement& announcement = news()) {
  return tell_in({{"TERM", name}}, terminal, announcement);
}

/// What is recorded and shown in a tmux whose client runs this script; without one there is no client on PATH.
std::pair<std::string, bool> in_tmux(const std::string& client) {
  const auto directory =
      ScratchDirectory::create(Directory::open(std::filesystem::temp_directory_path()).value()).value();
  if (!client.empty())
    REQUIRE(replace_file(directory.path() / "tmux", "#!/bin/sh\n" + client + "\n", 0755).has_value());
  Watched terminal;
  const auto told = tell_in({{"TERM", "tmux-256color"},
                             {"TMUX", "/nowhere,1,0"},
                             {"TMUX_PANE", "%7"},
                             {"KITTY_WINDOW_ID", "1"},
                             {"PATH", directory.path().string()}},
                            terminal.program.get());
  REQUIRE(told);
  return {told->detail, terminal.shows_before_bell("gemini is unavailable")};
}

/// Whether kitty gets it under this id: another one with the same id takes its place.
bool is_under(const std::string& id, const std::vector<std::string>& backends, const std::string& kind = "trip") {
  Announcement announcement{.kind = kind, .text = {"news", ""}};
  for (const std::string& name : backends) announcement.rows.push_back({.id = 7, .kind = kind, .subject = name});
  Watched terminal;
  REQUIRE(tell_on(terminal.program.get(), "xterm-kitty", announcement));
  return terminal.shows("\x1B]99;i=" + id + ";news\x1B\\");
}

/// What a process that has no right to open this terminal comes to, as after `su`. It has it open, though.
bool tell_as_another_user(int terminal) {
  REQUIRE(::fchmod(terminal, 0) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    constexpr uid_t kNobody = 65534;
    if (::getuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(3);
    const auto told = tell_on(terminal);
    ::_exit(told && told->accepted ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a terminal receives its sequence") {
  Watched terminal;
  const auto told = tell_on(terminal.program.get());
  REQUIRE(told);
  CHECK(told->accepted);
  CHECK(told->detail == "osc777");
  CHECK(terminal.shows("\x1B]777;notify;gemini is unavailable;codex answers meanwhile.\x1B\\"));
}

TEST_CASE("a terminal receives the lines of a joint message as one") {
  Watched terminal;
  REQUIRE(tell_on(terminal.program.get(), "foot", {.kind = "trip", .text = {"two backends", "gemini: a\ncodex: b"}}));
  CHECK(terminal.shows("\x1B]777;notify;two backends;gemini: a; codex: b\x1B\\"));
}

TEST_CASE("a terminal that belongs to another user, as after su, receives the sequence") {
  Watched terminal;
  CHECK(tell_as_another_user(terminal.program.get()));
  CHECK(terminal.shows("\x1B]777;notify;"));
}

TEST_CASE("on kitty a backend's notification replaces its previous one, and no other backend's") {
  CHECK(is_under("delegate-claude", {"claude"}));
  CHECK(is_under("delegate-claude", {"claude"}, "recovery"));
  CHECK(is_under("delegate-codex", {"codex"}));
  CHECK(is_under("delegate--7", {"claude", "codex"}));  // no backend's name begins with a dash
  CHECK(is_under("delegate", {}, "test"));
  CHECK(is_under("delegate-" + std::string(64, 'x'), {std::string(64, 'x')}));
}

TEST_CASE("tmux is asked whether it passes sequences on, and what it drops is recorded as a bell") {
  using Said = std::pair<std::string, bool>;
  CHECK(in_tmux(R"([ "$1 $2 $3 $4" = "display-message -p -t %7" ] && echo '3.3a;1;1;1')") == Said("osc99", true));
  CHECK(in_tmux("echo '3.4;all;1;1'") == Said("osc99", true));
  CHECK(in_tmux("echo '3.2a;;1;1'") == Said("osc99", true));  // it has no such option, and passes everything on
  CHECK(in_tmux("echo '3.3a;0;1;1'") == Said("bell", false));
  CHECK(in_tmux("echo '3.4;off;1;1'") == Said("bell", false));
  CHECK(in_tmux("echo '2.9;;1;'") == Said("bell", true));  // it does not say whether the pane is visible
  CHECK(in_tmux("echo 'no server running' >&2; exit 1") == Said("bell", true));
  CHECK(in_tmux("") == Said("bell", true));
}

TEST_CASE("what tmux drops because no client shows the pane is recorded as a bell") {
  using Said = std::pair<std::string, bool>;
  CHECK(in_tmux("echo '3.3a;1;1;0'") == Said("bell", false));
  CHECK(in_tmux("echo '3.2a;;1;0'") == Said("bell", false));
  CHECK(in_tmux("echo '3.4;all;1;0'") == Said("osc99", true));  // also in a window that is not shown
  CHECK(in_tmux("echo '3.4;all;0;0'") == Said("bell", false));  // but not without a client
}

TEST_CASE("a stopped or unread terminal is a failed delivery") {
  Watched terminal;
  SECTION("stopped") { terminal.stop(); }
  SECTION("full") { terminal.fill(); }
  const auto told = tell_on(terminal.program.get());
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Code::unavailable);  // another channel may tell it
  CHECK(told.error().what == "the terminal accepts no output");
}

TEST_CASE("a terminal that was closed is not a failure") {
  Watched terminal;
  terminal.screen.reset();
  // A terminal no more, but still open; isatty() says no to it.
  const auto told = tell_on(terminal.program.get());
  REQUIRE(told);
  CHECK_FALSE(told->accepted);
}
