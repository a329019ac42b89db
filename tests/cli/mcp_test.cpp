#include "tests/cli/agent.hpp"
#include "tests/cli/git_project.hpp"

// delegate as a tool of an editor agent. What the protocol itself wants is tested with its library.
using namespace delegate::test;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

namespace {

void go(const Cli& cli, const std::string& name = "go") { cli.write(cli.file(name), ""); }

}  // namespace

TEST_CASE("a server that is started by hand says what it is, and serves") {
  Cli cli;
  cli.answers("codex");
  Running by_hand = cli.streams({.in = Streams::In::terminal}).start("mcp");
  CHECK(by_hand.comes_to_say("delegate: mcp: waiting for an MCP client on stdin"));
  CHECK(by_hand.comes_to_say("`delegate setup`"));
  by_hand.type("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
  CHECK(by_hand.comes_to_print("\"id\":1"));
  by_hand.type("\x04");
  CHECK(by_hand.finish().expect(0).out.find("hint") == std::string::npos);
  cli.streams({});
  Agent agent(cli);
  agent.server().close_input();
  agent.server().finish().expect(0).stderr_is("");
}

TEST_CASE("there are three short tools, which are read-only unless the server may write") {
  Cli cli;
  cli.answers("codex");
  Agent agent(cli);
  const Json tools = agent.answer_to(agent.send("tools/list", Json::object()))["result"];
  CHECK(tools.dump().size() <= 5'000);
  REQUIRE(tools["tools"].size() == 3);
  const auto hint = [&](std::size_t tool, const char* name) {
    return tools["tools"][tool]["annotations"][name].get<bool>();
  };
  CHECK(hint(0, "readOnlyHint"));
  CHECK_FALSE(hint(1, "readOnlyHint"));  // it can stop a run
  CHECK_FALSE(hint(1, "destructiveHint"));
  CHECK(hint(2, "readOnlyHint"));
  CHECK_FALSE(tools["tools"][0]["inputSchema"]["properties"].contains("write"));
  for (const std::size_t tool : {0u, 1u}) CHECK(tools["tools"][tool]["_meta"]["anthropic/alwaysLoad"] == true);

  Agent writer(cli, "some-agent", "--allow-write");
  const Json ask = writer.answer_to(writer.send("tools/list", Json::object()))["result"]["tools"][0];
  CHECK(ask["annotations"]["readOnlyHint"] == false);
  CHECK(ask["annotations"]["destructiveHint"] == true);
  CHECK(ask["inputSchema"]["properties"].contains("write"));
}

TEST_CASE("an agent's run that changes files says which, and whether its change is in them") {
  Cli cli;
  make_project(cli);
  writes(cli, "codex", "sed -i s/one/ONE/ a.txt");
  Agent writer(cli, "some-agent", "--allow-write");
  const auto ask = [&](Json arguments) {
    arguments["prompt"] = "hello";
    arguments["cwd"] = project(cli);
    return writer.call("ask", arguments);
  };
  const Json direct = ask({{"write", true}})["structuredContent"]["changes"];
  CHECK(direct["state"] == "in_files");
  CHECK(direct["files"][0]["path"] == "a.txt");
  CHECK(direct["lines_added"] == 1);
  cli.run("undo").expect(0);

  const Json isolated = ask({{"write", true}, {"isolate", true}});
  CHECK(isolated["structuredContent"]["changes"]["isolated"] == true);
  CHECK_THAT(isolated["structuredContent"]["changes"]["diffstat"].get<std::string>(), Contains("a.txt | 2 +-"));
  CHECK_THAT(text_of(isolated), Contains("applied to " + project(cli)));
  CHECK(cli.read(project(cli, "a.txt")) == "ONE\ntwo\nthree\n");
  cli.run("undo").expect(0);

  writes(cli, "codex", "sed -i s/one/ONE/ a.txt; sed -i s/one/uno/ " + project(cli, "a.txt"));
  const Json refused = ask({{"write", true}, {"isolate", true}})["structuredContent"];
  CHECK(refused["changes"]["state"] == "refused");
  CHECK(refused["changes"]["conflicts"][0]["path"] == "a.txt");
  CHECK(ask({{"isolate", true}})["isError"] == true);  // not without the permission to write
}

TEST_CASE("an answer is complete in the text and in the structured form, and names its backend") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  const Json result = agent.call("ask", in(cli, {{"prompt", "hello"}}));
  CHECK_FALSE(result.value("isError", false));
  CHECK_THAT(text_of(result), StartsWith("codex says hi\n\n[codex, "));
  CHECK_THAT(text_of(result), Contains("run " + result["structuredContent"]["run"].get<std::string>()));
  CHECK(result["structuredContent"]["answer"] == "codex says hi");
  CHECK(result["structuredContent"]["backend"] == "codex");
  CHECK(result["structuredContent"]["status"] == "done");
}

TEST_CASE("an answer lists the skipped backends, and until when they are skipped") {
  Cli cli;
  with_project(cli).trip("codex", {"--say", "never"});
  cli.answers("gemini");
  Agent agent(cli);
  const Json result = agent.call("ask", in(cli, {{"prompt", "hello"}}));
  CHECK(result["structuredContent"]["answer"] == "gemini says hi");
  CHECK_THAT(result["structuredContent"]["note"].get<std::string>(), Contains("codex is skipped for "));
  CHECK_THAT(text_of(result), Contains("codex is skipped for "));
}

TEST_CASE("a failure is an error with a hint, and never a success with an error's text") {
  Cli cli;
  with_project(cli).fails("codex");
  cli.router("local = \"\"");
  Agent agent(cli);
  const Json failed = agent.call("ask", in(cli, {{"prompt", "hello"}, {"backend", "codex"}}));
  CHECK(failed["isError"] == true);
  CHECK_THAT(text_of(failed),
             Contains("codex failed: crashed (exit code 3: codex is broken)") && Contains("Ask again"));
  CHECK(failed["structuredContent"]["outcome"] == "crashed");
  for (const Json& wrong :
       {Json{{"prompt", "x"}, {"model", "m"}}, Json{{"prompt", " "}}, Json{{"prompt", "x"}, {"cwd", "relative"}},
        Json{{"prompt", "x"}, {"cwd", "/nonexistent"}}, Json{{"prompt", "x"}, {"session", "unknown"}}}) {
    INFO(wrong.dump());
    CHECK(agent.call("ask", wrong.contains("cwd") ? wrong : in(cli, wrong))["isError"] == true);
  }
  CHECK(agent.call("result", {{"run", "unknown"}})["isError"] == true);
}

TEST_CASE("a run that an agent stops is reported as stopped, not as an error") {
  Cli cli;
  with_project(cli).counted("codex", {"--fork-sleeper", "--hang"});
  Agent agent(cli);
  const std::string run =
      agent.call("ask", in(cli, {{"prompt", "x"}, {"background", true}}))["structuredContent"]["run"];
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  const Json stopped = agent.call("result", {{"run", run}, {"cancel", true}});
  CHECK_FALSE(stopped.value("isError", false));
  CHECK(stopped["structuredContent"]["status"] == "cancelled");
  CHECK(agent.call("result", {{"run", run}})["isError"] == true);
}

TEST_CASE("calls are answered as they end, not in the order in which they came") {
  Cli cli;
  with_project(cli).backend("codex", {"--wait-file", cli.file("go"), "--say", "slow"});
  cli.answers("gemini");
  Agent agent(cli);
  const int slow = agent.send_call("ask", in(cli, {{"prompt", "x"}, {"backend", "codex"}}));
  CHECK(agent.call("ask", in(cli, {{"prompt", "x"}, {"backend", "gemini"}}))["structuredContent"]["answer"] ==
        "gemini says hi");
  CHECK_FALSE(agent.has_answer(slow));
  go(cli);
  CHECK(agent.answer_to(slow)["result"]["structuredContent"]["answer"] == "slow");
}

TEST_CASE("a call that takes longer than the agent waits returns a run id, and the run continues") {
  Cli cli;
  with_project(cli).counted("codex", {"--wait-file", cli.file("go"), "--say", "at last"});
  Agent agent(cli, "some-agent", "--client-timeout 1s");
  const Json working = agent.call("ask", in(cli, {{"prompt", "x"}}));
  CHECK_FALSE(working.value("isError", false));
  CHECK(working["structuredContent"]["status"] == "working");
  const std::string run = working["structuredContent"]["run"];
  CHECK_THAT(text_of(working), Contains("run=" + run));
  CHECK(agent.call("result", {{"run", run}, {"wait_s", 0}})["structuredContent"]["status"] == "working");
  go(cli);
  CHECK(agent.call("result", {{"run", run}, {"wait_s", 50}})["structuredContent"]["answer"] == "at last");
  const Json resource = agent.answer_to(agent.send("resources/read", {{"uri", "delegate://run/" + run}}));
  CHECK(resource["result"]["contents"][0]["text"] == "at last");
  cli.run("result " + run).expect(0).stdout_is("at last\n");
  CHECK(cli.spawns("codex") == 1);
}

TEST_CASE("waiting for a result takes no longer than the agent waits for the call") {
  Cli cli;
  with_project(cli).backend("codex", {"--wait-file", cli.file("go"), "--say", "at last"});
  Agent agent(cli, "some-agent", "--client-timeout 1s");
  const std::string run =
      agent.call("ask", in(cli, {{"prompt", "x"}, {"background", true}}))["structuredContent"]["run"];
  const int patient = agent.send_call("result", {{"run", run}, {"wait_s", 50}});
  CHECK(agent.call("result", {{"run", run}, {"wait_s", 2}})["structuredContent"]["status"] == "working");
  REQUIRE(agent.has_answer(patient));
  CHECK(agent.answer_to(patient)["result"]["structuredContent"]["status"] == "working");
  go(cli);
  cli.run("result --wait " + run).expect(0).stdout_is("at last\n");
}

TEST_CASE("a run whose id was returned outlives the server, and one without does not") {
  Cli cli;
  with_project(cli).counted("codex", {"--wait-file", cli.file("go"), "--say", "at last"});
  cli.counted("gemini", {"--fork-sleeper", "--hang"});
  const bool is_killed = GENERATE(false, true);
  std::string run;
  {
    Agent agent(cli);
    run = agent.call(
        "ask", in(cli, {{"prompt", "x"}, {"backend", "codex"}, {"background", true}}))["structuredContent"]["run"];
    agent.send_call("ask", in(cli, {{"prompt", "x"}, {"backend", "gemini"}}));
    REQUIRE(eventually([&] { return cli.spawns("codex") == 1 && cli.spawns("gemini") == 1; }));
    if (is_killed) agent.server().signal(SIGKILL);
    else agent.server().close_input();
    CHECK(agent.server().ends());
  }
  CHECK(eventually([&] { return cli.processes_of("gemini").empty(); }));
  CHECK(cli.processes_of("codex").size() == 1);
  go(cli);
  cli.run("result --wait " + run).expect(0).stdout_is("at last\n");
}

TEST_CASE("a cancelled call stops its run and is not answered") {
  Cli cli;
  with_project(cli).counted("codex", {"--fork-sleeper", "--hang"});
  cli.answers("gemini");
  Agent agent(cli);
  const int id = agent.send_call("ask", in(cli, {{"prompt", "x"}, {"backend", "codex"}}));
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  agent.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
  CHECK(eventually([&] { return cli.processes_of("codex").empty(); }));
  agent.call("ask", in(cli, {{"prompt", "x"}, {"backend", "gemini"}}));
  CHECK_FALSE(agent.has_answer(id));
}

TEST_CASE("a long answer is given in parts that make the whole, byte for byte") {
  Cli cli;
  with_project(cli).backend("codex", {"--echo"});
  std::string prompt;
  for (int i = 0; prompt.size() < 120'000; ++i) prompt += "line " + std::to_string(i) + " äöü €\n";
  prompt += "end";
  Agent agent(cli, "codex-mcp-client");
  Json part = agent.call("ask", in(cli, {{"prompt", prompt}}))["structuredContent"];
  std::string whole = part["answer"];
  CHECK(part.dump().size() <= 10'000);
  const std::string run = part["run"];
  while (part.contains("next_offset")) {
    part = agent.call("result", {{"run", run}, {"offset", part["next_offset"]}})["structuredContent"];
    whole += part["answer"].get<std::string>();
  }
  CHECK(whole == prompt);
}

TEST_CASE("progress is reported on request, until the answer") {
  Cli cli;
  with_project(cli).backend("codex", {"--wait-file", cli.file("go"), "--say", "done"});
  Agent agent(cli);
  const int id = agent.send_call("ask", in(cli, {{"prompt", "x"}}), true);
  agent.server().comes_to_print("notifications/progress");
  go(cli);
  agent.answer_to(id);
  REQUIRE_FALSE(agent.seen.empty());
  const Json first = agent.seen.front();
  CHECK(first["method"] == "notifications/progress");
  CHECK(first["params"]["progressToken"] == "p");
  CHECK_THAT(first["params"]["message"].get<std::string>(), StartsWith("codex, "));
}

TEST_CASE("progress is reported while a result is waited for") {
  Cli cli;
  with_project(cli).backend("codex", {"--wait-file", cli.file("go"), "--say", "done"});
  Agent agent(cli);
  const std::string run =
      agent.call("ask", in(cli, {{"prompt", "x"}, {"background", true}}))["structuredContent"]["run"];
  const int id = agent.send_call("result", {{"run", run}, {"wait_s", 3600}}, true);
  agent.server().comes_to_print("notifications/progress");
  go(cli);
  CHECK(agent.answer_to(id)["result"]["structuredContent"]["answer"] == "done");
  CHECK_THAT(agent.seen.front()["params"]["message"].get<std::string>(), StartsWith("run " + run));
}

TEST_CASE("an agent that delegates to itself gets an error at the depth limit") {
  Cli cli;
  with_project(cli).answers("codex");
  cli.set("DELEGATE_DEPTH", "2");
  Agent agent(cli);
  const Json result = agent.call("ask", in(cli, {{"prompt", "x"}}));
  CHECK(result["isError"] == true);
  CHECK_THAT(text_of(result), Contains("deep"));
  CHECK(result["structuredContent"]["outcome"] == "not allowed");
  CHECK(result["structuredContent"]["hint"] == "Do this work yourself instead of delegating it.");
}

TEST_CASE("a home directory is not accepted as a project") {
  Cli cli;
  cli.answers("codex");
  for (const std::string& place : {std::string("/"), cli.home()}) {
    Agent agent(cli);
    const Json refused = agent.call("ask", {{"prompt", "x"}, {"cwd", place}});
    CHECK(refused["isError"] == true);
    CHECK_THAT(text_of(refused), Contains("cwd"));
  }
  // Nor under another name of it.
  cli.set("HOME", cli.home() + "/");
  Agent agent(cli);
  const Json refused = agent.call("ask", {{"prompt", "x"}, {"cwd", cli.home()}});
  CHECK(refused.value("isError", false));
  CHECK_THAT(text_of(refused), Contains("is not a project directory"));
}

TEST_CASE("no path that leads to a home directory, above it or to the system makes it a project") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"});
  const std::string above = std::filesystem::path(cli.home()).parent_path();
  for (const std::string& place : {cli.home("nope/.."), cli.home("project/nope/../.."), above, std::string("/etc"),
                                   std::string("/proc/self/cwd/.."), std::string("/usr/lib"), cli.home(".ssh"),
                                   cli.home("project") + std::string("\0/../..", 7)}) {
    INFO(place);
    std::filesystem::create_directories(cli.home(".ssh"));
    Agent agent(cli);
    const Json refused = agent.call("ask", {{"prompt", "x"}, {"cwd", place}});
    CHECK(refused.value("isError", false));
    CHECK_THAT(text_of(refused), Contains("cwd"));
    cli.set("CLAUDE_PROJECT_DIR", place.substr(0, place.find('\0')));
    Agent with_variable(cli);
    if (place.find('\0') == std::string::npos)
      CHECK(with_variable.call("ask", {{"prompt", "x"}}).value("isError", false));
    cli.unset("CLAUDE_PROJECT_DIR");
  }
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("status shows the health of each backend, and reads the configuration again") {
  Cli cli;
  cli.trip("codex", {"--say", "never"});
  Agent agent(cli);
  const Json result = agent.call("status", Json::object());
  bool found = false;
  for (const Json& backend : result["structuredContent"]["backends"])
    if (backend["name"] == "codex") {
      found = true;
      CHECK(backend["ready"] == false);
      CHECK_THAT(backend["status"].get<std::string>(), StartsWith("skipped for "));
      CHECK(backend["retry_in_s"].get<int>() > 0);
    }
  CHECK(found);
  CHECK_THAT(text_of(result), Contains("codex: skipped for "));
  const Json status = agent.answer_to(agent.send("resources/read", {{"uri", "delegate://status"}}));
  CHECK_THAT(status["result"]["contents"][0]["text"].get<std::string>(), Contains("skipped for "));
  const Json unknown = agent.answer_to(agent.send("resources/read", {{"uri", "delegate://unknown"}}));
  CHECK(unknown["error"]["data"]["uri"] == "delegate://unknown");
  cli.write(cli.config_file(), "[breaker]\nthreshold = 0\n");
  CHECK(agent.call("status", Json::object())["isError"] == true);
  CHECK(agent.call("ask", {{"prompt", "x"}})["isError"] == true);
  const Json history = agent.answer_to(agent.send("resources/read", {{"uri", "delegate://history"}}));
  CHECK(history.contains("error"));
}

TEST_CASE("the history that an agent can read is that of its project, also of what is below it and what waits") {
  Cli cli;
  with_project(cli).answers("codex");
  std::filesystem::create_directories(cli.home("project/below"));
  std::filesystem::create_directories(cli.home("project-of-others"));
  for (const char* directory : {"project", "project/below", "project-of-others"})
    cli.run({"ask", "--cwd", cli.home(directory), "hello"}).expect(0);
  Agent agent(cli);
  const Json answer = agent.answer_to(agent.send("resources/read", {{"uri", "delegate://history"}}));
  const Json runs = Json::parse(answer["result"]["contents"][0]["text"].get<std::string>())["runs"];
  std::vector<std::string> places;
  for (const Json& run : runs) places.push_back(run["cwd"]);
  CHECK(places == std::vector<std::string>{cli.home("project/below"), cli.home("project")});
}

TEST_CASE("stdout has only protocol messages, and the server ends with its stdin") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  agent.call("ask", in(cli, {{"prompt", "x"}}));
  agent.server().write_input("garbage\n");
  agent.server().close_input();
  const Finished finished = agent.server().finish().expect(0);
  for (const std::string& line : finished.out_lines()) CHECK(Json::parse(line)["jsonrpc"] == "2.0");
}

TEST_CASE("a server ends when its client is gone, even while it has nothing to send") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  agent.server().close_output();
  CHECK(agent.server().ends());
}

TEST_CASE("an agent of a protocol version without a handshake is served") {
  Cli cli;
  with_project(cli).answers("codex");
  Running server = cli.streams({.in = Streams::In::held}).start("mcp");
  const Json meta{{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                  {"io.modelcontextprotocol/clientInfo", {{"name", "claude-code"}, {"version", "2"}}},
                  {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
  const auto request = [&](int id, const std::string& method, Json params) {
    params["_meta"] = meta;
    server.write_input(
        Json({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}}).dump() + "\n");
    return Json::parse(server.next_line());
  };
  CHECK(request(1, "server/discover", Json::object())["result"]["supportedVersions"].is_array());
  const Json answer = request(2, "tools/call", {{"name", "ask"}, {"arguments", in(cli, {{"prompt", "x"}})}});
  CHECK(answer["result"]["structuredContent"]["answer"] == "codex says hi");
}
