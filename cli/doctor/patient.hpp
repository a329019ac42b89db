#pragma once
#include "cli/doctor/finding.hpp"
#include "cli/host.hpp"
#include "cli/host_status.hpp"
#include "cli/render.hpp"

namespace delegate::cli::doctor {

/// How long anything that is started or connected to may take. The whole examination takes no longer.
inline constexpr milliseconds kPatience{3'000};

/// This host as it is examined; read once, looked at by several threads.
struct Patient {
  const World& world;
  const Result<Configured>& configured;
  const Host* host = nullptr;  // null: the configuration cannot be used
  HostStatus status = {};
  StateStore::Snapshot states = {};

  const Config& config() const { return configured->loaded.config; }
  const Engine& engine() const { return host->engine(); }
};

// The examinations. Each changes nothing, starts no more than `--version`, and asks no model anything.
Findings look_at_configuration(const Patient& patient);
Findings look_at_state(const Patient& patient);     // the store and its file
Findings look_at_backends(const Patient& patient);  // each with its login, breaker and slots
Findings look_at_jobs(const Patient& patient);      // in the background
Findings look_at_editors(const Patient& patient);
Findings look_at_surroundings(const Patient& patient);  // environment, clock, terminal

/// A backend's breaker and slots.
Findings look_at_breaker(const Patient& patient, const Candidate& candidate);
Findings look_at_slots(const Patient& patient, const Candidate& candidate);

}  // namespace delegate::cli::doctor
