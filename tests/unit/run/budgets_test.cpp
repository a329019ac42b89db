#include "core/run/budgets.hpp"

#include "core/run/check.hpp"
#include "core/run/next_chance.hpp"
#include "core/run/refresh_quota.hpp"
#include "tests/unit/run/asking.hpp"

// Budgets as a run meets them.
using namespace delegate;
using namespace delegate::test;

namespace {

BudgetSettings calls_a_day(double calls) { return {.day = {{BudgetUnit::calls, calls}}, .week = {}, .month = {}}; }

std::int64_t counted_calls(Asking& asking) {
  std::int64_t calls = 0;
  const auto rows = asking.store->ledger().usage({}).value();
  for (const UsageRow& row : rows) calls += row.calls;
  return calls;
}

Spending reserved_in(Asking& asking) {
  Spending sum;
  const auto states = budget_states(asking.engine).value();
  for (const BudgetState& state : states) sum += state.reserved;
  return sum;
}

std::int64_t counted_tokens(Asking& asking) {
  std::int64_t tokens = 0;
  const auto rows = asking.store->ledger().usage({}).value();
  for (const UsageRow& row : rows) tokens += row.spending().tokens;
  return tokens;
}

Attempt answered(Usage usage, std::string text = {}) {
  return {.outcome = Outcome::answered, .text = std::move(text), .usage = usage};
}

}  // namespace

TEST_CASE("a backend whose budget is used up is skipped, and the next one answers") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  asking.backend("gemini", {"--say", "two"});
  CHECK(asking.ask().answer->backend == "codex");
  const RunResult second = asking.ask();
  REQUIRE(second.answer);
  CHECK(second.answer->backend == "gemini");
  REQUIRE(second.skips.size() == 1);
  CHECK(second.skips[0].reason == SkipReason::budget_exhausted);
  CHECK(second.skips[0].retry_in);
  CHECK(second.skips[0].until);
  CHECK(asking.lines("codex.spawns") == 1);
  CHECK(asking.state("codex").breaker == Breaker{});  // says nothing about the backend
  CHECK(reserved_in(asking) == Spending{});
}

