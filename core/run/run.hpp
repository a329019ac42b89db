#pragma once
#include "core/run/ask.hpp"
#include "core/run/hedged_attempts.hpp"

namespace delegate {

/// One run's bookkeeping: what `ask` reads as words. Notes everything that happens and turns it into the result.
class Run final : public AttemptListener {
 public:
  Run(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer);

  /// False: this delegation is not allowed to happen (it nests too deep).
  bool is_allowed();
  const RoutePlan& plan() const { return plan_; }
  /// Takes permit and slot for a step. Nothing: it is skipped, and the reason is noted.
  std::optional<AttemptOrder> admit(const RouteStep& step);
  /// When this step was skipped for a limit that may be probed slowly: the order for that. Nobody waits for it.
  std::optional<AttemptOrder> limit_probe(const RouteStep& step);
  /// How long the user waits for this attempt alone before the next candidate may start beside it.
  Deadline hedge_delay(const AttemptOrder& order, const RouteStep& step) const;
  /// Attempts end with the run's deadline by themselves; a probe has its own time, and is not waited for beyond it.
  Deadline end_of_waiting(const HedgedAttempts& attempts) const;
  void note(Attempt attempt);
  /// True: somebody who had no free slot has one, so the plan is worth another walk. Waits for that when the request
  /// wants it. False: it does not, or there is nothing to wait for, or no more time.
  bool waits_for_slot();
  void on_output(int number, const OutputDelta& delta) override;
  Deadline tick() override;
  /// There is an answer, or one that was shown in part and will not be whole.
  bool is_decided() const;
  bool answered() const { return result_.answer.has_value(); }
  /// May this one be tried? Not once it is decided, cancelled or too late; another login of a backend only when the one
  /// before it was refused as such.
  bool may_try(const RouteStep& step) const;
  /// `race` is handed over when a probe is still out.
  RunResult finish(std::unique_ptr<HedgedAttempts> attempts);

 private:
  bool tried(const std::string& backend) const;
  std::vector<std::string> without_slot() const;
  bool any_has_slot(const std::vector<std::string>& candidates) const;
  bool has_last_resort(const std::string& backend) const;
  void choose_model(Candidate& candidate);
  void warn(std::string warning);
  void skip(Skip skip);
  void note_login(const std::string& candidate, bool refused);
  Outcome outcome_without_answer() const;
  bool nothing_is_here() const;
  std::string hint_for_skips() const;
  std::string unset_logins() const;
  void explain();
  void begin_row();
  void finish_row();
  void enter_history();
  void leave_history();
  void keep(const Status& written);

  /// One of a backend's several logins, tried or skipped. Each keeps its own fact: one that was overtaken may end last.
  struct TriedLogin {
    std::string candidate;
    bool refused = false;  // for what another login of the backend does not share
  };

  const Engine& engine_;
  const Request& request_;
  const CancelToken& cancel_;
  Observer& observer_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Deadline deadline_ = Deadline::never();
  bool fallback_ = false;
  bool ended_by_outcome_ = false;  // an outcome after which nobody else is asked
  int streaming_attempt_ = 0;      // the attempt whose words are being shown; 0: none yet
  bool broke_off_ = false;         // it failed in the middle of them
  bool is_closing_ = false;        // too late to begin to speak
  int depth_ = 0;
  std::optional<Error> blocked_;          // why, when not allowed
  Guards::Entry history_;                 // the history is a side job: a guard is around it
  std::optional<Error> history_trouble_;  // the first row that could not be written
  std::vector<std::string> history_remarks_;
  RoutePlan plan_;
  std::vector<std::string> started_backends_;  // by the numbers of their attempts, from 1
  std::vector<int> background_probes_;         // the numbers of slow probes
  std::vector<TriedLogin> logins_;             // in the order of their turns
  RunRow row_;
  RunResult result_;
};

}  // namespace delegate
