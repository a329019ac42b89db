#include "core/state/ledger_rules.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/health/outcome.hpp"

namespace delegate {
namespace {

template <class Number>
void sum_up(std::optional<Number>& sum, const std::optional<Number>& one) {
  if (one) sum = sum.value_or(0) + *one;
}

/// The slot of a time within the queried period.
std::size_t slot_of(const TotalsQuery& query, std::size_t slots, milliseconds at) {
  const auto length = static_cast<double>((query.until - query.since).count());
  const double part = static_cast<double>((at - query.since).count()) / std::max(length, 1.0);
  return std::min(static_cast<std::size_t>(part * static_cast<double>(slots)), slots - 1);
}

milliseconds nearest_rank(std::vector<milliseconds>& values, std::size_t percent) {
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

Result<RunRow> unique_match(const std::vector<RunRow>& found, const std::string& id) {
  const auto exact = std::find_if(found.begin(), found.end(), [&](const RunRow& row) { return row.id == id; });
  if (exact != found.end()) return *exact;
  if (found.empty() || id.empty())
    return fail(Code::not_found, "no run with id '" + one_line(id, 80) + "' in the history",
                "`delegate runs` lists them");
  if (found.size() == 1) return found.front();
  std::vector<std::string> ids;
  for (const RunRow& row : found) ids.push_back(row.id);
  return fail(Code::invalid_argument, "several runs begin with '" + one_line(id, 80) + "': " + join(ids, ", "),
              "give more of the id");
}

std::size_t enough_beside(std::string_view id, std::string_view before, std::string_view after) {
  std::size_t same = 0;
  for (const std::string_view other : {before, after}) {
    const auto [differs, unused] = std::mismatch(id.begin(), id.end(), other.begin(), other.end());
    same = std::max(same, static_cast<std::size_t>(differs - id.begin()));
  }
  return std::min(same + 1, id.size());
}

bool matches(const RunRow& row, const SessionQuery& query) {
  const auto fits = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return !row.session_id.empty() && !row.backend.empty() && fits(query.cwd, row.cwd) &&
         fits(query.backend, row.backend) && fits(query.session_id, row.session_id);
}

bool is_in_directory(std::string_view path, std::string_view directory) {
  if (directory.ends_with('/')) directory.remove_suffix(1);
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_of(std::string_view recorded, std::string_view asked) {
  return recorded.starts_with(asked) && (recorded.size() == asked.size() || recorded[asked.size()] == '@');
}

bool has_text(const RunRow& row, std::string_view text) {
  return contains_ignoring_case(row.summary, text) || (row.prompt && contains_ignoring_case(row.prompt->text, text));
}

bool is_answer_named(const std::string& outcome) {
  const auto known = outcome_named(outcome);
  return known && is_answer(*known);
}

Usage plausible(Usage used) {
  constexpr std::int64_t kMostTokens = 1'000'000'000'000;
  constexpr double kMostDollars = 1e6;
  for (std::optional<std::int64_t>* tokens : {&used.input_tokens, &used.output_tokens})
    if (*tokens && (**tokens < 0 || **tokens > kMostTokens)) tokens->reset();
  if (used.cost_usd && !(*used.cost_usd >= 0 && *used.cost_usd <= kMostDollars)) used.cost_usd.reset();
  return used;
}

void add_to_totals(BackendTotals& totals, const TotalsQuery& query, milliseconds started_at, const std::string& outcome,
                   bool tripped, const Usage& usage) {
  ++totals.outcomes[outcome];
  totals.trips += tripped ? 1 : 0;
  sum_up(totals.usage.input_tokens, usage.input_tokens);
  sum_up(totals.usage.output_tokens, usage.output_tokens);
  sum_up(totals.usage.cost_usd, usage.cost_usd);
  BackendTotals::Slot& slot = totals.slots[slot_of(query, totals.slots.size(), started_at)];
  const auto known = outcome_named(outcome);
  if (known && is_answer(*known)) ++slot.answered;
  else if (!known || traits(*known).on_call != Verdict::neutral) ++slot.failed;
}

void set_percentiles(BackendTotals& totals, std::vector<milliseconds> answered) {
  if (answered.empty()) return;
  totals.p50 = nearest_rank(answered, 50);
  totals.p95 = nearest_rank(answered, 95);
}

}  // namespace delegate
