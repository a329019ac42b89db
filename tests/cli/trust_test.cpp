#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "tests/cli/own_mounts.hpp"

// Whose project's file counts, and what it may say.
using namespace delegate::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kBold =
    "[router]\norder = [\"codex\"]\nlocal = \"\"\n[backends.codex]\nkind = \"command\"\n"
    "command = [\"" FAKE_CLI "\", \"--read-stdin\", \"--say\", \"from the project\"]\n";

/// A world with a project whose file says what runs.
struct Project {
  Cli cli;
  std::string directory = cli.home("project");
  std::string path = cli.home("project/delegate.toml");
  std::string store = cli.home(".local/state/delegate/trusted.json");

  explicit Project(const std::string& text = kBold) { cli.write(path, text); }
  void answers() { cli.run("ask hello").expect(0).stdout_is("from the project\n"); }
  Finished refuses() { return cli.run("ask hello").expect(6).stdout_is("").stderr_has("not trusted"); }
};

/// Needs no trust.
constexpr const char* kHarmless = "[router]\norder_light = [\"codex\"]\n";
bool is_used(Cli& cli) {
  return cli.run("config show router.order_light").expect(0).out.find("order_light = [\"codex\"]") != std::string::npos;
}

/// Nothing is said of it, and nothing of it holds.
void is_ignored(Cli& cli, const std::string& notice) {
  const Finished said = cli.run("config show router.order_light").expect(0);
  said.stdout_has("(built-in)").stderr_is("delegate: " + notice + "\n");
}

}  // namespace

TEST_CASE("a project's file that sets what runs is rejected until it is trusted, and again after any change") {
  Project project;
  Cli& cli = project.cli;
  cli.run("ask hello")
      .expect(6)
      .stdout_is("")
      .stderr_is("delegate: " + project.path +
                 ": not trusted, but sets backends.codex.kind (line 5), backends.codex.command (line 6)\n"
                 "hint: read it, then `delegate trust " +
                 project.directory + "`; or put it into ~/.config/delegate/delegate.toml\n");
  cli.run("trust").expect(0).stderr_is("").stdout_is(
      "line 5: backends.codex.kind = \"command\"\nline 6: backends.codex.command = [\"" FAKE_CLI
      "\", \"--read-stdin\", \"--say\", \"from the project\"]\n" +
      project.path + " is now trusted until it changes\n");
  project.answers();
  cli.write(project.path, std::string(kBold) + "\n");
  cli.run("ask hello")
      .expect(6)
      .stdout_is("")
      .stderr_has(project.path + ": has changed since it was trusted, and sets");
  cli.write(project.path, kBold);
  project.answers();
  cli.run("trust").expect(0).stdout_has("is already trusted until it changes");
}

TEST_CASE("every command that needs the configuration fails, and JSON says `blocked`") {
  Project project;
  for (const char* words : {"status", "backends", "ping", "breaker list", "ask hello"}) {
    INFO(words);
    project.cli.run(words).expect(6).stdout_is("").stderr_has("not trusted");
    Json json = project.cli.run(words + std::string(" --json")).expect(6).json();
    CHECK(json["error"]["outcome"] == "blocked");
    CHECK(json["error"]["hint"].get<std::string>().find("delegate trust " + project.directory) != std::string::npos);
  }
  project.cli.run("config check").expect(6).stdout_is("").stderr_has("not trusted");
  Json check = project.cli.run("config check --json").expect(6).json();
  CHECK(check["ok"] == false);
  CHECK(check["problems"].size() == 2);
  CHECK(check["problems"][0]["needs_trust"] == true);
  project.cli.run("config show router.order")
      .expect(6)
      .stdout_has("project/delegate.toml:2)")
      .stderr_has("not trusted");
  CHECK_FALSE(fs::exists(project.cli.state_file()));
  CHECK_FALSE(fs::exists(project.store));
}

