#include "cli/drill/scenario.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/os/in_parallel.hpp"

namespace delegate::cli::drill {
namespace {

constexpr int kMostRepeats = 5;
constexpr milliseconds kSilence = 1s;
constexpr const char* kNoneAvailable = "none (exit 4)";
constexpr const char* kNoneTried = "none (exit 1)";
constexpr std::size_t kLongestSaid = 300;

std::string next_prompt() {
  static std::atomic<int> number{0};
  return "prompt " + std::to_string(++number);
}

void wait(milliseconds span, const CancelToken& cancel) { static_cast<void>(cancel.cancelled_within(span)); }

/// "1 gemini, 7 ollama".
std::string count_of(const std::string& target, int targets, const std::string& other, int others) {
  std::string out = targets == 0 ? "" : std::to_string(targets) + " " + target;
  if (others > 0) out += (out.empty() ? "" : ", ") + std::to_string(others) + " " + other;
  return out;
}

bool was_probed(const Json& answer, const std::string& target) {
  for (const Json& attempt : at(answer, "/attempts"))
    if (text_at(attempt, "/backend") == target && true_at(attempt, "/probe")) return true;
  return false;
}

/// The backend that answered. A wrong answer is marked as such.
std::string answerer(const Json& answer, int exit_code, const std::string& prompt) {
  const std::string backend = text_at(answer, "/backend");
  if (backend.empty()) return "none (exit " + std::to_string(exit_code) + ")";
  if (text_at(answer, "/answer") != answer_of(backend, prompt)) return backend + ", with another answer";
  return exit_code == 0 ? backend : backend + " (exit " + std::to_string(exit_code) + ")";
}

}  // namespace

std::string to_string(const SeenBreaker& breaker) {
  if (!breaker.state) return "unknown";
  if (breaker.state == BreakerState::half_open) return "half-open";
  std::string state(to_string(*breaker.state));
  if (breaker.failures == 0) return state;
  return state + " " + std::to_string(breaker.failures) + "/" + std::to_string(breaker.threshold);
}

std::string to_string(const Observation& observation, const Setup& setup) {
  std::string out = std::to_string(observation.starts) + " " + setup.call_noun() + (observation.starts == 1 ? "" : "s");
  if (!observation.by.empty()) out += ", answered by " + observation.by;
  return out + ", breaker " + to_string(observation.breaker);
}

Scenario::Scenario(Sandbox& sandbox, const Setup& setup, const CancelToken& cancel, OnStep on_step)
    : sandbox_(sandbox), setup_(setup), cancel_(cancel), on_step_(std::move(on_step)) {}

Result<std::vector<Step>> Scenario::play() {
  const std::string& kind = setup_.role(setup_.target).kind;
  const bool has_more = setup_.is_process(setup_.target) && kind != "command" && threshold() > 1;
  const bool held = is_healthy(setup_.target + " is healthy") && starts_failing() && is_skipped() && is_shared() &&
                    cools_down() && probes_once() && is_healthy("the next call");
  if (held && has_more && hangs()) is_signed_out();
  if (error_) return tl::unexpected(*std::move(error_));
  return std::move(steps_);
}

bool Scenario::is_healthy(const std::string& name) {
  Step step = begin(name, {1, setup_.target, {BreakerState::closed}});
  const Answer answer = ask();
  step.seen.by = answer.by;
  step.took = answer.took;
  step.said = answer.said;
  step.seen.breaker = breaker();
  return take(std::move(step));
}

bool Scenario::starts_failing() {
  if (!set_behavior(FakeBehavior::server_error)) return false;
  const int last = threshold();
  const std::string begins = setup_.target + " fails, call ";
  if (last <= 3) {
    for (int call = 1; call < last; ++call)
      if (!fails((call == 1 ? begins : "call ") + std::to_string(call), 1, closed_after(call))) return false;
  } else if (!fails(begins + "1 to " + std::to_string(last - 1), last - 1, closed_after(last - 1))) {
    return false;
  }
  return fails((last == 1 ? begins : "call ") + std::to_string(last), 1, {BreakerState::open});
}

bool Scenario::fails(const std::string& name, int calls, const SeenBreaker& breaker_after) {
  const std::string by = fallback_name();
  Step step = begin(name, {calls, calls == 1 ? by : std::to_string(calls) + " " + by, breaker_after});
  int as_expected = 0;
  for (int call = 0; call < calls && !cancel_.cancelled(); ++call) {
    const Answer answer = ask();
    if (answer.by == by) ++as_expected;
    step.seen.by = answer.by;
    step.took += answer.took;
    step.said = answer.said;
  }
  if (calls > 1) step.seen.by = std::to_string(as_expected) + " " + by;
  step.seen.starts = sandbox_.starts(setup_.target) - step.seen.starts;
  step.seen.breaker = breaker_of_failing_target();
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Scenario::is_skipped() {
  const std::string by = setup_.next.empty() ? kNoneAvailable : setup_.next;
  Step step = begin("call " + std::to_string(threshold() + 1) + " skips it", {0, by, {BreakerState::open}});
  ask_while_open(step, false);
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Scenario::is_shared() {
  Step step = begin("another shell calls it", {0, kNoneAvailable, {BreakerState::open}});
  ask_while_open(step, true);
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Scenario::cools_down() {
  Step step = begin("the cooldown passes", {0, "", {BreakerState::half_open}});
  const auto began = std::chrono::steady_clock::now();
  const Deadline longest = Deadline::in(2 * kLongestStep);  // the cooldown may have been lengthened
  SeenBreaker seen = breaker();
  while (seen.state == BreakerState::open && !cancel_.cancelled() && !longest.passed()) {
    wait(std::max(remaining_cooldown(), milliseconds(1)), cancel_);
    seen = breaker();
  }
  step.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  step.seen.breaker = seen;
  return take(std::move(step));
}

bool Scenario::probes_once() {
  if (!set_behavior(FakeBehavior::waits)) return false;
  const std::string others = setup_.next.empty() ? kNoneAvailable : setup_.next;
  Step step = begin("it recovers; " + std::to_string(kAtOnce) + " calls at once",
                    {1, count_of(setup_.target, 1, others, kAtOnce - 1), {BreakerState::closed}});
  int targets = 0;
  std::string different;
  for (const Answer& answer : ask_at_once()) {
    step.took = std::max(step.took, answer.took);
    if (answer.by == setup_.target) ++targets;
    else if (answer.by != others) different = answer.by, step.said = answer.said;
  }
  step.seen.by = count_of(setup_.target, targets, different.empty() ? others : different, kAtOnce - targets);
  step.seen.breaker = breaker();
  return take(std::move(step)) && set_behavior(FakeBehavior::healthy);
}

bool Scenario::hangs() {
  if (!set_behavior(FakeBehavior::hangs) || !set_idle_timeout(kSilence)) return false;
  if (!fails("it hangs: cut off after " + format_wait(kSilence), 1, closed_after(1))) return false;
  return set_idle_timeout(kLongestStep) && set_behavior(FakeBehavior::signed_out);
}

bool Scenario::is_signed_out() { return fails("it is signed out", 1, {BreakerState::open}); }

/// `starts` counts from here.
Step Scenario::begin(const std::string& name, Observation expected) {
  on_step_(name);
  return Step{.name = name, .expected = std::move(expected), .seen = {.starts = sandbox_.starts(setup_.target)}};
}

bool Scenario::take(Step step) {
  step.seen.starts = sandbox_.starts(setup_.target) - step.seen.starts;
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

Scenario::Answer Scenario::ask(bool by_name) const {
  const std::string prompt = next_prompt();
  std::vector<std::string> words{"ask", "--json", "--no-stdin", prompt};
  if (by_name) words.insert(words.begin() + 1, {"-b", setup_.target});
  const Called called = sandbox_.run(words);
  const Json answer = parse_object(called.out).value_or(Json::object());
  return {.by = answerer(answer, called.exit_code, prompt),
          .probed = was_probed(answer, setup_.target),
          .took = called.took,
          .said = one_line(trim(called.err), kLongestSaid)};
}

/// The probe is released when all other calls have ended, so that it really runs during them.
std::vector<Scenario::Answer> Scenario::ask_at_once() {
  std::vector<std::future<Answer>> calls;
  for (int i = 0; i < kAtOnce; ++i) calls.push_back(in_parallel([this] { return ask(); }));
  const auto is_awaited = [](const std::future<Answer>& call) {  // not if there was no thread for it
    return call.wait_for(milliseconds(0)) == std::future_status::timeout;
  };
  while (std::count_if(calls.begin(), calls.end(), is_awaited) > 1 && !cancel_.cancelled())
    std::this_thread::sleep_for(milliseconds(2));
  keep(sandbox_.release(setup_.target));
  std::vector<Answer> all;
  for (auto& call : calls) all.push_back(call.get());
  return all;
}

/// A call that must find the breaker open. If the machine is so slow that the cooldown was over, the call was a probe,
/// which failed and started a longer cooldown; then the call is repeated.
void Scenario::ask_while_open(Step& step, bool by_name) {
  for (int i = 0; i < kMostRepeats && !cancel_.cancelled(); ++i) {
    const int before = sandbox_.starts(setup_.target);
    const Answer answer = ask(by_name);
    step.seen = {sandbox_.starts(setup_.target) - before, answer.by, breaker_of_failing_target()};
    step.took = answer.took;
    step.said = answer.said;
    if (!answer.probed) return;
    lengthen_cooldown();
  }
}

/// Also "open" if the cooldown is over already: then a failing probe opens the breaker for longer.
SeenBreaker Scenario::breaker_of_failing_target() {
  SeenBreaker seen = breaker();
  for (int i = 0; i < kMostRepeats && seen.state == BreakerState::half_open && !cancel_.cancelled(); ++i) {
    lengthen_cooldown();
    ask();
    seen = breaker();
  }
  return seen;
}

SeenBreaker Scenario::breaker() const {
  const Json status = parse_object(sandbox_.run({"status", "--json"}).out).value_or(Json::object());
  for (const Json& backend : at(status, "/backends")) {
    if (text_at(backend, "/name") != setup_.target) continue;
    const auto state = breaker_state_named(text_at(backend, "/breaker/state"));
    const auto failures = integer_at(backend, "/breaker/failures").value_or(0);
    if (state == BreakerState::closed && failures > 0) return closed_after(static_cast<int>(failures));
    return {state};
  }
  return {};
}

milliseconds Scenario::remaining_cooldown() const {
  const Json status = parse_object(sandbox_.run({"status", "--json"}).out).value_or(Json::object());
  for (const Json& backend : at(status, "/backends"))
    if (text_at(backend, "/name") == setup_.target)
      return milliseconds(integer_at(backend, "/breaker/retry_in_ms").value_or(0));
  return milliseconds(0);
}

bool Scenario::set_behavior(FakeBehavior behavior) { return keep(sandbox_.set_behavior(setup_.target, behavior)); }

bool Scenario::set_idle_timeout(milliseconds timeout) {
  return keep(sandbox_.change([&](Config& config) { config.backends[setup_.target].idle_timeout = timeout; }));
}

void Scenario::lengthen_cooldown() {
  keep(sandbox_.change([&](Config& config) { config.backends[setup_.target].breaker.cooldown *= 3; }));
}

bool Scenario::keep(const Status& done) {
  if (!done && !error_) error_ = done.error();
  return done.has_value();
}

std::string Scenario::fallback_name() const {
  return setup_.next.empty() || !setup_.config.router.fallback ? kNoneTried : setup_.next;
}

SeenBreaker Scenario::closed_after(int failures) const { return {BreakerState::closed, failures, threshold()}; }

}  // namespace delegate::cli::drill
