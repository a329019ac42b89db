#pragma once
#include <string>

#include "core/base/redact.hpp"
#include "core/os/clock.hpp"
#include "core/os/file.hpp"
#include "core/run/backend.hpp"
#include "core/run/breakers.hpp"
#include "core/run/guards.hpp"

namespace delegate {

/// What all runs of this process share. Built once at startup; everything it points to must outlive it.
struct Engine {
  const Config& config;
  FindBackend find_backend;
  Breakers& breakers;
  Guards& guards;
  Ledger* ledger;  // null: the store could not be opened
  const Clock& clock;
  Environment environment;
  Path scratch;  // directory for the private files of calls
  Redactor redact;
  StateStore* store = nullptr;  // null: it could not be opened, see Breakers::trouble
  std::string store_path = {};  // of the file, also when it could not be opened; empty: there is no place for one

  /// The queue of background runs; null if there is no store, or one that ends with its process.
  Jobs* jobs() const { return store == nullptr ? nullptr : store->jobs(); }
};

/// A backend, or one login of it, that can be called: its settings, its kind, and where it is.
struct Candidate {
  std::string name;  // of the backend, or of its login: "claude@work"
  const Backend* backend = nullptr;
  Task task;          // without the prompt
  std::string where;  // executable or URL, for display
  std::string peer;   // see BackendState
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
  std::string variable = {};  // with login_unset: the variable that the login needs and that is not set
};
std::string message_of(const Unavailable& unavailable);

/// Looks up where `name` is on this machine, without starting anything. A backend with several logins is also found by
/// its own name, which is enough to inspect its executable; its calls are made with one of Config::candidates.
tl::expected<Candidate, Unavailable> find_candidate(const Engine& engine, const std::string& name);

/// The nesting depth of the processes that this one starts, from DELEGATE_DEPTH. An error if it must not start any.
Result<int> next_depth(const Engine& engine);

/// Begins the mark of each attempt of a run. Inside another run the outer mark comes first.
std::string run_tag(const Engine& engine, const std::string& run_id);
/// Marks the processes of one attempt, as their DELEGATE_RUN_ID: "RUN_TAG.1".
std::string process_tag(const Engine& engine, const std::string& run_id, int attempt);

/// The request for a permit for one call to this candidate. The executable is looked at now, not when the candidate was
/// found: one that was updated since then would otherwise pass for a new one, which starts with a closed breaker.
AdmissionRequest admission_request(const Engine& engine, const Candidate& candidate, ProbeTime probe_time);

}  // namespace delegate
