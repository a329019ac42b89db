#include "tests/unit/run/asking.hpp"

// Calls that a project's file without trust has changed: see BackendSettings::changed_by.
using namespace delegate;
using namespace delegate::test;

namespace {

constexpr const char* kCause = "/src/delegate.toml, which is not trusted, sets backends.codex.model";

Asking& with_changed_codex(Asking& asking, std::vector<std::string> options) {
  BackendSettings& codex = asking.backend("codex", std::move(options));
  codex.changed_by = kCause;
  codex.breaker.threshold = 1;
  asking.backend("gemini", {"--say", "hi"});
  return asking;
}

}  // namespace

TEST_CASE("a failure of a changed call is the run's own: the next backend is asked, and the breaker hears nothing") {
  Asking asking;
  const auto options =
      GENERATE(std::vector<std::string>{"--exit", "3"},
               std::vector<std::string>{"--err", "429 Too Many Requests: retry after 5 hours", "--exit", "1"});
  with_changed_codex(asking, options);
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->backend == "gemini");
  REQUIRE(result.attempts.size() == 2);
  CHECK_FALSE(result.attempts[0].counted);
  CHECK_FALSE(result.attempts[0].tripped);
  CHECK(result.warnings ==
        std::vector<std::string>{"codex: this failure counts for this run only: " + std::string(kCause)});
  const BackendState state = asking.state("codex");
  CHECK(state.breaker == Breaker{});
  CHECK(state.slots.empty());
}

TEST_CASE("a probe that a changed call fails decides nothing, and one that is answered closes the breaker") {
  Asking asking;
  const bool fails = GENERATE(true, false);
  with_changed_codex(asking,
                     fails ? std::vector<std::string>{"--exit", "3"} : std::vector<std::string>{"--say", "back"});
  asking.make_half_open("codex");
  const Breaker before = asking.state("codex").breaker;
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  const Breaker after = asking.state("codex").breaker;
  CHECK(result.attempts[0].probe);
  CHECK_FALSE(after.probe.has_value());
  CHECK((after.state == BreakerState::closed) == !fails);
  if (fails) CHECK(after.cooldowns_in_a_row == before.cooldowns_in_a_row);
}

TEST_CASE("a longer time limit of the project keeps a slot no longer than your own would") {
  Asking asking;
  BackendSettings& codex = asking.backend("codex", {"--say", "hi"});
  codex.command.front() = FAKE_CLI;
  codex.timeout = 24h;
  const auto lease = [&] {
    const auto candidate = find_candidate(asking.engine, "codex");
    REQUIRE(candidate);
    return admission_request(asking.engine, *candidate, ProbeTime::when_due).lease;
  };
  CHECK(lease() > 24h);
  codex.lease = 10min;
  CHECK(lease() < 12min);
}
