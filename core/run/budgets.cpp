#include "core/run/budgets.hpp"

#include <algorithm>
#include <iterator>

#include "core/quota/words.hpp"
#include "core/run/leases.hpp"

namespace delegate {
namespace {

constexpr std::int64_t kBytesOfToken = 4;
constexpr std::int64_t kUsualAnswer = 2'000;  // tokens
constexpr milliseconds kAveraged = std::chrono::hours(24 * 30);

/// A limit as it is configured.
struct Limit {
  std::string backend;  // empty: all but the local model
  BudgetPeriod period = BudgetPeriod::day;
  BudgetAmount amount;
};

void add_limits(std::vector<Limit>& limits, const std::string& backend, const BudgetSettings& settings) {
  for (const BudgetPeriod period : kBudgetPeriods)
    for (const BudgetAmount& amount : settings.of(period)) limits.push_back({backend, period, amount});
}

std::vector<Limit> limits_of(const Config& config, const std::string& backend) {
  std::vector<Limit> limits;
  if (const BackendSettings* own = config.backend(backend)) add_limits(limits, backend, own->budget);
  if (backend != config.router.local) add_limits(limits, {}, config.budget);
  return limits;
}

/// What the state of limits is computed from.
struct BudgetFacts {
  BudgetBook& book;
  UsageSums& sums;
  const std::string& local;
  milliseconds now{0};
};

bool counts_towards(const Limit& limit, const std::string& backend, const std::string& local) {
  return limit.backend.empty() ? backend != local : backend == limit.backend;
}

Spending sum_of(const std::vector<Reservation>& reservations, const Limit& limit, const PeriodSpan& span,
                const std::string& local) {
  Spending sum;
  for (const Reservation& one : reservations)
    if (one.made_at >= span.begin && counts_towards(limit, candidate_name(one.backend).backend, local))
      sum += one.expected;
  return sum;
}

Result<std::vector<BudgetState>> states_of(const std::vector<Limit>& limits, BudgetFacts facts) {
  std::map<BudgetPeriod, std::map<std::string, Spending>> spent;
  std::vector<BudgetState> states;
  for (const Limit& limit : limits) {
    if (!spent.contains(limit.period)) {
      const auto known = facts.book.periods.find(limit.period);
      const auto before = known == facts.book.periods.end() ? std::nullopt : std::optional(known->second);
      const PeriodSpan span = period_at(limit.period, before, facts.now);
      facts.book.periods[limit.period] = span;
      TRY(spent[limit.period], facts.sums.spent_since(span.begin));
    }
    const PeriodSpan& span = facts.book.periods[limit.period];
    BudgetState state{.backend = limit.backend, .period = limit.period, .limit = limit.amount, .span = span};
    for (const auto& [backend, sum] : spent[limit.period])
      if (counts_towards(limit, backend, facts.local)) state.spent += sum;
    state.spent += sum_of(facts.book.killed, limit, span, facts.local);
    state.reserved = sum_of(facts.book.reservations, limit, span, facts.local);
    states.push_back(std::move(state));
  }
  return states;
}

/// A process that was killed has made its call, and its figures are lost.
void note_killed(const Engine& engine, BudgetBook& book, const HostTime& now) {
  const auto killed =
      std::stable_partition(book.reservations.begin(), book.reservations.end(), [&](const Reservation& one) {
        return remaining(one.span, now) > milliseconds(0) && !engine.breakers.is_dead(one.owner);
      });
  book.killed.assign(killed, book.reservations.end());
  book.reservations.erase(killed, book.reservations.end());
}

double price_of(const BackendSettings& settings, std::int64_t input, std::int64_t output) {
  constexpr double kMillion = 1e6;
  return (static_cast<double>(input) * settings.price_input.value_or(0) +
          static_cast<double>(output) * settings.price_output.value_or(0)) /
         kMillion;
}

bool has_price(const BackendSettings& settings) { return settings.price_input && settings.price_output; }
bool has_tokens(const Usage& usage) { return usage.input_tokens || usage.output_tokens; }

/// It ended before it could say what it has used.
bool was_cut_off(Outcome outcome) {
  return is_of_a_clock(outcome) || outcome == Outcome::cancelled || outcome == Outcome::lost_result ||
         outcome == Outcome::dropped || outcome == Outcome::killed_by_signal;
}

/// The answered calls of this model. Of all models, if it has none: the name in the settings may be an alias.
AnsweredUse answered_use(const std::map<std::string, AnsweredUse>& by_model, const std::string& model) {
  if (const auto own = by_model.find(model); own != by_model.end() && !model.empty()) return own->second;
  AnsweredUse all;
  for (const auto& [name, use] : by_model) {
    all.calls_with_tokens += use.calls_with_tokens;
    all.tokens += use.tokens;
    all.calls_with_cost += use.calls_with_cost;
    all.cost_usd += use.cost_usd;
  }
  return all;
}

/// `needs_average`: a limit counts more than calls.
Result<Spending> expected_use(const Candidate& candidate, const BudgetedCall& call, bool needs_average,
                              BudgetFacts facts) {
  const BackendSettings& settings = candidate.task.settings;
  const std::int64_t input = static_cast<std::int64_t>(call.prompt_bytes) / kBytesOfToken;
  const std::int64_t output = call.is_tiny ? 0 : kUsualAnswer;
  Spending expected{.calls = 1, .tokens = input + output, .usd = price_of(settings, input, output)};
  if (call.is_tiny || !needs_average) return expected;
  TRY(const auto by_model, facts.sums.answered_since(candidate_name(candidate.name).backend, facts.now - kAveraged));
  const AnsweredUse use = answered_use(by_model, candidate.task.model);
  if (use.calls_with_tokens > 0) expected.tokens = std::max(use.tokens / use.calls_with_tokens, input);
  if (use.calls_with_cost > 0)
    expected.usd = std::max(use.cost_usd / static_cast<double>(use.calls_with_cost), price_of(settings, input, 0));
  return expected;
}

std::string calls_text(std::int64_t calls) { return std::to_string(calls) + (calls == 1 ? " call" : " calls"); }

std::string refusal_message(const BudgetState& budget, const Spending& expected) {
  const BudgetUnit unit = budget.limit.unit;
  const double limit = budget.limit.value;
  const double spent = budget.spent.of(unit);
  const double left = limit - spent - budget.reserved.of(unit);
  const std::string name = (budget.backend.empty() ? "the budget of " : "its budget of ") + amount_text(budget.limit) +
                           " a " + std::string(to_string(budget.period));
  if (left > kBudgetRounding)
    return "what is left of " + name + " (" + spent_text(left, unit) + ") is not enough for this call (about " +
           spent_text(expected.of(unit), unit) + ")";
  std::string details = spent_text(spent, unit) + " used";
  if (spent > limit + kBudgetRounding) details += ", " + spent_text(spent - limit, unit) + " over it";
  if (budget.reserved.calls > 0) details += ", " + calls_text(budget.reserved.calls) + " under way";
  return name + " is used up (" + details + ")";
}

Skip budget_refusal(const std::string& candidate, const BudgetState& budget, const Spending& expected,
                    milliseconds now) {
  Skip skip{.backend = candidate, .reason = SkipReason::budget_exhausted, .message = refusal_message(budget, expected)};
  // A call that is under way may leave enough at its end.
  std::vector<BudgetState> without_reservations{budget};
  without_reservations.front().reserved = {};
  if (exceeded_by(without_reservations, expected) == nullptr) return skip;
  skip.retry_in = budget.span.end - now;
  skip.until = budget.span.end;
  skip.message += ", until " + moment_words(budget.span.end, now);
  return skip;
}

Skip unusable(const std::string& candidate, const Engine& engine, const Error& error) {
  if (error.code != Code::busy)
    return {.backend = candidate,
            .reason = SkipReason::state_unusable,
            .message = "the state cannot be used: " + error.what};
  const auto by = engine.store == nullptr ? std::nullopt : engine.store->locked_by();
  return {.backend = candidate,
          .reason = SkipReason::state_locked,
          .message = "the state is locked" + (by ? " by process " + std::to_string(*by) : std::string())};
}

BudgetHold unchecked(const BudgetedCall& call, std::string why) {
  BudgetHold none;
  none.call = call;
  none.unchecked_because = std::move(why);
  return none;
}

}  // namespace

BudgetHold::BudgetHold(BudgetHold&& other) noexcept
    : unchecked_because(std::move(other.unchecked_because)),
      call(other.call),
      expected(other.expected),
      ledger_(std::exchange(other.ledger_, nullptr)),
      token_(std::exchange(other.token_, {})) {}

BudgetHold& BudgetHold::operator=(BudgetHold&& other) noexcept {
  if (this == &other) return *this;
  release();
  unchecked_because = std::move(other.unchecked_because);
  call = other.call;
  expected = other.expected;
  ledger_ = std::exchange(other.ledger_, nullptr);
  token_ = std::exchange(other.token_, {});
  return *this;
}

BudgetHold::~BudgetHold() { release(); }

/// If the store fails, the reservation ends with the process, as that of a killed one.
void BudgetHold::release() {
  if (ledger_ == nullptr) return;
  static_cast<void>(write_patiently([&] {
    return ledger_->change_budgets([&](BudgetBook& book, UsageSums&) -> Status {
      std::erase_if(book.reservations, [&](const Reservation& one) { return one.token == token_; });
      return {};
    });
  }));
  ledger_ = nullptr;
}

std::variant<BudgetHold, Skip> reserve_budget(const Engine& engine, const Candidate& candidate,
                                              const BudgetedCall& call) {
  const std::vector<Limit> limits = limits_of(engine.config, candidate_name(candidate.name).backend);
  if (limits.empty()) return BudgetHold();
  if (engine.ledger == nullptr) return unchecked(call, engine.breakers.trouble());
  const bool needs_average = std::any_of(limits.begin(), limits.end(),
                                         [](const Limit& limit) { return limit.amount.unit != BudgetUnit::calls; });
  const std::string token = engine.breakers.new_place();
  std::optional<Skip> refused;
  Spending expected;
  const Status done = engine.ledger->change_budgets([&](BudgetBook& book, UsageSums& sums) -> Status {
    const HostTime now = engine.clock.now();
    const BudgetFacts facts{book, sums, engine.config.router.local, now.wall};
    refused.reset();
    note_killed(engine, book, now);
    TRY(expected, expected_use(candidate, call, needs_average, facts));
    TRY(const auto budgets, states_of(limits, facts));
    if (const BudgetState* full = exceeded_by(budgets, expected)) {
      refused = budget_refusal(candidate.name, *full, expected, now.wall);
      return {};
    }
    book.reservations.push_back({.token = token,
                                 .backend = candidate.name,
                                 .model = candidate.task.model,
                                 .expected = expected,
                                 .owner = engine.breakers.self(),
                                 .span = {now, call.lease},
                                 .made_at = now.wall});
    return {};
  });
  if (!done && (call.needs_store || done.error().code == Code::busy))
    return unusable(candidate.name, engine, done.error());
  if (!done) return unchecked(call, done.error().what);
  if (refused) return *std::move(refused);
  BudgetHold hold(*engine.ledger, token, expected);
  hold.call = call;
  return hold;
}

Usage priced_usage(const BackendSettings& settings, Usage used) {
  if (!used.cost_usd && has_price(settings) && has_tokens(used))
    used.cost_usd = price_of(settings, used.input_tokens.value_or(0), used.output_tokens.value_or(0));
  return used;
}

Usage counted_usage(const BackendSettings& settings, const Attempt& attempt, std::size_t prompt_bytes,
                    const Spending& expected) {
  Usage used = attempt.usage;
  if (has_tokens(used)) return priced_usage(settings, used);
  if (was_cut_off(attempt.outcome) && expected.calls > 0) {
    used.input_tokens = expected.tokens;
    if (!used.cost_usd) used.cost_usd = expected.usd;
  } else if (is_answer(attempt.outcome)) {
    used.input_tokens = static_cast<std::int64_t>(prompt_bytes) / kBytesOfToken;
    used.output_tokens = static_cast<std::int64_t>(attempt.forgotten + attempt.text.size()) / kBytesOfToken;
  }
  return priced_usage(settings, used);
}

Usage counted_usage(const BudgetHold& budget, const Task& task, const Attempt& attempt) {
  if (budget.token().empty()) return priced_usage(task.settings, attempt.usage);
  return counted_usage(task.settings, attempt, task.prompt.size() + task.system.size(), budget.expected);
}

void count_call(const Engine& engine, AttemptRow row, BudgetHold& budget) {
  if (engine.ledger == nullptr) return;
  row.reservation = budget.token();
  static_cast<void>(write_patiently([&] { return engine.ledger->count_attempt(row); }));
  budget.hand_over();
}

Result<std::vector<BudgetState>> budget_states(const Engine& engine) {
  std::vector<Limit> limits;
  add_limits(limits, {}, engine.config.budget);
  for (const auto& [name, settings] : engine.config.backends) add_limits(limits, name, settings.budget);
  std::vector<BudgetState> states;
  if (limits.empty()) return states;
  if (engine.ledger == nullptr) return fail(Code::unavailable, engine.breakers.trouble());
  TRY_STATUS(engine.ledger->read_budgets([&](BudgetBook& book, UsageSums& sums) -> Status {
    const HostTime now = engine.clock.now();
    note_killed(engine, book, now);
    TRY(states, states_of(limits, {book, sums, engine.config.router.local, now.wall}));
    return {};
  }));
  return states;
}

bool is_used_up(const std::vector<BudgetState>& budgets, const Config& config, const std::string& candidate) {
  const std::string backend = candidate_name(candidate).backend;
  std::vector<BudgetState> own;
  std::copy_if(budgets.begin(), budgets.end(), std::back_inserter(own), [&](const BudgetState& budget) {
    return budget.backend.empty() ? backend != config.router.local : budget.backend == backend;
  });
  return exceeded_by(own, {.calls = 1}) != nullptr;
}

}  // namespace delegate
