#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/cli/own_mounts.hpp"

// `setup`: delegate among the servers of an editor.
using namespace delegate::test;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kEditors{"claude", "codex", "gemini", "cursor", "vscode", "zed", "windsurf", "opencode"};

unsigned file_mode(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

Json editor_of(Cli& cli, const std::string& name) {
  const Json all = cli.run("setup --json").expect(0).json();
  CHECK(all["schema"] == "delegate.setup/1");
  for (const Json& one : all["editors"])
    if (one["name"] == name) return one;
  FAIL("no editor " << name);
  return {};
}

}  // namespace

TEST_CASE("setup registers this program, reports it, and can undo it") {
  Cli cli;
  for (const std::string& name : kEditors) {
    INFO(name);
    cli.run("setup " + name)
        .expect(0)
        .stdout_has(DELEGATE_BINARY)
        .stdout_has("\n+")
        .stderr_begins("delegate: registered with ");
    Json editor = editor_of(cli, name);
    CHECK(editor["state"] == "registered");
    CHECK(editor["command"] == DELEGATE_BINARY);
    const std::string file = editor["file"];
    const std::string text = cli.read(file);
    cli.run("setup " + name)
        .expect(0)
        .stdout_is("")
        .stderr_begins("delegate: already registered with ")
        .stderr_lines(1);
    CHECK(cli.read(file) == text);
    cli.run("setup --undo " + name).expect(0).stdout_has("\n-").stderr_begins("delegate: registration removed from ");
    CHECK(editor_of(cli, name)["state"] == "not_registered");
    cli.run("setup --undo " + name).expect(0).stdout_is("").stderr_begins("delegate: not registered with ");
  }
  for (const auto& entry : fs::recursive_directory_iterator(cli.home()))
    CHECK(entry.path().string().find(".json.") == std::string::npos);  // nothing temporary, no backup
}

TEST_CASE("setup without an argument lists the editors that are installed and writes nothing") {
  Cli cli;
  cli.run("setup").expect(0).stderr_is("").stdout_has("no editor found").stdout_has("not found: claude, codex");
  cli.install("gemini");
  fs::create_directories(cli.home(".codeium/windsurf"));
  const Finished listed = cli.run("setup").expect(0).stderr_is("");
  listed.stdout_has("gemini    " + cli.file("bin/gemini")).stdout_has("not registered: delegate setup gemini");
  listed.stdout_has("windsurf  ~/.codeium/windsurf");
  listed.stdout_has("not found: claude, codex, cursor, vscode, zed, opencode");
  CHECK_FALSE(fs::exists(cli.home(".gemini")));
}

TEST_CASE("the list shows what is registered: this program, another, a missing one, or something else") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  const auto state = [&](const std::string& command) {
    cli.write(file, R"({"mcpServers": {"delegate": {"command": ")" + command + R"("}}})");
    return editor_of(cli, "cursor")["state"].get<std::string>();
  };
  CHECK(state(DELEGATE_BINARY) == "registered");
  cli.install("delegate-next");
  CHECK(state(cli.file("bin/delegate-next")) == "registered_elsewhere");
  CHECK(state(cli.file("bin/delegate")) == "program_gone");
  cli.run("setup").expect(0).stdout_has("which does not exist: delegate setup cursor");
  CHECK(state("npx") == "name_taken");
  cli.write(file, "{");
  CHECK(editor_of(cli, "cursor")["state"] == "unreadable");
  cli.run("setup").expect(0).stdout_has("cannot be read: ~/.cursor/mcp.json: line 1, column 2");
}

