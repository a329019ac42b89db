#pragma once
#include <mutex>

#include "core/os/clock.hpp"
#include "core/state/jobs.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/sqlite_lease.hpp"

namespace delegate {

/// The table of jobs, on the connection of the store and under its lock.
class SqliteJobs final : public Jobs {
 public:
  SqliteJobs(sqlite::Database& database, std::mutex& mutex, const Clock& clock)
      : database_(database), mutex_(mutex), clock_(clock), dispatcher_(database, clock, "dispatcher") {}

  Status add(const JobRow& row, const JobRequest& request, const JobLimits& limits) override;
  Result<bool> add_own(const JobRow& row, const JobRequest& request, const JobLimits& limits) override;
  Result<std::vector<JobRow>> heads() override;
  Result<std::vector<JobRow>> running() override;
  Result<int> ahead_of(const std::string& id) override;
  Result<JobRequest> request(const std::string& id) override;
  Result<Turn> give_turn(const JobRow& row, const ProcessId& dispatcher, int parallel) override;
  Result<bool> take(const std::string& id, std::int64_t turn, const ProcessId& me) override;
  Result<Start> start(const std::string& id, const ProcessId& me) override;
  Result<bool> return_turn(const JobRow& seen, const std::string& apart) override;
  Result<Recovered> recover(const IsGone& is_gone, milliseconds patience) override;
  Status adopt(const std::string& id, const JobRequest& request) override;
  Result<bool> lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) override;
  Result<bool> resign(const ProcessId& me, bool only_if_idle) override;
  Result<bool> has_work(const IsDead& is_dead) override;
  Result<std::optional<ProcessId>> leader() override;
  Result<bool> is_led(const IsDead& is_dead) override;
  Status yield(const std::string& id, const ProcessId& me, const std::string& doing) override;
  Result<bool> resume(const std::string& id, const ProcessId& me, int parallel) override;
  Status note_doing(const std::string& id, const std::string& doing) override;
  Result<bool> finish(const JobRow& row, const ProcessId& me, milliseconds keep_since) override;
  Result<bool> finish_unstarted(const JobRow& seen, const JobRow& row, milliseconds keep_since) override;
  Result<Cancel> cancel(const JobRow& row, milliseconds keep_since, const IsDead& is_dead) override;
  Result<bool> is_cancel_requested(const std::string& id) override;
  Status remove(const std::string& id) override;
  Result<JobRow> find(const std::string& id) override;
  Result<std::vector<JobRow>> unended(int most) override;
  Result<std::vector<JobRow>> killed(int most) override;
  Result<Counts> counts() override;

 private:
  static constexpr milliseconds kAskingLasts{3'000};  // of a job that has yielded; one that is stopped keeps no place

  template <class Step>
  auto locked(const Step& step) -> decltype(step()) {
    const std::lock_guard lock(mutex_);
    return database_.on_sound_file(step);
  }
  // Called with the lock held, inside on_sound_file().
  Result<std::int64_t> number(const char* sql);
  Result<std::int64_t> changes();
  Status insert(const JobRow& row);
  Status insert_request(const std::string& id, const JobRequest& request);
  /// True: there was one.
  Result<bool> forget_request(const std::string& id);
  Result<std::int64_t> places_taken();
  Result<std::int64_t> yielded_of(const JobLine& line);
  Status check_room(const JobLimits& limits);
  Result<bool> stands_in_line(const JobLine& line);
  Result<std::optional<JobRow>> row_of(const std::string& id);
  Result<std::optional<JobRow>> unstarted_as(const JobRow& seen);
  struct Abandoned {
    JobRow row;
    bool is_gone = false;
  };
  Result<std::vector<Abandoned>> abandoned(const IsGone& is_gone, milliseconds patience);
  Status revive_unstarted(Recovered& recovered);
  Status recover_one(const JobRow& row, bool is_gone, Recovered& recovered);
  /// True: its prompt was stored until now, and is still in the log.
  Result<bool> complete(const JobRow& row, milliseconds keep_since);
  Status mark_killed(const JobRow& row);
  Status return_to_queue(const JobRow& row, bool keeps_owner);

  sqlite::Database& database_;
  std::mutex& mutex_;
  const Clock& clock_;
  SqliteLease dispatcher_;
};

}  // namespace delegate
