#include "tests/unit/os/fake_child.hpp"

using namespace delegate_tests;

TEST_CASE("run_child returns a child's output, errors and exit code") {
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

TEST_CASE("a child that ignores TERM is killed") {
  ChildSpec spec = fake({"--ignore-term", "--say", "ready", "--hang"});
  spec.term_grace = 30ms;
  const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::stop; });
  CHECK(result.end == ChildEnd::stopped);
  CHECK(result.killed);
  CHECK(result.exit_code == -1);
  CHECK(result.signal == SIGKILL);
}

TEST_CASE("a child that ends on TERM is not killed") {
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

TEST_CASE("the death by a signal differs from an exit") {
  const ChildResult result = run(fake({"--say", "half", "--die", "SIGSEGV"}));
  CHECK(result.end == ChildEnd::signalled);
  CHECK(result.signal == SIGSEGV);
  CHECK(result.exit_code == -1);
  CHECK(result.out.text() == "half\n");
}

TEST_CASE("each of the three clocks ends a child and names itself") {
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
  SECTION("it takes too long in total, although it is never silent") {
    ChildSpec spec = fake({"--flood", "900000M"});
    spec.clocks.idle = 30s;
    spec.clocks.total = Deadline::in(100ms);
    const ChildResult result = run(spec);
    CHECK(result.end == ChildEnd::timed_out);
    CHECK(result.out.total() > 0);
  }
}

TEST_CASE("a slow reader is not a silent child, whichever stream the child writes to meanwhile") {
  const TemporaryDirectory place;
  const std::string second = GENERATE("--say", "--err");
  ChildSpec spec = fake({"--say", "one", "--wait-file", place / "1", second, "two", "--touch", place / "2",
                         "--wait-file", place / "3", "--say", "three", "--touch", place / "4", "--hang"});
  spec.clocks.idle = 1ms;
  const auto read_slowly = [&](const std::string& asked, const std::string& done) {
    std::ofstream(asked) << "";
    const Deadline silence = Deadline::in(spec.clocks.idle), patience = Deadline::in(20s);
    while (!std::filesystem::exists(done) || !silence.passed()) {
      if (patience.passed()) return Flow::stop;  // the child is gone: its end says why
      std::this_thread::yield();
    }
    return Flow::go_on;
  };
  const ChildResult result = run(spec, [&](Stream, std::string_view bytes) {
    if (bytes == "one\n") return read_slowly(place / "1", place / "2");
    if (bytes == "two\n") return read_slowly(place / "3", place / "4");
    return Flow::stop;
  });
  CHECK(result.end == ChildEnd::stopped);
  CHECK(result.out.text() + result.err.text() == (second == "--say" ? "one\ntwo\nthree\n" : "one\nthree\ntwo\n"));
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

TEST_CASE("stdin stays open after the input if that is wanted, and ends when the reader has what it needs") {
  ChildSpec spec = fake({"--say", "ready", "--read-stdin", "--say", "stdin has ended"});
  spec.input = "a request\n";
  spec.keeps_input_open = true;
  SECTION("the reader has it") {
    const ChildResult result = run(spec, [](Stream, std::string_view) { return Flow::finish; });
    CHECK(result.end == ChildEnd::exited);
    CHECK(result.exit_code == 0);
    CHECK(result.out.text() == "ready\nstdin has ended\n");
  }
  SECTION("the reader waits for more") {
    spec.clocks.total = Deadline::in(300ms);
    CHECK(run(spec).end == ChildEnd::timed_out);
  }
}
