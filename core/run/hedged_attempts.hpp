#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/event.hpp"
#include "core/run/engine.hpp"
#include "core/run/output_delta.hpp"

namespace delegate {

/// What one attempt needs, apart from the engine.
struct AttemptOrder {
  std::string run_id;
  int number = 0;
  Candidate candidate;  // with the prompt
  Permit permit;
  Deadline deadline = Deadline::never();
  int depth = 0;
  bool keep_row = true;  // in the ledger
};

/// Who listens to a race while it waits for the next attempt to end; called on the waiting thread.
class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  virtual void on_output(int number, const OutputDelta& delta) = 0;
  /// Called before each wait; by when the next call is wanted even if nothing happens.
  virtual Deadline tick() = 0;
};

class NoListener final : public AttemptListener {
 public:
  void on_output(int, const OutputDelta&) override {}
  Deadline tick() override { return Deadline::never(); }
};

/// The attempts of one run that are under way: usually one; while a probe takes its time, one more beside it. Each runs
/// on its own thread, settles its permit and writes its own row. Destroying the race waits for all of them.
class HedgedAttempts {
 public:
  /// `cancel` ends all attempts. Both must outlive the race.
  HedgedAttempts(const Engine& engine, const CancelToken& cancel);
  HedgedAttempts(const HedgedAttempts&) = delete;
  HedgedAttempts& operator=(const HedgedAttempts&) = delete;
  ~HedgedAttempts();

  /// When no thread can be had, the attempt has ended already, with Outcome::resources.
  void start(AttemptOrder order);
  /// The next attempt to end. Nothing when `patience` is over first, or when none but slow probes is under way.
  std::optional<Attempt> next(Deadline deadline, AttemptListener& listener);
  bool under_way(int number) const;
  /// Nobody is waited for but probes, which do not end with the run's deadline.
  bool only_probes_left() const;

  /// The race is decided: tells everyone to stop but the probes, which still get their fair verdict. Waits for nobody.
  /// The backends whose probes are still out.
  std::vector<std::string> decided();
  bool all_ended() const;

 private:
  struct Runner;
  void run(Runner& runner);
  Attempt attempt(Runner& runner);
  void end(Runner& runner, Attempt attempt);
  void tell(Runner& runner, OutputDelta delta);
  void deliver(AttemptListener& listener);
  enum class Awaited { foreground, all };
  std::optional<Attempt> wait_for(Awaited awaited, Deadline deadline, AttemptListener& listener);
  std::optional<Attempt> take_ended(Awaited awaited, bool& any_left);

  const Engine& engine_;
  const CancelToken& cancel_;
  Event ended_;
  mutable std::mutex mutex_;  // guards the runners' `ended`, `seen` and `news`
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace delegate
