#include "tests/cli/git_project.hpp"

// What a run with --write has changed in a git work tree: said, shown, taken back.
using namespace delegate::test;

TEST_CASE("what a run has changed is said, shown as a patch, and taken back in one step, without later changes") {
  Cli cli;
  make_project(cli);
  cli.write(project(cli, "mine.txt"), "not committed\n");
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt; echo new > b.txt; echo more >> mine.txt");
  cli.run("ask --write hello")
      .expect(0)
      .stdout_is("done\n")
      .stderr_has("changed a.txt, b.txt, mine.txt (+3 -1); `delegate undo ");
  const std::string id = latest_run(cli);
  cli.run("runs --diff " + id).expect(0).stdout_has("-one\n+ONE\n").stdout_has("+more\n");

  cli.write(project(cli, "a.txt"), "ONE\ntwo\nthree\nfour\n");  // by the person, since
  cli.run("undo")
      .expect(0)
      .stdout_is("")
      .stderr_has("run " + id + " undone: a.txt, b.txt, mine.txt")
      .stderr_has("later changes were kept in a.txt");
  CHECK(cli.read(project(cli, "a.txt")) == "one\ntwo\nthree\nfour\n");
  CHECK(cli.read(project(cli, "mine.txt")) == "not committed\n");
  CHECK_FALSE(has(cli, "b.txt"));
  cli.run("undo").expect(1).stderr_begins("delegate: undo: no run has changed files here that can be taken back\n");
  cli.run("undo " + id).expect(2).stderr_has("is not in the files (any more)");
  cli.run("undo zzz").expect(2).stderr_has("no change of a run 'zzz' is recorded");
}

TEST_CASE("a change on which other changes were made is not taken back at all, and each file is named") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt; echo new > b.txt").run("ask --write hello").expect(0);
  cli.write(project(cli, "a.txt"), "Une\ntwo\nthree\n");
  cli.run("undo").expect(1).stdout_is("").stderr_has(": a.txt (the same lines").stderr_has("nothing was undone");
  CHECK(cli.read(project(cli, "a.txt")) == "Une\ntwo\nthree\n");
  CHECK(has(cli, "b.txt"));
  const Json json = cli.run("undo --json").expect(1).json();
  CHECK(json["undone"] == false);
  CHECK(json["conflicts"][0]["path"] == "a.txt");
}

TEST_CASE("half a change is named exactly, handed over so, can be taken back, and is none any more then") {
  Cli cli;
  make_project(cli);
  cli.write(project(cli, "src/c.txt"), "");
  writes(cli, "codex", "echo half >> b.txt; exit 3").backend("second", {"--echo"}, "can = [\"write_files\"]");
  cli.in_directory(project(cli, "src"));
  const Json json = cli.run("ask --write hello --json").expect(1).json();
  CHECK(json["attempts"].size() == 1);
  CHECK(json["attempts"][0]["written_files"] == Json{"b.txt"});
  CHECK(json["changes"]["files"][0] ==
        Json{{"path", "src/b.txt"}, {"change", "added"}, {"lines_added", 1}, {"lines_removed", 0}});
  CHECK(json["error"]["half_done"] == true);
  cli.write(project(cli, "a.txt"), "mine\n");
  cli.run("ask --write --continue-writing -b second hello")
      .expect(0)
      .stdout_has("codex (crashed) began it")
      .stdout_has("that were changed: b.txt. ");

  cli.run("ask --write hello").expect(1);
  cli.run("undo").expect(0);
  CHECK(cli.read(project(cli, "src/b.txt")) == "half\n");
  const Finished anew = cli.run("ask --write --continue-writing -b second hello").expect(0);
  CHECK(anew.out.find("began it") == std::string::npos);
}

TEST_CASE("a run that only reads, or writes nothing, records nothing") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", ":");
  const Json json = cli.run("ask --write hello --json").expect(0).json();
  CHECK_FALSE(json.contains("changes"));
  cli.run("ask hello").expect(0).stderr_is("");
  cli.run("runs --diff " + latest_run(cli)).expect(2).stderr_has("has no recorded change");
  CHECK(cli.files_with("change.json").empty());
}

TEST_CASE("where no snapshot can be taken the run says so before it starts") {
  Cli cli;
  cli.backend("codex", {"--say", "done"}, "can = [\"write_files\"]").set("PATH", cli.file("bin") + ":/usr/bin:/bin");
  cli.run("ask --write hello").expect(0).stdout_is("done\n").stderr_begins("delegate: this run cannot be taken back: ");
  cli.run("ask --write -q hello").expect(0).stderr_is("");
  const Json json = cli.run("ask --write hello --json").expect(0).json();
  CHECK(json["changes"]["can_undo"] == false);
  const std::string id = submit(cli, "--write hello");
  cli.run("result --wait " + id).expect(0).stderr_has("this run cannot be taken back: ");
  // Its own state would be a part of the snapshot.
  make_project(cli);
  std::filesystem::rename(project(cli, ".git"), cli.home(".git"));
  cli.in_directory(cli.home());
  cli.run("ask --write hello").expect(0).stderr_has("cannot be taken back: ").stderr_has("is inside of this work tree");
  cli.run("ask hello").expect(0).stderr_is("");
}

