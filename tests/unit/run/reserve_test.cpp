#include "core/quota/words.hpp"
#include "core/run/next_chance.hpp"
#include "core/run/remarks.hpp"
#include "core/run/run_record.hpp"
#include "tests/unit/run/quota_windows.hpp"

// What is kept of a backend's quota for the person's own work, and what is not to be billed extra.
namespace delegate::test {
namespace {

using Reserve = std::vector<WindowShare>;

/// Two backends that answer, with 12 % of the first one's week left, and a reserve of 15 % of it.
class ReserveCase : public Asking {
 public:
  ReserveCase() {
    backend("claude", {"--say", "claude"}).reserve = Reserve{{"", 0.15}};
    backend("codex", {"--say", "codex"});
    know(*this, "claude", {week(0.88, *this)});
  }
  std::string answer(const std::string& requested = "auto", Request more = {}) {
    const RunResult result = ask(requested, std::move(more));
    return result.answer ? result.answer->backend : std::string(to_string(result.outcome));
  }
  BackendSettings& claude() { return config.backends.at("claude"); }
};

std::string until(const Asking& asking, milliseconds ends_at) { return moment_words(ends_at, asking.clock.now().wall); }

}  // namespace

TEST_CASE("auto passes over a backend of which less than its reserve is left, and says until when") {
  ReserveCase asking;
  const QuotaWindow window = week(0.88, asking);
  know(asking, "claude", {window});
  const RunResult result = asking.ask();
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "codex");
  REQUIRE(result.skips.size() == 1);
  const Skip& skip = result.skips.front();
  CHECK(skip.reason == SkipReason::reserved);
  CHECK(skip.until == window.ends_at);
  CHECK(skip.retry_in > 83h);
  CHECK(skip.message == "kept for you: 12 % of the week left, until " + until(asking, *window.ends_at));
  CHECK(describe(skip) == "claude skipped (" + skip.message + ")");
  CHECK(asking.lines("claude.spawns") == 0);
}

TEST_CASE("a reserve is crossed when less than it is left, not when exactly that is") {
  ReserveCase asking;
  know(asking, "claude", {week(0.75, asking)});
  asking.claude().reserve = Reserve{{"", 0.25}};
  CHECK(asking.answer() == "claude");
  asking.claude().reserve = Reserve{{"", 0.26}};
  CHECK(asking.answer() == "codex");
}

TEST_CASE("a backend that is named is asked whatever is left, and so is one that continues a session") {
  ReserveCase asking;
  CHECK(asking.answer("claude") == "claude");
  Request more;
  more.session = "s1";
  CHECK(asking.answer("claude", more) == "claude");
}

TEST_CASE("a fallback of a named backend is passed over like one of auto") {
  ReserveCase asking;
  asking.backend("gemini", {"--exit", "3"});
  asking.config.router.local = "claude";
  Request more;
  more.fallback = true;
  CHECK(asking.answer("gemini", more) == "exited_nonzero");
  know(asking, "claude", {week(0.1, asking)});
  CHECK(asking.answer("gemini", more) == "claude");
}

TEST_CASE("light tasks have a reserve of their own, if it is set") {
  ReserveCase asking;
  know(asking, "claude", {week(0.7, asking)});
  asking.claude().reserve_light = Reserve{{"", 0.4}};
  Request light;
  light.type = TaskType::summarize;
  Request heavy;
  heavy.type = TaskType::review;
  CHECK(asking.answer("auto", light) == "codex");
  CHECK(asking.answer("auto", heavy) == "claude");
  asking.claude().reserve_light.clear();
  CHECK(asking.answer("auto", light) == "claude");
}

TEST_CASE("a reserve for light tasks counts where it is larger, window by window") {
  ReserveCase asking;
  asking.claude().reserve_light = Reserve{{"five_hour", 0.4}};
  Request light;
  light.type = TaskType::summarize;
  const milliseconds end = asking.clock.now().wall + 1h;
  know(asking, "claude", {window_of("five_hour", 0.1, end), week(0.9, asking)});
  CHECK(asking.answer("auto", light) == "codex");
  know(asking, "claude", {window_of("five_hour", 0.7, end), week(0.1, asking)});
  CHECK(asking.answer("auto", light) == "codex");
  know(asking, "claude", {window_of("five_hour", 0.5, end), week(0.5, asking)});
  CHECK(asking.answer("auto", light) == "claude");
}

TEST_CASE("of several windows below their reserve the last to end says until when") {
  ReserveCase asking;
  const QuotaWindow of_week = week(0.95, asking);
  know(asking, "claude", {window_of("five_hour", 0.9, asking.clock.now().wall + 1h), of_week});
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener);
  REQUIRE(result.skips.size() == 1);
  CHECK(result.skips.front().until == of_week.ends_at);
}

