#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/drill/drill_setup.hpp"
#include "cli/drill/sandbox.hpp"
#include "core/health/breaker.hpp"
#include "core/os/cancel.hpp"

namespace delegate::cli::drill {

/// A breaker as `delegate status` shows it.
struct SeenBreaker {
  std::optional<BreakerState> state = std::nullopt;  // absent: not shown
  int failures = 0;                                  // in a row, while closed
  int threshold = 0;                                 // with failures

  bool operator==(const SeenBreaker&) const = default;
};
/// "closed", "closed 1/3", "open", "half-open", "unknown".
std::string to_string(const SeenBreaker& breaker);

/// What was observed in a step: how often the target was really started (or requested, over HTTP), which backend
/// answered, and the target's breaker afterwards according to `delegate status`.
struct Observation {
  int starts = 0;
  std::string by;  // "gemini", "1 gemini, 7 ollama", "none (exit 4)"; empty: no call was made
  SeenBreaker breaker;

  bool operator==(const Observation&) const = default;
};
/// "1 start, answered by gemini, breaker closed".
std::string to_string(const Observation& observation, const Setup& setup);

struct Step {
  std::string name;
  Observation expected;
  Observation seen;
  milliseconds took{0};  // of the calls themselves
  std::string said;      // stderr of the last call

  bool held() const { return expected == seen; }
};

/// Plays the steps of a drill in order until one fails, because each builds on the ones before. All steps consist of
/// real processes, and every observation is measured. No step depends on the speed of the machine: if the cooldown was
/// over before the next call began, the step is repeated with a longer one.
class Scenario {
 public:
  using OnStep = std::function<void(const std::string& name)>;
  Scenario(Sandbox& sandbox, const Setup& setup, const CancelToken& cancel, OnStep on_step);

  /// Fails if the sandbox itself does not work.
  Result<std::vector<Step>> play();

 private:
  struct Answer {
    std::string by;
    bool probed = false;  // the target was called, and its breaker was not closed
    milliseconds took{0};
    std::string said;
  };
  bool is_healthy(const std::string& name);
  bool starts_failing();
  bool fails(const std::string& name, int calls, const SeenBreaker& breaker_after);
  bool is_skipped();
  bool is_shared();
  bool cools_down();
  bool probes_once();
  bool hangs();
  bool is_signed_out();

  bool take(Step step);
  Step begin(const std::string& name, Observation expected);
  Answer ask(bool by_name = false) const;
  std::vector<Answer> ask_at_once();
  void ask_while_open(Step& step, bool by_name);
  SeenBreaker breaker() const;
  SeenBreaker breaker_of_failing_target();
  milliseconds remaining_cooldown() const;
  bool set_behavior(FakeBehavior behavior);
  bool set_idle_timeout(milliseconds timeout);
  void lengthen_cooldown();
  bool keep(const Status& done);

  std::string fallback_name() const;
  SeenBreaker closed_after(int failures) const;
  int threshold() const { return setup_.role(setup_.target).breaker.threshold; }

  Sandbox& sandbox_;
  const Setup& setup_;
  const CancelToken& cancel_;
  OnStep on_step_;
  std::vector<Step> steps_;
  std::optional<Error> error_;
};

}  // namespace delegate::cli::drill
