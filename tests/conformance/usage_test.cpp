#include <catch2/catch.hpp>

#include "tests/conformance/stores.hpp"
#include "tests/helpers/time_zone.hpp"

// What calls have used, hour by hour: independent of the runs that are kept.
using namespace delegate;
using namespace delegate::test;

namespace {

struct UsageBooks {
  TimeZone zone{kUtc};
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Ledger& ledger = store->ledger();

  std::vector<UsageRow> usage(const UsageQuery& query = {}) { return ledger.usage(query).value(); }
};

AttemptRow call_at(milliseconds started_at, const std::string& backend = "codex", const std::string& run = "r") {
  static int number = 0;
  return {.run_id = run,
          .number = ++number,
          .backend = backend,
          .model = "gpt-5",
          .outcome = "answered",
          .started_at = started_at,
          .took = 3s,
          .usage = {.input_tokens = 100, .output_tokens = 20, .cost_usd = 0.25}};
}

RunRow run_in(const std::string& id, const std::string& directory) {
  return {.id = id, .started_at = utc(2026, 11, 2), .cwd = directory};
}

Spending sum(const std::vector<UsageRow>& rows) {
  Spending all;
  for (const UsageRow& row : rows) all += row.spending();
  return all;
}

}  // namespace

TEST_CASE("calls of one hour with the same key share a row") {
  UsageBooks books;
  REQUIRE(books.ledger.begin_run(run_in("r", "/home/me/a")));
  REQUIRE(books.ledger.add_attempt(call_at(utc(2026, 11, 2, 9, 0), "codex@work")));
  REQUIRE(books.ledger.add_attempt(call_at(utc(2026, 11, 2, 9, 59), "codex@work")));
  REQUIRE(books.ledger.add_attempt(call_at(utc(2026, 11, 2, 10, 0), "codex@work")));
  const auto rows = books.usage();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == UsageKey{utc(2026, 11, 2, 9), "codex", "work", "gpt-5", "answered", "/home/me/a"});
  CHECK(rows[0].calls == 2);
  CHECK(rows[0].calls_with_tokens == 2);
  CHECK(rows[0].input_tokens == 200);
  CHECK(rows[0].output_tokens == 40);
  CHECK(rows[0].cost_usd == 0.5);
  CHECK(rows[0].latency[latency_bucket(3s)] == 2);
  CHECK(rows[1].key.hour == utc(2026, 11, 2, 10));
}

TEST_CASE("calls that open a breaker, and waits that it spares, are counted by the hour, and are no calls") {
  UsageBooks books;
  RunRow run = run_in("r", "/home/me/a");
  REQUIRE(books.ledger.begin_run(run));
  AttemptRow opens = call_at(utc(2026, 11, 2, 9));
  opens.outcome = "timed_out";
  opens.tripped = true;
  REQUIRE(books.ledger.add_attempt(opens));
  run.started_at = utc(2026, 11, 2, 9, 59);
  run.took = std::chrono::minutes(2);
  run.skips = {{"codex@work", "breaker_open", "", 40s, true}, {"gemini", "disabled", "", {}, false}};
  REQUIRE(books.ledger.finish_run(run, 10));
  REQUIRE(books.ledger.finish_run(run, 10));
  const auto rows = books.usage();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].tripped == 1);
  CHECK(rows[0].skipped == 0);
  CHECK(rows[1].key == UsageKey{utc(2026, 11, 2, 10), "codex", "work", "", "", "/home/me/a"});
  CHECK(rows[1].skipped == 2);
  CHECK(sum(rows).calls == 1);
}

TEST_CASE("how long most calls took is known to within a bucket") {
  LatencyCounts counts{};
  CHECK_FALSE(latency_quantile(counts, 0.5));
  for (const milliseconds took : {100ms, 3000ms, 3000ms, 3000ms}) ++counts[latency_bucket(took)];
  const milliseconds half = latency_quantile(counts, 0.5).value();
  CHECK(latency_bucket(half) == latency_bucket(3000ms));
  CHECK(latency_quantile(counts, 0.25).value() <= 250ms);
  ++counts.back();
  CHECK(latency_quantile(counts, 1).value() == milliseconds(std::llround(latency_bound(counts.size() - 2) * 1000)));
}

