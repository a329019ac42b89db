#pragma once
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/run/engine.hpp"

// Budgets ([budget] and backends.NAME.budget): how much may be spent in a day, week or month, over all processes of the
// host. A call reserves what it is expected to use, and what it has used replaces that when it ends.
namespace delegate {

/// A call for which there may be a budget.
struct BudgetedCall {
  std::size_t prompt_bytes = 0;
  milliseconds lease{0};     // must be longer than the call can take
  bool is_tiny = false;      // a probe with a prompt of our own
  bool needs_store = false;  // see AdmissionRequest
};

/// What one call has reserved. Destroyed before the call was counted, it is released without a trace: the call was not
/// made. That of a killed process is counted as used.
class BudgetHold {
 public:
  BudgetHold() = default;  // nothing is reserved: no budget limits the call
  BudgetHold(Ledger& ledger, std::string token, Spending reserved)
      : expected(reserved), ledger_(&ledger), token_(std::move(token)) {}
  BudgetHold(BudgetHold&& other) noexcept;
  BudgetHold& operator=(BudgetHold&& other) noexcept;
  ~BudgetHold();

  /// Empty: nothing is reserved.
  const std::string& token() const { return token_; }
  /// The ledger has counted the call, or was asked to: it is not released any more.
  void hand_over() { ledger_ = nullptr; }
  /// Why budgets were not checked, although there are some; empty: they were.
  std::string unchecked_because;
  BudgetedCall call;  // for a repetition
  Spending expected;  // what is reserved

 private:
  void release();
  Ledger* ledger_ = nullptr;
  std::string token_;
};

/// Reserves what the call is expected to use, in one atomic step over all processes, or says which budget is used up.
/// Does nothing if none limits this candidate. A store that cannot be used refuses no call that a person waits for.
std::variant<BudgetHold, Skip> reserve_budget(const Engine& engine, const Candidate& candidate,
                                              const BudgetedCall& call);

/// With a cost by the backend's price, if none was reported.
Usage priced_usage(const BackendSettings& settings, Usage used);
/// What is counted towards budgets. If an answer does not report its tokens, their number follows from its length; a
/// call that was cut off before it could report them counts as it was expected to.
Usage counted_usage(const BackendSettings& settings, const Attempt& attempt, std::size_t prompt_bytes,
                    const Spending& expected = {});
/// The same of a call to `task`; only with its cost if no budget limits it.
Usage counted_usage(const BudgetHold& budget, const Task& task, const Attempt& attempt);
/// Counts a call that has no row of its own, and ends what was reserved for it.
void count_call(const Engine& engine, AttemptRow row, BudgetHold& budget);

/// All limits, in the order of the configuration: for display.
Result<std::vector<BudgetState>> budget_states(const Engine& engine);
/// Does one of these leave nothing for this candidate?
bool is_used_up(const std::vector<BudgetState>& budgets, const Config& config, const std::string& candidate);

}  // namespace delegate
