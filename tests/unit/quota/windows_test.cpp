#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "core/quota/pace.hpp"
#include "core/quota/reserve.hpp"
#include "core/quota/windows.hpp"

// Readings in, state out: which figure counts, and for how long.
using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNow{1'800'000'000'000};
constexpr milliseconds kFive = 5h;

QuotaReading reading(double used, milliseconds heard_at, milliseconds ends_at = kNow + 2h) {
  return {.windows = {{"five_hour", used, ends_at, kFive}}, .overage = {}, .heard_at = heard_at, .source = "call"};
}

/// As heard in one call at kNow.
Quota billed_extra(std::vector<WindowReading> windows) {
  Quota quota;
  const Overage in_use{.in_use = true, .allowed = true, .credits = {}};
  merge(quota, {.windows = std::move(windows), .overage = in_use, .heard_at = kNow, .source = "call"}, kNow);
  return quota;
}

double used(const Quota& quota, milliseconds now = kNow) { return current_windows(quota, now).at(0).used; }

}  // namespace

TEST_CASE("the newest reading counts, whichever call ends first") {
  Quota quota;
  merge(quota, reading(0.5, kNow - 1min), kNow);
  merge(quota, reading(0.4, kNow - 2min), kNow);
  CHECK(used(quota) == 0.5);
  merge(quota, reading(0.3, kNow), kNow);
  CHECK(used(quota) == 0.3);
}

TEST_CASE("of two readings of the same moment the one that says more counts") {
  Quota quota;
  merge(quota, reading(0.5, kNow), kNow);
  merge(quota, reading(0.4, kNow), kNow);
  CHECK(used(quota) == 0.5);
  merge(quota, reading(0.6, kNow), kNow);
  CHECK(used(quota) == 0.6);
}

TEST_CASE("a window whose end has passed is full again") {
  Quota quota;
  merge(quota, reading(0.9, kNow, kNow + 1h), kNow);
  CHECK(used(quota, kNow + 59min) == 0.9);
  const auto later = current_windows(quota, kNow + 1h);
  REQUIRE(later.size() == 1);
  CHECK(later.front().used == 0);
  CHECK_FALSE(later.front().ends_at);
}

TEST_CASE("a figure that was heard before its window began is dropped") {
  Quota quota;
  merge(quota, reading(0.9, kNow - 4h, kNow + 2h), kNow);
  CHECK(quota.windows.empty());
}

TEST_CASE("a window that begins with a call counts, although the vendor's clock is ahead") {
  Quota quota;
  merge(quota, reading(0.01, kNow, kNow + 5h + 30s), kNow);
  CHECK(used(quota) == 0.01);
}

TEST_CASE("a figure that nothing dates is unknown after a while, not zero") {
  Quota quota;
  merge(quota,
        {.windows = {{"requests", 0.7, std::nullopt, std::nullopt}}, .overage = {}, .heard_at = kNow, .source = "call"},
        kNow);
  CHECK(current_windows(quota, kNow + 59min).size() == 1);
  CHECK(current_windows(quota, kNow + 61min).empty());
}

TEST_CASE("figures that are none are not taken") {
  Quota quota;
  const auto bad = [&](WindowReading window) {
    merge(quota, {.windows = {std::move(window)}, .overage = {}, .heard_at = kNow, .source = "call"}, kNow);
  };
  bad({"five_hour", -0.1, kNow + 1h});
  bad({"five_hour", std::numeric_limits<double>::quiet_NaN(), kNow + 1h});
  bad({"five_hour", 0.5, kNow - 1s});
  bad({"five_hour", 0.5, kNow + std::chrono::hours(24 * 500)});
  bad({"", 0.5, kNow + 1h});
  bad({"Five Hour\n", 0.5, kNow + 1h});
  CHECK(quota.windows.empty());
  bad({"five_hour", 1.2, kNow + 1h});
  CHECK(used(quota) == 1);
}

TEST_CASE("windows are named by their length, and a name says its length") {
  CHECK(window_name(5h) == "five_hour");
  CHECK(window_name(168h) == "seven_day");
  CHECK(window_name(24h) == "24h");
  CHECK(window_name(720h) == "30d");
  CHECK(window_name(1min) == "1m");
  CHECK(window_length("seven_day_opus") == 168h);
  CHECK(window_length("30d") == 720h);
  CHECK_FALSE(window_length("requests"));
  CHECK(model_of_window("seven_day_opus") == "opus");
  CHECK(model_of_window("seven_day").empty());
}

