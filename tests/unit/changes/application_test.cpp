#include "core/changes/application.hpp"

#include <csignal>

#include "core/changes/journal.hpp"
#include "tests/unit/changes/camera.hpp"

using namespace delegate;
using delegate_tests::Camera;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::WorkTree;

namespace {

using Names = std::set<std::string>;

/// A change of a work tree: what `edit` does to it, kept in a repository of its own.
struct Edit {
  template <class Change>
  Edit(const WorkTree& work_tree, Change edit) : tree(work_tree) {
    const Camera camera(tree);
    before = contents_of(tree.root());
    const std::string first = camera.take().value().tree;
    edit();
    after = contents_of(tree.root());
    const TreeChange all = compare_trees(camera.git(), first, camera.take().value().tree).value();
    change = keep_change(tree.program(), camera.repository, all, tree.state() / "kept", tree.patience()).value();
    tree.sh("rm -rf ../state/snapshots");
  }

  Result<Application> apply(Direction direction) const {
    return apply_change(tree.program(), PrivateRepository::open(tree.state() / "kept").value(), change, direction,
                        tree.root(), workspace(), tree.patience());
  }
  /// Has to work, and to leave nothing else behind.
  Application applied(Direction direction) const {
    auto result = apply(direction);
    INFO((result ? std::string() : result.error().what));
    REQUIRE(result);
    for (const Application::Conflict& conflict : result->conflicts) UNSCOPED_INFO(conflict.path + ": " + conflict.why);
    REQUIRE(result->is_applied());
    REQUIRE(end_application(workspace()));
    CHECK_FALSE(std::filesystem::exists(workspace()));
    return std::move(*result);
  }
  Names conflicts(Direction direction) const {
    const auto now = contents_of(tree.root());
    const auto result = apply(direction);
    REQUIRE(result);
    CHECK(differences(now, contents_of(tree.root())).empty());
    Names names;
    for (const Application::Conflict& conflict : result->conflicts) names.insert(conflict.path);
    return names;
  }
  Names differs_from(const std::map<std::string, std::string>& contents) const {
    return differences(contents, contents_of(tree.root()));
  }
  Path workspace() const { return tree.state() / "apply"; }

  const WorkTree& tree;
  std::map<std::string, std::string> before;  // the whole directory, with its repository
  std::map<std::string, std::string> after;
  TreeChange change;
};

}  // namespace

TEST_CASE("a change is undone and done again, and nothing else changes") {
  const WorkTree tree;
  tree.write("modified", "1\n2\n");
  tree.write("removed/deep/file", "1\n");
  tree.write("script", "1\n");
  tree.write("became_link", "1\n");
  tree.write("became_directory", "1\n");
  tree.write("became_file/one", "1\n");
  tree.write("became_file/two/three", "1\n");
  tree.write("binary", std::string("\0\1\2", 3));
  tree.sh("ln -s modified link");
  tree.commit();
  tree.write("untracked", "1\n");
  tree.write("staged", "1\n");
  tree.git("add staged");
  const Edit edit(tree, [&] {
    tree.write("modified", "1\n2\n3\n");
    tree.write("new/deep/file", "1\n");
    tree.write("untracked", "2\n");
    tree.write("staged", "2\n");
    tree.write("binary", std::string("\0\1\3", 3));
    tree.write("empty", "");
    tree.write("new\nline", "1\n");
    tree.write("\xff", "1\n");
    tree.write("-leading", "1\n");
    tree.sh(
        "rm -r removed became_link became_directory became_file && ln -s nowhere became_link && chmod +x script && "
        "mkdir became_directory && echo 1 >became_directory/x && echo 1 >became_file && ln -sf script link");
  });
  const Application undone = edit.applied(Direction::reverse);
  CHECK(undone.changed.size() == edit.change.files.size());
  CHECK(undone.merged.empty());
  CHECK(undone.not_applied.empty());
  CHECK(edit.differs_from(edit.before) == Names{});
  edit.applied(Direction::forward);
  CHECK(edit.differs_from(edit.after) == Names{});
  CHECK(edit.applied(Direction::forward).changed.empty());  // already there
  CHECK(edit.differs_from(edit.after) == Names{});
}

