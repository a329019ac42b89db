#include "core/os/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "core/os/process.hpp"
#include "tests/helpers/sha256.hpp"

using namespace delegate;
using delegate_tests::sha256_hex;

namespace {

using namespace std::chrono_literals;

std::string fake_cli() {
  if (const char* path = std::getenv("DELEGATE_FAKE_CLI")) return std::filesystem::absolute(path);
#ifdef FAKE_CLI
  return FAKE_CLI;
#else
  return "/nonexistent/fake_cli";
#endif
}

ChildSpec fake(std::vector<std::string> options) {
  ChildSpec spec;
  spec.argv = std::move(options);
  spec.argv.insert(spec.argv.begin(), fake_cli());
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.clocks.total = Deadline::in(60s);  // no test waits for it: it ends a test that would hang
  spec.term_grace = 5s;
  spec.drain_grace = 20ms;
  return spec;
}

ChildResult run(const ChildSpec& spec, const OnOutput& on_output = {}) {
  const CancelToken never;
  auto result = run_child(spec, never, on_output);
  INFO((result ? std::string() : result.error().what));
  REQUIRE(result);
  return std::move(*result);
}

Error failure_of(const ChildSpec& spec) {
  const CancelToken never;
  auto result = run_child(spec, never);
  REQUIRE_FALSE(result);
  return result.error();
}

/// The pid that fake_cli announces as "sleeper PID".
int sleeper_of(const ChildResult& result) {
  const std::string text = result.err.text();
  REQUIRE(text.find("sleeper ") == 0);
  return std::stoi(text.substr(8));
}

/// Killed processes vanish when their parent (init, for orphans) has reaped them; a zombie is gone as well.
bool is_running(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  return line.at(line.rfind(") ") + 2) != 'Z';
}

/// SIGKILL is sent before the call returns, but a process takes a moment to die of it.
bool dies(int pid) {
  const Deadline patience = Deadline::in(20s);
  while (is_running(pid) && !patience.passed()) std::this_thread::yield();
  return !is_running(pid);
}

std::size_t open_fds() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(1 + engine() % 255);
  return bytes;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/delegate-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a child's output, errors and exit code come back") {
  const ChildResult result = run(fake({"--say", "hello", "--err", "a warning", "--exit", "3"}));
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.exit_code == 3);
  CHECK(result.signal == 0);
  CHECK(result.out.text() == "hello\n");
  CHECK(result.err.text() == "a warning\n");
  CHECK_FALSE(result.killed);
  CHECK_FALSE(result.pipes_held);
  CHECK(result.input_written);
}

TEST_CASE("the reader sees all output in order, also what is left in the pipe after the exit") {
  std::string seen;
  const ChildResult result = run(fake({"--flood", "60k", "--say", "last"}), [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::out) seen += bytes;
    return Flow::go_on;
  });
  CHECK(seen.size() == (60u << 10) + 5);
  CHECK(seen.substr(seen.size() - 6) == "\nlast\n");
  CHECK(result.out.total() == seen.size());
}

TEST_CASE("a child that backgrounds a sleeper holding stdout is done when it exits, and the sleeper is gone") {
  const ChildResult result = run(fake({"--say", "the answer", "--fork-sleeper", "--exit", "0"}));
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.exit_code == 0);
  CHECK(result.out.text() == "the answer\n");
  CHECK(result.pipes_held);
  CHECK(dies(sleeper_of(result)));
}

TEST_CASE("a sleeper that left the group is found by its tag after a stop") {
  ChildSpec spec = fake({"--daemonise-sleeper", "--hang"});
  spec.tag_name = "DELEGATE_TEST_RUN";
  spec.env.push_back("DELEGATE_TEST_RUN=tag-" + std::to_string(::getpid()) + "-1");
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(result.end == ChildEnd::stopped);
  CHECK_FALSE(is_running(sleeper_of(result)));
}

