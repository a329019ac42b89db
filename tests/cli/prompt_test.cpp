#include <catch2/catch.hpp>
#include <fstream>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/sha256.hpp"

// The prompt arrives byte for byte, and no other user can see it.
using namespace delegate::test;
using delegate_tests::sha256_hex;

namespace {

constexpr const char* kSecret = "the-prompt-that-nobody-else-may-see";

/// Characters of every length, control characters among them, but no zero byte.
std::string hard_text(std::size_t size) {
  std::string text;
  std::uint32_t state = 7;
  while (text.size() + 4 <= size) {
    state = state * 1664525u + 1013904223u;
    static constexpr std::string_view kMulti[] = {"\u00e4", "\u20ac", "\U0001f600", "\x7f"};
    if ((state >> 30) == 0) text += kMulti[(state >> 20) % 4];
    else text += static_cast<char>(1 + (state >> 24) % 127);
  }
  return text;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("the words are joined by spaces") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.run(Words{"ask", "what", "is", "errno  11"}).expect(0).stdout_is("what is errno  11\n");
}

TEST_CASE("words arrive as they are, whatever they look like") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  const std::string words = GENERATE(as<std::string>(), "$(id) `id` ; | > x", "two\nlines", "\"quoted\" 'too'", "%s %n",
                                     "{}", "a{b}c", "über 日本", "back\\slash\\n", "status", "#comment", "a=b", "+x");
  cli.run(Words{"ask", words}).expect(0).stdout_is(words + "\n");
}

TEST_CASE("arguments in brackets are not a list") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  const std::string words = GENERATE(as<std::string>(), "[fix this, please]", "[1,2,3]", "[[a]]", "[]");
  cli.run(Words{"ask", words}).expect(0).stdout_is(words + "\n");
  cli.run(Words{"ask", "x", words}).expect(0).stdout_is("x " + words + "\n");
}

TEST_CASE("a prompt that begins with a dash goes after --") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.run(Words{"ask", "--", "-v", "means", "--verbose"}).expect(0).stdout_is("-v means --verbose\n");
  cli.run(Words{"ask", "explain", "--", "-v"}).expect(0).stdout_is("explain -v\n");
  cli.run(Words{"ask", "--", "--help"}).expect(0).stdout_is("--help\n");
  cli.run(Words{"ask", "-v means"}).expect(2).stdout_is("").stderr_has("put `--` before a prompt");
}

TEST_CASE("without words stdin is the prompt") {
  Cli cli;
  cli.backend("codex", {"--sha256"}).input("from stdin\n");
  cli.run("ask").expect(0).stdout_is(sha256_hex("from stdin\n") + "\n");
  cli.run("ask -").expect(0).stdout_is(sha256_hex("from stdin\n") + "\n");
  cli.write(cli.file("prompt.txt"), "from a file\n");
  cli.streams({.in_file = cli.file("prompt.txt")});
  cli.run("ask").expect(0).stdout_is(sha256_hex("from a file\n") + "\n");
}

TEST_CASE("with words stdin is the context, and the boundary is visible") {
  Cli cli;
  cli.backend("codex", {"--echo"}).input("+ a diff\n");
  cli.run("ask review this").expect(0).stdout_is("review this\n\n<context>\n+ a diff\n</context>\n");
  cli.run("ask --no-stdin review this").expect(0).stdout_is("review this\n");
}

TEST_CASE("an empty stdin is not attached") {
  Cli cli;
  cli.backend("codex", {"--echo"}).input("");
  cli.run("ask review this").expect(0).stdout_is("review this\n");
}

TEST_CASE("a megabyte arrives byte for byte, as do characters of every kind") {
  Cli cli;
  cli.backend("codex", {"--sha256"});
  const std::string prompt = hard_text(1u << 20);
  cli.input(prompt).run("ask").expect(0).stdout_is(sha256_hex(prompt) + "\n");
  const std::string context = "look\n\n<context>\n" + prompt + "\n</context>\n";
  cli.run("ask look").expect(0).stdout_is(sha256_hex(context) + "\n");
}

