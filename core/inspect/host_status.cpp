#include "core/inspect/host_status.hpp"

#include <algorithm>

#include "core/state/survey.hpp"

namespace delegate::inspect {
namespace {

BackendStatus status_of(const Engine& engine, const std::string& name, const BackendSettings& settings) {
  BackendStatus out{.name = name,
                    .kind = settings.kind,
                    .enabled = settings.enabled,
                    .threshold = settings.breaker.threshold,
                    .cooldown = settings.breaker.cooldown,
                    .slots_max = settings.max_parallel};
  const auto candidate = find_candidate(engine, name);
  if (candidate) {
    out.path = candidate->where;
    out.reports_quota = candidate->backend->reports_quota();
    if (candidate->backend->is_process()) out.installed = true;
  } else if (candidate.error().reason == UnavailableReason::not_installed) {
    out.installed = false;
  } else {
    out.is_login_unset = candidate.error().reason == UnavailableReason::login_unset;
  }
  return out;
}

void add_state(BackendStatus& out, const BackendState& state, const BreakerPolicy& policy, const HostTime& now,
               const Breakers& breakers) {
  out.breaker = view(state.breaker, policy, now);
  out.is_manual = state.breaker.manual || state.breaker.state == BreakerState::forced_open;
  out.trips = state.breaker.trips;
  out.last_failure = state.breaker.last_failure;
  for (const SlotLease& slot : state.slots)
    if (remaining(slot.span, now) > milliseconds(0) && !breakers.is_dead(slot.owner)) ++out.slots_used;
  for (const SlotLease& place : state.waiting)
    if (remaining(place.span, now) > milliseconds(0) && !breakers.is_dead(place.owner)) ++out.waiting;
  // The next call takes over the lease of a dead prober.
  if (out.breaker.state == BreakerState::half_open && state.breaker.probe &&
      breakers.is_dead(state.breaker.probe->owner))
    out.breaker.retry_after = milliseconds(0);
}

GuardStatus status_of(const std::string& name, const GuardState& state, const HostTime& now) {
  const auto& last = state.breaker.last_failure;
  return {.name = name,
          .breaker = view(state.breaker, {}, now),
          .failures = state.failures,
          .skipped = state.skipped,
          .last_error = last ? last->message : ""};
}

void add_notifications(HostStatus& status, const Result<NotificationRows>& rows) {
  if (!rows) {
    status.notifications_problem = rows.error().what;
    return;
  }
  const auto is_over = [&](const NotificationRow& row) {  // a window that has ended, before a call has said so
    return row.kind == "quota" && row.retry_at && *row.retry_at <= status.now;
  };
  for (const NotificationRow& row : *rows)
    if (row.severity != NotificationSeverity::info && !row.acknowledged_at && !is_over(row))
      status.unacknowledged.insert(status.unacknowledged.begin(), row);
  status.pending = static_cast<int>(std::count_if(rows->begin(), rows->end(), is_outstanding));
}

void add_queue(HostStatus& status, const Result<QueueSurvey>& queue, const Breakers& breakers) {
  if (!queue) {
    status.queue.problem = queue.error().what;
    return;
  }
  status.queue.waiting = queue->counts.waiting;
  for (const JobRow& job : queue->running)
    if (job.state == JobRow::State::running && !breakers.is_dead(job.owner)) ++status.queue.running;
}

void add_problem(StateStore::Description& store, const Error* error) {
  if (error == nullptr) return;
  store.ok = false;
  if (store.problem.empty()) store.problem = error->what;
}

}  // namespace

HostStatus status_of(const Engine& engine, SurveyDepth depth) {
  const Config& config = engine.config;
  HostStatus status{.now = engine.clock.now().wall};
  if (engine.store != nullptr) status.store = engine.store->describe();
  else status.store = {.kind = config.state.store, .path = engine.store_path};
  const Survey survey = engine.store != nullptr ? engine.store->survey(depth)
                                                : unreadable_survey({Code::unavailable, engine.breakers.trouble(), {}});
  const auto& reading = survey.states;
  status.is_readable = reading.has_value();
  add_problem(status.store, reading ? nullptr : &reading.error());
  add_problem(status.store, survey.writable ? nullptr : &survey.writable.error());
  add_notifications(status, survey.notifications);
  add_queue(status, survey.queue, engine.breakers);
  // A trip must be recorded there, or no breaker opens.
  add_problem(status.store, reading && !survey.notifications ? &survey.notifications.error() : nullptr);
  if (reading)
    for (const auto& [name, guard] : reading->guards)
      if (guard.failures > 0) status.guards.push_back(status_of(name, guard, reading->now));
  std::vector<AttemptRow> last;
  if (engine.ledger != nullptr && reading) last = engine.ledger->last_attempts().value_or(std::vector<AttemptRow>{});
  for (const std::string& name : config.candidates()) {
    const BackendSettings& settings = *config.backend(name);
    BackendStatus backend = status_of(engine, name, settings);
    if (reading)
      if (const auto known = reading->backends.find(name); known != reading->backends.end()) {
        add_state(backend, known->second, policy_of(settings.breaker, config.grace), reading->now, engine.breakers);
        backend.quota = quota_status(known->second.quota, settings, reading->now.wall);
      }
    for (const AttemptRow& attempt : last)
      if (attempt.backend == name) backend.last_attempt = attempt;
    status.backends.push_back(std::move(backend));
  }
  return status;
}

}  // namespace delegate::inspect
