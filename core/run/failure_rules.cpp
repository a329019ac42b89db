#include "core/run/failure_rules.hpp"

#include "core/base/text.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {

std::optional<Failure> configured_failure(const BackendSettings& settings, std::string_view text) {
  for (std::size_t i = 0; i < settings.failures.size(); ++i) {
    const FailureRule& rule = settings.failures[i];
    if (!matches(rule.match, text)) continue;
    Failure failure{.outcome = outcome_named(rule.outcome).value_or(Outcome::exited_nonzero),
                    .message = one_line(text)};
    failure.retry_after = stated_wait(failure.message);
    failure.evidence =
        "backends." + candidate_name(settings.name).backend + ".failures[" + std::to_string(i) + "]: " + rule.match;
    return failure;
  }
  return std::nullopt;
}

bool apply_rules(const BackendSettings& settings, std::initializer_list<std::string_view> texts, Failure& failure) {
  for (const std::string_view text : texts) {
    auto known = configured_failure(settings, text);
    if (!known) continue;
    if (known->outcome != failure.outcome) failure.hint.clear();  // it is about the other outcome
    failure.outcome = known->outcome;
    if (!failure.retry_after && !failure.retry_at) failure.retry_after = known->retry_after;
    failure.is_callers_own = false;
    failure.is_recognised = true;
    failure.evidence = std::move(known->evidence);
    return true;
  }
  return false;
}

}  // namespace delegate
