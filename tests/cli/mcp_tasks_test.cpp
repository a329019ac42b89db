#include "tests/cli/agent.hpp"
#include "tests/cli/patience.hpp"

// A call that takes longer than its client waits, where the client has tasks: it gets the answer, not the id of a run.
using namespace delegate::test;

namespace {

/// As Claude Code declares it in a terminal.
Json with_tasks(Json params) {
  params["_meta"] = {
      {"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
      {"io.modelcontextprotocol/clientCapabilities",
       {{"extensions", {{"io.modelcontextprotocol/tasks", Json::object()}}}}},
  };
  return params;
}

struct Asked {
  Asked() {
    cli.write(cli.home("project/README"), "a project");
    cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "at last"});
  }
  Json ask(Json more = Json::object()) {
    more["prompt"] = "x";
    more["cwd"] = cli.home("project");
    return {{"name", "ask"}, {"arguments", std::move(more)}};
  }
  void go() { cli.write(cli.file("go"), ""); }

  Cli cli;
};

struct Modern : Asked {
  Json reply(const char* method, Json params) {
    return agent.answer_to(agent.send(method, with_tasks(std::move(params))))["result"];
  }
  Json get(const std::string& task) { return reply("tasks/get", {{"taskId", task}}); }
  bool ends_as(const std::string& status, const std::string& task) {
    return eventually([&] { return get(task)["status"] == status; });
  }

  Agent agent{cli, "some-agent", "--client-timeout 1s"};
};

}  // namespace

TEST_CASE("a client with tasks gets a long answer as soon as it is there, and a short one at once") {
  Modern talk;
  const Json task = talk.reply("tools/call", talk.ask());
  REQUIRE(task["resultType"] == "task");
  const std::string run = task["taskId"];
  CHECK(talk.get(run)["status"] == "working");
  CHECK_FALSE(talk.get(run)["statusMessage"].get<std::string>().empty());
  talk.go();
  CHECK(talk.ends_as("completed", run));
  CHECK(talk.get(run)["result"]["structuredContent"]["answer"] == "at last");
  CHECK_FALSE(talk.get(run)["result"].value("isError", false));
  talk.cli.run("result " + run).expect(0).stdout_is("at last\n");
  CHECK(talk.cli.spawns("codex") == 1);
  CHECK(talk.reply("tools/call", talk.ask())["structuredContent"]["answer"] == "at last");
}

TEST_CASE("a client with tasks that wants a run in the background gets its id") {
  Modern talk;
  const Json answer = talk.reply("tools/call", talk.ask({{"background", true}}));
  CHECK(answer["structuredContent"]["status"] == "working");
  talk.go();
  talk.cli.run("result --wait " + answer["structuredContent"]["run"].get<std::string>()).expect(0);
}

TEST_CASE("cancelling a task stops its run") {
  Modern talk;
  const std::string run = talk.reply("tools/call", talk.ask())["taskId"];
  CHECK(talk.cli.processes_of("codex").size() == 1);
  CHECK(talk.reply("tasks/cancel", {{"taskId", run}})["resultType"] == "complete");
  CHECK(talk.get(run)["status"] == "cancelled");
  CHECK(eventually([&] { return talk.cli.processes_of("codex").empty(); }));
}

TEST_CASE("the run of a task outlives the server") {
  std::string run;
  Asked asked;
  {
    Agent agent(asked.cli, "some-agent", "--client-timeout 1s");
    run = agent.answer_to(agent.send("tools/call", with_tasks(asked.ask())))["result"]["taskId"];
    if (GENERATE(false, true)) agent.server().signal(SIGKILL);
    else agent.server().close_input();
    CHECK(agent.server().ends());
  }
  CHECK(asked.cli.processes_of("codex").size() == 1);
  asked.go();
  asked.cli.run("result --wait " + run).expect(0).stdout_is("at last\n");
}

TEST_CASE("a task that an editor of 2025-11-25 began has the answer, however long it takes") {
  Asked asked;
  Agent agent(asked.cli, "Visual Studio Code", "--client-timeout 1s");
  agent.answer_to(agent.send("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", Json::object()}}));
  Json params = asked.ask();
  params["task"] = Json::object();
  params["_meta"]["progressToken"] = "p";
  const std::string task = agent.answer_to(agent.send("tools/call", params))["result"]["task"]["taskId"];
  const int waiting = agent.send("tasks/result", {{"taskId", task}});
  // The first progress comes after the limit of a call.
  const auto status = [&] { return agent.answer_to(agent.send("tasks/get", {{"taskId", task}}))["result"]; };
  CHECK(eventually([&] { return status().contains("statusMessage"); }));
  CHECK_FALSE(agent.has_answer(waiting));
  asked.go();
  CHECK(agent.answer_to(waiting)["result"]["structuredContent"]["answer"] == "at last");
}
