#include "core/inspect/statistics.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/duration.hpp"
#include "core/health/outcome.hpp"
#include "core/quota/budget.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::inspect {
namespace {

/// Of the row of a wait that was spared, which is no call.
bool is_spared(const UsageRow& row) { return row.calls == 0; }

/// A name that this version does not know is that of a failure: answers have only known ones.
bool is_failure(const std::string& name) {
  const auto outcome = outcome_named(name);
  return !outcome || (!is_answer(*outcome) && traits(*outcome).on_call != Verdict::neutral);
}

std::string name_in(const UsageKey& key, GroupBy by) {
  switch (by) {
    case GroupBy::backend: return name_of_backend(key);
    case GroupBy::model: return key.model;
    case GroupBy::directory: return key.directory;
    case GroupBy::day: return format_local(key.hour, "%Y-%m-%d");
    case GroupBy::hour: return format_local(key.hour, "%Y-%m-%d %H:%M");
  }
  return {};
}

/// How long those calls took that ended with one of these outcomes; without outcomes, all that were not answered.
LatencyCounts time_lost(const std::vector<UsageRow>& all, const std::string& backend,
                        const std::set<std::string>& outcomes) {
  LatencyCounts counts{};
  for (const UsageRow& row : all) {
    const bool is_wanted = outcomes.empty() ? is_failure(row.key.outcome) : outcomes.contains(row.key.outcome);
    if (name_of_backend(row.key) != backend || !is_wanted) continue;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += row.latency[i];
  }
  return counts;
}

milliseconds typical_wait(const std::vector<UsageRow>& all, const std::string& backend) {
  constexpr double kHalf = 0.5;
  std::set<std::string> opened;
  for (const UsageRow& row : all)
    if (row.tripped > 0 && name_of_backend(row.key) == backend) opened.insert(row.key.outcome);
  return latency_quantile(time_lost(all, backend, opened), kHalf).value_or(milliseconds(0));
}

}  // namespace

std::string name_of_backend(const UsageKey& key) {
  return key.login.empty() ? key.backend : key.backend + "@" + key.login;
}

Figures& Figures::operator+=(const UsageRow& row) {
  all += row;
  if (is_failure(row.key.outcome)) failed += row.calls;  // of a wait that was spared: none
  if (!is_answer_named(row.key.outcome)) return *this;
  answered += row.calls;
  for (std::size_t i = 0; i < took.size(); ++i) took[i] += row.latency[i];
  return *this;
}

Figures sum_of(const std::vector<UsageRow>& rows) {
  Figures sum;
  for (const UsageRow& row : rows) sum += row;
  return sum;
}

std::vector<Group> grouped(const std::vector<UsageRow>& rows, GroupBy by) {
  const bool is_of_time = by == GroupBy::day || by == GroupBy::hour;
  std::map<std::pair<milliseconds, std::string>, Figures> sums;  // an hour of autumn has the same name as the next one
  for (const UsageRow& row : rows) {
    if (by == GroupBy::model && is_spared(row)) continue;
    const milliseconds begin = by == GroupBy::day ? local_day(row.key.hour) : row.key.hour;
    sums[{is_of_time ? begin : milliseconds(0), name_in(row.key, by)}] += row;
  }
  std::vector<Group> groups;
  for (const auto& [key, figures] : sums) groups.push_back({key.second, figures, key.first});
  if (!is_of_time)
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.figures.all.calls > b.figures.all.calls; });
  return groups;
}

std::vector<Saving> savings(const std::vector<UsageRow>& rows, const std::vector<UsageRow>& all) {
  std::map<std::string, std::int64_t> skipped;
  for (const UsageRow& row : rows)
    if (row.skipped > 0) skipped[name_of_backend(row.key)] += row.skipped;
  std::vector<Saving> found;
  for (const auto& [backend, times] : skipped) found.push_back({backend, times, typical_wait(all, backend)});
  std::stable_sort(found.begin(), found.end(), [](const Saving& a, const Saving& b) { return a.saved() > b.saved(); });
  return found;
}

milliseconds Statistics::saved() const {
  milliseconds sum{0};
  for (const Saving& one : savings) sum += one.saved();
  return sum;
}

Result<Statistics> statistics(const Engine& engine, milliseconds since) {
  if (engine.ledger == nullptr) return fail(Code::unavailable, "no history: " + engine.breakers.trouble());
  TRY(std::vector<UsageRow> all, engine.ledger->usage({}));
  Statistics found{.since = std::max(local_hour(since), milliseconds(0)), .until = engine.clock.now().wall};
  std::copy_if(all.begin(), all.end(), std::back_inserter(found.rows),
               [&](const UsageRow& row) { return row.key.hour >= found.since; });
  found.savings = savings(found.rows, all);
  return found;
}

}  // namespace delegate::inspect
