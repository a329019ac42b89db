#include "core/os/scratch_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <vector>

#include "tests/unit/os/fake_child.hpp"

using namespace delegate;
using delegate_tests::TemporaryDirectory;

namespace {

Directory opened(const Path& root) { return Directory::open_private(root).value(); }

std::size_t count_of(const Path& root) {
  const std::filesystem::directory_iterator all(root);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Runs `work` in a process that is then killed.
template <class Work>
void in_a_killed_process(Work work) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    work();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
}

/// Makes a directory and uses it while other processes make theirs and remove old ones. False: it was removed.
bool keeps_its_own(const Path& root) {
  for (int i = 0; i < 200; ++i) {
    ScratchDirectory::remove_abandoned(opened(root));
    const auto mine = ScratchDirectory::create(opened(root));
    if (!mine || !write_private_file(mine->path() / "file", "content")) return false;
    ScratchDirectory::remove_abandoned(opened(root));
    if (!read_file(mine->path() / "file")) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("directories of killed processes are removed, those in use stay") {
  const TemporaryDirectory directory;
  const Path root = directory / "calls";
  const auto in_use = ScratchDirectory::create(opened(root));
  REQUIRE(in_use);
  REQUIRE(write_private_file(in_use->path() / "file", "mine"));
  in_a_killed_process([&] {
    const auto one = ScratchDirectory::create(opened(root));
    const auto other = ScratchDirectory::create(opened(root));
    static_cast<void>(one && write_private_file(one->path() / "file", "a prompt"));
    ::kill(::getpid(), SIGKILL);
  });
  REQUIRE(count_of(root) == 3);
  ScratchDirectory::remove_abandoned(opened(root));
  CHECK(count_of(root) == 1);
  CHECK(read_file(in_use->path() / "file").value() == "mine");
}

TEST_CASE("files that are not ours stay") {
  const TemporaryDirectory directory;
  const Path root = directory / "calls";
  REQUIRE(make_private_directory(root / "other"));
  REQUIRE(make_private_directory(directory / "elsewhere"));
  REQUIRE(write_private_file(directory / "elsewhere/file", "x"));
  REQUIRE(write_private_file(root / "call-file", "x"));
  std::filesystem::create_directory_symlink(directory / "elsewhere", root / "call-link");
  ScratchDirectory::remove_abandoned(opened(root));
  CHECK(count_of(root) == 3);
  CHECK(read_file(directory / "elsewhere/file"));
}

TEST_CASE("eight processes that make and remove directories never remove one in use") {
  const TemporaryDirectory directory;
  const Path root = directory / "calls";
  std::vector<pid_t> pids;
  for (int i = 0; i < 8; ++i) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) ::_exit(keeps_its_own(root) ? 0 : 1);
    pids.push_back(pid);
  }
  for (const pid_t pid : pids) {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
  }
  CHECK(count_of(root) == 0);
}
