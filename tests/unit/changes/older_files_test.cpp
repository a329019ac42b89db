#include "tests/unit/changes/host.hpp"

// What a person had before a run is there after its undo, also where the first snapshot did not have it.
using namespace delegate;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::Host;

namespace {

using Names = std::set<std::string>;

std::map<std::string, std::string> files_of(const Host& host) {
  auto all = contents_of(host.tree.root());
  std::erase_if(all, [](const auto& entry) { return entry.first == ".git" || entry.first.starts_with(".git/"); });
  return all;
}

/// A repository with ignored files, which are not in a snapshot.
struct Ignoring : Host {
  Ignoring() {
    tree.write(".gitignore", ".env\nnode_modules/\nclone/\n");
    tree.write("sub/file", "1\n");
    tree.commit();
    tree.sh("git checkout -qb other && git rm -q .gitignore && git commit -qm y && git checkout -q main");
    tree.write(".env", "secret\n");
    for (const char* name : {"a", "b", "c", "d", "e"}) tree.write(std::string("node_modules/deep/") + name, "1\n");
    tree.sh(
        "git init -q clone && echo precious >clone/file && git -C clone add file && "
        "git -C clone -c user.name=x -c user.email=y commit -qm x && echo 1 >clone/untracked");
    tree.write("../elsewhere", "precious\n");
    before = files_of(*this);
  }

  /// A run that does `script` and some work, and is undone.
  KeptChange undone(const std::string& script) const {
    OpenChange change = begin("run-1");
    tree.sh(script);
    tree.write("file", "1\n2\nthree\n");
    tree.write("new", "1\n");
    KeptChange kept = finish(change, OpenChange::Tree::remove, {.files = 8});
    const Application application = apply(kept, Direction::reverse);
    for (const auto& conflict : application.conflicts) UNSCOPED_INFO(conflict.path + ": " + conflict.why);
    CHECK(application.is_applied());
    CHECK_FALSE(tree.has("new"));
    CHECK(tree.read("file") == "1\n2\n3\n");
    return kept;
  }
  Names differing() const { return differences(before, files_of(*this)); }

  std::map<std::string, std::string> before;
};

}  // namespace

TEST_CASE("an undo removes no file that was ignored before, and is not ignored any more") {
  const Ignoring host;
  SECTION("because the ignored names were edited") { host.undone("echo x >.gitignore"); }
  SECTION("because they were removed") { host.undone("rm .gitignore"); }
  SECTION("because another branch was checked out") { host.undone("git checkout -q other"); }
  CHECK(host.differing() == Names{});
}

TEST_CASE("an undo removes no file that was ignored before, and was replaced") {
  const Ignoring host;
  host.tree.write("sub/.env", "secret\n");
  const KeptChange kept =
      host.undone("rm .gitignore && for file in .env sub/.env; do echo new >x && mv x $file; done && echo 1 >sub/new");
  CHECK(host.tree.read(".env") == "new\n");
  CHECK(host.tree.read("sub/.env") == "new\n");
  CHECK_FALSE(host.tree.has("sub/new"));
}

TEST_CASE("an undo removes no file that was ignored before, and was moved") {
  const Ignoring host;
  SECTION("a file") {
    const KeptChange kept = host.undone("mv .env env.txt");
    CHECK(kept.record().not_covered == std::vector<std::string>{"env.txt: was there before, and is not recorded"});
    CHECK(host.tree.read("env.txt") == "secret\n");
    CHECK(host.differing() == Names{".env", "env.txt"});
  }
  SECTION("a directory, which counts against no limit") {
    const KeptChange kept = host.undone("mv node_modules nm && touch nm/fresh");
    CHECK(kept.record().not_covered ==
          std::vector<std::string>{"5 files that were there before, and are not recorded, e.g. nm/deep/a"});
    CHECK(host.tree.read("nm/deep/e") == "1\n");
    CHECK_FALSE(host.tree.has("nm/fresh"));
  }
  SECTION("a repository") {
    host.undone("mv clone copy");
    CHECK(host.tree.read("copy/file") == "precious\n");
    CHECK(host.tree.read("copy/untracked") == "1\n");
  }
  SECTION("the files of a repository") {
    host.undone("mkdir copy && mv clone/file copy && git -C copy init -q && git -C copy add file && echo 1 >copy/new");
    CHECK(host.tree.read("copy/file") == "precious\n");
    CHECK_FALSE(host.tree.has("copy/new"));
  }
  SECTION("from outside") {
    host.undone("mv ../elsewhere here");
    CHECK(host.tree.read("here") == "precious\n");
  }
  SECTION("over the name of a removed directory") {
    host.undone("rm -r sub && mv node_modules sub");
    CHECK(host.tree.read("sub/deep/a") == "1\n");
    CHECK(host.tree.read("sub/file") == "1\n");
  }
}

