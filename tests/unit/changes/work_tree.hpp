#pragma once
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "core/base/text.hpp"
#include "core/changes/repository.hpp"
#include "core/os/rooted_tree.hpp"
#include "tests/helpers/sha256.hpp"
#include "tests/unit/os/fake_child.hpp"

// Real repositories in a temporary directory, with a home of their own.
namespace delegate_tests {

using namespace delegate;

class WorkTree {
 public:
  WorkTree() : git_(find_git(environment()).value()) {
    std::filesystem::create_directories(root());
    std::filesystem::create_directories(home());
    git("init -q -b main");
    git("config user.name Somebody");
    git("config user.email somebody@example.org");
    git("config core.fsync none");
  }

  Path root() const { return std::filesystem::canonical(directory_.path()) / "project"; }
  Path home() const { return std::filesystem::canonical(directory_.path()) / "home"; }
  Path beside(const std::string& name) const { return std::filesystem::canonical(directory_.path()) / name; }
  Path state() const {
    REQUIRE(make_private_directory(beside("state")));
    return beside("state");
  }

  std::map<std::string, std::string> environment() const {
    return {{"PATH", "/usr/bin:/bin"}, {"HOME", home().string()}, {"GIT_DIR", "/nonexistent"}};
  }
  const GitProgram& program() const { return git_; }
  Patience patience() const { return {never_, Deadline::in(60s)}; }

  /// Runs a shell command in the work tree, with the person's own environment.
  std::string sh(const std::string& script, int expected = 0) const { return sh_in(root(), script, expected); }
  std::string sh_in(const Path& cwd, const std::string& script, int expected = 0) const {
    ChildSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    spec.env = {"PATH=/usr/bin:/bin", "HOME=" + home().string(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
                "GIT_ALLOW_PROTOCOL=file"};
    spec.cwd = cwd.string();
    spec.clocks.total = Deadline::in(60s);
    const ChildResult result = run(spec);
    INFO(script << "\n" << result.out.text() << result.err.text());
    REQUIRE(result.exit_code == expected);
    return result.out.text();
  }
  std::string git(const std::string& arguments) const { return sh("git " + arguments); }

  void write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream(root() / path, std::ios::binary | std::ios::trunc) << content;
  }
  std::string read(const std::string& path) const { return read_file(root() / path).value(); }
  bool has(const std::string& path) const {
    return std::filesystem::exists(std::filesystem::symlink_status(root() / path));
  }
  void commit(const std::string& message = "x") const { git("add -A && git commit -qm '" + message + "'"); }

  Repository repository() const { return find_repository(program(), root(), patience()).value(); }

 private:
  TemporaryDirectory directory_;
  CancelToken never_;
  GitProgram git_;
};

/// Every file below `root` with its mode and contents (the links with their targets), the repository included.
inline std::map<std::string, std::string> contents_of(const Path& root) {
  std::map<std::string, std::string> all;
  for (std::filesystem::recursive_directory_iterator at(root), end; at != end; ++at) {
    struct stat facts {};
    REQUIRE(::lstat(at->path().c_str(), &facts) == 0);
    std::string& entry = all[at->path().lexically_relative(root).string()];
    entry = std::to_string(facts.st_mode) + " ";
    if (at->is_symlink()) entry += std::filesystem::read_symlink(at->path()).string();
    else if (at->is_regular_file()) entry += read_file(at->path(), 1u << 30).value();
  }
  return all;
}

/// The names of the entries that differ, for a message that can be read.
inline std::set<std::string> differences(const std::map<std::string, std::string>& one,
                                         const std::map<std::string, std::string>& other) {
  std::set<std::string> names;
  const auto add = [&names](const auto& from, const auto& to) {
    for (const auto& [name, content] : from)
      if (const auto found = to.find(name); found == to.end() || found->second != content) names.insert(name);
  };
  add(one, other);
  add(other, one);
  return names;
}

}  // namespace delegate_tests
