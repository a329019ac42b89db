#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/agent.hpp"
#include "tests/cli/patience.hpp"
#include "tests/cli/without_root_powers.hpp"

// The spare process of an MCP server: it is started before there is a call, and must not show in any answer.
using namespace delegate::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::vector<pid_t> named(const Cli& cli, const std::string& name) {
  std::vector<pid_t> pids = cli.processes();
  std::erase_if(pids, [&](pid_t pid) { return cli.read("/proc/" + std::to_string(pid) + "/comm") != name + "\n"; });
  return pids;
}

bool has_open(pid_t pid, const fs::path& file) {
  std::error_code ended;
  for (fs::directory_iterator at("/proc/" + std::to_string(pid) + "/fd", ended), end; !ended && at != end;
       at.increment(ended)) {
    std::error_code closed;
    if (fs::read_symlink(at->path(), closed) == file) return true;
  }
  return false;
}

/// Of the one server, as soon as it has read the configuration and opened the state.
pid_t waiting_spare(const Cli& cli) {
  std::vector<pid_t> spares;
  REQUIRE(eventually([&] {
    spares = named(cli, "spare-job");
    return spares.size() == 1 && has_open(spares.front(), cli.state_file()) &&
           !has_open(spares.front(), cli.state_file() + ".lock");
  }));
  return spares.front();
}

/// A backend whose answer is what this program of the system prints.
std::string backend(const std::string& name, const std::string& program) {
  return "[backends." + name + "]\nkind = \"command\"\ncommand = [\"" + program + "\"]\n";
}

std::string answer_of(const Json& result) { return result["structuredContent"]["answer"]; }

}  // namespace

TEST_CASE("a call is run by the process that was started before it, and another one takes its place") {
  Cli cli;
  with_project(cli).counted("codex", {"--wait-file", cli.file("go"), "--say", "at last"});
  Agent agent(cli);
  const pid_t spare = waiting_spare(cli);
  const int id = agent.send_call("ask", in(cli, {{"prompt", "a secret plan"}}));
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  CHECK(named(cli, "run-job") == std::vector<pid_t>{spare});
  CHECK(cli.read("/proc/" + std::to_string(spare) + "/cmdline").find("secret") == std::string::npos);
  CHECK(waiting_spare(cli) != spare);
  cli.write(cli.file("go"), "");
  CHECK(answer_of(agent.answer_to(id)["result"]) == "at last");
  CHECK(eventually([&] { return named(cli, "run-job").empty(); }));
}

TEST_CASE("a spare process that is killed costs no call") {
  Cli cli;
  with_project(cli).counted("codex", {"--say", "codex says hi"});
  Agent agent(cli);
  const pid_t spare = waiting_spare(cli);
  SECTION("before the call") {
    REQUIRE(::kill(spare, SIGKILL) == 0);
    REQUIRE(eventually([&] { return named(cli, "spare-job").empty(); }));
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
  }
  SECTION("with the request in its pipe") {
    REQUIRE(::kill(spare, SIGSTOP) == 0);
    const int id = agent.send_call("ask", in(cli, {{"prompt", "x"}}));
    REQUIRE(eventually([&] { return named(cli, "spare-job").size() == 2; }));  // the request was sent before that
    REQUIRE(::kill(spare, SIGKILL) == 0);
    CHECK(answer_of(agent.answer_to(id)["result"]) == "codex says hi");
  }
  CHECK(cli.spawns("codex") == 1);
  CHECK(waiting_spare(cli) != spare);
}

TEST_CASE("a spare process that ends by itself is not started again and again") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  REQUIRE(::kill(waiting_spare(cli), SIGTERM) == 0);
  REQUIRE(eventually([&] { return named(cli, "spare-job").empty(); }));
  agent.call("status", Json::object());
  CHECK(named(cli, "spare-job").empty());
  CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
}

