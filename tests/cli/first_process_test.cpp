#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cli/agent.hpp"
#include "tests/cli/told.hpp"
#include "tests/helpers/processes.hpp"
#include "tests/helpers/skip.hpp"

// In a container without an init delegate is the first process: whatever loses its parent becomes its child, and its
// end is the end of all.
using namespace delegate::test;
using delegate_tests::children_of;

namespace {

/// Starts the program as the first process of a container. False: that is not allowed here, and the test is skipped.
bool in_container(Cli& cli) {
  const std::vector<std::string> launcher{"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child"};
  std::vector<std::string> trial = launcher;
  trial.emplace_back("/bin/true");
  if (Running(trial, {}, "/", {}).finish().exit_code != 0) {
    delegate_tests::skip_visibly("pid namespaces are not allowed here (needs root)");
    return false;
  }
  cli.started_by(launcher);
  return true;
}

bool has_zombies(pid_t parent) {
  const auto all = children_of(parent);
  return std::any_of(all.begin(), all.end(), [](const auto& child) { return child.is_zombie; });
}

constexpr const char* kStrict = "breaker.threshold = 1";

}  // namespace

TEST_CASE("an ask that is the first process of a container ends after its trip was announced") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", {"--err", "broken", "--exit", "3"}, kStrict).answers("codex");
  if (!in_container(cli)) return;
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("gemini is skipped from now on");
  const auto all = told.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["kind"] == "trip");
  CHECK(told.records()[0]["delivery"] == "delivered");
}

TEST_CASE("a server that is the first process of a container leaves no zombies") {
  Cli cli;
  Told told(cli);
  const std::vector<std::string> names{"claude", "codex", "gemini"};
  for (const std::string& name : names) cli.backend(name, {"--err", "broken", "--exit", "3"}, kStrict);
  if (!in_container(cli)) return;
  Agent agent(cli);
  cli.started_by({});
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(agent.call("ask", {{"prompt", "hello"}, {"backend", names[i]}})["isError"] == true);
    CHECK(told.in_the_end().size() == i + 1);
  }
  const auto first = children_of(agent.server().pid());
  REQUIRE(first.size() == 1);
  CHECK(eventually([&] { return !has_zombies(first[0].pid); }));
}
