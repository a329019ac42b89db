#include "tests/unit/backends/captured.hpp"

// Silence during a tool call belongs to the tool, and a closed pipe is not a refused sign-in.
using namespace delegate;
using namespace delegate::test;
using Words = std::vector<std::string>;

namespace {

struct Kind {
  std::string name;
  std::string begin_a;  // the use of one tool, and of another beside it
  std::string begin_b;
  std::string end_a;
  std::string end_b;
  std::string doing_a;
};

const Kind kKinds[] = {
    {"claude", R"({"type":"assistant","message":{"content":[{"type":"tool_use","id":"a","name":"Bash","input":{}}]}})",
     R"({"type":"assistant","message":{"content":[{"type":"tool_use","id":"b","name":"Read","input":{}}]}})",
     R"({"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}})",
     R"({"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"b","content":"x"}]}})", "using Bash"},
    {"codex", R"({"type":"item.started","item":{"id":"a","type":"command_execution","command":"make"}})",
     R"({"type":"item.started","item":{"id":"b","type":"mcp_tool_call","tool":"find"}})",
     R"({"type":"item.completed","item":{"id":"a","type":"command_execution","exit_code":0}})",
     R"({"type":"item.completed","item":{"id":"b","type":"mcp_tool_call"}})", "running a command"},
    {"gemini", R"({"type":"tool_use","tool_name":"run_shell_command","tool_id":"a","parameters":{}})",
     R"({"type":"tool_use","tool_name":"read_file","tool_id":"b","parameters":{}})",
     R"({"type":"tool_result","tool_id":"a","status":"success"})",
     R"({"type":"tool_result","tool_id":"b","status":"success"})", "using run_shell_command"},
};

ParsedOutput read_of(const std::string& kind, const Words& lines) {
  ParsedOutput parsed;
  for (const std::string& line : lines) backend_of(kind).read(parsed, task_of(kind), Stream::out, line + "\n");
  return parsed;
}

Failure silent_after(const std::string& kind, const Words& lines) {
  ParsedOutput parsed = read_of(kind, lines);
  ChildResult result;
  result.end = ChildEnd::idle;
  result.since_last_output = std::chrono::minutes(3);
  return judge_process(backend_of(kind), task_of(kind), parsed, result);
}

}  // namespace

TEST_CASE("silence while a tool is used is the tool's, and it is named") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    const Failure stalled = silent_after(kind.name, {kind.begin_a});
    CHECK(stalled.outcome == Outcome::stalled_tool);
    CHECK_THAT(stalled.message, Catch::Contains(" while " + kind.doing_a));
    CHECK(stalled.limit == "idle_timeout");
  }
}

TEST_CASE("a tool that has ended is not blamed, one beside it that has not is") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    CHECK(silent_after(kind.name, {kind.begin_a, kind.begin_b, kind.end_a, kind.end_b}).outcome ==
          Outcome::idle_timed_out);
    const Failure other = silent_after(kind.name, {kind.begin_a, kind.begin_b, kind.end_b});
    CHECK(other.outcome == Outcome::stalled_tool);
    CHECK_THAT(other.message, Catch::EndsWith(" while " + kind.doing_a));
    CHECK_THAT(silent_after(kind.name, {kind.begin_a, kind.begin_b}).message,
               Catch::Contains(" while " + kind.doing_a + " and "));
  }
  CHECK(silent_after("claude", {}).outcome == Outcome::idle_timed_out);
}

TEST_CASE("claude: the tools of its own helpers are the helper's, which is a tool itself") {
  const Words lines{
      kKinds[0].begin_a,
      R"({"type":"assistant","parent_tool_use_id":"a","message":{"content":[{"type":"tool_use","id":"h","name":"Grep"}]}})",
      R"({"type":"user","parent_tool_use_id":"a","message":{"content":[{"type":"tool_result","tool_use_id":"h"}]}})"};
  CHECK_THAT(silent_after("claude", lines).message, Catch::EndsWith(" while using Bash"));
}

TEST_CASE(
    "a pipe that closed before the prompt was written is its own end, a crash before that is one, neither a sign-in") {
  for (const char* kind : {"claude", "codex", "gemini", "command"}) {
    INFO(kind);
    for (const int code : {0, 1}) {
      ChildResult result;
      result.end = ChildEnd::exited;
      result.exit_code = code;
      result.input_written = false;
      ParsedOutput parsed;
      const Failure end = judge_process(backend_of(kind), task_of(kind), parsed, result);
      CHECK(end.outcome == (code == 0 ? Outcome::pipe_closed : Outcome::exited_nonzero));
      CHECK(traits(end.outcome).try_login == TryNext::no);
    }
  }
}

TEST_CASE("a cause that stands in the output wins over a closed pipe") {
  for (const char* kind : {"claude", "codex", "gemini"}) {
    INFO(kind);
    ChildResult result;
    result.end = ChildEnd::exited;
    result.exit_code = 1;
    result.input_written = false;
    result.err = HeadAndTail(1024, 1024);
    result.err.add("Error: 429 Too Many Requests: rate limit exceeded\n");
    ParsedOutput parsed;
    CHECK(judge_process(backend_of(kind), task_of(kind), parsed, result).outcome == Outcome::rate_limited);
  }
}
