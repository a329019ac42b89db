#include <catch2/catch.hpp>

#include "tests/cli/background.hpp"
#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/skip.hpp"

// A process in a time namespace has another boot clock under the same boot id, and sees shifted start times of all
// processes. It is neither another boot nor another process to the others.
using namespace delegate::test;

namespace {

const std::vector<std::string> kLater{"/usr/bin/unshare", "--user",     "--map-root-user", "--fork", "--kill-child",
                                      "--time",           "--boottime", "100000000",       "--"};

bool has_time_namespaces() {
  Cli cli;
  if (cli.started_by(kLater).run("--version").exit_code == 0) return true;
  delegate_tests::skip_visibly("time namespaces are not allowed here");
  return false;
}

std::int64_t cooldown_of(Cli& cli) { return cli.status_of("codex")["breaker"]["retry_in_ms"].get<std::int64_t>(); }

}  // namespace

TEST_CASE("a cooldown is neither over nor longer in a time namespace") {
  if (!has_time_namespaces()) return;
  const auto [opening, looking] =
      GENERATE(std::pair(std::vector<std::string>{}, kLater), std::pair(kLater, std::vector<std::string>{}));
  Cli cli;
  cli.config("[breaker]\ncooldown = \"1h\"\n");
  cli.started_by(opening).trip("codex", {"--say", "hi"});
  cli.started_by(looking);
  CHECK(cli.state_of("codex") == "open");
  CHECK(cooldown_of(cli) > 3'000'000);
  CHECK(cooldown_of(cli) <= 3'600'000);
  cli.run("ask -b codex hello").expect(4).stdout_is("").stderr_has("retrying in ~");
  cli.started_by(opening);
  CHECK(cli.state_of("codex") == "open");
  CHECK(cooldown_of(cli) > 3'000'000);
  CHECK(cooldown_of(cli) <= 3'600'000);
}

TEST_CASE("a slot that is in use is not free in a time namespace, and the other way round") {
  if (!has_time_namespaces()) return;
  const auto [holding, asking] =
      GENERATE(std::pair(std::vector<std::string>{}, kLater), std::pair(kLater, std::vector<std::string>{}));
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}, "max_parallel = 1");
  Running holder = cli.started_by(holding).start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.started_by(asking);
  CHECK(cli.slots_used("codex") == 1);
  cli.run("ask -b codex hello").expect(4).stderr_has("1 of 1 slots in use");
  cli.run("canary").expect(0);
  cli.started_by(holding);
  CHECK(cli.slots_used("codex") == 1);
  cli.write(cli.file("go"), "");
  holder.finish().expect(0).stdout_is("codex says hi\n");
  CHECK(cli.slots_used("codex") == 0);
}

TEST_CASE("a run in the background of a time namespace is a living one to all others") {
  if (!has_time_namespaces()) return;
  Cli cli;
  wait_for_go(cli);
  const std::string id = submit(cli, "-b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.started_by(kLater);
  CHECK(cli.run("runs --json").expect(0).json()["runs"][0]["outcome"] == "running");
  cli.run("doctor").stdout_lacks("killed");
  cli.started_by({});
  let_go(cli);
  cli.run({"result", "--wait", id}).expect(0).stdout_is("codex says hi\n");
}
