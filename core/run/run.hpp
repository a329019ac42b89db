#pragma once
#include "core/run/ledger_writer.hpp"
#include "core/run/routing.hpp"
#include "core/run/run_change.hpp"
#include "core/run/writers.hpp"

namespace delegate {

/// One run from first step to result. Routing picks backends, LedgerWriter writes rows, Run handles the answer.
class Run final : public AttemptListener {
 public:
  Run(const Engine& engine, PreparedAsk& prepared, const CancelToken& cancel, Observer& observer);

  /// False: this delegation is not allowed to happen (it nests too deep).
  bool is_allowed();
  /// A run that changes files has its directory to itself from now on, or a copy of it. False: another one has it, and
  /// the request does not want to wait any longer; or there can be no copy.
  bool take_directory();
  const RoutePlan& plan() const { return prepared_.plan; }
  const std::vector<Preference>& preferences() const { return prepared_.preferences; }
  /// Not once there is an answer, a cancel or no time left; else as Routing decides.
  bool may_try(const RouteStep& step) const { return !is_over() && routing_.may_try(step); }
  std::optional<AttemptOrder> admit(const RouteStep& step);
  std::optional<AttemptOrder> limit_probe(const RouteStep& step) {
    return blocked_ ? std::nullopt : completed(routing_.limit_probe(step));
  }
  Deadline hedge_delay(const AttemptOrder& order, const RouteStep& step) const {
    return routing_.hedge_delay(order, step);
  }
  /// Attempts end with the run's deadline by themselves; a probe has its own time, and is not waited for beyond it.
  Deadline end_of_waiting(const HedgedAttempts& attempts) const;
  void note(Attempt attempt);
  /// Prepares the statements that the end of the run needs while the backend works.
  void prepare_to_finish() { ledger_.prepare_to_finish(); }
  /// True: a candidate without a free slot has one now, or a breaker may admit a call, so the plan is tried again.
  bool wait_for_candidate();
  /// True, once: all others have failed, so those that were passed over because of a reserve that is not firm are
  /// tried.
  bool begin_second_turns() { return !is_over() && routing_.begin_second_turns(); }
  /// There is an answer, or one that was shown in part and will not be completed.
  bool is_decided() const { return answered() || broke_off_; }
  /// `attempts` is handed over if a probe is still running.
  RunResult finish(std::unique_ptr<HedgedAttempts> attempts);

  void on_output(int number, const OutputDelta& delta) override;
  Deadline tick() override { return observer_.tick(); }

 private:
  bool answered() const { return result_.answer.has_value(); }
  bool is_over() const;
  bool ends_the_run(const Attempt& failed) const;
  bool has_written() const;  // or may have
  bool is_isolated() const { return prepared_.request.isolation.has_value(); }
  WriterRequest writer_request() const;
  bool begin_change();
  void cannot_copy(const Error& why);
  void go_on_with_change();
  void note_written_files(Attempt& attempt);
  void finish_change();
  WriterAdmission wait_to_apply();
  void warn_once(const std::string& warning);
  void warn_of_extra_billing(const Attempt& answer);
  std::optional<AttemptOrder> completed(std::optional<AttemptOrder> order) const;
  void explain();
  /// An answer proves that the prompt was good: those who rejected it count that (R24).
  void report_answered_rejections();

  const Engine& engine_;
  PreparedAsk& prepared_;
  const CancelToken& cancel_;
  Observer& observer_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool ended_by_outcome_ = false;  // by an outcome after which no other backend is asked
  int streaming_attempt_ = 0;      // the attempt whose output is being shown; 0: none yet
  bool broke_off_ = false;         // it failed before its answer was complete
  bool is_closing_ = false;        // too late to begin to show an answer
  int depth_ = 0;
  std::optional<Error> blocked_;  // why the run is not allowed
  std::optional<WriterLease> directory_;
  std::optional<RunChange> change_;       // of a run that may change files
  bool is_copy_clean_ = true;             // isolated: no call has changed it
  std::optional<WriterRefusal> refusal_;  // why it did not get that
  RunResult result_;
  Routing routing_;  // writes to result_
  LedgerWriter ledger_;
};

}  // namespace delegate