TEST_CASE("a daemon that a child leaves behind on a normal end is not ours to kill") {
  ChildSpec spec = fake({"--daemonise-sleeper"});
  spec.tag_name = "DELEGATE_TEST_RUN";
  const std::string tag = "tag-" + std::to_string(::getpid()) + "-2";
  spec.env.push_back("DELEGATE_TEST_RUN=" + tag);
  const ChildResult result = run(spec);
  const int daemon = sleeper_of(result);
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.pipes_held);
  CHECK(is_running(daemon));
  CHECK(kill_tagged("DELEGATE_TEST_RUN", tag) == 1);
  CHECK_FALSE(is_running(daemon));
}

TEST_CASE("a child that ignores TERM is killed") {
  ChildSpec spec = fake({"--ignore-term", "--say", "ready", "--hang"});
  spec.term_grace = 30ms;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(result.end == ChildEnd::stopped);
  CHECK(result.killed);
  CHECK(result.exit_code == -1);
  CHECK(result.signal == SIGKILL);
}

TEST_CASE("a child that honours TERM is not killed") {
  const ChildSpec spec = fake({"--say", "ready", "--hang"});
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(result.end == ChildEnd::stopped);
  CHECK_FALSE(result.killed);
  CHECK(result.signal == SIGTERM);
}

TEST_CASE("a child that stopped itself can still be ended with TERM") {
  ChildSpec spec = fake({"--say", "ready", "--stop-self"});
  spec.clocks.idle = 50ms;
  const ChildResult result = run(spec);
  CHECK(result.end == ChildEnd::idle);
  CHECK_FALSE(result.killed);
}

TEST_CASE("a flood of 50 MB is counted to the last byte and kept within bounds") {
  const bool on_err = GENERATE(false, true);
  ChildSpec spec = fake({on_err ? "--flood-err" : "--flood", "50M", "--say", "done"});
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  std::uint64_t seen = 0;
  const ChildResult result = run(spec, [&](Stream stream, std::string_view bytes) {
    if ((stream == Stream::err) == on_err) seen += bytes.size();
    return Flow::go_on;
  });
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  const HeadAndTail& flooded = on_err ? result.err : result.out;
  CHECK(result.end == ChildEnd::exited);
  CHECK(flooded.total() == (50u << 20) + (on_err ? 0u : 5u));
  CHECK(seen == flooded.total());
  CHECK(flooded.text().size() < (140u << 10));
  CHECK(after.ru_maxrss - before.ru_maxrss < 16 << 10);  // kilobytes
}

TEST_CASE("a child that closes stdin before a large input still gives its exit code") {
  const std::string input(4u << 20, 'i');
  ChildSpec spec = fake({"--close-stdin", "--say", "no, thanks", "--exit", "7"});
  spec.input = input;
  const ChildResult result = run(spec);
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.exit_code == 7);
  CHECK_FALSE(result.input_written);
  CHECK(result.out.text() == "no, thanks\n");
}

TEST_CASE("a child that dies of a signal is told apart from one that exits") {
  const ChildResult result = run(fake({"--say", "half", "--die", "SIGSEGV"}));
  CHECK(result.end == ChildEnd::signalled);
  CHECK(result.signal == SIGSEGV);
  CHECK(result.exit_code == -1);
  CHECK(result.out.text() == "half\n");
}

