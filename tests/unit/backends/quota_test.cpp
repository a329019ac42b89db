#include "backends/claude_quota.hpp"

#include <map>

#include "backends/codex_quota.hpp"
#include "backends/quota_headers.hpp"
#include "tests/unit/backends/captured.hpp"

// What vendors say about the windows of a login, in the shapes that the real CLIs 2.1.329 and 0.169.0 to 2.1.332 and
// 0.171.0 pass on.
using namespace delegate;
using namespace delegate::test;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kEnd{1'795'892'038'000};
constexpr milliseconds kWeekEnd{1'796'188'438'000};
constexpr milliseconds kHeard{1'795'890'000'000};  // 2026-11-28T18:20:00Z

QuotaReading event(const std::string& info) {
  const auto json = parse_object(R"({"type":"rate_limit_event","rate_limit_info":)" + info + "}");
  REQUIRE(json);
  return quota_in_event(*json);
}

std::string rollout_line(const std::string& limits, const std::string& timestamp = "2026-11-28T18:20:00.000Z") {
  return R"({"timestamp":")" + timestamp +
         R"(","type":"event_msg","payload":{"type":"token_count","info":null,"rate_limits":)" + limits + "}}\n";
}

std::optional<QuotaReading> rollout(const std::string& limits) {
  return quota_in_rollout(rollout_line(limits), kHeard);
}

WindowReading only_window(const std::optional<QuotaReading>& reading) {
  REQUIRE(reading);
  REQUIRE(reading->windows.size() == 1);
  return reading->windows.front();
}

std::string account_place(const std::string& kind, Environment environment) {
  Task task = task_of(kind);
  task.environment = std::move(environment);
  const auto field = backend_of(kind).account_field(task);
  return field ? field->file + "#" + field->pointer : "";
}

}  // namespace

TEST_CASE("claude: every window of an event counts, also those of one model, and the extra billing") {
  const QuotaReading reading =
      event(R"({"status":"allowed","resetsAt":1795892038,"rateLimitType":"five_hour","overageStatus":"allowed",)"
            R"("isUsingOverage":true,"unifiedWindows":{"five_hour":{"utilization":0.37,"resetsAt":1795892038,)"
            R"("status":"allowed"},"seven_day":{"utilization":0.42,"resetsAt":1796188438,"status":"allowed"},)"
            R"("seven_day_opus":{"utilization":0.5,"resetsAt":1796188438,"status":"allowed_warning"}}})");
  CHECK(reading.windows == std::vector<WindowReading>{{"five_hour", 0.37, kEnd},
                                                      {"seven_day", 0.42, kWeekEnd},
                                                      {"seven_day_opus", 0.5, kWeekEnd}});
  CHECK(reading.overage == Overage{.in_use = true, .allowed = true, .credits = {}});
}

TEST_CASE("claude: an older event states one share, or none") {
  CHECK(event(R"({"status":"allowed_warning","resetsAt":1795892038,"rateLimitType":"five_hour","utilization":0.9})")
            .windows == std::vector<WindowReading>{{"five_hour", 0.9, kEnd}});
  CHECK(event(R"({"status":"allowed","resetsAt":1795892038,"rateLimitType":"five_hour"})").empty());
  CHECK(event(R"({"status":"rejected"})").empty());
}

TEST_CASE("claude: a window that rejects calls is used up, whatever its share") {
  CHECK(event(R"({"status":"rejected","resetsAt":1795892038,"rateLimitType":"five_hour"})").windows ==
        std::vector<WindowReading>{{"five_hour", 1, kEnd}});
  CHECK(event(R"({"unifiedWindows":{"seven_day":{"utilization":0.99,"status":"rejected"}}})").windows ==
        std::vector<WindowReading>{{"seven_day", 1, std::nullopt}});
}

TEST_CASE("claude: a rejection at the top counts for its window, whatever that states") {
  const QuotaReading reading =
      event(R"({"status":"rejected","rateLimitType":"five_hour","resetsAt":1795892038,"unifiedWindows":{"five_hour":)"
            R"({"utilization":0.99,"resetsAt":1795892038,"status":"allowed_warning"}}})");
  CHECK(reading.windows == std::vector<WindowReading>{{"five_hour", 1, kEnd}});
}

TEST_CASE("claude: extra billing is no window") {
  CHECK(event(R"({"status":"allowed","rateLimitType":"overage","utilization":0.2})").windows.empty());
  CHECK(event(R"({"unifiedWindows":{"overage":{"utilization":0.2}}})").windows.empty());
}

