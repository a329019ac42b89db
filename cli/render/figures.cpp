#include "cli/render/figures.hpp"

#include <cmath>

#include "cli/render/cells.hpp"

namespace delegate::cli {

std::optional<std::int64_t> known_tokens(const inspect::Figures& figures, std::int64_t sum) {
  return figures.all.calls_with_tokens == 0 ? std::nullopt : std::optional(sum);
}

std::optional<double> known_cost(const inspect::Figures& figures) {
  constexpr double kShown = 1e6;  // a sum of decimal fractions is no decimal fraction
  if (figures.all.calls_with_cost == 0) return std::nullopt;
  return std::round(figures.all.cost_usd * kShown) / kShown;
}

std::string percent_answered(std::int64_t answered, std::int64_t failed) {
  const std::int64_t judged = answered + failed;
  return judged == 0 ? kUnknown : std::to_string(answered * 100 / judged) + " %";
}

std::vector<std::string> cells_of(const inspect::Figures& figures) {
  const UsageRow& all = figures.all;
  return {with_thousands(all.calls),
          percent_answered(figures.answered, figures.failed),
          took(latency_quantile(figures.took, kMedian)),
          took(latency_quantile(figures.took, kNearlyAll)),
          tokens(known_tokens(figures, all.input_tokens)),
          tokens(known_tokens(figures, all.output_tokens)),
          dollars(known_cost(figures)),
          with_thousands(all.tripped),
          with_thousands(all.skipped)};
}

}  // namespace delegate::cli