TEST_CASE("no run writes while a change is taken back, and a change is not taken back while a run writes") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo new > b.txt").run("ask --write hello").expect(0);
  writes(cli, "codex", "touch begun; while ! test -e go; do sleep 0.05; done");
  Running busy = cli.start("ask --write hello");
  REQUIRE(eventually([&] { return has(cli, "begun"); }));
  const Json json = cli.run("undo --json").expect(4).json();
  CHECK(json["error"]["outcome"] == "directory_in_use");
  CHECK(has(cli, "b.txt"));
  cli.write(project(cli, "go"), "");
  busy.finish().expect(0);
}

TEST_CASE("of a killed run it is not guessed what was its own: undo names it, and takes all back on request") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo first > b.txt").run("ask --write hello").expect(0);
  writes(cli, "codex", "echo half >> a.txt; touch begun; exec sleep 60");
  const Running doomed = cli.start("ask --write hello");
  REQUIRE(eventually([&] { return has(cli, "begun"); }));
  cli.kill_processes();
  const std::string id = latest_run(cli);

  cli.run("undo").expect(1).stderr_has("of the latest run here, " + id).stderr_has("it was killed");
  CHECK(has(cli, "b.txt"));  // not an older one instead
  cli.run("doctor").stdout_has("run " + id).stdout_has("it was killed");
  cli.run("runs --diff " + id).expect(0).stdout_has("+half\n");
  cli.run("undo " + id).expect(0);
  CHECK(cli.read(project(cli, "a.txt")) == kThreeLines);
  CHECK(has(cli, "b.txt"));
  cli.run("undo").expect(0);
  CHECK_FALSE(has(cli, "b.txt"));
}

TEST_CASE("the next run records what a killed one has changed before it changes more") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo half >> a.txt; touch begun; exec sleep 60");
  const Running doomed = cli.start("ask --write hello");
  REQUIRE(eventually([&] { return has(cli, "begun"); }));
  cli.kill_processes();
  const std::string killed = latest_run(cli);
  writes(cli, "codex", "echo next > next.txt")
      .run("ask --write hello")
      .expect(0)
      .stderr_has("run " + killed + " was killed");
  cli.run("undo").expect(0).stderr_has("next.txt");
  CHECK(has(cli, "begun"));
  cli.run("undo " + killed).expect(0);
  CHECK_FALSE(has(cli, "begun"));
}

TEST_CASE("the latest change is the one that came last into the files, not the one whose run began last") {
  Cli cli;
  make_project(cli);
  writes(cli, "slow",
         "touch " + cli.file("begun") + "; while ! test -e " + cli.file("go") +
             "; do sleep 0.05; done; echo slow > slow.txt");
  writes(cli, "quick", "echo quick > quick.txt");
  Running slow = cli.start("ask --write --isolate -b slow hello");
  REQUIRE(eventually([&] { return std::filesystem::exists(cli.file("begun")); }));
  cli.run("ask --write -b quick hello").expect(0);
  let_go(cli);
  slow.finish().expect(0);
  cli.run("undo").expect(0).stderr_has("slow.txt");
  cli.run("undo").expect(0).stderr_has("quick.txt");
}

TEST_CASE("a run that was killed before its files were recorded has changed nothing, and blocks nothing") {
  Cli cli;
  make_project(cli);
  const std::string git = cli.file("bin/git");
  const auto slow_git = [&](const char* command) {
    std::error_code none;
    std::filesystem::remove(git, none);
    cli.write(git, "#!/bin/sh\ncase \"$*\" in *" + std::string(command) + "*) touch " + cli.file("slow") +
                       "; exec sleep 60;; esac\nexec /usr/bin/git \"$@\"\n");
    std::filesystem::permissions(git, std::filesystem::perms::owner_all);
  };
  slow_git("write-tree");
  writes(cli, "codex", "echo new > b.txt");
  {
    const Running doomed = cli.start("ask --write hello");
    REQUIRE(eventually([&] { return std::filesystem::exists(cli.file("slow")); }));
    cli.kill_processes();
  }
  std::filesystem::remove(git);
  cli.run("ask --write hello").expect(0).stderr_lines(1);
  cli.run("undo").expect(0).stderr_has("undone: b.txt");
  cli.run("undo").expect(1).stderr_has("no run has changed files here");
}

TEST_CASE(
    "a backend of which it is only assumed that it wrote, and did not, is no half change: the next one is asked") {
  Cli cli;
  make_project(cli);
  cli.fails("codex").backend("codex", {"--exit", "3"}, "can = [\"write_files\"]");
  cli.backend("second", {"--say", "done"}, "can = [\"write_files\"]");
  cli.run("ask --write hello").expect(0).stdout_is("done\n");
}
