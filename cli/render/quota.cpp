#include "cli/render/quota.hpp"

#include <algorithm>
#include <cmath>

#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/config.hpp"
#include "core/quota/words.hpp"

namespace delegate::cli {
namespace {

constexpr int kColumns = 80;
constexpr int kBarCells = 10;
constexpr const char* kBetweenWindows = " · ";

std::string in_percent(int value) { return std::to_string(value) + " %"; }

const char* colour_of(double used) {
  constexpr double kMuch = 0.75;
  constexpr double kNearlyAll = 0.9;
  return used >= kNearlyAll ? "31" : used >= kMuch ? "33" : "32";
}

/// Full only if nothing is left, empty only if nothing is used.
std::string bar(double used) {
  int full = static_cast<int>(std::lround(used * kBarCells));
  if (used > 0 && used < 1) full = std::clamp(full, 1, kBarCells - 1);
  std::string cells;
  for (int i = 0; i < kBarCells; ++i) cells += i < full ? "█" : "░";
  return in_colour(colour_of(used), cells, true);
}

std::string reserve_words(double share) {
  if (share <= 0) return {};
  constexpr double kShown = 1000;  // tenths of a percent
  return share * kShown < 1 ? "<0.1%" : share_text(std::round(share * kShown) / kShown);
}

std::string used_words(const WindowView& window) {
  if (window.used <= 0) return "unused";
  return window.used >= 1 ? "used up" : in_percent(percent_used(window.used));
}

/// "5 h 91 % used, until 16:40".
std::string first_window(const WindowView& window, milliseconds now) {
  const bool is_part = window.used > 0 && window.used < 1;
  return window_words(window.name) + " " + used_words(window) + (is_part ? " used" : "") +
         (window.ends_at ? ", until " + moment_words(*window.ends_at, now) : "");
}

/// Everything about one login, the window of which least is left first; each part may be left out if all those behind
/// it are.
std::vector<std::string> parts_of(const QuotaStatus& quota, milliseconds now) {
  std::vector<std::string> parts;
  const WindowStatus* first = scarcest(quota);
  if (first != nullptr) parts.push_back(first_window(first->view, now));
  if (quota.overage.in_use) parts.emplace_back("billed extra now");
  for (const WindowStatus& window : quota.windows)
    if (&window != first) parts.push_back(window_words(window.view.name) + " " + used_words(window.view));
  return parts;
}

std::string parts_within(const std::vector<std::string>& parts, int columns) {
  const int between = display_width(kBetweenWindows);
  std::string line;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string next = (i == 0 ? "" : kBetweenWindows) + parts[i];
    const int reserved = i + 1 == parts.size() ? 0 : between + 1;  // for the ellipsis
    if (i > 0 && display_width(line) + display_width(next) + reserved > columns) return line + kBetweenWindows + "…";
    line += next;
  }
  return line;
}

/// "3 m ago"
std::string heard_ago(milliseconds then, milliseconds now) {
  const std::string took = format_took(std::max(now - then, milliseconds(0)));
  return took.substr(0, took.find(' ', took.find(' ') + 1)) + " ago";
}

std::vector<std::string> row_of(const WindowStatus& window, const QuotaPage& page) {
  const WindowView& view = window.view;
  return {window_words(view.name),
          in_colour(colour_of(view.used), in_percent(percent_used(view.used)), page.painted),
          in_percent(percent_left(view.used)),
          view.ends_at ? moment_words(*view.ends_at, page.now) : "",
          window.used_up_at ? moment_words(*window.used_up_at, page.now) : "",
          reserve_words(window.reserve),
          heard_ago(view.heard_at, page.now)};
}

/// Without the columns that have no cell below their heading.
std::string without_empty_columns(std::vector<std::vector<std::string>> rows) {
  for (std::size_t column = rows.front().size(); column-- > 0;) {
    const bool is_empty =
        std::all_of(rows.begin() + 1, rows.end(), [&](const auto& row) { return row[column].empty(); });
    for (auto& row : rows)
      if (is_empty) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
  }
  return table(rows);
}

std::string windows_table(const std::vector<BackendStatus>& backends, const QuotaPage& page) {
  std::vector<std::vector<std::string>> rows{
      {"BACKEND", "WINDOW", "USED", "LEFT", "UNTIL", "USED UP AT", "RESERVE", "HEARD"}};
  bool has_pace = false;
  for (const BackendStatus& backend : backends)
    for (const WindowStatus& window : backend.quota.windows) {
      std::vector<std::string> row = row_of(window, page);
      row.insert(row.begin(), &window == &backend.quota.windows.front() ? backend.name : "");
      rows.push_back(std::move(row));
      has_pace = has_pace || window.used_up_at;
    }
  if (rows.size() == 1) return {};
  // A backend's name stands in its first row only; its column is never empty.
  return without_empty_columns(std::move(rows)) +
         (has_pace ? "USED UP AT: if it goes on as since the window began\n" : "");
}

bool was_refreshed(const QuotaOverview& overview, const std::string& name) {
  return std::any_of(overview.refreshed.begin(), overview.refreshed.end(),
                     [&](const QuotaRefresh& one) { return one.backend == name && !one.problem; });
}

/// Why no window of it is known.
std::string unknown_words(const BackendStatus& backend, bool is_refreshed) {
  if (!backend.enabled) return "switched off in the configuration";
  if (backend.is_login_unset) return "its login is not set up";
  if (backend.installed == false) return "not installed";
  if (!backend.reports_quota) return "reports no windows";
  if (is_refreshed) return "its answer named no windows";
  return "not heard yet; `delegate quota --refresh` asks it";
}

/// "billed extra now, credits left: 12.50"
std::string extra_billing_words(const Overage& overage) {
  std::vector<std::string> words;
  if (overage.in_use) words.emplace_back("billed extra now");
  else if (overage.allowed) words.emplace_back("calls beyond its windows are billed extra");
  if (!overage.credits.empty()) words.push_back("credits left: " + one_line(overage.credits, 40));
  return join(words, ", ");
}

std::string remarks(const QuotaOverview& overview) {
  std::string lines;
  for (const BackendStatus& backend : overview.backends) {
    const std::string extra = extra_billing_words(backend.quota.overage);
    if (!extra.empty()) lines += backend.name + ": " + extra + "\n";
    if (backend.quota.windows.empty())
      lines += backend.name + ": " + unknown_words(backend, was_refreshed(overview, backend.name)) + "\n";
  }
  return lines;
}

/// Under a subscription what calls are said to cost is not paid for.
bool is_at_list_price(const BudgetState& budget, const std::vector<BackendStatus>& backends) {
  const auto has_plan = [](const WindowStatus& window) { return is_of_subscription(window.view.name); };
  return budget.limit.unit == BudgetUnit::usd &&
         std::any_of(backends.begin(), backends.end(), [&](const BackendStatus& backend) {
           const bool is_meant = budget.backend.empty() || candidate_name(backend.name).backend == budget.backend;
           return is_meant && std::any_of(backend.quota.windows.begin(), backend.quota.windows.end(), has_plan);
         });
}

std::string budgets_table(const QuotaOverview& overview, milliseconds now) {
  std::vector<std::vector<std::string>> rows{{"BUDGET", "PERIOD", "SPENT", "LIMIT", "UNTIL", "UNDER WAY"}};
  for (const BudgetState& budget : overview.budgets) {
    const std::string price = is_at_list_price(budget, overview.backends) ? " (list price)" : "";
    const auto amount = [&](const Spending& spending) {
      return spent_text(spending.of(budget.limit.unit), budget.limit.unit);
    };
    rows.push_back({budget.backend.empty() ? "all" : budget.backend, std::string(to_string(budget.period)),
                    amount(budget.spent) + price, amount_text(budget.limit), moment_words(budget.span.end, now),
                    budget.reserved.calls > 0 ? amount(budget.reserved) : ""});
  }
  return overview.budgets.empty() ? std::string() : without_empty_columns(std::move(rows));
}

}  // namespace

