#include "core/state/usage.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/text.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

constexpr milliseconds kFirstBound{250};

constexpr std::int64_t kMostCounted = 1'000'000'000'000'000;  // another hand may have written more

/// A number at the beginning, which is taken off.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > kMostCounted) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "claude@work" without what follows the sign, and that.
std::pair<std::string, std::string> parts_of(const std::string& candidate) {
  const std::size_t at = candidate.find('@');
  if (at == std::string::npos) return {candidate, {}};
  return {candidate.substr(0, at), candidate.substr(at + 1)};
}

}  // namespace

std::size_t latency_bucket(milliseconds took) {
  std::size_t bucket = 0;
  // Two buckets double the bound, so squares need no root: bound² = first² × 2^bucket.
  const auto square = static_cast<double>(took.count()) * static_cast<double>(took.count());
  double bound = static_cast<double>(kFirstBound.count()) * static_cast<double>(kFirstBound.count());
  while (bucket + 1 < LatencyCounts{}.size() && square >= bound) ++bucket, bound *= 2;
  return bucket;
}

double latency_bound(std::size_t bucket) {
  if (bucket + 1 >= LatencyCounts{}.size()) return std::numeric_limits<double>::infinity();
  return static_cast<double>(kFirstBound.count()) / 1000 * std::sqrt(std::exp2(static_cast<double>(bucket)));
}

std::optional<milliseconds> latency_quantile(const LatencyCounts& counts, double share) {
  const auto all = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  if (all == 0) return std::nullopt;
  const double rank = share * static_cast<double>(all);
  double before = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < counts.size() && before + static_cast<double>(counts[bucket]) < rank)
    before += static_cast<double>(counts[bucket++]);
  const double low = bucket == 0 ? 0 : latency_bound(bucket - 1);
  const double high = bucket + 1 == counts.size() ? low : latency_bound(bucket);
  const double within = counts[bucket] == 0 ? 0 : (rank - before) / static_cast<double>(counts[bucket]);
  return milliseconds(std::llround((low + (high - low) * within) * 1000));
}

std::string latency_text(const LatencyCounts& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) text += (text.empty() ? "" : " ") + std::to_string(i) + ":" + std::to_string(counts[i]);
  return text;
}

LatencyCounts parse_latency(std::string_view text) {
  LatencyCounts counts{};
  for (std::string_view part : split(text, ' ')) {
    const auto bucket = take_number(part);
    if (!bucket || !part.starts_with(':')) continue;
    part.remove_prefix(1);
    const auto count = take_number(part);
    if (count && static_cast<std::size_t>(*bucket) < counts.size()) counts[static_cast<std::size_t>(*bucket)] = *count;
  }
  return counts;
}

UsageRow& UsageRow::operator+=(const UsageRow& more) {
  calls += more.calls;
  calls_with_tokens += more.calls_with_tokens;
  input_tokens += more.input_tokens;
  output_tokens += more.output_tokens;
  calls_with_cost += more.calls_with_cost;
  cost_usd += more.cost_usd;
  for (std::size_t i = 0; i < latency.size(); ++i) latency[i] += more.latency[i];
  tripped += more.tripped;
  skipped += more.skipped;
  return *this;
}

UsageRow usage_of(const AttemptRow& attempt, const std::string& directory) {
  const auto [backend, login] = parts_of(attempt.backend);
  const Usage used = plausible(attempt.counted_usage ? *attempt.counted_usage : attempt.usage);
  UsageRow row{.key = {local_hour(attempt.started_at), backend, login, attempt.model, attempt.outcome, directory},
               .calls = 1,
               .calls_with_tokens = used.input_tokens || used.output_tokens ? 1 : 0,
               .input_tokens = used.input_tokens.value_or(0),
               .output_tokens = used.output_tokens.value_or(0),
               .calls_with_cost = used.cost_usd ? 1 : 0,
               .cost_usd = used.cost_usd.value_or(0),
               .tripped = attempt.tripped ? 1 : 0};
  row.latency[latency_bucket(attempt.took)] = 1;
  return row;
}

UsageRow usage_of(const SkipRow& spared, milliseconds at, const std::string& directory) {
  const auto [backend, login] = parts_of(spared.backend);
  return {.key = {local_hour(at), backend, login, {}, {}, directory}, .skipped = 1};
}

UsageRow usage_of(const Reservation& killed) {
  const auto [backend, login] = parts_of(killed.backend);
  return {.key = {local_hour(killed.made_at), backend, login, killed.model, std::string(kKilled), {}},
          .calls = killed.expected.calls,
          .input_tokens = killed.expected.tokens,
          .cost_usd = killed.expected.usd};
}

}  // namespace delegate
