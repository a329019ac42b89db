#include "core/base/text.hpp"
#include "core/inspect/context.hpp"

// Background runs: queued, running, orphaned.
namespace delegate::inspect {
namespace {

constexpr const char* kJobs = "background";
constexpr std::size_t kMostNamed = 3;

struct Counted {
  std::vector<std::string> waiting, working, orphaned, killed;
};

std::string names(const std::vector<std::string>& ids) {
  const std::size_t shown = std::min(ids.size(), kMostNamed);
  std::string text = join({ids.data(), shown}, ", ");
  if (shown < ids.size()) text += " and " + std::to_string(ids.size() - shown) + " more";
  return text;
}

Counted sorted(const Context& context, const std::vector<JobRow>& rows) {
  Counted out;
  for (const JobRow& row : rows) {
    if (row.state == JobRow::State::ended) continue;
    const bool lost = row.state == JobRow::State::killed || context.engine().breakers.is_dead(row.owner);
    const bool has_begun = row.state != JobRow::State::waiting;
    if (lost) (has_begun ? out.killed : out.orphaned).push_back(row.id);
    else (row.state == JobRow::State::running ? out.working : out.waiting).push_back(row.id);
  }
  return out;
}

}  // namespace

Findings check_jobs(const Context& context) {
  Jobs* jobs = context.engine().jobs();
  if (jobs == nullptr) return {};  // reported by check_state
  const auto rows = jobs->list();
  if (!rows) return {{FindingSeverity::problem, kJobs, rows.error().what, rows.error().hint}};
  const Counted found = sorted(context, *rows);
  Findings all;
  if (!found.waiting.empty() || !found.working.empty())
    all.push_back({FindingSeverity::note, kJobs,
                   std::to_string(found.working.size()) + " of " +
                       std::to_string(context.config().background.max_parallel) + " slots running, " +
                       std::to_string(found.waiting.size()) + " queued"});
  if (!found.orphaned.empty())
    all.push_back(
        {FindingSeverity::warning, kJobs, "killed before they began: " + names(found.orphaned), "delegate worker"});
  if (!found.killed.empty())
    all.push_back({FindingSeverity::warning, kJobs, "killed before they ended: " + names(found.killed), "ask again"});
  return all;
}

}  // namespace delegate::inspect