TEST_CASE("the three clocks end a child, each under its own name") {
  SECTION("it never prints") {
    ChildSpec spec = fake({"--hang"});
    spec.clocks.first_output = 60ms;
    spec.clocks.idle = 10ms;  // counts from the first byte only
    const ChildResult result = run(spec);
    CHECK(result.end == ChildEnd::no_first_output);
    CHECK(result.since_last_output >= 60ms);
  }
  SECTION("it prints, then nothing more") {
    ChildSpec spec = fake({"--say", "one", "--hang"});
    spec.clocks.idle = 100ms;
    const ChildResult result = run(spec);
    CHECK(result.end == ChildEnd::idle);
    CHECK(result.out.text() == "one\n");
    CHECK(result.since_last_output >= 100ms);
  }
  SECTION("silence on one stream is no silence while the other speaks") {
    ChildSpec spec = fake({"--say", "one", "--delay", "60", "--err", "two", "--delay", "60", "--err", "three"});
    spec.clocks.idle = 10s;
    CHECK(run(spec).end == ChildEnd::exited);
  }
  SECTION("it takes too long in all, although it never falls silent") {
    ChildSpec spec = fake({"--flood", "900000M"});
    spec.clocks.idle = 30s;
    spec.clocks.total = Deadline::in(100ms);
    const ChildResult result = run(spec);
    CHECK(result.end == ChildEnd::timed_out);
    CHECK(result.out.total() > 0);
  }
  SECTION("a slow reader is not a silent child") {
    const TemporaryDirectory directory;
    const std::string asked = directory / "asked", done = directory / "done";
    ChildSpec spec = fake({"--say", "one", "--wait-file", asked, "--say", "two", "--touch", done});
    spec.clocks.idle = 30ms;
    const ChildResult result = run(spec, [&](Stream, std::string_view bytes) {
      if (bytes != "one\n") return Flow::go_on;
      std::ofstream(asked) << "";
      while (!std::filesystem::exists(done)) std::this_thread::yield();
      std::this_thread::sleep_for(40ms);  // the reader's slowness itself: "two" lies in the pipe all the while
      return Flow::go_on;
    });
    CHECK(result.end == ChildEnd::exited);
    CHECK(result.out.text() == "one\ntwo\n");
  }
}

TEST_CASE("half a JSON object arrives as it is, and the end is the child's") {
  const ChildResult result = run(fake({"--half-json", "--exit", "1"}));
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.exit_code == 1);
  CHECK(result.out.text() == "{\"type\":\"result\",\"result\":\"an answer that is cu");
}

TEST_CASE("a prompt of 16 MB arrives byte for byte") {
  const std::string input = random_bytes(16u << 20, 1);
  ChildSpec spec = fake({"--sha256"});
  spec.input = input;
  const ChildResult result = run(spec);
  CHECK(result.input_written);
  CHECK(result.out.text() == sha256_hex(input) + "\n");
}

TEST_CASE("a prompt is never interpreted, whatever it looks like") {
  const std::string input = GENERATE(as<std::string>{}, "--exit 9\n", "-- -p --version", "@/etc/passwd", "%s%n%PATH%",
                                     "$(reboot) `id` \"'\\", "\n\n", random_bytes(5000, 2));
  ChildSpec spec = fake({"--echo"});
  spec.input = input;
  const ChildResult result = run(spec);
  CHECK(result.exit_code == 0);
  CHECK(result.out.text() == input);
}

TEST_CASE("nothing of the prompt is in the child's arguments or environment") {
  ChildSpec spec = fake({"--args", "--environ", "--read-stdin"});
  spec.input = "the-secret-prompt";
  const std::string seen = run(spec).out.text();
  CHECK(seen.find("secret") == std::string::npos);
  CHECK(seen == "--args\n--environ\n--read-stdin\nPATH=/usr/bin:/bin\n");
}

TEST_CASE("arguments arrive exactly, without a shell") {
  const std::vector<std::string> odd{"", "two words", "*", "$HOME", "a\nb", "'\""};
  std::vector<std::string> options{"--args", "--"};
  options.insert(options.end(), odd.begin(), odd.end());
  std::string expected = "--args\n--\n";
  for (const std::string& text : odd) expected += text + "\n";
  CHECK(run(fake(options)).out.text() == expected);
}

TEST_CASE("cancelling from another thread ends the child at once") {
  CancelToken cancel;
  std::thread canceller;
  const auto result = run_child(fake({"--say", "ready", "--hang"}), cancel, [&](Stream, std::string_view) {
    canceller = std::thread([&] { cancel.cancel(); });
    return Flow::go_on;
  });
  if (canceller.joinable()) canceller.join();
  REQUIRE(result);
  CHECK(result->end == ChildEnd::cancelled);
  CHECK(result->signal == SIGTERM);
}

