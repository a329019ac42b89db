#include "core/changes/snapshot.hpp"

#include "tests/unit/changes/camera.hpp"

using namespace delegate;
using delegate_tests::Camera;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::WorkTree;

using namespace std::string_literals;

TEST_CASE("a snapshot has the files as they are, and nothing of the repository changes") {
  const WorkTree tree;
  tree.write("kept", "1");
  tree.write("changed", "1");
  tree.write("removed", "1");
  tree.write("directory/file", "1");
  tree.write(".gitignore", "*.log\n");
  tree.commit();
  tree.write("changed", "2");
  tree.write("staged", "1");
  tree.git("add staged");
  tree.write("untracked", "1");
  tree.write("ignored.log", "1");
  tree.sh("rm -r removed directory && ln -s changed link && echo 1 >directory");
  const auto before = contents_of(tree.root());
  const Camera camera(tree);
  const auto snapshot = camera.take();
  REQUIRE(snapshot);
  CHECK(camera.names(*snapshot) == ".gitignore\0changed\0directory\0kept\0link\0staged\0untracked\0"s);
  CHECK(camera.content(*snapshot, "changed") == "2");
  CHECK(camera.content(*snapshot, "link") == "changed");
  CHECK(differences(before, contents_of(tree.root())).empty());
  const auto without_untracked = camera.take({.with_untracked = false});
  REQUIRE(without_untracked);
  CHECK(without_untracked->tree == snapshot->tree);  // the index has them already
}

TEST_CASE("a second snapshot sees what has changed since the first") {
  const WorkTree tree;
  tree.write("file", "1");
  tree.commit();
  const Camera camera(tree);
  const Snapshot first = camera.take().value();
  CHECK(first.tree + "\n" == tree.git("rev-parse 'HEAD^{tree}'"));
  tree.write("file", "2");  // the same size, in the same moment
  tree.write("new", "1");
  tree.commit();
  const Snapshot second = camera.take().value();
  CHECK(second.tree + "\n" == tree.git("rev-parse 'HEAD^{tree}'"));
}

TEST_CASE("a work tree in an odd state has a snapshot") {
  const WorkTree tree;
  SECTION("without a commit") {
    tree.write("file", "1");
    const Camera camera(tree);
    CHECK(camera.names(camera.take().value()) == "file\0"s);
  }
  SECTION("without a file") {
    const Camera camera(tree);
    CHECK(camera.names(camera.take().value()).empty());
  }
  SECTION("in the middle of a merge") {
    tree.write("file", "1\n");
    tree.write("other", "1\n");
    tree.commit();
    tree.sh("git checkout -qb side && echo 2 >file && git rm -q other && git commit -qam 2");
    tree.sh("git checkout -q main && echo 3 >file && echo 3 >other && git commit -qam 3; git merge side", 1);
    const Camera camera(tree);
    const Snapshot snapshot = camera.take().value();
    CHECK(camera.names(snapshot) == "file\0other\0"s);
    CHECK(camera.content(snapshot, "file").find("<<<<<<<") == 0);
  }
  SECTION("with a file that is only intended to be added") {
    tree.write("file", "1");
    tree.git("add -N file");
    const Camera camera(tree);
    CHECK(camera.content(camera.take().value(), "file") == "1");
  }
  SECTION("with files that git does not look at") {
    tree.write("assumed", "1");
    tree.write("skipped", "1");
    tree.commit();
    tree.git("update-index --assume-unchanged assumed && git update-index --skip-worktree skipped");
    tree.write("assumed", "22");
    tree.write("skipped", "22");
    const Camera camera(tree);
    const Snapshot snapshot = camera.take().value();
    CHECK(camera.content(snapshot, "assumed") == "22");
    CHECK(camera.content(snapshot, "skipped") == "22");
  }
  SECTION("with a split index") {
    tree.write("file", "1");
    tree.commit();
    tree.git("update-index --split-index");
    tree.write("new", "1");
    tree.git("add new");
    const Camera camera(tree);
    CHECK(camera.names(camera.take().value()) == "file\0new\0"s);
  }
  SECTION("a sparse checkout") {
    tree.write("in/file", "1");
    tree.write("out/file", "1");
    tree.commit();
    tree.git("sparse-checkout set --cone --sparse-index in");
    REQUIRE_FALSE(tree.has("out/file"));
    tree.write("new/file", "1");  // outside of its patterns
    const Camera camera(tree);
    CHECK(camera.names(camera.take().value()) == "in/file\0new/file\0out/file\0"s);
  }
  SECTION("a linked work tree") {
    tree.write("file", "1");
    tree.commit();
    tree.git("worktree add -q ../linked");
    tree.sh("echo 22 >../linked/file");
    const Camera camera(tree, tree.beside("linked"));
    CHECK(camera.content(camera.take().value(), "file") == "22\n");
  }
  SECTION("with another format of objects") {
    tree.sh("rm -rf .git && git init -q --object-format=sha256");
    tree.write("file", "1");
    const Camera camera(tree);
    CHECK(camera.take().value().tree.size() == 64);
  }
  SECTION("with a directory that became a link to its copy") {
    tree.write("directory/file", "1");
    tree.commit();
    tree.sh("mv directory ../elsewhere && ln -s ../elsewhere directory");
    const Camera camera(tree);
    CHECK(camera.names(camera.take().value()) == "directory\0"s);
  }
}

