#include "tests/unit/os/fake_child.hpp"

using namespace delegate_tests;

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

TEST_CASE("a run that is cancelled or timed out before it starts, starts nothing") {
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
  SECTION("timed out") {
    spec.clocks.total = Deadline::in(0ms);
    const auto result = run_child(spec, cancel);
    REQUIRE(result);
    CHECK(result->end == ChildEnd::timed_out);
  }
  CHECK_FALSE(std::filesystem::exists(directory / "spawned"));
}

TEST_CASE("eight children at a time leak no descriptor, neither into each other nor here") {
  run(fake({}));  // opens what is opened once per process
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

TEST_CASE("the child has only the three standard descriptors, even if this process has some without close-on-exec") {
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

TEST_CASE("an error names what cannot be started, and why") {
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
  SECTION("it is not a program") {
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
  SECTION("the command is empty") {
    spec.argv.clear();
    CHECK(failure_of(spec).code == Code::invalid_argument);
  }
}

TEST_CASE("running out of descriptors is an error of its own, and nothing leaks") {
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

TEST_CASE("the child runs in the given directory") {
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

TEST_CASE("a reader that has all it needs does not wait for a lingering child") {
  ChildSpec spec = fake({"--say", "the result", "--hang"});
  spec.linger = 20ms;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::finish; });
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.signal == SIGTERM);
  CHECK(result.exit_code == -1);
  CHECK(result.out.text() == "the result\n");
}

TEST_CASE("a child that seems to be over may still say what belongs to it, but not for long") {
  const auto winds_up_at_first = [](Stream, std::string_view bytes) {
    return bytes.find("sorry") != std::string_view::npos ? Flow::wind_up : Flow::go_on;
  };
  const ChildResult late = run(fake({"--say", "sorry", "--delay", "20", "--say", "it works"}), winds_up_at_first);
  CHECK(late.end == ChildEnd::exited);
  CHECK(late.out.text() == "sorry\nit works\n");
  CHECK(run(fake({"--say", "sorry", "--hang"}), winds_up_at_first).end == ChildEnd::stopped);
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

TEST_CASE("what the reader asks for while the pipes drain is done") {
  const std::string unread(2u << 20, 'i');
  ChildSpec spec = fake({"--fork-late-sayer", "late", "--exit", "5"});
  spec.input = unread;
  spec.drain_grace = 30s;  // only the reader can end it earlier
  Flow wish = Flow::go_on;
  ChildEnd expected = ChildEnd::exited;
  SECTION("finish") { wish = Flow::finish; }
  SECTION("stop") {
    wish = Flow::stop;
    expected = ChildEnd::stopped;
  }
  const Deadline grace = Deadline::in(spec.drain_grace);
  const ChildResult result =
      run(spec, [&](Stream stream, std::string_view) { return stream == Stream::out ? wish : Flow::go_on; });
  CHECK_FALSE(grace.passed());
  CHECK(result.end == expected);
  CHECK(result.exit_code == 5);
  CHECK(result.out.text() == "late\n");
  CHECK(dies(sleeper_of(result)));
}

TEST_CASE("cancelling while the pipes drain keeps the child's own end and does not wait") {
  const std::string unread(2u << 20, 'i');
  ChildSpec spec = fake({"--fork-late-sayer", "late", "--exit", "5"});
  spec.input = unread;
  spec.drain_grace = 30s;
  const Deadline grace = Deadline::in(spec.drain_grace);
  CancelToken cancel;
  const auto result = run_child(spec, cancel, [&](Stream stream, std::string_view) {
    if (stream == Stream::out) cancel.cancel();
    return Flow::go_on;
  });
  REQUIRE(result);
  CHECK_FALSE(grace.passed());
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
