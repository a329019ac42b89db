#include "core/changes/isolated_tree.hpp"

#include "core/changes/tree_change.hpp"
#include "tests/unit/changes/camera.hpp"

using namespace delegate;
using delegate_tests::Camera;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::WorkTree;

namespace {

using Names = std::set<std::string>;

/// A snapshot of a work tree and its isolated copy.
struct Copy {
  explicit Copy(const WorkTree& work_tree, std::vector<std::string> with = {})
      : Copy(work_tree, work_tree.root(), std::move(with)) {}
  Copy(const WorkTree& work_tree, const Path& original, std::vector<std::string> with = {})
      : tree(work_tree),
        camera(tree, original),
        before(camera.take().value()),
        made(IsolatedTree::make(tree.program(),
                                {.repository = camera.found,
                                 .objects = camera.repository,
                                 .snapshot = before,
                                 .first = camera.note(before),
                                 .directory = tree.state(),
                                 .with = std::move(with)},
                                tree.patience())) {}

  IsolatedTree& copy() {
    INFO((made ? std::string() : made.error().what));
    REQUIRE(made);
    return *made;
  }
  std::string sh(const std::string& script) { return tree.sh_in(copy().root(), script); }
  Snapshot result() { return copy().result(tree.program(), {}, tree.patience()).value(); }
  Names changed() {
    const TreeChange change = compare_trees(camera.git(), before.tree, result().tree).value();
    Names names;
    for (const ChangedFile& file : change.files) names.insert(file.path);
    return names;
  }

  const WorkTree& tree;
  Camera camera;
  Snapshot before;
  Result<IsolatedTree> made;
};

std::map<std::string, std::string> without_git(std::map<std::string, std::string> contents) {
  std::erase_if(contents, [](const auto& entry) { return entry.first == ".git" || entry.first.starts_with(".git/"); });
  return contents;
}

}  // namespace

TEST_CASE("in an isolated tree git works as in the original, which nothing changes") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.write("other", "1\n");
  tree.write("script", "1\n");
  tree.write(".gitignore", "*.log\n");
  tree.sh("chmod +x script && ln -s file link");
  tree.commit("first");
  tree.git("branch side && git tag -a -m tag v1");
  tree.write("file", "staged\n");
  tree.git("add file");
  tree.write("file", "not staged\n");
  tree.write("untracked", "1\n");
  tree.write("ignored.log", "1\n");
  tree.sh("rm other && git stash list");
  const auto before = contents_of(tree.root());
  const std::string status = tree.sh("GIT_OPTIONAL_LOCKS=0 git status --porcelain=v2 --branch");
  Copy copy(tree);
  CHECK(copy.copy().root().filename() == "project");
  auto files = without_git(before);
  files.erase("ignored.log");
  CHECK(differences(files, without_git(contents_of(copy.copy().root()))) == Names{});
  CHECK(copy.sh("git status --porcelain=v2 --branch") == status);
  CHECK(copy.sh("git diff") == tree.sh("GIT_OPTIONAL_LOCKS=0 git diff"));
  CHECK(copy.sh("git diff --cached") == tree.git("diff --cached"));
  CHECK(copy.sh("git log --format=%H%d --all") == tree.git("log --format=%H%d --all"));
  CHECK(copy.sh("git rev-parse --show-toplevel") == copy.copy().root().string() + "\n");
  CHECK(copy.changed() == Names{});
  copy.sh(
      "git commit -qam second && git checkout -qb third && git stash list && git branch -D side && git tag -d v1 && "
      "echo 2 >file && git stash -q && echo 3 >file && echo 3 >new && git gc -q --prune=now");
  CHECK(copy.sh("git log -1 --format='%s %an'") == "second Somebody\n");
  CHECK(differences(before, contents_of(tree.root())) == Names{});
  CHECK(copy.changed() == Names{"file", "new"});
}