TEST_CASE("odd names are in a snapshot") {
  const WorkTree tree;
  for (const std::string name : {"new\nline", "-leading", "\xff\xfe", "back\\slash", " space ", "quote\"", ":(top)x"})
    tree.write(name, "1");
  const Camera camera(tree);
  CHECK(camera.names(camera.take().value()) ==
        " space \0-leading\0:(top)x\0back\\slash\0new\nline\0quote\"\0\xff\xfe\0"s);
}

TEST_CASE("the files of repositories inside are in the snapshot, too") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.sh(
      "git init -q empty && git init -q full && cd full && echo 1 >file && printf 'ignored\nx\n' >.gitignore && "
      "git add file && git -c user.name=x -c user.email=y commit -qm x && git init -q deep && echo 1 >deep/file");
  tree.write("full/untracked", "1\n");
  tree.write("full/ignored", "1\n");
  const Camera camera(tree);
  const auto before = contents_of(tree.root());
  const Snapshot snapshot = camera.take().value();
  CHECK(camera.names(snapshot) == "file\0full/.gitignore\0full/deep/file\0full/file\0full/untracked\0"s);
  CHECK(snapshot.not_covered.empty());
  CHECK(differences(before, contents_of(tree.root())).empty());
  CHECK(camera.take({.files = 2}).error().code == Code::resource_exhausted);
}

TEST_CASE("the files of a submodule are in the snapshot, or its commit where it is not initialised") {
  const WorkTree tree;
  tree.sh(
      "git init -q ../library && cd ../library && echo 1 >file && git add file && "
      "git -c user.name=x -c user.email=y commit -qm x");
  tree.git("-c protocol.file.allow=always submodule -q add ../library sub");
  tree.git("-c protocol.file.allow=always submodule -q add ../library gone");
  tree.commit();
  tree.git("submodule -q deinit -f gone");
  tree.write("sub/file", "2\n");
  tree.write("sub/new", "2\n");
  const Camera camera(tree);
  const Snapshot snapshot = camera.take().value();
  CHECK(snapshot.not_covered.empty());
  CHECK(camera.names(snapshot) == ".gitmodules\0gone\0sub/file\0sub/new\0"s);
  CHECK(camera.content(snapshot, "sub/file") == "2\n");
  tree.sh("cd sub && git add -A && git -c user.name=x -c user.email=y commit -qm y");
  CHECK(camera.take()->tree == snapshot.tree);
  tree.sh("rm -rf sub");
  CHECK(camera.names(camera.take().value()) == ".gitmodules\0gone\0"s);
}

TEST_CASE("a repository inside that cannot be read is named") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.sh("git init -q inside && echo 1 >inside/file && git -C inside config core.worktree /tmp");
  const Camera camera(tree);
  const Snapshot snapshot = camera.take().value();
  CHECK(camera.names(snapshot) == "file\0"s);
  REQUIRE(snapshot.not_covered.size() == 1);
  CHECK(snapshot.not_covered[0].starts_with("inside: "));
}

