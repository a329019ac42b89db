#pragma once
#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "core/canary/cycle.hpp"
#include "core/os/process.hpp"
#include "core/run/ask.hpp"
#include "core/state/sqlite.hpp"

// A host with a real store and real processes; its clocks are the kernel's at the start, and then the test's.
namespace delegate::test {

using namespace std::chrono_literals;

class StoppedClock final : public Clock {
 public:
  HostTime now() const override { return now_; }
  void pass(milliseconds time) { now_.boot += time, now_.wall += time; }
  void set_wall_clock(milliseconds ahead) { now_.wall += ahead; }
  void set_boot_clock(milliseconds ahead) { now_.boot += ahead; }

 private:
  HostTime now_ = SystemClock().now();
};

/// A run's id that no other test program has: marks of processes are seen by all of them.
inline std::string run_id(const char* letter) { return "run-" + std::to_string(::getpid()) + letter; }
inline const std::string kRunA = run_id("a");
inline const std::string kRunB = run_id("b");

ProcessId id_of(pid_t pid);

/// A process that does nothing until it is killed, at the latest by the destructor.
class IdleProcess {
 public:
  /// With this DELEGATE_RUN_ID, or none, and this "NAME=value".
  explicit IdleProcess(const std::string& tag = {}, std::string variable = {});
  IdleProcess(const IdleProcess&) = delete;
  IdleProcess& operator=(const IdleProcess&) = delete;
  ~IdleProcess() { end(); }
  void end();
  pid_t pid() const { return pid_; }
  ProcessId id() const { return id_; }

 private:
  pid_t pid_ = -1;
  ProcessId id_;
};

enum class SurveyPart { states, queue, history, notifications, leases, writers, sizes };

class CanaryLab {
 public:
  CanaryLab();
  CanaryLab(const CanaryLab&) = delete;
  CanaryLab& operator=(const CanaryLab&) = delete;
  ~CanaryLab();

  StateStore& store() { return *store_; }
  const Engine& engine() { return *engine_; }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  ProcessId self() const { return self_; }
  const ProcessFacts& process() const { return process_; }
  void set_variable(const std::string& name, const std::string& value) { process_.environment[name] = value; }
  /// Opens the store, or opens it again.
  void open(milliseconds busy_wait);

  canary::CycleReport cycle(const std::set<std::string>& only = {});
  /// Of one invariant, in a cycle that checks only this one.
  std::string verdict(const std::string& id);
  /// The lines that were found, of the last cycle.
  std::vector<std::string> found(const std::string& id) const;
  std::string reason(const std::string& id) const;

  /// Runs statements in the file, past the store.
  void tamper(const std::string& sql) const;
  /// What is written into the state of a backend, past all rules.
  void set(const std::string& backend, const StateStore::Change& change);
  void add_run(const std::string& id, const ProcessId& owner, milliseconds ago = 0ms);
  /// A job as it is in this state; with a request as long as it waits.
  void add_job(const std::string& id, JobRow::State state, const ProcessId& owner, milliseconds ago = 0ms);
  SlotLease slot(const std::string& tag, const ProcessId& owner, milliseconds length = 600s) const;
  NotificationRows notifications();
  /// Makes a file with a modification time of the lab's clock.
  void write(const std::string& file, milliseconds ahead = 0ms) const;

  StoppedClock clock;
  Config config = built_in_config();
  canary::CycleOptions options;
  std::function<void()> between_looks;
  milliseconds asleep{0};
  std::set<SurveyPart> unreadable;

 private:
  std::string directory_;
  std::unique_ptr<StateStore> store_;
  ProcessId self_;
  CancelToken interrupted_;
  volatile std::sig_atomic_t signal_ = 0;
  ProcessFacts process_;
  std::optional<Breakers> breakers_;
  std::optional<Guards> guards_;
  std::optional<Engine> engine_;
  canary::CycleReport last_;
};

}  // namespace delegate::test
