#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/os/process_facts.hpp"
#include "core/os/process_table.hpp"
#include "core/run/engine.hpp"
#include "core/state/survey.hpp"

// What the invariants are checked against: the store, the processes, the files and the clocks of this host, looked at
// once. A source that cannot be read is an error of its own.
namespace delegate::canary {

struct StateFile {
  bool is_own = false;       // owned by the user of this process
  unsigned permissions = 0;  // 0600
  std::uint64_t size = 0;    // bytes
};

/// What delegate keeps on the disk. By name only: what is found is shown to people, also on the desktop.
struct Files {
  std::map<std::string, StateFile> state;  // "state.db", "state.db-wal", …; those that exist
  StateFile directory;
  int set_aside = 0;  // requests that could not be read
  int damaged = 0;    // earlier state files
  int scratch = 0;    // private directories of calls
};

/// Of one process, also over a reboot.
std::string key_of(const ProcessId& process);

/// The process that dispatches jobs now.
struct WorkerFacts {
  std::int64_t pid = 0;
  milliseconds started_at{0};         // wall
  milliseconds config_changed_at{0};  // wall; 0: there is no file
};

struct Facts {
  const Config& config;
  ProcessId self;
  HostTime now;
  milliseconds asleep{0};  // since the boot; set by the cycle
  /// How long ago the last resume from sleep was noticed; set by the cycle, which knows the one before.
  std::optional<milliseconds> resumed_ago = {};
  Survey survey;
  std::optional<std::int64_t> locked_by = {};  // the process that keeps the store locked, if it is busy
  Result<std::vector<ProcessEntry>> processes;
  Result<Files> files;
  std::optional<milliseconds> config_changed_at = {};  // wall; see last_changed
  std::optional<WorkerFacts> worker = {};              // none, or one that cannot be seen from here
  std::set<std::string> could_start = {};              // heads of lines that a backend would take now, by id
  std::set<std::string> dead = {};                     // of the processes that the state names: see key_of
};

Facts look(const ProcessFacts& process, const Engine& engine, std::optional<milliseconds> config_changed_at);

/// Certainly dead, of a process that the state names.
bool is_dead(const Facts& facts, const ProcessId& process);

/// In the pid namespace of this process: those of another one cannot be seen from here.
bool is_visible(const Facts& facts, const ProcessId& process);

/// Does a process live that has this mark, or one that was made from it?
bool has_processes(const Facts& facts, const std::string& tag);

/// Does a process live that this run has started, or a run inside it?
bool has_processes_of_run(const Facts& facts, const std::string& id);

/// The run that a process belongs to, from its mark: the innermost one.
std::string run_of_tag(const std::string& tag);

}  // namespace delegate::canary
