#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"

// `scripts/run` in a tree in which everything is built, with the real cmake and ninja.
using namespace delegate::test;

TEST_CASE("scripts/run says nothing of its own when there is nothing to build") {
  Cli cli;
  const std::string out = cli.file("tree/build/release/");
  cli.write(cli.file("tree/scripts/run"), cli.read(SOURCE_DIRECTORY "/scripts/run"));
  cli.write(cli.file("tree/scripts/setup"), "");
  cli.write(out + "build.ninja", "build all: phony delegate\ndefault all\n");
  cli.write(out + "CMakeCache.txt",
            "CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH=ninja\nCMAKE_PROJECT_NAME:STATIC=tree\n");
  cli.write(out + "delegate", "#!/bin/sh\necho \"$@\"\n");
  std::filesystem::permissions(out + "delegate", std::filesystem::perms::owner_all);
  cli.write(out + ".set-up", "");
  const std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + cli.home()};
  const auto run = [&] {
    return Running({"/bin/sh", cli.file("tree/scripts/run"), "status", "--json"}, environment, cli.home(), {}).finish();
  };
  run().expect(0).stdout_is("status --json\n").stderr_is("");

  SECTION("what was built is reported") {
    cli.write(out + "build.ninja",
              "rule make\n  command = echo made && touch $out\nbuild new: make\nbuild all: phony new\ndefault all\n");
    run().expect(0).stdout_is("status --json\n").stderr_has("made");
  }
  SECTION("a build that fails is reported, and nothing is run") {
    cli.write(out + "build.ninja",
              "rule break\n  command = echo broken && exit 1\nbuild new: break\nbuild all: phony new\ndefault all\n");
    run().expect(1).stdout_is("").stderr_has("broken");
  }
}