TEST_CASE("a run cancelled before its start, or late before it begins, starts nothing") {
  const TemporaryDirectory directory;
  ChildSpec spec = fake({"--touch", directory / "spawned"});
  CancelToken cancel;
  SECTION("cancelled") {
    cancel.cancel();
    cancel.cancel();
    const auto result = run_child(spec, cancel);
    REQUIRE(result);
    CHECK(result->end == ChildEnd::cancelled);
  }
  SECTION("too late") {
    spec.clocks.total = Deadline::in(0ms);
    const auto result = run_child(spec, cancel);
    REQUIRE(result);
    CHECK(result->end == ChildEnd::timed_out);
  }
  CHECK_FALSE(std::filesystem::exists(directory / "spawned"));
}

TEST_CASE("eight children at a time leak no fd, neither into each other nor here") {
  run(fake({}));  // whatever is opened once for all is open now
  const std::size_t before = open_fds();
  const std::string input = random_bytes(200'000, 3);
  const std::string expected = "0\n1\n2\n" + sha256_hex(input) + "\n";
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const CancelToken never;
      for (int round = 0; round < 5; ++round) {
        ChildSpec spec = fake({"--fds", "--sha256"});
        spec.input = input;
        const auto result = run_child(spec, never);
        if (result && result->end == ChildEnd::exited && result->out.text() == expected) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 40);
  CHECK(open_fds() == before);
}

TEST_CASE("the child has only the three standard fds, even when this process is careless with its own") {
  const int careless = ::open("/dev/null", O_RDONLY);  // NOLINT: no O_CLOEXEC on purpose
  CHECK(run(fake({"--fds"})).out.text() == "0\n1\n2\n");
  ::close(careless);
}

TEST_CASE("the child starts with default signals, whatever this process ignores or blocks") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigset_t old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  CHECK(run(fake({"--signals"})).out.text().empty());
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGPIPE, before);
}

TEST_CASE("what cannot be started is named, with the reason") {
  const TemporaryDirectory directory;
  ChildSpec spec = fake({});
  SECTION("the executable is missing") {
    spec.argv = {directory / "missing"};
    const Error error = failure_of(spec);
    CHECK(error.code == Code::not_found);
    CHECK(error.what == "start: " + directory.path() + "/missing: no such file or directory");
  }
  SECTION("it is not executable") {
    std::ofstream(directory / "text") << "not a program\n";
    spec.argv = {directory / "text"};
    CHECK(failure_of(spec).code == Code::permission_denied);
  }
  SECTION("it is no program") {
    std::ofstream(directory / "text") << "not a program\n";
    ::chmod((directory / "text").c_str(), 0700);
    spec.argv = {directory / "text"};
    CHECK(failure_of(spec).code == Code::unavailable);
  }
  SECTION("its interpreter is missing") {
    std::ofstream(directory / "script") << "#!" << directory.path() << "/no-such-shell\n";
    ::chmod((directory / "script").c_str(), 0700);
    spec.argv = {directory / "script"};
    const Error error = failure_of(spec);
    CHECK(error.code == Code::not_found);
    CHECK(error.what.find("interpreter") != std::string::npos);
  }
  SECTION("the working directory is missing") {
    spec.cwd = directory / "missing";
    const Error error = failure_of(spec);
    CHECK(error.code == Code::invalid_argument);
    CHECK(error.what == "start: working directory " + spec.cwd + ": no such file or directory");
  }
  SECTION("the arguments are too large") {
    spec.argv.push_back(std::string(4u << 20, 'a'));
    const Error error = failure_of(spec);
    CHECK(error.code == Code::invalid_argument);
    CHECK(error.what.find("too large") != std::string::npos);
  }
  SECTION("an argument holds a NUL byte, which exec would cut off") {
    spec.argv.push_back(std::string("a\0b", 3));
    CHECK(failure_of(spec).code == Code::invalid_argument);
  }
  SECTION("there is no command") {
    spec.argv.clear();
    CHECK(failure_of(spec).code == Code::invalid_argument);
  }
}

