#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_server.hpp"

// What opens a breaker, and what closes it again, beyond failures in a row.
using namespace delegate::test;
using delegate_tests::FakeServer;

namespace {

constexpr const char* kRules =
    "failures = [{ match = \"no credit\", outcome = \"quota_exhausted\" },"
    " { match = \"sign in\", outcome = \"unauthenticated\" }, { match = \"limit\", outcome = \"rate_limited\" }]\n";

/// A shell script as the backend "claude": it gets its prompt as $prompt.
Cli& scripted(Cli& cli, const std::string& script, const std::string& toml = {}) {
  cli.write(cli.file("bin/agent"), "#!/bin/sh\nread -r prompt\n" + script + "\n");
  std::filesystem::permissions(cli.file("bin/agent"), std::filesystem::perms::owner_all);
  return cli.config("[backends.claude]\nkind = \"command\"\ncommand = [\"agent\"]\n" + std::string(kRules) + toml);
}

std::string waits_for(const Cli& cli, const std::string& name) {
  return "while [ ! -e '" + cli.file(name) + "' ]; do /bin/sleep 0.01; done";
}

bool has_begun(const Cli& cli, const std::string& name) {
  return eventually([&] { return std::filesystem::exists(cli.file(name)); });
}

/// A server that takes no request, in the words of no vendor.
struct Refusing {
  FakeServer server{[](const FakeServer::Request& request) -> FakeServer::Reply {
    if (request.path == "/v1/models") return {.body = R"({"data":[{"id":"qwen"}]})"};
    return {.status = "400 Bad Request", .body = R"({"error":{"message":"strange words"}})"};
  }};
  std::string toml() const { return "[backends.server]\nkind = \"openai\"\nurl = \"" + server.url() + "\"\n"; }
};

}  // namespace

