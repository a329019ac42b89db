#include "core/changes/change.hpp"

#include <poll.h>
#include <sys/inotify.h>

#include <csignal>
#include <thread>

#include "tests/helpers/skip.hpp"
#include "tests/unit/changes/host.hpp"

using namespace delegate;
using delegate_tests::contents_of;
using delegate_tests::differences;
using delegate_tests::Host;
using delegate_tests::kDay;

namespace {

/// Runs `work` in a process that is killed at its end.
template <class Work>
void killed_after(Work work) {
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

}  // namespace

TEST_CASE("a file that may not be read is named, and prevents nothing") {
  if (::geteuid() != 0) return delegate_tests::skip_visibly("only root can become another user");
  const Host host;
  host.tree.write("closed", "1\n");
  host.tree.write("new", "1\n");
  host.tree.sh("chmod 600 closed && mkdir -p -m 700 ../state/changes && chown -R 65534 .. && chown 0 closed");
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    OpenChange change = host.begin("run-1");
    host.tree.write("new", "2\n");
    const KeptChange kept = host.finish(change);
    const bool is_named = kept.record().not_covered == std::vector<std::string>{"closed: may not be read"};
    ::_exit(is_named && kept.record().files == 1 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("the change of a run in the person's files is kept, shown and undone") {
  const Host host;
  const auto before = contents_of(host.tree.root());
  OpenChange change = host.begin("run-1");
  CHECK(change.so_far(host.tree.program(), {}, host.tree.patience()).value().files.empty());
  host.tree.write("file", "1\n2\nthree\n");
  host.tree.write("new", "1\n");
  CHECK(change.so_far(host.tree.program(), {}, host.tree.patience()).value().files.size() == 2);
  host.finish(change);
  KeptChange kept = host.open("run-1");
  CHECK(kept.record().files == 2);
  CHECK(kept.record().root == host.tree.root());
  CHECK(kept.record().backends == std::vector<std::string>{"fake"});
  CHECK(kept.record().is_in_files);
  CHECK(kept.files(host.tree.program(), host.tree.patience()).value().files.size() == 2);
  CHECK(kept.stat(host.tree.program(), 80, host.tree.patience()).value().find("2 files changed") != std::string::npos);
  CHECK(kept.patch_text(host.tree.program(), host.tree.patience()).value().find("+three\n") != std::string::npos);
  CHECK(host.names_in("run-1") == "change.git\nchange.json\nlock\n");
  CHECK(host.tree.sh("stat -c %a ../state/changes/run-1 ../state/changes/run-1/change.json") == "700\n600\n");
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  CHECK(differences(before, contents_of(host.tree.root())).empty());
  CHECK_FALSE(host.open("run-1").record().is_in_files);
  CHECK(host.apply(kept, Direction::forward).is_applied());
  CHECK(host.tree.read("file") == "1\n2\nthree\n");
  CHECK(host.open("run-1").record().is_in_files);
}

TEST_CASE("the change of an isolated run is in the person's files only once it is applied") {
  const Host host;
  host.tree.write("untracked", "1\n");
  const auto before = contents_of(host.tree.root());
  OpenChange change = host.begin("run-1", true);
  REQUIRE(change.isolated() != nullptr);
  host.tree.sh_in(change.isolated()->root(), "echo 4 >>file && echo 2 >untracked && git add -A && git commit -qm x");
  CHECK(change.so_far(host.tree.program(), {}, host.tree.patience()).value().files.size() == 2);
  KeptChange kept = host.finish(change);
  CHECK(host.names_in("run-1") == "change.git\nchange.json\nlock\n");
  CHECK(differences(before, contents_of(host.tree.root())).empty());
  CHECK_FALSE(kept.record().is_in_files);
  host.tree.write("file", "one\n2\n3\n");
  CHECK(host.apply(kept, Direction::forward).merged == std::vector<std::string>{"file"});
  CHECK(host.tree.read("file") == "one\n2\n3\n4\n");
  CHECK(host.tree.read("untracked") == "2\n");
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  CHECK(host.tree.read("file") == "one\n2\n3\n");
}

TEST_CASE("an isolated tree can stay, with a repository that works") {
  const Host host;
  OpenChange change = host.begin("run-1", true);
  host.tree.sh_in(change.isolated()->root(), "echo 4 >>file");
  const KeptChange kept = host.finish(change, OpenChange::Tree::keep);
  host.clean_up();
  CHECK(host.tree.sh_in(kept.isolated_root(), "git status --porcelain && git log --format=%s") == " M file\nx\n");
  REQUIRE(remove_change(host.changes(), "run-1"));
  CHECK(host.tree.sh("ls -A ../state/changes").empty());
}

TEST_CASE("two isolated runs do not meet") {
  const Host host;
  OpenChange one = host.begin("run-1", true);
  OpenChange two = host.begin("run-2", true);
  host.tree.sh_in(one.isolated()->root(), "echo 4 >>file && git commit -qam x");
  CHECK(two.so_far(host.tree.program(), {}, host.tree.patience()).value().files.empty());
  CHECK(host.tree.sh_in(two.isolated()->root(), "git log --oneline | wc -l") == "1\n");
}

TEST_CASE("a conflict is reported, and the change stays as it was") {
  const Host host;
  KeptChange kept = host.made("run-1");
  host.tree.write("new", "3\n");
  const Application refused = host.apply(kept, Direction::reverse);
  REQUIRE(refused.conflicts.size() == 1);
  CHECK(refused.conflicts[0].path == "new");
  CHECK(host.open("run-1").record().is_in_files);
  CHECK(host.names_in("run-1") == "change.git\nchange.json\nlock\n");
}

TEST_CASE("a change that cannot begin leaves nothing") {
  const Host host;
  host.tree.write("large", "12345");
  const auto over = OpenChange::begin(host.tree.program(), host.changes(), host.tree.repository(),
                                      {.run = "run-1", .limits = {.bytes = 1}}, host.tree.patience());
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Code::resource_exhausted);
  const auto outside = OpenChange::begin(host.tree.program(), host.changes(), host.tree.repository(),
                                         {.run = "run-2", .is_isolated = true, .with = {"../x"}}, host.tree.patience());
  REQUIRE_FALSE(outside);
  CHECK(host.tree.sh("ls -A ../state/changes").empty());
  CHECK(host.try_begin("../x", false).error().code == Code::invalid_argument);
  host.made("run-3");
  CHECK_FALSE(host.try_begin("run-3", false));
  CHECK(host.open("run-3").record().files == 1);
}

TEST_CASE("work that cannot be recorded is left where it is, until it expires") {
  const Host host;
  OpenChange change = host.begin("run-1", true);
  host.tree.sh_in(change.isolated()->root(), "echo 12345 >large");
  const auto kept = change.finish(host.tree.program(), {.limits = {.bytes = 1}}, host.tree.patience());
  REQUIRE_FALSE(kept);
  REQUIRE(change.leave(milliseconds(2000), kept.error().what));
  CHECK(host.clean_up().removed_trees.empty());
  const ChangeRecord record = changes_in(host.changes()).records.at(0);
  CHECK(record.keeps_tree);
  CHECK(record.trouble == "no snapshot: more than 0 MB of changed or untracked files");
  CHECK(read_file(isolated_root_in(host.changes() / "run-1", record) / "large").value() == "12345\n");
  CHECK(host.clean_up(milliseconds(2001) + kDay).expired == 1);
  CHECK(host.tree.sh("ls -A ../state/changes").empty());
}

TEST_CASE("changes are listed, the newest first, and found by the id of their run") {
  const Host host;
  host.made("run-1");
  host.made("run-2");
  OpenChange open = host.begin("run-3");
  REQUIRE(make_private_directory(host.changes() / "run-4"));
  REQUIRE(write_private_file(host.changes() / "run-4/change.json", "{\"state\":\"finished\",\"version\":2}"));
  const ChangeList list = changes_in(host.changes());
  REQUIRE(list.records.size() == 3);
  CHECK(list.records[0].run == "run-3");
  CHECK(list.records[0].state == ChangeRecord::State::running);
  CHECK(list.records[2].run == "run-1");
  CHECK(list.unreadable.size() == 1);
  CHECK(KeptChange::open(host.changes(), "run-5").error().code == Code::not_found);
  CHECK(KeptChange::open(host.changes(), "run-3").error().code == Code::unavailable);
  CHECK(remove_change(host.changes(), "run-3").error().code == Code::busy);
  CHECK(remove_change(host.changes(), "run-5").error().code == Code::not_found);
  open.discard();
  CHECK(changes_in(host.changes()).records.size() == 2);
  CHECK(changes_in(host.changes() / "none").records.empty());
}

TEST_CASE("finished changes expire, those that are worked on do not") {
  const Host host;
  host.made("run-1");
  const OpenChange open = host.begin("run-2");
  CHECK(host.clean_up(milliseconds(2000) + kDay).expired == 0);
  CHECK(host.clean_up(milliseconds(2001) + kDay).expired == 1);
  CHECK(host.tree.sh("ls ../state/changes") == "run-2\n");
}

TEST_CASE("what a killed isolated run leaves is removed, and reported once") {
  const Host host;
  const auto before = contents_of(host.tree.root());
  SECTION("with a tree") {
    killed_after([&] { ::kill(::getpid(), host.begin("run-1", true).isolated() != nullptr ? SIGKILL : SIGTERM); });
    REQUIRE(std::filesystem::exists(host.changes() / "run-1/tree/project/file"));
    const CleanUp done = host.clean_up();
    REQUIRE(done.removed_trees.size() == 1);
    CHECK(done.removed_trees[0].run == "run-1");
    CHECK(host.clean_up().removed_trees.empty());
  }
  SECTION("before its record was written") {
    REQUIRE(make_private_directory(host.changes() / "run-1"));
    CHECK(host.clean_up().removed_trees.empty());
  }
  CHECK(host.tree.sh("ls -A ../state/changes").empty());
  CHECK(differences(before, contents_of(host.tree.root())).empty());
}

TEST_CASE("a change in the person's files whose run was killed is recorded late, and can be undone") {
  const Host host;
  const auto before = contents_of(host.tree.root());
  killed_after([&] {
    const OpenChange change = host.begin("run-1");
    host.tree.write("file", "half\n");
  });
  const std::string kept_parts = host.names_in("run-1");
  CHECK(host.clean_up(milliseconds(1000) + kDay).expired == 0);
  CHECK(host.names_in("run-1") == kept_parts);
  CHECK_FALSE(is_worked_on(host.changes(), "run-1"));
  {
    OpenChange resumed = OpenChange::resume(host.changes(), "run-1").value();
    CHECK(is_worked_on(host.changes(), "run-1"));
    CHECK(OpenChange::resume(host.changes(), "run-1").error().code == Code::busy);
    CHECK_FALSE(resumed.finish(host.tree.program(), {.limits = {.bytes = 1}}, host.tree.patience()));
    REQUIRE(resumed.leave(milliseconds(2000), "too large"));
  }
  OpenChange again = OpenChange::resume(host.changes(), "run-1").value();
  KeptChange kept = host.finish(again);
  CHECK(kept.record().is_late);
  CHECK(read_record(host.changes() / "run-1").value().is_late);
  CHECK(kept.record().trouble == "too large");
  CHECK_FALSE(host.made("run-2").record().is_late);
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  host.tree.sh("rm new");
  CHECK(differences(before, contents_of(host.tree.root())).empty());
  CHECK_FALSE(OpenChange::resume(host.changes(), "run-1"));
}

TEST_CASE("the patch of a change is written where its owner alone reads it") {
  const Host host;
  const KeptChange kept = host.made("run-1");
  const Path patch = kept.write_patch(host.tree.program(), host.tree.patience()).value();
  CHECK(patch == host.changes() / "run-1/change.patch");
  CHECK(host.tree.sh("stat -c %a " + patch.string()) == "600\n");
  CHECK(host.tree.sh("git apply -R " + patch.string() + " && ls") == "file\n");
}

TEST_CASE("an undo waits for a process that only looks at the change") {
  const Host host;
  KeptChange kept = host.made("run-1");
  auto lock = lock_change(host.changes() / "run-1");
  REQUIRE(lock);
  CHECK(is_worked_on(host.changes(), "run-1"));
  CHECK(kept.apply(host.tree.program(), Direction::reverse, host.tree.patience()).error().code == Code::busy);
  const Fd tries(::inotify_init1(IN_CLOEXEC));
  REQUIRE(::inotify_add_watch(tries.get(), (host.changes() / "run-1" / change_part::kLock).c_str(), IN_CLOSE) >= 0);
  std::thread other([&tries, held = std::move(*lock)]() mutable {
    pollfd failed_try{tries.get(), POLLIN, 0};  // the file is closed again
    ::poll(&failed_try, 1, static_cast<int>(milliseconds(kLockWait).count()));
    const FileLock ended = std::move(held);
  });
  CHECK(kept.apply(host.tree.program(), Direction::reverse, host.tree.patience(), kLockWait));
  other.join();
  CHECK_FALSE(is_worked_on(host.changes(), "run-1"));
  CHECK_FALSE(is_worked_on(host.changes(), "run-2"));
}

TEST_CASE("an undo that was killed is completed by the next holder of the files, and recorded") {
  const Host host;
  host.made("run-1");
  const Path directory = host.changes() / "run-1";
  const RootedTree files = RootedTree::open(host.tree.root()).value();
  ChangeRecord record = read_record(directory).value();
  record.applying = Direction::reverse;
  REQUIRE(write_record(directory, record));
  REQUIRE(make_private_directory(directory / "apply"));
  const std::vector<Step> steps{{.path = "new", .expected = files.look("new").value().identity}};
  REQUIRE(prepare(files, directory / "apply/journal", steps));
  const auto recovers = [&] {
    const Recovery done = host.recover();
    CHECK(done.failures.empty());
    REQUIRE(done.completed.size() == 1);
    CHECK(done.completed[0].record.run == "run-1");
    CHECK(done.completed[0].direction == Direction::reverse);
    CHECK(done.completed[0].left.empty());
    CHECK(host.recover().completed.empty());
  };
  SECTION("before its first step") { recovers(); }
  SECTION("after its last step") {
    take_steps(files, steps);
    recovers();
  }
  SECTION("while the clean-up leaves it alone, however old it is") {
    CHECK(host.clean_up(milliseconds(9000) + kDay).expired == 0);
    CHECK(recover_changes(host.changes(), host.tree.root().parent_path()).completed.empty());
    CHECK(host.tree.has("new"));
    recovers();
  }
  SECTION("by the removal of the change") {
    REQUIRE(remove_change(host.changes(), "run-1"));
    CHECK_FALSE(host.tree.has("new"));
    return;
  }
  SECTION("by the next undo") {
    KeptChange kept = host.open("run-1");
    CHECK(host.apply(kept, Direction::reverse).changed.empty());
  }
  CHECK_FALSE(host.tree.has("new"));
  CHECK_FALSE(host.open("run-1").record().is_in_files);
  CHECK_FALSE(host.open("run-1").record().applying);
  CHECK(host.names_in("run-1") == "change.git\nchange.json\nlock\n");
}

TEST_CASE("an undo that was killed before it changed anything is forgotten") {
  const Host host;
  KeptChange kept = host.made("run-1");
  const Path directory = host.changes() / "run-1";
  ChangeRecord record = kept.record();
  record.applying = Direction::reverse;
  REQUIRE(write_record(directory, record));
  REQUIRE(make_private_directory(directory / "apply"));
  CHECK(host.recover().completed.empty());
  CHECK(host.tree.has("new"));
  CHECK(host.open("run-1").record().is_in_files);
  CHECK_FALSE(host.open("run-1").record().applying);
  CHECK(host.names_in("run-1") == "change.git\nchange.json\nlock\n");
}

TEST_CASE("an undo that was killed after it was recorded can be followed by the next") {
  const Host host;
  KeptChange kept = host.made("run-1");
  REQUIRE(make_private_directory(host.changes() / "run-1/apply"));
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  CHECK_FALSE(host.tree.has("new"));
}

TEST_CASE("a root with any bytes is remembered") {
  const delegate_tests::TemporaryDirectory directory;
  for (const std::string root : {"/plain", "/with \"quote\"", "/\xc3\xa4", "/\xff\xfe\n"}) {
    REQUIRE(write_record(directory.path(), {.run = "run-1", .root = root}));
    CHECK(read_record(directory.path()).value().root == root);
  }
}

TEST_CASE("what a run has removed together with its repository is named, and all else can be undone") {
  const Host host;
  const auto script = GENERATE(as<std::string>(), "rm -rf inside; rm file", "rm -rf .git inside; git init -q; rm file");
  INFO(script);
  host.tree.sh(
      "mkdir inside && cd inside && git init -q && echo 1 >one && echo 2 >two && git add -A && "
      "git -c user.name=x -c user.email=x@example.org commit -qm x");
  OpenChange change = host.begin("run-1");
  host.tree.sh(script);
  host.tree.write("new", "new\n");
  KeptChange kept = host.finish(change);
  REQUIRE(kept.record().not_covered.size() == 1);
  CHECK(kept.record().not_covered.front().find("in no repository any more") != std::string::npos);
  const bool has_objects = script.find(".git") == std::string::npos;
  CHECK(kept.record().files == (has_objects ? 2 : 1));
  CHECK(host.apply(kept, Direction::reverse).is_applied());
  CHECK_FALSE(host.tree.has("new"));
  CHECK(host.tree.has("file") == has_objects);
}
