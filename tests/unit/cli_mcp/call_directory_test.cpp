#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "cli/mcp/call_directory.hpp"
#include "core/os/clock.hpp"

// Where a backend works that an agent asks: it may read that directory, so it has to be one that was meant.
using namespace delegate;
using namespace delegate::cli;
namespace fs = std::filesystem;

namespace {

class Place {
 public:
  Place() {
    std::string name = (fs::temp_directory_path() / "delegate-directory-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root = fs::canonical(name).string();
    fs::create_directories(root + "/home/project");
    fs::create_directories(root + "/work/project");
    fs::create_directory_symlink(root + "/home", root + "/work/link");
    process.environment = {{"HOME", root + "/home"}};
    process.cwd = root + "/home/project";
  }
  ~Place() { fs::remove_all(root); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Result<std::string> named(const std::string& cwd, server::Reads reads = server::Reads::files) const {
    TRY(server::CallDirectory directory, server::directory_for(process, cwd));
    TRY_STATUS(server::check_directory(process, state, directory, reads));
    return directory.path;
  }

  /// Why this directory of the place is no project.
  std::string why(const std::string& directory) const {
    return server::why_no_project(root + directory, server::private_places(process, state, ""));
  }

  std::string root;
  StateSettings state;
  SystemClock clock;
  CancelToken never;
  volatile std::sig_atomic_t signal = 0;
  ProcessFacts process{.environment = {}, .cwd = {}, .clock = clock, .interrupted = never, .signal = signal};
};

std::string refused(const Result<std::string>& named) {
  REQUIRE_FALSE(named);
  CHECK(named.error().code == Code::invalid_argument);
  CHECK(named.error().hint.find("cwd") != std::string::npos);
  return named.error().what;
}

}  // namespace

TEST_CASE("the named directory comes first, then the agent's project, then the server's own") {
  Place place;
  CHECK(place.named("") == place.root + "/home/project");
  place.process.environment["CLAUDE_PROJECT_DIR"] = place.root + "/work/project";
  CHECK(place.named("") == place.root + "/work/project");
  CHECK(place.named(place.root + "/home/project") == place.root + "/home/project");
  place.process.environment["CLAUDE_PROJECT_DIR"] = "relative";
  CHECK(place.named("") == place.root + "/home/project");
}

TEST_CASE("a directory is used under its one name without links") {
  Place place;
  fs::create_directory_symlink("../work/project", place.root + "/home/alias");
  for (const char* path : {"/home/alias", "/home/alias/", "//home/./alias", "/home/alias/../project", "/work/project"})
    CHECK(place.named(place.root + path) == place.root + "/work/project");
}

TEST_CASE("a text that is no path of a directory is rejected, and printed without control sequences") {
  Place place;
  for (const char* cwd : {"project", ".", "../x", "~"}) refused(place.named(cwd));
  CHECK(refused(place.named("\033[31m")).find('\033') == std::string::npos);
  CHECK(refused(place.named(place.root + "/nope")).find("No such file or directory") != std::string::npos);
  std::ofstream(place.root + "/file") << '\n';
  CHECK(refused(place.named(place.root + "/file")).find("is not a directory") != std::string::npos);
  SECTION("also in the agent's variable") {
    place.process.environment["CLAUDE_PROJECT_DIR"] = place.root + "/nope";
    CHECK(refused(place.named("")).starts_with("CLAUDE_PROJECT_DIR: "));
  }
  SECTION("a NUL is not the end of it") {
    const std::string project = place.root + "/work/project";
    CHECK(refused(place.named(project + std::string("\0/../..", 7))).find("contains a NUL byte") != std::string::npos);
    CHECK(refused(place.named(std::string(1, '\0'))) != "");
  }
}

TEST_CASE("a home directory and what is above it are not projects, whatever path names them") {
  Place place;
  const std::string home = place.root + "/home";
  for (const std::string& cwd :
       {std::string("/"), std::string("//"), std::string("/usr/.."), home, home + "/", home + "/project/..",
        place.root + "/work/link", place.root, place.root + "/work/..", fs::path(place.root).parent_path().string()}) {
    INFO(cwd);
    refused(place.named(cwd));
    CHECK(place.named(cwd, server::Reads::nothing) == fs::canonical(cwd).string());  // a local model reads no files
    place.process.environment["CLAUDE_PROJECT_DIR"] = cwd;
    CHECK(refused(place.named("")).starts_with("CLAUDE_PROJECT_DIR: "));
  }
  for (const std::string& cwd : {home + "/nope/..", home + "/project/nope/../.."}) refused(place.named(cwd));
  SECTION("nor is the target of a HOME that is a link") {
    place.process.environment["HOME"] = place.root + "/work/link";
    refused(place.named(home));
  }
  SECTION("without a home nothing is known of it") {
    place.process.environment.erase("HOME");
    CHECK(place.named(home) == home);
  }
}

TEST_CASE("system directories, other homes and places of secrets are not projects") {
  const std::vector<fs::path> homes{"/home/you", "/data/people/ann"};
  const auto why = [&](const char* directory) { return server::why_no_project(directory, {homes, {}, {}}); };
  for (const char* one : {"/etc",
                          "/etc/ssl/private",
                          "/proc",
                          "/proc/1",
                          "/sys/kernel",
                          "/dev",
                          "/boot",
                          "/usr",
                          "/usr/bin",
                          "/usr/local",
                          "/usr/src",
                          "/usr/lib/python3",
                          "/lib/x86_64-linux-gnu",
                          "/run",
                          "/run/user/1000",
                          "/var/log",
                          "/var/spool/cron",
                          "/var/lib",
                          "/opt",
                          "/srv"}) {
    INFO(one);
    CHECK(why(one) == "is a system directory");
  }
  CHECK(why("/var") == "contains system directories");
  for (const char* one : {"/root", "/home/you", "/home/other", "/data/people/ann"})
    CHECK(why(one) == "is a home directory");
  for (const char* one : {"/", "/home", "/data", "/data/people"}) CHECK(why(one) == "contains home directories");
  for (const char* one : {"/home/you/.ssh",
                          "/home/you/.ssh/keys",
                          "/home/you/.gnupg",
                          "/home/you/.aws",
                          "/home/you/.config/gcloud",
                          "/home/you/.config/delegate",
                          "/home/you/.local/state/delegate",
                          "/home/other/.ssh",
                          "/root/.ssh",
                          "/data/people/ann/.mozilla/firefox",
                          "/home/you/.claude",
                          "/home/you/.codex",
                          "/home/you/.claude/projects/x",
                          "/home/you/.codex/worktrees",
                          "/home/you/.config/github-copilot",
                          "/home/you/.local/share/opencode",
                          "/home/you/.cargo/registry",
                          "/home/you/.local/bin",
                          "/home/you/.config/autostart",
                          "/home/you/.config/systemd/user",
                          "/home/you/.npm",
                          "/home/you/.cursor"}) {
    INFO(one);
    CHECK(why(one) == "may hold secrets or programs");
  }
  for (const char* one : {"/home/you/.config", "/home/you/.local", "/home/you/.local/share", "/home/you/.cache"})
    CHECK(why(one) == "contains directories with secrets or programs");
  for (const char* one : {"/home/you/src",
                          "/home/you/src/etc",
                          "/home/you/.dotfiles",
                          "/home/you/.config/nvim",
                          "/home/you/.codex/worktrees/a",
                          "/home/other/shared",
                          "/data/app",
                          "/data/people/bob",
                          "/usr/src/app",
                          "/usr/local/src/app",
                          "/var/www/html",
                          "/var/lib/jenkins/workspace/app",
                          "/srv/app",
                          "/opt/app",
                          "/tmp/x",
                          "/home/you/.cache/build",
                          "/home/you/.claude/worktrees/a",
                          "/workspace",
                          "/run/media/you/disk/app",
                          "/etcetera",
                          "/home/you/.sshd"}) {
    INFO(one);
    CHECK(why(one) == "");
  }
}

TEST_CASE("a link does not make a project of a place of secrets") {
  Place place;
  fs::create_directories(place.root + "/dotfiles/ssh/keys");
  fs::create_directories(place.root + "/dotfiles/claude/worktrees/a");
  fs::create_directories(place.root + "/dotfiles/vim");
  fs::create_directory_symlink(place.root + "/dotfiles/ssh", place.root + "/home/.ssh");
  fs::create_directory_symlink(place.root + "/dotfiles/claude", place.root + "/home/.claude");
  for (const char* one : {"/home/.ssh", "/dotfiles/ssh", "/dotfiles/ssh/keys", "/home/.claude"}) {
    INFO(one);
    CHECK(refused(place.named(place.root + one)).find("may hold secrets") != std::string::npos);
  }
  CHECK(place.why("/dotfiles") == "contains directories with secrets or programs");
  for (const char* one : {"/dotfiles/vim", "/dotfiles/claude/worktrees/a"}) CHECK(place.why(one) == "");
}

TEST_CASE("a link anywhere on the way to a place of secrets is followed") {
  Place place;
  fs::create_directories(place.root + "/dotfiles/config/gcloud");
  fs::create_directories(place.root + "/home/.config");
  SECTION("the last part") {
    fs::create_directory_symlink(place.root + "/dotfiles/config/gcloud", place.root + "/home/.config/gcloud");
    CHECK(place.why("/dotfiles/config/gcloud") == "may hold secrets or programs");
  }
  SECTION("a part before it") {
    fs::remove(place.root + "/home/.config");
    fs::create_directory_symlink(place.root + "/dotfiles/config", place.root + "/home/.config");
    CHECK(place.why("/dotfiles/config/gcloud") == "may hold secrets or programs");
  }
  SECTION("none") {
    fs::create_directories(place.root + "/home/.config/gcloud");
    CHECK(place.why("/dotfiles/config/gcloud").empty());
  }
}

TEST_CASE("delegate's own files and other places of secrets are found where variables and settings have moved them") {
  Place place;
  CHECK(place.why("/moved/delegate") == "");
  SECTION("configuration") { place.process.environment["XDG_CONFIG_HOME"] = place.root + "/moved"; }
  SECTION("the list of trusted files") { place.process.environment["XDG_STATE_HOME"] = place.root + "/moved"; }
  SECTION("the state") { place.state.path = place.root + "/moved/delegate/state.db"; }
  SECTION("keys") { place.process.environment["GNUPGHOME"] = place.root + "/moved/delegate"; }
  SECTION("a CLI's files") {
    const char* variable = GENERATE("CODEX_HOME", "CLAUDE_CONFIG_DIR");
    place.process.environment[variable] = place.root + "/moved/delegate";
    CHECK(place.why("/moved/delegate/worktrees/a") == "");
  }
  SECTION("through a link") {
    fs::create_directories(place.root + "/moved");
    fs::create_directory_symlink(place.root + "/moved", place.root + "/work/config");
    place.process.environment["XDG_CONFIG_HOME"] = place.root + "/work/config";
  }
  CHECK(place.why("/moved/delegate") == "may hold secrets or programs");
  CHECK(place.why("/moved") == "contains directories with secrets or programs");
  CHECK(place.why("/work/project") == "");
}

TEST_CASE("the homes of people are known from the list of users, those of services are not") {
  Place place;
  const std::string work = place.root + "/work";
  const auto homes = server::homes_of(
      place.process, "you:x:1000:1000:You:" + work + ":/bin/sh\n" + "www:x:33:33::" + work + "/project:/bin/false\n" +
                         "nobody:x:65534:65534::" + work + "/project:/bin/false\n" +
                         "gone:x:1001:1001::/nonexistent:/bin/sh\nbroken:x\n\n" + "root:x:0:0::/:/bin/sh\n");
  CHECK(homes == std::vector<fs::path>{place.root + "/home", work});
}
