#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/setup/plan.hpp"
#include "core/base/text.hpp"

// Each directory below tests/fixtures/setup/EDITOR is a file of that editor: as it was (`before`, absent when there was
// none), as it is once delegate is registered (`after`), and as it is when that is undone without knowing how it was
// (`undone`, absent when that is `before` again); `variables`, when there, names those that are handed on, a line each.
// Or, instead of the latter two, why nothing is done (`error`).
using namespace delegate;
using namespace delegate::cli::setup;
namespace fs = std::filesystem;

namespace {

const Server kServer{"/usr/local/bin/delegate", {"mcp"}, {}};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) lines.emplace_back(line);
  return lines;
}

std::optional<std::string> contents(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Case {
  const Editor& editor;
  std::string name;
  Server server;
  std::string before;
  std::optional<std::string> after;
  std::optional<std::string> undone;
  std::optional<std::string> error;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Editor& editor : editors())
    for (const auto& entry :
         fs::directory_iterator(SOURCE_DIRECTORY "/tests/fixtures/setup/" + std::string(editor.name))) {
      const fs::path& directory = entry.path();
      Server server = kServer;
      server.variables = lines_of(contents(directory / "variables").value_or(""));
      all.push_back({editor, std::string(editor.name) + "/" + directory.filename().string(), std::move(server),
                     contents(directory / "before").value_or(""), contents(directory / "after"),
                     contents(directory / "undone"), contents(directory / "error")});
    }
  return all;
}

}  // namespace

TEST_CASE("each editor has fixtures, one of them for an absent settings file") {
  for (const Editor& editor : editors()) {
    INFO(editor.name);
    CHECK(fs::exists(SOURCE_DIRECTORY "/tests/fixtures/setup/" + std::string(editor.name) + "/absent/after"));
  }
  CHECK(cases().size() > 70);
}

TEST_CASE("a registration changes a file exactly as expected") {
  for (const Case& one : cases()) {
    if (!one.after) continue;
    INFO(one.name);
    const auto plan = plan_registration(one.editor, one.before, one.server);
    REQUIRE(plan);
    CHECK(plan->after == *one.after);
    CHECK((plan->step == Step::unchanged) == (one.before == *one.after));
  }
}

TEST_CASE("a second registration changes nothing") {
  for (const Case& one : cases()) {
    if (!one.after) continue;
    INFO(one.name);
    const auto plan = plan_registration(one.editor, *one.after, one.server);
    REQUIRE(plan);
    CHECK(plan->step == Step::unchanged);
    CHECK(plan->after == *one.after);
  }
}

TEST_CASE("undoing a registration restores the file, and a second undo changes nothing") {
  for (const Case& one : cases()) {
    if (!one.after) continue;
    INFO(one.name);
    const auto undone = plan_removal(one.editor, *one.after);
    REQUIRE(undone);
    CHECK(undone->step == Step::removed);
    CHECK(undone->after == one.undone.value_or(one.before));
    const auto again = plan_removal(one.editor, undone->after);
    REQUIRE(again);
    CHECK(again->step == Step::absent);
    CHECK(again->after == undone->after);
  }
}

TEST_CASE("undoing a registration whose file is remembered restores every byte") {
  for (const Case& one : cases()) {
    if (!one.after) continue;
    const auto plan = plan_registration(one.editor, one.before, one.server);
    if (!plan || plan->step != Step::registered) continue;
    INFO(one.name);
    const auto undone =
        plan_removal(one.editor, *one.after, remains_of(one.editor.language, one.before, one.editor.path()));
    REQUIRE(undone);
    CHECK(undone->after == one.before);
  }
}

TEST_CASE("a file that cannot be changed safely is rejected with line and reason") {
  for (const Case& one : cases()) {
    if (!one.error) continue;
    INFO(one.name);
    const auto plan = plan_registration(one.editor, one.before, one.server);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().what + "\n" == *one.error);
  }
}

TEST_CASE("variables are passed on by name, in each editor's syntax") {
  const Server server{"/bin/delegate", {"mcp"}, {"KEY"}};
  const auto entry = [&](const char* name) { return entry_of(*editor_named(name), server); };
  CHECK(entry("claude")["env"]["KEY"] == "${KEY:-}");
  CHECK(entry("codex")["env_vars"] == OrderedJson{"DELEGATE_RUN_ID", "DELEGATE_DEPTH", "KEY"});
  CHECK(entry("gemini")["env"]["KEY"] == "${KEY}");
  for (const char* name : {"copilot", "amp", "kiro", "mcphub"}) CHECK(entry(name)["env"]["KEY"] == "${KEY}");
  for (const char* name : {"cursor", "vscode", "vscodium", "vscode-insiders", "windsurf", "roo"})
    CHECK(entry(name)["env"]["KEY"] == "${env:KEY}");
  CHECK(entry("opencode")["environment"]["KEY"] == "{env:KEY}");
  for (const Editor& editor : editors()) {
    INFO(editor.name);
    CHECK(editor.takes_variables() == (entry_of(editor, server) != entry_of(editor, {"/bin/delegate", {"mcp"}, {}})));
  }
}

