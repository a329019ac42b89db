#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Runs in the background: a job is one run, from the moment it is handed in until its end is forgotten.
namespace delegate {

struct JobRow {
  /// Persisted: numbers are frozen.
  enum class State {
    waiting = 0,  // for its start
    running = 1,
    ended = 2,
    killed = 3,   // it had begun, and its process was gone before its end
    yielded = 4,  // it has begun, and gave its place to others while it waits for something else than its start
  };

  std::string id;  // of the run
  State state = State::waiting;
  milliseconds submitted_at{0};  // wall
  ProcessId owner;               // the process that carries it
  std::string doing;             // what it is busy with, for showing
  bool cancel_requested = false;
  // Of its end.
  std::optional<milliseconds> ended_at;  // wall; of a killed one: when that was seen
  std::string result;                    // what `ask --json` would have printed
  std::string remarks;                   // what `ask` would have said on stderr
  int exit_code = 0;

  bool operator==(const JobRow&) const = default;
};

/// Whether a job may begin.
struct JobStart {
  enum class Decision {
    started,    // it is running now, and the caller carries it
    waits,      // others come first
    lost,       // it is not the caller's: another process has taken it, or it was removed
    cancelled,  // it was cancelled while it waited
  };
  Decision decision = Decision::lost;
  int ahead = 0;  // how many wait before it
};

/// Every change is one atomic step over all processes of the host. Code::busy: others kept the store too long.
class Jobs {
 public:
  using IsDead = std::function<bool(const ProcessId&)>;

  virtual ~Jobs() = default;
  virtual Status add(const JobRow& row) = 0;
  /// Begins the job, or lets one that stepped aside go on, when it is the oldest that waits and fewer than `most` run
  /// on this host. Jobs whose process is gone neither run nor wait; those of them that had begun are killed from now
  /// on.
  virtual Result<JobStart> try_start(const std::string& id, const ProcessId& me, int most, const IsDead& is_dead) = 0;
  /// Makes the oldest job that waits and whose process is gone the caller's. Nothing: there is none.
  virtual Result<std::optional<JobRow>> adopt(const ProcessId& me, const IsDead& is_dead) = 0;
  /// It gives its place to others, until `try_start` gives it one again.
  virtual Status yield(const std::string& id, const std::string& doing) = 0;
  virtual Status note_doing(const std::string& id, const std::string& doing) = 0;
  /// Fills in the end, and forgets what ended or was killed before `keep_since`.
  virtual Status finish(const JobRow& row, milliseconds keep_since) = 0;
  virtual Status request_cancel(const std::string& id) = 0;
  virtual Result<bool> is_cancel_requested(const std::string& id) = 0;
  virtual Status remove(const std::string& id) = 0;
  /// The job whose id begins so. Code::not_found when there is none, Code::invalid_argument when there are several.
  virtual Result<JobRow> find(const std::string& id) = 0;
  /// Newest first, without result and remarks.
  virtual Result<std::vector<JobRow>> list() = 0;
};

}  // namespace delegate
