#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_ollama.hpp"

// An answer that is shown while it is being written.
using namespace delegate::test;
using delegate_tests::FakeOllama;

namespace {

const Streams kTerminal{.in = Streams::In::terminal};
const Streams kAllTerminal{.in = Streams::In::terminal, .out_is_terminal = true};

/// What is visible at the end: the last state of each line, without escape sequences.
std::string on_screen(const std::string& written) {
  std::string screen;
  for (std::size_t at = 0; at < written.size(); ++at) {
    if (written.compare(at, 4, "\r\x1b[K") == 0) {
      screen.erase(screen.rfind('\n') == std::string::npos ? 0 : screen.rfind('\n') + 1);
      at += 3;
    } else if (written[at] != '\r') {
      screen += written[at];
    }
  }
  return screen;
}

}  // namespace

TEST_CASE("on a terminal the answer comes as it is written") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--wait-file", cli.file("seen"), "--say", "two"}).streams(kAllTerminal);
  Running asker = cli.start("ask --markdown never hello");
  REQUIRE(asker.comes_to_say("one"));  // it goes on only now
  cli.write(cli.file("seen"), "");
  const Finished finished = asker.finish().expect(0);
  CHECK(on_screen(finished.err) == "one\ntwo\n");
}

TEST_CASE("a pipe gets the answer when it is complete, or with --stream as it is written") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--wait-file", cli.file("seen"), "--say", "two"});
  SECTION("--stream") {
    Running asker = cli.start("ask --stream hello");
    REQUIRE(asker.comes_to_print("one"));
    cli.write(cli.file("seen"), "");
    asker.finish().expect(0).stdout_is("one\ntwo\n");
  }
  SECTION("whole") {
    cli.write(cli.file("seen"), "");
    cli.run("ask hello").expect(0).stdout_is("one\ntwo\n");
  }
}

TEST_CASE("a streamed answer is byte for byte the same as one that is printed at once") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--say", "", "--say", "two \xC3\xA4", "--say", "", "--say", ""});
  const std::string whole = cli.run("ask hello").expect(0).out;
  CHECK(whole == "one\n\ntwo \xC3\xA4\n");
  CHECK(cli.run("ask --stream hello").expect(0).out == whole);
}

TEST_CASE("an answer of any length is streamed, and one that is printed at once may have 64 MB") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--flood", "70M", "--say", "two"});
  const std::string streamed = cli.run("ask --stream hello").expect(0).out;
  CHECK(streamed.size() == std::string("one\ntwo\n").size() + (70u << 20));
  CHECK(streamed.starts_with("one\nxx"));
  CHECK(streamed.ends_with("xx\ntwo\n"));
  cli.run("ask hello").expect(1).stdout_is("").stderr_has("the answer is longer than 64 MB");
}

TEST_CASE("an answer that breaks off ends its line, is reported as a failure, and there is no fallback") {
  Cli cli;
  cli.backend("codex", {"--say", "Once upon", "--exit", "3"}).answers("gemini");
  cli.run("ask --stream hello")
      .expect(1)
      .stdout_is("Once upon\n")
      .stderr_has("codex: broke off in the middle of its answer")
      .stderr_has("hint: ask again; with --no-stream");
  cli.run("ask --no-stream hello").expect(0).stdout_is("gemini says hi\n");
}

TEST_CASE("a backend that fails before its first byte is replaced, and one line says so after the answer") {
  Cli cli;
  cli.fails("codex").answers("gemini").streams(kAllTerminal);
  const std::string screen = on_screen(cli.run("ask hello").expect(0).err);
  CHECK(screen.find("gemini says hi\ndelegate: codex failed after ") == 0);
  CHECK(screen.find("answered by gemini\n") != std::string::npos);
}

TEST_CASE("a streamed answer sends no control sequences to the terminal, and a pipe gets it unchanged") {
  Cli cli;
  const std::string words =
      "safe\x1b]52;c;ZXZpbA==\x07\x1b[2J\xC2\x9B"
      "31m";
  cli.backend("codex", {"--say", words});
  cli.run("ask hello").expect(0).stdout_is(words + "\n");
  cli.streams(kAllTerminal);
  for (const char* command : {"ask hello", "ask --no-stream hello", "ask -q hello"}) {
    const Finished finished = cli.run(command).expect(0);
    finished.stderr_has(
        "safe^[]52;c;ZXZpbA==^G^[[2J\xEF\xBF\xBD"
        "31m");
    finished.stderr_lacks("\x1b]").stderr_lacks("\x1b[2J").stderr_lacks("\xC2\x9B");
  }
}

