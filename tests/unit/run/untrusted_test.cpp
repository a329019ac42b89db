#include "core/run/check.hpp"
#include "core/run/hints.hpp"
#include "tests/unit/run/asking.hpp"

// Calls that a project's file without trust has changed: see BackendSettings::changed_by.
using namespace delegate;
using namespace delegate::test;
using Options = std::vector<std::string>;

namespace {

const UntrustedChanges kOtherModel{Distrust::everything, "/src/delegate.toml", {"backends.codex.model"}};
const UntrustedChanges kShorterClock{Distrust::clocks, "/src/delegate.toml", {"backends.codex.first_output_timeout"}};
const Options kLimited{"--err", "429 Too Many Requests: retry after 5 hours", "--exit", "1"};

Asking& with_changed_codex(Asking& asking, Options options, UntrustedChanges changes = kOtherModel) {
  BackendSettings& codex = asking.backend("codex", std::move(options));
  codex.changed_by = std::move(changes);
  codex.breaker.threshold = 1;
  asking.backend("gemini", {"--say", "hi"});
  return asking;
}

}  // namespace

TEST_CASE("a failure of a changed call is the run's own: the next backend is asked, and the breaker hears nothing") {
  Asking asking;
  const bool is_late = GENERATE(true, false);
  if (is_late) {
    with_changed_codex(asking, {"--wait-file", asking.file("never")}, kShorterClock);
    asking.config.backends["codex"].first_output_timeout = 10ms;
  } else {
    with_changed_codex(asking, GENERATE(Options{"--exit", "3"}, kLimited));
  }
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->backend == "gemini");
  REQUIRE(result.attempts.size() == 2);
  CHECK_FALSE(result.attempts[0].counted);
  CHECK_FALSE(result.attempts[0].tripped);
  CHECK(result.warnings ==
        Options{"codex: this failure does not open the breaker: /src/delegate.toml is not trusted "
                "and sets " +
                std::string(is_late ? "backends.codex.first_output_timeout" : "backends.codex.model")});
  const BackendState state = asking.state("codex");
  CHECK(state.breaker == Breaker{});
  CHECK(state.slots.empty());
}

TEST_CASE("a shorter clock excuses nothing but a timeout") {
  Asking asking;
  with_changed_codex(asking, GENERATE(Options{"--exit", "3"}, kLimited), kShorterClock);
  const RunResult result = asking.ask();
  CHECK(result.attempts[0].counted);
  CHECK(result.warnings == Options{});
  CHECK(asking.state("codex").breaker.state == BreakerState::open);
}

TEST_CASE("a probe that a changed call fails decides nothing, and one that another model answers neither") {
  Asking asking;
  const bool fails = GENERATE(true, false);
  const bool is_clock = GENERATE(true, false);
  with_changed_codex(asking, fails ? Options{"--wait-file", asking.file("never")} : Options{"--say", "back"},
                     is_clock ? kShorterClock : kOtherModel);
  if (fails) asking.config.backends["codex"].first_output_timeout = 10ms;
  asking.make_half_open("codex");
  const Breaker before = asking.state("codex").breaker;
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  const Breaker after = asking.state("codex").breaker;
  CHECK(result.attempts[0].probe);
  CHECK_FALSE(after.probe.has_value());
  CHECK((after.state == BreakerState::closed) == (!fails && is_clock));
  if (after.state != BreakerState::closed) CHECK(after.cooldowns_in_a_row == before.cooldowns_in_a_row);
}

TEST_CASE("an answer of another model does not end the wait for a limit") {
  Asking asking;
  with_changed_codex(asking, {"--say", "back"});
  asking.make_limited("codex");
  const auto codex = find_candidate(asking.engine, "codex");
  REQUIRE(codex);
  CHECK(ping(asking.engine, *codex, asking.never).works);
  CHECK(asking.state("codex").breaker.state == BreakerState::open);
  CHECK(asking.state("codex").breaker.last_failure->outcome == "quota_exhausted");
}

TEST_CASE("a changed call is never the probe of a limit") {
  Asking asking;
  with_changed_codex(asking, kLimited, GENERATE(kOtherModel, kShorterClock));
  asking.make_limited("codex");
  const RunResult result = asking.ask();
  CHECK(result.answer->backend == "gemini");
  CHECK(result.pending == nullptr);
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("a prompt that a changed call rejects is not held against the backend when another answers it") {
  Asking asking;
  with_changed_codex(asking, {});
  asking.config.backends["codex"].model = "odd";
  for (int i = 0; i < 5; ++i) {
    const RunResult result = asking.ask();
    CHECK(result.answer->backend == "gemini");
    CHECK(result.attempts[0].rejected_prompt.empty());
  }
  CHECK(asking.state("codex").breaker == Breaker{});
}

TEST_CASE("a failed ping names the file that is the cause, and where to raise the limit") {
  Asking asking;
  with_changed_codex(asking, {"--wait-file", asking.file("never")}, kShorterClock);
  asking.config.backends["codex"].first_output_timeout = 10ms;
  const auto codex = find_candidate(asking.engine, "codex");
  REQUIRE(codex);
  const PingAnswer answer = ping(asking.engine, *codex, asking.never);
  CHECK(answer.outcome == Outcome::idle_timed_out);
  CHECK(
      answer.hint.find("raise backends.codex.first_output_timeout in /src/delegate.toml; this failure does not open "
                       "the breaker: /src/delegate.toml is not trusted and sets backends.codex.first_output_timeout") !=
      std::string::npos);
  CHECK(asking.state("codex").breaker == Breaker{});
}
