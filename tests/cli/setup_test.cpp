#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>

#include "tests/cli/setup_editors.hpp"

// `setup`: delegate among the servers of an editor.
using namespace delegate::test;
namespace fs = std::filesystem;

TEST_CASE("setup registers this program, reports it, and can undo it") {
  Cli cli;
  for (const std::string& name : kEditors) {
    INFO(name);
    cli.run("setup " + name)
        .expect(0)
        .stdout_has(program())
        .stdout_has("\n+")
        .stderr_begins("delegate: registered with ");
    Json editor = editor_of(cli, name);
    CHECK(editor["state"] == "registered");
    CHECK(editor["command"] == program());
    const std::string file = editor["file"];
    const std::string text = cli.read(file);
    CHECK(editor["tried"].get<bool>() != editor.contains("source"));
    cli.run("setup " + name)
        .expect(0)
        .stdout_is("")
        .stderr_begins("delegate: already registered with ")
        .stderr_lines(1);
    CHECK(cli.read(file) == text);
    cli.run("setup --undo " + name).expect(0).stdout_has("\n-").stderr_begins("delegate: registration removed from ");
    CHECK_FALSE(fs::exists(fs::path(file)));
    CHECK(editor_of(cli, name)["installed"] == false);
    CHECK(editor_of(cli, name)["state"] == "not_registered");
    cli.run("setup --undo " + name).expect(0).stdout_is("").stderr_begins("delegate: not registered with ");
  }
  fs::remove(cli.home(".local/state/delegate/setup.json.lock"));
  for (const auto& entry : fs::recursive_directory_iterator(cli.home()))
    CHECK(entry.path().string().find(".json.") == std::string::npos);  // nothing temporary, no backup
}

TEST_CASE("setup without an argument lists the editors that are installed and writes nothing") {
  Cli cli;
  cli.run("setup").expect(0).stderr_is("").stdout_has("no editor found").stdout_has("not found: claude, codex");
  cli.install("gemini");
  fs::create_directories(cli.home(".codeium/windsurf"));
  const Finished listed = cli.run("setup").expect(0).stderr_is("");
  listed.stdout_has("\ngemini    not registered              " + cli.file("bin/gemini"));
  listed.stdout_has("\nwindsurf  not registered (not tried)  ~/.codeium/windsurf");
  listed.stdout_has("\nRegister with one: delegate setup EDITOR\n");
  listed.stdout_has("\nnot found: claude, codex, copilot, qwen, ").stdout_lacks(", gemini, ");
  cli.run("setup gemini").expect(0);
  cli.run("setup").expect(0).stdout_has("FOUND AT\ngemini    registered  ").stdout_has("\nwindsurf  not registered ");
}

TEST_CASE("the list of editors fits into 80 columns, with all of them registered or none found") {
  Cli cli;
  const auto longest_line = [&] {
    std::size_t longest = 0;
    std::size_t length = 0;
    const Finished list = cli.run("setup").expect(0);
    for (const char c : list.out)
      if ((c & '\xC0') != '\x80')
        longest = std::max(longest, length = c == '\n' ? 0 : length + 1);  // no half character
    return longest;
  };
  CHECK(longest_line() <= 80);
  for (const std::string& name : kEditors) cli.run("setup " + name).expect(0);
  CHECK(longest_line() <= 80);
  cli.write(cli.home(".cursor/mcp.json"), "{\"mcpServers\": {\"a\": }}");
  cli.write(cli.home(".config/zed/settings.json.delegate-backup"), "");
  cli.write(cli.home(".claude.json"), R"({"mcpServers": {"delegate": {"command": "/usr/local/bin/of/old/delegate"}}})");
  CHECK(longest_line() <= 80);
}

TEST_CASE("a row that was not tried with the editor says so, and names what it follows") {
  Cli cli;
  cli.run("setup kiro").expect(0).stderr_has("delegate: not tried with Kiro: the entry follows kiro.dev/docs/");
  cli.run("setup kiro").expect(0).stderr_lines(1);
  cli.run("setup droid").expect(0).stderr_lacks("not tried");
  cli.run("setup")
      .expect(0)
      .stdout_has("kiro    registered (not tried)  ")
      .stdout_has("\nnot tried: the entry follows");
}

