#pragma once
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/cli/background.hpp"

// A git work tree in the sandbox of a Cli, and backends that change it.
namespace delegate::test {

inline std::string project(const Cli& cli, const std::string& name = {}) {
  return cli.home("work") + (name.empty() ? "" : "/" + name);
}

/// Runs a shell command in the work tree, with the person's own git.
inline void in_project(const Cli& cli, const std::string& script) {
  const std::string whole = "cd " + project(cli) + " && HOME=" + cli.home() +
                            " GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 sh -ec '" + script + "'";
  INFO(script);
  REQUIRE(std::system(whole.c_str()) == 0);
}

inline constexpr const char* kThreeLines = "one\ntwo\nthree\n";

/// With one file, a.txt. All later calls are made there.
inline void make_project(Cli& cli) {
  cli.write(project(cli, "a.txt"), kThreeLines);
  in_project(cli,
             "git init -q -b main; git config user.name x; git config user.email x@example.org; git add -A; "
             "git commit -qm first");
  cli.set("PATH", cli.file("bin") + ":/usr/bin:/bin").in_directory(project(cli));
}

/// A backend whose body is a shell script; it answers "done" behind it, unless the script exits before.
inline Cli& writes(Cli& cli, const std::string& name, const std::string& script) {
  cli.backend(name, {}, "can = [\"write_files\"]");
  const std::string path = cli.file("bin/" + name);
  std::filesystem::remove(path);
  cli.write(path, "#!/bin/sh\nPATH=/usr/bin:/bin\ncat > /dev/null\n" + script + "\necho done\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return cli;
}

inline bool has(const Cli& cli, const std::string& name) { return std::filesystem::exists(project(cli, name)); }

inline std::string latest_run(Cli& cli) { return cli.run("runs --json").json()["runs"][0]["run_id"]; }

}  // namespace delegate::test