TEST_CASE("a variable that is requested later is added to the existing ones") {
  const Editor& codex = *editor_named("codex");
  const auto one = plan_registration(codex, "", {"/bin/delegate", {"mcp"}, {"A"}});
  REQUIRE(one);
  const auto two = plan_registration(codex, one->after, {"/bin/delegate", {"mcp"}, {"B"}});
  REQUIRE(two);
  CHECK(two->after.find("env_vars = [\"DELEGATE_RUN_ID\", \"DELEGATE_DEPTH\", \"A\", \"B\"]") != std::string::npos);
  const auto none = plan_registration(codex, two->after, {"/bin/delegate", {"mcp"}, {}});
  REQUIRE(none);
  CHECK(none->after == two->after);

  const Editor& cursor = *editor_named("cursor");
  const auto mine =
      plan_registration(cursor, R"({"mcpServers": {"delegate": {"command": "delegate", "env": {"A": "my own"}}}})",
                        {"/d", {"mcp"}, {"A", "B"}});
  REQUIRE(mine);
  CHECK(mine->after.find(R"("env": {"A": "my own", "B": "${env:B}"})") != std::string::npos);
}

TEST_CASE("a text that is not edited comes with what to add by hand, in the form that it uses") {
  const Editor& codex = *editor_named("codex");
  const auto hint = [&](const Editor& editor, std::string_view text) {
    const auto plan = plan_registration(editor, text, kServer);
    REQUIRE_FALSE(plan);
    return plan.error().hint;
  };
  const std::string braces =
      R"({ command = "/usr/local/bin/delegate", args = ["mcp"], env_vars = ["DELEGATE_RUN_ID", "DELEGATE_DEPTH"], )"
      "tool_timeout_sec = 3600 }";
  CHECK(hint(codex, "mcp_servers = { a = { command = \"x\" } }\n") == "add inside its braces: delegate = " + braces);
  const std::string by_name = "rename or remove it, then add mcp_servers.delegate = " + braces;
  CHECK(hint(codex, "mcp_servers = 3\n") == by_name);
  CHECK(hint(codex, "[[mcp_servers]]\ncommand = \"x\"\n") == by_name);
  CHECK(plan_registration(codex, "mcp_servers.delegate = " + braces, kServer)->step == Step::unchanged);
  CHECK(plan_registration(codex, "mcp_servers = { delegate = " + braces + " }", kServer)->step == Step::unchanged);
  CHECK(hint(*editor_named("goose"), "extensions: {memory: {enabled: true}}\n") ==
        R"(add to it, between its braces: "delegate": {"enabled": true, "type": "stdio", "name": "delegate", )"
        R"("cmd": "/usr/local/bin/delegate", "args": ["mcp"], "timeout": 3600})");
  const std::string in_goose =
      R"("delegate": {"enabled": true, "type": "stdio", "name": "delegate", "cmd": "/usr/local/bin/delegate", )"
      R"("args": ["mcp"], "timeout": 3600})";
  CHECK(hint(*editor_named("goose"), "{a: 1}\n") ==
        "add to it, between its braces: \"extensions\": {" + in_goose + "}");
  CHECK(hint(*editor_named("goose"), "extensions: &a {}\n") == "add to it, between its braces: " + in_goose);
  for (const char* text : {"- a\n", "foo\n"})
    CHECK(hint(*editor_named("goose"), text) == "add it by hand: `delegate setup goose --print` shows what");
  CHECK(hint(*editor_named("windsurf"), "{\"mcpServers\": \"x\"}") ==
        R"(rename or remove it, then add "mcpServers": )"
        R"({"delegate": {"command": "/usr/local/bin/delegate", "args": ["mcp"]}})");
}

TEST_CASE("another server of our name is neither changed nor removed") {
  const Editor& zed = *editor_named("zed");
  for (const char* entry : {"{}", "[]", "null", R"({"url": "http://127.0.0.1"})", R"({"command": ["npx"]})",
                            R"({"command": []})", R"({"command": 7})"}) {
    INFO(entry);
    const std::string text = std::string("{\"context_servers\": {\"delegate\": ") + entry + "}}";
    CHECK_FALSE(plan_registration(zed, text, kServer));
    CHECK_FALSE(plan_removal(zed, text));
  }
}