TEST_CASE("the list shows what is registered: this program, another, a missing one, or something else") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  const auto state = [&](const std::string& command) {
    cli.write(file, R"({"mcpServers": {"delegate": {"command": ")" + command + R"("}}})");
    return editor_of(cli, "cursor")["state"].get<std::string>();
  };
  CHECK(state(program()) == "registered");
  cli.install("delegate-next");
  CHECK(state(cli.file("bin/delegate-next")) == "registered_elsewhere");
  CHECK(state(cli.file("bin/delegate")) == "program_gone");
  cli.run("setup").expect(0).stdout_has("which does not exist:").stdout_has(" delegate setup cursor\n");
  CHECK(state("npx") == "name_taken");
  cli.write(file, "{");
  CHECK(editor_of(cli, "cursor")["state"] == "unreadable");
  cli.run("setup").expect(0).stdout_has("cannot be read: ~/.cursor/mcp.json: line 1, column 2");
}

TEST_CASE("setup registers the path of the `delegate` on PATH when that is this program") {
  Cli cli;
  fs::create_symlink(program(), cli.file("bin/delegate"));
  cli.run("setup cursor").expect(0).stdout_has("\"" + cli.file("bin/delegate") + "\"");
  CHECK(editor_of(cli, "cursor")["state"] == "registered");
  fs::remove(cli.file("bin/delegate"));
  cli.install("delegate");  // another program of this name
  cli.run("setup cursor").expect(0).stdout_has("+      \"command\": \"" + program());
}

TEST_CASE("an editor's own variables decide where its settings are") {
  Cli cli;
  struct Row {
    const char* editor;
    const char* variable;
    const char* file;
  };
  for (const Row& row :
       {Row{"claude", "CLAUDE_CONFIG_DIR", "/.claude.json"}, Row{"codex", "CODEX_HOME", "/config.toml"},
        Row{"gemini", "GEMINI_CLI_HOME", "/.gemini/settings.json"},
        Row{"vscode", "VSCODE_PORTABLE", "/user-data/User/mcp.json"},
        Row{"vscode", "XDG_CONFIG_HOME", "/Code/User/mcp.json"}, Row{"zed", "XDG_CONFIG_HOME", "/zed/settings.json"},
        Row{"amp", "AMP_SETTINGS_FILE", ""}, Row{"opencode", "OPENCODE_CONFIG_DIR", "/opencode.json"},
        Row{"opencode", "OPENCODE_CONFIG", ""}}) {
    INFO(row.editor << " " << row.variable);
    const std::string place = cli.file(std::string("elsewhere-") + row.editor + row.variable);
    Cli one;
    one.set(row.variable, place).run(std::string("setup ") + row.editor).expect(0);
    CHECK(fs::exists(place + row.file));
    fs::remove_all(place);
  }
}

TEST_CASE("a project's settings are changed on request, and stay readable for its other users") {
  Cli cli;
  for (const auto& [name, file] : std::map<std::string, std::string>{{"claude", ".mcp.json"},
                                                                     {"codex", ".codex/config.toml"},
                                                                     {"gemini", ".gemini/settings.json"},
                                                                     {"cursor", ".cursor/mcp.json"},
                                                                     {"vscode", ".vscode/mcp.json"},
                                                                     {"zed", ".zed/settings.json"},
                                                                     {"opencode", "opencode.json"}}) {
    INFO(name);
    cli.run("setup --project " + name).expect(0).stderr_has("~/project/" + file);
    CHECK(file_mode(cli.home("project/" + file)) == 0644);
    CHECK(editor_of(cli, name)["state"] == "not_registered");
    cli.run("setup --project --undo " + name).expect(0).stderr_has("removed");
  }
  cli.run("setup --project windsurf").expect(2).stdout_is("").stderr_has("has no project settings").stderr_lines(2);
}

