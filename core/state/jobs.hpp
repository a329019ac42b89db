#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Background runs: a job is one run, from its submission until its result expires.
namespace delegate {

struct JobRow {
  /// Persisted: numbers are frozen.
  enum class State {
    waiting = 0,  // queued
    running = 1,
    ended = 2,
    killed = 3,   // its process died after the start and before the end
    yielded = 4,  // started, but waits (for example for a slot) and lets other jobs run meanwhile
  };

  std::string id;  // of the run
  State state = State::waiting;
  milliseconds submitted_at{0};  // wall
  ProcessId owner;               // the process that runs it
  std::string doing;             // current activity, for display
  bool cancel_requested = false;
  // Of an ended job.
  std::optional<milliseconds> ended_at;  // wall; of a killed job: when that was noticed
  std::string result;                    // the output of `ask --json`
  std::string remarks;                   // the stderr of `ask`
  int exit_code = 0;

  bool operator==(const JobRow&) const = default;
};

/// Whether a job may start.
struct JobStart {
  enum class Decision {
    started,    // the caller runs it now
    waits,      // other jobs come first
    lost,       // removed, or adopted by another process
    cancelled,  // while it waited
  };
  Decision decision = Decision::lost;
  int ahead = 0;  // number of jobs that wait before it
};

/// Every change is one atomic step over all processes of the host. Code::busy: other processes kept the store locked.
class Jobs {
 public:
  using IsDead = std::function<bool(const ProcessId&)>;

  virtual ~Jobs() = default;
  virtual Status add(const JobRow& row) = 0;
  /// Starts the job, or resumes one that yielded, if it is the oldest that waits and fewer than `most` run on this
  /// host. Jobs of dead processes neither run nor wait; those that had started are marked as killed.
  virtual Result<JobStart> try_start(const std::string& id, const ProcessId& me, int most, const IsDead& is_dead) = 0;
  /// Gives the caller the oldest waiting job of a dead process, if there is one.
  virtual Result<std::optional<JobRow>> adopt(const ProcessId& me, const IsDead& is_dead) = 0;
  /// Lets other jobs run until try_start() resumes this one.
  virtual Status yield(const std::string& id, const std::string& doing) = 0;
  virtual Status note_doing(const std::string& id, const std::string& doing) = 0;
  /// Completes the row, and deletes jobs that ended or were killed before `keep_since`.
  virtual Status finish(const JobRow& row, milliseconds keep_since) = 0;
  virtual Status request_cancel(const std::string& id) = 0;
  virtual Result<bool> is_cancel_requested(const std::string& id) = 0;
  virtual Status remove(const std::string& id) = 0;
  /// The job whose id begins with `id`. Code::not_found if there is none, Code::invalid_argument if there are several.
  virtual Result<JobRow> find(const std::string& id) = 0;
  /// Newest first, without result and remarks.
  virtual Result<std::vector<JobRow>> list() = 0;
};

}  // namespace delegate
