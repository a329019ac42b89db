#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"

// A clean exit without the record of an answer: what was written is looked for before the answer is called lost, and a
// cheap call is made once more, so that the answer is not lost with its record.
using namespace delegate::test;

namespace {

/// A shell script as the executable of a backend.
Cli& script(Cli& cli, const std::string& name, const std::string& kind, const std::string& body) {
  cli.backend(name, {}, "kind = \"" + kind + "\"");
  const std::string path = cli.file("bin/" + name);
  std::filesystem::remove(path);
  cli.write(path, "#!/bin/sh\nPATH=/usr/bin:/bin\n" + body);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return cli;
}

constexpr const char* kOnce =
    "if [ -e \"$HOME/asked\" ]; then echo '{\"type\":\"result\",\"is_error\":false,\"result\":\"here it is\"}'; fi\n"
    ": > \"$HOME/asked\"; cat > /dev/null\n";

constexpr const char* kRefused = R"sh(cat > /dev/null; echo start >> "$STARTS"
if [ "$(wc -l < "$STARTS")" -gt "$REFUSALS" ]; then
  echo '{"type":"item.completed","item":{"type":"agent_message","text":"hi"}}'
  echo '{"type":"turn.completed"}'
  exit 0
fi
echo '{"type":"turn.failed","error":{"message":"Your access token could not be refreshed because your refresh token was already used. Please log out and sign in again."}}'
exit 1
)sh";

}  // namespace

TEST_CASE("a lost answer is requested once more, and counts as no failure") {
  Cli cli;
  script(cli, "claude", "claude", kOnce);
  Json json = cli.run("ask -b claude hello --json").expect(0).json();
  CHECK(json["answer"] == "here it is");
  CHECK(json["attempts"].size() == 1);
  CHECK(json["warnings"][0] == "claude: its first answer got lost, so the call was repeated");
  CHECK(cli.status_of("claude")["breaker"]["failures"] == 0);
  CHECK(cli.sql("SELECT sum(calls) FROM usage_hours") == "2");
}

TEST_CASE("a backend that loses its answer twice in a row has failed once") {
  Cli cli;
  cli.counted("claude", {"--read-stdin", "--"}, "kind = \"claude\"");
  cli.run("ask -b claude hello").expect(1).stderr_has("ended without an answer, twice");
  CHECK(cli.spawns("claude") == 2);
  CHECK(cli.status_of("claude")["breaker"]["failures"] == 1);
}

TEST_CASE("a login that another process is renewing gets one fresh start before it counts as signed out") {
  Cli cli;
  const std::string starts = "STARTS=" + cli.file("codex.spawns") + "\n";
  SECTION("and is answered") {
    script(cli, "codex", "codex", starts + "REFUSALS=1\n" + kRefused);
    cli.run("ask -b codex hello").expect(0).stdout_is("hi\n").stderr_is("");
    CHECK(cli.status_of("codex")["breaker"]["state"] == "closed");
  }
  SECTION("but no second one") {
    script(cli, "codex", "codex", starts + "REFUSALS=9\n" + kRefused);
    cli.run("ask -b codex hello").expect(1).stderr_has("refresh token was already used");
  }
  CHECK(cli.spawns("codex") == 2);
  CHECK(cli.sql("SELECT sum(calls) FROM usage_hours") == "2");
}

TEST_CASE("a lost answer is not requested again beyond a budget") {
  Cli cli;
  cli.counted("claude", {"--read-stdin", "--"}, "kind = \"claude\"\nbudget.day = \"1 calls\"");
  cli.run("ask -b claude hello").expect(1).stderr_has("ended without an answer").stderr_lacks("twice");
  CHECK(cli.spawns("claude") == 1);
  CHECK(cli.sql("SELECT sum(calls) FROM usage_hours") == "1");
  CHECK(cli.sql("SELECT count(*) FROM reservations") == "0");
}

TEST_CASE("the user's own command is not repeated, because its effects are unknown") {
  Cli cli;
  cli.counted("agent", {});
  cli.run("ask -b agent hello").expect(1).stderr_has("ended without an answer").stderr_lacks("twice");
  CHECK(cli.spawns("agent") == 1);
  CHECK(cli.status_of("agent")["breaker"]["failures"] == 1);
}

