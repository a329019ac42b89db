#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "tests/cli/own_mounts.hpp"
#include "tests/cli/setup_editors.hpp"

// `setup`: what becomes of the file of an editor.
using namespace delegate::test;
namespace fs = std::filesystem;

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
  refused(3, "mcpServers is a number, not an object");
  cli.write(file, "{\"a\": 1}\n{\"b\": 2}");
  refused(3, "line 2, column 1: unexpected text after the end");
  cli.write(file, std::string("\xFF\xFE{\0}\0", 6));
  refused(3, "is UTF-16, and only UTF-8 can be edited");
  cli.write(file, std::string("{\0}", 3));
  refused(3, "has a NUL byte at offset 1");
  cli.write(file, "{}");
  fs::permissions(file, fs::perms(0444));
  refused(6, "is write-protected");
  fs::remove(file);
  fs::create_directory(file);
  refused(6, "is not a regular file");
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  refused(6, "is not a regular file");
  CHECK(editor_of(cli, "cursor")["problem"] == "is not a regular file");  // without waiting for a writer
  fs::remove(file);
  fs::create_symlink(cli.home("nowhere"), file);
  refused(6, "is a link to a file that does not exist");
  CHECK(fs::is_symlink(file));
}

TEST_CASE("a file in a directory that cannot be written to is left unchanged, with the reason") {
  Cli cli;
  const auto said = in_own_mounts(cli,
                                  "mkdir .cursor; echo '{}' > .cursor/mcp.json; mount --bind .cursor .cursor\n"
                                  "mount -o remount,bind,ro .cursor\n"
                                  "$DELEGATE setup cursor || echo exit $?\nls .cursor; cat .cursor/mcp.json");
  if (!said) return;
  said->expect(0).stdout_is("exit 6\nmcp.json\n{}\n").stderr_has("/.cursor/mcp.json: read-only file system\nhint: ");
}

TEST_CASE("a large settings file is edited") {
  Cli cli;
  std::string projects = "\"projects\": {";
  for (int i = 0; i < 4000; ++i)
    projects += "\n  \"/p" + std::to_string(i) + "\": {\"history\": [\"" + std::string(400, 'x') + "\"]},";
  cli.write(cli.home(".claude.json"), "{\n" + projects + "\n}}\n");
  cli.run("setup claude").expect(0).stdout_has("+  \"delegate\": {");
  std::string toml;
  for (int i = 0; i < 6000; ++i) toml += "[projects.\"/p" + std::to_string(i) + "\"]\ntrust_level = \"trusted\"\n";
  REQUIRE(toml.size() > (256U << 10U));
  cli.write(cli.home(".codex/config.toml"), toml);
  cli.run("setup codex").expect(0).stdout_has("+[mcp_servers.delegate]");
  cli.run("setup codex --undo").expect(0);
  CHECK(cli.read(cli.home(".codex/config.toml")) == toml);
}

TEST_CASE("a file with several names keeps all of them, and its group and extended attributes") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  const std::string other = cli.home("dotfiles/cursor.json");
  cli.write(other, "{\"mcpServers\": { }}");
  fs::create_directories(cli.home(".cursor"));
  fs::create_hard_link(other, file);
  cli.run("setup cursor").expect(0);
  CHECK(fs::hard_link_count(file) == 2);
  CHECK(cli.read(other).find("\"delegate\"") != std::string::npos);
  cli.run("setup cursor --undo").expect(0);
  CHECK(cli.read(other) == "{\"mcpServers\": { }}");
  CHECK(fs::equivalent(file, other));
  CHECK_FALSE(fs::exists(file + ".delegate-backup"));

  const std::string zed = cli.home(".config/zed/settings.json");
  cli.write(zed, "{}");
  if (::setxattr(zed.c_str(), "user.note", "mine", 4, 0) != 0) {
    delegate_tests::skip_visibly("no extended attributes here");
    return;
  }
  cli.run("setup zed").expect(0);
  std::string note(8, '\0');
  REQUIRE(::getxattr(zed.c_str(), "user.note", note.data(), note.size()) == 4);
  CHECK(note.starts_with("mine"));
}

TEST_CASE("a change that was interrupted is reported by setup, its list and doctor, until the backup is gone") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  const std::string backup = file + ".delegate-backup";
  cli.run("setup cursor").expect(0);
  const std::string whole = cli.read(file);
  for (const std::string& found : {std::string("{\"mcpServers\": {"), whole}) {
    cli.write(file, found);
    cli.write(backup, "{}");
    for (const char* words : {"setup cursor", "setup cursor --undo"})
      cli.run(words)
          .expect(6)
          .stdout_is("")
          .stderr_begins("delegate: setup: " + file + ": an interrupted change left " + backup + "\n")
          .stderr_has("\nhint: to restore the old content: cat " + backup + " > " + file + "; then, or if the file is ")
          .stderr_lines(2);
    CHECK(editor_of(cli, "cursor")["state"] == "interrupted");
    CHECK(editor_of(cli, "cursor")["remedy"].get<std::string>().starts_with("to restore the old content: cat "));
    cli.run("setup").expect(0).stdout_has("cursor: ~/.cursor/mcp.json: an interrupted change left");
    CHECK(cli.run("doctor").out.find("an interrupted change left " + backup) != std::string::npos);
    CHECK(cli.read(file) == found);
    fs::remove(backup);
  }
  cli.run("setup cursor --undo").expect(0);
}

TEST_CASE("changes at the same time keep all records, and each file is restored") {
  Cli cli;
  std::vector<Running> all;
  for (const std::string& name : kEditors) all.push_back(cli.start("setup " + name));
  for (Running& one : all) CHECK(one.finish().exit_code == 0);
  const Json records = Json::parse(cli.read(cli.home(".local/state/delegate/setup.json")));
  CHECK(records["files"].size() == kEditors.size());
}

