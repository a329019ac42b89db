#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// A limit with a stated end: skipped until then, and a slow probe of ours finds out when it ends sooner.
using namespace delegate::test;

namespace {

constexpr const char* kLimitRule = "failures = [{ match = \"limit\", outcome = \"quota_exhausted\" }]\n";

/// claude has hit a limit that ends in hours; then it is as these options say.
Cli& limited(Cli& cli, const std::string& slow_probe, std::vector<std::string> then) {
  const std::string toml = std::string(kLimitRule) + "breaker.slow_probe = \"" + slow_probe + "\"";
  cli.counted("claude", {"--err", "You've hit your limit, resets in 3h 34m", "--exit", "1"}, toml);
  cli.answers("codex");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("claude is skipped from now on");
  return cli.counted("claude", std::move(then), toml);
}

}  // namespace

TEST_CASE("a rate limit opens the breaker at once until the stated time, and status quotes the vendor") {
  Cli cli;
  limited(cli, "5m", {"--say", "OK"});
  const Json breaker = cli.status_of("claude")["breaker"];
  CHECK(breaker["state"] == "open");
  CHECK(breaker["retry_in_ms"] > 12'700'000);
  CHECK(breaker["slow_probe_in_ms"] > 200'000);
  CHECK(breaker.contains("until"));
  cli.run("status")
      .expect(0)
      .stdout_has("until ")
      .stdout_has(", limit probe in ")
      .stdout_has("You've hit your limit, resets in 3h 34m");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  CHECK(cli.spawns("claude") == 1);
}

TEST_CASE("a limit probe detects a quota that returns early, and no call waits for it") {
  Cli cli;
  limited(cli, "1ms", {"--wait-file", cli.file("go"), "--say", "OK"});
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  REQUIRE(eventually([&] { return cli.spawns("claude") == 2; }));
  CHECK(cli.state_of("claude") == "open");
  cli.write(cli.file("go"), "");
  REQUIRE(eventually([&] { return cli.state_of("claude") == "closed"; }));
  CHECK(eventually([&] { return cli.processes().empty(); }));
  cli.run("ask hello").expect(0).stdout_is("OK\n");
}

TEST_CASE("a call to only the rate-limited backend fails at once") {
  Cli cli;
  limited(cli, "1ms", {"--wait-file", cli.file("go"), "--say", "OK"});
  cli.run("ask -b claude hello").expect(4).stdout_is("").stderr_has("[delegate:degraded] claude skipped");
  REQUIRE(eventually([&] { return cli.spawns("claude") == 2; }));
  cli.write(cli.file("go"), "");
  CHECK(eventually([&] { return cli.state_of("claude") == "closed"; }));
}
