#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/state/store.hpp"
#include "core/state/survey.hpp"
#include "tests/helpers/lab_config.hpp"

// The lab's world: clocks, processes and stores that do only what the input says.
namespace delegate::lab {

class LabClock final : public Clock {
 public:
  explicit LabClock(ClockKind kind) : kind_(kind) {}
  HostTime now() const override;

  ClockKind kind() const { return kind_; }
  milliseconds at() const { return at_; }
  void set(milliseconds at) { at_ = at; }
  void reboot();
  Status jump(milliseconds delta);

 private:
  ClockKind kind_;
  milliseconds at_{0};  // true time
  milliseconds booted_at_{0};
  milliseconds wall_ahead_{0};  // of true time
  int boot_ = 1;
};

/// The processes by name. Naming one that is not running starts it.
class Processes {
 public:
  ProcessId named(const std::string& name, const std::string& boot_id);
  bool runs(const ProcessId& id) const { return running_.contains(id.pid); }
  void kill(const std::string& name);
  void kill_all();

 private:
  std::map<std::string, std::int64_t> pids_;
  std::set<std::int64_t> running_;
  std::int64_t last_pid_ = 0;
};

enum class StoreKind { memory, sqlite };

/// The one store that all processes share. Over SQLite each process has a connection of its own to a file in a
/// temporary directory, which goes away with this object.
class Stores {
 public:
  Stores(StoreKind kind, const Clock& clock) : kind_(kind), clock_(clock) {}
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;
  ~Stores();

  Result<StateStore*> of(const std::string& process);
  /// Ends its connection, as its death does.
  void disconnect(const std::string& process);
  void disconnect_all();

 private:
  StoreKind kind_;
  const Clock& clock_;
  Path directory_;
  std::map<std::string, std::unique_ptr<StateStore>> open_;
};

/// A store that can be made unavailable: every call then fails.
class Outage final : public StateStore {
 public:
  Outage(StateStore& inner, bool down) : inner_(inner), down_(down) {}
  Status update(const std::string& backend, const Change& change) override;
  Result<Snapshot> read() override;
  Status update_guard(const std::string& guard, const GuardChange& change) override;
  Result<GuardState> guard(const std::string& name) override;
  Result<NotificationRows> notifications() override;
  Status change_notifications(const NotificationChange& change) override;
  Result<WritersState> writers() override;
  Status change_writers(const WritersChange& change) override;
  Survey survey(SurveyDepth depth) override { return inner_.survey(depth); }
  Ledger& ledger() override { return inner_.ledger(); }
  Description describe() override { return inner_.describe(); }

 private:
  StateStore& inner_;
  bool down_;
};

}  // namespace delegate::lab