TEST_CASE("an undo keeps what was changed elsewhere since") {
  const WorkTree tree;
  tree.write("file", "1\n2\n3\n4\n5\n6\n");
  tree.write("other", "1\n");
  tree.commit();
  const Edit edit(tree, [&] { tree.write("file", "one\n2\n3\n4\n5\n6\n"); });
  tree.write("file", "one\n2\n3\n4\n5\nsix\n");
  tree.write("other", "2\n");
  tree.sh("chmod +x file");
  const Application undone = edit.applied(Direction::reverse);
  CHECK(undone.merged == std::vector<std::string>{"file"});
  CHECK(tree.read("file") == "1\n2\n3\n4\n5\nsix\n");
  CHECK(tree.read("other") == "2\n");
  tree.sh("test -x file");
}

TEST_CASE("with one conflict nothing at all is changed") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.write("deleted", "1\n");
  tree.write("fine", "1\n");
  tree.write("link", "1\n");
  tree.commit();
  const Edit edit(tree, [&] {
    tree.write("file", "2\n");
    tree.write("fine", "2\n");
    tree.write("link", "2\n");
    tree.write("new", "2\n");
    tree.write("binary", std::string("\0\1\2", 3));
    tree.sh("rm deleted");
  });
  SECTION("the same lines") {
    tree.write("file", "3\n");
    CHECK(edit.conflicts(Direction::reverse) == Names{"file"});
  }
  SECTION("a file that the undo would remove") {
    tree.write("new", "3\n");
    tree.write("binary", std::string("\0\1\3", 3));
    CHECK(edit.conflicts(Direction::reverse) == Names{"binary", "new"});
  }
  SECTION("another file where the removed one was") {
    tree.write("deleted", "3\n");
    CHECK(edit.conflicts(Direction::reverse) == Names{"deleted"});
  }
  SECTION("a directory where the removed file was") {
    tree.write("deleted/file", "3\n");
    CHECK(edit.conflicts(Direction::reverse) == Names{"deleted"});
  }
  SECTION("a file that was removed") {
    tree.sh("rm file");
    CHECK(edit.conflicts(Direction::reverse) == Names{"file"});
  }
  SECTION("a link") {
    tree.sh("ln -sf fine link");
    CHECK(edit.conflicts(Direction::reverse) == Names{"link"});
  }
  SECTION("a FIFO") {
    tree.sh("rm file && mkfifo file");
    REQUIRE(edit.apply(Direction::reverse).value().conflicts.size() == 1);
    CHECK(tree.read("fine") == "2\n");
  }
  CHECK_FALSE(std::filesystem::exists(edit.workspace()));
}

TEST_CASE("a link out of the root is not followed") {
  const WorkTree tree;
  tree.write("directory/file", "1\n");
  tree.write("directory/other", "1\n");
  tree.commit();
  const Edit edit(tree, [&] {
    tree.write("directory/file", "2\n");
    tree.sh("rm directory/other");
  });
  tree.sh("cp -r directory ../outside && rm -r directory && ln -s ../outside directory");
  CHECK(edit.conflicts(Direction::reverse) == Names{"directory/file", "directory/other"});
  CHECK(read_file(tree.beside("outside") / "file").value() == "2\n");
}

