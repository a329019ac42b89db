#include "cli/render/quota.hpp"
#include "cli/render/render.hpp"

#include <algorithm>
#include <tuple>

#include "core/base/duration.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {

namespace {

/// What is not there has no breaker that could say more.
bool is_missing(const BackendStatus& backend) {
  return backend.installed == false && backend.breaker.state == BreakerState::closed;
}

std::string state_text(const BackendStatus& backend, bool painted) {
  if (!backend.enabled) return "off";
  if (is_missing(backend)) return "-";
  switch (backend.breaker.state) {
    case BreakerState::closed: return in_colour("32", "closed", painted);
    case BreakerState::open: return in_colour("31", "open", painted);
    case BreakerState::half_open: return in_colour("33", "half-open", painted);
    case BreakerState::forced_open: return in_colour("31", "forced open", painted);
    case BreakerState::disabled: return in_colour("33", "disabled", painted);
  }
  return {};
}

std::string limit_text(const BackendStatus& backend, milliseconds now) {
  const milliseconds slow = *backend.breaker.limit_probe_in;
  std::string until = until_text(backend.breaker.retry_after, now);
  if (slow >= backend.breaker.retry_after) return until;
  return until + (slow > milliseconds(0) ? ", limit probe in " + format_wait(slow) : ", next call checks the limit");
}

std::string next_text(const BackendStatus& backend, milliseconds now) {
  if (is_missing(backend)) return "not installed";
  const auto wait = format_wait(backend.breaker.retry_after);
  const bool waits = backend.breaker.retry_after > milliseconds(0);
  switch (backend.breaker.state) {
    case BreakerState::open:
      if (backend.is_manual && waits) return "tripped manually " + until_text(backend.breaker.retry_after, now);
      return backend.breaker.limit_probe_in ? limit_text(backend, now) : "probe in " + wait;
    case BreakerState::half_open: return waits ? "probe running" : "next call probes";
    case BreakerState::forced_open: return "tripped manually until `breaker reset`";
    case BreakerState::disabled: return "not counting";
    case BreakerState::closed: break;
  }
  return std::to_string(backend.breaker.failures) + " of " + std::to_string(backend.threshold) + " failures";
}

std::string failure_text(const LastFailure& failure, milliseconds now) {
  return std::string(words_for(failure.outcome)) + " " + format_took(std::max(now - failure.at, milliseconds(0))) +
         " ago: " + one_line(failure.message, 100);
}

/// The failure that explains the breaker is not the last attempt of a run: it was seen by a ping or a health check, all
/// attempts since then were limit probes, or it took several attempts.
bool explains_breaker(const BackendStatus& backend) {
  const auto& [failure, last] = std::tie(backend.last_failure, backend.last_attempt);
  const bool counts = backend.breaker.state != BreakerState::closed || backend.breaker.failures > 0;
  if (!failure || !counts) return false;
  if (failure->outcome == kRejectsRequests) return true;  // no single attempt says so
  return backend.breaker.limit_probe_in || !last || failure->at > last->started_at + last->took;
}

std::string last_text(const BackendStatus& backend, milliseconds now) {
  if (is_missing(backend) && !backend.last_attempt) return "";
  if (backend.installed == false && !is_missing(backend)) return "not installed";
  if (explains_breaker(backend)) return failure_text(*backend.last_failure, now);
  if (!backend.last_attempt) return backend.enabled ? "never called" : "";
  const AttemptRow& last = *backend.last_attempt;
  const auto ago = std::max(now - last.started_at - last.took, milliseconds(0));
  std::string text = std::string(words_for(last.outcome)) + " " + format_took(ago) + " ago";
  const auto outcome = outcome_named(last.outcome);
  if (!last.message.empty() && !(outcome && is_answer(*outcome))) text += ": " + one_line(last.message, 60);
  return text;
}

std::string guard_next(milliseconds retry_after) {
  constexpr milliseconds kYear{366LL * 24 * 3'600'000};
  if (retry_after > kYear) return "after a reset";
  return retry_after == milliseconds(0) ? "now" : "in " + format_wait(retry_after);
}

/// The newest three unacknowledged notifications; empty if there are none.
std::string unacknowledged_text(const NotificationRows& rows) {
  constexpr std::size_t kMost = 3;
  std::string text = rows.empty() ? "" : "\n";
  for (std::size_t i = 0; i < std::min(rows.size(), kMost); ++i) {
    text += (rows[i].severity == NotificationSeverity::critical ? "!! " : "! ") + one_line(rows[i].title, 160);
    text += (rows[i].count > 1 ? " (x" + std::to_string(rows[i].count) + ")" : "") + "\n";
  }
  if (rows.size() > kMost) text += "! and " + std::to_string(rows.size() - kMost) + " more\n";
  return text;
}

bool is_tripped(const BackendStatus& backend) {
  return backend.breaker.state == BreakerState::open || backend.breaker.state == BreakerState::forced_open;
}

/// The one thing to do now; empty: all is well.
std::string next_step(const HostStatus& status) {
  const auto any = [&](const auto& is_so) {
    return std::any_of(status.backends.begin(), status.backends.end(), is_so);
  };
  const auto tripped = std::find_if(status.backends.begin(), status.backends.end(), is_tripped);
  if (!status.store.ok) return "`delegate doctor` finds out what is wrong with the state";
  if (!any([](const auto& one) { return one.enabled && (one.installed.value_or(false) || one.last_attempt); }))
    return "`delegate doctor` shows what is installed, and how to install more";
  if (!status.unacknowledged.empty()) return "`delegate notifications` says what to do";
  if (tripped != status.backends.end()) return "`delegate ping " + tripped->name + "` checks whether it works again";
  if (!any([](const auto& one) { return one.last_attempt.has_value(); })) return "`delegate ask \"...\"`";
  return {};
}

}  // namespace

