#pragma once
#include <string>

#include "core/base/redact.hpp"
#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/run/backend.hpp"
#include "core/run/breakers.hpp"
#include "core/run/guards.hpp"

namespace delegate {

/// What every run of this process shares. Built once at the edge; everything it points to outlives it.
struct Engine {
  const Config& config;
  FindBackend find_backend;
  Breakers& breakers;
  Guards& guards;
  Ledger* ledger;  // null: the store could not be opened
  const Clock& clock;
  Environment environment;
  Path scratch;  // for private files of calls
  Redactor redact;
};

/// A candidate that can be called: its settings, its way of talking, and where it is.
struct Candidate {
  std::string name;  // of the backend, or of its login: "claude@work"
  const Backend* backend = nullptr;
  Task task;             // without the prompt
  std::string where;     // executable or URL, for showing
  std::string peer;      // see BackendState
  std::string endpoint;  // place, newline, identity: see AdmissionRequest
};

enum class UnavailableReason {
  unknown,
  disabled,
  not_installed,
  login_unset,
};

/// Why a candidate cannot be called here.
struct Unavailable {
  UnavailableReason reason = UnavailableReason::unknown;
  std::string variable = {};  // with login_unset: the one that the login needs and that is not set
};
std::string message_of(const Unavailable& unavailable);

/// Looks up what `name` is on this machine. Spawns nothing. A backend with several logins is found by its own name as
/// well, for asking about its executable; its calls are made with one of Config::candidates.
tl::expected<Candidate, Unavailable> find_candidate(const Engine& engine, const std::string& name);

/// The nesting depth of what this process starts, from DELEGATE_DEPTH. An error says why it must not start anything.
Result<int> next_depth(const Engine& engine);

/// What a permit for one call at this candidate needs.
AdmissionRequest admission_request(const Engine& engine, const Candidate& candidate, ProbeTime probe_time);

}  // namespace delegate
