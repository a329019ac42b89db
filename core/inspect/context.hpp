#pragma once
#include "core/config/configured.hpp"
#include "core/inspect/finding.hpp"
#include "core/inspect/host_status.hpp"
#include "core/os/process_facts.hpp"

namespace delegate::inspect {

/// The time limit of everything that a check starts or connects to, and of all checks together.
inline constexpr milliseconds kCheckTimeout{3'000};

/// The facts that `doctor` checks; read once, used by several threads.
struct Context {
  const ProcessFacts& process;
  const Result<Configured>& configured;
  std::string_view version;        // of this program
  const Engine* usable = nullptr;  // null: the configuration is invalid
  HostStatus status = {};
  StateStore::Snapshot states = {};

  const Config& config() const { return configured->loaded.config; }
  bool has_engine() const { return usable != nullptr; }
  const Engine& engine() const { return *usable; }
};

// The checks. They change nothing but the leavings of killed runs, start nothing but `--version`, and call no model.
Findings check_configuration(const Context& context);
Findings check_state(const Context& context);         // the store and its file
Findings check_backends(const Context& context);      // each with its login, breaker and slots
Findings check_jobs(const Context& context);          // in the background
Findings check_changes(const Context& context);       // of runs with --write
Findings check_surroundings(const Context& context);  // environment, clock, terminal

/// A backend's breaker and slots.
Findings check_breaker(const Context& context, const Candidate& candidate);
Findings check_slots(const Context& context, const Candidate& candidate);

}  // namespace delegate::inspect