TEST_CASE("login, model, outcome and directory keep calls apart") {
  UsageBooks books;
  REQUIRE(books.ledger.begin_run(run_in("r", "/home/me/a")));
  REQUIRE(books.ledger.begin_run(run_in("other", "/home/me/b")));
  const milliseconds now = utc(2026, 11, 2, 9);
  AttemptRow failed = call_at(now);
  failed.outcome = "timed_out";
  AttemptRow larger = call_at(now);
  larger.model = "gpt-5-pro";
  for (const AttemptRow& row :
       {call_at(now), call_at(now, "codex@work"), failed, larger, call_at(now, "codex", "other")})
    REQUIRE(books.ledger.add_attempt(row));
  CHECK(books.usage().size() == 5);
  CHECK(books.usage({.backend = "codex"}).size() == 5);
  CHECK(books.usage({.backend = "claude"}).empty());
}

TEST_CASE("tokens and costs that are not known are not counted as zero") {
  UsageBooks books;
  AttemptRow row = call_at(utc(2026, 11, 2, 9));
  row.usage = {};
  REQUIRE(books.ledger.add_attempt(row));
  CHECK(books.usage().at(0).calls == 1);
  CHECK(books.usage().at(0).calls_with_tokens == 0);
  CHECK(books.usage().at(0).calls_with_cost == 0);
}

TEST_CASE("what is counted may be more than what the call reported, and one that never started is not counted") {
  UsageBooks books;
  AttemptRow priced = call_at(utc(2026, 11, 2, 9));
  priced.usage.cost_usd.reset();
  priced.counted_usage = priced.usage;
  priced.counted_usage->cost_usd = 0.75;
  AttemptRow never_started = call_at(utc(2026, 11, 2, 9));
  never_started.is_call = false;
  REQUIRE(books.ledger.add_attempt(priced));
  REQUIRE(books.ledger.add_attempt(never_started));
  CHECK(sum(books.usage()) == Spending{1, 120, 0.75});
  REQUIRE(books.ledger.attempts("r")->size() == 2);
  CHECK_FALSE(books.ledger.attempts("r")->at(0).usage.cost_usd);
}

TEST_CASE("a call can be counted without a row") {
  UsageBooks books;
  REQUIRE(books.ledger.count_attempt(call_at(utc(2026, 11, 2, 9))));
  CHECK(books.usage().size() == 1);
  CHECK(books.ledger.attempts("r")->empty());
}

