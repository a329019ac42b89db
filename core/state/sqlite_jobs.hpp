#pragma once
#include <mutex>

#include "core/os/clock.hpp"
#include "core/state/jobs.hpp"
#include "core/state/sqlite_database.hpp"

namespace delegate {

/// The table of jobs, on the connection of the store and under its lock.
class SqliteJobs final : public Jobs {
 public:
  SqliteJobs(sqlite::Database& database, std::mutex& mutex, const Clock& clock)
      : database_(database), mutex_(mutex), clock_(clock) {}

  Status add(const JobRow& row) override;
  Result<JobStart> try_start(const std::string& id, const ProcessId& me, int most, const IsDead& is_dead) override;
  Result<std::optional<JobRow>> adopt(const ProcessId& me, const IsDead& is_dead) override;
  Status yield(const std::string& id, const std::string& doing) override;
  Status note_doing(const std::string& id, const std::string& doing) override;
  Status finish(const JobRow& row, milliseconds keep_since) override;
  Status request_cancel(const std::string& id) override;
  Result<bool> is_cancel_requested(const std::string& id) override;
  Status remove(const std::string& id) override;
  Result<JobRow> find(const std::string& id) override;
  Result<std::vector<JobRow>> list() override;

 private:
  template <class Step>
  auto locked(const Step& step) -> decltype(step()) {
    const std::lock_guard lock(mutex_);
    return database_.on_sound_file(step);
  }
  // Called with the lock held, inside on_sound_file().
  Result<std::vector<JobRow>> unended();
  Status own(const std::string& id, const ProcessId& me, bool starts);
  Status mark_killed(std::vector<JobRow>& rows, const IsDead& is_dead);

  sqlite::Database& database_;
  std::mutex& mutex_;
  const Clock& clock_;
};

}  // namespace delegate