TEST_CASE("claude: parts that make no sense are left out, and the others count") {
  const QuotaReading reading =
      event(R"({"unifiedWindows":{"five_hour":{"utilization":"much"},"seven_day":{"utilization":0.4,"resetsAt":1e300},)"
            R"("b":7,"c":{"utilization":-1},"d":{"utilization":1e308},"":{"utilization":0.1}},"rateLimitType":7})");
  CHECK(reading.windows == std::vector<WindowReading>{{"seven_day", 0.4, std::nullopt}});
  CHECK(event("7").empty());
  CHECK(event("[]").empty());
  CHECK(event(R"({"unifiedWindows":[1,2]})").empty());
}

TEST_CASE("claude: an event without figures does not undo an earlier one") {
  const Backend& backend = backend_of("claude");
  const Task task = task_of("claude");
  ParsedOutput parsed;
  const OnParsed ignored;
  Reader reader(backend, task, Deadline::never(), parsed, ignored);
  reader.take(Stream::out,
              "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"unifiedWindows\":{\"five_hour\":"
              "{\"utilization\":0.37}}}}\n");
  REQUIRE(parsed.quota);
  REQUIRE(parsed.quota_heard_at);
  reader.take(Stream::out, "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"isUsingOverage\":false}}\n");
  REQUIRE(parsed.quota);
  CHECK(parsed.quota->windows == std::vector<WindowReading>{{"five_hour", 0.37, std::nullopt}});
}

TEST_CASE("claude: extra billing that begins in the middle of a call is heard, and the windows stay") {
  const Backend& backend = backend_of("claude");
  const Task task = task_of("claude");
  ParsedOutput parsed;
  const OnParsed ignored;
  Reader reader(backend, task, Deadline::never(), parsed, ignored);
  const auto say = [&](const std::string& info) {
    reader.take(Stream::out, R"({"type":"rate_limit_event","rate_limit_info":)" + info + "}\n");
  };
  say(R"({"isUsingOverage":false,"unifiedWindows":{"five_hour":{"utilization":0.37},"seven_day":{"utilization":0.2}}})");
  say(R"({"unifiedWindows":{"five_hour":{"utilization":0.5}}})");
  say(R"({"isUsingOverage":true})");
  REQUIRE(parsed.quota);
  CHECK(parsed.quota->overage == Overage{.in_use = true, .allowed = false, .credits = {}});
  std::map<std::string, double> used;
  for (const WindowReading& window : parsed.quota->windows) used[window.name] = window.used;
  CHECK(used == std::map<std::string, double>{{"five_hour", 0.5}, {"seven_day", 0.2}});
}

TEST_CASE("claude: what an older version printed when a window was used up says so") {
  const ParsedOutput parsed = read_capture(backend_of("claude"), task_of("claude"),
                                           captured("claude", "429usage_subscription"), Arrival::out_first);
  REQUIRE(parsed.quota);
  REQUIRE(parsed.quota->windows.size() == 1);
  CHECK(parsed.quota->windows.front().name == "five_hour");
  CHECK(parsed.quota->windows.front().used == 1);
}

TEST_CASE("codex: windows are distinguished by their length, not by their place") {
  const auto reading =
      rollout(R"({"limit_id":"codex","limit_name":null,"primary":{"used_percent":42.0,"window_minutes":10080,)"
              R"("resets_at":1796188438},"secondary":{"used_percent":91.5,"window_minutes":300,)"
              R"("resets_at":1795892038},"credits":null,"plan_type":"plus"})");
  REQUIRE(reading);
  CHECK(reading->windows ==
        std::vector<WindowReading>{{"seven_day", 0.42, kWeekEnd, 168h}, {"five_hour", 0.915, kEnd, 5h}});
  CHECK(reading->heard_at == kHeard);
  CHECK_FALSE(reading->overage);
  CHECK(only_window(rollout(R"({"primary":{"used_percent":1,"window_minutes":1440}})")).name == "24h");
}

TEST_CASE("codex: an older record says in how many seconds a window ends") {
  CHECK(
      only_window(rollout(R"({"primary":{"used_percent":50,"window_minutes":300,"resets_in_seconds":60}})")).ends_at ==
      kHeard + 1min);
}

