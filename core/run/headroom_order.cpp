#include "core/run/headroom_order.hpp"

#include <algorithm>

#include "core/quota/pace.hpp"
#include "core/route/balance.hpp"

namespace delegate {
namespace {

using Steps = std::vector<RouteStep>;

/// What a step shares with its equals: the first name of their list, or the backend of which they are logins.
std::string group_of(const BackendOrder& order, const std::string& candidate) {
  std::string backend = candidate_name(candidate).backend;
  for (const auto& group : order.equals)
    if (std::find(group.begin(), group.end(), backend) != group.end()) return group.front();
  return backend;
}

/// The end of the steps from `first` on that are equals. The last resort keeps its place.
Steps::iterator end_of_equals(const BackendOrder& order, Steps::iterator first, Steps::iterator end) {
  const std::string group = group_of(order, first->backend);
  return std::find_if(
      first, end, [&](const RouteStep& step) { return step.last_resort || group_of(order, step.backend) != group; });
}

struct Figures {
  Equal equal;
  std::optional<WindowView> scarcest;
  std::optional<WindowView> reserved;  // the window of which less than its reserve is left
};

Figures figures_of(const PreparedAsk& ask, const StateStore::Snapshot& snapshot, const std::string& name) {
  Figures figures{.equal = {.name = name}};
  const auto& prepared = ask.candidates.at(name);
  const auto state = snapshot.backends.find(name);
  if (!prepared || state == snapshot.backends.end()) return figures;
  const std::string& model = prepared->candidate.task.model;
  const auto windows = current_windows(state->second.quota, snapshot.now.wall);
  figures.reserved = below_reserve(windows, prepared->reserve, model);
  figures.equal.is_reserved = figures.reserved.has_value();
  for (const WindowView& window : windows) {
    // A refresh reads the figures of all, whichever was used.
    if (window.source == "call") figures.equal.last_used = std::max(figures.equal.last_used, {window.heard_at});
    const auto room = headroom({window}, model, snapshot.now.wall);
    if (!room || (figures.equal.headroom && *figures.equal.headroom <= *room)) continue;
    figures.equal.headroom = room;
    figures.scarcest = window;
  }
  return figures;
}

std::optional<Preference> preference_among(const std::vector<Figures>& written, const std::string& first,
                                           milliseconds now) {
  const Figures& before = written.front();
  const auto preferred =
      std::find_if(written.begin(), written.end(), [&](const Figures& one) { return one.equal.name == first; });
  const auto& reason = before.reserved ? before.reserved : before.scarcest;
  if (before.equal.name == first || !reason) return std::nullopt;
  const bool leads = before.reserved || !before.equal.headroom || !preferred->equal.headroom ||
                     *preferred->equal.headroom > *before.equal.headroom;
  return Preference{first, preferred->scarcest.value_or(WindowView{}), before.equal.name, *reason, now, !leads};
}

void put_in_order(PreparedAsk& ask, const StateStore::Snapshot& snapshot, Steps::iterator first, Steps::iterator end) {
  std::vector<Figures> written;
  std::vector<Equal> equals;
  for (auto step = first; step != end; ++step) {
    written.push_back(figures_of(ask, snapshot, step->backend));
    equals.push_back(written.back().equal);
  }
  const std::vector<std::string> names = balanced(equals);
  for (std::size_t i = 0; i < names.size(); ++i) (first + static_cast<std::ptrdiff_t>(i))->backend = names[i];
  if (auto preference = preference_among(written, names.front(), snapshot.now.wall))
    ask.preferences.push_back(*std::move(preference));
}

}  // namespace

void put_equals_in_order(const Engine& engine, PreparedAsk& ask) {
  const RouterSettings& router = engine.config.router;
  if (router.balance != "headroom" || !ask.request.session.empty()) return;
  const BackendOrder& order = ask.is_heavy || router.order_light.names.empty() ? router.order : router.order_light;
  std::optional<StateStore::Snapshot> snapshot;
  Steps& steps = ask.plan.steps;
  for (auto first = steps.begin(); first != steps.end();) {
    const auto end = std::max(first + 1, end_of_equals(order, first, steps.end()));
    if (end - first > 1 && !snapshot) {
      auto reading = engine.breakers.read();
      if (!reading) return;
      snapshot = *std::move(reading);
    }
    if (end - first > 1) put_in_order(ask, *snapshot, first, end);
    first = end;
  }
}

}  // namespace delegate