TEST_CASE("a call uses the configuration as it is when it comes") {
  Cli cli;
  with_project(cli).answers("codex").answers("gemini").router("order = [\"codex\"]");
  Agent agent(cli);
  SECTION("of the user") {
    waiting_spare(cli);
    const std::string before = cli.read(cli.config_file());
    cli.write(cli.config_file(), "[breaker]\nthreshold = 0\n");
    CHECK(agent.call("ask", in(cli, {{"prompt", "x"}}))["isError"] == true);
    std::string after = before;
    after.replace(after.find("\"codex\""), 7, "\"gemini\"");
    waiting_spare(cli);
    cli.write(cli.config_file(), after);
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "gemini says hi");
  }
  SECTION("and the state file that it names") {
    waiting_spare(cli);
    cli.write(cli.config_file(),
              cli.read(cli.config_file()) + "[state]\npath = \"" + cli.home("elsewhere/state.db") + "\"\n");
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
    CHECK(cli.sql("SELECT count(*) FROM runs") == "0");
    CHECK(fs::exists(cli.home("elsewhere/state.db")));
  }
  SECTION("of the project in whose directory it is, if that is trusted") {
    waiting_spare(cli);
    cli.write(cli.home("project/delegate.toml"), "[router]\norder = [\"gemini\"]\n");
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
    waiting_spare(cli);
    cli.in_directory(cli.home("project")).run("trust").expect(0);
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "gemini says hi");
    cli.write(cli.home("other/README"), "another project");
    waiting_spare(cli);
    CHECK(answer_of(agent.call("ask", {{"prompt", "x"}, {"cwd", cli.home("other")}})) == "codex says hi");
  }
}

TEST_CASE("a broken project file where the server was started breaks no call in another directory") {
  Cli cli;
  with_project(cli).answers("codex");
  cli.write(cli.home("broken/delegate.toml"), "[breaker]\nthreshold = 0\n");
  Agent agent(cli.in_directory(cli.home("broken")));
  REQUIRE(eventually([&] { return named(cli, "spare-job").size() == 1; }));
  CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
}

TEST_CASE("the CLI of a call is started in its directory, and with its own mark") {
  Cli cli;
  with_project(cli).config(backend("where", "/bin/pwd") + backend("variables", "/usr/bin/env"));
  cli.write(cli.home("other/README"), "another project");
  Agent agent(cli);
  for (const char* name : {"project", "other"}) {
    const Json result = agent.call("ask", {{"prompt", "x"}, {"backend", "where"}, {"cwd", cli.home(name)}});
    CHECK(answer_of(result) == cli.home(name));
  }
  for (int call = 0; call < 2; ++call) {
    const Json result = agent.call("ask", in(cli, {{"prompt", "x"}, {"backend", "variables"}}));
    const std::string run = result["structuredContent"]["run"];
    CHECK_THAT(answer_of(result), Contains("DELEGATE_RUN_ID=" + run + ".1") && Contains("DELEGATE_DEPTH=1"));
  }
}

TEST_CASE("a call has nothing of the one before it") {
  Cli cli;
  with_project(cli).config(backend("echo", "/bin/cat"));
  Agent agent(cli);
  for (const char* prompt : {"the first prompt", "the second"})
    CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", prompt}, {"backend", "echo"}}))) == prompt);
}

TEST_CASE("a call finds the state where it is, if its file was replaced while the spare process waited") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  agent.call("ask", in(cli, {{"prompt", "x"}}));
  waiting_spare(cli);
  for (const char* companion : {"", "-wal", "-shm"}) ::unlink((cli.state_file() + companion).c_str());
  CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "y"}}))) == "codex says hi");
  CHECK(cli.sql("SELECT count(*) FROM runs") == "1");
}

TEST_CASE("a state file that a newer version upgraded while the spare process waited is left as it is") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  waiting_spare(cli);
  cli.sql("PRAGMA user_version=99");
  const Json result = agent.call("ask", in(cli, {{"prompt", "x"}}));
  CHECK(answer_of(result) == "codex says hi");
  CHECK_THAT(text_of(result), Contains("newer delegate"));
  CHECK(cli.sql("SELECT count(*) FROM runs") == "0");
}

