#pragma once
#include "core/run/ask.hpp"
#include "core/run/hedged_attempts.hpp"
#include "core/run/writers.hpp"

namespace delegate {

/// Decides which backends are asked, in the order of the plan: permits and slots, logins, fallback, probes, waits for a
/// slot. Run handles the answer (is there one, is one being shown).
class Routing {
 public:
  /// All are borrowed. Skips and warnings are noted in `result`; `prepared` is refreshed after a wait for a slot.
  Routing(const Engine& engine, PreparedAsk& prepared, const CancelToken& cancel, Observer& observer,
          RunResult& result);

  /// Fallback permitting; another login of a backend only if the login before it was refused as such.
  bool may_try(const RouteStep& step) const;
  /// Takes permit and slot for a step. Nothing: it is skipped, and the reason is noted. The order's run, depth and row
  /// are the caller's to fill in.
  std::optional<AttemptOrder> admit(const RouteStep& step);
  /// When this step was skipped for a limit that may be probed before its end: the order for that.
  std::optional<AttemptOrder> limit_probe(const RouteStep& step);
  /// When the next candidate may start beside this attempt: probe_timeout for a probe, never for other calls.
  Deadline hedge_delay(const AttemptOrder& order, const RouteStep& step) const;
  /// Waits until a candidate that was skipped because no slot was free has one. False: there is none, the request does
  /// not want to wait, or its time is over.
  bool wait_for_slot();
  /// The same for a breaker that may admit a call, as long as nothing was started. The run's time begins after it.
  bool wait_for_breaker();
  /// Takes the directory in which the run is to change files, or waits for it as for a slot: if the request wants that,
  /// and in the background. That is no part of the run's time.
  WriterAdmission wait_for_directory(WriterRequest wanted);
  /// True, once: from now on only the second turns of the plan are taken, if there are any.
  bool begin_second_turns();
  /// How long the run can take.
  milliseconds longest_time() const;
  void note(const Attempt& attempt);
  ~Routing();

  Deadline deadline() const { return deadline_; }
  const std::string& backend_of(int attempt) const { return started_[static_cast<std::size_t>(attempt - 1)]; }

 private:
  bool has_started(const std::string& candidate) const;
  bool is_last_resort(const std::string& candidate) const;
  std::vector<std::string> without_slot() const;
  bool waits_for_slot_of(const std::string& candidate) const;
  /// The best position in the lines of these; nothing: it may not wait any longer.
  std::optional<LinePosition> line_up(const std::vector<std::string>& candidates);
  void leave_lines(const std::vector<std::string>& but = {});
  bool begin_second_turn(const RouteStep& step);
  /// For the next attempt.
  AdmissionRequest request_for(const Candidate& candidate, ProbeTime probe_time) const;
  /// Reserves the budget for the call, too, if one limits it.
  Admission admit_within_budget(const AdmissionRequest& wanted, const Candidate& candidate, BudgetHold& budget);
  Admission admit_when_unlocked(const AdmissionRequest& wanted, const Candidate& candidate, BudgetHold& budget);
  std::size_t prompt_size() const;  // bytes
  /// What a call that is admitted now would find half done.
  HalfChange half_change() const;
  std::optional<AttemptOrder> start(Candidate candidate, Permit permit, BudgetHold budget);
  bool may_wait_for_directory() const;
  void report_wait(const WriterRefusal& refusal, std::string& said);
  void pause(milliseconds length);
  void begin_time();
  void skip(Skip skip);
  void skip_unavailable(const std::string& candidate, const Unavailable& why);
  void warn_once(const std::string& warning);
  void note_login(const std::string& candidate, bool refused);

  /// One of a backend's several logins, tried or skipped. Each keeps its own result: a probe that was overtaken may end
  /// after the next login.
  struct TriedLogin {
    std::string candidate;
    bool refused = false;  // for something that another login of the backend does not share
  };

  const Engine& engine_;
  PreparedAsk& prepared_;
  const CancelToken& cancel_;
  Observer& observer_;
  RunResult& result_;
  Deadline deadline_;
  std::vector<std::string> started_;  // candidates, by the numbers of their attempts, from 1
  bool is_second_turn_ = false;
  std::size_t background_probes_ = 0;
  milliseconds lock_patience_{5'000};  // what is left of it, over all candidates
  std::vector<TriedLogin> logins_;     // in the order of their turns
  std::string place_;                  // in the lines for a slot
  std::vector<std::string> lines_;     // candidates
  std::optional<Deadline> slot_deadline_;
  std::optional<Deadline> directory_deadline_;
  std::optional<Deadline> breaker_deadline_;
};

}  // namespace delegate