std::string to_text(const HostStatus& status, bool painted, int columns) {
  std::vector<std::vector<std::string>> rows{{"BACKEND", "BREAKER", "DETAIL", "SLOTS", "LAST"}};
  for (const BackendStatus& backend : status.backends)
    rows.push_back({backend.name, state_text(backend, painted), backend.enabled ? next_text(backend, status.now) : "",
                    std::to_string(backend.slots_used) + "/" + std::to_string(backend.slots_max) +
                        (backend.waiting > 0 ? " +" + std::to_string(backend.waiting) : std::string()),
                    last_text(backend, status.now)});
  const std::string quota = quota_lines(status.backends, {.now = status.now, .painted = painted});
  std::string out = table(rows, columns) + (quota.empty() ? "" : "\n" + quota) + "\nstate: " + status.store.kind;
  if (!status.store.path.empty()) out += " " + status.store.path;
  if (!status.store.ok) out += " (unusable: " + status.store.problem + ")";
  out += "\n";
  std::vector<GuardStatus> open = status.guards;
  std::erase_if(open, [](const GuardStatus& guard) { return guard.breaker.state == BreakerState::closed; });
  if (!open.empty()) out += "\n" + to_text(open);
  out += unacknowledged_text(status.unacknowledged);
  const std::string next = next_step(status);
  if (next.empty()) return out;
  return out + (status.unacknowledged.empty() ? "\n" : "") + "next: " + next + "\n";
}

std::string to_text(const std::vector<GuardStatus>& guards) {
  std::vector<std::vector<std::string>> rows{{"GUARD", "STATE", "NEXT", "FAILURES", "SKIPPED", "LAST ERROR"}};
  for (const GuardStatus& guard : guards) {
    const bool closed = guard.breaker.state == BreakerState::closed;
    rows.push_back({guard.name, closed ? "closed" : "open", closed ? "" : guard_next(guard.breaker.retry_after),
                    std::to_string(guard.failures), std::to_string(guard.skipped), one_line(guard.last_error, 80)});
  }
  return guards.empty() ? std::string() : table(rows);
}

std::string breakers_to_text(const HostStatus& status, bool painted) {
  std::vector<std::vector<std::string>> rows{{"BACKEND", "BREAKER", "DETAIL", "TRIPS", "LAST FAILURE"}};
  for (const BackendStatus& backend : status.backends) {
    std::string last = "none";
    if (backend.last_failure)
      last = std::string(words_for(backend.last_failure->outcome)) + ": " + one_line(backend.last_failure->message, 80);
    rows.push_back({backend.name, state_text(backend, painted), backend.enabled ? next_text(backend, status.now) : "",
                    std::to_string(backend.trips), last});
  }
  return table(rows);
}

}  // namespace delegate::cli
