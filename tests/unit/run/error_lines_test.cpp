#include <catch2/catch.hpp>

#include "core/run/error_lines.hpp"

using namespace delegate;

TEST_CASE("what tool servers, loggers, runtimes and trailers print is not the CLI's own reason") {
  const char* const kNoise[] = {
      "2026-11-21T09:10:11.000000Z ERROR rmcp::transport::worker: AuthRequired",
      "2026-11-21 09:10:11,120 ERROR [docs] 401 Unauthorized",
      "[09:10:11] ERROR docs: invalid api key",
      "[ERROR] docs: not logged in",
      "[WARN] 401 Unauthorized",
      "MCP server 'docs': connect ECONNREFUSED 127.0.0.1:7777",
      "Error during discovery for MCP server 'docs': connect ECONNREFUSED 127.0.0.1:7777",
      "Error connecting to MCP server docs: 403 Forbidden",
      "    at Module._compile (node:internal/modules/cjs/loader:1376:14)",
      "Node.js v20.1.0",
      "npm ERR! A complete log of this run can be found in: /home/u/.npm/_logs/1.log",
      "npm notice New major version of npm available!",
      "(node:4242) [DEP0040] DeprecationWarning: the punycode module is deprecated",
      "(Use `node --trace-deprecation ...` to show where the warning was created)",
      "file:///usr/lib/node_modules/x/cli.js:12",
      "          ^",
      "log written to /tmp/x/quota-exceeded.log",
      "hint: please log in again",
      "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
      "",
  };
  for (const char* line : kNoise) {
    INFO(line);
    CHECK(own_lines(line).empty());
    CHECK(last_error_line(std::string("Error: the disk broke\n") + line + "\n") == "Error: the disk broke");
  }
}

TEST_CASE("the reason is the last own line that begins as an error, else the last own line") {
  CHECK(last_error_line("Error: first\nTypeError: second\nsee the manual\n") == "TypeError: second");
  CHECK(last_error_line("one\ntwo\n\n") == "two");
  CHECK(last_error_line("fatal: no\nNode.js v22.0.0") == "fatal: no");
  CHECK(last_error_line("").empty());
  CHECK(last_error_line("Node.js v20.1.0\n").empty());
}

TEST_CASE("an error that is printed over several lines of JSON is one line") {
  const auto lines = own_lines("ApiError: {\n  \"error\": {\n    \"code\": 503\n  }\n}\n    at f (a.js:1:1)\n");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "ApiError: { \"error\": { \"code\": 503 } }");
  CHECK(own_lines("never closed {\nmore\n").size() == 2);
}

TEST_CASE("an error about a hook, an update or another program is the reason only if there is no other") {
  CHECK(last_error_line("Error: settings.json is corrupt\nError: update check failed\n") ==
        "Error: settings.json is corrupt");
  CHECK(last_error_line("Error: hook `check.sh` failed\n") == "Error: hook `check.sh` failed");
  for (const char* line : {"npm error 403 Forbidden", "git: remote: Permission denied", "Hook PreToolUse failed: x",
                           "Error: port 4317 telemetry: connection refused", "Error: update check failed"})
    CHECK(is_about_errands(line));
  CHECK_FALSE(is_about_errands("Error: the webhooked hotel is closed"));
}

TEST_CASE("a record is an error by its type and its fields, not by a word in what it carries") {
  for (const char* record :
       {R"({"type":"item.completed","item":{"type":"command_execution","aggregated_output":"error 1"}})",
        R"({"type":"user","message":{"content":[{"type":"tool_result","content":"failed"}]}})",
        R"({"type":"stream_event","event":{"delta":{"text":"error"}}})",
        R"(data: {"choices":[{"delta":{"content":"fail"}}]})",
        R"({"type":"tool_result","status":"error","output":"row 1","error":{"message":"failed"}})",
        R"({"type":"assistant","error":null,"message":"failure"})", "{\"type\":\"error\", torn"})
    CHECK(is_record_of_content(record));
  for (const char* record : {R"({"type":"error","message":"x"})", R"({"type":"turn.failed"})",
                             R"({"type":"item.completed","item":{"type":"error","message":"x"}})",
                             R"({"type":"result","is_error":true})", R"(data: {"error":{"message":"x"}})", "boom"})
    CHECK_FALSE(is_record_of_content(record));
}

TEST_CASE("what a program's own modules log as an error is found behind its time") {
  constexpr std::string_view kOwn[] = {"codex_core"};
  CHECK(logged_errors("2026-11-21T09:10:11Z ERROR codex_core::client: no\n2026-11-21T09:10:11Z WARN codex_core: x\n"
                      "[2026-11-21T09:10:11] ERROR: limit\n2026-11-21T09:10:11Z ERROR rmcp_x::t: 401\nError: plain\n",
                      kOwn) == "no\nlimit\n");
}

TEST_CASE("the last lines are kept without records of content") {
  CHECK(last_lines("{\"type\":\"text\",\"text\":\"half an answer\"}\nboom\n") == "boom");
  CHECK(last_lines("{\"type\":\"error\",\"message\":\"x\"}\n") == "{\"type\":\"error\",\"message\":\"x\"}");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "line " + std::to_string(i) + "\n";
  CHECK(last_lines(many).starts_with("line 88\n"));
}

TEST_CASE("no output makes the choice of lines fail") {
  for (const char* text : {"\xFF\xFE{\n", "{{{{[[[[\n", "\"\\", "}\n}\n}\n", "{\n\"\\\"\n", ":\n::\n"}) {
    CHECK_NOTHROW(own_lines(text));
    CHECK_NOTHROW(last_error_line(text));
    CHECK_NOTHROW(last_lines(text));
  }
}
