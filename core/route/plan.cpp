#include "core/route/plan.hpp"

#include <algorithm>

namespace delegate {
namespace {

std::vector<std::string> candidates(const RouteQuestion& question) {
  if (question.requested != "auto") return {question.requested};
  return !question.heavy && !question.order_light.empty() ? question.order_light : question.order;
}

}  // namespace

RoutePlan plan_route(const RouteQuestion& question, const std::function<Presence(const std::string&)>& presence) {
  RoutePlan plan;
  const auto consider = [&](const std::string& name, bool last_resort) {
    const Presence found = presence(name);
    if (found == Presence::usable) plan.steps.push_back({name, last_resort});
    else if (std::none_of(plan.skips.begin(), plan.skips.end(), [&](const auto& skip) { return skip.backend == name; }))
      plan.skips.push_back({name, found});
  };
  for (const std::string& name : candidates(question)) consider(name, false);
  if (!question.fallback || question.local.empty()) return plan;
  if (!plan.steps.empty() && plan.steps.back().backend == question.local) plan.steps.back().last_resort = true;
  else consider(question.local, true);
  return plan;
}

}  // namespace delegate