TEST_CASE("each window has its own reserve, and one that is not named has none") {
  ReserveCase asking;
  asking.claude().reserve = Reserve{{"five_hour", 0.15}};
  CHECK(asking.answer() == "claude");
  know(asking, "claude", {window_of("five_hour", 0.9, asking.clock.now().wall + 1h), week(0.1, asking)});
  CHECK(asking.answer() == "codex");
}

TEST_CASE("the window of one model holds back calls of that model only") {
  ReserveCase asking;
  const milliseconds end = asking.clock.now().wall + 84h;
  know(asking, "claude", {window_of("seven_day", 0.1, end), window_of("seven_day_opus", 0.95, end)});
  CHECK(asking.answer() == "claude");
  asking.claude().model = "claude-sonnet-5";
  CHECK(asking.answer() == "claude");
  asking.claude().model = "claude-opus-5";
  CHECK(asking.answer() == "codex");
}

TEST_CASE("a window that has ended, or of which nothing is known, keeps no call back") {
  ReserveCase asking;
  know(asking, "claude", {week(0.99, asking, -1s)});
  CHECK(asking.answer() == "claude");
  know(asking, "claude", {});
  CHECK(asking.answer() == "claude");
}

TEST_CASE("another login of the backend has windows of its own") {
  Asking asking;
  BackendSettings& settings = asking.backend("claude", {"--say", "claude"});
  settings.logins = {{"work", {}}, {"home", {}}};
  settings.reserve = Reserve{{"", 0.15}};
  know(asking, "claude@work", {week(0.9, asking)});
  const RunResult result = asking.ask();
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "claude@home");
}

TEST_CASE("a probe is not used up by a call that a reserve keeps back") {
  ReserveCase asking;
  asking.make_half_open("claude");
  CHECK(asking.answer() == "codex");
  CHECK(asking.state("claude").slots.empty());
  Listener listener;
  CHECK(asking.ask("claude", asking.never, listener).answer);
  CHECK(listener.heard.front() == "probing claude");
}

TEST_CASE("when all that is left is kept, the run ends like one that finds all breakers open, and says until when") {
  ReserveCase asking;
  asking.config.backends.at("codex").enabled = false;
  const RunResult result = asking.ask();
  CHECK(result.outcome == Outcome::reserved);
  CHECK(exit_code_of(result) == 4);
  const Skip& skip = result.skips.back();
  CHECK(result.message == "no backend is available right now: claude: " + skip.message);
  CHECK(result.hint.find("`delegate ask -b claude`") != std::string::npos);
  CHECK(result.hint.find("router.reserve_is") != std::string::npos);
  const NextChance next = next_chance(asking.engine, {.prompt = "hello"}, result, asking.never);
  CHECK(next.retry_at == skip.until);
  CHECK(next.who_answers.empty());
  const Remarks remarks = explain(result);
  CHECK(std::count_if(remarks.begin(), remarks.end(),
                      [](const Remark& remark) { return remark.text.find("kept for you") != std::string::npos; }) == 1);
}

TEST_CASE("a backend whose quota is kept is never offered to a run that has failed elsewhere") {
  ReserveCase asking;
  asking.backend("codex", {"--exit", "3"});
  const RunResult result = asking.ask("codex");
  CHECK(next_chance(asking.engine, {.prompt = "hello", .backend = "codex"}, result, asking.never).who_answers.empty());
  know(asking, "claude", {week(0.1, asking)});
  CHECK(next_chance(asking.engine, {.prompt = "hello", .backend = "codex"}, result, asking.never).who_answers ==
        "claude");
}

TEST_CASE("a soft reserve is used once all others have failed, the local model among them") {
  ReserveCase asking;
  asking.config.router.reserve_is = "soft";
  asking.backend("codex", {"--exit", "3"});
  asking.backend("local", {"--exit", "3"});
  asking.config.router.local = "local";
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener);
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "claude");
  CHECK(listener.heard == std::vector<std::string>{
                              "skipped claude: reserved", "asking codex", "ended codex: exited_nonzero", "asking local",
                              "ended local: exited_nonzero", "asking claude", "ended claude: answered"});
  CHECK(result.skips.empty());
  CHECK(result.warnings == std::vector<std::string>{"claude: its reserve is used: no other backend has answered"});
}

TEST_CASE("a soft reserve is kept while another backend answers") {
  ReserveCase asking;
  asking.config.router.reserve_is = "soft";
  CHECK(asking.answer() == "codex");
  CHECK(asking.lines("claude.spawns") == 0);
}