TEST_CASE("a project's settings name the program, are at the top of its work tree, and are not the user's") {
  Cli cli;
  cli.write(cli.home("project/.git/HEAD"), "");
  fs::create_directories(cli.home("project/src/deep/.git"));  // an empty directory is no repository
  cli.in_directory(cli.home("project/src/deep"));
  cli.run("setup --project cursor")
      .expect(0)
      .stderr_has("(~/project/.cursor/mcp.json)")
      .stderr_has("delegate: the entry names the program `delegate`, which is not on your PATH");
  const Json entry = Json::parse(cli.read(cli.home("project/.cursor/mcp.json")))["mcpServers"]["delegate"];
  CHECK(entry["command"] == "delegate");
  CHECK_FALSE(fs::exists(cli.home("project/src/deep/.cursor")));
  fs::create_symlink(program(), cli.file("bin/delegate"));
  cli.run("setup --project cursor").expect(0).stderr_has("already registered").stderr_lacks("PATH");
  fs::create_directories(cli.home("project/sub"));
  cli.write(cli.home("project/sub/.git"), "gitdir: ../.git/modules/sub\n");  // a submodule
  cli.in_directory(cli.home("project/sub"));
  cli.run("setup --project cursor").expect(0).stderr_has("(~/project/sub/.cursor/mcp.json)");

  cli.in_directory(cli.home());
  cli.run("setup --project cursor").expect(2).stdout_is("").stderr_has("has your user settings").stderr_lines(2);
  fs::create_directory_symlink(cli.home(), cli.file("link"));
  cli.set("HOME", cli.file("link"));
  cli.run("setup --project cursor").expect(2).stdout_is("").stderr_has("has your user settings").stderr_lines(2);
}

TEST_CASE("a home directory that is a repository is not taken for the project of a directory in it") {
  Cli cli;
  cli.write(cli.home(".git/HEAD"), "");
  fs::create_directories(cli.home("w/p"));
  cli.in_directory(cli.home("w/p"));
  for (const char* name : {"claude", "cursor"})
    cli.run(std::string("setup --project ") + name)
        .expect(2)
        .stdout_is("")
        .stderr_has("setup: --project: the git work tree is your home directory\nhint: run `git init` here, or ")
        .stderr_lines(2);
  CHECK_FALSE(fs::exists(cli.home(".mcp.json")));
  cli.in_directory(cli.home());
  cli.run("setup --project claude").expect(0).stderr_has("(~/.mcp.json)");
}

TEST_CASE("an existing file of another name is used, of the user and of a project") {
  Cli cli;
  struct Row {
    const char* words;
    const char* file;
    const char* usual;
  };
  for (const Row& row : {Row{"opencode", ".config/opencode/opencode.jsonc", ".config/opencode/opencode.json"},
                         Row{"amp", ".config/amp/settings.jsonc", ".config/amp/settings.json"},
                         Row{"--project opencode", "project/opencode.jsonc", "project/opencode.json"},
                         Row{"--project amp", "project/.amp/settings.jsonc", "project/.amp/settings.json"},
                         Row{"--project crush", "project/.crush.json", "project/crush.json"}}) {
    INFO(row.words);
    cli.write(cli.home(row.file), "{ }\n");
    cli.run(std::string("setup ") + row.words).expect(0).stderr_has(row.file);
    CHECK_FALSE(fs::exists(cli.home(row.usual)));
    cli.run(std::string("setup --undo ") + row.words).expect(0);
    CHECK(cli.read(cli.home(row.file)) == "{ }\n");
    fs::remove(cli.home(row.file));
    cli.run(std::string("setup ") + row.words).expect(0).stderr_has(row.usual);
  }
}

TEST_CASE("mcphub reads its file below the home directory, wherever other settings are") {
  Cli cli;
  cli.set("XDG_CONFIG_HOME", cli.home("elsewhere")).run("setup mcphub").expect(0);
  CHECK(fs::exists(cli.home(".config/mcphub/servers.json")));
}

