#pragma once
#include <sys/types.h>

#include <string>
#include <variant>

#include "core/base/result.hpp"
#include "core/os/fd.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/request.hpp"

// A background run is a process of its own, the job process: `delegate run-job ID`. It reads its request from stdin, so
// that no prompt is ever in an argument list, and reports on stdout, one JSON object a line. The other end of its stdin
// is its lifeline: while the starter may still want to stop the run, the end of the lifeline ends the run. Once the
// run's id was handed out, the starter detaches, and the run ends when it ends.
namespace delegate::jobs {

/// What a job process reports.
namespace job_event {
struct Accepted {
  int ahead = 0;         // how many wait before it; told again when that changes
  std::string no_store;  // why the host cannot hold it: it cannot go on alone; empty: it can
};
struct Begun {};
struct Progress {
  std::string backend;  // who is asked now
  std::string doing;
  std::int64_t bytes = 0;  // of text so far
};
struct Ended {
  std::string result;   // what `ask --json` would have printed
  std::string remarks;  // what `ask` would have said on stderr
  int exit_code = 0;
};
/// It could not be carried at all.
struct Failed {
  std::string message;
  std::string hint;
};
}  // namespace job_event
using JobEvent =
    std::variant<job_event::Accepted, job_event::Begun, job_event::Progress, job_event::Ended, job_event::Failed>;

std::string to_line(const JobEvent& told);
/// Anything else than a line of ours is a failure.
JobEvent job_event_from(std::string_view line);

/// The starting side.
class JobProcess {
 public:
  /// Starts `self` as a job process in the directory of the request, in a session of its own.
  static Result<JobProcess> start(const ProcessFacts& process, const OwnCommand& self, const Request& request);

  pid_t pid() const { return pid_; }
  /// Its words, one JSON object a line; closed at its end.
  const Fd& words() const { return words_; }
  /// Writes what the pipe takes now of the request. True: all of it is written. Code::closed: the process is gone.
  Result<bool> hand_over();
  const Fd& lifeline() const { return lifeline_; }  // non-blocking, writable when there is room
  /// From now on the run goes on whatever happens to this process.
  void detach();
  /// Nobody wants the run any more.
  void abort() { lifeline_.reset(); }

 private:
  pid_t pid_ = 0;
  Fd lifeline_;
  Fd words_;
  std::string request_;
  std::size_t written_ = 0;
};

}  // namespace delegate::jobs