TEST_CASE("a megabyte that is never read does not hang the call") {
  Cli cli;
  cli.input(hard_text(1u << 20));
  cli.backend("codex", {"--close-stdin", "--say", "I know already"});
  cli.run("ask").expect(0).stdout_is("I know already\n");
  cli.backend("codex", {"--close-stdin"});
  CHECK(cli.run("ask --json").expect(1).json()["outcome"] == "pipe_closed");
}

TEST_CASE("an empty prompt is a usage error") {
  Cli cli;
  cli.counted("codex", {"--say", "no"});
  cli.run(Words{"ask", ""}).expect(2).stdout_is("").stderr_has("the prompt is empty").stderr_has("hint: ");
  cli.run(Words{"ask", "  \n "}).expect(2).stdout_is("").stderr_has("the prompt is empty");
  cli.run("ask").expect(2).stdout_is("").stderr_has("no prompt");
  cli.input("").run("ask").expect(2).stdout_is("").stderr_has("the prompt is empty");
  cli.input(" \n").run("ask -").expect(2).stdout_is("").stderr_has("the prompt is empty");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a stdin that cannot have data is not waited for") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.streams({.in = Streams::In::null}).run("ask hello").expect(0).stdout_is("hello\n").stderr_is("");
  cli.streams({.in = Streams::In::closed}).run("ask hello").expect(0).stdout_is("hello\n").stderr_is("");
  cli.streams({.in = Streams::In::closed}).run("ask").expect(2).stdout_is("").stderr_has("no prompt");
}

TEST_CASE("a slow producer on stdin is waited for, and a message says so") {
  Cli cli;
  cli.counted("codex", {"--echo"}).streams({.in = Streams::In::held});
  Running asker = cli.start("ask review this");
  REQUIRE(asker.comes_to_say("--no-stdin"));
  CHECK(cli.spawns("codex") == 0);
  asker.write_input("+ a diff\n");
  asker.close_input();
  asker.finish().expect(0).stdout_is("review this\n\n<context>\n+ a diff\n</context>\n").stderr_lines(1);
}

TEST_CASE("with --no-stdin stdin is not read") {
  Cli cli;
  cli.backend("codex", {"--echo"}).streams({.in = Streams::In::held});
  Running asker = cli.start("ask --no-stdin review this");
  REQUIRE(eventually([&] { return asker.has_ended(); }));
  asker.finish().expect(0).stdout_is("review this\n").stderr_is("");
}

TEST_CASE("waiting for stdin can be interrupted") {
  Cli cli;
  cli.counted("codex", {"--echo"}).streams({.in = Streams::In::held});
  Running asker = cli.start("ask review this");
  REQUIRE(asker.comes_to_say("--no-stdin"));
  asker.signal(SIGINT);
  REQUIRE(eventually([&] { return asker.has_ended(); }));
  asker.finish().expect(130).stdout_is("");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("no command line contains the prompt") {
  Cli cli;
  cli.counted("codex", {"--args", "--wait-file", cli.file("go")});
  cli.streams({.in = Streams::In::held});
  Running asker = cli.start("ask");
  asker.write_input(kSecret);
  asker.close_input();
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  for (const pid_t pid : cli.processes())
    CHECK(cli.read("/proc/" + std::to_string(pid) + "/cmdline").find(kSecret) == std::string::npos);
  cli.write(cli.file("go"), "");
  asker.finish().expect(0).stdout_lacks(kSecret);
  cli.streams({}).run(Words{"ask", kSecret}).expect(0).stdout_lacks(kSecret);
}

TEST_CASE("no file contains the prompt afterwards, if a file says that prompts and answers are not kept") {
  Cli cli;
  cli.config("[history]\nkeep_prompts = false\nkeep_answers = false");
  const Words words{"ask", kSecret};
  SECTION("after an answer that repeats it") { cli.backend("codex", {"--echo"}).run(words).expect(0); }
  SECTION("after a failure that repeats it") {
    cli.backend("codex", {"--echo", "--exit", "3"}).run(words).expect(1);
    cli.run("status").expect(0).stdout_lacks(kSecret);
  }
  SECTION("after a file was made of it for the CLI") {
    cli.backend("codex", {"--play", "{prompt_file}"}, "prompt = \"file\"");
    cli.run(words).expect(0).stdout_is(std::string(kSecret) + "\n");
    cli.backend("codex", {"--play", "{prompt_file}", "--exit", "3"}, "prompt = \"file\"").run(words).expect(1);
  }
  CHECK(cli.files_with(kSecret) == Words{});

  cli.config("[history]\nkeep_prompts = true").answers("codex").run(words).expect(0);
  const Words kept = cli.files_with(kSecret);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].find(cli.state_file()) == 0);  // the database or its log
}

