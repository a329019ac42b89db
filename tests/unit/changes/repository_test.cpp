#include "core/changes/repository.hpp"

#include "tests/helpers/skip.hpp"
#include "tests/unit/changes/work_tree.hpp"

using namespace delegate;
using delegate_tests::WorkTree;

namespace {

Error failure_at(const WorkTree& tree, const Path& cwd) {
  const auto found = find_repository(tree.program(), cwd, tree.patience());
  REQUIRE_FALSE(found);
  return found.error();
}

}  // namespace

TEST_CASE("a repository is found from a directory below, with its branch and commit") {
  const WorkTree tree;
  tree.write("a/b/file", "x");
  Repository unborn = tree.repository();
  CHECK(unborn.head_ref == "refs/heads/main");
  CHECK(unborn.head_commit.empty());
  tree.commit();
  const auto found = find_repository(tree.program(), tree.root() / "a/b", tree.patience());
  REQUIRE(found);
  CHECK(found->root == tree.root());
  CHECK(found->git_dir == tree.root() / ".git");
  CHECK(found->common_dir == found->git_dir);
  CHECK(found->head_commit + "\n" == tree.git("rev-parse HEAD"));
  CHECK(found->settings.at("user.name") == "Somebody");
  tree.git("checkout -q --detach");
  CHECK(tree.repository().head_ref.empty());
}

TEST_CASE("a linked work tree and a submodule are repositories of their own") {
  const WorkTree tree;
  tree.write("file", "x");
  tree.commit();
  tree.git("worktree add -q ../linked");
  const auto linked = find_repository(tree.program(), tree.beside("linked"), tree.patience());
  REQUIRE(linked);
  CHECK(linked->root == tree.beside("linked"));
  CHECK(linked->common_dir == tree.root() / ".git");
  CHECK(linked->head_ref == "refs/heads/linked");
  tree.sh("git init -q ../library && cd ../library && git -c user.name=x -c user.email=y commit -q --allow-empty -m x");
  tree.git("-c protocol.file.allow=always submodule -q add ../library sub");
  const auto sub = find_repository(tree.program(), tree.root() / "sub", tree.patience());
  REQUIRE(sub);
  CHECK(sub->root == tree.root() / "sub");
}

TEST_CASE("a place without a work tree is refused with the reason") {
  const WorkTree tree;
  CHECK(failure_at(tree, tree.home()).code == Code::not_found);
  CHECK(failure_at(tree, tree.home()).what == tree.home().string() + ": not in a git repository");
  CHECK(failure_at(tree, tree.root() / ".git").code == Code::invalid_argument);
  tree.sh("git init -q --bare ../bare");
  CHECK(failure_at(tree, tree.beside("bare")).what.find("bare") != std::string::npos);
}

TEST_CASE("a configuration that names another work tree is refused") {
  const WorkTree tree;
  SECTION("one that does not contain the directory") { tree.git("config core.worktree " + tree.home().string()); }
  SECTION("one above it") { tree.git("config core.worktree " + tree.root().parent_path().string()); }
  CHECK(failure_at(tree, tree.root()).code == Code::invalid_argument);
}

TEST_CASE("the repository of another user is refused as git does it") {
  if (::geteuid() != 0) return delegate_tests::skip_visibly("only root can give files away");
  const WorkTree tree;
  tree.sh("chown -R 12345:12345 .");
  const Error error = failure_at(tree, tree.root());
  CHECK(error.code == Code::permission_denied);
  CHECK(error.what == tree.root().string() + ": the git repository belongs to another user");
  tree.sh("git config --global safe.directory " + tree.root().string());
  CHECK(find_repository(tree.program(), tree.root(), tree.patience()));
}

TEST_CASE("variables of git in the caller's environment name no other repository") {
  const WorkTree tree;  // its environment has GIT_DIR
  CHECK(tree.repository().root == tree.root());
}
