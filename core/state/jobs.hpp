#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Background runs: a job is one run, from its submission until its result expires.
//
// A job waits until the host's dispatcher gives it its turn; the process that runs it takes the turn, and starts it
// just before its first CLI. Until then the store has its request, and if its process dies it waits again; from then on
// no other process ever runs it. Each of these steps is one compare-and-set, and the end of a job is final.
namespace delegate {

/// Jobs of one line start in the order of their submission.
struct JobLine {
  std::vector<std::string> candidates;  // that may be asked, in order; empty: not known
  bool is_nested = false;               // submitted inside a run, which may hold the slot that this job would wait for
  bool is_named = false;                // of a backend that was named, not of auto
  bool has_last_resort = false;         // the last candidate is asked even if its breaker is open
  std::string apart = {};  // what keeps these jobs from being started with the others, which they are not to hold up

  bool operator==(const JobLine&) const = default;
};

struct JobRow {
  /// Persisted: numbers are frozen.
  enum class State {
    waiting = 0,  // queued
    running = 1,  // it has its turn
    ended = 2,
    killed = 3,   // its process died after it had started and before the end
    yielded = 4,  // took its turn, but waits (for example for a slot) and lets other jobs run meanwhile
  };
  /// How far it has come. Persisted: numbers are frozen.
  enum class Stage {
    queued = 0,   // no process has taken its turn
    started = 1,  // a CLI may have been started. A waiting job: an earlier version queued it, its process will run it
    taken = 2,    // a process has taken its turn, and has started nothing yet
  };

  std::string id;  // of the run
  State state = State::waiting;
  milliseconds submitted_at{0};  // wall
  /// Waiting: the process that will run it itself; none: the dispatcher starts one. Running: who runs it, or before its
  /// turn is taken, who is to start it.
  ProcessId owner = {};
  bool is_own = false;  // the owner runs it itself, from the queue to the end
  JobLine line = {};
  std::int64_t turn = 0;  // how often it was given a turn
  Stage stage = Stage::queued;
  std::string needs = {};  // names of keys that only its owner has; no other process can run it
  std::string doing = {};  // current activity, for display
  bool cancel_requested = false;
  // Of an ended job.
  std::optional<milliseconds> ended_at = {};  // wall; of a killed job: when that was noticed
  std::string result = {};                    // the output of `ask --json`
  std::string remarks = {};                   // the stderr of `ask`
  int exit_code = 0;

  bool has_owner() const { return owner.pid != 0; }
  bool has_ended() const { return state == State::ended || state == State::killed; }
  bool is_taken() const { return state != State::waiting && stage != Stage::queued; }
  bool has_started() const { return state != State::waiting && stage == Stage::started; }
  bool operator==(const JobRow&) const = default;
};

/// What another process needs to run a job. It is in the store only until the job has started.
struct JobRequest {
  std::string request;  // JSON
  std::string start;    // JSON: environment, directory, options of the program
};

struct JobLimits {
  int parallel = 1;  // jobs that run at the same time
  int queued = 1;    // jobs that wait
};

/// Every change is one atomic step over all processes of the host. Code::busy: other processes kept the store locked.
class Jobs {
 public:
  using IsDead = std::function<bool(const ProcessId&)>;
  /// Is the owner of a job dead, and all that it started? Must not use the store.
  using IsGone = std::function<bool(const JobRow&)>;

  virtual ~Jobs() = default;

  /// Adds a waiting job with its request. Code::resource_exhausted: as many wait already as are allowed.
  virtual Status add(const JobRow& row, const JobRequest& request, const JobLimits& limits) = 0;
  /// The same for a job that its owner runs itself. True: it has started at once, because fewer than allowed run and no
  /// other job of its line waits, or because it is nested; the store then has no request, so it ends with its process.
  virtual Result<bool> add_own(const JobRow& row, const JobRequest& request, const JobLimits& limits) = 0;

