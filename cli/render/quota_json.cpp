#include "cli/render/quota_json.hpp"

#include "cli/render/quota.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

void put_moment(OrderedJson& json, const char* key, const std::optional<milliseconds>& time) {
  if (time) json[key] = format_rfc3339(*time);
}

OrderedJson window_object(const WindowStatus& window) {
  const WindowView& view = window.view;
  OrderedJson json{{"name", view.name}, {"used", view.used}};
  put_moment(json, "ends_at", view.ends_at);
  if (view.length) json["length_s"] = std::chrono::duration_cast<std::chrono::seconds>(*view.length).count();
  put_moment(json, "used_up_at", window.used_up_at);
  if (window.reserve > 0) json["reserve"] = window.reserve;
  json["heard_at"] = format_rfc3339(view.heard_at);
  put(json, "source", view.source);
  return json;
}

double spent_of(const BudgetState& budget, const Spending& spending) { return spending.of(budget.limit.unit); }

std::string_view unit_name(BudgetUnit unit) {
  return unit == BudgetUnit::usd ? "usd" : unit == BudgetUnit::tokens ? "tokens" : "calls";
}

OrderedJson budget_object(const BudgetState& budget) {
  OrderedJson json;
  put(json, "backend", budget.backend);
  json["period"] = to_string(budget.period);
  json["unit"] = unit_name(budget.limit.unit);
  json["limit"] = budget.limit.value;
  json["spent"] = spent_of(budget, budget.spent);
  json["reserved"] = spent_of(budget, budget.reserved);
  json["begins_at"] = format_rfc3339(budget.span.begin);
  json["ends_at"] = format_rfc3339(budget.span.end);
  return json;
}

OrderedJson refresh_object(const QuotaRefresh& refresh) {
  OrderedJson json{{"backend", refresh.backend}};
  if (refresh.can_be_asked) json["by"] = refresh.was_asked ? "cli" : "ping";
  if (refresh.problem) json["problem"] = refresh.problem->what;
  return json;
}

}  // namespace

OrderedJson quota_object(const QuotaStatus& quota) {
  OrderedJson json = OrderedJson::object();
  if (quota.empty()) return json;
  json["windows"] = OrderedJson::array();
  for (const WindowStatus& window : quota.windows) json["windows"].push_back(window_object(window));
  if (quota.overage == Overage{}) return json;
  json["overage"] = {{"in_use", quota.overage.in_use}, {"allowed", quota.overage.allowed}};
  put(json["overage"], "credits", quota.overage.credits);
  return json;
}

std::string quota_to_json(const QuotaOverview& overview) {
  OrderedJson json{{"schema", "delegate.quota/1"}, {"backends", OrderedJson::array()}};
  for (const BackendStatus& backend : overview.backends) {
    OrderedJson one{{"name", backend.name}, {"reports_quota", backend.reports_quota}};
    if (!backend.quota.empty()) one["quota"] = quota_object(backend.quota);
    json["backends"].push_back(std::move(one));
  }
  put(json, "budgets_problem", overview.budgets_problem);
  if (overview.budgets_problem.empty()) json["budgets"] = OrderedJson::array();
  for (const BudgetState& budget : overview.budgets) json["budgets"].push_back(budget_object(budget));
  if (overview.refreshed.empty()) return dump(json);
  json["refreshed"] = OrderedJson::array();
  for (const QuotaRefresh& refresh : overview.refreshed) json["refreshed"].push_back(refresh_object(refresh));
  return dump(json);
}

}  // namespace delegate::cli