TEST_CASE("other settings of the file are not shown") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  cli.write(file, R"({
  // hunter1
  "mcpServers": {
    "a": {"command": "hunter2", "env": {"KEY": "hunter3"}}, // hunter4
    "b": {"url": "hunter5"}
  },
  "other": "hunter6"
})");
  for (const char* words : {"setup cursor", "setup cursor --allow-write", "setup cursor --undo", "setup cursor --json"})
    cli.run(words).expect(0).stdout_lacks("hunter").stderr_lacks("hunter");
  cli.write(cli.home(".codex/config.toml"),
            "[mcp_servers.delegate]\ncommand = \"delegate\"\n[mcp_servers.delegate.env]\nKEY = \"hunter7\"\n");
  cli.run("setup codex").expect(0).stdout_lacks("hunter");
  cli.run("setup codex --undo").expect(0).stdout_lacks("hunter");
}

TEST_CASE("a variable is passed on by name, and its value is written nowhere") {
  Cli cli;
  cli.set("MY_KEY", "hunter22")
      .run("setup codex --env MY_KEY --env OTHER")
      .expect(0)
      .stdout_has("env_vars = [\"DELEGATE_RUN_ID\", \"DELEGATE_DEPTH\", \"MY_KEY\", \"OTHER\"]");
  CHECK(cli.files_with("hunter22").empty());
  const Finished refused =
      cli.run("setup codex --env MY_KEY=hunter22").expect(2).stdout_is("").stderr_lacks("hunter22");
  refused.stderr_has("'MY_KEY' is not just a name").stderr_lines(2);
  for (const char* words : {"setup zed --env MY_KEY", "setup zed --print --env MY_KEY"})
    cli.run(words).expect(2).stdout_is("").stderr_has("no way to name a variable").stderr_lines(2);
  cli.run("setup junie --env MY_KEY").expect(2).stderr_has("hint: whether it passes on its own variables is not");
}

TEST_CASE("setup passes on variables that move delegate's files, so that the editor shares this shell's state") {
  Cli cli;
  cli.run("setup codex").expect(0).stdout_lacks("XDG_");  // they are where HOME alone would put them
  cli.set("XDG_STATE_HOME", cli.home("state"));
  CHECK(editor_of(cli, "codex")["outdated"] == Json{"env_vars"});
  cli.run("setup").expect(0).stdout_has("\ncodex is out of date (env_vars): delegate setup codex\n");
  cli.run("setup codex")
      .expect(0)
      .stdout_has("+env_vars = [\"DELEGATE_RUN_ID\", \"DELEGATE_DEPTH\", \"XDG_STATE_HOME\"]")
      .stderr_has("registration updated");
  cli.run("setup codex").expect(0).stdout_is("").stderr_has("already registered");
  CHECK_FALSE(editor_of(cli, "codex").contains("outdated"));
  for (const char* name : {"claude", "gemini", "cursor", "vscode", "windsurf", "opencode"})
    cli.run(std::string("setup ") + name).expect(0).stdout_has("\"XDG_STATE_HOME\": \"");
  cli.run("setup zed").expect(0).stdout_lacks("XDG_");  // it hands on all that it has
  cli.run("setup --project codex").expect(0).stdout_lacks("XDG_");
  cli.run("setup --undo codex")
      .expect(0)
      .stdout_has("-env_vars = [\"DELEGATE_RUN_ID\", \"DELEGATE_DEPTH\", \"XDG_STATE_HOME\"]");
  cli.unset("XDG_STATE_HOME").set("DELEGATE_CONFIG", cli.config_file());
  cli.run("setup codex")
      .expect(0)
      .stdout_has("+env_vars = [\"DELEGATE_RUN_ID\", \"DELEGATE_DEPTH\", \"DELEGATE_CONFIG\"]");
  cli.run("setup --undo codex").expect(0);
  cli.unset("DELEGATE_CONFIG").set("XDG_CONFIG_HOME", "not/absolute").run("setup codex").expect(0).stdout_lacks("XDG_");
}

