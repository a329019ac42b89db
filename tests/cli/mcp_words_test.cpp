#include <csignal>

#include "tests/cli/agent.hpp"
#include "tests/cli/patience.hpp"

// What a model reads of the tools and of what went wrong, and which files it may attach.
using namespace delegate::test;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

TEST_CASE("the tools name what is installed here, the order of auto, and the defaults") {
  Cli cli;
  with_project(cli).answers("codex");
  cli.answers("gemini");
  cli.router("order = [\"gemini\", \"claude\", \"codex\", \"ollama\"]\ntimeout = \"7m\"");
  cli.set("CLAUDE_PROJECT_DIR", cli.home("project"));
  Agent agent(cli);
  const Json ask = agent.answer_to(agent.send("tools/list", Json::object()))["result"]["tools"][0];
  CHECK_THAT(ask["description"].get<std::string>(), Contains("Installed: gemini, codex, ollama (the order of auto)."));
  const Json& properties = ask["inputSchema"]["properties"];
  CHECK_THAT(properties["cwd"]["description"].get<std::string>(), EndsWith("default: " + cli.home("project")));
  CHECK_THAT(properties["timeout_s"]["description"].get<std::string>(), Contains("default: 420"));
  CHECK(properties["tier"]["enum"] == Json{"small", "medium", "large"});
  CHECK_THAT(properties["type"]["enum"].dump(), Contains("review"));
  cli.set("CLAUDE_PROJECT_DIR", cli.home());
  Agent at_home(cli);
  const Json there = at_home.answer_to(at_home.send("tools/list", Json::object()))["result"]["tools"][0];
  CHECK_THAT(there["inputSchema"]["properties"]["cwd"]["description"].get<std::string>(), Contains("required here"));
}

TEST_CASE("an agent's files are attached, and only those below its directory") {
  Cli cli;
  with_project(cli).backend("codex", {"--echo"});
  cli.write(cli.home("project/src/a.txt"), "text of a");
  cli.write(cli.home("secret.txt"), "secret");
  std::filesystem::create_symlink(cli.home("secret.txt"), cli.home("project/link.txt"));
  std::filesystem::create_directory_symlink(cli.home(), cli.home("project/up"));
  Agent agent(cli);
  const auto ask = [&](Json files) { return agent.call("ask", in(cli, {{"prompt", "review"}, {"files", files}})); };
  const std::string answer = ask({"src/a.txt", cli.home("project/README")})["structuredContent"]["answer"];
  CHECK_THAT(answer, Contains("text of a") && Contains("a project") && Contains("src/a.txt"));
  cli.write(cli.home("project/..odd"), "odd name");
  cli.write(cli.home("project/bytes"), "a\xff");
  const Json odd = ask({"..odd", "bytes"});
  CHECK_THAT(odd["structuredContent"]["answer"].get<std::string>(), Contains("odd name"));
  CHECK_THAT(odd["structuredContent"]["note"].get<std::string>(), Contains("bytes that are not UTF-8 were replaced"));
  for (const std::string& outside :
       {std::string("../secret.txt"), cli.home("secret.txt"), std::string("link.txt"), std::string("up/secret.txt"),
        std::string("src/../../secret.txt"), std::string("src"), std::string("missing"), std::string()}) {
    INFO(outside);
    const Json refused = ask({outside});
    CHECK(refused["isError"] == true);
    CHECK_THAT(text_of(refused), StartsWith("files: " + outside) && !Contains("secret\n"));
  }
}

TEST_CASE("files are refused in a directory that is no project, also for a backend that reads none") {
  Cli cli;
  cli.write(cli.home(".ssh/id"), "a key");
  cli.config("[backends.server]\nkind = \"openai\"\nurl = \"http://127.0.0.1:1\"\nmodel = \"m\"\n");
  Agent agent(cli);
  const Json refused = agent.call("ask", {{"prompt", "x"}, {"cwd", cli.home(".ssh")}, {"files", {"id"}}});
  CHECK(refused["isError"] == true);
  CHECK_THAT(text_of(refused), Contains("is not a project directory"));
}

TEST_CASE("a directory whose name is not UTF-8 is refused, with what to do") {
  Cli cli;
  cli.answers("codex");
  const std::string odd = cli.home("project-\xff");
  std::filesystem::create_directories(odd);
  cli.set("CLAUDE_PROJECT_DIR", odd);
  Agent agent(cli);
  const Json refused = agent.call("ask", {{"prompt", "x"}});
  CHECK(refused["isError"] == true);
  CHECK_THAT(text_of(refused), Contains("is not UTF-8") && Contains("Set cwd to a directory whose path is UTF-8"));
}

