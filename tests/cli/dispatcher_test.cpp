#include <filesystem>

#include "tests/cli/background.hpp"

// The dispatcher: whatever is killed when, each run is started once, and what waits goes on.
using namespace delegate::test;

TEST_CASE("a run whose process was killed is reported as lost, and those behind it go on") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  const std::string first = submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  SECTION("when only the run is killed") {
    REQUIRE(job_processes(cli).size() == 1);
    for (const pid_t pid : job_processes(cli)) ::kill(pid, SIGKILL);
  }
  SECTION("when the dispatcher is killed as well") {
    cli.kill_processes();
    cli.run("result " + second).expect(124).stderr_has("is queued");
  }
  let_go(cli);
  cli.run("result --wait " + second).expect(0).stdout_is("codex says hi\n");
  cli.run("result " + first).expect(1).stderr_has("was killed before it ended");
  cli.run("runs").expect(0).stdout_has("killed");
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("a killed dispatcher has a successor as soon as a run ends") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  REQUIRE(eventually([&] { return dispatchers(cli).size() == 1; }));
  ::kill(dispatchers(cli).front(), SIGKILL);
  let_go(cli);
  REQUIRE(eventually([&] { return cli.spawns("codex") == 2; }));  // without another call of delegate
  cli.run("result --wait " + second).expect(0).stdout_is("codex says hi\n");
}

TEST_CASE("a dispatcher that was killed while nothing ran has a successor as soon as a command looks") {
  const std::string look = GENERATE("runs", "canary run", "result ID");
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  cli.kill_processes();
  let_go(cli);
  cli.run(look == "result ID" ? "result " + second : look);
  CHECK(eventually([&] { return cli.spawns("codex") == 2; }));
}

TEST_CASE("a run that is killed is marked at once, although nothing waits behind it") {
  Cli cli;
  wait_for_go(cli);
  const std::string id = submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string running = cli.sql("SELECT state FROM jobs");
  for (const pid_t pid : job_processes(cli)) ::kill(pid, SIGKILL);
  CHECK(eventually([&] { return cli.sql("SELECT state FROM jobs") != running; }));
  let_go(cli);
}

