#pragma once
#include "core/state/ledger.hpp"
#include "core/state/sqlite_database.hpp"

// The tables of what calls have used and of what is reserved. All functions that write run inside a transaction of the
// caller.
namespace delegate::sqlite {

/// Counts an attempt, ends its reservation, and forgets one hour that is too old.
Status count_attempt(Database& database, const AttemptRow& attempt);
/// Counts the candidates of a run whose breakers spared a person the wait.
Status count_spared(Database& database, const RunRow& run);
/// Prepares the statements that count_attempt mostly needs.
Status prepare_counting(Database& database);
Result<std::vector<UsageRow>> load_usage(Database& database, const UsageQuery& query);

Result<BudgetBook> load_budgets(Database& database);
/// Writes the differences, and counts what was killed.
Status save_budgets(Database& database, const BudgetBook& before, const BudgetBook& after);

class SqliteUsageSums final : public UsageSums {
 public:
  explicit SqliteUsageSums(Database& database) : database_(database) {}
  Result<std::map<std::string, Spending>> spent_since(milliseconds begin) override;
  Result<std::map<std::string, AnsweredUse>> answered_since(const std::string& backend, milliseconds begin) override;

 private:
  Database& database_;
};

}  // namespace delegate::sqlite
