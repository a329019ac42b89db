#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/os/process.hpp"
#include "core/quota/words.hpp"
#include "core/run/budgets.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"
#include "tests/helpers/time_zone.hpp"

// Budgets are exact over all processes of a host, whatever happens to these.
using namespace delegate;
using namespace delegate::test;

namespace {

/// One process that makes calls, over a store that others may use.
struct Spender {
  Spender(StateStore& shared, const Clock& host) : store(shared), clock(host) {}
  std::variant<BudgetHold, Skip> reserve(const std::string& candidate = "codex", std::size_t prompt_bytes = 400) {
    Candidate call{.name = candidate};
    call.task.settings = *config.backend(candidate);
    return reserve_budget(engine, call, {.prompt_bytes = prompt_bytes, .lease = 1h});
  }
  /// The call has ended.
  void count(BudgetHold& hold, Usage used = {.input_tokens = 1'000, .output_tokens = 0, .cost_usd = 0.5},
             const std::string& candidate = "codex") {
    REQUIRE(store.ledger().count_attempt({.run_id = "r",
                                          .backend = candidate,
                                          .outcome = "answered",
                                          .started_at = clock.now().wall,
                                          .usage = used,
                                          .reservation = hold.token()}));
    hold.hand_over();
  }
  /// Makes a call, or says why not.
  std::string call(const std::string& candidate = "codex") {
    auto reserved = reserve(candidate);
    if (const auto* refused = std::get_if<Skip>(&reserved))
      return refused->message.substr(0, refused->message.find(", until "));
    count(std::get<BudgetHold>(reserved), {.input_tokens = 1'000, .output_tokens = 0, .cost_usd = 0.5}, candidate);
    return {};
  }
  BudgetState state() const { return budget_states(engine).value().at(0); }

  StateStore& store;
  const Clock& clock;
  Config config = built_in_config();
  Breakers breakers{&store, {}, this_process("boot-1")};
  Guards guards{&store, breakers.self(), config.guards};
  Engine engine{.config = config,
                .find_backend = [](std::string_view) -> const Backend* { return nullptr; },
                .breakers = breakers,
                .guards = guards,
                .ledger = &store.ledger(),
                .clock = clock,
                .environment = {},
                .scratch = {},
                .redact = Redactor({}),
                .store = &store};
};

struct BudgetBooks {
  TimeZone zone{kUtc};
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Spender spender{*store, clock};
};

/// Why, without until when.
std::string refusal(const std::variant<BudgetHold, Skip>& reserved) {
  const auto* refused = std::get_if<Skip>(&reserved);
  return refused == nullptr ? std::string() : refused->message.substr(0, refused->message.find(", until "));
}

BudgetSettings a_day(const char* amount) { return {.day = {*parse_amount(amount)}, .week = {}, .month = {}}; }

}  // namespace

TEST_CASE("a budget refuses the call after the last one until its period ends") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("2 calls");
  CHECK(spender.call().empty());
  CHECK(spender.call().empty());
  const auto refused = spender.reserve();
  REQUIRE(std::holds_alternative<Skip>(refused));
  const Skip& skip = std::get<Skip>(refused);
  CHECK(skip.reason == SkipReason::budget_exhausted);
  REQUIRE(skip.until);
  CHECK(skip.message == "its budget of 2 calls a day is used up (2 calls used), until " +
                            moment_words(*skip.until, books.clock.now().wall));
  CHECK(*skip.until == books.clock.now().wall + *skip.retry_in);
  CHECK(skip.until->count() % 86'400'000 == 0);
  books.clock.pass(*skip.retry_in);
  CHECK(spender.call().empty());
}

TEST_CASE("a call that is under way counts with what it is expected to use, until it has ended") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("5000 tokens");
  auto first = spender.reserve();
  REQUIRE(std::holds_alternative<BudgetHold>(first));
  CHECK(spender.state().reserved == Spending{1, 2'100, 0});  // a token for 4 bytes, and 2,000 for the answer
  auto second = spender.reserve();
  REQUIRE(std::holds_alternative<BudgetHold>(second));
  CHECK(refusal(spender.reserve()) ==
        "what is left of its budget of 5000 tokens a day (800 tokens) is not enough for this call (about 2100 tokens)");
  spender.count(std::get<BudgetHold>(first));
  CHECK(spender.state().spent.tokens == 1'000);
  CHECK(spender.state().reserved.calls == 1);
  // From now on a call is expected to use what the answered ones did.
  CHECK(std::holds_alternative<BudgetHold>(spender.reserve()));
  CHECK(spender.state().reserved.calls == 1);
}

TEST_CASE("a budget that calls under way fill is not used up until its period ends") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("1 calls");
  auto held = spender.reserve();
  const Skip while_held = std::get<Skip>(spender.reserve());
  CHECK(while_held.message == "its budget of 1 call a day is used up (0 calls used, 1 call under way)");
  CHECK_FALSE(while_held.until);
  CHECK_FALSE(while_held.retry_in);
  spender.count(std::get<BudgetHold>(held));
  CHECK(std::get<Skip>(spender.reserve()).until);
}

TEST_CASE("a call that was not made leaves no trace") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("1 calls");
  { const auto released = spender.reserve(); }
  CHECK(spender.state().reserved == Spending{});
  CHECK(books.store->ledger().usage({})->empty());
  CHECK(spender.call().empty());
}

TEST_CASE("the budget of a backend counts all its logins, and that of all counts everything but the local model") {
  BudgetBooks books;
  Spender& spender = books.spender;
  BackendSettings& claude = spender.config.backends["claude"];
  claude.logins = {{.name = "work", .env = {}}, {.name = "own", .env = {}}};
  SECTION("of a backend") {
    claude.budget = a_day("2 calls");
    CHECK(spender.call("claude@work").empty());
    CHECK(spender.call("claude@own").empty());
    CHECK_FALSE(spender.call("claude@own").empty());
    CHECK(spender.call("codex").empty());
  }
  SECTION("of all") {
    spender.config.budget = a_day("2 calls");
    CHECK(spender.call("claude@work").empty());
    CHECK(spender.call("ollama").empty());
    CHECK(spender.call("codex").empty());
    CHECK(spender.call("codex") == "the budget of 2 calls a day is used up (2 calls used)");
    CHECK(spender.call("ollama").empty());
  }
}

TEST_CASE("what calls under way have used beyond a budget is said") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("$1");
  auto first = spender.reserve();
  auto second = spender.reserve();
  spender.count(std::get<BudgetHold>(first), {.input_tokens = {}, .output_tokens = {}, .cost_usd = 0.62});
  spender.count(std::get<BudgetHold>(second), {.input_tokens = {}, .output_tokens = {}, .cost_usd = 0.5});
  CHECK(refusal(spender.reserve()) == "its budget of $1 a day is used up ($1.12 used, $0.12 over it)");
}

TEST_CASE("neither a clock that is set back over midnight nor a change of the time zone opens a budget again") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("1 calls");
  const auto until_midnight = 86'400'000ms - books.clock.now().wall % 86'400'000ms;
  books.clock.pass(until_midnight);
  REQUIRE(spender.call().empty());
  SECTION("set back") {
    books.clock.set_wall_clock(-10min);
    CHECK_FALSE(spender.call().empty());
    books.clock.set_wall_clock(10min);
    CHECK_FALSE(spender.call().empty());
  }
  SECTION("a month ahead, and back") {
    books.clock.set_wall_clock(720h);
    CHECK(spender.call().empty());
    books.clock.set_wall_clock(-720h);
    CHECK_FALSE(spender.call().empty());
  }
  SECTION("another zone, twice") {
    for (const char* zone : {kTokyo, kNewYork, kUtc}) {
      books.zone.set(zone);
      CHECK_FALSE(spender.call().empty());
    }
  }
}

