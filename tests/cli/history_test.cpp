#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/cli/cli.hpp"

// What is kept of past runs: to be found, printed again and forgotten.
using namespace delegate::test;

namespace {

std::string run_id_of(Cli& cli, const std::string& prompt) {
  return cli.run({"ask", "--json", prompt}).expect(0).json()["run_id"];
}

std::vector<std::string> run_ids(Cli& cli, const std::string& filter = {}) {
  const Json listed = cli.run("runs --json " + filter).expect(0).json();
  std::vector<std::string> ids;
  for (const Json& run : listed["runs"]) ids.push_back(run["run_id"]);
  return ids;
}

}  // namespace

TEST_CASE("runs are found by their words, their directory and the day") {
  Cli cli;
  cli.answers("codex");
  std::filesystem::create_directories(cli.home("other"));
  const std::string parser = run_id_of(cli, "why does the Parser hang");
  const std::string other = cli.run({"ask", "--json", "-C", cli.home("other"), "hello"}).json()["run_id"];
  const auto found = [&](const std::string& words) { return run_ids(cli, words); };
  CHECK(found("--grep parser") == std::vector<std::string>{parser});
  CHECK(found("--grep lexer").empty());
  CHECK(found("--here") == std::vector<std::string>{parser});
  CHECK(found("--dir " + cli.home("other")) == std::vector<std::string>{other});
  CHECK(found("--since yesterday --grep hello") == std::vector<std::string>{other});
  CHECK(found("--since 1w").size() == 2);
  CHECK(cli.run("runs last --json").json()["run_id"] == other);
  cli.run("runs --dir /nowhere").expect(2).stdout_is("").stderr_has("runs: --dir: /nowhere: ");
}

TEST_CASE("the latest answer can be printed again, for a day") {
  Cli cli;
  cli.run("last").expect(1).stdout_is("").stderr_is("delegate: last: no run has answered yet\n");
  cli.answers("codex").fails("gemini").run("ask hello").expect(0);
  cli.run("ask -b gemini hello").expect(1);
  cli.run("last").expect(0).stdout_is("codex says hi\n").stderr_is("");
  cli.run("last --here").expect(0).stdout_is("codex says hi\n");
  CHECK(cli.run("last --json").expect(0).json()["answer"]["text"] == "codex says hi");
  cli.sql("UPDATE texts SET answer_until = 1");
  cli.run("last").expect(1).stdout_is("").stderr_has(
      "was not kept\nhint: history.last_answers keeps each for a while\n");
}

TEST_CASE("a run can be forgotten, and nothing of it is left in any file") {
  Cli cli;
  cli.config("[history]\nkeep_prompts = true").answers("codex");
  const std::string secret = run_id_of(cli, "the-secret-plan");
  const std::string other = run_id_of(cli, "hello");
  REQUIRE(cli.files_with("the-secret-plan").size() == 1);
  cli.run("runs forget " + secret.substr(0, 8)).expect(0).stdout_is("1 deleted\n").stderr_is("");
  CHECK(cli.files_with("the-secret-plan").empty());
  CHECK(run_ids(cli) == std::vector<std::string>{other});
  cli.run("runs forget").expect(2).stderr_has("hint: `delegate runs forget --all` deletes all");
  cli.run("runs forget " + secret).expect(2).stderr_has("no run with id");
  cli.run("runs " + other + " --all").expect(2).stderr_has("--all is only for forget");
  CHECK(cli.run("runs forget --all --json").expect(0).json()["deleted"] == 1);
  CHECK(run_ids(cli).empty());
}
