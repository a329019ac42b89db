#include "tests/cli/git_project.hpp"

// ask --write --isolate: calls work in a copy, and the change of the one that answers is applied.
using namespace delegate::test;

namespace {

std::size_t copies(const Cli& cli) {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& change : std::filesystem::directory_iterator(cli.home(".local/state/delegate/changes"), none))
    if (std::filesystem::exists(change.path() / "tree")) ++count;
  return count;
}

/// The person's repository apart from the files: index, refs, stash, hooks, configuration.
std::string repository_of(const Cli& cli) {
  in_project(cli, "find .git -type f -exec sha256sum {} + | sort > ../repository");
  return cli.read(cli.home("repository"));
}

}  // namespace

TEST_CASE("in a copy each backend starts clean, and what the one that answers has changed is applied") {
  Cli cli;
  make_project(cli);
  cli.write(project(cli, ".gitignore"), "ignored\n");
  cli.write(project(cli, "ignored"), "secret\n");
  cli.write(project(cli, "mine.txt"), "not committed\n");
  writes(cli, "first", "echo half > half.txt; echo broken > a.txt; exit 3");
  writes(cli, "second",
         "if test -e half.txt || test -e ignored || git status --short | grep -q half; then exit 9; fi; "
         "sed -i s/one/ONE/ a.txt; echo more >> mine.txt; mkdir d; echo x > d/x; pwd > " +
             cli.home("place"));
  const std::string before = repository_of(cli);
  cli.run("ask --write --isolate hello")
      .expect(0)
      .stdout_is("done\n")
      .stderr_has("first failed after")
      .stderr_has("answered by second")
      .stderr_has("nothing confines its commands to the copy")
      .stderr_has("changed a.txt, d/x, mine.txt (+3 -1), applied to " + project(cli))
      .stderr_has("3 files changed, 3 insertions(+), 1 deletion(-)");
  CHECK(repository_of(cli) == before);
  CHECK(cli.read(project(cli, "a.txt")) == "ONE\ntwo\nthree\n");
  CHECK(cli.read(project(cli, "d/x")) == "x\n");
  CHECK(cli.read(project(cli, "ignored")) == "secret\n");
  CHECK_FALSE(has(cli, "half.txt"));
  CHECK(cli.read(cli.home("place")).find("/delegate/changes/") != std::string::npos);
  CHECK(copies(cli) == 0);
  cli.run("undo").expect(0);
  CHECK(cli.read(project(cli, "a.txt")) == kThreeLines);
  CHECK_FALSE(has(cli, "d"));
}

TEST_CASE("a change that does not apply leaves all files as they are, is kept as a patch, and the exit code says so") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt; echo new > b.txt; sed -i s/one/uno/ " + project(cli, "a.txt"));
  const Json json = cli.run("ask --write --isolate --json hello").expect(1).json();
  CHECK(json["answer"] == "done");
  CHECK(json["changes"]["state"] == "refused");
  CHECK(json["changes"]["conflicts"][0]["path"] == "a.txt");
  CHECK(cli.read(json["changes"]["patch"]).find("+ONE\n") != std::string::npos);
  CHECK(cli.read(project(cli, "a.txt")) == "uno\ntwo\nthree\n");
  CHECK_FALSE(has(cli, "b.txt"));
  in_project(cli, "git checkout -q a.txt");
  cli.run("ask --write --isolate hello")
      .expect(1)
      .stdout_is("done\n")
      .stderr_has("was not applied")
      .stderr_has("change.patch");
  cli.run("undo").expect(1);
}

TEST_CASE("a copy is kept instead of applied, or as well") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt");
  const Json kept = cli.run("ask --write --isolate --keep --json hello").expect(0).json()["changes"];
  CHECK(kept["state"] == "kept");
  CHECK(cli.read(project(cli, "a.txt")) == kThreeLines);
  CHECK(cli.read(kept["tree"].get<std::string>() + "/a.txt") == "ONE\ntwo\nthree\n");
  cli.run("runs --diff " + latest_run(cli)).expect(0).stdout_has("+ONE\n");
  const Json both = cli.run("ask --write --isolate --keep --apply --json hello").expect(0).json()["changes"];
  CHECK(both["state"] == "in_files");
  CHECK(cli.read(both["tree"].get<std::string>() + "/a.txt") == cli.read(project(cli, "a.txt")));
}

