#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/exit_code.hpp"
#include "core/base/result.hpp"
#include "core/jobs/job_result.hpp"
#include "core/os/fd.hpp"
#include "core/os/launch.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/request.hpp"

// Each background run has its own process, the job process: `delegate run-job`. It reads its request from stdin, so
// that no prompt is ever in an argument list, and reports on stdout, one JSON object a line. Its stdin is also its
// lifeline: until the starter detaches, the end of the starter ends the run. The starter detaches when it gives the
// run's id to a client that may fetch the result later. A process that is started before there is a request is a spare
// one: it reads the configuration and opens the store, then it waits.
namespace delegate::jobs {

/// What a job process reports.
namespace job_event {
/// The job waits or runs.
struct Accepted {
  int ahead = 0;         // how many jobs start before it; reported again when that changes
  std::string no_store;  // why the store cannot hold the job, so that it cannot be detached; empty: it is in the store
};
struct Started {};
struct Progress {
  std::string backend;  // that is being asked
  std::string doing;
  std::int64_t bytes = 0;  // of text so far
};
struct Ended {
  JobResult result;
};
/// The job could not be run at all.
struct Failed {
  std::string message;
  std::string hint;
  int exit_code = kInternal;  // that a command in the foreground would end with
};
}  // namespace job_event
using JobEvent =
    std::variant<job_event::Accepted, job_event::Started, job_event::Progress, job_event::Ended, job_event::Failed>;

std::string to_line(const JobEvent& event);
/// A line that is no event is read as Failed.
JobEvent job_event_from(std::string_view line);

/// The starter's end of a job process.
class JobProcess {
 public:
  /// Starts `self` as a job process in its own session. It goes to the directory of its request.
  static Result<JobProcess> start(const ProcessFacts& process, const OwnCommand& self);
  /// The same for a request that is still to come. Until then it uses the configuration of this process's directory.
  static Result<JobProcess> start_spare(const ProcessFacts& process, const OwnCommand& self);

  pid_t pid() const { return pid_; }

  /// The one request of this process, to be sent.
  void give(const Request& request);
  /// Writes as much of the request as fits into the pipe. True: all is written. Code::closed: the process has ended.
  Result<bool> send_request();
  const Fd& lifeline() const { return lifeline_; }  // non-blocking; writable if there is room

  const Fd& output() const { return output_; }  // readable if there are events
  /// The events that can be read now; waits for input if there is none. Nothing: the process has ended.
  std::optional<std::vector<JobEvent>> receive();
  bool has_reported() const { return has_reported_; }

  /// The run continues after this process ends.
  void detach();
  /// Ends the run.
  void abort() { lifeline_.reset(); }

 private:
  JobProcess(pid_t pid, Fd lifeline, Fd output)
      : pid_(pid), lifeline_(std::move(lifeline)), output_(std::move(output)) {}
  static Result<JobProcess> start_with(const ProcessFacts& process, const OwnCommand& self,
                                       const std::vector<std::string>& arguments);

  pid_t pid_;
  Fd lifeline_;
  Fd output_;
  std::string unsent_;    // of the request
  std::string received_;  // of an event that is not complete
  bool has_reported_ = false;
};

}  // namespace delegate::jobs
