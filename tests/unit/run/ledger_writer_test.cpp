#include "core/run/ledger_writer.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/run/asking.hpp"

// The writer of a run's own row.
namespace delegate::test {
namespace {

/// Other processes keep it locked for the next `refusals` writes of a run's row.
class ContendedLedger final : public Ledger {
 public:
  explicit ContendedLedger(Ledger& inner) : inner_(inner) {}
  int refusals = 0;

  Status begin_run(const RunRow& row) override { return is_locked() ? locked() : inner_.begin_run(row); }
  Status finish_run(const RunRow& row, int limit) override {
    return is_locked() ? locked() : inner_.finish_run(row, limit);
  }
  Status add_attempt(const AttemptRow& row) override { return inner_.add_attempt(row); }
  Status count_attempt(const AttemptRow& row) override { return inner_.count_attempt(row); }
  Result<std::int64_t> forget(const std::string& id) override { return inner_.forget(id); }
  Result<std::size_t> enough_of(const std::string& id) override { return inner_.enough_of(id); }
  Result<std::vector<RunRow>> runs(const RunQuery& query) override { return inner_.runs(query); }
  Result<RunRow> run(const std::string& id) override { return inner_.run(id); }
  Result<std::optional<RunRow>> newest_session(const SessionQuery& query) override {
    return inner_.newest_session(query);
  }
  Result<std::optional<RunRow>> last_change(const std::string& cwd, const std::string& but_run) override {
    return inner_.last_change(cwd, but_run);
  }
  Result<std::vector<BackendTotals>> totals(const TotalsQuery& query) override { return inner_.totals(query); }
  Result<std::vector<AttemptRow>> attempts(const std::string& run_id) override { return inner_.attempts(run_id); }
  Result<std::vector<AttemptRow>> last_attempts() override { return inner_.last_attempts(); }
  Result<std::vector<UsageRow>> usage(const UsageQuery& query) override { return inner_.usage(query); }
  Status change_budgets(const BudgetChange& change) override { return inner_.change_budgets(change); }
  Status read_budgets(const BudgetChange& look) override { return inner_.read_budgets(look); }

 private:
  bool is_locked() { return refusals > 0 && refusals-- > 0; }
  static Status locked() { return fail(Code::busy, "state.db: database is locked"); }

  Ledger& inner_;
};

RunResult a_run() {
  RunResult run;
  run.run_id = "run-1";
  run.outcome = Outcome::answered;
  return run;
}

}  // namespace

TEST_CASE("a run is recorded although others kept the state locked for a moment") {
  Asking asking;
  ContendedLedger ledger(asking.store->ledger());
  asking.engine.ledger = &ledger;
  LedgerWriter writer(asking.engine);
  ledger.refusals = 3;
  writer.begin(a_run(), {});
  ledger.refusals = 3;
  writer.finish(a_run());
  CHECK(writer.remarks().empty());
  const auto recorded = ledger.run("run-1");
  REQUIRE(recorded);
  CHECK(recorded->outcome == "answered");
}

TEST_CASE("a run that others do not let be recorded is reported, and the ledger stays in use") {
  Asking asking;
  ContendedLedger ledger(asking.store->ledger());
  asking.engine.ledger = &ledger;
  ledger.refusals = 1000;
  for (int i = 0; i < 10; ++i) {
    LedgerWriter writer(asking.engine);
    writer.begin(a_run(), {});
    CHECK(writer.writes_rows());
    writer.finish(a_run());
    CHECK(writer.remarks() == std::vector<std::string>{"history failed: state.db: database is locked"});
  }
}

}  // namespace delegate::test