TEST_CASE("a used-up quota that states no end opens at once, for the configured time [R16]") {
  Cli cli;
  scripted(cli, "echo no credit left >&2; exit 1", "breaker.quota_cooldown = \"2h\"\n").answers("codex");
  cli.router("order = [\"claude\", \"codex\"]");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("claude is skipped from now on");
  const Json breaker = cli.status_of("claude")["breaker"];
  CHECK(breaker["state"] == "open");
  CHECK(breaker["retry_in_ms"] > 7'100'000);
  CHECK(breaker["retry_in_ms"] <= 7'200'000);
  CHECK(breaker["slow_probe_in_ms"] > 200'000);
  cli.run("ask hello").expect(0).stderr_has("claude skipped (open, retry in 2 h: no credit left)");
}

TEST_CASE("a limit that is heard when the cooldown is over, and before a probe, opens until it ends [R17]") {
  Cli cli;
  scripted(cli,
           "case $prompt in\nslow) : >'" + cli.file("begun") + "'; " + waits_for(cli, "go") +
               "; echo 'limit reached, try again in 2h' >&2; exit 1;;\n*) echo please sign in >&2; exit 1;;\nesac",
           "breaker.cooldown = \"0s\"\n");
  Running slow = cli.start("ask -b claude slow");
  REQUIRE(has_begun(cli, "begun"));
  cli.run("ask -b claude quick").expect(1);
  CHECK(cli.state_of("claude") == "half_open");
  cli.write(cli.file("go"), "");
  slow.finish().expect(1);
  CHECK(cli.state_of("claude") == "open");
  CHECK(cli.status_of("claude")["breaker"]["retry_in_ms"] > 7'000'000);
}

TEST_CASE("an answer of a call that was running when the login was rejected closes the breaker [R23]") {
  Cli cli;
  scripted(cli, "case $prompt in\nslow) : >'" + cli.file("begun") + "'; " + waits_for(cli, "go") +
                    ";;\nquick) echo please sign in >&2; exit 1;;\nesac\necho fine");
  Running slow = cli.start("ask -b claude slow");
  REQUIRE(has_begun(cli, "begun"));
  cli.run("ask -b claude quick").expect(1).stderr_has("claude is skipped from now on");
  CHECK(cli.state_of("claude") == "open");
  cli.write(cli.file("go"), "");
  slow.finish().expect(0).stdout_is("fine\n").stderr_has("claude works again");
  CHECK(cli.state_of("claude") == "closed");
  cli.run("ask -b claude later").expect(0).stdout_is("fine\n");
  Json rows = cli.run("notifications --json").expect(0).json()["notifications"];
  REQUIRE(rows.size() == 2);  // one trip, one recovery
  for (const Json& row : rows) CHECK(row["count"] == 1);
}

TEST_CASE(
    "a server that rejects five different prompts in a row, one of which another backend answers, is skipped [R24]") {
  Refusing refusing;
  Cli cli;
  cli.config(refusing.toml() + "\n[history]\nsummary = 0").answers("codex").router("order = [\"server\", \"codex\"]");
  for (int i = 1; i <= 3; ++i) cli.run("ask secret-prompt").expect(0).stdout_is("codex says hi\n");
  for (const char* prompt : {"two", "three", "four"}) cli.run({"ask", "-b", "server", prompt}).expect(1);
  CHECK(cli.state_of("server") == "closed");
  CHECK(cli.files_with("secret-prompt").empty());  // the state knows that prompts differ, and keeps none
  cli.run("ask five").expect(0).stdout_is("codex says hi\n").stderr_has("server is skipped from now on");
  CHECK(cli.state_of("server") == "open");
  CHECK(cli.status_of("server")["breaker"]["last_failure"]["outcome"] == "rejects_requests");
  cli.run("status").expect(0).stdout_has("rejects every request");
  cli.run("breaker list").expect(0).stdout_has("rejects every request");
  cli.run("health --json").stdout_has("rejects_requests");
  cli.run("ask six").expect(0).stdout_is("codex says hi\n").stderr_has("server skipped (open");
}

TEST_CASE("rejected prompts without an answer do not open the breaker, until one is answered elsewhere [R24]") {
  Refusing refusing;
  Cli cli;
  cli.config(refusing.toml()).answers("codex").router("order = [\"server\", \"codex\"]");
  for (const char* prompt : {"one", "two", "three", "four", "five", "six"})
    cli.run({"ask", "-b", "server", prompt}).expect(1);
  CHECK(cli.state_of("server") == "closed");
  cli.run("ask six").expect(0).stdout_is("codex says hi\n").stderr_has("server is skipped from now on");
  CHECK(cli.state_of("server") == "open");
}

namespace {

/// Gemini, which writes what `record` prints to its log and then works on for a minute.
Cli& logging_gemini(Cli& cli, const std::string& toml = {}) {
  cli.backend("gemini", {}, "kind = \"gemini\"\nmodel = \"\"\n" + toml);
  std::filesystem::remove(cli.file("bin/gemini"));
  cli.write(cli.file("bin/gemini"), R"sh(#!/bin/sh
PATH=/usr/bin:/bin
cat > /dev/null
echo '{"type":"init","session_id":"0123456789","model":"auto"}'
if [ -z "$GEMINI_TELEMETRY_OUTFILE" ]; then
  echo '{"type":"message","role":"assistant","content":"no log"}'
  echo '{"type":"result","status":"success","stats":{}}'
  exit
fi
[ -p "$GEMINI_TELEMETRY_OUTFILE" ] || exit 9
record() { printf '{\n  "attributes": {"session.id": "0123456789", "event.name": "gemini_cli.%s", %s}\n}\n' "$1" "$2"; }
for attempt in 1 2; do
  record api_request '"role": "utility_router"'
  record network_retry_attempt "\"attempt\": $attempt, \"error_type\": \"Error\""
done >> "$GEMINI_TELEMETRY_OUTFILE"
exec sleep 60
)sh");
  std::filesystem::permissions(cli.file("bin/gemini"), std::filesystem::perms::owner_all);
  return cli;
}

}  // namespace

TEST_CASE("gemini is stopped when its log shows that it silently repeats a useless request") {
  Cli cli;
  logging_gemini(cli).answers("codex");
  cli.router("order = [\"gemini\", \"codex\"]");
  const Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["answer"] == "codex says hi");
  CHECK(json["attempts"][0]["outcome"] == "bad_output");
  CHECK(json["attempts"][0]["duration_ms"] < 20'000);
  CHECK(cli.status_of("gemini")["breaker"]["failures"] == 1);
  cli.run("ask -b gemini hello").expect(1).stderr_has("asked which model to use").stderr_has("backends.gemini.model");
}

TEST_CASE("gemini's log is not used if the person has telemetry settings, or it cannot be had") {
  Cli cli;
  logging_gemini(cli);
  SECTION("of their own") { cli.write(cli.home(".gemini/settings.json"), R"({"telemetry": {"target": "gcp"}})"); }
  SECTION("in a file of variables") { cli.write(cli.home(".env"), "export GEMINI_TELEMETRY_ENABLED=1\n"); }
  SECTION("and with --write") {
    cli.run("ask -b gemini --write hello").expect(0).stdout_is("no log\n");
    return;
  }
  cli.run("ask -b gemini hello").expect(0).stdout_is("no log\n");
}
