#include <catch2/catch.hpp>

#include "tests/conformance/stores.hpp"

// Looking back: which runs, which session, how it went in sum.
using namespace delegate;

namespace {

using Ids = std::vector<std::string>;

struct Books {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Ledger& ledger = store->ledger();

  void run(const std::string& id, milliseconds at, const std::vector<std::pair<std::string, std::string>>& tries,
           int limit = 100) {
    RunRow row{.id = id, .started_at = at, .requested_backend = "auto", .task_type = "ask", .cwd = "/home/me"};
    REQUIRE(ledger.begin_run(row));
    int number = 0;
    for (const auto& [backend, outcome] : tries)
      REQUIRE(ledger.add_attempt(
          {.run_id = id, .number = ++number, .backend = backend, .outcome = outcome, .started_at = at + 1ms}));
    row.outcome = tries.back().second;
    row.took = 5ms;
    if (row.outcome == "answered") row.backend = tries.back().first;
    REQUIRE(ledger.finish_run(row, limit));
  }

  void session(const std::string& id, milliseconds at, const std::string& cwd, const std::string& backend,
               const std::string& session) {
    RunRow row{.id = id, .started_at = at, .requested_backend = backend, .task_type = "ask", .cwd = cwd};
    REQUIRE(ledger.begin_run(row));
    row.outcome = "answered";
    row.backend = backend;
    row.session_id = session;
    REQUIRE(ledger.finish_run(row, 100));
  }

  void attempt(const std::string& backend, const std::string& outcome, milliseconds at, milliseconds took,
               const Usage& usage = {}, bool tripped = false) {
    REQUIRE(ledger.add_attempt({.run_id = "r",
                                .number = ++attempts,
                                .backend = backend,
                                .outcome = outcome,
                                .tripped = tripped,
                                .started_at = at,
                                .took = took,
                                .usage = usage}));
  }

  Ids find(const RunQuery& query) {
    const auto rows = ledger.runs(query);
    REQUIRE(rows);
    Ids ids;
    for (const RunRow& row : *rows) ids.push_back(row.id);
    return ids;
  }

  std::string latest(const SessionQuery& query) {
    const auto row = ledger.newest_session(query);
    REQUIRE(row);
    return *row ? (*row)->id : "none";
  }

