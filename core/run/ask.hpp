#pragma once
#include <memory>

#include "core/run/change_report.hpp"
#include "core/run/half_change.hpp"
#include "core/run/hedged_attempts.hpp"
#include "core/run/prepared_ask.hpp"

namespace delegate {

/// What a caller without an answer can do next.
struct NextChance {
  std::optional<milliseconds> retry_at;  // when a backend of the run is tried again, at the earliest; wall
  std::string who_answers;  // another backend, which could answer now: the first one of `auto`; empty: none is known
  bool continues = false;   // the request was to continue a session, which no other backend can
};

/// The result of a run, with or without an answer.
struct RunResult {
  std::string run_id;
  std::string requested_backend;
  InferredType type;
  Outcome outcome = Outcome::internal;
  std::optional<Attempt> answer;           // the attempt that answered
  std::vector<Attempt> attempts;           // in the order in which they ended
  std::vector<Attempt> limit_probes;       // those that ended before the run did
  std::vector<Skip> skips;                 // in the order of the plan
  std::vector<std::string> still_probing;  // backends whose probe is still running
  std::vector<Preference> preferences;     // why equals were asked in this order
  std::vector<std::string> warnings;
  ChangeReport change;
  HalfChange half_change;  // without an answer: what may have been left half done
  std::string message;     // without an answer: why, in one line
  std::string hint;
  NextChance next;  // of a background run without an answer
  milliseconds took{0};
  /// Attempts that are still running: probes, which get their verdict, and attempts that are being stopped. Destroying
  /// it waits for their end; null if all have ended.
  std::unique_ptr<HedgedAttempts> pending;
};

/// "waiting for a free slot of codex or gemini, 2 calls before this one".
std::string slot_wait_words(const std::vector<std::string>& backends, int ahead);

/// "waiting for run 1m8…, which changes files in /x/y".
std::string directory_wait_words(const std::string& other_run, const std::string& directory);

/// "waiting for the breaker of codex or gemini".
std::string breaker_wait_words(const std::vector<std::string>& backends);

/// Follows a run while it happens. Called on the thread that called `ask` only.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void preferred(const Preference&) {}
  virtual void asking(const std::string& /*backend*/, bool /*probe*/) {}
  /// The run is about to change files, and `delegate undo` will not be able to take that back: why. True: the person
  /// knows it.
  virtual bool cannot_be_undone(const std::string& /*why*/) { return false; }
  /// A backend is about to be called. False: it must not be; the run then ends as cancelled.
  virtual bool may_start() { return true; }
  virtual void skipped(const Skip&) {}
  /// New output of a backend, as far as the request wants it streamed, and what the backend is doing. Text comes from
  /// one backend only, the first that writes.
  virtual void output(const std::string& /*backend*/, const OutputDelta&) {}
  virtual void ended(const Attempt&) {}
  /// The run now waits for a free slot of one of these, after `ahead` other calls; no other backend is left to try.
  /// Called again when that number has changed.
  virtual void waiting_for_slot(const std::vector<std::string>& /*backends*/, int /*ahead*/) {}
  /// The breakers of these are open, no other backend is left to try, and the run waits until one would admit it.
  virtual void waiting_for_breaker(const std::vector<std::string>& /*backends*/) {}
  /// Another run changes files in the directory of this one, or around it, and this one waits. Called again and again
  /// while that lasts.
  virtual void waiting_for_directory(const std::string& /*other_run*/, const std::string& /*directory*/) {}
  /// Other processes keep the state locked; `why` names one, if it is known. Called again and again while that lasts.
  virtual void waiting_for_state(const std::string& /*why*/) {}
  /// The wait is over: may the run go on? If not, it is left to another call, and this is called again for the next.
  virtual bool may_go_on() { return true; }
  /// Called before each wait. Returns when to call it next even if nothing happens, for a clock on display.
  virtual Deadline tick() { return Deadline::never(); }
};

/// The heart of the program: one prompt in, one answer out. Blocks until decided; `cancel` ends it at once. The engine
/// must outlive the result.
RunResult ask(const Engine& engine, PreparedAsk prepared, const CancelToken& cancel, Observer& observer);
RunResult ask(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer);

}  // namespace delegate