TEST_CASE("codex: credits are in use once a window is used up") {
  const auto with = [](const char* percent, const char* credits) {
    const auto reading = rollout(R"({"primary":{"used_percent":)" + std::string(percent) +
                                 R"(,"window_minutes":300},"credits":)" + credits + "}");
    REQUIRE(reading);
    return reading->overage.value_or(Overage{.credits = "unknown"});
  };
  const char* kSome = R"({"has_credits":true,"unlimited":false,"balance":"12.5"})";
  CHECK(with("99", kSome) == Overage{.in_use = false, .allowed = true, .credits = "12.5"});
  CHECK(with("100", kSome) == Overage{.in_use = true, .allowed = true, .credits = "12.5"});
  CHECK(with("100", R"({"has_credits":false,"unlimited":true,"balance":null})") ==
        Overage{.in_use = true, .allowed = true, .credits = "unlimited"});
  CHECK(with("100", R"({"has_credits":false,"unlimited":false,"balance":"0"})") ==
        Overage{.in_use = false, .allowed = false, .credits = "0"});
  CHECK(with("100", "null").credits == "unknown");
}

TEST_CASE("codex: the limit of a single model counts that model") {
  const std::string window = R"("primary":{"used_percent":50,"window_minutes":10080}})";
  CHECK(only_window(rollout(R"({"limit_id":"codex_spark","limit_name":"GPT-5.3-Codex-Spark",)" + window)).name ==
        "seven_day_gpt-5.3-codex-spark");
  CHECK(only_window(rollout(R"({"limit_id":"codex_spark","limit_name":null,)" + window)).name ==
        "seven_day_codex_spark");
  CHECK_FALSE(rollout(R"({"limit_id":"codex_spark","primary":{"used_percent":50,"window_minutes":60}})"));
}

TEST_CASE("codex: figures are heard to the millisecond, so that of two in one second the later ones count") {
  const std::string limits = R"({"primary":{"used_percent":50,"window_minutes":300}})";
  CHECK(quota_in_rollout(rollout_line(limits, "2026-11-28T18:20:00.216Z"), kHeard)->heard_at == kHeard + 216ms);
  CHECK(quota_in_rollout(rollout_line(limits, "2026-11-28T19:20:00.5+01:00"), kHeard)->heard_at == kHeard + 500ms);
  CHECK_FALSE(quota_in_rollout(rollout_line(limits, "infinite-future"), kHeard));
}

TEST_CASE("codex: records of earlier calls, and what is none, say nothing") {
  const std::string limits = R"({"primary":{"used_percent":50,"window_minutes":300}})";
  CHECK(quota_in_rollout(rollout_line(limits), kHeard + 1s));  // the clocks are read a moment apart
  CHECK_FALSE(quota_in_rollout(rollout_line(limits), kHeard + 1001ms));
  CHECK_FALSE(quota_in_rollout(rollout_line(limits, "yesterday"), milliseconds(0)));
  CHECK_FALSE(quota_in_rollout(rollout_line(limits).substr(40), milliseconds(0)));
  for (const char* other : {"null", "7", "[]", "{}", R"({"primary":7})", R"({"primary":{"used_percent":50}})",
                            R"({"primary":{"used_percent":"50","window_minutes":300}})",
                            R"({"primary":{"used_percent":-1,"window_minutes":300}})",
                            R"({"primary":{"used_percent":50,"window_minutes":0}})",
                            R"({"primary":{"used_percent":50,"window_minutes":1e300}})"})
    CHECK_FALSE(rollout(other));
}

TEST_CASE("codex: its app-server is asked in lines, and answers with all limits") {
  CHECK(split(quota_request_to_app_server(), '\n').size() == 4);
  const std::string greeting = R"({"id":1,"result":{"userAgent":"codex"}})"
                               "\n"
                               R"({"method":"configWarning"})"
                               "\n";
  const std::string window = R"({"usedPercent":12,"windowDurationMins":300,"resetsAt":1795892038})";
  CHECK_FALSE(quota_in_app_server(greeting, kHeard));
  const auto one = quota_in_app_server(
      greeting + R"({"id":2,"result":{"rateLimits":{"limitId":"codex","primary":)" + window + "}}}\n", kHeard);
  CHECK(only_window(one) == WindowReading{"five_hour", 0.12, kEnd, 5h});
  CHECK(one->heard_at == kHeard);
  const auto all = quota_in_app_server(
      R"({"id":2,"result":{"rateLimits":{},"rateLimitsByLimitId":{"codex":{"limitId":"codex","primary":)" + window +
          R"(,"credits":{"hasCredits":true,"balance":"3"}},"spark":{"limitId":"spark","secondary":)" + window +
          "}}}}\n",
      kHeard);
  REQUIRE(all);
  REQUIRE(all->windows.size() == 2);
  CHECK(all->windows[1].name == "five_hour_spark");
  CHECK(all->overage == Overage{.in_use = false, .allowed = true, .credits = "3"});
}