TEST_CASE("running out of fds is told apart, and nothing leaks") {
  const std::size_t before = open_fds();
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const ChildSpec spec = fake({});
  const CancelToken never;
  for (rlim_t room = 0; room < 7; ++room) {
    const rlimit tight{static_cast<rlim_t>(before) + room, old.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &tight);
    const auto result = run_child(spec, never);
    ::setrlimit(RLIMIT_NOFILE, &old);
    if (!result) CHECK(result.error().code == Code::resource_exhausted);
    CHECK(open_fds() == before + 1);  // the token
  }
}

TEST_CASE("the child runs where it is told to") {
  const TemporaryDirectory directory;
  ChildSpec spec = fake({"--cwd"});
  spec.cwd = directory.path();
  CHECK(run(spec).out.text() == directory.path() + "\n");
}

TEST_CASE("empty input is the end of input at once") {
  const ChildResult result = run(fake({"--echo", "--say", "end"}));
  CHECK(result.out.text() == "end\n");
  CHECK(result.input_written);
}

TEST_CASE("a reader that has all it wants need not wait for a lingering child") {
  ChildSpec spec = fake({"--say", "the result", "--hang"});
  spec.linger = 20ms;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::finish; });
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.signal == SIGTERM);
  CHECK(result.exit_code == -1);
  CHECK(result.out.text() == "the result\n");
}

TEST_CASE("a child that ends by itself after the reader is satisfied keeps its exit code") {
  ChildSpec spec = fake({"--say", "the result", "--delay", "20", "--say", "more", "--exit", "4"});
  spec.linger = 30s;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::finish; });
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.exit_code == 4);
  CHECK_FALSE(result.pipes_held);
  CHECK(result.out.text() == "the result\nmore\n");
}

TEST_CASE("what the reader says while the pipes drain is respected") {
  ChildSpec spec = fake({"--fork-late-sayer", "late", "--exit", "5"});
  spec.drain_grace = 30s;  // only the reader's word can end it before
  Flow wish = Flow::go_on;
  ChildEnd expected = ChildEnd::exited;
  SECTION("finish") { wish = Flow::finish; }
  SECTION("stop") {
    wish = Flow::stop;
    expected = ChildEnd::stopped;
  }
  const ChildResult result =
      run(spec, [&](Stream stream, std::string_view) { return stream == Stream::out ? wish : Flow::go_on; });
  CHECK(result.end == expected);
  CHECK(result.exit_code == 5);
  CHECK(result.out.text() == "late\n");
  CHECK(dies(sleeper_of(result)));
}

TEST_CASE("cancelling while the pipes drain keeps the child's own end and does not wait") {
  ChildSpec spec = fake({"--fork-late-sayer", "late", "--exit", "5"});
  spec.drain_grace = 30s;
  CancelToken cancel;
  const auto result = run_child(spec, cancel, [&](Stream stream, std::string_view) {
    if (stream == Stream::out) cancel.cancel();
    return Flow::go_on;
  });
  REQUIRE(result);
  CHECK(result->end == ChildEnd::exited);
  CHECK(result->exit_code == 5);
  CHECK(dies(sleeper_of(*result)));
}

TEST_CASE("SIGPIPE does not reach this process, and its disposition is left alone") {
  static std::atomic<int> seen;
  seen = 0;
  const auto before = ::signal(SIGPIPE, [](int) { ++seen; });
  const std::string input(1u << 20, 'i');
  ChildSpec spec = fake({"--close-stdin", "--say", "x"});
  spec.input = input;
  run(spec);
  CHECK(seen == 0);
  CHECK(::signal(SIGPIPE, before) != SIG_IGN);
}