TEST_CASE("a file with several names is written where nothing can be reserved for it") {
  Cli cli;
  const auto said =
      in_own_mounts(cli,
                    "mkdir .cursor; mount -t ramfs none .cursor\n"
                    "printf '{\"a\": \"%05000d\"}' 1 > .cursor/mcp.json; ln .cursor/mcp.json .cursor/other\n"
                    "$DELEGATE setup cursor > said || echo exit $?\nls .cursor; grep -c mcpServers .cursor/other");
  if (!said) return;
  said->expect(0).stdout_is("mcp.json\nother\n1\n");
}

TEST_CASE("an undo restores a file byte for byte, and removes one that was created") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  for (const char* before : {"{\"mcpServers\": {}}", "{\n  \"mcpServers\": {\n  }\n}\n", "{ }", "{}\n", "", "\n\n",
                             "// mine\n", "{\"mcpServers\": {\"a\": {}}}", "{\"mcpServers\": { /* none yet */ }}"}) {
    INFO(before);
    cli.write(file, before);
    cli.run("setup cursor").expect(0);
    cli.run("setup cursor --allow-write").expect(0);
    cli.run("setup cursor --undo").expect(0);
    CHECK(cli.read(file) == before);
  }
  const std::string config = cli.home(".codex/config.toml");
  for (const char* before : {"[mcp_servers]\n", "", "\n", "model = \"x\"", "# none\n[mcp_servers]  # mine\n\n"}) {
    INFO(before);
    cli.write(config, before);
    cli.run("setup codex").expect(0);
    cli.run("setup codex --undo").expect(0);
    CHECK(cli.read(config) == before);
  }
  cli.run("setup vscode").expect(0);
  cli.run("setup vscode --undo").expect(0);
  CHECK_FALSE(fs::exists(cli.home(".config/Code")));
  fs::create_directories(cli.home(".kiro"));
  cli.run("setup kiro").expect(0);
  cli.write(cli.home(".kiro/settings/other"), "");
  cli.run("setup kiro --undo").expect(0);
  CHECK(fs::exists(cli.home(".kiro/settings/other")));
  CHECK_FALSE(fs::exists(cli.home(".kiro/settings/mcp.json")));
  CHECK(cli.read(cli.home(".local/state/delegate/setup.json")).find("mcp.json") == std::string::npos);
}

TEST_CASE("without its record an undo leaves valid settings, and a registration works without a place for one") {
  Cli cli;
  const std::string file = cli.home(".cursor/mcp.json");
  cli.run("setup cursor").expect(0);
  fs::remove(cli.home(".local/state/delegate/setup.json"));
  cli.run("setup cursor --undo").expect(0);
  CHECK(cli.read(file) == "{}\n");
  const std::string records = cli.home(".local/state/delegate/setup.json");
  cli.write(records, "{");
  cli.run("setup cursor").expect(0).stderr_has("delegate/setup.json: damaged: it has no records of files");
  CHECK(cli.read(records) == "{");
  const std::string registered = cli.read(file);
  const Finished refused = cli.run("setup cursor --undo").expect(3).stdout_is("").stderr_lines(2);
  refused.stderr_begins("delegate: setup: " + records + ": damaged").stderr_has("\nhint: remove it; an undo is then ");
  CHECK(cli.read(file) == registered);
  fs::remove(records);
  cli.run("setup cursor --undo")
      .expect(0)
      .stderr_has("delegate: how the file was before is not recorded: what became empty was removed with the entry\n");
  CHECK(cli.read(file) == "{}\n");
  cli.write(cli.home("no_directory"), "");
  cli.set("XDG_STATE_HOME", cli.home("no_directory"));
  cli.run("setup cursor").expect(0).stderr_has("delegate: how the file was before is not recorded: ");
}

TEST_CASE("a record that does not fit the file any more removes no file of yours") {
  Cli cli;
  const std::string file = cli.home(".kiro/settings/mcp.json");
  const std::string records = cli.home(".local/state/delegate/setup.json");
  const std::string mine = R"({ "mcpServers": { "delegate": { "command": "delegate", "args": ["mcp"] } } })";
  cli.run("setup kiro").expect(0);
  fs::remove(file);
  cli.write(file, mine);
  cli.run("setup kiro --undo").expect(0).stderr_begins("delegate: registration removed from ");
  CHECK(fs::exists(file));
  CHECK(cli.read(records).find("mcp.json") == std::string::npos);

  fs::remove_all(cli.home(".kiro"));
  cli.run("setup kiro").expect(0);
  fs::remove(file);
  cli.run("setup kiro --undo").expect(0).stderr_begins("delegate: not registered with ");
  CHECK_FALSE(fs::exists(cli.home(".kiro")));
  cli.run("setup kiro").expect(0);
  fs::remove(file);
  cli.run("setup kiro").expect(0);
  cli.run("setup kiro --undo").expect(0);
  CHECK_FALSE(fs::exists(cli.home(".kiro")));
  CHECK(cli.read(records).find("mcp.json") == std::string::npos);
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

TEST_CASE("a full disk leaves an editor's settings as they were") {
  Cli cli;
  const auto said = in_own_mounts(cli,
                                  "mkdir .cursor; mount -t tmpfs -o size=8k none .cursor\n"
                                  "echo '{}' > .cursor/mcp.json; head -c 4096 /dev/zero > .cursor/full\n"
                                  "$DELEGATE setup cursor || echo exit $?\nls .cursor; cat .cursor/mcp.json");
  if (!said) return;
  said->expect(0).stdout_is("exit 70\nfull\nmcp.json\n{}\n").stderr_has(".cursor/mcp.json");
}