TEST_CASE("failure wordings of an untrusted project are ignored with a warning, and hold once it is trusted") {
  Project project("[[backends.codex.failures]]\nmatch = \"FOO\"\noutcome = \"overloaded\"\n");
  Cli& cli = project.cli;
  cli.input("Error: FOO\n");
  cli.run("explain-failure codex")
      .expect(0)
      .stdout_lacks("failures[0]")
      .stderr_has(": not trusted, so these are ignored: backends.codex.failures (line 1)");
  cli.run("trust").expect(0);
  cli.run("explain-failure codex").expect(0).stdout_has("backends.codex.failures[0]: FOO").stderr_is("");
}

TEST_CASE("an untrusted file with other mistakes is reported as invalid, not only as blocked") {
  Project project(std::string(kBold) + "timeuot = 3\n");
  project.cli.run("ask hello")
      .expect(3)
      .stdout_is("")
      .stderr_has(":7:1: backends.codex.timeuot: unknown key")
      .stderr_has("not trusted, but sets");
  CHECK(project.cli.run("ask --json hello").expect(3).json()["error"]["outcome"] == "configuration");
  project.cli.run("trust").expect(3).stdout_is("").stderr_has("unknown key").stderr_has("not trusted: it has errors");
  CHECK_FALSE(fs::exists(project.store));
}

TEST_CASE("an untrusted backend that is nearly a known one is probably a typo") {
  Project project("[backends.codx]\nmodel = \"x\"\n");
  project.refuses().stderr_has("not trusted, but sets backends.codx (line 1, did you mean `codex`?)\n");
}

TEST_CASE("a trusted file is named where it is in use") {
  Project project;
  project.cli.run("trust").expect(0);
  project.cli.run("status").expect(0).stderr_is("delegate: " + project.path + ": in use, trusted\n");
  project.cli.run("config show codex.command").expect(0).stdout_has("(~/project/delegate.toml:6, trusted)  ");
  project.cli.run("config check").expect(0).stdout_has(project.path + " (trusted)");
  project.cli.run("config path").expect(0).stdout_has("used, trusted");
  project.cli.run("ask hello").expect(0).stderr_lacks("trusted");
}

TEST_CASE("a file that sets nothing that runs, or only built-in values, needs no trust") {
  Project project(std::string(kHarmless) + "[backends.codex]\ncommand = \"codex\"\n[state]\nstore = \"sqlite\"\n");
  project.cli.run("trust").expect(0).stdout_is(project.path + " sets nothing that needs trust: it is used as it is\n");
  CHECK(project.cli.run("trust --json").expect(0).json()["trusted"] == false);
  CHECK_FALSE(fs::exists(project.store));
  CHECK(is_used(project.cli));
}

TEST_CASE("a trusted project may define its own backend") {
  Project project(
      "[router]\norder = [\"mine\"]\nlocal = \"\"\n[backends.mine]\nkind = \"command\"\ncommand = [\"" FAKE_CLI
      "\", \"--read-stdin\", \"--say\", \"from the project\"]\n");
  project.cli.run("ask hello").expect(3).stderr_has("not trusted, but sets backends.mine (line 4)");
  project.cli.run("trust").expect(0).stdout_has(
      "line 5: backends.mine.kind = \"command\"\nline 6: backends.mine.command");
  project.answers();
}

