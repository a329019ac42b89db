#pragma once
#include <functional>

#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"
#include "core/state/jobs.hpp"

// One process of the host gives the jobs their turns: `delegate worker`. It is started when a job is queued and no
// process dispatches, and ends when no job waits or runs: it marks those that are killed. Jobs are processes of their
// own, so its end stops none of them.
namespace delegate::jobs {

/// A job whose process ends again and again before it has started waits longer and longer from this turn on.
inline constexpr std::int64_t kFreeTurns = 5;

/// What a line may do just now.
struct LineState {
  enum class Kind {
    go,       // a candidate would take a call
    wait,     // all that would are busy
    refused,  // the breakers of all candidates are open, or their quota is kept back
  };
  Kind kind = Kind::go;
  std::vector<Skip> skips = {};               // why, for the candidates that would not
  std::optional<milliseconds> retry_in = {};  // until the first breaker would admit a probe
};

/// The candidates of a line as they are at one moment. `running`: jobs that have their turn; those that hold no slot
/// yet are about to take one.
LineState state_of_line(const Engine& engine, const JobLine& line, const StateStore::Snapshot& snapshot,
                        const std::vector<JobRow>& running);

/// What is reported while jobs are dispatched.
struct DispatchEvents {
  std::function<void(const std::string& id)> on_turn;     // a job gets its turn
  std::function<void(const std::string& what)> on_error;  // about one job; the others go on
};

/// Dispatches until no job waits or runs, or with `stays` until a signal. Returns at once if another process
/// dispatches. Code::unavailable: there is no store.
Status dispatch_jobs(const ProcessFacts& process, const Engine& engine, bool stays, const DispatchEvents& events);

/// Starts a dispatcher unless one works or none is needed: no job waits, and none was killed that is not marked as
/// such. Every command that looks at jobs calls it, so that a dispatcher which was killed has a successor.
Status ensure_dispatcher(const ProcessFacts& process, const OwnCommand& self, const Engine& engine);

}  // namespace delegate::jobs