TEST_CASE("64 processes at once make exactly as many calls as a budget has") {
  const TimeZone zone(kUtc);
  const TempDirectory directory;
  const TestClock clock;
  Children children;
  for (int i = 0; i < 64; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 99;
      Spender spender(*store, clock);
      spender.config.budget = a_day("20 calls");
      return spender.call().empty() ? 1 : 0;
    });
  const std::vector<int> ends = children.finish();
  CHECK(std::count(ends.begin(), ends.end(), 1) == 20);
  CHECK(std::count(ends.begin(), ends.end(), 0) == 44);
  const auto store = open_in(directory.path(), clock);
  Spender later(*store, clock);
  later.config.budget = a_day("20 calls");
  CHECK(later.state().spent.calls == 20);
  CHECK(later.state().reserved == Spending{});
}

TEST_CASE("64 processes at once exceed a budget of tokens by no more than they had reserved too little") {
  const TimeZone zone(kUtc);
  const TempDirectory directory;
  const TestClock clock;
  Children children;
  for (int i = 0; i < 64; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 99;
      Spender spender(*store, clock);
      spender.config.budget = a_day("20000 tokens");
      auto reserved = spender.reserve();  // 2,100 at first
      if (std::holds_alternative<Skip>(reserved)) return 0;
      spender.count(std::get<BudgetHold>(reserved), {.input_tokens = 2'500, .output_tokens = 0, .cost_usd = {}});
      return 1;
    });
  const std::vector<int> ends = children.finish();
  const auto calls = std::count(ends.begin(), ends.end(), 1);
  CHECK(std::count(ends.begin(), ends.end(), 99) == 0);
  const auto store = open_in(directory.path(), clock);
  Spender later(*store, clock);
  later.config.budget = a_day("20000 tokens");
  const std::int64_t spent = later.state().spent.tokens;
  CHECK(spent == calls * 2'500);
  constexpr std::int64_t kMostUnderWay = 20'000 / 2'100;
  CHECK(spent <= 20'000 + kMostUnderWay * (2'500 - 2'100));
  CHECK(spent > 20'000 - 2'500);
}

TEST_CASE("the call of a process that was killed counts as it was expected to") {
  const TimeZone zone(kUtc);
  const TempDirectory directory;
  const TestClock clock;
  Whistle ready;
  Children killed;
  killed.add([&] {
    const auto store = open_in(directory.path(), clock);
    if (!store) return 99;
    Spender spender(*store, clock);
    spender.config.budget = a_day("2 calls");
    const auto held = spender.reserve();
    ready.blow();
    for (;;) ::pause();
  });
  killed.open_gate();
  ready.wait();
  const auto store = open_in(directory.path(), clock);
  Spender spender(*store, clock);
  spender.config.budget = a_day("2 calls");
  CHECK(spender.state().reserved.calls == 1);
  CHECK(spender.state().spent.calls == 0);
  killed.kill_all();
  CHECK(spender.call().empty());
  CHECK_FALSE(spender.call().empty());
  const auto rows = store->ledger().usage({}).value();
  const auto lost =
      std::find_if(rows.begin(), rows.end(), [](const UsageRow& row) { return row.key.outcome == kKilled; });
  REQUIRE(lost != rows.end());
  CHECK(lost->spending() == Spending{1, 2'100, 0});
}

TEST_CASE("a reservation ends with its lease, even if it is not known whether its process lives") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("5 calls");
  auto held = spender.reserve();
  std::get<BudgetHold>(held).hand_over();
  books.clock.pass(1h);
  CHECK(spender.state().reserved.calls == 0);
  CHECK(spender.state().spent.calls == 1);
}

TEST_CASE("a call whose reservation was counted as that of a killed one is not counted again at its end") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("5 calls");
  auto asleep = spender.reserve();
  books.clock.pass(1h);
  REQUIRE(spender.call().empty());
  CHECK(spender.state().spent.calls == 2);
  spender.count(std::get<BudgetHold>(asleep));
  CHECK(spender.state().spent.calls == 2);
  CHECK(spender.state().reserved == Spending{});
}

TEST_CASE("figures that no call can have used are unknown, and budgets go on") {
  BudgetBooks books;
  Spender& spender = books.spender;
  spender.config.backends["codex"].budget = a_day("9000 tokens");
  spender.config.budget = a_day("3 calls");
  const std::int64_t tokens = GENERATE(9'000'000'000'000'000'000, -5'000'000);
  const double dollars = GENERATE(1e308, -10.0, std::numeric_limits<double>::infinity());
  const auto pause = GENERATE(0h, 1h);  // in one row, and in two
  for (int i = 0; i < 2; ++i) {
    BudgetHold unlimited;
    spender.count(unlimited, {.input_tokens = tokens, .output_tokens = tokens, .cost_usd = dollars});
    books.clock.pass(pause);
  }
  CHECK(spender.state().spent == Spending{2, 0, 0});
  CHECK(spender.call().empty());
  CHECK(refusal(spender.reserve()) == "the budget of 3 calls a day is used up (3 calls used)");
}

TEST_CASE("the ends of calls can be recorded without a budget, and budgets read without a change") {
  BudgetBooks books;
  Spender& spender = books.spender;
  CHECK(budget_states(spender.engine)->empty());
  CHECK(spender.call().empty());
  spender.config.backends["codex"].budget = a_day("5 calls");
  CHECK(spender.state().spent.calls == 1);
  CHECK(spender.state().span.end > books.clock.now().wall);
}

TEST_CASE("budgets are read as they were at one moment, whatever other processes count meanwhile") {
  TempDirectory directory;
  TestClock clock;
  const auto store = open_in(directory.path(), clock);
  const auto others = open_in(directory.path(), clock);
  REQUIRE((store && others));
  Spender spender(*others, clock);
  spender.config.backends["codex"].budget = a_day("5 calls");
  auto reserved = spender.reserve();
  REQUIRE(store->ledger().read_budgets([&](BudgetBook& book, UsageSums& sums) -> Status {
    CHECK(book.reservations.size() == 1);
    spender.count(std::get<BudgetHold>(reserved));
    TRY(const auto spent, sums.spent_since(milliseconds(0)));
    CHECK(spent.empty());  // or the call would count twice
    return {};
  }));
  CHECK(spender.state().spent.calls == 1);
}