TEST_CASE("a dispatcher does not stay in a store whose log was removed") {
  Cli cli;
  wait_for_go(cli);
  submit(cli, "hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  for (const char* companion : {"-wal", "-shm"}) std::filesystem::remove(cli.state_file() + companion);
  cli.answers("gemini").run("ask -b gemini hello").expect(0);  // in the store as everybody sees it from now on
  let_go(cli);
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

TEST_CASE("a run whose process ends between its turn and its first CLI runs later, exactly once") {
  const int signal = GENERATE(SIGTERM, SIGKILL);
  Cli cli;
  cli.answers("codex");
  cli.write(cli.file("bin/agy"), "#!/bin/sh\nread -r line\necho spawned >> " + cli.file("spawned") + "\nwhile [ ! -e " +
                                     cli.file("go") + " ]; do /bin/sleep 0.01; done\necho agy says hi\n");
  std::filesystem::permissions(cli.file("bin/agy"), std::filesystem::perms(0700));
  // The dispatcher does not know this backend, so it gives the turn although no slot is free.
  const std::string other = "--config " + cli.file("other.toml");
  cli.write(cli.file("other.toml"), "[backends.agy]\nkind = \"command\"\ncommand = [\"agy\"]\nmax_parallel = 1\n");
  cli.run("status").expect(0);  // makes the store
  Running worker = cli.start("worker --stay");
  REQUIRE(eventually([&] { return leader(cli) == worker.pid(); }));
  Running holder = cli.start(other + " ask -b agy hello");
  REQUIRE(eventually([&] { return !cli.read(cli.file("spawned")).empty(); }));
  const std::string id = cli.run(other + " submit -b agy hello").expect(0).out_lines().front();
  const auto has_turn = [&](const std::string& turn) {
    return cli.sql("SELECT state || ' ' || begun || ' ' || turn FROM jobs") == "4 2 " + turn;
  };
  REQUIRE(eventually([&] { return has_turn("1"); }));
  REQUIRE(job_processes(cli).size() == 1);
  ::kill(job_processes(cli).front(), signal);
  REQUIRE(eventually([&] { return has_turn("2"); }));
  let_go(cli);
  holder.finish().expect(0);
  cli.run("result --wait " + id).expect(0).stdout_is("agy says hi\n");
  CHECK(cli.read(cli.file("spawned")) == "spawned\nspawned\n");
  worker.signal(SIGTERM);
  worker.finish();
}

TEST_CASE("a worker that has lost its lease starts nothing until it gets it back") {
  Cli cli;
  cli.counted("codex", {"--say", "codex says hi"});
  cli.run("status").expect(0);  // makes the store
  Running first = cli.start("worker --stay");
  REQUIRE(eventually([&] { return leader(cli) == first.pid(); }));
  Running second = cli.start("worker --stay");
  first.signal(SIGSTOP);
  cli.sql("UPDATE leases SET boot = boot - 60000");  // as if it had been stopped for a minute
  REQUIRE(eventually([&] { return leader(cli) == second.pid(); }));
  first.signal(SIGCONT);
  const std::string before = submit(cli, "one");
  cli.run("result --wait " + before).expect(0);
  second.signal(SIGTERM);
  CHECK(second.finish().err_lines() == std::vector<std::string>{"delegate: run " + before});
  REQUIRE(eventually([&] { return leader(cli) == first.pid(); }));
  const std::string after = submit(cli, "two");
  cli.run("result --wait " + after).expect(0);
  first.signal(SIGTERM);
  CHECK(first.finish().err_lines() == std::vector<std::string>{"delegate: run " + after});
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("a queued run can be cancelled while nothing dispatches, and is not run afterwards") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  cli.kill_processes();
  cli.run("cancel " + second).expect(0).stderr_has("is being stopped");
  let_go(cli);
  cli.run("worker").expect(0).stderr_is("");
  cli.run("result --wait " + second).expect(130).stdout_is("").stderr_has("cancelled before it started");
  cli.run("cancel " + second).expect(0).stderr_has("has already finished");
  CHECK(cli.spawns("codex") == 1);
}

TEST_CASE("inside a run no dispatcher is started, and no process that would keep a key") {
  Cli cli;
  wait_for_go(cli);
  cli.backend("gemini", {}, "env.keep = [\"MY_API_KEY\"]");
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  cli.kill_processes();
  cli.set("DELEGATE_DEPTH", "1");
  cli.run("result --wait=1ms " + second).expect(124);
  CHECK(cli.processes().empty());
  Running worker = cli.start("worker --stay");
  cli.set("MY_API_KEY", "key-4711-of-mine");
  const auto is_for_key = [&] { return cli.run("submit -b gemini hello").err.find("MY_API_KEY") != std::string::npos; };
  REQUIRE(eventually(is_for_key));
  cli.run("submit -b gemini hello").expect(6).stdout_is("").stderr_has("inside a run");
  let_go(cli);
  worker.signal(SIGTERM);
  worker.finish();
}

TEST_CASE("a run whose process fails before its turn waits with the reason, without holding up others") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  const std::string first = submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string project = cli.home("other");
  std::filesystem::create_directories(project);
  cli.in_directory(project);
  const std::string second = submit(cli, "two");
  cli.in_directory(cli.home("project"));
  const std::string third = submit(cli, "three");
  cli.write(project + "/delegate.toml", "this is no TOML\n");
  let_go(cli);
  cli.run("result --wait " + third).expect(0).stdout_is("codex says hi\n");
  const auto says_why = [&] {
    const std::string said = cli.run("result " + second).expect(124).err;
    return said.find("is queued: its process cannot be started: ") != std::string::npos &&
           said.find("delegate.toml") != std::string::npos;
  };
  REQUIRE(eventually(says_why));
  std::filesystem::remove(project + "/delegate.toml");
  cli.run("result --wait " + second).expect(0).stdout_is("codex says hi\n");
  cli.run("result --wait " + first).expect(0);
  CHECK(cli.spawns("codex") == 3);
}

TEST_CASE("runs from a directory with a broken file wait together, and only one of them is tried") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string project = cli.home("other");
  std::filesystem::create_directories(project);
  cli.in_directory(project);
  std::vector<std::string> ids;
  for (const char* words : {"two", "three", "four"}) ids.push_back(submit(cli, words));
  cli.in_directory(cli.home("project"));
  const std::string last = submit(cli, "five");
  cli.write(project + "/delegate.toml", "this is no TOML\n");
  let_go(cli);
  cli.run("result --wait " + last).expect(0);
  for (const std::string& id : ids) cli.run("result " + id).expect(124).stderr_has("its process cannot be started: ");
  CHECK(cli.sql("SELECT count(*) FROM jobs WHERE state IN (0, 1) AND turn > 0") == "1");
  for (const std::string& id : ids) cli.run("cancel " + id).expect(0);
}

/// A run as an earlier version has left it: a row, and its request in a file. Returns the path of that file.
std::string queue_as_before(Cli& cli, const std::string& id) {
  cli.sql(
      "INSERT INTO jobs (id, state, submitted_at, owner_boot_id, owner_pid, owner_start_time, owner_namespace, doing) "
      "VALUES ('" +
      id + "', 0, strftime('%s', 'now') * 1000, 'an earlier boot', 4711, 1, 1, '')");
  const std::string saved = cli.home(".local/state/delegate/waiting/" + id + ".json");
  cli.write(saved, Json{{"schema", "delegate.request/1"},
                        {"run_id", id},
                        {"prompt", "from before"},
                        {"backend", "codex"},
                        {"cwd", cli.home("")},
                        {"write", false},
                        {"materials", Json::array()}}
                       .dump());
  return saved;
}

TEST_CASE("a run that an earlier version queued is run by the next dispatcher when its process is gone") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.run("status").expect(0);  // makes the store
  const std::string saved = queue_as_before(cli, "1aaaaaaaaaaaaaaa");
  cli.run("result --wait 1aaaaaaaaaaaaaaa").expect(0).stdout_has("from before");
  CHECK(cli.read(saved).empty());
}

TEST_CASE("a run of an earlier version that cannot be taken over is reported, and the others go on") {
  Cli cli;
  cli.answers("codex");
  cli.run("status").expect(0);  // makes the store
  queue_as_before(cli, "1aaaaaaaaaaaaaaa");
  cli.sql("INSERT INTO job_requests (id, request, start) VALUES ('1aaaaaaaaaaaaaaa', '', '')");
  Running worker = cli.start("worker --stay");
  REQUIRE(worker.comes_to_say("worker: run 1aaaaaaaaaaaaaaa: "));
  const std::string id = submit(cli, "hello");
  cli.run("result --wait " + id).expect(0).stdout_is("codex says hi\n");
  cli.run("result 1aaaaaaaaaaaaaaa").expect(124).stderr_has("is queued: ");
  worker.signal(SIGTERM);
  worker.finish();
}
