#pragma once
#include "core/state/ledger.hpp"

namespace delegate {

/// What calls have used and what is reserved, for a store that ends with its process. Its caller holds the lock.
class MemoryUsage final : public UsageSums {
 public:
  /// `directory` of the attempt's run.
  void count(const AttemptRow& attempt, std::string directory);
  void count_spared(const RunRow& run, const std::string& directory);
  std::vector<UsageRow> rows(const UsageQuery& query) const;
  Status change_budgets(const Ledger::BudgetChange& change);
  Status read_budgets(const Ledger::BudgetChange& look);

 private:
  Result<std::map<std::string, Spending>> spent_since(milliseconds begin) override;
  Result<std::map<std::string, AnsweredUse>> answered_since(const std::string& backend, milliseconds begin) override;
  bool has_place(const std::string& directory, milliseconds hour) const;
  void add(const UsageRow& row);

  std::map<UsageKey, UsageRow> rows_;
  BudgetBook book_;
};

}  // namespace delegate
