#include "cli/render/quota.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

// What is left of the windows, as `status` and `quota` show it.
using namespace delegate;
using namespace delegate::cli;
using namespace delegate::inspect;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNoonOfQuota{1'795'262'400'000};  // Saturday, 2026-11-21 12:00 UTC
constexpr milliseconds kFiveHours = 5h;
constexpr milliseconds kSevenDays = 168h;

WindowStatus window(const char* name, double used, std::optional<milliseconds> left, milliseconds length) {
  const auto ends_at = left ? std::optional(kNoonOfQuota + *left) : std::nullopt;
  return {.view = {.name = name,
                   .used = used,
                   .ends_at = ends_at,
                   .length = length,
                   .heard_at = kNoonOfQuota - 3min - 5s,
                   .source = "call"}};
}

BackendStatus backend(const std::string& name, std::vector<WindowStatus> windows, Overage overage = {}) {
  BackendStatus status{.name = name, .kind = name, .installed = true};
  status.reports_quota = true;
  status.quota = {std::move(windows), std::move(overage)};
  return status;
}

const WindowStatus kFive = window("five_hour", 0.91, 4h + 40min, kFiveHours);
const WindowStatus kWeek = window("seven_day", 0.42, 69h, kSevenDays);

std::string lines(const std::vector<BackendStatus>& backends, bool painted = false) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return quota_lines(backends, {.now = kNoonOfQuota, .painted = painted});
}
std::string text(QuotaOverview overview) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return quota_to_text(overview, {.now = kNoonOfQuota});
}

std::string without_colours(std::string painted) {
  for (std::size_t at; (at = painted.find('\033')) != std::string::npos;)
    painted.erase(at, painted.find('m', at) - at + 1);
  return painted;
}

}  // namespace

TEST_CASE("the status has a line for each backend, with the window of which least is left first") {
  CHECK(lines({backend("claude", {kFive, kWeek}), backend("codex", {window("five_hour", 0.3, 1h, kFiveHours),
                                                                    window("seven_day", 0.6, 69h, kSevenDays)})}) ==
        "QUOTA\n"
        "claude  5 h 91 % used, until 16:40 · week 42 %\n"
        "codex   week 60 % used, until Tue 09:00 · 5 h 30 %\n");
}

TEST_CASE("where nothing is known there is no line, and without a line there is no heading") {
  CHECK(lines({backend("claude", {})}).empty());
  BackendStatus off = backend("claude", {kFive});
  off.enabled = false;
  CHECK(lines({off}).empty());
}

TEST_CASE("a window that has ended is unused, and one with nothing left is used up") {
  CHECK(lines({backend("claude", {window("five_hour", 0, std::nullopt, kFiveHours)})}) ==
        "QUOTA\nclaude  5 h unused\n");
  CHECK(lines({backend("claude", {window("five_hour", 1, 1h, kFiveHours), kWeek})}) ==
        "QUOTA\nclaude  5 h used up, until 13:00 · week 42 %\n");
}

TEST_CASE("a window of one model is not what a backend has left") {
  CHECK(lines({backend("claude", {kFive, kWeek, window("seven_day_opus", 0.99, 69h, kSevenDays)})}) ==
        "QUOTA\nclaude  5 h 91 % used, until 16:40 · week 42 % · week opus 99 %\n");
}

TEST_CASE("extra billing comes right after the first window") {
  CHECK(lines({backend("claude", {kFive, kWeek}, {.in_use = true})}) ==
        "QUOTA\nclaude  5 h 91 % used, until 16:40 · billed extra now · week 42 %\n");
}

TEST_CASE("a line has at most eighty columns, with a bar as well") {
  const BackendStatus many = backend("claude@corporate",
                                     {kFive, kWeek, window("seven_day_opus", 0.5, 69h, kSevenDays),
                                      window("seven_day_sonnet", 0.5, 69h, kSevenDays), window("30d", 0.5, 300h, 720h)},
                                     {.in_use = true});
  for (const bool painted : {false, true}) {
    const std::string all = without_colours(lines({many}, painted));
    CAPTURE(all);
    for (const std::string_view line : split(all, '\n')) CHECK(display_width(line) <= 80);
    CHECK(all.find("5 h 91 % used, until 16:40") != std::string::npos);
    CHECK(all.find(" · …") != std::string::npos);
  }
}

TEST_CASE("only a painted status has bars, full only if nothing is left") {
  CHECK(lines({backend("claude", {kFive})}).find("█") == std::string::npos);
  CHECK(lines({backend("claude", {kFive})}, true).find("\033[31m█████████░\033[0m  5 h 91 %") != std::string::npos);
  const auto bar_of = [](double used) {
    return without_colours(lines({backend("claude", {window("five_hour", used, 1h, kFiveHours)})}, true));
  };
  CHECK(bar_of(0.001).find("█░░░░░░░░░") != std::string::npos);
  CHECK(bar_of(0.99).find("█████████░") != std::string::npos);
  CHECK(bar_of(1).find("██████████") != std::string::npos);
}

