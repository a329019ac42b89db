#include "cli/drill/story.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::drill {
namespace {

constexpr int kMostRepeats = 5;
constexpr milliseconds kSilence = 1s;
constexpr const char* kNobodyLeft = "nobody (exit 4)";
constexpr const char* kNobodyTried = "nobody (exit 1)";
constexpr std::size_t kLongestSaid = 300;

std::string next_prompt() {
  static std::atomic<int> number{0};
  return "are you there? " + std::to_string(++number);
}

void wait(milliseconds span, const CancelToken& cancel) {
  pollfd cancelled{cancel.fd(), POLLIN, 0};
  ::poll(&cancelled, 1, static_cast<int>(span.count()));
}

/// "1 gemini, 7 ollama".
std::string count_of(const std::string& patient, int patients, const std::string& other, int others) {
  std::string out = patients == 0 ? "" : std::to_string(patients) + " " + patient;
  if (others > 0) out += (out.empty() ? "" : ", ") + std::to_string(others) + " " + other;
  return out;
}

bool was_probed(const Json& answer, const std::string& patient) {
  for (const Json& attempt : at(answer, "/attempts"))
    if (text_at(attempt, "/backend") == patient && true_at(attempt, "/probe")) return true;
  return false;
}

/// Who answered; somebody who answered something else than it must is told apart.
std::string answerer(const Json& answer, int exit_code, const std::string& prompt) {
  const std::string backend = text_at(answer, "/backend");
  if (backend.empty()) return "nobody (exit " + std::to_string(exit_code) + ")";
  if (text_at(answer, "/answer") != answer_of(backend, prompt)) return backend + ", with another answer";
  return exit_code == 0 ? backend : backend + " (exit " + std::to_string(exit_code) + ")";
}

}  // namespace

std::string to_string(const Sight& sight, const Scene& scene) {
  std::string out = std::to_string(sight.starts) + " " + scene.call_word() + (sight.starts == 1 ? "" : "s");
  if (!sight.answered.empty()) out += ", answered by " + sight.answered;
  return out + ", breaker " + sight.breaker;
}

Story::Story(Sandbox& sandbox, const Scene& scene, const CancelToken& cancel, UnderWay under_way)
    : sandbox_(sandbox), scene_(scene), cancel_(cancel), under_way_(std::move(under_way)) {}

Result<std::vector<Step>> Story::play() {
  const std::string& kind = scene_.role(scene_.patient).kind;
  const bool has_more = scene_.is_process(scene_.patient) && kind != "command" && threshold() > 1;
  const bool held = is_well(scene_.patient + " is well") && breaks() && is_left_alone() && is_known_to_all() &&
                    cools_down() && races() && is_well("the next call");
  if (held && has_more && falls_silent()) is_signed_out();
  if (trouble_) return tl::unexpected(*std::move(trouble_));
  return std::move(steps_);
}

bool Story::is_well(const std::string& name) {
  Step step = begin(name, {1, scene_.patient, "closed"});
  const Answered answered = ask();
  step.seen.answered = answered.by;
  step.took = answered.took;
  step.said = answered.said;
  step.seen.breaker = breaker();
  return take(std::move(step));
}

bool Story::breaks() {
  if (!become(Mood::sick)) return false;
  const int last = threshold();
  const std::string begins = scene_.patient + " breaks, call ";
  if (last <= 3) {
    for (int call = 1; call < last; ++call)
      if (!fails((call == 1 ? begins : "call ") + std::to_string(call), 1, closed_after(call))) return false;
  } else if (!fails(begins + "1 to " + std::to_string(last - 1), last - 1, closed_after(last - 1))) {
    return false;
  }
  return fails((last == 1 ? begins : "call ") + std::to_string(last), 1, "open");
}

