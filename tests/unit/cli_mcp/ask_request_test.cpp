#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "cli/mcp/ask_request.hpp"
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
    fs::create_directory_symlink(root + "/home", root + "/link");
    world.environment = {{"HOME", root + "/home"}};
    world.cwd = root + "/home/project";
  }
  ~Place() { fs::remove_all(root); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Result<std::string> named(const std::string& cwd, server::Reads reads = server::Reads::files) const {
    TRY(std::string directory, server::directory_for(world, cwd));
    TRY_STATUS(server::check_directory(world, directory, reads));
    return directory;
  }

  std::string root;
  SystemClock clock;
  CancelToken never;
  volatile std::sig_atomic_t signal = 0;
  World world{{.environment = {}, .cwd = {}, .clock = clock, .interrupted = never, .signal = signal}};
};

}  // namespace

TEST_CASE("the named directory comes first, then the agent's project, then the server's own") {
  Place place;
  CHECK(place.named("") == place.root + "/home/project");
  place.world.environment["CLAUDE_PROJECT_DIR"] = place.root;
  CHECK(place.named("") == place.root);
  CHECK(place.named(place.root + "/home/project") == place.root + "/home/project");
  place.world.environment["CLAUDE_PROJECT_DIR"] = "relative";
  CHECK(place.named("") == place.root + "/home/project");
}

TEST_CASE("a relative directory is rejected, and its name is printed without control sequences") {
  Place place;
  for (const char* cwd : {"project", ".", "../x", "~"}) CHECK(place.named(cwd).error().code == Code::invalid_argument);
  CHECK(place.named("\033[31m").error().what.find('\033') == std::string::npos);
}

TEST_CASE("a home directory and the root directory are not projects, whatever path names them") {
  Place place;
  const std::string home = place.root + "/home";
  for (const std::string& cwd : {std::string("/"), std::string("//"), std::string("/usr/.."), home, home + "/",
                                 home + "/project/..", place.root + "/link"}) {
    INFO(cwd);
    REQUIRE_FALSE(place.named(cwd));
    CHECK(place.named(cwd).error().hint.find("cwd") != std::string::npos);
    CHECK(place.named(cwd, server::Reads::nothing) == cwd);  // a local model reads no files
  }
  place.world.environment.erase("HOME");
  CHECK(place.named(home) == home);
}