TEST_CASE("after a month with 5,000 runs all sums are exact, although the history keeps 1,000") {
  UsageBooks books;
  constexpr int kRuns = 5'000;
  const milliseconds first = utc(2026, 11, 1);
  const milliseconds apart = (utc(2026, 12, 1) - first) / kRuns;
  for (int i = 0; i < kRuns; ++i) {
    const milliseconds at = first + i * apart;
    RunRow run{.id = "r" + std::to_string(i), .started_at = at, .cwd = i % 3 == 0 ? "/home/me/a" : "/home/me/b"};
    REQUIRE(books.ledger.begin_run(run));
    REQUIRE(books.ledger.add_attempt(call_at(at, i % 2 == 0 ? "codex" : "claude@work", run.id)));
    run.outcome = "answered";
    run.took = 3s;
    REQUIRE(books.ledger.finish_run(run, 1'000));
  }
  CHECK(books.ledger.runs({.most = kRuns})->size() == 1'000);
  CHECK(sum(books.usage()) == Spending{kRuns, kRuns * 120, kRuns * 0.25});
  CHECK(sum(books.usage({.backend = "codex"})) == Spending{kRuns / 2, kRuns / 2 * 120, kRuns / 2 * 0.25});
  const auto day = books.usage({.since = utc(2026, 11, 15), .until = utc(2026, 11, 16)});
  CHECK(sum(day).calls == 166);
  CHECK(books.ledger.read_budgets([&](BudgetBook&, UsageSums& sums) -> Status {
    TRY(const auto spent, sums.spent_since(first));
    CHECK(spent.at("claude") == Spending{kRuns / 2, kRuns / 2 * 120, kRuns / 2 * 0.25});
    TRY(const auto answered, sums.answered_since("codex", first));
    CHECK(answered.at("gpt-5").calls_with_tokens == kRuns / 2);
    return {};
  }));
}

TEST_CASE("an hour is forgotten after 400 days") {
  UsageBooks books;
  const milliseconds old = utc(2026, 11, 2, 9);
  REQUIRE(books.ledger.add_attempt(call_at(old)));
  REQUIRE(books.ledger.add_attempt(call_at(old + kUsageKept)));
  CHECK(books.usage().size() == 2);
  REQUIRE(books.ledger.add_attempt(call_at(old + kUsageKept + 1h)));
  CHECK(books.usage().at(0).key.hour == old + kUsageKept);
}

TEST_CASE("calls in ever new directories are counted without theirs, and known ones keep their name") {
  UsageBooks books;
  const milliseconds now = utc(2026, 11, 2, 9);
  const auto call_in = [&](int directory) {
    const std::string id = "r" + std::to_string(directory);
    REQUIRE(books.ledger.begin_run(run_in(id, "/tmp/" + id)));
    REQUIRE(books.ledger.add_attempt(call_at(now, "codex", id)));
  };
  for (int i = 0; i < 100; ++i) call_in(i);
  call_in(0);
  const auto rows = books.usage();
  REQUIRE(rows.size() == kMostDirectories + 1);
  CHECK(rows[0].key.directory.empty());
  CHECK(rows[0].calls == 100 - kMostDirectories);
  CHECK(rows[1].key.directory == "/tmp/r0");
  CHECK(rows[1].calls == 2);
}

TEST_CASE("the first hour of a day begins at its midnight also where that is no full hour of UTC") {
  UsageBooks books;
  books.zone.set(kKathmandu);
  const milliseconds midnight = utc(2026, 11, 2, 18, 15);
  REQUIRE(books.ledger.add_attempt(call_at(midnight - 1ms)));
  REQUIRE(books.ledger.add_attempt(call_at(midnight)));
  REQUIRE(books.ledger.read_budgets([&](BudgetBook&, UsageSums& sums) -> Status {
    TRY(const auto spent, sums.spent_since(midnight));
    CHECK(spent.at("codex").calls == 1);
    return {};
  }));
}

TEST_CASE("after a change of the time zone an hour that reaches into the period counts") {
  UsageBooks books;
  REQUIRE(books.ledger.add_attempt(call_at(utc(2026, 11, 2, 18, 30))));  // in the hour from 18:00
  REQUIRE(books.ledger.read_budgets([&](BudgetBook&, UsageSums& sums) -> Status {
    TRY(const auto spent, sums.spent_since(utc(2026, 11, 2, 18, 15)));
    CHECK(spent.at("codex").calls == 1);
    return {};
  }));
}

TEST_CASE("durations are counted in buckets whose bounds grow by the square root of 2") {
  CHECK(latency_bucket(0ms) == 0);
  CHECK(latency_bucket(249ms) == 0);
  CHECK(latency_bucket(250ms) == 1);
  CHECK(latency_bucket(353ms) == 1);
  CHECK(latency_bucket(354ms) == 2);
  CHECK(latency_bucket(500ms) == 3);
  CHECK(latency_bucket(1s) == 5);
  CHECK(latency_bucket(24h) == 25);
  LatencyCounts counts{};
  counts[3] = 7;
  counts[25] = 1;
  CHECK(latency_text(counts) == "3:7 25:1");
  CHECK(parse_latency("3:7 25:1") == counts);
  CHECK(parse_latency("99:1 x:2 3 -1:4 :5 3:7 25:1") == counts);
}
