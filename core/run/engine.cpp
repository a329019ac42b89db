#include "core/run/engine.hpp"

#include <optional>

#include "core/base/environment.hpp"
#include "core/os/process.hpp"
#include "core/run/outer_run.hpp"
#include "core/run/quota_report.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLeaseMargin{60'000};  // on top of the call's timeout: a repeated first try, writing rows

/// Reads the caller's variables and remembers the first that is not set.
struct VariableReader {
  const Environment& caller;
  std::string missing = {};

  std::string operator()(const std::string& name) {
    std::string value = variable_in(caller, name);
    if (value.empty() && missing.empty()) missing = name;
    return value;
  }
};

/// The login's variables as the child will see them. The error is the name of a variable that is needed but not set.
tl::expected<Environment, std::string> environment_of(const Login& login, const Environment& caller) {
  Environment out;
  VariableReader take{.caller = caller};
  for (const auto& [name, value] : login.env) {
    if (value.starts_with("$")) out[name] = take(value.substr(1));
    else if (value.starts_with("~/")) out[name] = take("HOME") + value.substr(1);
    else out[name] = value;
  }
  if (!take.missing.empty()) return tl::unexpected(take.missing);
  return out;
}

/// Identifies the login in the breaker's endpoint. As it is configured, not expanded: a secret's value must not get
/// into the state file.
std::string identity_of(const Login& login) {
  std::string text;
  for (const auto& [name, value] : login.env) text += "\n" + name + "=" + value;
  return text;
}

/// A URL without its path: one server may offer several APIs, each at its own path.
std::string server_of(const std::string& url) {
  const std::size_t host = url.find("://");
  return host == std::string::npos ? url : url.substr(0, url.find('/', host + 3));
}

/// See AdmissionRequest. Another server, or another file at the same place, starts with a closed breaker.
std::string endpoint_of(const Engine& engine, const Candidate& candidate) {
  const BackendSettings& settings = candidate.task.settings;
  if (!candidate.backend->is_process()) return settings.kind + "\n" + candidate.where;
  std::string endpoint = file_identity(candidate.task.executable);
  const std::string login_name = candidate_name(candidate.name).login;
  for (const Login& login : settings.logins)
    if (login.name == login_name) endpoint += engine.redact(identity_of(login));
  return endpoint;
}

}  // namespace

std::string message_of(const Unavailable& unavailable) {
  switch (unavailable.reason) {
    case UnavailableReason::unknown: return "is not configured";
    case UnavailableReason::disabled: return "is disabled";
    case UnavailableReason::not_installed: return "is not installed";
    case UnavailableReason::login_unset: break;
  }
  return unavailable.variable + " is not set, but this login needs it";
}

tl::expected<Candidate, Unavailable> find_candidate(const Engine& engine, const std::string& name) {
  const BackendSettings* settings = engine.config.backend(name);
  if (settings == nullptr) return tl::unexpected(Unavailable{UnavailableReason::unknown});
  const Backend* backend = engine.find_backend(settings->kind);
  if (backend == nullptr) return tl::unexpected(Unavailable{UnavailableReason::unknown});
  if (!settings->enabled) return tl::unexpected(Unavailable{UnavailableReason::disabled});
  Candidate candidate{.name = name, .backend = backend};
  candidate.task.settings = *settings;
  candidate.task.model = settings->model;
  candidate.task.environment = engine.environment;
  const std::string path = variable_in(engine.environment, "PATH");
  if (!backend->is_process()) {
    const std::string program(backend->server_program(candidate.task));
    if (!program.empty()) candidate.task.executable = find_executable(program, path).value_or(std::string());
    candidate.where = engine.redact(backend->endpoint(candidate.task));
    candidate.peer = server_of(candidate.where);
    return candidate;
  }
  auto executable = find_executable(settings->command.front(), path);
  if (!executable) return tl::unexpected(Unavailable{UnavailableReason::not_installed});
  candidate.task.executable = *std::move(executable);
  candidate.where = candidate.task.executable;
  candidate.peer = candidate.task.executable;
  const std::string login_name = candidate_name(name).login;
  for (const Login& login : settings->logins) {
    if (login.name != login_name) continue;
    auto environment = environment_of(login, engine.environment);
    if (!environment)
      return tl::unexpected(Unavailable{UnavailableReason::login_unset, std::move(environment).error()});
    candidate.task.login = *std::move(environment);
  }
  return candidate;
}

Result<int> next_depth(const Engine& engine) {
  const int limit = engine.config.router.max_depth;
  const std::optional<int> depth = depth_in(engine.environment);
  if (!depth)
    return fail(
        Code::permission_denied,
        "DELEGATE_DEPTH: '" + one_line(variable_in(engine.environment, "DELEGATE_DEPTH"), 40) + "' is not a number",
        "delegate sets it for the agents that it starts: unset it");
  if (*depth < limit) return *depth + 1;
  return fail(Code::permission_denied,
              "delegations are nested " + std::to_string(*depth) + " deep, the limit is " + std::to_string(limit),
              "an agent may be delegating to itself; raise router.max_depth if the nesting is intended");
}

std::string run_tag(const Engine& engine, const std::string& run_id) {
  const std::string outer = variable_in(engine.environment, std::string(kRunIdVariable));
  return outer.empty() ? run_id : outer + "/" + run_id;
}

std::string process_tag(const Engine& engine, const std::string& run_id, int attempt) {
  return run_tag(engine, run_id) + "." + std::to_string(attempt);
}

AdmissionRequest admission_request(const Engine& engine, const Candidate& candidate, ProbeTime probe_time) {
  const BackendSettings& settings = candidate.task.settings;
  return {.backend = candidate.name,
          .policy = policy_of(settings.breaker, engine.config.grace),
          .max_parallel = settings.max_parallel,
          .lease = settings.timeout + kLeaseMargin,
          .peer = candidate.peer,
          .endpoint = endpoint_of(engine, candidate),
          .probe_time = probe_time,
          .distrust = settings.changed_by.distrust,
          .model = candidate.task.model,
          .avoids_extra_billing = settings.overage == "avoid",
          .account_id = account_reader(candidate)};
}

}  // namespace delegate
