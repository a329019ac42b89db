#include "core/run/next_chance.hpp"

#include <algorithm>
#include <array>

#include "core/run/budgets.hpp"
#include "core/run/check.hpp"

namespace delegate {
namespace {

/// For all local servers together: the caller waits for this.
constexpr milliseconds kServerTimeout{300};

/// Also a login of a backend is one that was tried if another login of it was.
bool was_part_of(const RunResult& result, const std::string& candidate) {
  const std::string backend = candidate_name(candidate).backend;
  const auto is_of_it = [&](const auto& one) { return candidate_name(one.backend).backend == backend; };
  return std::any_of(result.attempts.begin(), result.attempts.end(), is_of_it) ||
         std::any_of(result.skips.begin(), result.skips.end(), is_of_it);
}

class Chances {
 public:
  Chances(const Engine& engine, const StateStore::Snapshot& snapshot) : engine_(engine), snapshot_(snapshot) {}

  std::optional<milliseconds> earliest_retry(const RunResult& result) const {
    std::optional<milliseconds> earliest;
    const auto note = [&](milliseconds at) { earliest = std::min(at, earliest.value_or(at)); };
    const auto consider = [&](const std::string& name) {
      const auto candidate = find_candidate(engine_, name);
      const auto refused = candidate ? refusal_of(*candidate, {}) : std::nullopt;
      if (!refused || refused->retry_in.value_or(milliseconds(0)) <= milliseconds(0)) return;
      note(snapshot_.now.wall + *refused->retry_in);
    };
    for (const Attempt& attempt : result.attempts) consider(attempt.backend);
    for (const Skip& skip : result.skips) {
      if (!is_held_back(skip.reason)) consider(skip.backend);
      else if (skip.until) note(*skip.until);
    }
    return earliest;
  }

  /// The first of `auto` that was no part of the run.
  std::string who_answers(Request request, const RunResult& result, const CancelToken& cancel) const {
    request.backend = kAuto;
    request.model.clear();
    request.session.clear();
    const PreparedAsk prepared = prepare_ask(engine_, std::move(request));
    // One that cannot be read refuses no call.
    const auto budgets = budget_states(engine_).value_or(std::vector<BudgetState>{});
    const Deadline patience = Deadline::in(kServerTimeout);
    for (const RouteStep& step : prepared.plan.steps) {
      const auto& here = prepared.candidates.at(step.backend);
      if (was_part_of(result, step.backend) || !here || refusal_of(here->candidate, here->reserve)) continue;
      if (is_used_up(budgets, engine_.config, step.backend)) continue;
      if (can_be_called(here->candidate, cancel, patience)) return candidate_name(step.backend).backend;
    }
    return {};
  }

 private:
  static bool can_be_called(const Candidate& candidate, const CancelToken& cancel, Deadline patience) {
    if (candidate.backend->is_process() || is_service(candidate)) return true;
    const ServerTrace server = find_server(candidate);
    if (server == ServerTrace::absent || server == ServerTrace::not_running) return false;
    const milliseconds left = patience.left().value_or(milliseconds(0));
    return left > milliseconds(0) && is_reachable(candidate, cancel, left);
  }

  std::optional<Skip> refusal_of(const Candidate& candidate, const std::vector<WindowShare>& reserve) const {
    AdmissionRequest wanted = admission_request(engine_, candidate, ProbeTime::when_due);
    wanted.reserve = reserve;
    return engine_.breakers.would_refuse(snapshot_, wanted);
  }

  const Engine& engine_;
  const StateStore::Snapshot& snapshot_;
};

}  // namespace

NextChance next_chance(const Engine& engine, const Request& request, const RunResult& result,
                       const CancelToken& cancel) {
  constexpr std::array kOfNoBackend{Outcome::cancelled, Outcome::blocked, Outcome::deadline_passed,
                                    Outcome::directory_in_use};
  if (std::find(kOfNoBackend.begin(), kOfNoBackend.end(), result.outcome) != kOfNoBackend.end()) return {};
  const auto snapshot = engine.breakers.read();
  if (!snapshot) return {};  // it may be what has failed; the run says that
  const Chances chances(engine, *snapshot);
  NextChance next{.retry_at = chances.earliest_retry(result), .continues = !request.session.empty()};
  if (!next.continues) next.who_answers = chances.who_answers(request, result, cancel);
  return next;
}

}  // namespace delegate