std::string quota_lines(const std::vector<BackendStatus>& backends, const QuotaPage& page) {
  std::size_t name_columns = 0;
  for (const BackendStatus& backend : backends)
    if (backend.enabled && !backend.quota.empty()) name_columns = std::max(name_columns, backend.name.size());
  std::string lines;
  for (const BackendStatus& backend : backends) {
    const WindowStatus* first = scarcest(backend.quota);
    const std::vector<std::string> parts = parts_of(backend.quota, page.now);
    if (!backend.enabled || parts.empty()) continue;
    lines += backend.name + std::string(name_columns - backend.name.size() + 2, ' ');
    if (page.painted && first != nullptr) lines += bar(first->view.used) + "  ";
    const int before = static_cast<int>(name_columns) + 2 + (page.painted ? kBarCells + 2 : 0);
    lines += parts_within(parts, kColumns - before) + "\n";
  }
  return lines.empty() ? lines : "QUOTA\n" + lines;
}

std::string quota_to_text(const QuotaOverview& overview, const QuotaPage& page) {
  std::vector<std::string> blocks{windows_table(overview.backends, page), remarks(overview),
                                  budgets_table(overview, page.now)};
  std::erase_if(blocks, [](const std::string& block) { return block.empty(); });
  return join(blocks, "\n");
}

std::string quota_in_short(const std::vector<CandidateQuota>& quotas) {
  std::vector<std::string> words;
  for (const CandidateQuota& one : quotas)
    if (const WindowStatus* window = scarcest(one.quota))
      words.push_back(one.name + " " + std::to_string(percent_left(window->view.used)) + "%");
  return words.empty() ? std::string() : join(words, " ") + "\n";
}

}  // namespace delegate::cli
