#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// A session continues in its directory, with its backend.
using namespace delegate::test;

namespace {

using Words = std::vector<std::string>;

/// A codex that says which session it was given, in the real one's words.
std::vector<std::string> codex_in_session(const std::string& session) {
  return {"--say", R"({"type":"thread.started","thread_id":")" + session + R"("})",
          "--say", R"({"type":"item.completed","item":{"type":"agent_message","text":"noted"}})",
          "--say", R"({"type":"turn.completed","usage":{}})",
          "--"};
}
constexpr const char* kCodex = "kind = \"codex\"";

/// Two directories, and a codex that was asked in the first.
void talk(Cli& cli) {
  for (const char* name : {"one", "two"}) ::mkdir(cli.file(name).c_str(), 0700);
  cli.counted("codex", codex_in_session("s-1"), kCodex).answers("gemini").in_directory(cli.file("one"));
  cli.run("ask -b codex remember").expect(0).stdout_is("noted\n");
}

}  // namespace

TEST_CASE("--continue resumes the latest session of this directory, at the backend that has it") {
  Cli cli;
  talk(cli);
  Json json = cli.run("ask --continue --json and").expect(0).json();
  CHECK(json["backend"] == "codex");
  CHECK(json["requested_backend"] == "codex");
  CHECK(json["session_id"] == "s-1");
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("--continue finds no session of another directory") {
  Cli cli;
  talk(cli);
  cli.in_directory(cli.file("two"));
  cli.run("ask --continue and").expect(2).stderr_has("--continue: there is no session in this directory");
  cli.run("ask --continue -b codex and").expect(2).stderr_has("no session of codex in this directory");
  SECTION("but with -C it is found, by any name of the directory") {
    REQUIRE(::symlink(cli.file("one").c_str(), cli.file("link").c_str()) == 0);
    cli.run(Words{"ask", "--continue", "-C", cli.file("one"), "and"}).expect(0);
    cli.run(Words{"ask", "--continue", "-C", "../link", "and"}).expect(0);
  }
}

TEST_CASE("--session needs no backend when the session came from here") {
  Cli cli;
  talk(cli);
  CHECK(cli.run("ask --session s-1 --json and").expect(0).json()["backend"] == "codex");
  cli.run("ask --session s-2 and")
      .expect(2)
      .stderr_has("'s-2' is not in the history")
      .stderr_has("hint: name the back");
  SECTION("one that the history does not know is the named backend's business") {
    cli.run("ask -b codex --session s-2 and").expect(0);
  }
}

TEST_CASE("a session is bound to its backend and its directory") {
  Cli cli;
  talk(cli);
  cli.run("ask --session s-1 -b gemini and").expect(2).stderr_has("a session of codex").stderr_has("--backend codex");
  cli.in_directory(cli.file("two"));
  cli.run("ask --session s-1 and")
      .expect(2)
      .stderr_has("another directory")
      .stderr_has("hint: use --cwd " + cli.file("one"));
}

TEST_CASE("a continued session never falls back to another backend") {
  Cli cli;
  talk(cli);
  cli.counted("codex", {"--err", "broken", "--exit", "3", "--"}, kCodex);
  cli.run("ask --continue and").expect(1).stdout_is("");
  cli.run("ask --continue and").expect(1);
  cli.run("ask --continue and").expect(1);
  cli.run("ask --continue and").expect(4).stdout_is("").stderr_has("[delegate:degraded] codex skipped");
}

TEST_CASE("a kind without sessions cannot continue one") {
  Cli cli;
  cli.answers("codex");
  cli.run("ask hello").expect(0);
  cli.run("ask --continue and").expect(2).stderr_has("there is no session in this directory");
}
