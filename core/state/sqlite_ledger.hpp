#pragma once
#include <mutex>

#include "core/state/ledger.hpp"
#include "core/state/sqlite_database.hpp"

namespace delegate {

/// The ledger's tables in the store's file, over the store's own connection and lock.
class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(sqlite::Database& database, std::mutex& mutex) : database_(database), mutex_(mutex) {}

  Status begin_run(const RunRow& row) override;
  Status add_attempt(const AttemptRow& row) override;
  Status finish_run(const RunRow& row, int limit) override;
  Result<std::vector<RunRow>> runs(int most) override;
  Result<std::vector<AttemptRow>> attempts(const std::string& run_id) override;
  Result<std::vector<AttemptRow>> last_attempts() override;

 private:
  sqlite::Database& database_;
  std::mutex& mutex_;
};

}  // namespace delegate
