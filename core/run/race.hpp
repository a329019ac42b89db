#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"
#include "core/run/engine.hpp"

namespace delegate {

/// What one attempt needs, apart from the engine.
struct AttemptOrder {
  std::string run_id;
  int number = 0;
  Candidate candidate;  // with the prompt
  Permit permit;
  Deadline deadline = Deadline::never();
  int depth = 0;
};

/// The attempts of one run that are under way: usually one; while a probe takes its time, one more beside it. Each runs
/// on its own thread, settles its permit and writes its own row. Destroying the race waits for all of them.
class Race {
 public:
  /// `cancel` ends all attempts. Both must outlive the race.
  Race(const Engine& engine, const CancelToken& cancel);
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race();

  void start(AttemptOrder order);
  /// The next attempt to end. Nothing when `patience` is over first, or when none is under way.
  std::optional<Attempt> next(Deadline patience);
  bool under_way(int number) const;

  /// The race is decided: stops everyone but the probes, which still get their fair verdict, and waits for the stopped
  /// ones. The backends whose probes are still out.
  std::vector<std::string> decided();

 private:
  struct Runner;
  void run(Runner& runner);

  const Engine& engine_;
  const CancelToken& cancel_;
  Fd ended_event_;
  mutable std::mutex mutex_;  // guards the runners' `ended` and `seen`
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace delegate
