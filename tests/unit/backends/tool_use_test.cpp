#include "tests/unit/backends/captured.hpp"

// Which tools of the CLIs can change something. One that is not known can.
using namespace delegate;
using namespace delegate::test;
using Files = std::vector<std::string>;

namespace {

ParsedOutput after(const std::string& kind, const std::string& line) {
  ParsedOutput parsed;
  backend_of(kind).read(parsed, task_of(kind), Stream::out, line + "\n");
  return parsed;
}

/// `text` with these words in the place of %1 and %2.
std::string filled(std::string text, const std::string& first, const std::string& second) {
  text.replace(text.find("%1"), 2, first);
  return text.replace(text.find("%2"), 2, second);
}

ParsedOutput claude_uses(const std::string& name, const std::string& input = "{}") {
  return after(
      "claude",
      filled(R"({"type":"assistant","message":{"content":[{"type":"tool_use","id":"t1","name":"%1","input":%2}]}})",
             name, input));
}
ParsedOutput codex_uses(const std::string& item, const std::string& more = "") {
  return after("codex", filled(R"({"type":"item.started","item":{"id":"item_1","type":"%1"%2}})", item, more));
}
ParsedOutput codex_has_used(const std::string& item) {
  return after("codex", filled(R"({"type":"item.completed","item":{"id":"item_1","type":"%1"%2}})", item, ""));
}
ParsedOutput gemini_uses(const std::string& name, const std::string& parameters = "{}") {
  return after("gemini",
               filled(R"({"type":"tool_use","tool_name":"%1","tool_id":"t1","parameters":%2})", name, parameters));
}

}  // namespace

TEST_CASE("claude: reading and searching changes nothing, anything else may") {
  for (const char* name : {"Read", "Grep", "Glob", "WebFetch", "TodoWrite"})
    CHECK_FALSE(claude_uses(name).may_have_written);
  for (const char* name : {"Bash", "Edit", "Write", "NotebookEdit", "Task", "mcp__x__y", "of-tomorrow", ""})
    CHECK(claude_uses(name).may_have_written);
  CHECK(claude_uses("Edit", R"({"file_path":"/w/a.cpp"})").written_files == Files{"/w/a.cpp"});
  CHECK(claude_uses("NotebookEdit", R"({"notebook_path":"/w/n.ipynb"})").written_files == Files{"/w/n.ipynb"});
  CHECK(claude_uses("Read", R"({"file_path":"/w/a.cpp"})").written_files.empty());
}

TEST_CASE("codex: its words, plans and searches change nothing, any other item may, also without its beginning") {
  for (const char* item : {"agent_message", "reasoning", "todo_list", "web_search", "error"})
    CHECK_FALSE(codex_uses(item).may_have_written);
  for (const char* item : {"command_execution", "file_change", "mcp_tool_call", "of_tomorrow"}) {
    CHECK(codex_uses(item).may_have_written);
    CHECK(codex_has_used(item).may_have_written);
  }
  const std::string changes = R"(,"changes":[{"path":"a.cpp","kind":"update"},{"path":"b.cpp","kind":"add"}])";
  CHECK(codex_uses("file_change", changes).written_files == Files{"a.cpp", "b.cpp"});
}

TEST_CASE("codex: a patch is reported only when it is applied, so a turn that has not ended may have changed files") {
  const auto read = [](std::initializer_list<const char*> lines) {
    ParsedOutput parsed;
    for (const char* line : lines)
      backend_of("codex").read(parsed, task_of("codex"), Stream::out, std::string(line) + "\n");
    return parsed.may_write_unseen;
  };
  CHECK_FALSE(read({R"({"type":"thread.started","thread_id":"t"})"}));
  CHECK(read({R"({"type":"turn.started"})"}));
  CHECK_FALSE(read({R"({"type":"turn.started"})", R"({"type":"turn.failed","error":{"message":"usage limit"}})"}));
}

TEST_CASE("gemini: reading and searching changes nothing, anything else may") {
  for (const char* name : {"read_file", "list_directory", "glob", "grep_search", "google_web_search"})
    CHECK_FALSE(gemini_uses(name).may_have_written);
  for (const char* name : {"write_file", "replace", "run_shell_command", "save_memory", "of_tomorrow"})
    CHECK(gemini_uses(name).may_have_written);
  CHECK(gemini_uses("replace", R"({"file_path":"/w/a.cpp"})").written_files == Files{"/w/a.cpp"});
}

TEST_CASE("real calls that read only have changed nothing") {
  for (const char* cli : {"claude", "gemini"}) {
    const Capture capture = captured(cli, cli == std::string("claude") ? "denied" : "tool");
    ParsedOutput parsed = read_capture(backend_of(cli), task_of(cli), capture, Arrival::out_first);
    CHECK(parsed.has_used_tools);
    CHECK_FALSE(parsed.may_have_written);
  }
}

TEST_CASE("of the files that tools name each is noted once, and not too many") {
  ParsedOutput parsed;
  for (int i = 0; i < 1'000; ++i) parsed.add_written_file("file " + std::to_string(i / 2));
  CHECK(parsed.written_files.size() == ParsedOutput::kMostFiles);
  CHECK(parsed.written_files[1] == "file 1");
}
