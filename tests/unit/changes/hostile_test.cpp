#include "core/changes/application.hpp"
#include "core/changes/isolated_tree.hpp"
#include "tests/unit/changes/camera.hpp"

// A repository that was made by another: whatever it names, looking at it and working with it runs nothing.
using namespace delegate;
using delegate_tests::Camera;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::WorkTree;

namespace {

/// Everything that is done with a work tree, from finding it to an undo.
void use(const WorkTree& tree, const Path& root) {
  const Camera camera(tree, root);
  const Snapshot before = camera.take().value();
  IsolatedTree copy = IsolatedTree::make(tree.program(),
                                         {.repository = camera.found,
                                          .objects = camera.repository,
                                          .snapshot = before,
                                          .first = camera.note(before),
                                          .directory = tree.state()},
                                         tree.patience())
                          .value();
  REQUIRE(replace_file(copy.root() / "file", "changed\n", 0644));
  REQUIRE(replace_file(copy.root() / "new", "new\n", 0644));
  const Snapshot after = copy.result(tree.program(), {}, tree.patience()).value();
  const TreeChange all = compare_trees(camera.git(), before.tree, after.tree).value();
  CHECK(all.files.size() == 2);
  const TreeChange change =
      keep_change(tree.program(), camera.repository, all, tree.state() / "kept", tree.patience()).value();
  const PrivateRepository kept = PrivateRepository::open(tree.state() / "kept").value();
  const Git git = kept.git(tree.program(), tree.patience());
  CHECK(diffstat(git, change, 80));
  CHECK(patch(git, change));
  const auto files = contents_of(root);
  for (const Direction direction : {Direction::forward, Direction::reverse}) {
    const auto applied =
        apply_change(tree.program(), kept, change, direction, root, tree.state() / "apply", tree.patience());
    INFO((applied ? std::string() : applied.error().what));
    REQUIRE(applied);
    CHECK(applied->is_applied());
    CHECK(applied->changed.size() == 2);
    REQUIRE(end_application(tree.state() / "apply"));
  }
  CHECK(differences(files, contents_of(root)).empty());
}

/// A program that leaves a mark, and then does what a filter has to do.
std::string marking_program(const WorkTree& tree) {
  const Path program = tree.beside("program");
  const Path marker = tree.beside("marker");
  REQUIRE(replace_file(program, "#!/bin/sh\ntouch '" + marker.string() + "'\nexec cat\n", 0755));
  return program.string();
}

bool was_run(const WorkTree& tree) { return std::filesystem::exists(tree.beside("marker")); }

}  // namespace

TEST_CASE("no program that a repository names is run") {
  const WorkTree tree;
  const std::string program = marking_program(tree);
  tree.write("file", "1\n");
  tree.write("binary.bin", std::string("\0\1", 2));
  tree.commit();
  const std::string attributes = "* filter=odd diff=odd merge=odd\nfile filter=\"o=d.d\" diff=odd merge=odd\n";
  SECTION("in its configuration") {
    tree.write(".gitattributes", attributes);
    for (const char* key : {"core.fsmonitor",
                            "core.pager",
                            "pager.diff",
                            "core.editor",
                            "core.askPass",
                            "core.sshCommand",
                            "core.gitProxy",
                            "core.alternateRefsCommand",
                            "credential.helper",
                            "diff.external",
                            "diff.odd.command",
                            "diff.odd.textconv",
                            "merge.odd.driver",
                            "filter.odd.clean",
                            "filter.odd.smudge",
                            "filter.odd.process",
                            "filter.o=d.d.clean",
                            "gpg.program",
                            "uploadpack.packObjectsHook",
                            "remote.x.uploadpack"})
      tree.git("config '" + std::string(key) + "' " + program);
    for (const char* key : {"alias.diff-tree", "alias.ls-files", "alias.update-index"})
      tree.git("config " + std::string(key) + " '!" + program + "'");
    tree.git("config commit.gpgSign true");
  }
  SECTION("in a file that it includes, or in its own attributes") {
    tree.git("config --file ../included core.fsmonitor " + program);
    tree.git("config --file ../included filter.odd.clean " + program);
    tree.git("config include.path ../../included");
    tree.write(".git/info/attributes", attributes);
  }
  SECTION("in attributes elsewhere") {
    tree.sh("echo '* filter=odd' >../attributes && git config core.attributesFile \"$PWD/../attributes\"");
    tree.git("config filter.odd.clean " + program);
  }
  SECTION("as hooks") {
    tree.sh(
        "mkdir ../hooks && for hook in pre-commit post-checkout post-index-change reference-transaction "
        "pre-auto-gc post-rewrite fsmonitor-watchman; do ln -s ../program ../hooks/$hook; done");
    tree.sh("rm -rf .git/hooks; ln -s ../../hooks .git/hooks && git config core.hooksPath \"$PWD/../hooks\"");
  }
  tree.sh(
      "cp -r . ../victim && cd ../victim && echo 2 >file; git add -A; git status; test -e ../marker && rm ../marker");
  use(tree, tree.root());
  CHECK_FALSE(was_run(tree));
}

