#include "core/run/no_answer.hpp"

#include <algorithm>

#include "core/run/hints.hpp"

namespace delegate {
namespace {

/// It was found missing only when it was called: treated like a backend that was skipped for that.
bool is_missing(const Attempt& attempt) { return attempt.outcome == Outcome::not_installed; }

bool is_missing(const Skip& skip) {
  return skip.reason == SkipReason::not_installed || skip.reason == SkipReason::disabled;
}

bool nothing_is_installed(const RunResult& result) {
  return !result.skips.empty() &&
         std::all_of(result.skips.begin(), result.skips.end(), [](const Skip& skip) { return is_missing(skip); }) &&
         std::all_of(result.attempts.begin(), result.attempts.end(), [](const Attempt& attempt) {
           return is_missing(attempt) || attempt.outcome == Outcome::unreachable;
         });
}

Outcome outcome_of(const NoAnswerFacts& facts) {
  const RunResult& result = facts.result;
  if (facts.blocked) return Outcome::blocked;
  if (facts.cancelled) return Outcome::cancelled;
  if (facts.refusal != nullptr)
    return facts.refusal->reason == WriterRefusal::Reason::directory_in_use ? Outcome::directory_in_use
                                                                            : Outcome::no_slot;
  const bool was_late = facts.deadline_passed && result.attempts.empty();  // recording the files took all of the time
  if (!was_late && nothing_is_installed(result)) return Outcome::not_installed;
  if (facts.deadline_passed) return Outcome::deadline_passed;
  const auto last = std::find_if_not(result.attempts.rbegin(), result.attempts.rend(),
                                     [](const Attempt& attempt) { return is_missing(attempt); });
  return last != result.attempts.rend() ? last->outcome : outcome_of_skips(result.skips);
}

/// The only one that was skipped, or that could answer if its quota were not kept back.
const Skip* the_one_of(const std::vector<Skip>& skips) {
  if (skips.size() == 1) return &skips.front();
  const Skip* only = nullptr;
  for (const Skip& skip : skips) {
    if (!is_held_back(skip.reason)) continue;
    if (only != nullptr) return nullptr;
    only = &skip;
  }
  return only;
}

std::string hint_for_skips(const NoAnswerFacts& facts, Outcome outcome) {
  const Skip* one = the_one_of(facts.result.skips);
  const bool is_meant = one != nullptr && (facts.result.requested_backend != kAuto || is_held_back(one->reason));
  if (is_meant && outcome != Outcome::deadline_passed && facts.named_skip_hint) return *facts.named_skip_hint;
  return std::string(hint_for_no_backend(outcome));
}

std::string unset_logins(const std::vector<Skip>& skips) {
  std::string text;
  for (const Skip& skip : skips)
    if (skip.reason == SkipReason::login_unset) text += (text.empty() ? "" : "; ") + skip.backend + ": " + skip.message;
  return text;
}

NoAnswer not_installed(const NoAnswerFacts& facts) {
  const RunResult& result = facts.result;
  const bool by_name = result.requested_backend != kAuto;
  return {.outcome = Outcome::not_installed,
          .message = by_name ? result.requested_backend + " is not installed or not enabled"
                             : "no backend is installed or running here",
          .hint = by_name && !result.attempts.empty() ? result.attempts.back().hint
                                                      : hint_for_skips(facts, Outcome::not_installed)};
}

/// The messages of all attempts, and the first hint among them.
void add_attempts(const NoAnswerFacts& facts, NoAnswer& why) {
  for (const Attempt& attempt : facts.result.attempts) {
    if (is_missing(attempt)) continue;  // no reason why the others gave no answer
    if (!why.message.empty()) why.message += "; ";
    Attempt shown = attempt;
    if (attempt.number == facts.broken_attempt) shown.message.insert(0, "broke off in the middle of its answer: ");
    if (facts.result.change.is_isolated) shown.may_have_written = false;
    why.message += failure_words(shown);
    if (why.hint.empty()) why.hint = attempt.hint;
  }
  if (facts.broken_attempt != 0) why.hint = hint_for_broken_answer();
  if (!facts.result.half_change.parts.empty() && why.hint.empty()) why.hint = hint_for_half_change();
  for (const std::string& backend : facts.result.still_probing)
    why.message += (why.message.empty() ? "" : "; ") + backend + ": its probe is still running";
}

/// Without a stated end it is kept back by calls that are under way, which end soon.
bool is_free_earlier(const Skip& one, const Skip& other) {
  return other.until && (!one.until || *one.until < *other.until);
}

/// Of those that are kept back, the one that is available again first.
const Skip* first_held_back(const std::vector<Skip>& skips) {
  const Skip* first = nullptr;
  for (const Skip& skip : skips)
    if (is_held_back(skip.reason) && (first == nullptr || is_free_earlier(skip, *first))) first = &skip;
  return first;
}

/// "claude: kept for you: 12 % of the week left, until Tue 09:00". Empty: the outcome has another reason.
std::string held_back_words(const RunResult& result, Outcome outcome) {
  const Skip* first = first_held_back(result.skips);
  if (first == nullptr || to_string(first->reason) != to_string(outcome)) return {};
  const std::string why = first->backend + ": " + first->message;
  return result.requested_backend == kAuto ? "no backend is available right now: " + why : why;
}

std::string message_without_attempts(const NoAnswerFacts& facts, Outcome outcome) {
  if (outcome == Outcome::cancelled) return "cancelled";
  if (outcome == Outcome::deadline_passed) return "the deadline passed";
  if (outcome == Outcome::unauthenticated) return unset_logins(facts.result.skips);
  if (std::string why = held_back_words(facts.result, outcome); !why.empty()) return why;
  const std::string& requested = facts.result.requested_backend;
  if (outcome == Outcome::cannot_write)
    return requested == kAuto ? "no backend that is installed can change files" : requested + " cannot change files";
  return "no backend is available right now";
}

}  // namespace

Outcome outcome_of_skips(const std::vector<Skip>& skips) {
  using enum SkipReason;
  const auto any_is = [&](std::initializer_list<SkipReason> wanted) {
    return std::any_of(skips.begin(), skips.end(), [&](const Skip& skip) {
      return std::find(wanted.begin(), wanted.end(), skip.reason) != wanted.end();
    });
  };
  if (any_is({no_slot, state_locked, state_unusable})) return Outcome::no_slot;
  if (const Skip* first = first_held_back(skips); first != nullptr)
    return outcome_named(to_string(first->reason)).value();
  if (any_is({breaker_open, probe_running, tripped_manually})) return Outcome::breaker_open;
  if (any_is({login_unset})) return Outcome::unauthenticated;
  return any_is({cannot_write}) ? Outcome::cannot_write : Outcome::not_installed;
}

std::optional<std::string> named_skip_hint(const Engine& engine, const RunResult& result) {
  const Skip* skip = the_one_of(result.skips);
  const BackendSettings* settings = skip == nullptr ? nullptr : engine.config.backend(skip->backend);
  const Backend* backend = settings == nullptr ? nullptr : engine.find_backend(settings->kind);
  if (backend == nullptr) return std::nullopt;
  return hint_for(*backend, Task{.settings = *settings, .environment = engine.environment}, *skip);
}

std::string failure_words(const Attempt& attempt) {
  const std::string text = attempt.backend + ": " + attempt.message;
  if (!attempt.may_have_written) return text;
  return text + " (it may have changed " + words_for_files(attempt.written_files) + ")";
}

NoAnswer explain_no_answer(const NoAnswerFacts& facts) {
  NoAnswer why{.outcome = outcome_of(facts)};
  if (facts.blocked) return {why.outcome, facts.blocked->what, facts.blocked->hint};
  if (facts.refusal != nullptr && !facts.cancelled) return {why.outcome, facts.refusal->message, facts.refusal->hint};
  if (why.outcome == Outcome::not_installed) return not_installed(facts);
  add_attempts(facts, why);
  if (!why.message.empty()) return why;
  why.message = message_without_attempts(facts, why.outcome);
  if (why.outcome != Outcome::cancelled) why.hint = hint_for_skips(facts, why.outcome);
  return why;
}

}  // namespace delegate
