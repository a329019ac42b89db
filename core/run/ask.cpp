#include "core/run/ask.hpp"

#include "core/base/text.hpp"
#include "core/run/run.hpp"

namespace delegate {

std::string slot_wait_words(const std::vector<std::string>& backends, int ahead) {
  const std::string calls = ahead == 1 ? " call" : " calls";
  return "waiting for a free slot of " + join(backends, " or ") +
         (ahead > 0 ? ", " + std::to_string(ahead) + calls + " before this one" : std::string());
}

std::string directory_wait_words(const std::string& other_run, const std::string& directory) {
  return "waiting for run " + other_run + ", which changes files in " + one_line(directory);
}

std::string breaker_wait_words(const std::vector<std::string>& backends) {
  return "waiting for the breaker of " + join(backends, " or ");
}

RunResult ask(const Engine& engine, PreparedAsk prepared, const CancelToken& cancel, Observer& observer) {
  Run run(engine, prepared, cancel, observer);
  auto attempts = std::make_unique<HedgedAttempts>(engine, cancel);
  if (!run.is_allowed() || !run.take_directory()) return run.finish(std::move(attempts));

  for (const Preference& preference : run.preferences()) observer.preferred(preference);
  do {
    for (const RouteStep& step : run.plan().steps) {
      if (!run.may_try(step)) continue;
      auto order = run.admit(step);
      if (!order) {
        if (auto background_probe = run.limit_probe(step)) attempts->start(*std::move(background_probe));
        continue;
      }
      const int latest = order->number;
      const Deadline hedge_at = run.hedge_delay(*order, step);
      attempts->start(*std::move(order));
      run.prepare_to_finish();
      // A probe that takes too long is left running, and the next candidate starts beside it.
      while (attempts->under_way(latest) && !run.is_decided()) {
        auto attempt = attempts->next(hedge_at.or_earlier(run.end_of_waiting(*attempts)), run);
        if (attempt) run.note(*std::move(attempt));
        else break;
      }
    }
    while (!run.is_decided()) {
      auto attempt = attempts->next(run.end_of_waiting(*attempts), run);
      if (!attempt) break;
      run.note(*std::move(attempt));
    }
  } while (run.wait_for_candidate() || run.begin_second_turns());
  return run.finish(std::move(attempts));
}

RunResult ask(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer) {
  return ask(engine, prepare_ask(engine, request), cancel, observer);
}

}  // namespace delegate