TEST_CASE("codex is asked even when its output file cannot be created") {
  Cli cli;
  script(cli, "codex", "codex", R"(cat > /dev/null
for word; do [ "$word" = -o ] && exit 9; done
echo '{"type":"item.completed","item":{"type":"agent_message","text":"hi"}}'
echo '{"type":"turn.completed"}'
)");
  cli.write(cli.file("no-directory"), "");
  cli.set("XDG_RUNTIME_DIR", cli.file("no-directory"));
  cli.run("ask -b codex hello").expect(0).stdout_is("hi\n");
}

TEST_CASE("a run that may have changed files is not repeated") {
  Cli cli;
  cli.counted("claude", {"--read-stdin", "--"}, "kind = \"claude\"");
  cli.run("ask -b claude --write hello").expect(1).stderr_has("ended without an answer");
  CHECK(cli.spawns("claude") == 1);
}

TEST_CASE("claude's last message is its answer when only the record behind it is missing") {
  Cli cli;
  script(cli, "claude", "claude", R"(cat > /dev/null
echo '{"type":"system","subtype":"init","session_id":"s-1","model":"claude-opus-5-5"}'
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"the whole answer"}]},"session_id":"s-1"}'
)");
  Json json = cli.run("ask -b claude hello --json").expect(0).json();
  CHECK(json["answer"] == "the whole answer");
  CHECK(json["warnings"][0].get<std::string>().find("taken as the answer") != std::string::npos);
}

TEST_CASE("claude's session file has the answer that its output lacks") {
  Cli cli;
  script(cli, "claude", "claude", R"(cat > /dev/null
mkdir -p "$HOME/.claude/projects/-srv-project"
cat > "$HOME/.claude/projects/-srv-project/s-1.jsonl" <<END
{"type":"user","message":{"role":"user","content":"the turn before"}}
{"type":"assistant","message":{"content":[{"type":"text","text":"an old answer"}]}}
{"type":"user","message":{"role":"user","content":"hello"}}
{"type":"assistant","message":{"content":[{"type":"text","text":"let me see"}]}}
{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Read"}]}}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"401"}]}}
{"type":"assistant","message":{"content":[{"type":"text","text":"kept on disk"}]}}
END
echo '{"type":"system","subtype":"init","session_id":"s-1"}'
)");
  cli.run("ask -b claude hello").expect(0).stdout_is("kept on disk\n");
}

TEST_CASE("the previous turn is not taken for the answer") {
  Cli cli;
  script(cli, "claude", "claude", R"(cat > /dev/null
mkdir -p "$HOME/.claude/projects/p"
cat > "$HOME/.claude/projects/p/s-1.jsonl" <<END
{"type":"user","message":{"role":"user","content":"the turn before"}}
{"type":"assistant","message":{"content":[{"type":"text","text":"an old answer"}]}}
{"type":"user","message":{"role":"user","content":"hello"}}
END
echo '{"type":"system","subtype":"init","session_id":"s-1"}'
)");
  cli.run("ask -b claude hello").expect(1).stdout_is("").stderr_has("ended without an answer, twice");
}

TEST_CASE("a continued session's file is not used, because it may still end with the previous turn") {
  Cli cli;
  script(cli, "claude", "claude", R"(cat > /dev/null
mkdir -p "$HOME/.claude/projects/p"
cat > "$HOME/.claude/projects/p/s-1.jsonl" <<END
{"type":"user","message":{"role":"user","content":"the turn before"}}
{"type":"assistant","message":{"content":[{"type":"text","text":"an old answer"}]}}
END
echo '{"type":"system","subtype":"init","session_id":"s-1"}'
)");
  cli.run("ask -b claude --session s-1 more").expect(1).stdout_is("").stderr_has("ended without an answer");
}

TEST_CASE("codex writes its last message to a file that delegate names") {
  Cli cli;
  script(cli, "codex", "codex", R"(cat > /dev/null
while [ $# -gt 0 ]; do [ "$1" = -o ] && printf 'from the file' > "$2"; shift; done
echo '{"type":"thread.started","thread_id":"t-1"}'
)");
  cli.run("ask -b codex hello").expect(0).stdout_is("from the file\n");
}

TEST_CASE("text before a tool call is not taken for the answer") {
  Cli cli;
  const std::string backend = GENERATE("claude", "codex");
  script(cli, "claude", "claude", R"(cat > /dev/null
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"let me look"},{"type":"tool_use","name":"Read"}]}}'
)");
  script(cli, "codex", "codex", R"(cat > /dev/null
echo '{"type":"item.completed","item":{"type":"agent_message","text":"let me look"}}'
echo '{"type":"item.started","item":{"type":"command_execution"}}'
)");
  cli.run("ask -b " + backend + " hello").expect(1).stdout_is("");
}