bool Story::fails(const std::string& name, int calls, const std::string& breaker_after) {
  const std::string by = in_place_of_patient();
  Step step = begin(name, {calls, calls == 1 ? by : std::to_string(calls) + " " + by, breaker_after});
  int as_expected = 0;
  for (int call = 0; call < calls && !cancel_.cancelled(); ++call) {
    const Answered answered = ask();
    if (answered.by == by) ++as_expected;
    step.seen.answered = answered.by;
    step.took += answered.took;
    step.said = answered.said;
  }
  if (calls > 1) step.seen.answered = std::to_string(as_expected) + " " + by;
  step.seen.starts = sandbox_.starts(scene_.patient) - step.seen.starts;
  step.seen.breaker = breaker_of_a_sick_one();
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Story::is_left_alone() {
  const std::string by = scene_.next.empty() ? kNobodyLeft : scene_.next;
  Step step = begin("call " + std::to_string(threshold() + 1) + " leaves it alone", {0, by, "open"});
  ask_during_break(step, false);
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Story::is_known_to_all() {
  Step step = begin("another shell asks for it", {0, kNobodyLeft, "open"});
  ask_during_break(step, true);
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

bool Story::cools_down() {
  Step step = begin("the cooldown passes", {0, "", "half-open"});
  const auto began = std::chrono::steady_clock::now();
  const Deadline patience = Deadline::in(2 * kLongestWait);  // it may have been lengthened
  std::string state = breaker();
  while (state == "open" && !cancel_.cancelled() && !patience.passed()) {
    wait(std::max(rest_of_break(), milliseconds(1)), cancel_);
    state = breaker();
  }
  step.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  step.seen.breaker = state;
  return take(std::move(step));
}

bool Story::races() {
  if (!become(Mood::waits)) return false;
  const std::string others = scene_.next.empty() ? kNobodyLeft : scene_.next;
  Step step = begin("it is well; " + std::to_string(kAtOnce) + " calls at once",
                    {1, count_of(scene_.patient, 1, others, kAtOnce - 1), "closed"});
  int patients = 0;
  std::string different;
  for (const Answered& answered : ask_at_once()) {
    step.took = std::max(step.took, answered.took);
    if (answered.by == scene_.patient) ++patients;
    else if (answered.by != others) different = answered.by, step.said = answered.said;
  }
  step.seen.answered = count_of(scene_.patient, patients, different.empty() ? others : different, kAtOnce - patients);
  step.seen.breaker = breaker();
  return take(std::move(step)) && become(Mood::well);
}

bool Story::falls_silent() {
  if (!become(Mood::silent) || !set_idle_timeout(kSilence)) return false;
  if (!fails("it hangs: cut off after " + format_wait(kSilence), 1, closed_after(1))) return false;
  return set_idle_timeout(kLongestWait) && become(Mood::signed_out);
}

bool Story::is_signed_out() { return fails("its sign-in is refused", 1, "open"); }

/// `starts` counts from here.
Step Story::begin(const std::string& name, Sight expected) {
  under_way_(name);
  return Step{.name = name, .expected = std::move(expected), .seen = {.starts = sandbox_.starts(scene_.patient)}};
}

bool Story::take(Step step) {
  step.seen.starts = sandbox_.starts(scene_.patient) - step.seen.starts;
  steps_.push_back(std::move(step));
  return steps_.back().held();
}

Story::Answered Story::ask(bool by_name) const {
  const std::string prompt = next_prompt();
  std::vector<std::string> words{"ask", "--json", "--no-stdin", prompt};
  if (by_name) words.insert(words.begin() + 1, {"-b", scene_.patient});
  const Called called = sandbox_.run(words);
  const Json answer = parse_object(called.out).value_or(Json::object());
  return {.by = answerer(answer, called.exit_code, prompt),
          .probed = was_probed(answer, scene_.patient),
          .took = called.took,
          .said = one_line(trim(called.err), kLongestSaid)};
}

/// The one that gets the probe is let go when all others have ended, so that they really meet it.
std::vector<Story::Answered> Story::ask_at_once() {
  std::vector<std::future<Answered>> calls;
  for (int i = 0; i < kAtOnce; ++i) calls.push_back(std::async(std::launch::async, [this] { return ask(); }));
  const auto has_ended = [](const std::future<Answered>& call) {
    return call.wait_for(milliseconds(0)) == std::future_status::ready;
  };
  while (std::count_if(calls.begin(), calls.end(), has_ended) < kAtOnce - 1)
    std::this_thread::sleep_for(milliseconds(2));
  keep(sandbox_.let_go(scene_.patient));
  std::vector<Answered> all;
  for (auto& call : calls) all.push_back(call.get());
  return all;
}

/// A call that must find the breaker open. On a machine so slow that the break was over before, it was a probe; it has
/// failed and begun the next, longer break.
void Story::ask_during_break(Step& step, bool by_name) {
  for (int i = 0; i < kMostRepeats && !cancel_.cancelled(); ++i) {
    const int before = sandbox_.starts(scene_.patient);
    const Answered answered = ask(by_name);
    step.seen = {sandbox_.starts(scene_.patient) - before, answered.by, breaker_of_a_sick_one()};
    step.took = answered.took;
    step.said = answered.said;
    if (!answered.probed) return;
    lengthen_break();
  }
}

/// "open" also where the break is over already: then a probe, which fails, opens it for longer.
std::string Story::breaker_of_a_sick_one() {
  std::string state = breaker();
  for (int i = 0; i < kMostRepeats && state == "half-open" && !cancel_.cancelled(); ++i) {
    lengthen_break();
    ask();
    state = breaker();
  }
  return state;
}

std::string Story::breaker() const {
  const Json status = parse_object(sandbox_.run({"status", "--json"}).out).value_or(Json::object());
  for (const Json& backend : at(status, "/backends")) {
    if (text_at(backend, "/name") != scene_.patient) continue;
    const std::string state = text_at(backend, "/breaker/state");
    const auto failures = integer_at(backend, "/breaker/failures").value_or(0);
    if (state == "closed" && failures > 0) return closed_after(static_cast<int>(failures));
    return state == "half_open" ? "half-open" : state;
  }
  return "not known";
}

milliseconds Story::rest_of_break() const {
  const Json status = parse_object(sandbox_.run({"status", "--json"}).out).value_or(Json::object());
  for (const Json& backend : at(status, "/backends"))
    if (text_at(backend, "/name") == scene_.patient)
      return milliseconds(integer_at(backend, "/breaker/retry_in_ms").value_or(0));
  return milliseconds(0);
}

bool Story::become(Mood mood) { return keep(sandbox_.become(scene_.patient, mood)); }

bool Story::set_idle_timeout(milliseconds timeout) {
  return keep(sandbox_.change([&](Config& config) { config.backends[scene_.patient].idle_timeout = timeout; }));
}

void Story::lengthen_break() {
  keep(sandbox_.change([&](Config& config) { config.backends[scene_.patient].breaker.cooldown *= 3; }));
}

bool Story::keep(const Status& done) {
  if (!done && !trouble_) trouble_ = done.error();
  return done.has_value();
}

std::string Story::in_place_of_patient() const {
  return scene_.next.empty() || !scene_.config.router.fallback ? kNobodyTried : scene_.next;
}

std::string Story::closed_after(int failures) const {
  return "closed " + std::to_string(failures) + "/" + std::to_string(threshold());
}

}  // namespace delegate::cli::drill