TEST_CASE("a server whose own directory cannot be entered any more runs calls in others") {
  Cli cli;
  with_project(cli).answers("codex").write(cli.home("mine/README"), "another project");
  Agent agent(cli.started_by(without_root_powers()).in_directory(cli.home("mine")));
  const pid_t spare = waiting_spare(cli);
  fs::permissions(cli.home("mine"), fs::perms::none);
  REQUIRE(::kill(spare, SIGKILL) == 0);
  REQUIRE(eventually([&] { return named(cli, "spare-job").empty(); }));
  CHECK(answer_of(agent.call("ask", in(cli, {{"prompt", "x"}}))) == "codex says hi");
}

TEST_CASE("a directory that cannot be entered is for the user to fix") {
  Cli cli;
  with_project(cli).answers("codex");
  fs::permissions(cli.home("project"), fs::perms::owner_read);
  Agent agent(cli.started_by(without_root_powers()));
  const Json result = agent.call("ask", in(cli, {{"prompt", "x"}}));
  CHECK(result["isError"] == true);
  CHECK_THAT(text_of(result), Contains(cli.home("project") + ": cannot be entered: permission denied"));
  CHECK_THAT(text_of(result), Contains("Only the user can fix this"));
}

TEST_CASE("no run starts for a server that was killed") {
  Cli cli;
  with_project(cli).counted("codex", {"--say", "codex says hi"});
  Agent agent(cli);
  const pid_t spare = waiting_spare(cli);
  REQUIRE(::kill(spare, SIGSTOP) == 0);
  agent.send_call("ask", in(cli, {{"prompt", "x"}}));
  REQUIRE(eventually([&] { return named(cli, "spare-job").size() == 2; }));  // the request was sent before that
  agent.server().signal(SIGKILL);
  CHECK(agent.server().ends());
  REQUIRE(::kill(spare, SIGCONT) == 0);
  CHECK(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.spawns("codex") == 0);
  CHECK(cli.sql("SELECT count(*) FROM runs") == "0");
}

TEST_CASE("a job process that is no spare one opens nothing before its request is there") {
  Cli cli;
  Running job = cli.answers("codex").streams({.in = Streams::In::held}).start("run-job --json");
  const auto is_waiting = [&] {
    return cli.read("/proc/" + std::to_string(job.pid()) + "/stat").find(") S ") != std::string::npos;
  };
  REQUIRE(eventually(is_waiting));
  CHECK(named(cli, "spare-job").empty());
  job.close_input();
  CHECK(job.ends());
  CHECK_FALSE(fs::exists(cli.state_file()));
}

TEST_CASE("a spare process that does not react ends with its server") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  REQUIRE(::kill(waiting_spare(cli), SIGSTOP) == 0);
  agent.server().close_input();
  CHECK(agent.server().ends());
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

TEST_CASE("no process is left when the server has ended") {
  Cli cli;
  with_project(cli).answers("codex");
  const bool is_killed = GENERATE(false, true);
  Agent agent(cli);
  agent.call("ask", in(cli, {{"prompt", "x"}}));
  waiting_spare(cli);
  if (is_killed) agent.server().signal(SIGKILL);
  else agent.server().close_input();
  CHECK(agent.server().ends());
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

TEST_CASE("calls that come together each have a process of their own") {
  Cli cli;
  with_project(cli).config(backend("echo", "/bin/cat"));
  Agent agent(cli);
  waiting_spare(cli);
  std::vector<int> ids;
  for (int call = 0; call < 8; ++call)
    ids.push_back(agent.send_call("ask", in(cli, {{"prompt", "prompt " + std::to_string(call)}, {"backend", "echo"}})));
  for (int call = 0; call < 8; ++call)
    CHECK(answer_of(agent.answer_to(ids[static_cast<std::size_t>(call)])["result"]) ==
          "prompt " + std::to_string(call));
}
