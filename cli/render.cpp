#include "cli/render.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

std::string label(const Attempt& attempt) {
  return attempt.model.empty() ? attempt.backend : attempt.backend + "/" + attempt.model;
}

std::string reason_text(const Skip& skip) {
  switch (skip.reason) {
    case SkipReason::breaker_open: return "open, retry in " + format_wait(skip.retry_in.value_or(milliseconds(0)));
    case SkipReason::probe_running: return "half-open, a probe is running";
    case SkipReason::tripped_manually:
      return skip.retry_in ? "tripped by hand, retry in " + format_wait(*skip.retry_in)
                           : "tripped by hand, see `delegate breaker reset " + skip.backend + "`";
    case SkipReason::no_slot: return "no free slot";
    case SkipReason::not_installed: return "not installed";
    case SkipReason::disabled: return "disabled";
    case SkipReason::login_unset: return "login not set up";
  }
  return {};
}

bool is_degraded_name(const RunResult& result) {
  return result.attempts.empty() && result.outcome == Outcome::breaker_open && result.skips.size() == 1;
}

void explain_answer(const Output& output, const RunResult& result) {
  std::vector<std::string> why;
  for (const Skip& skip : result.skips)
    if (is_news(skip)) why.push_back(describe(skip));
  for (const Attempt& attempt : result.attempts)
    if (!is_answer(attempt.outcome) && attempt.outcome != Outcome::cancelled) why.push_back(describe(attempt));
  for (const std::string& backend : result.still_probing) why.push_back(backend + " is slow (a probe, still running)");
  if (!why.empty()) output.note("delegate: " + join(why, "; ") + "; answered by " + label(*result.answer));
}

std::string seconds_of(const Skip& skip) {
  const auto wait = skip.retry_in.value_or(milliseconds(0));
  return std::to_string((wait.count() + 999) / 1000);
}

void explain_failure(const Output& output, const RunResult& result) {
  if (is_degraded_name(result)) {
    const Skip& skip = result.skips.front();
    const bool waits = skip.retry_in && skip.reason == SkipReason::breaker_open;
    output.note("[delegate:degraded] " + skip.backend +
                (waits ? " skipped after repeated failures; retrying in ~" + seconds_of(skip) + " s."
                       : " skipped: " + reason_text(skip) + "."));
    if (waits && !skip.message.empty()) output.note("delegate: its last failure: " + skip.message);
    if (!result.hint.empty()) output.note("hint: " + result.hint);
    return;
  }
  output.error({Code::unavailable, result.message, result.hint});
  for (const Skip& skip : result.skips) output.note("delegate: " + describe(skip));
  for (const Attempt& attempt : result.attempts)
    if (attempt.outcome == Outcome::not_installed) output.note("delegate: " + describe(attempt));
}

}  // namespace

bool is_news(const Skip& skip) {
  return skip.reason != SkipReason::not_installed && skip.reason != SkipReason::disabled &&
         skip.reason != SkipReason::login_unset;
}

std::string describe_shortly(const Skip& skip) { return skip.backend + " skipped (" + reason_text(skip) + ")"; }

std::string describe(const Skip& skip) {
  std::string text = skip.backend + " skipped (" + reason_text(skip);
  if (!skip.message.empty() && skip.reason != SkipReason::tripped_manually) text += ": " + skip.message;
  return text + ")";
}

std::string describe(const Attempt& attempt) {
  if (is_answer(attempt.outcome)) return label(attempt) + " answered after " + format_took(attempt.took);
  if (attempt.outcome == Outcome::not_installed)
    return describe({.backend = attempt.backend, .reason = SkipReason::not_installed, .message = attempt.message});
  return attempt.backend + " failed after " + format_took(attempt.took) + " (" +
         std::string(to_string(attempt.outcome)) + ": " + attempt.message + ")";
}