TEST_CASE("codex: an error of its app-server is an answer without windows") {
  const auto refused = quota_in_app_server(R"({"id":2,"error":{"code":-32600,"message":"not signed in"}})"
                                           "\n",
                                           kHeard);
  REQUIRE(refused);
  CHECK(refused->empty());
  CHECK_FALSE(quota_in_app_server("{\"id\":\"2\"}\n[2]\n2\n", kHeard));
  CHECK_FALSE(quota_in_app_server("{\"id\":2,\"method\":\"item/approval\"}\n", kHeard));
}

TEST_CASE("servers: what is left of each limit, in the spellings that are in use") {
  const auto reading = quota_in_headers(std::vector<HttpResult::Header>{{"x-ratelimit-limit-requests", "100"},
                                                                        {"x-ratelimit-remaining-requests", "25"},
                                                                        {"x-ratelimit-reset-requests", "6m0s"},
                                                                        {"x-ratelimit-limit-tokens", "30000"},
                                                                        {"x-ratelimit-remaining-tokens", "30000"},
                                                                        {"x-ratelimit-reset-tokens", "1795892038"}},
                                        kHeard);
  REQUIRE(reading);
  CHECK(reading->windows == std::vector<WindowReading>{{"requests", 0.75, kHeard + 6min}, {"tokens", 0, kEnd}});
  const auto vendors = quota_in_headers(
      std::vector<HttpResult::Header>{{"anthropic-ratelimit-input-tokens-limit", "10"},
                                      {"anthropic-ratelimit-input-tokens-remaining", "5"},
                                      {"anthropic-ratelimit-input-tokens-reset", "2026-11-28T18:21:00Z"}},
      kHeard);
  CHECK(only_window(vendors) == WindowReading{"input-tokens", 0.5, kHeard + 1min});
  const auto draft = quota_in_headers(
      std::vector<HttpResult::Header>{
          {"ratelimit-limit", "100, 100;w=60"}, {"ratelimit-remaining", "0"}, {"ratelimit-reset", "30"}},
      kHeard);
  CHECK(only_window(draft) == WindowReading{"requests", 1, kHeard + 30s});
}

TEST_CASE("servers: a limit whose size or rest is unknown or odd is none") {
  const auto says_nothing = [](std::vector<HttpResult::Header> headers) { return !quota_in_headers(headers, kHeard); };
  CHECK(says_nothing({}));
  CHECK(says_nothing({{"x-ratelimit-remaining-requests", "5"}}));
  CHECK(says_nothing({{"x-ratelimit-limit-requests", "5"}}));
  CHECK(says_nothing({{"x-ratelimit-limit-requests", "0"}, {"x-ratelimit-remaining-requests", "0"}}));
  CHECK(says_nothing({{"x-ratelimit-limit-requests", "-5"}, {"x-ratelimit-remaining-requests", "-1"}}));
  CHECK(says_nothing({{"x-ratelimit-limit-requests", "nan"}, {"x-ratelimit-remaining-requests", "inf"}}));
  CHECK(says_nothing({{"x-ratelimit-limit-requests", "many"}, {"x-ratelimit-remaining-requests", "few"}}));
  CHECK(says_nothing({{"x-ratelimit", "limit=5, remaining=2"}, {"x-ratelimit-", ""}, {"ratelimit-policy", "5;w=60"}}));
}

TEST_CASE("the account is looked up where the CLI keeps it, and not if a key is used instead") {
  CHECK(account_place("claude", {{"HOME", "/h"}}) == "/h/.claude.json#/oauthAccount/accountUuid");
  CHECK(account_place("claude", {{"HOME", "/h"}, {"CLAUDE_CONFIG_DIR", "/work"}}) ==
        "/work/.claude.json#/oauthAccount/accountUuid");
  CHECK(account_place("claude", {{"HOME", "/h"}, {"CLAUDE_CODE_OAUTH_TOKEN", "t"}}).empty());
  CHECK(account_place("claude", {}).empty());
  CHECK(account_place("codex", {{"HOME", "/h"}}) == "/h/.codex/auth.json#/tokens/account_id");
  CHECK(account_place("codex", {{"HOME", "/h"}, {"CODEX_HOME", "/work"}}) == "/work/auth.json#/tokens/account_id");
  CHECK(account_place("codex", {}).empty());
  CHECK(account_place("openai", {{"HOME", "/h"}}).empty());
}