TEST_CASE("an undo of a change that is recorded late removes no file of before") {
  const Ignoring host;
  { const OpenChange killed = host.begin("run-1"); }
  host.tree.sh("mv .env env.txt && echo 1 >new");
  OpenChange change = OpenChange::resume(host.changes(), "run-1").value();
  KeptChange kept = host.finish(change);
  CHECK(host.apply(kept, Direction::reverse).changed == std::vector<std::string>{"new"});
  CHECK(host.tree.read("env.txt") == "secret\n");
}

TEST_CASE("a file that was renamed is renamed back") {
  const Ignoring host;
  SECTION("a tracked one") { host.undone("git mv sub/file renamed"); }
  SECTION("one that was changed afterwards") { host.undone("mv sub/file renamed && echo 2 >>renamed"); }
  SECTION("a directory") { host.undone("mv sub other && mkdir -p sub && echo 2 >sub/new"); }
  SECTION("in a turn") { host.undone("mv sub/file x && mv .gitignore sub/file && mv x .gitignore"); }
  CHECK(host.differing() == Names{});
}

TEST_CASE("another name of a file that is still there stays, because it may be an ignored one") {
  const Ignoring host;
  host.tree.sh("rm .env && ln sub/file .env");
  host.undone("rm .gitignore");
  CHECK(host.tree.read(".env") == "1\n");
}

TEST_CASE("the files of repositories inside are removed, renamed and kept as others are") {
  Ignoring host;
  host.tree.sh(
      "git init -q inside && echo 1 >inside/file && git -C inside add file && echo 1 >inside/untracked && "
      "echo ignored >inside/.gitignore && echo precious >inside/ignored && git init -q empty");
  host.before = files_of(host);
  SECTION("new ones") {
    host.undone("echo 1 >inside/new && git -C inside add new && echo 1 >empty/new");
    CHECK(differences(host.before, files_of(host)) == Names{"inside/.git/index"});
  }
  SECTION("renamed ones") {
    host.undone("mv inside/file inside/other && mv inside/untracked moved");
    CHECK(differences(host.before, files_of(host)) == Names{});
  }
  SECTION("a repository that was renamed") {
    host.undone("mv inside moved");
    CHECK(host.tree.read("inside/file") == "1\n");
    CHECK(host.tree.read("inside/untracked") == "1\n");
    CHECK_FALSE(host.tree.has("moved/file"));
    CHECK(host.tree.read("moved/ignored") == "precious\n");
  }
  SECTION("ignored ones") {
    host.undone("rm inside/.gitignore && git -C inside add ignored");
    CHECK(host.tree.read("inside/ignored") == "precious\n");
  }
  SECTION("a repository that was made") {
    host.undone("git init -q made && echo 1 >made/file && git -C made add file");
    CHECK_FALSE(host.tree.has("made/file"));
  }
}

TEST_CASE("a file that was copied into an isolated tree is not one that the run added") {
  const Ignoring host;
  OpenChange change = host.begin("run-1", true, {".env", "node_modules"});
  host.tree.sh_in(change.isolated()->root(), "rm .gitignore && mv node_modules nm && echo 1 >new && mv sub other");
  KeptChange kept = host.finish(change);
  CHECK(host.apply(kept, Direction::forward).changed ==
        std::vector<std::string>{".gitignore", "new", "other/file", "sub/file"});
  CHECK(kept.record().not_covered ==
        std::vector<std::string>{"6 files that were there before, and are not recorded, e.g. .env"});
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  CHECK(host.differing() == Names{});
}