  BackendTotals total(const std::string& backend, const TotalsQuery& query = {.until = 1'000ms, .slots = 4}) {
    const auto totals = ledger.totals(query);
    REQUIRE(totals);
    for (const BackendTotals& one : *totals)
      if (one.backend == backend) return one;
    return {};
  }

  int attempts = 0;
};

}  // namespace

TEST_CASE("runs are found by backend, outcome and time, newest first") {
  Books books;
  books.run("r1", 100ms, {{"claude", "answered"}});
  books.run("r2", 200ms, {{"claude", "rate_limited"}, {"codex", "answered"}});
  books.run("r3", 300ms, {{"codex", "timed_out"}});
  books.run("r4", 400ms, {{"claude", "rate_limited"}, {"codex", "rate_limited"}});
  CHECK(books.find({}) == Ids{"r4", "r3", "r2", "r1"});
  CHECK(books.find({.most = 2}) == Ids{"r4", "r3"});
  CHECK(books.find({.most = 0}).empty());
  CHECK(books.find({.backend = "claude"}) == Ids{"r4", "r2", "r1"});
  CHECK(books.find({.backend = "claude", .most = 1}) == Ids{"r4"});
  CHECK(books.find({.backend = "gemini"}).empty());
  CHECK(books.find({.outcome = "answered"}) == Ids{"r2", "r1"});
  CHECK(books.find({.outcome = "rate_limited"}) == Ids{"r4", "r2"});
  CHECK(books.find({.outcome = "rate_limited", .most = 1}) == Ids{"r4"});
  CHECK(books.find({.backend = "codex", .outcome = "rate_limited"}) == Ids{"r4"});
  CHECK(books.find({.backend = "codex", .outcome = "answered"}) == Ids{"r2"});
  CHECK(books.find({.since = 300ms}) == Ids{"r4", "r3"});
  CHECK(books.find({.since = 301ms}) == Ids{"r4"});
  CHECK(books.find({.backend = "claude", .since = 200ms}) == Ids{"r4", "r2"});
  CHECK(books.find({.outcome = "rate_limited", .since = 201ms}) == Ids{"r4"});
  CHECK(books.find({.backend = "codex", .outcome = "answered", .since = 200ms}) == Ids{"r2"});
  CHECK(books.find({.since = 9'999ms}).empty());
}

TEST_CASE("a run is listed once, however often it tried the same backend") {
  Books books;
  books.run("r1", 100ms, {{"claude", "lost_result"}, {"claude", "lost_result"}, {"claude", "answered"}});
  books.run("r2", 50ms, {{"claude", "lost_result"}});
  CHECK(books.find({.backend = "claude"}) == Ids{"r1", "r2"});
  CHECK(books.find({.backend = "claude", .most = 2}) == Ids{"r1", "r2"});
  CHECK(books.find({.outcome = "lost_result"}) == Ids{"r1", "r2"});
}

TEST_CASE("a run that is still going on is listed, and without an outcome") {
  Books books;
  REQUIRE(books.ledger.begin_run({.id = "r1", .started_at = 5ms}));
  CHECK(books.find({}) == Ids{"r1"});
  CHECK(books.ledger.runs({})->at(0).outcome.empty());
}

TEST_CASE("one run is named by its id or by the beginning of it") {
  Books books;
  for (const char* id : {"01kab1", "01kab2", "01kb"}) books.run(id, 100ms, {{"codex", "answered"}});
  CHECK(books.ledger.run("01kab1")->id == "01kab1");
  CHECK(books.ledger.run("01kb")->id == "01kb");
  const auto several = books.ledger.run("01ka");
  REQUIRE_FALSE(several);
  CHECK(several.error().code == Code::invalid_argument);
  CHECK(several.error().what.find("01kab1, 01kab2") != std::string::npos);
  for (const char* unknown : {"02", "", "%", "_1kb", "01kab1x", "'; --"}) {
    const auto none = books.ledger.run(unknown);
    INFO(unknown);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Code::not_found);
  }
}

TEST_CASE("an id that is the beginning of another one names itself") {
  Books books;
  for (const char* id : {"01k", "01ka"}) books.run(id, 100ms, {{"codex", "answered"}});
  CHECK(books.ledger.run("01k")->id == "01k");
}

TEST_CASE("a single run comes with its stored texts and skips; lists come without") {
  Books books;
  RunRow row{.id = "r1", .started_at = 5ms, .prompt = kept("why?")};
  REQUIRE(books.ledger.begin_run(row));
  row.outcome = "answered";
  row.answer = kept("because");
  row.skips = {{"claude", "breaker_open", "not signed in", 42'000ms}, {"gemini", "not_installed", "", std::nullopt}};
  REQUIRE(books.ledger.finish_run(row, 100));
  const auto run = books.ledger.run("r1");
  REQUIRE(run);
  CHECK(run->prompt == kept("why?"));
  CHECK(run->answer == kept("because"));
  CHECK(run->skips == row.skips);
  const auto listed = books.ledger.runs({});
  REQUIRE(listed->size() == 1);
  CHECK_FALSE(listed->at(0).prompt);
  CHECK_FALSE(listed->at(0).answer);
  CHECK(listed->at(0).skips.empty());
}

TEST_CASE("an answer is kept without its prompt, and a prompt without its answer") {
  Books books;
  RunRow first{.id = "r1", .prompt = kept("why?")};
  REQUIRE(books.ledger.begin_run(first));
  REQUIRE(books.ledger.finish_run(first, 100));
  CHECK(books.ledger.run("r1")->prompt == kept("why?"));
  CHECK_FALSE(books.ledger.run("r1")->answer);
  RunRow second{.id = "r2"};
  REQUIRE(books.ledger.begin_run(second));
  second.answer = kept("");
  REQUIRE(books.ledger.finish_run(second, 100));
  CHECK_FALSE(books.ledger.run("r2")->prompt);
  CHECK(books.ledger.run("r2")->answer == kept(""));  // an empty answer was kept: that is something else than none
}

TEST_CASE("a long text keeps its head and its tail, and how long it was") {
  const std::string text = "begin" + std::string(1u << 20, 'x') + "end";
  const KeptText cut = kept(text);
  CHECK_FALSE(cut.is_whole());
  CHECK(cut.size == static_cast<std::int64_t>(text.size()));
  CHECK(cut.text.size() < KeptText::kMost + 200);
  CHECK(cut.text.starts_with("begin"));
  CHECK(cut.text.ends_with("end"));
  CHECK(kept("short").is_whole());
  CHECK(kept(std::string(KeptText::kMost, 'x')).is_whole());
}

TEST_CASE("a text that is no UTF-8 is kept within the same bounds") {
  const KeptText bytes = kept(std::string(KeptText::kMost, '\xff'));
  CHECK_FALSE(bytes.is_whole());
  CHECK(bytes.text.size() < KeptText::kMost + 200);
  CHECK(bytes.text.starts_with("\uFFFD"));
  CHECK(bytes.text.ends_with("\uFFFD"));
  CHECK(kept("a\xff") == KeptText{.text = "a\uFFFD", .size = 4});
}

TEST_CASE("the newest session is found by directory, by backend, by its id, and without any condition") {
  Books books;
  CHECK(books.latest({}) == "none");
  books.session("r1", 100ms, "/one", "claude", "a");
  books.session("r2", 200ms, "/one", "codex", "b");
  books.session("r3", 300ms, "/two", "claude", "c");
  books.session("r4", 400ms, "/one", "claude", "");  // a backend that has none
  CHECK(books.latest({}) == "r3");
  CHECK(books.latest({.cwd = "/one"}) == "r2");
  CHECK(books.latest({.cwd = "/one", .backend = "claude"}) == "r1");
  CHECK(books.latest({.backend = "claude"}) == "r3");
  CHECK(books.latest({.session_id = "a"}) == "r1");
  CHECK(books.latest({.cwd = "/two", .session_id = "a"}) == "none");
  CHECK(books.latest({.cwd = "/three"}) == "none");
  CHECK(books.latest({.cwd = "/two", .backend = "codex"}) == "none");
}

TEST_CASE("what is beyond the limit goes with all that belongs to it") {
  Books books;
  RunRow row{.id = "r1", .started_at = 1ms, .prompt = kept("old secret")};
  REQUIRE(books.ledger.begin_run(row));
  row.skips = {{"claude", "disabled", "", std::nullopt}};
  row.answer = kept("old answer");
  REQUIRE(books.ledger.finish_run(row, 100));
  books.run("r2", 2ms, {{"codex", "answered"}}, 1);
  CHECK(books.find({}) == Ids{"r2"});
  CHECK_FALSE(books.ledger.run("r1"));
  SECTION("with a limit of 0 no run is kept") {
    books.run("r3", 3ms, {{"codex", "answered"}}, 0);
    CHECK(books.find({}).empty());
    CHECK(books.find({.backend = "codex"}).empty());
  }
}

TEST_CASE("totals count every attempt by its outcome, and know what they do not know") {
  Books books;
  books.attempt("codex", "answered", 10ms, 100ms, {.input_tokens = 5, .cost_usd = 0.5});
  books.attempt("codex", "answered", 20ms, 300ms, {.input_tokens = 7});
  books.attempt("codex", "timed_out", 30ms, 60'000ms, {}, true);
  books.attempt("claude", "answered", 40ms, 1ms);
  const BackendTotals codex = books.total("codex");
  CHECK(codex.outcomes == std::map<std::string, std::int64_t>{{"answered", 2}, {"timed_out", 1}});
  CHECK(codex.trips == 1);
  CHECK(codex.usage.input_tokens == 12);
  CHECK_FALSE(codex.usage.output_tokens);
  CHECK(codex.usage.cost_usd == Approx(0.5));
  const BackendTotals claude = books.total("claude");
  CHECK(claude.outcomes.size() == 1);
  CHECK_FALSE(claude.usage.input_tokens);
  CHECK_FALSE(claude.usage.cost_usd);
}

TEST_CASE("percentiles are those of the calls that answered, by nearest rank") {
  Books books;
  for (int i = 1; i <= 20; ++i) books.attempt("codex", "answered", 10ms, milliseconds(i));
  books.attempt("codex", "timed_out", 10ms, 60'000ms);
  CHECK(books.total("codex").p50 == 10ms);
  CHECK(books.total("codex").p95 == 19ms);
  books.attempt("gemini", "answered", 10ms, 7ms);
  CHECK(books.total("gemini").p50 == 7ms);
  CHECK(books.total("gemini").p95 == 7ms);
  books.attempt("claude", "timed_out", 10ms, 7ms);
  CHECK_FALSE(books.total("claude").p50);
}

TEST_CASE("the stretch holds its beginning and not its end, and is cut into equal slots") {
  Books books;
  for (const int at : {99, 100, 299, 300, 499, 500}) books.attempt("codex", "answered", milliseconds(at), 1ms);
  books.attempt("codex", "timed_out", 450ms, 1ms);
  books.attempt("codex", "cancelled", 450ms, 1ms);  // counts as neither
  const BackendTotals codex = books.total("codex", {.since = 100ms, .until = 500ms, .slots = 2});
  CHECK(codex.outcomes.at("answered") == 4);
  REQUIRE(codex.slots.size() == 2);
  CHECK(codex.slots[0].answered == 2);
  CHECK(codex.slots[1].answered == 2);
  CHECK(codex.slots[0].failed == 0);
  CHECK(codex.slots[1].failed == 1);
  SECTION("a stretch of no length is empty") { CHECK(books.ledger.totals({.since = 100ms, .until = 100ms})->empty()); }
}