TEST_CASE("a window of one model counts only calls of that model") {
  CHECK(counts_model("seven_day", ""));
  CHECK(counts_model("seven_day_opus", "claude-opus-4"));
  CHECK_FALSE(counts_model("seven_day_opus", "claude-sonnet-4"));
  CHECK_FALSE(counts_model("seven_day_opus", ""));
}

TEST_CASE("another account has windows of its own") {
  Quota quota;
  note_account(quota, "first", "salt-1");
  merge(quota, reading(0.5, kNow), kNow);
  note_account(quota, "first", "salt-2");
  CHECK(quota.windows.size() == 1);
  CHECK(quota.account.find("first") == std::string::npos);
  note_account(quota, "", "salt-3");
  CHECK(quota.windows.size() == 1);
  note_account(quota, "second", "salt-4");
  CHECK(quota.windows.empty());
}

TEST_CASE("extra billing ends with the window that was used up, not with a longer one") {
  Quota quota = billed_extra({{"five_hour", 1.0, kNow + 1h, kFive}, {"seven_day", 0.5, kNow + 84h}});
  CHECK(current_overage(quota, kNow + 59min).in_use);
  CHECK_FALSE(current_overage(quota, kNow + 61min).in_use);
  CHECK(current_overage(quota, kNow + 61min).allowed);
}

TEST_CASE("extra billing that no window explains lasts until the first of them could say otherwise") {
  Quota quota = billed_extra({{"five_hour", 0.9, kNow + 1h, kFive}});
  CHECK(current_overage(quota, kNow + 59min).in_use);
  CHECK_FALSE(current_overage(quota, kNow + 61min).in_use);
}

TEST_CASE("of several windows that do not explain extra billing the first end may be the end of it") {
  Quota quota = billed_extra({{"five_hour", 0.5, kNow + 1h}, {"seven_day", 0.4, kNow + 84h}});
  CHECK(current_overage(quota, kNow + 59min).in_use);
  CHECK_FALSE(current_overage(quota, kNow + 61min).in_use);
}

TEST_CASE("extra billing that has ended does not begin again with a reading that says nothing of it") {
  Quota quota = billed_extra({{"five_hour", 1, kNow + 1h}, {"seven_day", 0.4, kNow + 84h}});
  merge(quota, reading(0.1, kNow + 2h, kNow + 7h), kNow + 2h);
  CHECK_FALSE(current_overage(quota, kNow + 2h).in_use);
  CHECK(current_overage(quota, kNow + 2h).allowed);
}

TEST_CASE("what was heard while the clock was ahead is not believed until then") {
  constexpr milliseconds kAhead = kNow + 720h;
  Quota quota;
  merge(quota,
        {.windows = {{"five_hour", 0.9, std::nullopt}},
         .overage = Overage{.in_use = true, .allowed = true, .credits = {}},
         .heard_at = kAhead,
         .source = "call"},
        kAhead);
  CHECK(current_windows(quota, kNow).empty());
  CHECK_FALSE(current_overage(quota, kNow).in_use);
}

TEST_CASE("a figure of a window that would begin later than now is dropped, also if only its name has the length") {
  Quota quota;
  merge(quota,
        {.windows = {{"five_hour", 0.95, kNow + 4800h}, {"seven_day_opus", 0.95, kNow + 4800h}},
         .overage = {},
         .heard_at = kNow,
         .source = "call"},
        kNow);
  CHECK(quota.windows.empty());
}

TEST_CASE("windows that had ended before extra billing was heard do not decide about it") {
  const Overage billed{.in_use = true, .allowed = true, .credits = {}};
  Quota quota;
  SECTION("nothing else is known") {
    merge(quota, reading(0.9, kNow, kNow + 2h), kNow);
    merge(quota, {.windows = {}, .overage = billed, .heard_at = kNow + 3h, .source = "call"}, kNow + 3h);
    CHECK(current_overage(quota, kNow + 3h).in_use);
    CHECK_FALSE(current_overage(quota, kNow + 5h).in_use);
  }
  SECTION("it was used up, and another one is running") {
    merge(quota, reading(1, kNow, kNow + 2h), kNow);
    merge(quota,
          {.windows = {{"seven_day", 0.99, kNow + 84h}}, .overage = billed, .heard_at = kNow + 3h, .source = "call"},
          kNow + 3h);
    CHECK(current_overage(quota, kNow + 3h).in_use);
  }
}

