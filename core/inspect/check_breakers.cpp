#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/inspect/context.hpp"
#include "core/run/hints.hpp"

// Which backends are skipped and why, and which slots are in use.
namespace delegate::inspect {
namespace {

constexpr std::size_t kMostOwners = 4;

std::string last_failure_text(const Breaker& breaker) {
  if (!breaker.last_failure) return {};
  const LastFailure& last = *breaker.last_failure;
  return ": " + (last.message.empty() ? std::string(words_for(last.outcome)) : last.message);
}

std::string last_failure_in_brackets(const Breaker& breaker) {
  const std::string text = last_failure_text(breaker);
  return text.empty() ? text : " (last" + text + ")";
}

/// What to do about its last failure, and how to call it without waiting.
std::string fix_of(const Candidate& candidate, const Breaker& breaker) {
  const std::string reset = "`delegate breaker reset " + candidate.name + "` tries it again now";
  const auto outcome = breaker.last_failure ? outcome_named(breaker.last_failure->outcome) : std::nullopt;
  const std::string hint =
      outcome ? hint_for(*candidate.backend, candidate.task, Failure{.outcome = *outcome}) : std::string();
  return hint.empty() ? reset : hint + "; then " + reset;
}

Finding open(const Candidate& candidate, const Breaker& breaker, const BreakerView& seen) {
  const std::string reset = "delegate breaker reset " + candidate.name;
  const std::string wait = format_wait(seen.retry_after);
  if (breaker.manual)
    return {FindingSeverity::warning, candidate.name, "is skipped for " + wait + ": tripped manually", reset};
  if (seen.limit_probe_in)
    return {FindingSeverity::warning, candidate.name,
            "is skipped for " + wait + ", until its limit ends" + last_failure_text(breaker),
            "use another backend meanwhile; `" + reset + "` tries it now"};
  return {FindingSeverity::problem, candidate.name,
          "is skipped for " + wait + "; the next call after that tries it again" + last_failure_in_brackets(breaker),
          fix_of(candidate, breaker)};
}

Finding half_open(const Candidate& candidate, const Breaker& breaker, const BreakerView& seen) {
  if (seen.retry_after > milliseconds(0))
    return {FindingSeverity::note, candidate.name, "is being probed; other calls skip it"};
  return {FindingSeverity::note, candidate.name,
          "was skipped, and the next call probes it" + last_failure_text(breaker)};
}

}  // namespace

Findings check_breaker(const Context& context, const Candidate& candidate) {
  const auto known = context.states.backends.find(candidate.name);
  if (known == context.states.backends.end()) return {};
  const Breaker& breaker = known->second.breaker;
  const BackendSettings& settings = candidate.task.settings;
  const BreakerView seen = view(breaker, policy_of(settings.breaker, context.config().grace), context.states.now);
  switch (seen.state) {
    case BreakerState::open: return {open(candidate, breaker, seen)};
    case BreakerState::half_open: return {half_open(candidate, breaker, seen)};
    case BreakerState::forced_open:
      return {{FindingSeverity::warning, candidate.name, "is skipped until it is reset: tripped manually",
               "delegate breaker reset " + candidate.name}};
    case BreakerState::disabled:
      return {{FindingSeverity::note, candidate.name, "its breaker is disabled: failures do not count",
               "delegate breaker enable " + candidate.name}};
    case BreakerState::closed: break;
  }
  if (seen.failures == 0) return {};
  const std::string failed = seen.failures == 1 ? "once" : std::to_string(seen.failures) + " times in a row";
  return {{FindingSeverity::note, candidate.name,
           "has failed " + failed + "; it is skipped after " + std::to_string(settings.breaker.threshold) +
               (seen.failures == 1 ? " failures in a row" : "") + last_failure_in_brackets(breaker)}};
}

Findings check_slots(const Context& context, const Candidate& candidate) {
  const auto known = context.states.backends.find(candidate.name);
  if (known == context.states.backends.end()) return {};
  std::vector<std::string> owners;
  for (const SlotLease& slot : known->second.slots) {
    if (remaining(slot.span, context.states.now) == milliseconds(0)) continue;
    if (context.engine().breakers.is_dead(slot.owner)) continue;
    owners.push_back("process " + std::to_string(slot.owner.pid) + " for " +
                     format_took(elapsed(slot.span.since, context.states.now)));
  }
  if (owners.empty()) return {};
  const auto most = static_cast<std::size_t>(candidate.task.settings.max_parallel);
  const bool is_full = owners.size() >= most;
  std::string what = std::to_string(owners.size()) + " of " + std::to_string(most) + " slots in use: ";
  const std::size_t shown = std::min(owners.size(), kMostOwners);
  what += join({owners.data(), shown}, ", ");
  if (shown < owners.size()) what += " and " + std::to_string(owners.size() - shown) + " more";
  return {{is_full ? FindingSeverity::warning : FindingSeverity::note, candidate.name, what,
           is_full ? "wait, or raise backends." + candidate.task.settings.name + ".max_parallel" : ""}};
}

}  // namespace delegate::inspect
