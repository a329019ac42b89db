#include "core/quota/words.hpp"
#include "core/run/remarks.hpp"
#include "core/run/run_record.hpp"
#include "tests/unit/run/quota_windows.hpp"

// Equals are asked in the order in which their quota lasts longest.
namespace delegate::test {
namespace {

using Order = std::vector<std::string>;

/// claude and codex are equals; of claude's week less is left.
class BalanceCase : public Asking {
 public:
  BalanceCase() {
    for (const char* name : {"claude", "codex", "gemini"}) backend(name, {"--say", name});
    config.router.order.equals = {{"claude", "codex"}};
    config.router.balance = "headroom";
    know(*this, "claude", {week(0.8, *this)});
    know(*this, "codex", {week(0.38, *this)});
  }
  PreparedAsk prepared(const std::string& requested = "auto", Request more = {}) const {
    more.prompt = "hello";
    more.backend = requested;
    return prepare_ask(engine, std::move(more));
  }
  Order order(const std::string& requested = "auto", Request more = {}) const {
    Order names;
    for (const RouteStep& step : prepared(requested, std::move(more)).plan.steps) names.push_back(step.backend);
    return names;
  }
};

/// The stated end of a window is the same for all; this one was heard so much later.
QuotaWindow heard_later(QuotaWindow window, milliseconds later) {
  window.heard_at += later;
  return window;
}

}  // namespace

TEST_CASE("of equals the one with more quota left goes first, if that is wanted") {
  BalanceCase asking;
  CHECK(asking.order() == Order{"codex", "claude", "gemini"});
  asking.config.router.balance = "order";
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("what is left counts in relation to the time that is left") {
  BalanceCase asking;
  know(asking, "claude", {week(0.8, asking, 12h)});
  know(asking, "codex", {week(0.38, asking, 160h)});
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("the scarcest window of a login decides") {
  BalanceCase asking;
  know(asking, "codex", {window_of("five_hour", 0.98, asking.clock.now().wall + 150min), week(0.1, asking)});
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("backends that are no equals keep their written order") {
  BalanceCase asking;
  know(asking, "gemini", {week(0, asking)});
  CHECK(asking.order() == Order{"codex", "claude", "gemini"});
  asking.config.router.order.equals.clear();
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("light tasks have the equals of their own order") {
  BalanceCase asking;
  asking.config.router.order_light = {.names = {"gemini", "claude", "codex"}, .equals = {}};
  Request light;
  light.type = TaskType::summarize;
  CHECK(asking.order("auto", light) == Order{"gemini", "claude", "codex"});
  Request heavy;
  heavy.type = TaskType::review;
  CHECK(asking.order("auto", heavy) == Order{"codex", "claude", "gemini"});
}

TEST_CASE("the one that was used last stays first until another leads by a fifth") {
  BalanceCase asking;
  know(asking, "claude", {heard_later(week(0.5, asking), 1h)});
  know(asking, "codex", {week(0.45, asking)});
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
  know(asking, "codex", {week(0.39, asking)});
  CHECK(asking.order() == Order{"codex", "claude", "gemini"});
}

TEST_CASE("a refresh of the figures is no use of a login") {
  BalanceCase asking;
  QuotaWindow refreshed = heard_later(week(0.45, asking), 1h);
  refreshed.source = "refresh";
  know(asking, "codex", {refreshed});
  know(asking, "claude", {week(0.5, asking)});
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("one whose reserve is crossed goes behind its equals") {
  BalanceCase asking;
  asking.config.backends.at("codex").reserve = {{"", 0.9}};
  CHECK(asking.order() == Order{"claude", "codex", "gemini"});
}

TEST_CASE("logins of one backend are equals, also where it is named, and with the members of its list") {
  BalanceCase asking;
  asking.config.backends.at("claude").logins = {{"work", {}}, {"home", {}}};
  know(asking, "claude@work", {week(0.9, asking)});
  know(asking, "claude@home", {week(0.1, asking)});
  CHECK(asking.order() == Order{"claude@home", "codex", "claude@work", "gemini"});
  CHECK(asking.order("claude") == Order{"claude@home", "claude@work"});
  CHECK(asking.order("claude@work") == Order{"claude@work"});
}

TEST_CASE("a session stays with its backend's first login") {
  BalanceCase asking;
  asking.config.backends.at("claude").logins = {{"work", {}}, {"home", {}}};
  know(asking, "claude@work", {week(0.9, asking)});
  know(asking, "claude@home", {week(0.1, asking)});
  Request more;
  more.session = "s1";
  CHECK(asking.order("claude", more) == Order{"claude@work", "claude@home"});
}

TEST_CASE("the last resort keeps its place, whatever its headroom") {
  BalanceCase asking;
  asking.config.router.order.equals = {{"claude", "codex", "gemini"}};
  asking.config.router.local = "gemini";
  know(asking, "gemini", {week(0, asking)});
  const PreparedAsk prepared = asking.prepared();
  REQUIRE(prepared.plan.steps.size() == 3);
  CHECK(prepared.plan.steps.back() == RouteStep{.backend = "gemini", .last_resort = true});
}

TEST_CASE("the plan says why an equal goes before one that is written before it") {
  BalanceCase asking;
  const QuotaWindow of_claude = week(0.8, asking);
  const QuotaWindow of_codex = week(0.38, asking, 90h);
  know(asking, "claude", {of_claude});
  know(asking, "codex", {of_codex});
  const RunResult result = asking.ask();
  REQUIRE(result.answer);
  CHECK(result.answer->backend == "codex");
  REQUIRE(result.preferences.size() == 1);
  const milliseconds now = asking.clock.now().wall;
  CHECK(describe(result.preferences.front()) == "codex goes first: it has 62 % of its week left until " +
                                                    moment_words(*of_codex.ends_at, now) + ", claude 20 % until " +
                                                    moment_words(*of_claude.ends_at, now));
  CHECK(to_json(result).find("\"preferences\":[{\"backend\":\"codex\"") != std::string::npos);
  CHECK(explain(result).empty());
}

TEST_CASE("the plan says so when one goes first because it was used last, and the lead of another is small") {
  BalanceCase asking;
  const QuotaWindow of_claude = week(0.45, asking);
  QuotaWindow of_codex = week(0.5, asking);
  of_codex.heard_at += 1min;
  know(asking, "claude", {of_claude});
  know(asking, "codex", {of_codex});
  const PreparedAsk prepared = asking.prepared();
  REQUIRE(prepared.preferences.size() == 1);
  CHECK(describe(prepared.preferences.front()) ==
        "codex goes first: it was used last, and the lead of claude (55 % of its week left until " +
            moment_words(*of_claude.ends_at, asking.clock.now().wall) + ") is small");
}

TEST_CASE("no reason is given where the written order holds") {
  BalanceCase asking;
  know(asking, "claude", {week(0.1, asking)});
  CHECK(asking.prepared().preferences.empty());
}

TEST_CASE("the plan says so when one goes behind its equals because its reserve is crossed") {
  BalanceCase asking;
  const QuotaWindow of_claude = week(0.9, asking);
  know(asking, "claude", {of_claude});
  know(asking, "codex", {});
  asking.config.backends.at("claude").reserve = {{"", 0.2}};
  CHECK(asking.order() == Order{"codex", "claude", "gemini"});
  const RunResult result = asking.ask();
  REQUIRE(result.preferences.size() == 1);
  CHECK(describe(result.preferences.front()) == "codex goes first: claude has 10 % of its week left until " +
                                                    moment_words(*of_claude.ends_at, asking.clock.now().wall));
  CHECK(to_json(result).find("\"preferences\":[{\"backend\":\"codex\",\"before\":\"claude\"") != std::string::npos);
}

}  // namespace delegate::test
