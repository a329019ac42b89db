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
    TRY(std::string directory, server::directory_for(process, cwd));
    TRY_STATUS(server::check_directory(process, directory, reads));
    return directory;
  }

  std::string root;
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
    CHECK(refused(place.named(project + std::string("\0/../..", 7))).find("has a NUL byte in it") != std::string::npos);
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
    refused(place.named(""));
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
  const auto why = [&](const char* directory) { return server::why_no_project(directory, homes); };
  for (const char* one : {"/etc", "/etc/ssl/private", "/proc", "/proc/1", "/sys/kernel", "/dev", "/boot", "/usr",
                          "/usr/bin", "/usr/local", "/usr/src", "/usr/lib/python3", "/lib/x86_64-linux-gnu", "/run",
                          "/run/user/1000", "/var/log", "/var/spool/cron"}) {
    INFO(one);
    CHECK(why(one) == "is a system directory");
  }
  CHECK(why("/var") == "has system directories in it");
  for (const char* one : {"/root", "/home/you", "/home/other", "/data/people/ann"})
    CHECK(why(one) == "is a home directory");
  for (const char* one : {"/", "/home", "/data", "/data/people"}) CHECK(why(one) == "has home directories in it");
  for (const char* one :
       {"/home/you/.ssh", "/home/you/.ssh/keys", "/home/you/.gnupg", "/home/you/.aws", "/home/you/.config/gcloud",
        "/home/you/.config/delegate", "/home/you/.local/state/delegate", "/home/other/.ssh", "/root/.ssh",
        "/data/people/ann/.mozilla/firefox", "/home/you/.claude", "/home/you/.codex"}) {
    INFO(one);
    CHECK(why(one) == "may hold secrets");
  }
  for (const char* one : {"/home/you/.config", "/home/you/.local", "/home/you/.local/share"})
    CHECK(why(one) == "has directories with secrets in it");
  for (const char* one :
       {"/home/you/src", "/home/you/src/etc", "/home/you/.dotfiles", "/home/you/.config/nvim",
        "/home/you/.codex/worktrees/a", "/home/other/shared", "/data/app", "/data/people/bob", "/usr/src/app",
        "/usr/local/src/app", "/var/www/html", "/var/lib/jenkins/workspace/app", "/srv/app", "/opt/app", "/tmp/x",
        "/workspace", "/run/media/you/disk/app", "/etcetera", "/home/you/.sshd"}) {
    INFO(one);
    CHECK(why(one) == "");
  }
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