TEST_CASE("the table of quota has what is left, until when, and where the pace leads") {
  WindowStatus fast = kFive;
  fast.used_up_at = kNoonOfQuota + 3h + 10min;
  WindowStatus kept = kWeek;
  kept.reserve = 0.2;
  CHECK(text({.backends = {backend("claude", {fast, kept}), backend("codex", {kWeek})}}) ==
        "BACKEND  WINDOW  USED  LEFT  UNTIL      USED UP AT  RESERVE  HEARD\n"
        "claude   5 h     91 %  9 %   16:40      15:10                3 m ago\n"
        "         week    42 %  58 %  Tue 09:00              20%      3 m ago\n"
        "codex    week    42 %  58 %  Tue 09:00                       3 m ago\n"
        "USED UP AT: if it goes on as since the window began\n");
  CHECK(text({.backends = {backend("codex", {kWeek})}}) ==
        "BACKEND  WINDOW  USED  LEFT  UNTIL      HEARD\n"
        "codex    week    42 %  58 %  Tue 09:00  3 m ago\n");
}

TEST_CASE("a reserve of less than one percent is not shown as none") {
  WindowStatus kept = kWeek;
  kept.reserve = 0.0004;
  CHECK(text({.backends = {backend("claude", {kept})}}).find("  <0.1%  ") != std::string::npos);
}

TEST_CASE("a painted table differs in its colours only: with bars it would be wider than a terminal") {
  const QuotaOverview overview{.backends = {backend("claude", {kFive, kWeek})}};
  const std::string painted = quota_to_text(overview, {.now = kNoonOfQuota, .painted = true});
  CHECK(painted.find("\033[31m91 %\033[0m") != std::string::npos);
  CHECK(without_colours(painted) == text(overview));
}

TEST_CASE("what is not known is said, with the reason") {
  BackendStatus silent = backend("gemini", {});
  silent.reports_quota = false;
  BackendStatus absent = backend("codex", {});
  absent.installed = false;
  CHECK(text({.backends = {silent}}) == "gemini: reports no windows\n");
  CHECK(text({.backends = {absent}}) == "codex: not installed\n");
  CHECK(text({.backends = {backend("codex", {})}}) == "codex: not heard yet; `delegate quota --refresh` asks it\n");
  CHECK(text({.backends = {backend("codex", {})}, .refreshed = {{.backend = "codex"}}}) ==
        "codex: its answer named no windows\n");
}

TEST_CASE("extra billing and credits are lines of their own") {
  CHECK(text({.backends = {backend("claude", {kWeek}, {.in_use = true, .credits = "12.50"})}})
            .find("\nclaude: billed extra now, credits left: 12.50\n") != std::string::npos);
  CHECK(text({.backends = {backend("claude", {kWeek}, {.allowed = true})}})
            .find("\nclaude: calls beyond its windows are billed extra\n") != std::string::npos);
}

TEST_CASE("budgets have what was spent, the limit and the end of the period") {
  const BudgetState all{.backend = "",
                        .period = BudgetPeriod::day,
                        .limit = {BudgetUnit::calls, 200},
                        .span = {kNoonOfQuota - 12h, kNoonOfQuota + 12h},
                        .spent = {.calls = 37}};
  CHECK(text({.budgets = {all}}) ==
        "BUDGET  PERIOD  SPENT     LIMIT      UNTIL\n"
        "all     day     37 calls  200 calls  Sun 00:00\n");
}

TEST_CASE("dollars of a subscription are marked as its list price") {
  const BudgetState of_claude{.backend = "claude",
                              .period = BudgetPeriod::day,
                              .limit = {BudgetUnit::usd, 5},
                              .span = {kNoonOfQuota - 12h, kNoonOfQuota + 12h},
                              .spent = {.usd = 3.2}};
  const std::string marked = "$3.20 (list price)  $5 ";
  CHECK(text({.backends = {backend("claude@work", {kWeek})}, .budgets = {of_claude}}).find(marked) !=
        std::string::npos);
  CHECK(text({.backends = {backend("claude", {})}, .budgets = {of_claude}}).find("$3.20  $5 ") != std::string::npos);
  CHECK(text({.backends = {backend("codex", {kWeek})}, .budgets = {of_claude}}).find(marked) == std::string::npos);
}

TEST_CASE("the line for prompts has what is left of each backend, and is empty if nothing is known") {
  CHECK(quota_in_short({{"claude", {{kFive, kWeek}}}, {"codex", {{kWeek}}}}) == "claude 9% codex 58%\n");
  CHECK(quota_in_short({{"claude", {}}}).empty());
  CHECK(quota_in_short({}).empty());
}

TEST_CASE("scripts read why budgets are not known, and then no list of them") {
  const auto json = nlohmann::json::parse(quota_to_json({.backends = {}, .budgets_problem = "the disk fails"}));
  CHECK(json["budgets_problem"] == "the disk fails");
  CHECK_FALSE(json.contains("budgets"));
}

TEST_CASE("the JSON of quota leaves out what is not known") {
  WindowStatus fast = kFive;
  fast.used_up_at = kNoonOfQuota + 3h;
  const auto json = nlohmann::json::parse(quota_to_json(
      {.backends = {backend("claude", {fast}, {.in_use = true, .allowed = true}), backend("codex", {})}}));
  CHECK(json["schema"] == "delegate.quota/1");
  CHECK(json["backends"][0]["quota"]["windows"][0] == nlohmann::json{{"name", "five_hour"},
                                                                     {"used", 0.91},
                                                                     {"ends_at", "2026-11-21T16:40:00.000Z"},
                                                                     {"length_s", 18000},
                                                                     {"used_up_at", "2026-11-21T15:00:00.000Z"},
                                                                     {"heard_at", "2026-11-21T11:56:55.000Z"},
                                                                     {"source", "call"}});
  CHECK(json["backends"][0]["quota"]["overage"] == nlohmann::json{{"in_use", true}, {"allowed", true}});
  CHECK_FALSE(json["backends"][1].contains("quota"));
}
