#pragma once
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include "tests/cli/cli.hpp"

namespace delegate::test {

/// Everything that `setup` can register with.
inline const std::vector<std::string> kEditors{
    "claude",          "codex",    "gemini", "copilot",  "qwen",  "opencode", "amp",    "cline",
    "droid",           "crush",    "goose",  "kiro",     "junie", "agy",      "cursor", "vscode",
    "vscode-insiders", "vscodium", "zed",    "windsurf", "roo",   "continue", "mcphub"};

inline unsigned file_mode(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

inline Json editor_of(Cli& cli, const std::string& name) {
  const Json all = cli.run("setup --json").expect(0).json();
  CHECK(all["schema"] == "delegate.setup/1");
  for (const Json& one : all["editors"])
    if (one["name"] == name) return one;
  FAIL("no editor " << name);
  return {};
}

}  // namespace delegate::test