TEST_CASE("an editor's agent may have files changed only while it is registered with --allow-write") {
  Cli cli;
  cli.run("setup codex").expect(0).stdout_has("args = [\"mcp\"]");
  cli.run("setup codex --allow-write").expect(0).stdout_has("+args = [\"mcp\", \"--allow-write\"]");
  cli.run("setup codex").expect(0).stdout_has("+args = [\"mcp\"]").stderr_has("registration updated");
}

TEST_CASE("arguments that the user added are kept, and do not make an entry outdated") {
  Cli cli;
  cli.run("setup cursor").expect(0);
  const std::string file = cli.home(".cursor/mcp.json");
  std::string text = cli.read(file);
  const std::string plain = "\"mcp\"";
  REQUIRE(text.find(plain) != std::string::npos);
  text.replace(text.find(plain), plain.size(), R"("--config", "/x.toml", "mcp", "--client-timeout", "60s")");
  cli.write(file, text);
  CHECK_FALSE(editor_of(cli, "cursor").contains("outdated"));
  cli.run("setup cursor").expect(0);
  CHECK(cli.read(file) == text);
  cli.run("setup cursor --allow-write").expect(0);
  const Json args = Json::parse(cli.read(file))["mcpServers"]["delegate"]["args"];
  CHECK(args == Json{"--config", "/x.toml", "mcp", "--allow-write", "--client-timeout", "60s"});
}

TEST_CASE("setup --print shows the entry for one editor or all, and writes nothing") {
  Cli cli;
  const Json snippet = Json::parse(cli.run("setup vscode --print").expect(0).stderr_is("").out);
  CHECK(snippet["servers"]["delegate"]["args"][0] == "mcp");
  CHECK(Json::parse(cli.run("setup vscode --print --project").expect(0).out)["servers"]["delegate"]["command"] ==
        "delegate");
  cli.run("setup windsurf --print --project").expect(2).stdout_is("").stderr_has("has no project settings");
  cli.run("setup --print --project")
      .expect(0)
      .stdout_has("# Claude Code: ~/project/.mcp.json\n")
      .stdout_lacks("# Windsurf");
  const Finished all = cli.run("setup --print").expect(0).stderr_is("");
  for (const char* part : {"# Claude Code: ~/.claude.json\n", "\"context_servers\"", "[mcp_servers.delegate]",
                           "\"servers\"", "\"type\": \"local\""})
    all.stdout_has(part);
  CHECK(cli.run("setup --print --json").expect(0).json()["snippets"].size() == kEditors.size());
  for (const std::string& name : kEditors) CHECK(editor_of(cli, name)["installed"] == false);
}

TEST_CASE("a change is one object as JSON") {
  Cli cli;
  Json done = cli.run("setup claude --json").expect(0).json();
  CHECK(done["schema"] == "delegate.setup_change/1");
  CHECK(done["editor"] == "claude");
  CHECK(done["file"] == cli.home(".claude.json"));
  CHECK(done["change"] == "registered");
  CHECK(done["difference"].get<std::string>().find("+") != std::string::npos);
  Json again = cli.run("setup claude --json").expect(0).json();
  CHECK(again["change"] == "unchanged");
  CHECK_FALSE(again.contains("difference"));
}

TEST_CASE("setup reports a failure in one line and a hint") {
  Cli cli;
  cli.run("setup emacs").expect(2).stderr_has("'emacs' is not one of claude, codex");
  cli.run("setup --undo").expect(2).stderr_has("EDITOR is missing").stderr_lines(2);
  cli.run("setup claude --undo --allow-write").expect(2).stderr_lines(2);
  cli.unset("HOME").run("setup claude").expect(3).stderr_has("HOME is not set").stderr_lines(2);
  cli.run("setup").expect(0).stdout_has("no editor found");
  cli.run("setup claude --print").expect(0).stdout_has("mcpServers");
  cli.run("setup --print").expect(0).stdout_has("# Claude Code\n");
}

TEST_CASE("setup works with an invalid configuration") {
  Cli cli;
  cli.config("this is no TOML").run("setup claude").expect(0);
}
