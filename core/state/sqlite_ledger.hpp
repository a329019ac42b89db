#pragma once
#include <initializer_list>
#include <mutex>

#include "core/state/ledger.hpp"
#include "core/state/sqlite_database.hpp"

namespace delegate {

/// The ledger's tables, on the connection of the store and under its lock.
class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(sqlite::Database& database, std::mutex& mutex) : database_(database), mutex_(mutex) {}

  Status begin_run(const RunRow& row) override;
  Status add_attempt(const AttemptRow& row) override;
  Status count_attempt(const AttemptRow& row) override;
  void prepare_to_finish() override;
  Status finish_run(const RunRow& row, int limit) override;
  Result<std::int64_t> forget(const std::string& id) override;
  Result<std::vector<RunRow>> runs(const RunQuery& query) override;
  Result<RunRow> run(const std::string& id) override;
  Result<std::size_t> enough_of(const std::string& id) override;
  Result<std::optional<RunRow>> newest_session(const SessionQuery& query) override;
  Result<std::optional<RunRow>> last_change(const std::string& cwd, const std::string& but_run) override;
  Result<std::vector<BackendTotals>> totals(const TotalsQuery& query) override;
  Result<std::vector<AttemptRow>> attempts(const std::string& run_id) override;
  Result<std::vector<AttemptRow>> last_attempts() override;
  Result<std::vector<UsageRow>> usage(const UsageQuery& query) override;
  Status change_budgets(const BudgetChange& change) override;
  Status read_budgets(const BudgetChange& look) override;

 private:
  // Called with the lock held, inside on_sound_file().
  Status insert_attempt(const AttemptRow& row);
  Status add_skips(const RunRow& row);
  Status keep_answer(const RunRow& row);
  Result<std::optional<std::int64_t>> newest_surplus(std::int64_t first, std::int64_t last, int limit);
  Status forget_oldest(int limit);
  Status forget_strays(const std::string& run_id);
  Status forget_answers(milliseconds now);
  Result<std::int64_t> forget_run(const std::string& id);
  Result<std::int64_t> forget_all();
  Result<bool> fits(RunRow row, const RunQuery& query);
  Result<std::vector<RunRow>> find(const char* sql, const RunQuery& query,
                                   std::initializer_list<std::string_view> words);
  Result<std::int64_t> number_of(const std::string& id);
  Result<std::vector<SkipRow>> skips_of(std::int64_t number);
  Result<std::vector<RunRow>> runs_of_backend(const RunQuery& query);
  Result<std::vector<std::string>> backends();

  sqlite::Database& database_;
  std::mutex& mutex_;
};

}  // namespace delegate
