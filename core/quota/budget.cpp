#include "core/quota/budget.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/base/text.hpp"

namespace delegate {
namespace {

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole && std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

/// "2M", "500k", "1000".
std::optional<double> count_in(std::string_view text) {
  double factor = 1;
  if (text.ends_with('M')) factor = 1e6;
  if (text.ends_with('k')) factor = 1e3;
  if (factor > 1) text.remove_suffix(1);
  const auto number = number_in(trim(text));
  return number ? std::optional(*number * factor) : std::nullopt;
}

/// "300 calls", "1 call" with `unit` " call".
std::optional<double> count_of(std::string_view text, std::string_view unit) {
  if (text.ends_with('s')) text.remove_suffix(1);
  if (!text.ends_with(unit)) return std::nullopt;
  text.remove_suffix(unit.size());
  return count_in(trim(text));
}

std::string digits(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

}  // namespace

Result<BudgetAmount> parse_amount(std::string_view text) {
  const std::string_view trimmed = trim(text);
  std::optional<double> value;
  BudgetUnit unit = BudgetUnit::usd;
  if (trimmed.starts_with('$')) {
    value = number_in(trim(trimmed.substr(1)));
  } else if (const auto tokens = count_of(trimmed, " token")) {
    unit = BudgetUnit::tokens;
    value = tokens;
  } else {
    unit = BudgetUnit::calls;
    value = count_of(trimmed, " call");
  }
  if (!value)
    return fail(Code::invalid_argument, "'" + one_line(text, 80) + "' is not an amount",
                "write it like \"$5\", \"2M tokens\" or \"300 calls\"");
  return BudgetAmount{unit, *value};
}

std::string amount_text(const BudgetAmount& amount) {
  if (amount.unit == BudgetUnit::usd) return "$" + digits(amount.value);
  const char* one = amount.unit == BudgetUnit::tokens ? " token" : " call";
  return digits(amount.value) + one + (amount.value == 1 ? "" : "s");
}

std::string spent_text(double value, BudgetUnit unit) {
  if (unit != BudgetUnit::usd) return amount_text({unit, value});
  constexpr double kLeast = 0.0001;
  if (value > 0 && value < kLeast) return "<$0.0001";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), value > 0 && value < 0.01 ? "$%.4f" : "$%.2f", value);
  return text.data();
}

std::string_view to_string(BudgetPeriod period) {
  switch (period) {
    case BudgetPeriod::day: return "day";
    case BudgetPeriod::week: return "week";
    case BudgetPeriod::month: break;
  }
  return "month";
}

const std::vector<BudgetAmount>& BudgetSettings::of(BudgetPeriod period) const {
  switch (period) {
    case BudgetPeriod::day: return day;
    case BudgetPeriod::week: return week;
    case BudgetPeriod::month: break;
  }
  return month;
}

double Spending::of(BudgetUnit unit) const {
  switch (unit) {
    case BudgetUnit::usd: return usd;
    case BudgetUnit::tokens: return static_cast<double>(tokens);
    case BudgetUnit::calls: break;
  }
  return static_cast<double>(calls);
}

Spending& Spending::operator+=(const Spending& more) {
  calls += more.calls;
  tokens += more.tokens;
  usd += more.usd;
  return *this;
}

const BudgetState* exceeded_by(const std::vector<BudgetState>& budgets, const Spending& expected) {
  for (const BudgetState& budget : budgets) {
    const double used = budget.spent.of(budget.limit.unit) + budget.reserved.of(budget.limit.unit);
    const double limit = budget.limit.value;
    const bool is_used_up = used >= limit - kBudgetRounding;
    const bool fits = used + expected.of(budget.limit.unit) <= limit + kBudgetRounding || used <= 0;
    if (is_used_up || !fits) return &budget;
  }
  return nullptr;
}

}  // namespace delegate
