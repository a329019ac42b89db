#include "core/os/rooted_tree.hpp"

#include <sys/stat.h>

#include "core/os/file_lock.hpp"
#include "tests/unit/os/fake_child.hpp"

using namespace delegate;
using delegate_tests::TemporaryDirectory;
using Kind = FileFacts::Kind;

namespace {

RootedTree opened_tree(const TemporaryDirectory& directory) {
  std::filesystem::create_directories(directory / "root/directory");
  std::filesystem::create_directories(directory / "outside");
  REQUIRE(replace_file(directory / "root/directory/file", "text", 0640));
  REQUIRE(write_private_file(directory / "outside/file", "outside"));
  std::filesystem::create_directory_symlink(directory / "outside", directory / "root/link");
  return RootedTree::open(directory / "root").value();
}

}  // namespace

TEST_CASE("what is at a path below a root is seen without following links") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  REQUIRE(::mkfifo((directory / "root/fifo").c_str(), 0600) == 0);
  CHECK(tree.look("directory").value().kind == Kind::directory);
  CHECK(tree.look("link").value().kind == Kind::link);
  CHECK(tree.look("fifo").value().kind == Kind::other);
  CHECK(tree.look("none").value().kind == Kind::absent);
  CHECK(tree.look("none/file").value().kind == Kind::absent);
  CHECK(tree.look("link/file").value().kind == Kind::blocked);
  CHECK(tree.look("directory/file/file").value().kind == Kind::blocked);
  const FileFacts file = tree.look("directory/file").value();
  CHECK(file.kind == Kind::regular);
  CHECK(file.mode == 0640);
  CHECK(file.size == 4);
  CHECK_FALSE(tree.read("link/file", 100));
  CHECK_FALSE(tree.read("fifo", 100));
  CHECK(tree.read("directory/file", 100).value() == "text");
  REQUIRE(replace_file(directory / "root/directory/file", "text", 0640));
  CHECK(tree.look("directory/file").value().identity != file.identity);
}

TEST_CASE("many paths are looked at as one by one") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  REQUIRE(replace_file(directory / "root/a", "1", 0600));
  REQUIRE(replace_file(directory / "root/directory/z", "12", 0600));
  const std::vector<std::string> paths{"a",         "directory",      "directory/file", "directory/z",
                                       "link/file", "none/x",         "none/y",         "directory/file/x",
                                       "a",         "directory/none", "link",           "directory/z"};
  std::size_t next = 0;
  REQUIRE(tree.look_at(paths, [&](std::size_t i, const FileFacts& facts) {
    INFO(paths[i]);
    CHECK(i == next++);
    const FileFacts alone = tree.look(paths[i]).value();
    CHECK(facts.kind == alone.kind);
    CHECK(facts.identity == alone.identity);
    CHECK(facts.id == alone.id);
    CHECK(facts.born == alone.born);
  }));
  CHECK(next == paths.size());
  CHECK(tree.look_at({"a", "../x"}, [](std::size_t, const FileFacts&) {}).error().code == Code::invalid_argument);
}

TEST_CASE("a file is known by its inode and its birth, under any name") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  const FileFacts before = tree.look("directory/file").value();
  const std::chrono::nanoseconds moment = next_file_time();
  REQUIRE(replace_file(directory / "root/new", "1", 0600));
  CHECK(before.born < moment);
  CHECK(tree.look("new").value().born >= moment);
  REQUIRE(tree.rename("directory/file", "renamed"));
  CHECK(tree.look("renamed").value().id == before.id);
  CHECK(tree.look("new").value().id != before.id);
}

TEST_CASE("the mode of a file is set, but not through a link") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  REQUIRE(tree.set_mode("directory/file", 0600));
  CHECK(tree.look("directory/file").value().mode == 0600);
  CHECK_FALSE(tree.set_mode("link", 0700));
  CHECK_FALSE(tree.set_mode("link/file", 0700));
  CHECK_FALSE(tree.set_mode("directory", 0777));
  CHECK_FALSE(tree.set_mode("none", 0777));
}

TEST_CASE("paths that are not below the root are refused") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  for (const char* path : {"", "/etc/passwd", "..", "../outside/file", "directory/../../outside/file", "a//b", "./a"}) {
    INFO(path);
    CHECK(tree.look(path).error().code == Code::invalid_argument);
    CHECK(tree.remove(path).error().code == Code::invalid_argument);
    CHECK(tree.copy_from(directory / "outside/file", path).error().code == Code::invalid_argument);
  }
  CHECK(tree.look(std::string("a\0b", 3)).error().code == Code::invalid_argument);
}

TEST_CASE("nothing is written through a link") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  CHECK_FALSE(tree.copy_from(directory / "outside/file", "link/new"));
  CHECK_FALSE(tree.copy_from(directory / "outside/file", "link"));
  CHECK_FALSE(tree.remove("link/file"));
  CHECK_FALSE(tree.rename("directory/file", "link/new"));
  CHECK_FALSE(tree.make_parents("link/new/file"));
  CHECK_FALSE(tree.create("link/new", "text", 0600));
  CHECK(std::distance(std::filesystem::directory_iterator(directory / "outside"), {}) == 1);
}

TEST_CASE("files are copied, moved and removed with their directories") {
  const TemporaryDirectory directory;
  const RootedTree tree = opened_tree(directory);
  REQUIRE(tree.make_parents("a/b/c"));
  REQUIRE(tree.copy_from(directory / "outside/file", "a/b/c", 0755));
  CHECK_FALSE(tree.copy_from(directory / "outside/file", "a/b/c"));  // already there
  CHECK(tree.look("a/b/c").value().is_executable());
  REQUIRE(tree.copy_from(directory / "root/link", "a/link"));
  CHECK(std::filesystem::read_symlink(directory / "root/a/link") == directory / "outside");
  REQUIRE(tree.rename("a/b/c", "directory/file"));
  CHECK(tree.read("directory/file", 100).value() == "outside");
  tree.remove_empty_parents("a/b/c");
  CHECK(tree.look("a/b").value().kind == Kind::absent);
  CHECK(tree.names_in("a").value() == std::vector<std::string>{"link"});
  CHECK_FALSE(tree.remove_directory("a"));
  REQUIRE(tree.remove("a/link"));
  CHECK(tree.remove_directory("a"));
}

TEST_CASE("a lock on a file has one holder, and is free after its end") {
  const TemporaryDirectory directory;
  const Path path = directory / "lock";
  auto held = FileLock::try_take(path);
  REQUIRE((held && *held));
  const auto second = FileLock::try_take(path);
  REQUIRE(second);
  CHECK_FALSE(*second);
  held->reset();
  CHECK(FileLock::try_take(path).value());
  CHECK_FALSE(FileLock::try_take(directory / "none/lock"));
}