TEST_CASE("objects that are missing are fetched from nowhere") {
  const WorkTree tree;
  const std::string program = marking_program(tree);
  tree.write("file", "1\n");
  tree.write("gone", "1 gone\n");
  tree.commit();
  tree.sh(
      "object=$(git rev-parse HEAD:gone) && rm -f .git/objects/$(echo $object | cut -c1-2)/$(echo $object | cut -c3-)");
  tree.git("config core.repositoryFormatVersion 1 && git config extensions.partialClone x");
  tree.git("config remote.x.promisor true && git config remote.x.partialCloneFilter blob:none");
  SECTION("by a program of another transport") {
    tree.git("config remote.x.url 'ext::" + program + "' && git config protocol.ext.allow always");
  }
  SECTION("by a program on this host") {
    tree.git("config remote.x.url " + tree.root().string() + " && git config remote.x.uploadpack " + program);
    tree.git("config protocol.file.allow always");
  }
  SECTION("by ssh") { tree.git("config remote.x.url ssh://host/x && git config core.sshCommand " + program); }
  SECTION("by a helper") { tree.git("config remote.x.vcs ext && git config protocol.allow always"); }
  const Camera camera(tree);
  CHECK(camera.take());
  tree.write("gone", "2\n");
  const auto changed = camera.take();
  REQUIRE(changed);
  const TreeChange change = compare_trees(camera.git(), camera.take()->tree, changed->tree).value();
  CHECK(change.files.empty());
  CHECK_FALSE(was_run(tree));
}

TEST_CASE("a submodule or a repository inside runs nothing") {
  const WorkTree tree;
  const std::string program = marking_program(tree);
  tree.write("file", "1\n");
  tree.sh(
      "git init -q ../library && cd ../library && echo 1 >file && git add file && "
      "git -c user.name=x -c user.email=y commit -qm x");
  tree.git("-c protocol.file.allow=always submodule -q add ../library sub");
  tree.commit();
  tree.sh(
      "cp -r ../library inside && for place in sub inside; do for key in core.fsmonitor filter.odd.clean; do "
      "git -C $place config $key '" +
      program +
      "'; done; echo '* filter=odd' >$place/.gitattributes; "
      "echo 2 >$place/file; done");
  use(tree, tree.root());
  CHECK_FALSE(was_run(tree));
}

TEST_CASE("a repository cannot make us write into a repository or outside of its root") {
  const WorkTree tree;
  tree.write("file", "1\n");
  tree.commit();
  const Camera camera(tree);
  const Git git = camera.git();
  const std::string content = git.output({"hash-object", "-w", "--stdin"}, "text\n").value().substr(0, 40);
  const std::string target = git.output({"hash-object", "-w", "--stdin"}, "../outside").value().substr(0, 40);
  REQUIRE(make_private_directory(tree.beside("outside")));
  const std::string empty = write_tree(git, {}, tree.state() / "index").value();
  const auto before = contents_of(tree.root());
  const auto apply = [&](const std::vector<ChangedFile>& files) {
    const auto kept =
        PrivateRepository::create(tree.state() / "kept", camera.repository, {camera.repository.objects()});
    TreeChange change{.before = empty, .after = empty, .files = files};
    const auto applied = apply_change(tree.program(), kept.value(), change, Direction::forward, tree.root(),
                                      tree.state() / "apply", tree.patience());
    CHECK((!applied || !applied->is_applied()));
    CHECK(differences(before, contents_of(tree.root())).empty());
    CHECK(std::filesystem::is_empty(tree.beside("outside")));
  };
  const std::string path = GENERATE(".git/hooks/pre-commit", ".GIT/config", "git~1/config", ".g\u200cit/config",
                                    "../outside/x", "/tmp/delegate-must-not-exist", "a/../../outside/x", "", "link/x");
  INFO(path);
  if (path == "link/x") {  // a link and a file behind it at once
    apply({{.path = "link", .after = {"120000", target}}, {.path = path, .after = {"100644", content}}});
  } else {
    apply({{.path = path, .after = {"100644", content}}});
  }
}
