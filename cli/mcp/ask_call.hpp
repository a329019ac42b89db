#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "cli/mcp/ask_request.hpp"
#include "core/base/deadline.hpp"
#include "core/jobs/job_process.hpp"
#include "core/mcp/service.hpp"

namespace delegate::cli::server {

/// When a call reports its progress: after a second, then every few seconds. Never if the client does not want it.
class ProgressTimer {
 public:
  explicit ProgressTimer(bool is_wanted) : is_wanted_(is_wanted) {}

  /// True: report now; the next report is due later.
  bool is_due() {
    if (!is_wanted_ || !next_.passed()) return false;
    next_ = Deadline::in(kInterval);
    return true;
  }
  Deadline next() const { return is_wanted_ ? next_ : Deadline::never(); }
  /// Since the call began.
  std::chrono::duration<double> age() const { return std::chrono::steady_clock::now() - since_; }

 private:
  static constexpr milliseconds kFirst{1'000};
  static constexpr milliseconds kInterval{2'500};

  bool is_wanted_;
  Steady since_ = std::chrono::steady_clock::now();
  Deadline next_ = Deadline::in(kFirst);
};

/// One call of the tool `ask`, from its arrival to its answer: the result of the run, or its id.
class AskCall {
 public:
  /// The call is answered with the run's id at once if `in_background`, otherwise after `patience`. `max_result`:
  /// see ClientHabits.
  AskCall(const mcp::Call& call, AskRequest asked, bool in_background, milliseconds patience, std::size_t max_result);
  AskCall(AskCall&&) = default;

  const Request& request() const { return asked_.request; }
  /// What the model is to know beside the answer.
  std::vector<std::string> notes() const;
  bool is_in_background() const { return in_background_; }
  std::size_t max_result() const { return max_result_; }
  bool is_started() const { return process_.has_value(); }
  /// Gives the request to a process, with this id of the run.
  void start(jobs::JobProcess process, std::string run_id);
  jobs::JobProcess& process() { return *process_; }
  const jobs::JobProcess& process() const { return *process_; }

  /// Its process has ended before it reported anything, fewer than kMostStarts times.
  bool may_have_another_process() const { return has_ended_ && !process_->has_reported() && starts_ < kMostStarts; }
  /// Its process has reported why there is no run.
  bool is_refused() const { return process_->has_reported() && !accepted_; }

  /// Writes as much of the request as fits into the pipe.
  void send_request();
  bool is_request_sent() const { return is_request_sent_; }

  /// Reads what its process has reported, if anything. The event that ends the call, Ended or Failed, once it is there.
  std::optional<jobs::JobEvent> receive();
  /// It is time to answer with the run's id, and the run can go on without this process.
  bool is_to_be_detached() const;
  /// "codex, 14 s, 2.1 kB", if the client wants progress and it is due.
  std::optional<std::string> progress();
  std::string doing() const;
  double seconds() const { return progress_timer_.age().count(); }
  const ProgressTimer& progress_timer() const { return progress_timer_; }
  /// When to check it again even if nothing was reported.
  Deadline wake() const;

 private:
  static constexpr int kMostStarts = 3;

  /// True: the event ends the call.
  bool take(const jobs::JobEvent& event);

  AskRequest asked_;
  bool in_background_;
  std::size_t max_result_;
  Deadline patience_;
  ProgressTimer progress_timer_;
  std::optional<jobs::JobProcess> process_;
  int starts_ = 0;
  bool is_request_sent_ = false;
  bool has_ended_ = false;  // the process
  std::optional<jobs::job_event::Accepted> accepted_;
  bool has_run_started_ = false;
  jobs::job_event::Progress progress_;
};

}  // namespace delegate::cli::server
