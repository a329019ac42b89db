#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/event.hpp"
#include "core/run/budgets.hpp"
#include "core/run/engine.hpp"
#include "core/run/output_delta.hpp"

namespace delegate {

struct CallEnd;

/// What one attempt needs besides the engine.
struct AttemptOrder {
  std::string run_id;
  int number = 0;
  Candidate candidate;  // with the prompt
  Permit permit;
  Deadline deadline = Deadline::never();
  int depth = 0;
  bool keep_row = true;  // write a row into the ledger
  BudgetHold budget = {};
};

/// Called while `next` waits for an attempt to end, on the waiting thread.
class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  virtual void on_output(int number, const OutputDelta& delta) = 0;
  /// Called before each wait. Returns when to call it next even if nothing happens.
  virtual Deadline tick() = 0;
};

class NoListener final : public AttemptListener {
 public:
  void on_output(int, const OutputDelta&) override {}
  Deadline tick() override { return Deadline::never(); }
};

/// The attempts of one run that are under way: usually one, and while a probe is slow, another one beside it. Each runs
/// on its own thread, settles its permit and writes its own row. The destructor waits for all of them.
class HedgedAttempts {
 public:
  /// `cancel` ends all attempts. Both must outlive this object.
  HedgedAttempts(const Engine& engine, const CancelToken& cancel);
  HedgedAttempts(const HedgedAttempts&) = delete;
  HedgedAttempts& operator=(const HedgedAttempts&) = delete;
  ~HedgedAttempts();

  /// If no thread can be started, the attempt ends at once with Outcome::resources.
  void start(AttemptOrder order);
  /// The next attempt to end. Nothing if `deadline` passes first, or if only background probes are under way.
  std::optional<Attempt> next(Deadline deadline, AttemptListener& listener);
  bool under_way(int number) const;
  /// Only probes are still running, which do not end with the run's deadline.
  bool only_probes_left() const;

  /// Stops all attempts except probes, which still get their verdict. Does not wait. Returns the backends whose probes
  /// are still running.
  std::vector<std::string> stop_all_but_probes();
  bool all_ended() const;

 private:
  struct Runner;
  void run(Runner& runner);
  CallEnd call(Runner& runner);
  Attempt attempt(Runner& runner);
  bool begin_repetition(Runner& runner, const CallEnd& call);
  void record(Runner& runner, const CallEnd& call, Attempt& attempt);
  void end(Runner& runner, Attempt attempt);
  void report(Runner& runner, OutputDelta delta);
  void deliver(AttemptListener& listener);
  enum class Awaited { foreground, all };
  std::optional<Attempt> wait_for(Awaited awaited, Deadline deadline, AttemptListener& listener);
  std::optional<Attempt> take_ended(Awaited awaited, bool& any_left);

  const Engine& engine_;
  const CancelToken& cancel_;
  Event ended_;
  std::condition_variable delivered_;  // an attempt may wait until its output is
  bool is_over_ = false;               // output is not delivered any more
  mutable std::mutex mutex_;           // guards the runners' `ended`, `seen` and `delta`
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace delegate
