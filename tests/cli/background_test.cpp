#include <filesystem>
#include <set>

#include "tests/cli/background.hpp"

// Background runs: no submitted run is lost, and no cancelled run continues.
using namespace delegate::test;

TEST_CASE("a submitted run outlives its shell, and its answer can be fetched any number of times") {
  Cli cli;
  wait_for_go(cli);
  const std::string id = submit(cli, "hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.run("result " + id).expect(124).stdout_is("").stderr_has("has not ended").stderr_has("result --wait " + id);
  let_go(cli);
  for (int i = 0; i < 2; ++i) cli.run("result --wait " + id).expect(0).stdout_is("codex says hi\n").stderr_is("");
  cli.run("result " + id.substr(0, 14)).expect(0).stdout_is("codex says hi\n");
  const Json json = cli.run("result --json " + id).expect(0).json();
  CHECK(json["schema"] == "delegate.ask/1");
  CHECK(json["run_id"] == id);
  CHECK(json["answer"] == "codex says hi");
  CHECK(cli.run("runs " + id).expect(0).out.find("answered") != std::string::npos);
  CHECK(cli.spawns("codex") == 1);
}

TEST_CASE("a failed background run is reported as `ask` would report it") {
  Cli cli;
  cli.fails("codex");
  cli.router("local = \"\"");
  const Finished asked = cli.run("ask hello").expect(1);
  const std::string id = submit(cli, "hello");
  const Finished fetched = cli.run("result --wait " + id).expect(1).stdout_is("");
  CHECK(fetched.err_lines().back() == asked.err_lines().back());
  CHECK(fetched.err.find("codex is broken") != std::string::npos);
  CHECK(cli.run("result --json " + id).expect(1).json()["error"]["outcome"] == "exited_nonzero");
}

TEST_CASE("a background run passes long prompts and answers on unchanged") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  const std::string text(3'000'000, 'x');
  cli.input(text);
  const std::string id = submit(cli, "-b codex");
  cli.streams({});
  CHECK(cli.run("result --wait " + id).expect(0).out.size() >= text.size());
}

TEST_CASE("a cancelled run stops at once, with every process that it started") {
  Cli cli;
  cli.counted("codex", {"--fork-sleeper", "--hang"});
  const std::string id = submit(cli, "hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.run("cancel " + id).expect(0).stderr_has("is being stopped");
  cli.run("result --wait " + id).expect(130).stdout_is("").stderr_has("cancelled");
  CHECK(eventually([&] { return cli.processes().empty(); }));
  cli.run("cancel " + id).expect(0).stderr_has("has already finished");
}

TEST_CASE("the host limits how many runs work at the same time, and the others are queued in order") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  const std::string first = submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "two");
  const std::string third = submit(cli, "three");
  cli.run("result " + second).expect(124).stderr_has("is queued");
  CHECK(cli.run("cancel " + second).expect(0).err.find("stopped") != std::string::npos);
  cli.run("result --wait " + second).expect(130);
  CHECK(cli.spawns("codex") == 1);
  let_go(cli);
  cli.run("result --wait " + third).expect(0).stdout_is("codex says hi\n");
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("queued and working runs are listed with their state, and one is shown by its id") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  const std::string first = submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string second = submit(cli, "-b codex the-secret-plan");
  const Finished listed = cli.run("runs").expect(0).stdout_lacks("the-secret-plan");
  REQUIRE(listed.out_lines().size() == 3);
  CHECK(listed.out_lines()[1].starts_with(second));
  CHECK(listed.out_lines()[1].find("queued   -     queued") != std::string::npos);
  CHECK(listed.out_lines()[2].starts_with(first.substr(0, 4) + " "));
  CHECK(listed.out_lines()[2].find("running  -     asking codex") != std::string::npos);
  CHECK(listed.out_lines()[2].ends_with("one"));
  const Json runs = cli.run("runs --json").expect(0).json()["runs"];
  REQUIRE(runs.size() == 2);
  CHECK(runs[0]["state"] == "waiting");
  CHECK(runs[0]["outcome"] == "waiting");
  CHECK(runs[0].contains("submitted_at"));
  CHECK_FALSE(runs[0].contains("started_at"));
  CHECK(runs[1]["state"] == "working");
  CHECK(runs[1]["outcome"] == "running");
  CHECK(runs[1]["doing"] == "asking codex");
  CHECK(cli.run("runs -n 1 --json").expect(0).json()["runs"].size() == 1);
  CHECK(cli.run("runs -b codex --json").expect(0).json()["runs"].size() == 0);  // no attempt is over yet

  CHECK(cli.run("complete runs").expect(0).out_lines().front().starts_with(second + "\t"));

  const Finished one = cli.run("runs " + second).expect(0).stdout_lacks("the-secret-plan");
  one.stdout_has("asked for  codex").stdout_has("outcome    queued").stdout_has("no backend was called yet");
  CHECK(cli.run({"runs", "--json", second}).expect(0).json()["cwd"] == cli.home("project"));
  cli.run("runs " + first).expect(0).stdout_has("doing      asking codex");
  let_go(cli);
  for (const std::string& id : {first, second}) cli.run("result --wait " + id).expect(0);
  const Json ended = cli.run("runs --json").expect(0).json()["runs"];
  REQUIRE(ended.size() == 2);
  for (const Json& run : ended) CHECK_FALSE(run.contains("state"));
}