TEST_CASE("an older report about extra billing does not undo a newer one that says there is none") {
  Quota quota;
  merge(quota, {.windows = {}, .overage = Overage{}, .heard_at = kNow, .source = "call"}, kNow);
  merge(quota,
        {.windows = {}, .overage = Overage{.in_use = true, .allowed = true}, .heard_at = kNow - 5min, .source = "call"},
        kNow);
  CHECK_FALSE(quota.overage.in_use);
}

TEST_CASE("a reading without an end does not take back one that is still to come") {
  Quota quota;
  merge(quota, reading(0.5, kNow), kNow);
  quota.windows.at(0).announced = 50;
  merge(quota,
        {.windows = {{"five_hour", 0.6, std::nullopt}}, .overage = {}, .heard_at = kNow + 1min, .source = "call"},
        kNow + 1min);
  CHECK(quota.windows.at(0).ends_at == kNow + 2h);
  CHECK(quota.windows.at(0).announced == 50);
}

TEST_CASE("a window of which nothing is heard any more is forgotten") {
  Quota quota;
  merge(quota, reading(0.9, kNow, kNow + 1h), kNow);
  CHECK(current_windows(quota, kNow + 24h).size() == 1);
  CHECK(current_windows(quota, kNow + 25h).empty());
  merge(quota, {.windows = {{"seven_day", 0.1, kNow + 84h}}, .overage = {}, .heard_at = kNow + 25h, .source = "call"},
        kNow + 25h);
  REQUIRE(quota.windows.size() == 1);
  CHECK(quota.windows.at(0).name == "seven_day");
}

TEST_CASE("of too many windows the one that was heard longest ago gives way") {
  Quota quota;
  for (std::size_t i = 0; i < kMostWindows; ++i) {
    const milliseconds at = kNow + i * 1s;
    merge(quota,
          {.windows = {{"limit-" + std::to_string(i), 0.5, at + 1h}}, .overage = {}, .heard_at = at, .source = "call"},
          at);
  }
  merge(quota, reading(0.5, kNow + 1min), kNow + 1min);
  REQUIRE(quota.windows.size() == kMostWindows);
  const auto is_known = [&](const char* name) {
    return std::any_of(quota.windows.begin(), quota.windows.end(),
                       [&](const QuotaWindow& window) { return window.name == name; });
  };
  CHECK(is_known("five_hour"));
  CHECK(is_known("limit-1"));
  CHECK_FALSE(is_known("limit-0"));
}

TEST_CASE("a server's limit for a minute that states no end is known for a minute, and does not steer") {
  Quota quota;
  merge(quota, {.windows = {{"req-minute", 1.0, std::nullopt}}, .overage = {}, .heard_at = kNow, .source = "call"},
        kNow);
  const auto windows = current_windows(quota, kNow + 59s);
  REQUIRE(windows.size() == 1);
  CHECK_FALSE(below_reserve(windows, {{"", 0.15}}, ""));
  CHECK_FALSE(headroom(windows, "", kNow + 59s));
  CHECK(current_windows(quota, kNow + 1min).empty());
}

TEST_CASE("the pace of a share that is next to nothing leads nowhere") {
  const WindowView window{
      .name = "five_hour", .used = 1e-13, .ends_at = kNow + 3h, .length = kFive, .heard_at = kNow, .source = "call"};
  CHECK_FALSE(used_up_at(window, kNow));
}

TEST_CASE("the pace says when a window is used up while that is still to come") {
  WindowView window{
      .name = "five_hour", .used = 0.8, .ends_at = kNow + 1h, .length = kFive, .heard_at = kNow, .source = "call"};
  CHECK_FALSE(used_up_at(window, kNow));  // it lasts until its end
  window.used = 0.9;
  CHECK(used_up_at(window, kNow));
  CHECK_FALSE(used_up_at(window, kNow + 59min));
  window.used = 1;
  CHECK_FALSE(used_up_at(window, kNow));
}

TEST_CASE("no whole percent is below a reserve of the same size") {
  for (int percent = 1; percent < 100; ++percent) {
    INFO(percent);
    const WindowView window{
        .name = "five_hour", .used = (100 - percent) / 100.0, .ends_at = kNow + 1h, .length = kFive, .heard_at = kNow};
    CHECK_FALSE(below_reserve({window}, {{"", percent / 100.0}}, ""));
    CHECK(below_reserve({window}, {{"", (percent + 0.1) / 100.0}}, ""));
  }
}