TEST_CASE("a file keeps its permissions in an undo") {
  Host host;
  const auto mode = [&](const std::string& path) { return host.tree.sh("stat -c %a '" + path + "'"); };
  host.tree.write("private", "1\n");
  host.tree.write("script", "1\n");
  host.tree.write("untracked", "1\n");
  host.tree.sh("chmod 600 private untracked && chmod 755 script && git add private script");
  if (GENERATE(true, false)) host.tree.git("config core.fileMode false");
  host.tree.git("commit -qm x");
  OpenChange change = host.begin("run-1");
  SECTION("one that was removed") {
    host.tree.sh("rm private untracked script");
    KeptChange kept = host.finish(change);
    REQUIRE(host.apply(kept, Direction::reverse).is_applied());
  }
  SECTION("one that was replaced") {
    host.tree.sh("for file in private untracked script; do rm $file; echo 2 >$file; done; ls -l");
    const std::string replaced = mode("script");
    KeptChange kept = host.finish(change);
    REQUIRE(host.apply(kept, Direction::reverse).is_applied());
    CHECK(mode("private") == "600\n");
    REQUIRE(host.apply(kept, Direction::forward).is_applied());
    CHECK(mode("script") == replaced);
    CHECK(mode("private") == replaced);
    REQUIRE(host.apply(kept, Direction::reverse).is_applied());
  }
  SECTION("one to which another person got access since") {
    host.tree.write("script", "2\n");
    KeptChange kept = host.finish(change);
    host.tree.sh("chmod 750 script");
    REQUIRE(host.apply(kept, Direction::reverse).is_applied());
    CHECK(mode("script") == "750\n");
    host.tree.sh("chmod 755 script");
  }
  SECTION("one that was made executable") {
    host.tree.sh("echo 2 >private && chmod 700 private");
    KeptChange kept = host.finish(change);
    REQUIRE(host.apply(kept, Direction::reverse).is_applied());
  }
  CHECK(mode("private") == "600\n");
  CHECK(mode("untracked") == "600\n");
  CHECK(mode("script") == "755\n");
}

TEST_CASE("an isolated tree has the permissions of the files, and gives its own") {
  const Host host;
  const auto modes = [&](const Path& root) { return host.tree.sh_in(root, "stat -c '%n %a' * | tr '\\n' ' '"); };
  host.tree.write("private", "1\n");
  host.tree.write("shared", "1\n");
  host.tree.sh("chmod 600 private && chmod 664 shared");
  host.tree.commit();
  OpenChange change = host.begin("run-1", true);
  CHECK(modes(change.isolated()->root()) == modes(host.tree.root()));
  host.tree.sh_in(change.isolated()->root(),
                  "rm file && echo 2 >>private && echo 2 >>shared && echo 1 >key && chmod 600 key");
  KeptChange kept = host.finish(change);
  REQUIRE(host.apply(kept, Direction::forward).is_applied());
  CHECK(modes(host.tree.root()) == "key 600 private 600 shared 664 ");
}

TEST_CASE("what git cannot record where a file was counts as its removal") {
  const Host host;
  OpenChange change = host.begin("run-1");
  SECTION("a FIFO") {
    host.tree.sh("rm file && mkfifo file");
    KeptChange kept = host.finish(change);
    CHECK(kept.files(host.tree.program(), host.tree.patience()).value().files.at(0).kind == ChangedFile::Kind::deleted);
    const Application refused = host.apply(kept, Direction::reverse);
    REQUIRE(refused.conflicts.size() == 1);
    CHECK(refused.conflicts[0].why == "a FIFO, a socket or a device is in its place");
    host.tree.sh("rm file");
    CHECK(host.apply(kept, Direction::reverse).is_applied());
  }
  SECTION("an empty directory") {
    host.tree.sh("rm file && mkdir file");
    KeptChange kept = host.finish(change);
    CHECK(kept.record().not_covered.empty());
    CHECK(host.apply(kept, Direction::reverse).is_applied());
  }
  CHECK(host.tree.read("file") == "1\n2\n3\n");
}

TEST_CASE("a conflict says what is in the way") {
  const Host host;
  host.tree.write("sub/file", "1\n");
  OpenChange change = host.begin("run-1");
  host.tree.write("file", "2\n");
  host.tree.write("sub/file", "2\n");
  KeptChange kept = host.finish(change);
  host.tree.sh("rm -r file sub && mkdir file && touch file/x && echo 1 >sub");
  const Application refused = host.apply(kept, Direction::reverse);
  REQUIRE(refused.conflicts.size() == 2);
  CHECK(refused.conflicts[0].why == "a directory is in its place");
  CHECK(refused.conflicts[1].why == "sub is not a directory");
}