TEST_CASE("a nested run does not wait for a slot that its parent may hold") {
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go")}, "max_parallel = 1");
  Running holder = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  Running worker = cli.start("worker --stay");
  cli.set("DELEGATE_DEPTH", "1");
  const auto accepted = [&] { return cli.run("submit -b codex hello").exit_code == 0; };
  REQUIRE(eventually(accepted));
  const std::string inner = submit(cli, "-b codex hello");
  cli.run("result --wait " + inner).expect(4).stderr_has("slots");
  let_go(cli);
  holder.finish();
  worker.signal(SIGTERM);
  worker.finish();
}

TEST_CASE("a nested run is refused when nothing would let it outlive the run around it") {
  Cli cli;
  cli.answers("codex").set("DELEGATE_DEPTH", "1");
  cli.run("submit hello").expect(6).stdout_is("").stderr_has("inside a run").stderr_has("delegate worker --stay");
  CHECK(cli.run("runs --json").expect(0).json()["runs"].empty());
}

TEST_CASE("a run whose backends have no free slot waits for one without blocking other runs") {
  Cli cli;
  cli.config("[background]\nmax_parallel = 1\n");
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}, "max_parallel = 1").answers("gemini");
  Running holder = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.run("ask -b codex hello").expect(4);  // in the foreground it is refused at once
  const std::string held_up = submit(cli, "-b codex one");
  const auto is_held_up = [&] {
    return cli.run("result " + held_up).expect(124).err.find("waiting for a free slot of codex") != std::string::npos;
  };
  REQUIRE(eventually(is_held_up));
  const std::string other = submit(cli, "-b gemini two");
  cli.run("result --wait " + other).expect(0).stdout_is("gemini says hi\n");
  cli.run("result " + held_up).expect(124);
  let_go(cli);
  holder.finish().expect(0);
  cli.run("result --wait " + held_up).expect(0).stdout_is("codex says hi\n").stderr_is("");
  CHECK(cli.run("runs --json").expect(0).json()["runs"].size() == 4);
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("a run that waits for a slot can be cancelled, and its timeout begins with its turn") {
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}, "max_parallel = 1");
  Running holder = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const std::string unwanted = submit(cli, "one");
  const std::string patient = submit(cli, "--timeout 30s two");
  const auto waits = [&] {
    return cli.run("result " + unwanted).expect(124).err.find("free slot") != std::string::npos;
  };
  REQUIRE(eventually(waits));
  cli.run("cancel " + unwanted).expect(0);
  cli.run("result --wait " + unwanted).expect(130).stderr_has("cancelled");
  let_go(cli);
  holder.finish().expect(0);
  cli.run("result --wait " + patient).expect(0).stdout_is("codex says hi\n");
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("an open breaker lets queued runs fail without starting anything, or wait, as configured") {
  Cli cli;
  const std::string policy = GENERATE(as<std::string>{}, "reroute", "fail", "wait");
  cli.config("[breaker]\nthreshold = 1\n[background]\non_open = \"" + policy + "\"\n")
      .answers("codex")
      .answers("gemini");
  cli.router("local = \"\"");
  cli.run("breaker trip codex").expect(0);
  INFO(policy);
  const std::string named = submit(cli, "-b codex one");
  const std::string any = submit(cli, "two");
  if (policy == "wait") {
    const auto waits = [&] {
      return cli.run("result " + named).expect(124).err.find("the breaker of codex") != std::string::npos;
    };
    REQUIRE(eventually(waits));
    cli.run("breaker reset codex").expect(0);
    cli.run("result --wait " + named).expect(0).stdout_is("codex says hi\n");
  } else {
    cli.run("result --wait " + named).expect(4).stderr_has("codex skipped");
    CHECK(cli.spawns("codex") == 0);
  }
  if (policy == "reroute") cli.run("result --wait " + any).expect(0).stdout_is("gemini says hi\n");
}

