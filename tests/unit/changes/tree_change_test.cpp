#include "core/changes/tree_change.hpp"

#include "tests/unit/changes/camera.hpp"

using namespace delegate;
using delegate_tests::Camera;
using delegate_tests::WorkTree;

namespace {

const ChangedFile& file_of(const TreeChange& change, const std::string& path) {
  for (const ChangedFile& file : change.files)
    if (file.path == path) return file;
  FAIL("not changed: " << path);
  throw std::logic_error(path);
}

}  // namespace

TEST_CASE("the difference of two snapshots says what happened to each file") {
  using Kind = ChangedFile::Kind;
  const WorkTree tree;
  tree.write("same", "1\n");
  tree.write("modified", "1\n2\n3\n");
  tree.write("deleted", "1\n");
  tree.write("script", "1\n");
  tree.write("link", "1\n");
  tree.write("binary", std::string("\0\1\2", 3));
  tree.commit();
  const Camera camera(tree);
  const std::string before = camera.take().value().tree;
  tree.write("modified", "1\n3\n4\n5\n");
  tree.write("binary", std::string("\0\1\3", 3));
  tree.write("new\nline", "1\n");
  tree.sh("rm deleted && chmod +x script && ln -sf same link");
  const TreeChange change = compare_trees(camera.git(), before, camera.take().value().tree).value();
  CHECK(change.files.size() == 6);
  CHECK(file_of(change, "modified").kind == Kind::modified);
  CHECK(file_of(change, "modified").lines_added == 2);
  CHECK(file_of(change, "modified").lines_removed == 1);
  CHECK(file_of(change, "deleted").kind == Kind::deleted);
  CHECK_FALSE(file_of(change, "deleted").after.exists());
  CHECK(file_of(change, "script").kind == Kind::mode_changed);
  CHECK(file_of(change, "script").after.mode == "100755");
  CHECK(file_of(change, "link").kind == Kind::type_changed);
  CHECK(file_of(change, "binary").is_binary());
  CHECK(file_of(change, "new\nline").kind == Kind::added);
  const std::string text = diffstat(camera.git(), change, 60).value();
  CHECK(text.find(" modified    |   3 ++-\n") != std::string::npos);
  CHECK(text.find("6 files changed") != std::string::npos);
  CHECK(compare_trees(camera.git(), before, change.after, 5).error().what == "more than 5 files were changed");
  CHECK(patch(camera.git(), change, 10).error().code == Code::resource_exhausted);
}

TEST_CASE("a kept change gives a patch after the objects of the repository are gone") {
  const WorkTree tree;
  tree.write("directory/file", "1\n2\n3\n");
  tree.write("deleted", "1\n");
  tree.write("unchanged", "1\n");
  tree.commit();
  const Camera camera(tree);
  const std::string before = camera.take().value().tree;
  tree.write("directory/file", "1\n2\n4\n");
  tree.write("binary", std::string("\0\1\2", 3));
  tree.sh("rm deleted");
  const TreeChange change = compare_trees(camera.git(), before, camera.take().value().tree).value();
  const Path place = tree.state() / "kept";
  const TreeChange kept = keep_change(tree.program(), camera.repository, change, place, tree.patience()).value();
  tree.sh(
      "rm -rf ../state/snapshots && git update-ref -d HEAD && git rm -rqf --cached . && "
      "git reflog expire --expire=all --all && git gc -q --prune=now");
  const Git git = PrivateRepository::open(place).value().git(tree.program(), tree.patience());
  std::ofstream(tree.beside("patch"), std::ios::binary) << patch(git, kept).value();
  tree.sh("cd .. && git -C project apply -R ../patch && rm patch");
  CHECK(tree.read("directory/file") == "1\n2\n3\n");
  CHECK(tree.has("deleted"));
  CHECK_FALSE(tree.has("binary"));
  CHECK(diffstat(git, kept, 80).value().find("3 files changed") != std::string::npos);
}

TEST_CASE("a change without files is kept, too") {
  const WorkTree tree;
  const Camera camera(tree);
  const std::string before = camera.take().value().tree;
  const TreeChange change = compare_trees(camera.git(), before, before).value();
  CHECK(change.files.empty());
  const TreeChange kept =
      keep_change(tree.program(), camera.repository, change, tree.state() / "kept", tree.patience()).value();
  CHECK(kept.before == kept.after);
}
