#pragma once
#include <memory>

#include "core/run/hedged_attempts.hpp"
#include "core/run/prepared_ask.hpp"

namespace delegate {

/// What became of a request. Complete, with or without an answer.
struct RunResult {
  std::string run_id;
  std::string requested_backend;
  InferredType type;
  Outcome outcome = Outcome::internal;
  std::optional<Attempt> answer;           // the attempt that answered
  std::vector<Attempt> attempts;           // in the order in which they ended
  std::vector<Attempt> limit_probes;       // that ended before the run did
  std::vector<Skip> skips;                 // in the order of the plan
  std::vector<std::string> still_probing;  // backends whose probe was overtaken and goes on
  std::vector<std::string> warnings;
  std::string message;  // without an answer: why, one line
  std::string hint;
  milliseconds took{0};
  /// Those who are still out: a probe that was overtaken or is slow by nature and gets its verdict, a loser that is
  /// being stopped. Destroying it waits for their end; null when all have ended.
  std::unique_ptr<HedgedAttempts> pending;
};

/// Someone who follows a run while it happens. Called from the asking thread only.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void asking(const std::string& /*backend*/, bool /*probe*/) {}
  virtual void skipped(const Skip&) {}
  /// What this backend writes, as far as the request wants it before the end, and what it is busy with. Text comes from
  /// one backend only: whoever writes first has the floor.
  virtual void output(const std::string& /*backend*/, const OutputDelta&) {}
  virtual void ended(const Attempt&) {}
  /// Of a request that waits for slots: nobody is left to be asked but these, who have none free.
  virtual void waiting_for_slot(const std::vector<std::string>& /*backends*/) {}
  /// One of them has: may the run go on now? Else it is asked again in a moment.
  virtual bool may_go_on() { return true; }
  /// Called before each wait; by when the next call is wanted although nothing happens (a clock that ticks).
  virtual Deadline tick() { return Deadline::never(); }
};

/// The heart of the program: one prompt in, one answer out. Blocks until decided; `cancel` ends it at once. The engine
/// must outlive the result.
RunResult ask(const Engine& engine, PreparedAsk prepared, const CancelToken& cancel, Observer& observer);
RunResult ask(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer);

}  // namespace delegate