TEST_CASE("a queue that is full refuses a run with the number") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\nmax_queued = 2\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  for (const char* words : {"two", "three"}) submit(cli, words);
  cli.run("submit four").expect(4).stdout_is("").stderr_has("2 runs are queued").stderr_has("background.max_queued");
  cli.set("CODEX_API_KEY", "key-4711-of-mine");  // which a process of its own would keep
  cli.run("submit five").expect(4).stdout_is("").stderr_has("2 runs are queued").stderr_has("background.max_queued");
  let_go(cli);
}

TEST_CASE("a run gets the environment of its submitter, but no key is stored") {
  Cli cli;
  cli.backend("codex", {"--env", "CODEX_HOME", "--env", "MY_SECRET_TOKEN", "--env", "MY_API_KEY"},
              "env.keep = [\"MY_API_KEY\"]");
  cli.set("CODEX_HOME", cli.home("codex")).set("MY_SECRET_TOKEN", "token-4711-of-mine");
  const std::string plain = submit(cli, "one");
  const std::string said = cli.run("result --wait " + plain).expect(0).out;
  CHECK(said.find(cli.home("codex")) != std::string::npos);
  CHECK(said.find("token-4711") == std::string::npos);
  cli.unset("MY_SECRET_TOKEN").set("MY_API_KEY", "key-4711-of-mine");
  const std::string with_key = submit(cli, "two");
  CHECK(cli.run("result --wait " + with_key).expect(0).out.find("key-4711-of-mine") != std::string::npos);
  CHECK(cli.files_with("token-4711-of-mine").empty());
}

TEST_CASE("what a CLI needs is not dropped from its environment because it looks like a secret") {
  Cli cli;
  cli.write(cli.file("bin/claude"),
            "#!/bin/sh\nread -r prompt\nprintf "
            R"('{"type":"result","subtype":"success","is_error":false,"result":"%s"}\n')"
            " \"$ANTHROPIC_CUSTOM_HEADERS\"\n");
  std::filesystem::permissions(cli.file("bin/claude"), std::filesystem::perms(0700));
  cli.set("ANTHROPIC_CUSTOM_HEADERS", "Authorization: Bearer abcdefghijklmnop0123456789");
  const std::string id = submit(cli, "-b claude hello");
  CHECK(cli.run("result --wait " + id).expect(0).out.find("abcdefghijklmnop0123456789") != std::string::npos);
}

TEST_CASE("six runs that share one slot are all answered, one after the other") {
  Cli cli;
  const std::string busy = cli.file("busy");
  cli.write(cli.file("bin/agy"), "#!/bin/sh\nread -r line\n[ -e " + busy + " ] && exit 9\n: > " + busy +
                                     "\n/bin/sleep 0.05\n/bin/rm " + busy + "\necho one at a time\n");
  std::filesystem::permissions(cli.file("bin/agy"), std::filesystem::perms(0700));
  cli.config(
      "[backends.agy]\nkind = \"command\"\ncommand = [\"agy\"]\nmax_parallel = 1\n[background]\nmax_parallel = 6\n");
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(submit(cli, "-b agy hello"));
  for (const std::string& id : ids) cli.run("result --wait " + id).expect(0).stdout_is("one at a time\n");
}