TEST_CASE("a second turn is only for a backend that its reserve has kept back, and its logins have their order") {
  Asking asking;
  asking.config.router.reserve_is = "soft";
  BackendSettings& settings = asking.backend("claude", {"--exit", "3"});
  settings.reserve = Reserve{{"", 0.15}};
  settings.logins = {{"work", {}}, {"home", {}}};
  know(asking, "claude@work", {week(0.9, asking)});
  know(asking, "claude@home", {week(0.9, asking)});
  Listener listener;
  const RunResult result = asking.ask("auto", asking.never, listener);
  CHECK(result.outcome == Outcome::exited_nonzero);
  CHECK(listener.heard == std::vector<std::string>{"skipped claude@work: reserved", "skipped claude@home: reserved",
                                                   "asking claude@work", "ended claude@work: exited_nonzero"});
}

TEST_CASE("what would be billed extra is avoided if that is wanted, also for a backend that is named") {
  ReserveCase asking;
  asking.claude().reserve.clear();
  const QuotaWindow full = week(1, asking);
  know(asking, "claude", {full}, {.in_use = true, .allowed = true, .credits = {}});
  CHECK(asking.answer() == "claude");
  asking.claude().overage = "avoid";
  CHECK(asking.answer() == "codex");
  const RunResult named = asking.ask("claude");
  CHECK(named.outcome == Outcome::extra_billing);
  CHECK(exit_code_of(named) == 4);
  CHECK(named.message ==
        "claude: its week is used up, and more would be billed extra, until " + until(asking, *full.ends_at));
  CHECK(named.hint.find("backends.claude.overage") != std::string::npos);
}

TEST_CASE("a used-up window is avoided only where more of it would be billed") {
  ReserveCase asking;
  asking.claude().reserve.clear();
  asking.claude().overage = "avoid";
  const auto answers = [&](std::vector<QuotaWindow> windows, const Overage& overage) {
    know(asking, "claude", std::move(windows), overage);
    return asking.answer() == "claude";
  };
  const Overage allowed{.in_use = false, .allowed = true, .credits = {}};
  const Overage in_use{.in_use = true, .allowed = true, .credits = {}};
  CHECK(answers({week(1, asking)}, {}));
  CHECK_FALSE(answers({week(1, asking)}, allowed));
  CHECK(answers({week(0.99, asking)}, allowed));
  CHECK_FALSE(answers({}, in_use));
  CHECK(answers({week(1, asking, -1s)}, in_use));
  // No refusal states a time that has passed.
  know(asking, "claude", {window_of("five_hour", 0.5, asking.clock.now().wall + 1h), week(0.4, asking)}, in_use);
  CHECK(asking.ask().skips.at(0).until == asking.state("claude").quota.windows.at(0).ends_at);
  // A model's own window says nothing about calls of another.
  CHECK(answers({window_of("seven_day_opus", 1, asking.clock.now().wall + 84h)}, in_use));
  // The window that was used up has ended; that the week goes on is no reason.
  CHECK(answers({window_of("five_hour", 1, asking.clock.now().wall - 1s), week(0.5, asking)}, in_use));
}

TEST_CASE("an answer that was billed extra is reported, unless that is allowed") {
  Asking asking;
  BackendSettings& claude = asking.backend("claude", {"--say", "used 1", "--say", "hi"});
  know(asking, "claude", {}, {.in_use = true, .allowed = true, .credits = {}});
  const auto warnings = [&] {
    const RunResult result = asking.ask();
    CHECK(result.answer);
    return std::count_if(result.warnings.begin(), result.warnings.end(), [](const std::string& warning) {
      return warning.starts_with("claude: billed extra: its 5 h window is used up until ");
    });
  };
  CHECK(warnings() == 1);
  claude.overage = "allow";
  CHECK(warnings() == 0);
}

TEST_CASE("an answer that was billed extra says which window is used up") {
  const milliseconds now{1'800'014'400'000};
  const auto view = [&](const std::string& name, double used, std::optional<milliseconds> ends_at) {
    return WindowView{.name = name, .used = used, .ends_at = ends_at, .length = {}, .heard_at = now, .source = "call"};
  };
  CHECK(extra_billing_words({view("five_hour", 1, now + 1h), view("seven_day", 0.4, now + 84h)}, now) ==
        "billed extra: its 5 h window is used up until " + moment_words(now + 1h, now));
  CHECK(extra_billing_words({view("seven_day", 0.4, now + 84h)}, now) == "billed extra");
}

}  // namespace delegate::test
