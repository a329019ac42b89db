#include "core/run/no_answer.hpp"

#include <catch2/catch.hpp>

#include "core/health/outcome_words.hpp"

namespace delegate::test {
namespace {

Attempt failed(const std::string& backend, Outcome outcome, const std::string& message, int number = 1) {
  return {.number = number, .backend = backend, .outcome = outcome, .message = message, .hint = "fix " + backend};
}

Skip skipped(const std::string& backend, SkipReason reason) { return {.backend = backend, .reason = reason}; }

RunResult run_of(std::vector<Attempt> attempts, std::vector<Skip> skips, const std::string& requested = "auto") {
  RunResult result;
  result.requested_backend = requested;
  result.attempts = std::move(attempts);
  result.skips = std::move(skips);
  return result;
}

}  // namespace

TEST_CASE("each reason for a skip has words, which are not its code") {
  for (int i = 0; i <= static_cast<int>(SkipReason::state_unusable); ++i) {
    const std::string_view code = to_string(static_cast<SkipReason>(i));
    INFO(code);
    CHECK(words_for(code).find('_') == std::string_view::npos);
  }
}

TEST_CASE("without an answer the last attempt's outcome is the run's, with the messages of all and the first hint") {
  const RunResult run =
      run_of({failed("claude", Outcome::rate_limited, "too many"), failed("codex", Outcome::dropped, "lost", 2)}, {});
  const NoAnswer why = explain_no_answer({.result = run});
  CHECK(why.outcome == Outcome::dropped);
  CHECK(why.message == "claude: too many; codex: lost");
  CHECK(why.hint == "fix claude");
}

TEST_CASE("a backend that turned out not to be installed is not the reason why the others gave no answer") {
  const RunResult run = run_of(
      {failed("claude", Outcome::rate_limited, "too many"), failed("ollama", Outcome::not_installed, "gone", 2)}, {});
  const NoAnswer why = explain_no_answer({.result = run});
  CHECK(why.outcome == Outcome::rate_limited);
  CHECK(why.message == "claude: too many");
}

TEST_CASE("of backends that are kept back the one that is available again first is the reason") {
  Skip over_budget = skipped("claude", SkipReason::budget_exhausted);
  over_budget.until = milliseconds(2000);
  over_budget.message = "its budget is used up";
  Skip reserved = skipped("codex", SkipReason::reserved);
  reserved.until = milliseconds(1000);
  reserved.message = "kept for you";
  const RunResult run = run_of({}, {over_budget, reserved});
  const NoAnswer why = explain_no_answer({.result = run});
  CHECK(why.outcome == Outcome::reserved);
  CHECK(why.message == "no backend is available right now: codex: kept for you");
  over_budget.until.reset();  // by calls that are under way
  CHECK(explain_no_answer({.result = run_of({}, {reserved, over_budget})}).outcome == Outcome::budget_exhausted);
}

TEST_CASE("a missing slot outweighs an open breaker, and that a login that is not set") {
  using enum SkipReason;
  const auto outcome = [](std::vector<Skip> skips) {
    const RunResult run = run_of({}, std::move(skips));
    return explain_no_answer({.result = run}).outcome;
  };
  CHECK(outcome({skipped("a", login_unset), skipped("b", breaker_open), skipped("c", no_slot)}) == Outcome::no_slot);
  CHECK(outcome({skipped("a", login_unset), skipped("b", probe_running)}) == Outcome::breaker_open);
  CHECK(outcome({skipped("a", login_unset), skipped("b", tripped_manually)}) == Outcome::breaker_open);
  CHECK(outcome({skipped("a", login_unset), skipped("b", not_installed)}) == Outcome::unauthenticated);
  CHECK(outcome({skipped("a", disabled), skipped("b", not_installed)}) == Outcome::not_installed);
}

TEST_CASE("the explanation of a run that was not allowed is the reason alone, and comes before a cancel") {
  const RunResult run = run_of({}, {skipped("a", SkipReason::disabled)});
  const NoAnswer why = explain_no_answer(
      {.result = run, .blocked = Error{Code::permission_denied, "nested too deep", "unset it"}, .cancelled = true});
  CHECK(why.outcome == Outcome::blocked);
  CHECK(why.message == "nested too deep");
  CHECK(why.hint == "unset it");
}

TEST_CASE("an answer that broke off is named as such, and its hint outweighs the others") {
  const RunResult run = run_of({failed("codex", Outcome::dropped, "lost", 3)}, {});
  const NoAnswer why = explain_no_answer({.result = run, .broken_attempt = 3});
  CHECK(why.message == "codex: broke off in the middle of its answer: lost");
  CHECK(why.hint.find("--no-stream") != std::string::npos);
}

TEST_CASE("the hint about a single skipped backend is for a request by name only") {
  const std::string special = "reset codex";
  const auto hint = [&](const std::string& requested, std::vector<Skip> skips) {
    const RunResult run = run_of({}, std::move(skips), requested);
    return explain_no_answer({.result = run, .named_skip_hint = special}).hint;
  };
  const Skip open = skipped("codex", SkipReason::breaker_open);
  CHECK(hint("codex", {open}) == special);
  CHECK(hint("auto", {open}) != special);
  CHECK(hint("codex", {open, open}) != special);
}

TEST_CASE("a probe that is still running is said, also when its run has no more time") {
  RunResult run = run_of({}, {});
  run.still_probing = {"gemini"};
  const NoAnswer why = explain_no_answer({.result = run, .deadline_passed = true});
  CHECK(why.outcome == Outcome::deadline_passed);
  CHECK(why.message == "gemini: its probe is still running");
}

}  // namespace delegate::test