TEST_CASE("the prompt of a run in the background is in no argument list, and not in the store once it has begun") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[history]\nsummary = 0\n[background]\nmax_parallel = 1\n");
  const std::string first = submit(cli, "the-secret-plan");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  CHECK(cli.files_with("the-secret-plan").empty());
  const std::string second = submit(cli, "the-secret-plan as well");
  REQUIRE(job_processes(cli).size() == 1);
  for (const pid_t pid : job_processes(cli))
    CHECK(cli.read("/proc/" + std::to_string(pid) + "/cmdline").find("the-secret-plan") == std::string::npos);
  let_go(cli);
  for (const std::string& id : {first, second}) cli.run("result --wait " + id).expect(0);
  REQUIRE(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.files_with("the-secret-plan").empty());
}

TEST_CASE("the prompt of a run that was cancelled in the queue does not stay in the store") {
  Cli cli;
  wait_for_go(cli);
  cli.config("[background]\nmax_parallel = 1\n");
  submit(cli, "one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  if (GENERATE(false, true)) cli.set("CODEX_API_KEY", "key-4711-of-mine");  // which a process of its own keeps
  const std::string second = submit(cli, "the-secret-plan");
  CHECK_FALSE(cli.files_with("the-secret-plan").empty());
  cli.run("cancel " + second).expect(0);
  cli.run("result --wait " + second).expect(130);
  CHECK(eventually([&] { return cli.files_with("the-secret-plan").empty(); }));
}

TEST_CASE("eight shells submit at once, and each gets its own answer") {
  Cli cli;
  cli.backend("codex", {"--echo"}, "max_parallel = 8");
  std::vector<Running> shells;
  for (int i = 0; i < 8; ++i) shells.push_back(cli.start("submit question-" + std::to_string(i)));
  std::set<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    const std::string id = shells[static_cast<std::size_t>(i)].finish().expect(0).out_lines().front();
    ids.insert(id);
    CHECK(cli.run("result --wait " + id).expect(0).out.find("question-" + std::to_string(i)) != std::string::npos);
  }
  CHECK(ids.size() == 8);
}

TEST_CASE("submit rejects what ask rejects, and names itself in the message") {
  Cli cli;
  cli.answers("codex");
  cli.run("submit -b nobody hello").expect(2).stderr_begins("delegate: submit: --backend: unknown backend 'nobody'");
  cli.run("submit --stream hello").expect(2).stderr_has("unknown option");
  cli.run("result nothing-like-it").expect(2).stderr_has("no background run with id");
  cli.run("result %").expect(2);
  cli.run("cancel nothing-like-it").expect(2);
  cli.run("result --wait=soon x").expect(2).stderr_has("is not a duration");
}

TEST_CASE("submit accepts nothing when the store is not on disk, because the run could get lost") {
  Cli cli;
  cli.answers("codex");
  cli.config("[state]\nstore = \"memory\"\n");
  cli.run("submit hello").expect(70).stdout_is("").stderr_has("needs the store");
}

TEST_CASE("without an id, the result is that of the latest run; a duration may follow --wait") {
  Cli cli;
  cli.run("result").expect(2).stdout_is("").stderr_is("delegate: result: there is no run yet\n");
  cli.answers("codex");
  const std::string id = submit(cli, "hello");
  cli.run("result --wait 1m").expect(0).stdout_is("codex says hi\n");
  cli.run("result --wait 1m " + id).expect(0).stdout_is("codex says hi\n");
  cli.run("result").expect(0).stdout_is("codex says hi\n");
  cli.run("result a b").expect(2).stderr_has("result: unexpected argument 'b'");
}
