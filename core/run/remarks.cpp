#include "core/run/remarks.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/quota/words.hpp"
#include "core/run/change_remarks.hpp"
#include "core/run/hints.hpp"
#include "core/run/no_answer.hpp"

namespace delegate {
namespace {

std::string label(const Attempt& attempt) {
  return attempt.model.empty() ? attempt.backend : attempt.backend + "/" + attempt.model;
}

std::string reason_text(const Skip& skip) {
  switch (skip.reason) {
    case SkipReason::breaker_open: return "open, retry in " + format_wait(skip.retry_in.value_or(milliseconds(0)));
    case SkipReason::probe_running: return "half-open, a probe is running";
    case SkipReason::tripped_manually:
      return skip.retry_in ? "tripped manually, retry in " + format_wait(*skip.retry_in)
                           : "tripped manually, see `delegate breaker reset " + skip.backend + "`";
    case SkipReason::no_slot: return "no free slot";
    case SkipReason::reserved:
    case SkipReason::extra_billing:
    case SkipReason::budget_exhausted:
    case SkipReason::state_locked:
    case SkipReason::state_unusable: return skip.message;
    case SkipReason::not_installed:
      return skip.command.empty() ? "not installed" : "no such command: " + one_line(skip.command, 80);
    case SkipReason::disabled: return "disabled";
    case SkipReason::cannot_write: return "cannot change files";
    case SkipReason::login_unset: return "login not set up";
  }
  return {};
}

bool is_degraded_name(const RunResult& result) {
  return result.attempts.empty() && result.outcome == Outcome::breaker_open && result.skips.size() == 1;
}

/// What a call did to its copy is of no interest.
Attempt as_shown(Attempt attempt, const RunResult& result) {
  if (result.change.is_isolated) attempt.may_have_written = false;
  return attempt;
}

void explain_answer(const RunResult& result, Remarks& remarks) {
  std::vector<std::string> why;
  for (const Skip& skip : result.skips)
    if (is_news(skip)) why.push_back(describe(skip));
  for (const Attempt& attempt : result.attempts)
    if (!is_answer(attempt.outcome) && attempt.outcome != Outcome::cancelled)
      why.push_back(describe(as_shown(attempt, result)));
  for (const std::string& backend : result.still_probing) why.push_back(backend + " is slow (a probe, still running)");
  if (why.empty()) return;
  why.back() += "; answered by " + label(*result.answer);
  for (std::string& line : why) remarks.push_back({Remark::Kind::note, std::move(line)});
}

/// A failure that this program does not know yet: where to look, and what to send.
void explain_unknown(const RunResult& result, const Attempt& attempt, Remarks& remarks) {
  if (attempt.is_recognised || result.run_id.empty()) return;
  remarks.push_back({Remark::Kind::hint,
                     "this failure of " + attempt.backend + " was not recognised: `delegate runs " + result.run_id +
                         "` shows its last lines; please report them, so that the next version knows it",
                     !result.answer});
}

std::string seconds_of(const Skip& skip) {
  const auto wait = skip.retry_in.value_or(milliseconds(0));
  return std::to_string((wait.count() + 999) / 1000);
}

void explain_degraded_name(const RunResult& result, Remarks& remarks) {
  const Skip& skip = result.skips.front();
  const bool waits = skip.retry_in && skip.reason == SkipReason::breaker_open;
  remarks.push_back({Remark::Kind::degraded,
                     "[delegate:degraded] " + skip.backend +
                         (waits ? " skipped after repeated failures; retrying in ~" + seconds_of(skip) + " s."
                                : " skipped: " + reason_text(skip) + "."),
                     true});
  if (waits && !skip.message.empty())
    remarks.push_back({Remark::Kind::note, "its last failure: " + skip.message, true});
  if (!result.hint.empty()) remarks.push_back({Remark::Kind::hint, result.hint, true});
}

/// What a backend is kept back for stands in the run's own message.
bool is_said_by(const std::string& message, const Skip& skip) {
  return is_held_back(skip.reason) && message.find(skip.backend + ": " + skip.message) != std::string::npos;
}

/// The message, with each failure that it names in a line of its own.
std::vector<std::string> error_lines(const RunResult& result) {
  std::vector<std::string> lines;
  for (const Attempt& attempt : result.attempts)
    if (attempt.outcome != Outcome::not_installed) lines.push_back(failure_words(as_shown(attempt, result)));
  return join(lines, "; ") == result.message ? lines : std::vector{result.message};
}

/// Whoever cancels knows why, so no backend is named; what a call has changed is.
void explain_cancel(const RunResult& result, Remarks& remarks) {
  const auto& attempts = result.attempts;
  const bool was_in_call = std::any_of(attempts.begin(), attempts.end(),
                                       [](const Attempt& one) { return one.outcome == Outcome::cancelled; });
  remarks.push_back({Remark::Kind::error, was_in_call ? "cancelled" : result.message, true});
  for (const Attempt& attempt : attempts)
    if (attempt.may_have_written)
      remarks.push_back(
          {Remark::Kind::note, attempt.backend + " may have changed " + words_for_files(attempt.written_files), true});
  if (!result.half_change.parts.empty())
    remarks.push_back({Remark::Kind::hint, std::string(hint_for_half_change()), true});
}

void explain_failure(const RunResult& result, Remarks& remarks) {
  if (result.outcome == Outcome::cancelled) return explain_cancel(result, remarks);
  if (is_degraded_name(result)) return explain_degraded_name(result, remarks);
  for (std::string& line : error_lines(result)) remarks.push_back({Remark::Kind::error, std::move(line), true});
  for (const Attempt& attempt : result.attempts) explain_unknown(result, attempt, remarks);
  if (!result.hint.empty()) remarks.push_back({Remark::Kind::hint, result.hint, true});
  if (!result.half_change.parts.empty() && result.hint != hint_for_half_change())
    remarks.push_back({Remark::Kind::hint, std::string(hint_for_half_change()), true});
  for (const Skip& skip : result.skips)
    if (!is_said_by(result.message, skip)) remarks.push_back({Remark::Kind::note, describe(skip), true});
  for (const Attempt& attempt : result.attempts)
    if (attempt.outcome == Outcome::not_installed) remarks.push_back({Remark::Kind::note, describe(attempt), true});
}

}  // namespace

std::string describe(const Preference& preference) {
  const auto until = [&](const WindowView& window) {
    return window.ends_at ? " until " + moment_words(*window.ends_at, preference.at) : std::string();
  };
  const WindowView& own = preference.window;
  const WindowView& other = preference.before_window;
  if (preference.was_used_last)
    return preference.backend + " goes first: it was used last, and the lead of " + preference.before + " (" +
           left_percent_words(other) + " of its " + window_noun(other.name) + " left" + until(other) + ") is small";
  if (own.name.empty())
    return preference.backend + " goes first: " + preference.before + " has " + left_percent_words(other) + " of its " +
           window_noun(other.name) + " left" + until(other);
  const bool is_same = own.name == other.name;
  return preference.backend + " goes first: it has " + left_percent_words(own) + " of its " + window_noun(own.name) +
         " left" + until(own) + ", " + preference.before + " " + left_percent_words(other) +
         (is_same ? "" : " of its " + window_noun(other.name)) + until(other);
}

std::string extra_billing_words(const std::vector<WindowView>& windows, milliseconds now) {
  const auto full =
      std::find_if(windows.begin(), windows.end(), [](const WindowView& window) { return window.used >= 1; });
  if (full == windows.end()) return "billed extra";
  return "billed extra: its " + window_noun(full->name) + " is used up" +
         (full->ends_at ? " until " + moment_words(*full->ends_at, now) : "");
}

bool is_news(const Skip& skip) {
  if (skip.reason == SkipReason::not_installed) return !skip.command.empty();
  return skip.reason != SkipReason::disabled && skip.reason != SkipReason::cannot_write &&
         skip.reason != SkipReason::login_unset;
}

std::string describe_shortly(const Skip& skip) { return skip.backend + " skipped (" + reason_text(skip) + ")"; }

std::string describe(const Skip& skip) {
  std::string text = skip.backend + " skipped (" + reason_text(skip);
  const bool is_said = skip.reason == SkipReason::state_locked || skip.reason == SkipReason::state_unusable ||
                       skip.reason == SkipReason::tripped_manually || is_held_back(skip.reason);
  if (!skip.message.empty() && !is_said) text += ": " + skip.message;
  return text + ")";
}

std::string describe(const Attempt& attempt) {
  if (is_answer(attempt.outcome)) return label(attempt) + " answered after " + format_took(attempt.took);
  if (attempt.outcome == Outcome::not_installed)
    return describe({.backend = attempt.backend, .reason = SkipReason::not_installed, .message = attempt.message});
  return attempt.backend + " failed after " + format_took(attempt.took) + " (" +
         std::string(words_for(attempt.outcome)) + ": " + attempt.message + ")" +
         (attempt.may_have_written ? ", and may have changed " + words_for_files(attempt.written_files) : "");
}

bool is_degraded(const RunResult& result) {
  if (std::any_of(result.skips.begin(), result.skips.end(), is_news)) return true;
  return !result.answer || result.attempts.size() > 1 || !result.still_probing.empty();
}

Remarks explain(const RunResult& result) {
  Remarks remarks;
  const auto note = [&](std::string text) { remarks.push_back({Remark::Kind::note, std::move(text)}); };
  if (!result.answer) explain_failure(result, remarks);
  else explain_answer(result, remarks);
  for (const Attempt& attempt : result.attempts) {
    if (attempt.tripped)
      note(attempt.backend + " is skipped from now on (see `delegate status`)" +
           (attempt.hint.empty() || !result.answer ? "" : "; to fix it: " + attempt.hint));
    if (attempt.recovered) note(attempt.backend + " works again");
  }
  // Where another one answered, one line is enough until the breaker opens.
  for (const Attempt& attempt : result.attempts)
    if (result.answer && attempt.tripped) explain_unknown(result, attempt, remarks);
  for (const Attempt& probe : result.limit_probes)
    if (probe.recovered) note(probe.backend + " works again, earlier than announced");
  for (const std::string& warning : result.warnings) note(warning);
  explain_change(result.change, result.run_id, remarks);
  return remarks;
}

std::string line_of(const Remark& remark) {
  switch (remark.kind) {
    case Remark::Kind::degraded: return remark.text;
    case Remark::Kind::hint: return "hint: " + remark.text;
    case Remark::Kind::detail: return remark.text;
    case Remark::Kind::error:
    case Remark::Kind::note: break;
  }
  return "delegate: " + remark.text;
}

}  // namespace delegate
