#include "core/base/text.hpp"
#include "core/inspect/context.hpp"

// Background runs: queued, running, killed.
namespace delegate::inspect {
namespace {

constexpr const char* kJobs = "background";
constexpr std::size_t kMostNamed = 3;
constexpr int kMostLookedAt = 1000;

std::string names(const std::vector<std::string>& ids) {
  const std::size_t shown = std::min(ids.size(), kMostNamed);
  std::string text = join({ids.data(), shown}, ", ");
  if (shown < ids.size()) text += " and " + std::to_string(ids.size() - shown) + " more";
  return text;
}

/// Those that were marked so, and those that no process has looked at since.
Result<std::vector<std::string>> killed_jobs(const Context& context, Jobs& jobs) {
  std::vector<std::string> ids;
  TRY(const auto killed, jobs.killed(kMostLookedAt));
  for (const JobRow& row : killed) ids.push_back(row.id);
  TRY(const auto running, jobs.running());
  for (const JobRow& row : running)
    if (row.has_started() && context.engine().breakers.is_dead(row.owner)) ids.push_back(row.id);
  return ids;
}

}  // namespace

Findings check_jobs(const Context& context) {
  Jobs* jobs = context.engine().jobs();
  if (jobs == nullptr) return {};  // reported by check_state
  const auto counts = jobs->counts();
  const auto killed = killed_jobs(context, *jobs);
  for (const Error* error : {counts ? nullptr : &counts.error(), killed ? nullptr : &killed.error()})
    if (error != nullptr) return {{FindingSeverity::problem, kJobs, error->what, error->hint}};
  Findings all;
  if (counts->waiting > 0 || counts->running > 0)
    all.push_back({FindingSeverity::note, kJobs,
                   std::to_string(counts->running) + " of " + std::to_string(context.config().background.max_parallel) +
                       " slots running, " + std::to_string(counts->waiting) + " queued"});
  const auto is_dead = [&](const ProcessId& owner) { return context.engine().breakers.is_dead(owner); };
  if (counts->waiting > 0 && !jobs->is_led(is_dead).value_or(true))
    all.push_back({FindingSeverity::warning, kJobs, "runs are queued, and nothing starts them", "delegate worker"});
  if (!killed->empty())
    all.push_back({FindingSeverity::warning, kJobs, "killed before they ended: " + names(*killed), "ask again"});
  return all;
}

}  // namespace delegate::inspect
