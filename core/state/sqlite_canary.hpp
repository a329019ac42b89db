#pragma once
#include <mutex>

#include "core/os/clock.hpp"
#include "core/state/canary_records.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/sqlite_lease.hpp"

namespace delegate {

/// The table of the canary, on the connection of the store and under its lock.
class SqliteCanary final : public CanaryRecords {
 public:
  SqliteCanary(sqlite::Database& database, std::mutex& mutex, const Clock& clock)
      : database_(database), mutex_(mutex), clock_(clock), lease_(database, clock, "canary") {}

  Result<CanaryRecordsById> records() override;
  Result<bool> change(const ProcessId& me, const Change& change) override;
  Result<std::optional<ProcessId>> lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) override;
  Status resign(const ProcessId& me) override;

 private:
  Result<CanaryRecordsById> load();
  Status save(const CanaryRecord& record);

  sqlite::Database& database_;
  std::mutex& mutex_;
  const Clock& clock_;
  SqliteLease lease_;
};

}  // namespace delegate