TEST_CASE("ignored files are copied by choice, and untracked ones left out by choice") {
  Cli cli;
  make_project(cli);
  cli.write(project(cli, ".gitignore"), "deps/\n");
  cli.write(project(cli, "deps/x"), "dependency\n");
  cli.write(project(cli, "mine.txt"), "not committed\n");
  writes(cli, "codex", "cat deps/x; test -e mine.txt && echo untracked || true");
  cli.run("ask --write --isolate hello").expect(0).stdout_is("untracked\ndone\n");
  cli.run("ask --write --isolate --isolate-with deps hello").expect(0).stdout_is("dependency\nuntracked\ndone\n");
  cli.run("ask --write --isolate --tracked-only --isolate-with deps/x hello").expect(0).stdout_is("dependency\ndone\n");
  cli.run("ask --write --isolate --isolate-with nope hello").expect(2).stderr_has("--isolate-with: nope: no such file");
  cli.run("ask --write --isolate --isolate-with /etc/passwd hello").expect(6).stderr_has("is outside of");
}

TEST_CASE("two isolated runs work at the same time, and both are applied") {
  Cli cli;
  make_project(cli);
  writes(cli, "left",
         "touch " + cli.file("left") + "; while ! test -e " + cli.file("go") +
             "; do sleep 0.05; done; sed -i s/one/ONE/ a.txt");
  writes(cli, "right",
         "touch " + cli.file("right") + "; while ! test -e " + cli.file("go") +
             "; do sleep 0.05; done; sed -i s/three/THREE/ a.txt");
  Running left = cli.start("ask --write --isolate -b left hello");
  Running right = cli.start("ask --write --isolate -b right hello");
  const auto is_there = [&](const char* name) { return std::filesystem::exists(cli.file(name)); };
  REQUIRE(eventually([&] { return is_there("left") && is_there("right"); }));
  let_go(cli);
  left.finish().expect(0);
  right.finish().expect(0);
  CHECK(cli.read(project(cli, "a.txt")) == "ONE\ntwo\nTHREE\n");
}

TEST_CASE("outside of a work tree, and without the permission to write, there is no copy") {
  Cli cli;
  cli.backend("codex", {"--say", "done"}, "can = [\"write_files\"]").in_directory(cli.home());
  cli.run("ask --write --isolate hello").expect(2).stderr_has("is in no git work tree");
  const std::filesystem::path empty = std::filesystem::path(cli.home()) / ".git";  // as sandboxes of CLIs leave it
  std::filesystem::create_directory(empty);
  cli.run("ask --write --isolate hello").expect(2).stderr_has("is in no git work tree");
  std::filesystem::remove(empty);
  make_project(cli);
  cli.run("ask --isolate hello").expect(2).stderr_has("--isolate needs --write");
  for (const char* option : {"--keep", "--apply", "--tracked-only", "--isolate-with a.txt"})
    cli.run(std::string("ask --write hello ") + option).expect(2).stderr_has(" needs --isolate");
}

TEST_CASE("a killed isolated run leaves the files as they were, and its copy is removed by the next look") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo half >> a.txt; touch " + cli.file("begun") + "; exec sleep 60");
  const std::string before = repository_of(cli);
  const Running doomed = cli.start("ask --write --isolate hello");
  REQUIRE(eventually([&] { return std::filesystem::exists(cli.file("begun")); }));
  cli.kill_processes();
  CHECK(repository_of(cli) == before);
  CHECK(cli.read(project(cli, "a.txt")) == kThreeLines);
  CHECK(copies(cli) == 1);
  cli.run("doctor").stdout_has("removed the copy of run " + latest_run(cli));
  CHECK(copies(cli) == 0);
  cli.run("undo").expect(1).stderr_has("no run has changed files here");
}

TEST_CASE("a part of a change that cannot be applied is named, kept as a patch, and the exit code says so") {
  Cli cli;
  make_project(cli);
  in_project(
      cli,
      "git -c protocol.file.allow=always submodule --quiet add ./. sub; git commit -qm sub; rm -rf sub; mkdir sub");
  writes(cli, "codex", "rmdir sub; echo new > b.txt");
  const Json changes = cli.run("ask --write --isolate --json hello").expect(1).json()["changes"];
  CHECK(changes["not_applied"] == Json{"sub"});
  CHECK(std::filesystem::exists(changes["patch"].get<std::string>()));
  CHECK(has(cli, "b.txt"));
}