TEST_CASE("a long prompt is expected to use what it is long, whatever calls have used on average") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget.day = {{BudgetUnit::tokens, 100'000}};
  REQUIRE(asking.ask().answer);  // a few tokens
  const auto codex = find_candidate(asking.engine, "codex");
  const auto fits = [&](std::size_t prompt_bytes) {
    const auto reserved = reserve_budget(asking.engine, *codex, {.prompt_bytes = prompt_bytes, .lease = 1h});
    return std::holds_alternative<BudgetHold>(reserved);
  };
  CHECK(fits(300'000));
  CHECK_FALSE(fits(800'000));
}

TEST_CASE("when the budget of all is used up, the local model goes on") {
  Asking asking;
  asking.backend("codex", {"--say", "one"});
  asking.backend("local", {"--say", "two"});
  asking.config.router.local = "local";
  asking.config.budget = calls_a_day(1);
  CHECK(asking.ask().answer->backend == "codex");
  for (int i = 0; i < 3; ++i) CHECK(asking.ask().answer->backend == "local");
}

TEST_CASE("with all budgets used up there is no answer, and nothing was started") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(0);
  const RunResult result = asking.ask();
  CHECK_FALSE(result.answer);
  CHECK(result.attempts.empty());
  CHECK(asking.lines("codex.spawns") == 0);
  CHECK(counted_calls(asking) == 0);
}

TEST_CASE("a failed call has used the budget, too") {
  Asking asking;
  asking.backend("codex", {"--exit", "3"}).budget = calls_a_day(1);
  asking.ask();
  CHECK(asking.ask().skips.at(0).reason == SkipReason::budget_exhausted);
}

TEST_CASE("a call that is refused before it starts has used nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  asking.config.backends["codex"].model = "none";
  asking.ask();
  CHECK(counted_calls(asking) == 0);
  CHECK(reserved_in(asking) == Spending{});
}

TEST_CASE("a call that the breaker refuses has reserved nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  REQUIRE(asking.breakers.change("codex", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
  CHECK(asking.ask().skips.at(0).reason != SkipReason::budget_exhausted);
  CHECK(reserved_in(asking) == Spending{});
}

TEST_CASE("a call under a budget counts even while the history is paused") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  const auto failure = [&] {
    return asking.store->update_guard("history",
                                      [](GuardState& guard, const HostTime& now) { open_for(guard.breaker, now, 1h); });
  };
  REQUIRE(failure());
  CHECK(asking.ask().answer);
  CHECK(asking.store->ledger().runs({})->empty());
  CHECK(counted_calls(asking) == 1);
  CHECK(asking.ask().skips.at(0).reason == SkipReason::budget_exhausted);
}

TEST_CASE("budgets that cannot be read are an error, and not none") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  asking.engine.ledger = nullptr;
  CHECK_FALSE(budget_states(asking.engine));
  asking.config.backends["codex"].budget = {};
  CHECK(budget_states(asking.engine)->empty());
}

TEST_CASE("without a budget nothing is remembered for one") {
  Asking asking;
  asking.backend("codex", {"--say", "one"});
  REQUIRE(asking.ask().answer);
  REQUIRE(asking.store->ledger().read_budgets([](BudgetBook& book, UsageSums&) -> Status {
    CHECK(book == BudgetBook{});
    return {};
  }));
  CHECK(counted_calls(asking) == 1);
}

TEST_CASE("a call that reports no cost costs what its tokens cost by the price") {
  BackendSettings settings;
  const Usage tokens{.input_tokens = 1'000'000, .output_tokens = 100'000, .cost_usd = {}};
  CHECK_FALSE(priced_usage(settings, tokens).cost_usd);
  settings.price_input = 1.25;
  settings.price_output = 10;
  CHECK(priced_usage(settings, tokens).cost_usd == Approx(2.25));
  CHECK(priced_usage(settings, {.input_tokens = 5, .output_tokens = 5, .cost_usd = 0.5}).cost_usd == 0.5);
  CHECK_FALSE(priced_usage(settings, {}).cost_usd);
}

TEST_CASE("the tokens of an answer that reports none follow from its length; those of a failed call are none") {
  const BackendSettings settings;
  const Usage used = counted_usage(settings, answered({}, std::string(40, 'a')), 400);
  CHECK(used.input_tokens == 100);
  CHECK(used.output_tokens == 10);
  CHECK(counted_usage(settings, {.outcome = Outcome::timed_out}, 400) == Usage{});
  CHECK(counted_usage(settings, answered({.input_tokens = 7, .output_tokens = {}, .cost_usd = {}}), 400).input_tokens ==
        7);
}

TEST_CASE("a ping counts, and is refused when the budget is used up") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  const auto codex = find_candidate(asking.engine, "codex");
  REQUIRE(codex);
  const bool is_refresh = GENERATE(false, true);
  if (is_refresh) CHECK_FALSE(refresh_quota(asking.engine, *codex, asking.never).problem);
  else CHECK(ping(asking.engine, *codex, asking.never).works);
  CHECK(counted_calls(asking) == 1);
  CHECK(reserved_in(asking) == Spending{});
  const PingAnswer second = ping(asking.engine, *codex, asking.never);
  CHECK_FALSE(second.works);
  CHECK(second.outcome == Outcome::budget_exhausted);
  CHECK(second.message.find("its budget of 1 call a day is used up") == 0);
  CHECK(asking.lines("codex.spawns") == 1);
}

TEST_CASE("a ping that is refused before it starts has used nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "one"}).budget = calls_a_day(1);
  asking.config.backends["codex"].model = "none";
  const auto codex = find_candidate(asking.engine, "codex");
  REQUIRE(codex);
  CHECK_FALSE(ping(asking.engine, *codex, asking.never).works);
  CHECK(counted_calls(asking) == 0);
  CHECK(reserved_in(asking) == Spending{});
}

TEST_CASE("a call that was ended before it could report its tokens counts as it was expected to") {
  Asking asking;
  BackendSettings& codex = asking.backend("codex", {"--wait-file", asking.file("never")});
  codex.budget = {.day = {{BudgetUnit::tokens, 5'000}}, .week = {}, .month = {}};
  codex.first_output_timeout = 10ms;
  CHECK(asking.ask().attempts.at(0).outcome == Outcome::idle_timed_out);
  CHECK(counted_tokens(asking) == 2'001);  // "hello", and 2,000 for the answer
}

TEST_CASE("a backend whose budget is used up, too, is not named as the one that answers") {
  Asking asking;
  asking.backend("codex", {"--say", "one"});
  asking.backend("gemini", {"--say", "two"});
  asking.config.budget = calls_a_day(1);
  REQUIRE(asking.ask("codex").answer);
  const RunResult refused = asking.ask("codex");
  CHECK(refused.outcome == Outcome::budget_exhausted);
  const auto who_answers = [&] {
    return next_chance(asking.engine, {.prompt = "hello", .backend = "codex"}, refused, asking.never).who_answers;
  };
  CHECK(who_answers().empty());
  asking.config.router.local = "gemini";
  CHECK(who_answers() == "gemini");
}