TEST_CASE("a skipped backend's error says why, for how long, and who answers meanwhile") {
  Cli cli;
  with_project(cli).trip("codex", {"--say", "never"});
  cli.answers("gemini");
  Agent agent(cli);
  const Json skipped = agent.call("ask", in(cli, {{"prompt", "hello"}, {"backend", "codex"}}));
  CHECK(skipped["isError"] == true);
  const Json& error = skipped["structuredContent"];
  CHECK_THAT(error["error"].get<std::string>(), StartsWith("codex is skipped for "));
  CHECK(error["retry_in_s"].get<int>() > 0);
  CHECK(error["who_answers"] == "gemini");
  cli.run("breaker trip codex").expect(0);
  const Json off = agent.call("ask", in(cli, {{"prompt", "hello"}, {"backend", "codex"}}))["structuredContent"];
  CHECK_THAT(off["error"].get<std::string>(), StartsWith("codex was switched off by the user"));
  CHECK_THAT(off["hint"].get<std::string>(), StartsWith("The user did this on purpose"));
}

TEST_CASE("the tools name a backend with several logins once, and the status says which login is not set up") {
  Cli cli;
  with_project(cli).backend("codex", {"--say", "codex says hi"}, R"(
[[backends.codex.logins]]
name = "work"
env = { CODEX_HOME = "$NOT_SET_ANYWHERE" }
[[backends.codex.logins]]
name = "home"
env = { CODEX_HOME = "~/codex" })");
  Agent agent(cli);
  const Json ask = agent.answer_to(agent.send("tools/list", Json::object()))["result"]["tools"][0];
  CHECK_THAT(ask["description"].get<std::string>(), Contains("Installed: codex; only by name: ollama."));
  const Json answer = agent.call("ask", in(cli, {{"prompt", "hello"}, {"backend", "codex"}}));
  CHECK(answer["structuredContent"]["answer"] == "codex says hi");
  CHECK_THAT(text_of(agent.call("status", Json::object())),
             Contains("codex@work: login not set up") && Contains("codex@home: ready"));
}

TEST_CASE("a run whose process is killed is an error that names the run") {
  Cli cli;
  with_project(cli).counted("codex", {"--hang"});
  Agent agent(cli);
  const int id = agent.send_call("ask", in(cli, {{"prompt", "x"}, {"backend", "codex"}}));
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  for (const pid_t process : cli.processes())
    if (cli.read("/proc/" + std::to_string(process) + "/cmdline").find("run-job") != std::string::npos)
      REQUIRE(::kill(process, SIGKILL) == 0);
  const Json killed = agent.answer_to(id)["result"];
  CHECK(killed["isError"] == true);
  const std::string run = killed["structuredContent"]["run"];
  CHECK_THAT(text_of(killed), Contains("Call result with run=" + run));
}

TEST_CASE("a server that is not running is not named as the one that could answer") {
  Cli cli;
  with_project(cli).fails("codex");
  cli.config("[backends.server]\nkind = \"openai\"\nurl = \"http://127.0.0.1:1\"\nmodel = \"m\"\n");
  cli.router("order = [\"codex\", \"server\"]\nlocal = \"\"");
  Agent agent(cli);
  const Json failed = agent.call("ask", in(cli, {{"prompt", "x"}, {"backend", "codex"}}));
  CHECK_FALSE(failed["structuredContent"].contains("who_answers"));
  CHECK_THAT(text_of(agent.call("status", Json::object())), Contains("server: not running"));
}

TEST_CASE("an unknown backend and a broken configuration are reported without commands and options") {
  Cli cli;
  with_project(cli).answers("codex");
  Agent agent(cli);
  const std::string unknown = text_of(agent.call("ask", in(cli, {{"prompt", "x"}, {"backend", "codx"}})));
  CHECK_THAT(unknown, StartsWith("backend: unknown backend 'codx' (available: auto, ") && !Contains("`"));
  Agent misled(cli, "some-agent", "--config " + cli.file("missing.toml"));
  for (const char* tool : {"ask", "status"}) {
    const std::string text =
        text_of(misled.call(tool, tool == std::string("ask") ? in(cli, {{"prompt", "x"}}) : Json::object()));
    CHECK_THAT(text, Contains("missing.toml") && Contains("Only the user can correct") && !Contains("--"));
  }
}