void explain_run(const Output& output, const RunResult& result, bool quiet) {
  if (!result.answer) explain_failure(output, result);
  if (quiet) return;
  if (result.answer) explain_answer(output, result);
  for (const Attempt& attempt : result.attempts) {
    if (attempt.tripped)
      output.note("delegate: " + attempt.backend + " is skipped from now on (see `delegate status`)" +
                  (attempt.hint.empty() || !result.answer ? "" : "; to mend it: " + attempt.hint));
    if (attempt.recovered) output.note("delegate: " + attempt.backend + " works again");
  }
  for (const Attempt& probe : result.limit_probes)
    if (probe.recovered) output.note("delegate: " + probe.backend + " works again, sooner than it said");
  for (const std::string& warning : result.warnings) output.note("delegate: " + warning);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  const auto width_of = [](std::string_view cell) {  // characters, not bytes, and without colours
    std::size_t width = 0;
    for (bool in_colour = false; const char c : cell) {
      if (c == '\033') in_colour = true;
      if (!in_colour && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
      if (c == 'm') in_colour = false;
    }
    return width;
  };
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

namespace {

std::string in_colour(const char* code, const char* text, bool painted) {
  return painted ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
}

std::string state_text(const BackendStatus& backend, bool painted) {
  if (!backend.enabled) return "off";
  switch (backend.breaker.state) {
    case BreakerState::closed: return in_colour("32", "closed", painted);
    case BreakerState::open: return in_colour("31", "open", painted);
    case BreakerState::half_open: return in_colour("33", "half-open", painted);
    case BreakerState::forced_open: return in_colour("31", "forced open", painted);
    case BreakerState::disabled: return in_colour("33", "disabled", painted);
  }
  return {};
}

/// "until 15:34 (3 h 34 m)"; with the day when it is not today.
std::string until_text(milliseconds wait, milliseconds now) {
  const auto shown = [](milliseconds moment, const char* format) {
    const auto seconds = static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(moment).count());
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 40> text{};
    return std::string(text.data(), std::strftime(text.data(), text.size(), format, &local));
  };
  // Rounded up: nothing is announced as over before it is. Not for a part of a second: limits end on the minute.
  const milliseconds end =
      std::chrono::ceil<std::chrono::minutes>(std::chrono::floor<std::chrono::seconds>(now + wait));
  const bool today = shown(end, "%F") == shown(now, "%F");
  return "until " + shown(end, today ? "%H:%M" : "%a %-d %b %H:%M");
}

std::string limit_text(const BackendStatus& backend, milliseconds now) {
  const milliseconds slow = *backend.breaker.slow_probe_in;
  std::string until = until_text(backend.breaker.retry_after, now);
  if (slow >= backend.breaker.retry_after) return until;
  return until + (slow > milliseconds(0) ? ", slow probe in " + format_wait(slow) : ", next call probes slowly");
}

std::string next_text(const BackendStatus& backend, milliseconds now) {
  const auto wait = format_wait(backend.breaker.retry_after);
  const bool waits = backend.breaker.retry_after > milliseconds(0);
  switch (backend.breaker.state) {
    case BreakerState::open: return backend.breaker.slow_probe_in ? limit_text(backend, now) : "probe in " + wait;
    case BreakerState::half_open: return waits ? "probe running" : "next call probes";
    case BreakerState::forced_open: return "until `breaker reset`";
    case BreakerState::disabled: return "not counting";
    case BreakerState::closed: break;
  }
  return std::to_string(backend.breaker.failures) + " of " + std::to_string(backend.threshold) + " failures";
}

std::string failure_text(const LastFailure& failure, milliseconds now) {
  return failure.outcome + " " + format_took(std::max(now - failure.at, milliseconds(0))) +
         " ago: " + one_line(failure.message, 100);
}

/// What the breaker stands on is no attempt of a run: a ping or a health check has found it, or the attempts since then
/// were slow probes.
bool explains_breaker(const BackendStatus& backend) {
  const auto& [failure, last] = std::tie(backend.last_failure, backend.last_attempt);
  const bool counts = backend.breaker.state != BreakerState::closed || backend.breaker.failures > 0;
  if (!failure || !counts) return false;
  return backend.breaker.slow_probe_in || !last || failure->at > last->started_at + last->took;
}

std::string last_text(const BackendStatus& backend, milliseconds now) {
  if (backend.installed == false) return "not installed";
  if (explains_breaker(backend)) return failure_text(*backend.last_failure, now);
  if (!backend.last_attempt) return backend.enabled ? "never called" : "";
  const AttemptRow& last = *backend.last_attempt;
  const auto ago = std::max(now - last.started_at - last.took, milliseconds(0));
  std::string text = last.outcome + " " + format_took(ago) + " ago";
  const auto outcome = outcome_named(last.outcome);
  if (!last.message.empty() && !(outcome && is_answer(*outcome))) text += ": " + one_line(last.message, 60);
  return text;
}

std::string guard_next(milliseconds retry_after) {
  constexpr milliseconds kYear{366LL * 24 * 3'600'000};
  if (retry_after > kYear) return "when it is reset";
  return retry_after == milliseconds(0) ? "now" : "in " + format_wait(retry_after);
}

/// What is still waiting to be seen, the newest three; nothing when there is nothing.
std::string unacknowledged_text(const NotificationRows& rows) {
  constexpr std::size_t kMost = 3;
  std::string text = rows.empty() ? "" : "\n";
  for (std::size_t i = 0; i < std::min(rows.size(), kMost); ++i) {
    text += (rows[i].severity == Severity::critical ? "!! " : "! ") + one_line(rows[i].title, 160);
    text += (rows[i].count > 1 ? " (x" + std::to_string(rows[i].count) + ")" : "") + "\n";
  }
  if (rows.size() > kMost) text += "! and " + std::to_string(rows.size() - kMost) + " more\n";
  return rows.empty() ? text : text + "see `delegate notifications`\n";
}

}  // namespace

std::string to_text(const HostStatus& status, bool painted) {
  std::vector<std::vector<std::string>> rows{{"BACKEND", "BREAKER", "NEXT", "SLOTS", "LAST"}};
  for (const BackendStatus& backend : status.backends)
    rows.push_back({backend.name, state_text(backend, painted), backend.enabled ? next_text(backend, status.now) : "",
                    std::to_string(backend.slots_used) + "/" + std::to_string(backend.slots_max),
                    last_text(backend, status.now)});
  std::string out = table(rows) + "\nstate: " + status.store.kind;
  if (!status.store.path.empty()) out += " " + status.store.path;
  if (!status.store.ok) out += " (cannot be used: " + status.store.problem + ")";
  out += "\n";
  std::vector<GuardStatus> open = status.guards;
  std::erase_if(open, [](const GuardStatus& guard) { return guard.breaker.state == BreakerState::closed; });
  if (!open.empty()) out += "\n" + to_text(open);
  return out + unacknowledged_text(status.unacknowledged);
}

std::string to_text(const std::vector<GuardStatus>& guards) {
  std::vector<std::vector<std::string>> rows{{"GUARD", "STATE", "NEXT", "FAILURES", "LEFT OUT", "LAST ERROR"}};
  for (const GuardStatus& guard : guards) {
    const bool closed = guard.breaker.state == BreakerState::closed;
    rows.push_back({guard.name, closed ? "closed" : "open", closed ? "" : guard_next(guard.breaker.retry_after),
                    std::to_string(guard.failures), std::to_string(guard.skipped), one_line(guard.last_error, 80)});
  }
  return guards.empty() ? std::string() : table(rows);
}

std::string breakers_to_text(const HostStatus& status, bool painted) {
  std::vector<std::vector<std::string>> rows{{"BACKEND", "BREAKER", "NEXT", "TRIPS", "LAST FAILURE"}};
  for (const BackendStatus& backend : status.backends) {
    std::string last = "none";
    if (backend.last_failure) last = backend.last_failure->outcome + ": " + one_line(backend.last_failure->message, 80);
    rows.push_back({backend.name, state_text(backend, painted), backend.enabled ? next_text(backend, status.now) : "",
                    std::to_string(backend.trips), last});
  }
  return table(rows);
}

std::string to_text(const std::vector<CheckRow>& rows) {
  std::vector<std::vector<std::string>> cells{{"BACKEND", "KIND", "STATE", "DETAIL", "WHERE"}};
  for (const CheckRow& row : rows) {
    std::string detail = row.detail;
    if (row.took) detail += (detail.empty() ? "" : ", ") + format_took(*row.took);
    cells.push_back({row.name, row.kind, row.state, detail, row.path});
  }
  std::string out = table(cells);
  for (const CheckRow& row : rows)
    if (!row.hint.empty()) out += "hint: " + row.name + ": " + row.hint + "\n";
  return out;
}

}  // namespace delegate::cli