TEST_CASE("the files of an isolated tree count, whatever was done to its repository") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.write("other", "1\n");
  tree.commit();
  Copy copy(tree);
  copy.sh("echo 2 >file");
  SECTION("committed") { copy.sh("git commit -qam x"); }
  SECTION("on another branch") { copy.sh("git checkout -q --orphan x && git commit -qam x"); }
  SECTION("its repository is gone") { copy.sh("rm .git"); }
  SECTION("it is another one") { copy.sh("rm .git && git init -q && git add -A && git config core.bare true"); }
  SECTION("it runs programs") {
    copy.sh(
        "git config core.fsmonitor 'touch ../marker' && git config filter.x.clean 'touch ../marker' && "
        "echo '* filter=x' >../../isolated.git/info/attributes");
  }
  CHECK(copy.changed() == Names{"file"});
  CHECK_FALSE(std::filesystem::exists(copy.copy().root().parent_path() / "marker"));
}

TEST_CASE("an isolated tree that was replaced by a link has no result") {
  const WorkTree tree;
  Copy copy(tree);
  copy.sh("cd .. && rm -r project && ln -s / project");
  CHECK(copy.copy().result(tree.program(), {}, tree.patience()).error().code == Code::data_loss);
}

TEST_CASE("a renewed tree is clean, and a removed one leaves nothing") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.commit();
  Copy copy(tree);
  copy.sh("echo 2 >file && echo 2 >new && git commit -qam x && mkdir locked && chmod 500 locked");
  REQUIRE(copy.copy().renew(tree.program(), tree.patience()));
  CHECK(copy.changed() == Names{});
  CHECK(copy.sh("git log --format=%H") == tree.git("log --format=%H"));
  CHECK_FALSE(std::filesystem::exists(copy.copy().root() / "new"));
  copy.copy().remove();
  CHECK_FALSE(std::filesystem::exists(tree.state() / "tree"));
  CHECK_FALSE(std::filesystem::exists(tree.state() / "isolated.git"));
}

TEST_CASE("a repository in an odd state is isolated") {
  const WorkTree tree;
  SECTION("without a commit") {
    tree.write("file", "1\n");
    Copy copy(tree);
    CHECK(copy.sh("git status --porcelain") == "?? file\n");
    copy.sh("git add file && git commit -qm x");
  }
  SECTION("detached") {
    tree.write("file", "1\n");
    tree.commit();
    tree.git("checkout -q --detach");
    Copy copy(tree);
    CHECK(copy.sh("git rev-parse HEAD") == tree.git("rev-parse HEAD"));
    CHECK(copy.sh("git branch --show-current").empty());
  }
  SECTION("a linked work tree") {
    tree.write("file", "1\n");
    tree.commit();
    tree.git("worktree add -q ../linked");
    Copy copy(tree, tree.beside("linked"));
    CHECK(copy.sh("git branch --show-current") == "linked\n");
    copy.sh("echo 2 >file && git commit -qam x");
    CHECK(tree.git("log --all --oneline | wc -l") == "1\n");
  }
  SECTION("a shallow clone") {
    tree.write("file", "1\n");
    tree.commit();
    tree.git("commit -q --allow-empty -m y");
    tree.sh("git clone -q --depth 1 file://$PWD ../shallow");
    Copy copy(tree, tree.beside("shallow"));
    CHECK(copy.sh("git log --oneline | wc -l") == "1\n");
  }
  SECTION("a sparse checkout stays sparse") {
    tree.write("in/file", "1\n");
    tree.write("out/file", "1\n");
    tree.commit();
    tree.git("sparse-checkout set --cone --sparse-index in");
    Copy copy(tree);
    CHECK(copy.sh("ls") == "in\n");
    CHECK(copy.sh("git status --porcelain").empty());
    CHECK(copy.sh("git sparse-checkout list") == "in\n");
    copy.sh("echo 2 >in/file && echo 2 >in/new");
    CHECK(copy.changed() == Names{"in/file", "in/new"});
  }
  SECTION("with ends of lines of its own") {
    tree.git("config core.autocrlf true");
    tree.write("file", "1\r\n");
    tree.commit();
    Copy copy(tree);
    CHECK(read_file(copy.copy().root() / "file").value() == "1\r\n");
    CHECK(copy.sh("git status --porcelain").empty());
  }
  SECTION("with ends of lines that its attributes would not give") {
    tree.write(".gitattributes", "* text=auto\n");
    tree.write("file", "1\r\n");
    tree.write("mixed", "1\r\n2\n");
    tree.commit();
    Copy copy(tree);
    CHECK(read_file(copy.copy().root() / "file").value() == "1\r\n");
    CHECK(read_file(copy.copy().root() / "mixed").value() == "1\r\n2\n");
    CHECK(copy.sh("git status --porcelain").empty());
    CHECK(copy.changed() == Names{});
    copy.sh("printf '1\\r\\n2\\r\\n' >file");
    CHECK(copy.changed() == Names{"file"});
  }
}