TEST_CASE("what was copied by choice is no part of the change, however it was changed, and that is said") {
  Cli cli;
  make_project(cli);
  cli.write(project(cli, ".gitignore"), ".env\n");
  cli.write(project(cli, ".env"), "A=1\n");
  cli.write(project(cli, "mine.txt"), "mine\n");
  writes(cli, "codex", "sed -i s/1/2/ .env; sed -i s/mine/yours/ mine.txt; sed -i s/one/ONE/ a.txt");
  cli.run("ask --write --isolate --tracked-only --isolate-with .env --isolate-with mine.txt hello")
      .expect(0)
      .stderr_has("only copied, so what was changed there is not applied: .env, mine.txt")
      .stderr_has("changed a.txt (+1 -1)");
  CHECK(cli.read(project(cli, ".env")) == "A=1\n");
  CHECK(cli.read(project(cli, "mine.txt")) == "mine\n");
}

TEST_CASE("the directory of the call is in the copy, even if it is empty or ignored") {
  Cli cli;
  make_project(cli);
  std::filesystem::create_directories(project(cli, "empty/one"));
  writes(cli, "codex", "echo new > here.txt").in_directory(project(cli, "empty/one"));
  cli.run("ask --write --isolate hello").expect(0).stderr_has("changed here.txt");
  CHECK(has(cli, "empty/one/here.txt"));
}

TEST_CASE("with --keep the work of the last call stays, also if it failed and the next backend is not called") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo half > half.txt; exit 3").backend("second", {"--say", "done"}, "can = [\"write_files\"]");
  cli.run("breaker trip second").expect(0);
  const Json kept = cli.run("ask --write --isolate --keep --json hello").expect(1).json()["changes"];
  CHECK(cli.read(kept["tree"].get<std::string>() + "/half.txt") == "half\n");
  CHECK_FALSE(has(cli, "half.txt"));
}

TEST_CASE("what a backend moves into the copy, or adds to its git although it is ignored, is applied") {
  Cli cli;
  make_project(cli);
  cli.write(cli.home("logo.png"), "LOGO");
  cli.write(project(cli, ".gitignore"), "*.gen\n");
  cli.write(project(cli, "old.gen"), "ignored before\n");
  in_project(cli, "git config core.ignorecase true; git config core.symlinks false");
  writes(
      cli, "codex",
      "mv " + cli.home("logo.png") + " logo.png; echo 1 > x.gen; git add -f x.gen; mv a.txt A.txt; ln -s A.txt link");
  cli.run("ask --write --isolate hello").expect(0).stderr_has("A.txt, a.txt, link, logo.png, x.gen");
  CHECK(cli.read(project(cli, "logo.png")) == "LOGO");
  CHECK(cli.read(project(cli, "x.gen")) == "1\n");
  CHECK(cli.read(project(cli, "A.txt")) == kThreeLines);
  CHECK(std::filesystem::is_symlink(project(cli, "link")));
  cli.run("undo").expect(0);
  CHECK(cli.read(project(cli, "a.txt")) == kThreeLines);
  CHECK(cli.read(project(cli, "old.gen")) == "ignored before\n");
}

TEST_CASE("a call in a copy does not get the variables that lead git back to the original") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "echo new > b.txt; git add -A; git -c user.name=x -c user.email=x@example.org commit -qm copy");
  cli.set("GIT_DIR", project(cli, ".git")).set("GIT_INDEX_FILE", project(cli, ".git/index"));
  const std::string before = repository_of(cli);
  cli.run("ask --write --isolate hello").expect(0).stderr_has("changed b.txt");
  CHECK(repository_of(cli) == before);
}

TEST_CASE("what a link to a file of ignored names says is ignored, too") {
  Cli cli;
  make_project(cli);
  cli.write(cli.home("names"), ".env\n");
  cli.write(project(cli, ".env"), "SECRET\n");
  cli.write(cli.home(".config/git/x"), "");
  std::filesystem::create_symlink(cli.home("names"), cli.home(".config/git/ignore"));
  writes(cli, "codex", "test ! -e .env && echo clean");
  cli.run("ask --write --isolate hello").expect(0).stdout_is("clean\ndone\n");
}

TEST_CASE("a background run works in a copy, too") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt");
  const std::string id = submit(cli, "--write --isolate hello");
  cli.run("result --wait " + id).expect(0).stdout_is("done\n").stderr_has("applied to " + project(cli));
  CHECK(cli.read(project(cli, "a.txt")) == "ONE\ntwo\nthree\n");
  cli.run("undo " + id).expect(0);
}