TEST_CASE("setup registers the path of the `delegate` on PATH when that is this program") {
  Cli cli;
  fs::create_symlink(DELEGATE_BINARY, cli.file("bin/delegate"));
  cli.run("setup cursor").expect(0).stdout_has("\"" + cli.file("bin/delegate") + "\"");
  CHECK(editor_of(cli, "cursor")["state"] == "registered");
  fs::remove(cli.file("bin/delegate"));
  cli.install("delegate");  // another program of this name
  cli.run("setup cursor").expect(0).stdout_has(std::string("+      \"command\": \"") + DELEGATE_BINARY);
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
        Row{"opencode", "OPENCODE_CONFIG_DIR", "/opencode.json"}, Row{"opencode", "OPENCODE_CONFIG", ""}}) {
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

TEST_CASE("a settings file keeps its mode, and a symbolic link is kept") {
  Cli cli;
  const std::string real = cli.home("dotfiles/zed.json");
  cli.write(real, "{}\n");
  fs::permissions(real, fs::perms(0640));
  fs::create_directories(cli.home(".config/zed"));
  fs::create_symlink(real, cli.home(".config/zed/settings.json"));
  cli.run("setup zed").expect(0);
  CHECK(fs::is_symlink(cli.home(".config/zed/settings.json")));
  CHECK(file_mode(real) == 0640);
  CHECK(cli.read(real).find("context_servers") != std::string::npos);
  cli.run("setup claude").expect(0);
  CHECK(file_mode(cli.home(".claude.json")) == 0600);
}

TEST_CASE("an invalid, write-protected or irregular settings file and a dangling link are left unchanged") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  const auto refused = [&](int code, const std::string& why) {
    const Finished done = cli.run("setup cursor").expect(code).stdout_is("").stderr_begins("delegate: setup: " + file);
    done.stderr_has(why).stderr_has("\nhint: ").stderr_lines(2);
    CHECK(cli.run("setup cursor --json").expect(code).json().contains("error"));
  };
  cli.write(file, "{\"mcpServers\": {\"a\": }}");
  refused(3, "line 1, column 22: expected a value");
  CHECK(cli.read(file) == "{\"mcpServers\": {\"a\": }}");
  cli.write(file, "{\"mcpServers\": 1}");
  refused(3, "mcpServers is not an object");
  cli.write(file, "{}");
  fs::permissions(file, fs::perms(0444));
  refused(6, "is write-protected");
  fs::remove(file);
  fs::create_directory(file);
  refused(6, "is not a regular file");
  fs::remove(file);
  fs::create_symlink(cli.home("nowhere"), file);
  refused(6, "is a link to a file that does not exist");
  CHECK(fs::is_symlink(file));
}

TEST_CASE("a file of another user is not written to") {
  if (::geteuid() != 0) {
    delegate_tests::skip_visibly("only root can create a file of another user");
    return;
  }
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  cli.write(file, "{}");
  REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
  cli.run("setup cursor").expect(6).stdout_is("").stderr_has("belongs to another user");
  CHECK(cli.read(file) == "{}");
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
}

TEST_CASE("setup passes on variables that move delegate's files, so that the editor shares this shell's state") {
  Cli cli;
  cli.run("setup codex").expect(0).stdout_lacks("XDG_");  // they are where HOME alone would put them
  cli.set("XDG_STATE_HOME", cli.home("state"));
  CHECK(editor_of(cli, "codex")["outdated"] == Json{"env_vars"});
  cli.run("setup").expect(0).stdout_has("registered, out of date (env_vars): delegate setup codex");
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
}

TEST_CASE("setup works with an invalid configuration") {
  Cli cli;
  cli.config("this is no TOML").run("setup claude").expect(0);
}

TEST_CASE("a full disk leaves an editor's settings as they were") {
  Cli cli;
  const auto said = in_own_mounts(cli,
                                  "mkdir .cursor; mount -t tmpfs -o size=8k none .cursor\n"
                                  "echo '{}' > .cursor/mcp.json; head -c 4096 /dev/zero > .cursor/full\n"
                                  "$DELEGATE setup cursor || echo exit $?\nls .cursor; cat .cursor/mcp.json");
  if (!said) return;
  said->expect(0).stdout_is("exit 70\nfull\nmcp.json\n{}\n").stderr_has(".cursor/mcp.json");
}
