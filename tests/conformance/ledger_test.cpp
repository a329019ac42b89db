#include <catch2/catch.hpp>

#include "tests/conformance/stores.hpp"

using namespace delegate;

namespace {

struct LedgerBooks {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Ledger& ledger = store->ledger();
};

RunRow run_row(const std::string& id) {
  return {.id = id,
          .started_at = 1'700'000'000'123ms,
          .requested_backend = "auto",
          .task_type = "review",
          .cwd = "/home/me/with 'quotes'",
          .owner = {"boot-1", 4711, 8'812'345, 4026531836}};
}

RunRow finished(RunRow row) {
  row.took = 4567ms;
  row.outcome = "answered";
  row.backend = "codex";
  row.model = "gpt-5";
  row.session_id = "0199-abc";
  row.usage = {.input_tokens = 1200, .output_tokens = 0, .cost_usd = 0.0125};
  return row;
}

AttemptRow attempt_row(const std::string& run, int number, const std::string& backend) {
  return {.run_id = run,
          .number = number,
          .backend = backend,
          .model = "m",
          .outcome = "timed_out",
          .message = "nothing for 120 s",
          .last_lines = "one\ntwo",
          .probe = true,
          .counted = true,
          .tripped = true,
          .recovered = true,
          .retry_at = 1'700'000'099'000ms,
          .started_at = milliseconds(1'000 * number),
          .took = 120'000ms,
          .exit_code = 143,
          .session_id = "s",
          .usage = {.input_tokens = 5, .output_tokens = 6, .cost_usd = 0.5},
          .quota_before = {{"five_hour", 0.37, 1'700'000'900'000ms, 18'000'000ms, 1'700'000'000'000ms, "call"}},
          .quota_after = {{"five_hour", 0.415, 1'700'000'900'000ms, 18'000'000ms, 1'700'000'001'000ms, "call"},
                          {"requests", 1, std::nullopt, std::nullopt, 1'700'000'001'000ms, "refresh"}},
          .billed_extra = true};
}

std::vector<std::string> ids(const std::vector<RunRow>& rows) {
  std::vector<std::string> out;
  for (const RunRow& row : rows) out.push_back(row.id);
  return out;
}

}  // namespace

TEST_CASE("a run is stored at its start, and its end completes the row") {
  LedgerBooks books;
  const RunRow begun = run_row("r1");
  REQUIRE(books.ledger.begin_run(begun));
  CHECK(books.ledger.runs({.most = 10}).value() == std::vector<RunRow>{begun});
  REQUIRE(books.ledger.finish_run(finished(begun), 100));
  CHECK(books.ledger.runs({.most = 10}).value() == std::vector<RunRow>{finished(begun)});
}

TEST_CASE("the first words of a prompt are in lists, and runs are found by them") {
  LedgerBooks books;
  RunRow first = run_row("r1");
  first.summary = "why does the Parser hang";
  RunRow second = run_row("r2");
  second.prompt = KeptText{.text = "… the parser …", .size = 18};
  second.cwd = "/home/other";
  for (const RunRow& row : {first, second, run_row("r3")}) REQUIRE(books.ledger.begin_run(row));
  CHECK(books.ledger.run("r1")->summary == first.summary);
  CHECK(ids(books.ledger.runs({.text = "parser"}).value()) == std::vector<std::string>{"r2", "r1"});
  CHECK(ids(books.ledger.runs({.project = "/home/other", .text = "parser"}).value()) == std::vector<std::string>{"r2"});
  CHECK(books.ledger.runs({.text = "lexer"})->empty());
}

TEST_CASE("an answer that is kept for a while is deleted by the first run that ends later") {
  LedgerBooks books;
  RunRow row = run_row("r1");
  REQUIRE(books.ledger.begin_run(row));
  row = finished(row);
  row.answer = kept("an answer");
  row.answer_until = row.started_at + 1h;
  REQUIRE(books.ledger.finish_run(row, 100));
  CHECK(books.ledger.run("r1")->answer_until == row.answer_until);
  RunRow later = run_row("r2");
  later.started_at += 59min;
  REQUIRE(books.ledger.begin_run(later));
  REQUIRE(books.ledger.finish_run(finished(later), 100));
  CHECK(books.ledger.run("r1")->answer == row.answer);
  later.started_at += 1min;
  REQUIRE(books.ledger.finish_run(finished(later), 100));
  CHECK_FALSE(books.ledger.run("r1")->answer);
}

TEST_CASE("a run that has ended can be forgotten, alone or with all others") {
  LedgerBooks books;
  for (const char* id : {"r1", "r2", "r3"}) {
    REQUIRE(books.ledger.begin_run(run_row(id)));
    REQUIRE(books.ledger.add_attempt(attempt_row(id, 1, "codex")));
  }
  for (const char* id : {"r1", "r2"}) REQUIRE(books.ledger.finish_run(finished(run_row(id)), 100));
  CHECK(books.ledger.forget("r3") == 0);  // it has not ended
  CHECK(books.ledger.forget("r1") == 1);
  CHECK(ids(books.ledger.runs({}).value()) == std::vector<std::string>{"r3", "r2"});
  CHECK(books.ledger.attempts("r1")->empty());
  CHECK(books.ledger.forget("") == 1);
  CHECK(ids(books.ledger.runs({}).value()) == std::vector<std::string>{"r3"});
  CHECK(books.ledger.attempts("r3")->size() == 1);
}

TEST_CASE("as much of an id is enough as no other has") {
  LedgerBooks books;
  for (const char* id : {"abcd", "abxy", "b000", "c"}) REQUIRE(books.ledger.begin_run(run_row(id)));
  CHECK(books.ledger.enough_of("abcd") == 3);
  CHECK(books.ledger.enough_of("abxy") == 3);
  CHECK(books.ledger.enough_of("b000") == 1);
  CHECK(books.ledger.enough_of("c") == 1);
}

TEST_CASE("a run that begins again, because its process was killed before it did anything, has one row") {
  LedgerBooks books;
  RunRow row = run_row("r1");
  row.prompt = KeptText{.text = "hello", .size = 5};
  REQUIRE(books.ledger.begin_run(row));
  row.started_at += 1min;
  row.owner.pid += 1;
  REQUIRE(books.ledger.begin_run(row));
  CHECK(books.ledger.runs({.most = 10}).value().size() == 1);
  CHECK(books.ledger.run("r1")->owner == row.owner);
  REQUIRE(books.ledger.finish_run(finished(row), 100));
  CHECK(books.ledger.run("r1")->outcome == finished(row).outcome);
}

TEST_CASE("what is not known stays unknown and never becomes zero") {
  LedgerBooks books;
  REQUIRE(books.ledger.begin_run(run_row("r1")));
  RunRow row = run_row("r1");
  row.outcome = "cancelled";
  row.took = 0ms;
  REQUIRE(books.ledger.finish_run(row, 100));
  const RunRow run = books.ledger.runs({.most = 1})->at(0);
  CHECK_FALSE(run.usage.input_tokens);
  CHECK_FALSE(run.usage.output_tokens);
  CHECK_FALSE(run.usage.cost_usd);
  CHECK(run.took == 0ms);
  AttemptRow attempt = attempt_row("r1", 1, "codex");
  attempt.exit_code.reset();
  attempt.usage = {.input_tokens = std::nullopt, .output_tokens = 0, .cost_usd = 0.0};
  REQUIRE(books.ledger.add_attempt(attempt));
  CHECK(books.ledger.attempts("r1")->at(0) == attempt);
}

TEST_CASE("runs come newest first, as many as asked for") {
  LedgerBooks books;
  for (const char* id : {"r1", "r2", "r3"}) REQUIRE(books.ledger.begin_run(run_row(id)));
  CHECK(ids(*books.ledger.runs({.most = 10})) == std::vector<std::string>{"r3", "r2", "r1"});
  CHECK(ids(*books.ledger.runs({.most = 2})) == std::vector<std::string>{"r3", "r2"});
  CHECK(books.ledger.runs({.most = 0})->empty());
}

TEST_CASE("the attempts of a run come in their order, and only its own") {
  LedgerBooks books;
  for (const char* id : {"r1", "r2"}) {
    REQUIRE(books.ledger.begin_run(run_row(id)));
    for (int number = 1; number <= 3; ++number) REQUIRE(books.ledger.add_attempt(attempt_row(id, number, "codex")));
  }
  const auto attempts = books.ledger.attempts("r2");
  REQUIRE(attempts->size() == 3);
  for (int number = 1; number <= 3; ++number)
    CHECK(attempts->at(static_cast<std::size_t>(number - 1)) == attempt_row("r2", number, "codex"));
  CHECK(books.ledger.attempts("r9")->empty());
}

TEST_CASE("the ledger keeps its limit: the oldest runs go, with their attempts") {
  LedgerBooks books;
  for (int i = 1; i <= 25; ++i) {
    const std::string id = "r" + std::to_string(i);
    REQUIRE(books.ledger.begin_run(run_row(id)));
    REQUIRE(books.ledger.add_attempt(attempt_row(id, 1, "codex")));
    REQUIRE(books.ledger.finish_run(finished(run_row(id)), 10));
  }
  const auto rows = books.ledger.runs({.most = 100});
  REQUIRE(rows->size() == 10);
  CHECK(rows->front().id == "r25");
  CHECK(rows->back().id == "r16");
  CHECK(books.ledger.attempts("r15")->empty());
  CHECK(books.ledger.attempts("r16")->size() == 1);
}

TEST_CASE("finishing a run that was deleted meanwhile restores nothing") {
  LedgerBooks books;
  REQUIRE(books.ledger.begin_run(run_row("slow")));
  for (const char* id : {"r1", "r2", "r3"}) {
    REQUIRE(books.ledger.begin_run(run_row(id)));
    REQUIRE(books.ledger.finish_run(finished(run_row(id)), 2));
  }
  REQUIRE(books.ledger.finish_run(finished(run_row("slow")), 2));
  CHECK(ids(*books.ledger.runs({.most = 10})) == std::vector<std::string>{"r3", "r2"});
}

TEST_CASE("what a run tried goes with the run, also when that was forgotten before the attempt was over") {
  LedgerBooks books;
  const auto try_and_finish = [&](const std::string& id, int limit) {
    REQUIRE(books.ledger.add_attempt(attempt_row(id, 1, "codex")));
    REQUIRE(books.ledger.finish_run(finished(run_row(id)), limit));
  };
  REQUIRE(books.ledger.begin_run(run_row("slow")));
  SECTION("with a limit that others have used up") {
    for (const char* id : {"r1", "r2", "r3"}) {
      REQUIRE(books.ledger.begin_run(run_row(id)));
      try_and_finish(id, 2);
    }
    try_and_finish("slow", 2);
    CHECK(books.ledger.attempts("slow")->empty());
    CHECK(books.ledger.attempts("r3")->size() == 1);
  }
  SECTION("with a limit of 0") {
    REQUIRE(books.ledger.begin_run(run_row("quick")));
    try_and_finish("quick", 0);
    try_and_finish("slow", 0);
    CHECK(books.ledger.last_attempts()->empty());
  }
  SECTION("with a limit of 0, by the next run's end when it comes after its own run's") {
    REQUIRE(books.ledger.finish_run(finished(run_row("slow")), 0));
    REQUIRE(books.ledger.add_attempt(attempt_row("slow", 1, "codex")));
    REQUIRE(books.ledger.begin_run(run_row("next")));
    try_and_finish("next", 0);
    CHECK(books.ledger.last_attempts()->empty());
  }
}

TEST_CASE("the newest attempt at each backend is found, also among many") {
  LedgerBooks books;
  for (int number = 1; number <= 40; ++number)
    REQUIRE(books.ledger.add_attempt(attempt_row("r1", number, number % 2 == 0 ? "codex" : "gemini")));
  auto last = books.ledger.last_attempts();
  REQUIRE(last);
  REQUIRE(last->size() == 2);
  CHECK(last->at(0) == attempt_row("r1", 40, "codex"));
  CHECK(last->at(1) == attempt_row("r1", 39, "gemini"));
}

TEST_CASE("an empty ledger returns no rows") {
  LedgerBooks books;
  CHECK(books.ledger.runs({.most = 10})->empty());
  CHECK(books.ledger.attempts("r1")->empty());
  CHECK(books.ledger.last_attempts()->empty());
}