TEST_CASE("a change keeps every byte, whatever git would convert") {
  const WorkTree tree;
  std::string before = "1\r\n2\r\n3\r\n4\r\n5\r\n";
  std::string after = "one\r\n2\r\n3\r\n4\r\n5\r\n";
  const auto utf16 = [](const std::string& text) {
    std::string wide = "\xff\xfe";
    for (const char c : text) (wide += c) += '\0';
    return wide;
  };
  bool is_text = true;
  SECTION("autocrlf") { tree.git("config core.autocrlf true"); }
  SECTION("autocrlf that was on when the file was added") { tree.git("config core.autocrlf input"); }
  SECTION("text=auto") { tree.write(".gitattributes", "* text=auto\n"); }
  SECTION("eol=crlf") { tree.write(".gitattributes", "* text eol=crlf\n"); }
  SECTION("attributes in a file of the repository alone") { tree.write(".git/info/attributes", "file text\n"); }
  SECTION("attributes in a file that is ignored") {
    tree.write(".gitattributes", "* text=auto\n");
    tree.write(".git/info/exclude", ".gitattributes\n");
  }
  SECTION("an encoding") {
    tree.write(".gitattributes", "file working-tree-encoding=UTF-16LE-BOM eol=crlf text\n");
    before = utf16(before);
    after = utf16(after);
    is_text = false;
  }
  SECTION("ident") {
    tree.write(".gitattributes", "file ident\n");
    before = "$Id: 1234567890 $\n2\n3\n4\n5\n";
    after = "$Id: 1234567890 $\n2\n3\n4\nfive\n";
    is_text = false;
  }
  tree.write("file", before);
  tree.write("unchanged", "1\r\n2\r\n");
  tree.write("mixed", "1\r\n2\n");
  tree.git("add file unchanged mixed && git commit -qm x");
  tree.git("config --unset core.autocrlf; git status --porcelain");
  const Edit edit(tree, [&] {
    tree.write("file", after);
    tree.write("new", before);
  });
  CHECK(edit.change.files.size() == 2);
  const Git git = PrivateRepository::open(tree.state() / "kept").value().git(tree.program(), tree.patience());
  CHECK(git.output({"cat-file", "blob", edit.change.files[0].before.object}).value() == before);
  CHECK(git.output({"cat-file", "blob", edit.change.files[0].after.object}).value() == after);
  edit.applied(Direction::reverse);
  CHECK(edit.differs_from(edit.before) == Names{});
  edit.applied(Direction::forward);
  CHECK(edit.differs_from(edit.after) == Names{});
  if (!is_text) return;
  REQUIRE(write_private_file(tree.state() / "patch", patch(git, edit.change).value()));
  tree.write("file", "one\r\n2\r\n3\r\n4\r\nfive\r\n");
  edit.applied(Direction::reverse);
  CHECK(tree.read("file") == "1\r\n2\r\n3\r\n4\r\nfive\r\n");
  tree.write("file", before);
  tree.sh("rm -f new; git apply ../state/patch");
  CHECK(tree.read("file") == after);
}

TEST_CASE("a change is undone after the objects of the repository are gone, and from another branch") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.commit();
  const Edit edit(tree, [&] {
    tree.write("file", "2\n");
    tree.commit();
  });
  tree.sh(
      "git checkout -q --orphan other && git commit -qm x && git branch -D main && "
      "git reflog expire --expire=all --all && git gc -q --prune=now");
  edit.applied(Direction::reverse);
  CHECK(tree.read("file") == "1\n");
  CHECK(tree.git("status --porcelain") == " M file\n");
}

TEST_CASE("a change in a submodule is undone, committed there or not") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.sh(
      "git init -q ../library && cd ../library && echo 1 >file && git add file && "
      "git -c user.name=x -c user.email=y commit -qm x");
  tree.git("-c protocol.file.allow=always submodule -q add ../library sub");
  tree.commit();
  const Edit edit(tree, [&] {
    tree.write("sub/file", "2\n");
    tree.write("sub/new", "2\n");
  });
  CHECK(edit.change.files.size() == 2);
  SECTION("not committed") {
    edit.applied(Direction::reverse);
    CHECK(edit.differs_from(edit.before) == Names{});
  }
  SECTION("committed") {
    tree.sh("cd sub && git add -A && git -c user.name=x -c user.email=y commit -qm y");
    edit.applied(Direction::reverse);
    CHECK(tree.sh("cd sub && git status --porcelain") == " M file\n D new\n");
  }
}

TEST_CASE("a file keeps who may read it") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.commit();
  const Edit edit(tree, [&] { tree.write("file", "2\n"); });
  tree.sh("chmod 640 file");
  edit.applied(Direction::reverse);
  CHECK(tree.sh("stat -c %a file") == "640\n");
}

TEST_CASE("a file with a filter driver is taken back as it was, and the driver does not run") {
  const WorkTree tree;
  const Path marker = tree.beside("marker");
  tree.git("config filter.odd.clean 'touch " + marker.string() + "; tr a-z A-Z'");
  tree.git("config filter.odd.smudge 'touch " + marker.string() + "; tr A-Z a-z'");
  tree.write(".gitattributes", "*.big filter=odd\n");
  tree.write("file.big", "one");
  tree.write("other.big", "one");
  tree.commit();
  tree.sh("rm " + marker.string());
  const Edit edit(tree, [&] { tree.write("file.big", "two"); });
  CHECK(edit.change.files.size() == 1);
  edit.applied(Direction::reverse);
  CHECK(edit.differs_from(edit.before) == Names{});
  CHECK_FALSE(std::filesystem::exists(marker));
}