TEST_CASE("a private file is readable by its owner only, and removed when the call is interrupted") {
  Cli cli;
  cli.config("[history]\nsummary = 0");
  cli.counted("codex", {"--play", "{prompt_file}", "--hang"}, "prompt = \"file\"");
  Running asker = cli.start(Words{"ask", kSecret});
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const Words found = cli.files_with(kSecret);
  REQUIRE(found.size() == 1);
  CHECK(found[0].find(cli.file("run/delegate/")) == 0);
  const auto mode = std::filesystem::status(found[0]).permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  asker.signal(SIGTERM);
  asker.finish().expect(143);
  CHECK(cli.files_with(kSecret).empty());
}

TEST_CASE("the next run removes a killed run's private file, and keeps those of live runs") {
  Cli cli;
  cli.config("[history]\nsummary = 0");
  cli.counted("codex", {"--wait-file", cli.file("go"), "--play", "{prompt_file}"}, "prompt = \"file\"");
  Running killed = cli.start(Words{"ask", kSecret});
  Running other = cli.start("ask another one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 2; }));
  killed.signal(SIGKILL);
  killed.finish();
  REQUIRE(eventually([&] { return cli.processes_of("codex").size() == 1; }));
  REQUIRE(cli.files_with(kSecret).size() == 1);
  Running next = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 3; }));
  CHECK(cli.files_with(kSecret).empty());
  cli.write(cli.file("go"), "");
  other.finish().expect(0).stdout_is("another one\n");
  next.finish().expect(0).stdout_is("hello\n");
  CHECK(std::filesystem::is_empty(cli.file("run/delegate")));
}

TEST_CASE("nothing is started when a private file cannot be created, and the error says why") {
  Cli cli;
  cli.counted("codex", {"--play", "{prompt_file}"}, "prompt = \"file\"").run("config check").expect(0);
  cli.set("DELEGATE_CONFIG", cli.config_file());
  for (const char* name : {"HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}) cli.unset(name);
  cli.run("ask hello").expect(1).stdout_is("").stderr_has("no directory for private files");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a system prompt comes first") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.run(Words{"ask", "-s", "be brief", "hello"}).expect(0).stdout_is("be brief\n\nhello\n");
}

TEST_CASE("a backend works in the named directory, or else in the caller's") {
  Cli cli;
  cli.backend("codex", {"--cwd"});
  cli.write(cli.home("project/sub/file"), "");
  cli.run("ask hello").expect(0).stdout_is(cli.home("project") + "\n");
  cli.run("ask -C sub hello").expect(0).stdout_is(cli.home("project/sub") + "\n");
  cli.run(Words{"ask", "-C", cli.home(), "hello"}).expect(0).stdout_is(cli.home() + "\n");
  cli.run("ask -C nowhere hello").expect(2).stdout_is("").stderr_has("nowhere");
  cli.run("ask -C sub/file hello").expect(2).stdout_is("").stderr_has("not a directory");
}