TEST_CASE("the files of a submodule are in an isolated tree") {
  const WorkTree tree;
  tree.sh(
      "git init -q ../library && cd ../library && echo 1 >file && git add file && "
      "git -c user.name=x -c user.email=y commit -qm x");
  tree.git("-c protocol.file.allow=always submodule -q add ../library sub");
  tree.commit();
  tree.write("sub/file", "2\n");
  const auto before = contents_of(tree.root());
  Copy copy(tree);
  CHECK(read_file(copy.copy().root() / "sub/file").value() == "2\n");
  CHECK(copy.copy().remarks() == std::vector<std::string>{"sub: its files are here, without their git repository"});
  CHECK(copy.sh("git status --porcelain").empty());
  CHECK(copy.changed() == Names{});
  copy.sh("echo 3 >sub/file && echo 3 >sub/new && git add -A");
  CHECK(copy.changed() == Names{"sub/file", "sub/new"});
  CHECK(differences(before, contents_of(tree.root())) == Names{});
}

TEST_CASE("ignored files are in an isolated tree only if they are asked for") {
  const WorkTree tree;
  tree.write(".gitignore", "modules\n.env\n");
  tree.write("modules/deep/file", "1\n");
  tree.write(".env", "1\n");
  tree.sh("ln -s file modules/deep/link && chmod 600 .env && touch -d 2001-01-01 modules/deep/file");
  Copy copy(tree, std::vector<std::string>{"modules/", (tree.root() / ".env").string()});
  CHECK(copy.sh("cat modules/deep/file .env && readlink modules/deep/link && stat -c %a .env && "
                "date -r modules/deep/file +%Y") == "1\n1\nfile\n600\n2001\n");
  CHECK(copy.changed() == Names{});
  copy.sh("echo 2 >modules/deep/file");
  CHECK(tree.read("modules/deep/file") == "1\n");
}

TEST_CASE("a path to isolate with must be in the repository itself") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.sh("mkdir ../outside && touch ../outside/file && ln -s ../outside link");
  const auto code_for = [&](const std::string& path) {
    tree.sh("rm -rf ../state");
    const Copy copy(tree, std::vector<std::string>{path});
    REQUIRE_FALSE(copy.made);
    return copy.made.error().code;
  };
  CHECK(code_for("../outside") == Code::invalid_argument);
  CHECK(code_for("link") == Code::invalid_argument);
  CHECK(code_for("link/file") == Code::invalid_argument);
  CHECK(code_for("/etc") == Code::invalid_argument);
  CHECK(code_for(".") == Code::invalid_argument);
  CHECK(code_for("a/../..") == Code::invalid_argument);
  CHECK(code_for(".git/config") == Code::invalid_argument);
  CHECK(code_for(".GIT") == Code::invalid_argument);
  CHECK(code_for("none") == Code::not_found);
}