TEST_CASE("an application that was killed is completed, or leaves nothing") {
  const WorkTree tree;
  tree.write("a", "1\n");
  tree.write("b/c", "1\n");
  tree.commit();
  const Path workspace = tree.state() / "apply";
  REQUIRE(make_private_directory(workspace));
  const Path journal = workspace / "journal";
  REQUIRE(write_private_file(workspace / "new", "2\n"));
  const RootedTree files = RootedTree::open(tree.root()).value();
  const auto identity = [&](const char* path) { return files.look(path).value().identity; };
  const std::vector<Step> steps{
      {.kind = Step::Kind::remove, .path = "b/c", .expected = identity("b/c")},
      {.kind = Step::Kind::write,
       .path = "a",
       .temporary = ".t1",
       .source = workspace / "new",
       .expected = identity("a")},
      {.kind = Step::Kind::write, .path = "b", .temporary = ".t2", .source = workspace / "new"},
      {.kind = Step::Kind::write, .path = "d/e", .temporary = ".t3", .source = workspace / "new"},
  };
  const auto before = contents_of(tree.root());
  SECTION("while it was prepared") {
    std::vector<Step> broken = steps;
    broken.back().source = workspace / "none";
    CHECK_FALSE(prepare(files, journal, broken));
    CHECK(differences(before, contents_of(tree.root())).empty());
    CHECK_FALSE(std::filesystem::exists(journal));
  }
  SECTION("before the journal says that all is prepared") {
    REQUIRE(prepare(files, journal, steps));
    std::string text = read_file(journal).value();
    text.replace(text.find("stepping"), 8, "preparing");
    REQUIRE(replace_file(journal, text, 0600));
    CHECK_FALSE(recover_application(workspace).value().is_completed);
    CHECK_FALSE(std::filesystem::exists(workspace));
    CHECK(differences(before, contents_of(tree.root())).empty());
  }
  SECTION("after any number of steps") {
    for (std::size_t done = 0; done <= steps.size(); ++done) {
      INFO(done);
      tree.git("reset -q --hard");
      tree.sh("git clean -fdq && mkdir -p ../state/apply && echo 2 >../state/apply/new");
      std::vector<Step> now = steps;
      now[0].expected = identity("b/c");
      now[1].expected = identity("a");
      REQUIRE(prepare(files, journal, now).value().empty());
      CHECK(take_steps(files, now, done).empty());
      for (int times = 0; times < 2; ++times) {  // the second process may be killed, too
        const Completion recovery = recover_application(workspace).value();
        CHECK(recovery.is_completed);
        CHECK(recovery.left.empty());
      }
      CHECK(tree.git("status --porcelain -uall") == " M a\n D b/c\n?? b\n?? d/e\n");
      REQUIRE(end_application(workspace));
    }
  }
  SECTION("and what a person has changed since stays") {
    REQUIRE(prepare(files, journal, steps).value().empty());
    CHECK(take_steps(files, steps, 1).empty());
    tree.write("a", "3\n");
    tree.write("d/e", "3\n");
    CHECK(recover_application(workspace).value().left == std::vector<std::string>{"a", "d/e"});
    CHECK(tree.git("status --porcelain -uall") == " M a\n D b/c\n?? b\n?? d/e\n");
    CHECK(tree.read("a") == "3\n");
    CHECK(tree.read("d/e") == "3\n");
  }
}

TEST_CASE("a file that changes while the application is prepared stops it") {
  const WorkTree tree;
  tree.write("a", "1\n");
  tree.write("b", "1\n");
  REQUIRE(write_private_file(tree.state() / "new", "2\n"));
  const RootedTree files = RootedTree::open(tree.root()).value();
  std::vector<Step> steps{
      {.kind = Step::Kind::write, .path = "a", .temporary = ".t1", .source = tree.state() / "new"},
      {.kind = Step::Kind::write, .path = "b", .temporary = ".t2", .source = tree.state() / "new"},
  };
  steps[0].expected = files.look("a").value().identity;
  steps[1].expected = files.look("b").value().identity;
  tree.write("b", "3\n");
  const auto now = contents_of(tree.root());
  const Performed performed = perform(files, tree.state() / "journal", steps).value();
  CHECK(performed.moved_on == std::vector<std::string>{"b"});
  CHECK(differences(now, contents_of(tree.root())).empty());
}