TEST_CASE("more than a limit is no snapshot, and says why") {
  const WorkTree tree;
  tree.write("one", "12345");
  tree.write("two", "12345");
  const Camera camera(tree);
  const auto too_many = camera.take({.files = 1});
  REQUIRE_FALSE(too_many);
  CHECK(too_many.error().code == Code::resource_exhausted);
  CHECK(too_many.error().what == "no snapshot: more than 1 changed or untracked files");
  const auto too_large = camera.take({.bytes = 9});
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error().what == "no snapshot: more than 0 MB of changed or untracked files");
  const auto too_slow = camera.take({.time = milliseconds(0)});
  REQUIRE_FALSE(too_slow);
  CHECK(too_slow.error().what == "no snapshot: the files took longer than 0 s to read");
}

TEST_CASE("the person's own ignored names count") {
  const WorkTree tree;
  tree.write("file", "1");
  tree.write("note.own", "1");
  tree.write("secret", "1");
  tree.sh("mkdir -p ~/.config/git && echo '*.own' >~/.config/git/ignore && echo secret >>.git/info/exclude");
  const Camera camera(tree);
  CHECK(camera.names(camera.take().value()) == "file\0"s);
}

TEST_CASE("every file is recorded byte for byte") {
  const WorkTree tree;
  tree.write("lines", "1\r\n2\r\n");
  tree.write("mixed", "1\r\n2\n");
  tree.write("ident", "$Id: 1 $\n");
  tree.write("unix", "1\n");
  tree.write("wide", std::string("\xff\xfe\x31\0", 4));
  tree.write("sub/.gitattributes", "same filter=odd\n");
  tree.write("sub/same", "one");
  tree.git("config filter.odd.clean 'tr a-z A-Z'");
  tree.write(".gitattributes", "* text=auto\nident ident\nwide working-tree-encoding=UTF-16LE-BOM\n");
  tree.sh("git init -q inside && git -C inside config core.autocrlf true");
  tree.write("inside/lines", "1\r\n");
  tree.write("inside/.gitattributes", "wide text working-tree-encoding=UTF-16LE-BOM\n");
  tree.write("inside/wide", std::string("\xff\xfe\x31\0", 4));
  tree.sh("git -C inside add -A && git add lines mixed ident unix wide .gitattributes sub && git commit -qm x");
  REQUIRE(tree.git("show :lines") == "1\n2\n");
  REQUIRE(tree.git("show :sub/same") == "ONE");
  const Camera camera(tree);
  const Snapshot snapshot = camera.take().value();
  for (const std::string path :
       {"lines", "mixed", "ident", "unix", "wide", "sub/same", "inside/lines", "inside/wide"}) {
    INFO(path);
    CHECK(camera.content(snapshot, path) == tree.read(path));
  }
  CHECK(camera.take()->tree == snapshot.tree);
  CHECK(camera.take({.bytes = 3}).error().code == Code::resource_exhausted);
}

TEST_CASE("a sparse checkout keeps the files that are not there, whatever attributes they have") {
  const WorkTree tree;
  tree.write("in/file", "1\r\n");
  tree.write("out/file", "1\r\n");
  tree.write(".gitattributes", "* text=auto filter=none\n");
  tree.commit();
  tree.git("sparse-checkout set --cone in");
  REQUIRE_FALSE(tree.has("out/file"));
  const Camera camera(tree);
  CHECK(camera.names(camera.take().value()) == ".gitattributes\0in/file\0out/file\0"s);
}

TEST_CASE("a file with a filter driver is recorded as it is, and the driver does not run") {
  const WorkTree tree;
  const Path marker = tree.beside("marker");
  tree.git("config filter.odd.clean 'touch " + marker.string() + "; tr a-z A-Z'");
  tree.git("config filter.odd.smudge 'tr A-Z a-z'");
  tree.write(".gitattributes", "*.big filter=odd\n");
  tree.write("file.big", "content");
  tree.commit();
  REQUIRE(tree.git("show :file.big") == "CONTENT");
  tree.sh("rm " + marker.string());
  const Camera camera(tree);
  CHECK(camera.content(camera.take().value(), "file.big") == "content");
  CHECK_FALSE(std::filesystem::exists(marker));
}
