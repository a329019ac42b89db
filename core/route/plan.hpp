#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Which backends to try, in which order, and why the others are skipped. Pure: facts in, plan out. The breaker decides
// later, when a candidate is tried, in one atomic step with taking the permit.
namespace delegate {

enum class Presence {
  usable,
  not_installed,
  disabled,
  cannot_write,  // it cannot change files, which the request needs
};

struct RouteQuestion {
  std::string requested;  // "auto" or a backend's name
  bool heavy = false;     // the task type is one of router.heavy_types
  bool fallback = false;
  std::vector<std::string> order;
  std::vector<std::string> order_light;
  std::string local;  // the last resort; empty: none
};

struct RouteStep {
  std::string backend;
  /// The local model at the end of the plan: if everything else is open or has failed, it is tried even though its
  /// breaker is open. It may also be an earlier step; the caller does not try it twice.
  bool last_resort = false;
  /// A second turn, once all others have failed, for one that was passed over because of its reserve: it may use it.
  bool ignores_reserve = false;

  bool operator==(const RouteStep&) const = default;
};
struct RouteSkip {
  std::string backend;
  Presence presence = Presence::disabled;

  bool operator==(const RouteSkip&) const = default;
};
struct RoutePlan {
  std::vector<RouteStep> steps;
  std::vector<RouteSkip> skips;
};

RoutePlan plan_route(const RouteQuestion& question, const std::function<Presence(const std::string&)>& presence);

}  // namespace delegate