  /// The oldest waiting job of each line, in the order of the queue.
  virtual Result<std::vector<JobRow>> heads() = 0;
  virtual Result<std::vector<JobRow>> running() = 0;
  /// How many wait before it.
  virtual Result<int> ahead_of(const std::string& id) = 0;
  virtual Result<JobRequest> request(const std::string& id) = 0;
  enum class Turn {
    given,
    full,     // as many jobs run as are allowed, or would with one that has yielded and asks to go on; or more of this
              // line have yielded
    gone,     // it does not wait any more
    deposed,  // `dispatcher` does not lead any more
  };
  virtual Result<Turn> give_turn(const JobRow& row, const ProcessId& dispatcher, int parallel) = 0;
  /// True: the turn is taken. False: it is not, or no longer, that of this process.
  virtual Result<bool> take(const std::string& id, std::int64_t turn, const ProcessId& me) = 0;
  enum class Start {
    started,    // the store has no request of it any more
    cancelled,  // it is to be stopped
    lost,       // it is not, or no longer, that of this process
  };
  /// Of a job that `me` has taken. A second time it changes nothing.
  virtual Result<Start> start(const std::string& id, const ProcessId& me) = 0;
  /// The turn of a job that has not started: it waits again, with an `apart` in a line with the others that have the
  /// same one. False: it is not any more as in `seen`.
  virtual Result<bool> return_turn(const JobRow& seen, const std::string& apart = {}) = 0;
  struct Recovered {
    std::vector<JobRow> stranded;  // wait for a process that is dead, and for keys that only that one had
    std::vector<JobRow> late;      // whose turn no process took
    bool changed = false;
  };
  /// Jobs of dead processes: those that had started are marked as killed, the others wait again. So do those whose turn
  /// no process took within `patience`, each in a line of its own: the process may be stopped.
  virtual Result<Recovered> recover(const IsGone& is_gone, milliseconds patience) = 0;

  /// A job of an earlier version that still waits: from now on any process may run it.
  virtual Status adopt(const std::string& id, const JobRequest& request) = 0;

  /// One process of a host dispatches. True: `me`, for the next `lease`; it has to be renewed before that is over.
  virtual Result<bool> lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) = 0;
  /// Ends that. False: there is still work for a dispatcher.
  virtual Result<bool> resign(const ProcessId& me, bool only_if_idle) = 0;
  /// Is there anything that a dispatcher would do? Also a killed job that is not marked as such yet.
  virtual Result<bool> has_work(const IsDead& is_dead) = 0;
  virtual Result<std::optional<ProcessId>> leader() = 0;
  /// Does a living process lead?
  virtual Result<bool> is_led(const IsDead& is_dead) = 0;

  /// Lets other jobs run until resume() succeeds.
  virtual Status yield(const std::string& id, const ProcessId& me, const std::string& doing) = 0;
  /// False: there is no room. The next free place is then kept for such jobs, as long as one asks again every second.
  virtual Result<bool> resume(const std::string& id, const ProcessId& me, int parallel) = 0;
  virtual Status note_doing(const std::string& id, const std::string& doing) = 0;
  /// Completes the row of a job of `me`, unless it has ended before, and deletes jobs that ended before `keep_since`.
  /// False: it is not, or no longer, that of `me`.
  virtual Result<bool> finish(const JobRow& row, const ProcessId& me, milliseconds keep_since) = 0;
  /// The same for a job that has not started. False: it is not any more as in `seen`.
  virtual Result<bool> finish_unstarted(const JobRow& seen, const JobRow& row, milliseconds keep_since) = 0;
  enum class Cancel {
    ended,      // completed with `row`: no process would have stopped it
    requested,  // its process is to stop it
    too_late,   // it had ended, or there is none
  };
  virtual Result<Cancel> cancel(const JobRow& row, milliseconds keep_since, const IsDead& is_dead) = 0;
  virtual Result<bool> is_cancel_requested(const std::string& id) = 0;
  virtual Status remove(const std::string& id) = 0;
  /// The job whose id begins with `id`. Code::not_found if there is none, Code::invalid_argument if there are several.
  virtual Result<JobRow> find(const std::string& id) = 0;
  /// Those that have not ended, without result and remarks, newest first; at most that many.
  virtual Result<std::vector<JobRow>> unended(int most) = 0;
  /// Those that were found killed, newest first.
  virtual Result<std::vector<JobRow>> killed(int most) = 0;
  struct Counts {
    int waiting = 0;  // and yielded
    int running = 0;
  };
  virtual Result<Counts> counts() = 0;
};

}  // namespace delegate
