#include "core/os/directory.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/os/scratch_directory.hpp"
#include "tests/helpers/skip.hpp"
#include "tests/unit/os/fake_child.hpp"

// No other user decides what is written, read or removed below a directory of ours.
using namespace delegate;
using delegate_tests::TemporaryDirectory;

namespace {

constexpr uid_t kUs = 65534, kAttacker = 65533;

/// Runs `work` as an ordinary user. Only root can become one.
template <class Work>
bool as_ordinary_user(Work work) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) ::_exit(::setgid(kUs) == 0 && ::setuid(kUs) == 0 && work() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status == 0;
}

bool is_refused(const Path& path, const std::string& why) {
  const auto opened = Directory::open_private(path);
  return !opened && opened.error().code == Code::invalid_argument &&
         opened.error().what.find(why) != std::string::npos && !opened.error().hint.empty();
}

}  // namespace

TEST_CASE("a private directory is created with its parents, for this user alone") {
  const TemporaryDirectory place;
  const auto made = Directory::open_private(place / "a/b/");
  REQUIRE(made);
  struct stat facts {};
  REQUIRE(::fstat(made->fd(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0700);
  CHECK(Directory::open_private(place / "a/b"));
  CHECK(Directory::open(place / "a/b"));
  CHECK(Directory::open(place / "none").error().code == Code::not_found);
}

TEST_CASE("a directory that others can write to or replace is not used as a private one") {
  const TemporaryDirectory place;
  REQUIRE(make_private_directory(place / "open"));
  for (const mode_t mode : {0770U, 0707U, 0777U}) {
    REQUIRE(::chmod((place / "open").c_str(), mode) == 0);
    CHECK(is_refused(place / "open", "other users can write to it"));
  }
  REQUIRE(make_private_directory(place / "open/below"));
  CHECK(is_refused(place / "open/below", "other users can replace it"));
  REQUIRE(::chmod((place / "open").c_str(), 01777) == 0);  // like /tmp
  CHECK(Directory::open_private(place / "open/below"));
}

TEST_CASE("another user's link or directory is not used, and nothing behind it is removed") {
  if (::geteuid() != 0) return delegate_tests::skip_visibly("only root can act as several users");
  const TemporaryDirectory place;
  const std::string ours = place / "ours", shared = place / "shared", theirs = place / "shared/theirs";
  const std::string link = place / "shared/delegate", own_link = place / "ours/link";
  for (const std::string& directory : {ours, ours + "/call-precious", shared, theirs})
    REQUIRE(make_private_directory(directory));
  REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(shared.c_str(), 01777) == 0);
  std::filesystem::create_directory_symlink(ours, link);
  std::filesystem::create_directory_symlink(ours, own_link);
  REQUIRE(::lchown(link.c_str(), kAttacker, kAttacker) == 0);
  REQUIRE(::chown(theirs.c_str(), kAttacker, kAttacker) == 0);
  for (const std::string& path : {ours, ours + "/call-precious", own_link})
    REQUIRE(::lchown(path.c_str(), kUs, kUs) == 0);
  CHECK(as_ordinary_user([&] { return is_refused(link, "it is a link of another user"); }));
  CHECK(as_ordinary_user([&] { return is_refused(theirs, "it belongs to another user"); }));
  CHECK(as_ordinary_user([&] { return Directory::open_private(own_link).has_value(); }));
  CHECK(std::filesystem::exists(ours + "/call-precious"));
}

TEST_CASE("a root that is exchanged for a link later does not lead elsewhere") {
  const TemporaryDirectory place;
  const Path root = place / "root", precious = place / "precious/call-1";
  REQUIRE(make_private_directory(precious));
  const auto opened = Directory::open_private(root);
  REQUIRE(opened);
  std::filesystem::rename(root, place / "moved");
  std::filesystem::create_directory_symlink(precious.parent_path(), root);
  ScratchDirectory::remove_abandoned(*opened);
  CHECK(std::filesystem::exists(precious));
}

TEST_CASE("a tree is removed whole, without following its links") {
  const TemporaryDirectory place;
  REQUIRE(make_private_directory(place / "root/tree/a/b/c"));
  REQUIRE(make_private_directory(place / "elsewhere/precious"));
  REQUIRE(write_private_file(place / "root/tree/a/file", "x"));
  std::filesystem::create_directory_symlink(place / "elsewhere", place / "root/tree/a/b/link");
  const auto root = Directory::open(place / "root");
  REQUIRE(root);
  remove_tree(root->fd(), "tree");
  CHECK(std::filesystem::is_empty(place / "root"));
  CHECK(std::filesystem::exists(place / "elsewhere/precious"));
  remove_tree(root->fd(), "none");
}

TEST_CASE("read-only directories are removed, too") {
  if (::geteuid() != 0) return delegate_tests::skip_visibly("only root can become an ordinary user");
  const TemporaryDirectory place;
  REQUIRE(::chmod(place.path().c_str(), 0777) == 0);
  CHECK(as_ordinary_user([&] {
    std::filesystem::create_directories(place / "tree/locked/deep");
    const bool is_written = write_private_file(place / "tree/locked/deep/file", "x").has_value();
    for (const char* name : {"tree/locked/deep", "tree/locked", "tree"}) ::chmod((place / name).c_str(), 0500);
    ::chmod((place / "tree").c_str(), 0);
    remove_tree(Directory::open(place.path())->fd(), "tree");
    return is_written && !std::filesystem::exists(place / "tree");
  }));
}
