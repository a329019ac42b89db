#include "core/run/engine.hpp"

#include <sys/stat.h>

#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLeaseMargin{30'000};  // for stopping, reaping and recording after the call's own timeout

/// Which file this executable is now; a reinstalled CLI is another one.
std::string identity_of(const std::string& executable) {
  struct stat facts {};
  if (::stat(executable.c_str(), &facts) != 0) return executable;
  return executable + "\n" + std::to_string(facts.st_ino) + "/" + std::to_string(facts.st_size) + "/" +
         std::to_string(facts.st_mtim.tv_sec);
}

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

tl::expected<Candidate, Absence> find_candidate(const Engine& engine, const std::string& name) {
  const BackendSettings* settings = engine.config.backend(name);
  if (settings == nullptr) return tl::unexpected(Absence::unknown);
  const Backend* backend = engine.find_backend(settings->kind);
  if (backend == nullptr) return tl::unexpected(Absence::unknown);
  if (!settings->enabled) return tl::unexpected(Absence::disabled);
  Candidate candidate{.backend = backend};
  candidate.task.settings = *settings;
  candidate.task.model = settings->model;
  candidate.task.environment = engine.environment;
  if (!backend->is_process()) {
    candidate.endpoint = backend->endpoint(candidate.task);
    return candidate;
  }
  auto executable = find_executable(settings->command.front(), value_of(engine.environment, "PATH"));
  if (!executable) return tl::unexpected(Absence::not_installed);
  candidate.task.executable = *std::move(executable);
  candidate.endpoint = identity_of(candidate.task.executable);
  return candidate;
}

Applicant applicant_for(const Engine& engine, const Candidate& candidate, ProbeTime probe_time) {
  const BackendSettings& settings = candidate.task.settings;
  return {.backend = settings.name,
          .policy = policy_of(settings.breaker, engine.config.grace),
          .max_parallel = settings.max_parallel,
          .lease = settings.timeout + kLeaseMargin,
          .endpoint = candidate.endpoint,
          .probe_time = probe_time};
}

std::string hint_for(const Candidate& candidate, Outcome outcome) {
  if (std::string own = candidate.backend->hint(outcome, candidate.task); !own.empty()) return own;
  const std::string& name = candidate.task.settings.name;
  switch (outcome) {
    case Outcome::timed_out:
    case Outcome::timed_out_active: return "raise backends." + name + ".timeout if it needs longer";
    case Outcome::idle_timed_out:
      return "see whether `" + name + "` starts by hand; else raise backends." + name + ".idle_timeout";
    case Outcome::model_rejected: return "choose another with --model, or clear backends." + name + ".model";
    case Outcome::spawn_failed: return "check backends." + name + ".command";
    case Outcome::killed_by_signal: return "see `dmesg` for the kernel's out-of-memory killer";
    default: return {};
  }
}

}  // namespace delegate
