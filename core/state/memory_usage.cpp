#include "core/state/memory_usage.hpp"

#include <set>

#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

constexpr milliseconds kOneHour{3'600'000};

}  // namespace

void MemoryUsage::count(const AttemptRow& attempt, std::string directory) {
  const auto ended =
      std::erase_if(book_.reservations, [&](const Reservation& one) { return one.token == attempt.reservation; });
  const bool is_counted = ended == 0 && !attempt.reservation.empty();  // as the call of a killed process
  if (is_counted || !attempt.is_call) return;
  if (!has_place(directory, usage_of(attempt, {}).key.hour)) directory.clear();
  add(usage_of(attempt, directory));
  std::erase_if(rows_, [&](const auto& one) { return one.first.hour < attempt.started_at - kUsageKept; });
}

void MemoryUsage::count_spared(const RunRow& run, const std::string& directory) {
  for (const SkipRow& skip : run.skips) {
    if (!skip.spared_a_wait) continue;
    UsageRow row = usage_of(skip, run.started_at + run.took.value_or(milliseconds(0)), directory);
    if (!has_place(directory, row.key.hour)) row.key.directory.clear();
    add(row);
  }
}

bool MemoryUsage::has_place(const std::string& directory, milliseconds hour) const {
  std::set<std::string> others;
  for (const auto& [key, row] : rows_)
    if (key.hour == hour && !key.directory.empty()) others.insert(key.directory);
  return others.contains(directory) || static_cast<std::int64_t>(others.size()) < kMostDirectories;
}

void MemoryUsage::add(const UsageRow& row) {
  UsageRow& sum = rows_[row.key];
  sum.key = row.key;
  sum += row;
}

std::vector<UsageRow> MemoryUsage::rows(const UsageQuery& query) const {
  std::vector<UsageRow> found;
  for (const auto& [key, row] : rows_) {
    const bool is_in_time = key.hour >= query.since && (!query.until || key.hour < *query.until);
    if (is_in_time && (query.backend.empty() || query.backend == key.backend)) found.push_back(row);
  }
  return found;
}

Status MemoryUsage::change_budgets(const Ledger::BudgetChange& change) {
  BudgetBook book = book_;
  TRY_STATUS(change(book, *this));
  for (const Reservation& one : book.killed) add(usage_of(one));
  book.killed.clear();
  book_ = std::move(book);
  return {};
}

Status MemoryUsage::read_budgets(const Ledger::BudgetChange& look) {
  BudgetBook book = book_;
  return look(book, *this);
}

Result<std::map<std::string, Spending>> MemoryUsage::spent_since(milliseconds begin) {
  std::map<std::string, Spending> sums;
  for (const auto& [key, row] : rows_)
    if (key.hour > begin - kOneHour) sums[key.backend] += row.spending();
  return sums;
}

Result<std::map<std::string, AnsweredUse>> MemoryUsage::answered_since(const std::string& backend, milliseconds begin) {
  std::map<std::string, AnsweredUse> sums;
  for (const auto& [key, row] : rows_) {
    if (key.hour <= begin - kOneHour || key.backend != backend || !is_answer_named(key.outcome)) continue;
    AnsweredUse& sum = sums[key.model];
    sum.calls_with_tokens += row.calls_with_tokens;
    sum.tokens += row.input_tokens + row.output_tokens;
    sum.calls_with_cost += row.calls_with_cost;
    sum.cost_usd += row.cost_usd;
  }
  return sums;
}

}  // namespace delegate
