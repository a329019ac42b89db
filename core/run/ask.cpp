#include "core/run/ask.hpp"

#include "core/run/run.hpp"

namespace delegate {

RunResult ask(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer) {
  Run run(engine, request, cancel, observer);
  auto race = std::make_unique<Race>(engine, cancel);
  if (!run.is_allowed()) return run.finish(std::move(race));

  do {
    for (const RouteStep& step : run.plan().steps) {
      if (!run.may_try(step)) continue;
      auto order = run.admit(step);
      if (!order) {
        if (auto aside = run.slow_probe(step)) race->start(*std::move(aside));
        continue;
      }
      const int latest = order->number;
      const Deadline patience = run.patience(*order, step);
      race->start(*std::move(order));
      // A probe that takes too long is left running, and the next candidate starts beside it.
      while (race->under_way(latest) && !run.is_decided()) {
        auto attempt = race->next(patience.or_earlier(run.end_of_waiting(*race)), run);
        if (attempt) run.note(*std::move(attempt));
        else break;
      }
    }
    while (!run.is_decided()) {
      auto attempt = race->next(run.end_of_waiting(*race), run);
      if (!attempt) break;
      run.note(*std::move(attempt));
    }
  } while (run.waits_for_slot());
  return run.finish(std::move(race));
}

}  // namespace delegate