TEST_CASE("a reader that closes the pipe ends the call and its backend quietly") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--wait-file", cli.file("seen"), "--flood", "1M", "--hang"});
  Running asker = cli.start("ask --stream hello");
  REQUIRE(asker.comes_to_print("one"));
  asker.close_output();
  cli.write(cli.file("seen"), "");
  asker.finish().expect(0).stderr_is("");
  CHECK(eventually([&] { return cli.processes_of("codex").empty(); }));
}

TEST_CASE("a backend has to wait for a slow reader, which does not count against it") {
  Cli cli;
  cli.backend("codex", {"--flood", "16M", "--touch", cli.file("all")}, "timeout = \"2s\"\nbreaker.threshold = 1");
  Running asker = cli.start("ask --stream hello");
  REQUIRE(asker.comes_to_print("x"));  // and nothing is read from here on
  CHECK(eventually([&] { return cli.processes_of("codex").empty(); }));
  CHECK_FALSE(std::filesystem::exists(cli.file("all")));
  asker.finish().expect(124).stderr_has("broke off in the middle of its answer");
  CHECK(cli.state_of("codex") == "closed");
}

TEST_CASE("a full disk is reported, and the backend is stopped") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--hang"}).streams({.out_file = "/dev/full"});
  cli.run("ask --stream hello").expect(70).stderr_has("delegate: stdout: write: ");
  CHECK(cli.processes_of("codex").empty());
}

TEST_CASE("Ctrl-C ends a call whose reader has stopped reading") {
  Cli cli;
  cli.backend("codex", {"--flood", "8M"});
  Running asker = cli.start("ask --stream hello");
  REQUIRE(asker.comes_to_print("x"));  // and nothing is read from here on
  asker.signal(SIGINT);
  CHECK(asker.ends());
  asker.finish().expect(130);
}

TEST_CASE("the progress line on stderr stays while the answer goes elsewhere, and is removed at the end") {
  Cli cli;
  cli.backend("codex", {"--say", "one", "--wait-file", cli.file("seen"), "--say", "two"}).streams(kTerminal);
  Running asker = cli.start("ask --stream hello");
  REQUIRE(asker.comes_to_say("asking codex 1 s"));  // the clock on it is the real one
  cli.write(cli.file("seen"), "");
  const Finished finished = asker.finish().expect(0).stdout_is("one\ntwo\n");
  CHECK(on_screen(finished.err).empty());
}

TEST_CASE("the progress line names the skipped backends, and why") {
  Cli cli;
  cli.trip("codex", {"--say", "x"}).answers("gemini").streams(kTerminal);
  cli.run("ask hello").expect(0).stderr_has("\r\x1b[Kasking gemini … · codex skipped (open, retry in ");
}

TEST_CASE("the progress line always fits the terminal's width, also after a resize") {
  Cli cli;
  cli.fails("a-backend-with-a-name-that-is-rather-long");
  cli.backend("codex", {"--wait-file", cli.file("seen"), "--say", "hi"})
      .streams({.in = Streams::In::terminal, .columns = 30});
  Running asker = cli.start("ask hello");
  REQUIRE(asker.comes_to_say("asking codex … · a-backend-w…"));
  asker.resize(20);
  REQUIRE(asker.comes_to_say("asking codex 1 s ……"));
  cli.write(cli.file("seen"), "");
  asker.finish().expect(0).stdout_is("hi\n");
}

TEST_CASE("there is no progress line when plain output is requested") {
  Cli cli;
  cli.answers("codex").streams(kTerminal);
  SECTION("NO_COLOR") { cli.set("NO_COLOR", "1"); }
  SECTION("a dumb terminal") { cli.set("TERM", "dumb"); }
  SECTION("--color never") {
    cli.run("ask --color never hello").expect(0).stderr_is("");
    return;
  }
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
}

TEST_CASE("the progress line says that a local model is being loaded") {
  FakeOllama ollama;
  ollama.hold();
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address()).streams(kTerminal);
  Running asker = cli.start("ask -b ollama hello");
  REQUIRE(asker.comes_to_say("asking ollama, loading tiny:1b …"));
  ollama.go_on();
  asker.finish().expect(0).stdout_is("the local answer\n");
}