TEST_CASE("trust shows characters that a terminal would hide") {
  Project project("[backends.codex]\ncommand = [\"codex\", \"\\u001b[8m\\u202e\"]\n");
  project.cli.run("trust").expect(0).stdout_has(R"(["codex", "\u001B[8m\u202E"])").stdout_lacks("\x1B");
}

TEST_CASE("trust finds the file as ask would, from a directory, from below, and by the file itself") {
  Project project;
  Cli& cli = project.cli;
  cli.write(cli.home("project/sub/deep/x"), "");
  const std::string words =
      GENERATE(as<std::string>(), "trust", "trust .", "trust ./sub/deep/", "trust sub/..", "trust delegate.toml");
  CHECK(cli.run(words + " --json").expect(0).json()["path"] == project.path);
  project.answers();
  cli.in_directory(cli.home("project/sub/deep"));
  project.answers();
  cli.run("trust --forget").expect(0).stdout_is(project.path + " is no longer trusted\n");
  project.refuses();
}

TEST_CASE("trust fails for a file or directory that does not exist") {
  Cli cli;
  cli.run("trust")
      .expect(3)
      .stdout_is("")
      .stderr_has("no delegate.toml in " + cli.home("project") + " or above: ")
      .stderr_has(cli.home() + " is the home directory");
  cli.run("trust nowhere").expect(2).stdout_is("").stderr_has("project/nowhere: not a directory");
  cli.run("trust --list --forget").expect(2).stdout_is("");
  cli.run("trust --list here").expect(2).stdout_is("");
  cli.write(cli.home("project/.git/HEAD"), "");
  cli.run("trust").expect(3).stderr_has(cli.home("project") + " is the root of its repository");
}

TEST_CASE("trust --list shows which files are trusted, changed or missing") {
  Cli cli;
  cli.run("trust --list").expect(0).stdout_is("no project file is trusted\n");
  for (const char* name : {"a", "b", "c", "d"}) {
    cli.write(cli.home(std::string(name) + "/delegate.toml"), kBold);
    cli.run("trust " + cli.home(name)).expect(0);
  }
  cli.write(cli.home("b/delegate.toml"), "# other\n");
  fs::remove(cli.home("c/delegate.toml"));
  fs::permissions(cli.home("d/delegate.toml"), fs::perms::all);
  Json json = cli.run("trust --list --json").expect(0).json();
  CHECK(json["schema"] == "delegate.trust_list/1");
  REQUIRE(json["files"].size() == 4);
  const std::vector<std::string> states{"trusted", "changed since", "gone", "ignored: it is writable by everyone"};
  for (std::size_t i = 0; i < states.size(); ++i) CHECK(json["files"][i]["state"] == states[i]);
  cli.run("trust --list").expect(0).stdout_has("changed since").stdout_has(cli.home("b/delegate.toml"));
  fs::remove_all(cli.home("c"));
  cli.run("trust --forget " + cli.home("c")).expect(0).stdout_has("is no longer trusted");
  cli.run("trust --forget " + cli.home("c")).expect(0).stdout_has("was not trusted");
  CHECK(cli.run("trust --list --json").expect(0).json()["files"].size() == 3);
}

TEST_CASE("trust belongs to a place: the same text elsewhere, or a link to it, has none") {
  Project project;
  Cli& cli = project.cli;
  cli.run("trust").expect(0);
  cli.write(cli.home("copy/delegate.toml"), kBold);
  cli.run("ask -C ../copy hello").expect(6).stderr_has("not trusted");
  fs::create_directories(cli.home("linked"));
  fs::create_symlink(project.path, cli.home("linked/delegate.toml"));
  cli.run("ask -C ../linked hello").expect(6).stderr_has(cli.home("linked/delegate.toml") + ": not trusted");
  fs::create_directory_symlink(project.directory, cli.home("alias"));
  cli.run("ask -C ../alias hello").expect(0).stdout_is("from the project\n");
}

TEST_CASE("trust of a symbolic link depends on its target") {
  Cli cli;
  cli.answers("codex");
  const std::string target = cli.file("target.toml");
  const std::string path = cli.home("project/delegate.toml");
  cli.write(target, kHarmless);
  fs::create_symlink(target, path);
  CHECK(is_used(cli));
  fs::permissions(target, fs::perms::others_write, fs::perm_options::add);
  is_ignored(cli, path + ": ignored: it is writable by everyone");
  fs::remove(target);
  is_ignored(cli, path + ": ignored: it is a broken link");
}

TEST_CASE("a world-writable file is ignored and cannot be trusted, and a group-writable one can") {
  Cli cli;
  cli.answers("codex");
  const std::string path = cli.home("project/delegate.toml");
  cli.write(path, kHarmless);
  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
  CHECK(is_used(cli));
  fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
  is_ignored(cli, path + ": ignored: it is writable by everyone");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("ignored").stderr_lines(1);
  cli.run("config path").expect(0).stdout_has("ignored: it is writable by everyone");
  cli.run("trust").expect(6).stdout_is("").stderr_has("it is writable by everyone");
}

TEST_CASE("an irregular file is ignored without waiting for it") {
  Cli cli;
  const std::string path = cli.home("project/delegate.toml");
  SECTION("a FIFO") { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  SECTION("a directory") { fs::create_directory(path); }
  SECTION("a device") { fs::create_symlink("/dev/zero", path); }
  is_ignored(cli, path + ": ignored: it is not a regular file");
  cli.run("trust").expect(6).stdout_is("");
}

TEST_CASE("another user's file is ignored, and so is a file in another user's directory") {
  if (::geteuid() != 0) {
    delegate_tests::skip_visibly("only root can change the owner of a file");
    return;
  }
  constexpr uid_t kSomebody = 54321;
  Cli cli;
  cli.answers("codex");
  const std::string path = cli.home("project/delegate.toml");
  cli.write(path, kHarmless);
  CHECK(is_used(cli));
  SECTION("their file") {
    REQUIRE(::chown(path.c_str(), kSomebody, kSomebody) == 0);
    is_ignored(cli, path + ": ignored: it is owned by another user");
    cli.run("trust").expect(6).stdout_is("").stderr_has("it is owned by another user");
  }
  SECTION("a link to their file") {
    cli.write(cli.file("theirs.toml"), kHarmless);
    REQUIRE(::chown(cli.file("theirs.toml").c_str(), kSomebody, kSomebody) == 0);
    fs::remove(path);
    fs::create_symlink(cli.file("theirs.toml"), path);
    is_ignored(cli, path + ": ignored: it is owned by another user");
  }
  SECTION("our file in their directory") {
    REQUIRE(::chown(cli.home("project").c_str(), kSomebody, kSomebody) == 0);
    is_ignored(cli, path + ": ignored: its directory is owned by another user");
    cli.write(cli.home("project/sub/x"), "");
    cli.in_directory(cli.home("project/sub"));
    is_ignored(cli, path + ": ignored: its directory is owned by another user");
  }
}

TEST_CASE("the search does not leave a file system") {
  Project project(kHarmless);
  const auto said = in_own_mounts(project.cli,
                                  "mkdir project/disk project/plain; mount -t tmpfs none project/disk\n"
                                  "cd ~/project/plain; $DELEGATE config show router.order_light\n"
                                  "cd ~/project/disk; $DELEGATE config show router.order_light; $DELEGATE config path");
  if (!said) return;
  said->expect(0).stdout_has(
      "(~/project/delegate.toml:2)  router.order_light = [\"codex\"]\n(built-in)  router.order_light = []\n");
  said->stdout_has(project.directory + " is on another file system");
}

TEST_CASE("the search ends before the home directory, whatever it is called") {
  Cli cli;
  cli.answers("codex").write(cli.home("delegate.toml"), kHarmless);
  CHECK_FALSE(is_used(cli));
  cli.in_directory(cli.home());
  CHECK_FALSE(is_used(cli));
  fs::create_directory_symlink(cli.home(), cli.file("alias"));
  cli.set("HOME", cli.file("alias"));
  CHECK_FALSE(is_used(cli));
  cli.set("HOME", cli.file("elsewhere"));
  CHECK(is_used(cli));
}

TEST_CASE("two concurrent trust commands are both recorded") {
  Cli cli;
  std::vector<Running> all;
  for (int i = 0; i < 8; ++i) {
    const std::string directory = cli.home("p" + std::to_string(i));
    cli.write(directory + "/delegate.toml", kBold);
    all.push_back(cli.start("trust " + directory));
  }
  for (Running& one : all) one.finish().expect(0);
  Json json = cli.run("trust --list --json").expect(0).json();
  REQUIRE(json["files"].size() == 8);
  for (const Json& file : json["files"]) CHECK(file["state"] == "trusted");
}

TEST_CASE("the list of trusted files is private, and no temporary file stays beside it") {
  Project project;
  project.cli.run("trust").expect(0);
  struct stat facts {};
  REQUIRE(::stat(project.store.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  REQUIRE(::stat(fs::path(project.store).parent_path().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0700);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(project.store).parent_path()))
    names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"trusted.json", "trusted.json.lock"});
}

TEST_CASE("a damaged list of what is trusted is an error, and nothing is trusted") {
  Project project;
  project.cli.run("trust").expect(0);
  const std::string whole = project.cli.read(project.store);
  const std::string damaged =
      GENERATE_COPY(as<std::string>(), "", "nonsense", "[]", "{}", "{\"schema\":\"delegate.trusted/2\",\"files\":[]}",
                    "{\"schema\":\"delegate.trusted/1\",\"files\":{}}",
                    "{\"schema\":\"delegate.trusted/1\",\"files\":[{\"path\":3,\"text\":\"\",\"since\":\"\"}]}",
                    "{\"schema\":\"delegate.trusted/1\",\"files\":[null]}", std::string(100'000, '['), "\xFF\xFE\x00",
                    whole.substr(0, whole.size() / 2));
  project.cli.write(project.store, damaged);
  project.refuses().stderr_has(project.store + ": damaged").stderr_has("hint: remove it");
  project.cli.run("trust").expect(3).stdout_is("").stderr_has("damaged");
  project.cli.run("trust --list").expect(3).stdout_is("").stderr_has("damaged");
  project.cli.run("trust --forget").expect(3).stdout_is("").stderr_has("damaged");
  CHECK(project.cli.read(project.store) == damaged);
  project.cli.write(project.path, kHarmless);
  project.cli.run("config check").expect(0).stderr_is("");
}

TEST_CASE("a list of trusted files that other users can write is ignored") {
  Project project;
  project.cli.run("trust").expect(0);
  fs::permissions(project.store, fs::perms::group_write, fs::perm_options::add);
  project.refuses().stderr_has(project.store + ": other users can write to it");
  project.cli.run("trust").expect(70).stdout_is("");
}

TEST_CASE("trust reports that the list cannot be written") {
  Project project;
  SECTION("the directory is a file") {
    project.cli.write(project.cli.file("file"), "");
    project.cli.set("XDG_STATE_HOME", project.cli.file("file"));
    project.cli.run("trust").expect(70).stdout_is("").stderr_has(project.cli.file("file"));
    project.refuses();
  }
  SECTION("there is no home") {
    project.cli.unset("XDG_STATE_HOME").unset("HOME");
    project.cli.run("trust").expect(3).stdout_is("").stderr_has("neither XDG_STATE_HOME nor HOME is set");
    project.refuses();
  }
  SECTION("it is read-only") {
    const auto said = in_own_mounts(project.cli,
                                    "mkdir -p .local/state; mount -t tmpfs -o ro none .local/state\n"
                                    "cd project; $DELEGATE trust || echo exit $?");
    if (said) said->expect(0).stdout_is("exit 70\n").stderr_has("read-only file system");
  }
}

TEST_CASE("a file that is too large or no text is refused, not trusted") {
  Project project;
  SECTION("a megabyte") {
    project.cli.write(project.path, std::string(kBold) + "#" + std::string(1 << 20, 'x'));
    project.cli.run("ask hello").expect(3).stdout_is("").stderr_has(project.path + ": read: more than 1048576 bytes");
  }
  SECTION("a third of it") {
    project.cli.write(project.path, std::string(kBold) + "#" + std::string(350'000, 'x'));
    project.cli.run("ask hello").expect(3).stdout_is("").stderr_has("more than the 262144");
  }
  SECTION("bytes that are not UTF-8") {
    project.cli.write(project.path, std::string(kBold) + "# \xFF\xFE\n");
    project.cli.run("ask hello").expect(3).stdout_is("").stderr_has(project.path + ":7:");
  }
  project.cli.run("trust").expect(3).stdout_is("");
  CHECK_FALSE(fs::exists(project.store));
}

TEST_CASE("a path that is not UTF-8 cannot be trusted") {
  Cli cli;
  cli.write(cli.home("p\xFF/delegate.toml"), kBold);
  cli.in_directory(cli.home("p\xFF"));
  cli.run("trust").expect(3).stdout_is("").stderr_has("not UTF-8");
  cli.run("ask hello").expect(6).stdout_is("");
}

TEST_CASE("with --config there is no project's file to trust") {
  Project project;
  project.cli.write(project.cli.file("mine.toml"), kHarmless);
  project.cli.set("DELEGATE_CONFIG", project.cli.file("mine.toml"));
  CHECK(is_used(project.cli));
}
