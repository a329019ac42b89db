#pragma once
#include <set>
#include <string>
#include <vector>

#include "core/inspect/host_status.hpp"
#include "core/quota/budget.hpp"
#include "core/run/refresh_quota.hpp"

// What is left of quotas and budgets, as text for people and as JSON for scripts. Nothing is decided here.
namespace delegate::cli {

using namespace inspect;

/// How the text may look.
struct QuotaPage {
  milliseconds now{0};   // wall
  bool painted = false;  // with colours; in `status` with bars, too
};

/// The block of `status`: a line for each backend about which something is known, of at most 80 columns; empty: none.
std::string quota_lines(const std::vector<BackendStatus>& backends, const QuotaPage& page);

/// Everything that `quota` shows.
struct QuotaOverview {
  std::vector<BackendStatus> backends;
  std::vector<BudgetState> budgets;
  std::string budgets_problem = {};  // why they are not known
  std::vector<QuotaRefresh> refreshed;
};
std::string quota_to_text(const QuotaOverview& overview, const QuotaPage& page);
std::string quota_to_json(const QuotaOverview& overview);

/// "claude 9% codex 58%": what is left of the scarcest window of each; one line, or empty.
std::string quota_in_short(const std::vector<CandidateQuota>& quotas);

}  // namespace delegate::cli
