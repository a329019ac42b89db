#include "core/run/reset_time.hpp"

#include <absl/time/time.h>

#include <catch2/catch.hpp>

using namespace delegate;
using namespace std::chrono_literals;

namespace {

/// "2026-11-21 09:00" as a clock in this zone shows it.
milliseconds moment(const std::string& text, const std::string& zone) {
  absl::TimeZone where;
  REQUIRE(absl::LoadTimeZone(zone, &where));
  absl::Time time;
  std::string error;
  REQUIRE(absl::ParseTime("%Y-%m-%d %H:%M", text, where, &time, &error));
  return milliseconds(absl::ToUnixMillis(time));
}

constexpr const char* kBerlin = "Europe/Berlin";
constexpr const char* kNewYork = "America/New_York";

/// Saturday, 21 November 2026, 10 in the morning in Berlin.
milliseconds saturday() { return moment("2026-11-21 10:00", kBerlin); }

std::optional<milliseconds> seen_in_berlin(const std::string& text) { return stated_reset(text, saturday(), kBerlin); }

}  // namespace

TEST_CASE("a vendor's stated waiting time is understood in every unit and sum") {
  struct Row {
    const char* text;
    milliseconds wait;
  };
  const Row rows[] = {{"retry after 12 s", 12s},
                      {"Suggested retry after 60s.", 60s},
                      {"try again in 3h 34m", 3h + 34min},
                      {"Please retry in 41.5s.", 41'500ms},
                      {"Please try again in 6m0s.", 6min},
                      {"Please try again in 1h2m3s", 1h + 2min + 3s},
                      {"Please try again in 1m6.5s. Visit", 66'500ms},
                      {"Please try again in 120ms", 120ms},
                      {"try again in 2 days, 3 hours", 51h},
                      {"try again in 2 days 3 hours", 51h},
                      {"try again in 2 hours and 5 minutes", 125min},
                      {"resets in 5 minutes", 5min},
                      {"Try Again In 1 Minute", 1min},
                      {"try again in an hour", 1h},
                      {"limit will reset in 1.5 hours", 90min},
                      {"quota will reset after 12h34m56s", 12h + 34min + 56s},
                      {"available in 30 seconds", 30s},
                      {"please wait 120 seconds", 120s},
                      {"Retry-After: 20s", 20s},
                      {"retry-after: 20", 20s},
                      {"\"retry_after\": 20}", 20s},
                      {"retry-after-ms: 1500", 1500ms},
                      {"{\"@type\": \"RetryInfo\", \"retryDelay\":\"41s\"}", 41s},
                      {"{\\\"retryDelay\\\": \\\"0.5s\\\"}", 500ms},
                      {"resets 3pm; retry after 20s", 20s},
                      {"please try again later. Retry after 20 s", 20s}};
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(stated_wait(row.text) == row.wait);
    if (std::string_view(row.text).find("3pm") == std::string_view::npos)
      CHECK(stated_reset(row.text, saturday(), kBerlin) == saturday() + row.wait);
  }
}

TEST_CASE("what is no waiting time is none") {
  for (const char* text : {"", "try again later", "try again at 4:56 AM", "resets 5am (UTC)", "resets 5 December",
                           "resets 5 March", "retry 3 times", "retry: 3 times", "after 12 s", "retry after 0s",
                           "retry after s", "retry after 99999999999999999999 days", "try again in 400 days",
                           "retry after 5 hamsters", "retry in 3 megabytes", "retry in",
                           "the limit resets every 5 hours", "it was reset 5 minutes ago", "connection reset in 5 s"}) {
    INFO(text);
    CHECK(stated_wait(text) == std::nullopt);
  }
  CHECK(stated_wait("retry after " + std::string(100'000, '9')) == std::nullopt);
}

TEST_CASE("a time of day is its next occurrence, in the stated zone or else in the local one") {
  struct Row {
    const char* text;
    const char* at;
    const char* zone;
  };
  const Row rows[] = {
      {"try again at 3:34 PM", "2026-11-21 15:34", kBerlin},
      {"try again at 3:34 p.m.", "2026-11-21 15:34", kBerlin},
      {"You've hit your limit · resets 3pm", "2026-11-21 15:00", kBerlin},
      {"resets 8am", "2026-11-22 08:00", kBerlin},
      {"Your limit will reset at 12am", "2026-11-22 00:00", kBerlin},
      {"resets 12pm", "2026-11-21 12:00", kBerlin},
      {"resets at noon", "2026-11-21 12:00", kBerlin},
      {"resets at 15:00 (Europe/Berlin)", "2026-11-21 15:00", kBerlin},
      {"resets 10am (America/New_York)", "2026-11-21 10:00", kNewYork},
      {"resets 1am America/Argentina/Buenos_Aires", "2026-11-22 01:00", "America/Argentina/Buenos_Aires"},
      {"quota resets at midnight Pacific time", "2026-11-22 00:00", "America/Los_Angeles"},
      {"resets at midnight PT", "2026-11-22 00:00", "America/Los_Angeles"},
      {"resets 11:15 UTC", "2026-11-21 11:15", "UTC"},
      {"resets at 15:00 +05:30", "2026-11-21 15:00", "Asia/Kolkata"},
      {"resets 5:30pm (Asia/Kolkata)", "2026-11-21 17:30", "Asia/Kolkata"},
      {"try again at Nov 24th, 2026 3:34 PM.", "2026-11-24 15:34", kBerlin},
      {"resets Nov 24 at 3pm", "2026-11-24 15:00", kBerlin},
      {"resets Nov 24, 3pm (America/New_York)", "2026-11-24 15:00", kNewYork},
      {"resets 3pm on Nov 24", "2026-11-24 15:00", kBerlin},
      {"resets on 24 November", "2026-11-24 00:00", kBerlin},
      {"resets 5 December", "2026-12-05 00:00", kBerlin},
      {"resets Monday 9am", "2026-11-23 09:00", kBerlin},
      {"resets Saturday at 8am", "2026-11-28 08:00", kBerlin},
      {"resets Sat 11am", "2026-11-21 11:00", kBerlin},
      {"resets tomorrow at 9:00", "2026-11-22 09:00", kBerlin},
      {"available until today at 17:00", "2026-11-21 17:00", kBerlin},
      {"resets at 2026-11-24T15:34:00Z", "2026-11-24 15:34", "UTC"},
      {"resets at 2026-11-24T15:34:00.123-05:00", "2026-11-24 15:34", kNewYork},
      {"\"resetAt\": \"2026-11-24 15:34:00\"", "2026-11-24 15:34", kBerlin},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(seen_in_berlin(row.text) == moment(row.at, row.zone));
  }
}

TEST_CASE("seconds and milliseconds since the epoch are times") {
  const milliseconds then = 1'795'300'000'000ms;
  const milliseconds now = then - 5h;
  CHECK(stated_reset("Claude AI usage limit reached|1795300000", now, kBerlin) == then);
  CHECK(stated_reset("{\"resetsAt\":1795300000}", now, kBerlin) == then);
  CHECK(stated_reset("X-RateLimit-Reset: 1795300000000", now, kBerlin) == then);
  CHECK(stated_reset("usage limit reached|1795300000", then + 1ms, kBerlin) == std::nullopt);
  CHECK(stated_reset("limit reached: request 1795300000", now, kBerlin) == std::nullopt);
}

TEST_CASE("a local zone other than Berlin makes another moment of the same words") {
  for (const char* zone : {kNewYork, "Asia/Kolkata", "Australia/Adelaide", "Pacific/Kiritimati", "UTC", ":UTC"}) {
    const std::string name = zone[0] == ':' ? zone + 1 : zone;
    const milliseconds now = moment("2026-11-21 09:00", name);
    INFO(zone);
    CHECK(stated_reset("resets 3:30pm", now, zone) == moment("2026-11-21 15:30", name));
  }
}

TEST_CASE("days on which the clock is changed have 23 and 25 hours") {
  // Berlin, 29 March 2026: 2:00 becomes 3:00.
  const milliseconds eve = moment("2026-03-28 23:00", kBerlin);
  CHECK(stated_reset("resets 4am", eve, kBerlin) == eve + 4h);
  CHECK(stated_reset("resets 2:30am", eve, kBerlin) == eve + 3h);  // does not exist: the moment of the skip
  // 25 October 2026: 3:00 becomes 2:00 again.
  const milliseconds autumn = moment("2026-10-24 23:00", kBerlin);
  CHECK(stated_reset("resets 4am", autumn, kBerlin) == autumn + 6h);
  CHECK(stated_reset("resets 2:30am", autumn, kBerlin) == autumn + 3h + 30min);
  CHECK(stated_reset("resets 2:30am", autumn + 3h + 40min, kBerlin) == autumn + 4h + 30min);  // the second one
  // New York, 8 March and 1 November 2026.
  const milliseconds march = moment("2026-03-07 22:00", kNewYork);
  CHECK(stated_reset("resets 3am (America/New_York)", march, "UTC") == march + 4h);
  const milliseconds november = moment("2026-10-31 22:00", kNewYork);
  CHECK(stated_reset("resets 3am (America/New_York)", november, "UTC") == november + 6h);
}

TEST_CASE("a year changes between now and then") {
  const milliseconds now = moment("2026-12-30 12:00", kBerlin);
  CHECK(stated_reset("resets Jan 2 at 3pm", now, kBerlin) == moment("2027-01-02 15:00", kBerlin));
  CHECK(stated_reset("resets Friday", now, kBerlin) == moment("2027-01-01 00:00", kBerlin));
}

TEST_CASE("a time that has just passed is not tomorrow's") {
  const milliseconds now = moment("2026-11-21 15:00", kBerlin);
  CHECK(stated_reset("resets 3pm", now + 20s, kBerlin) == std::nullopt);
  CHECK(stated_reset("resets 3pm", now + 3min, kBerlin) == now + 24h);
  CHECK(stated_reset("resets Nov 21, 2026 at 3pm", now, kBerlin) == std::nullopt);
}

TEST_CASE("nonsense is no time") {
  for (const char* text :
       {"resets 25:61", "resets 13pm", "resets 0am", "resets 3:77 PM", "resets Feb 31", "resets Feb 30 at 3pm",
        "resets Nov 31", "resets 2026-13-01T00:00:00Z", "resets 9999-12-31T00:00:00Z", "resets Nov 24, 9999",
        "resets Nov 24 2025 3pm", "resets at 2026-11-24T15:34:00+99:00", "resets 3pm (Mars/Phobos)", "resets at 3",
        "resets 99999999999999999999999", "resets at 1763726400000000", "resets at 3pm 4pm", "resets 5 March",
        "resets on the 99th of November"}) {
    INFO(text);
    CHECK(seen_in_berlin(text).value_or(0ms) == 0ms);
  }
  CHECK(seen_in_berlin("resets 3pm (../../etc/passwd)") == moment("2026-11-21 15:00", kBerlin));
  std::string hostile = "resets ";
  for (int i = 0; i < 20'000; ++i) hostile += "at (, resets ";
  CHECK(seen_in_berlin(hostile) == std::nullopt);
  std::string bytes = "resets 3pm (";
  for (int i = 1; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(seen_in_berlin(bytes) == moment("2026-11-21 15:00", kBerlin));
}

TEST_CASE("a time in a sentence about something else ends no limit") {
  for (const char* text : {"rate limit exceeded (built at 3:34 PM)", "429 too many requests at 15:00:30",
                           "rate limit. connection reset at 10:00", "please try again. Log written at 3:34 PM",
                           "started 2026-11-24T15:34:00Z: rate limited", "password reset at 3pm",
                           "try again with fewer tokens, the last run took 5 minutes"}) {
    INFO(text);
    CHECK(seen_in_berlin(text) == std::nullopt);
  }
}

TEST_CASE("a header states seconds, a duration, a moment, and nothing else") {
  CHECK(stated_header("20")->after == 20s);
  CHECK(stated_header(" 20 ")->after == 20s);
  CHECK(stated_header("0.5")->after == 500ms);
  CHECK(stated_header("1500ms")->after == 1500ms);
  CHECK(stated_header("6m0s")->after == 6min);
  CHECK(stated_header("1795300000")->at == 1'795'300'000'000ms);
  CHECK(stated_header("1795300000000")->at == 1'795'300'000'000ms);
  CHECK(stated_header("Tue, 24 Nov 2026 15:34:00 GMT")->at == moment("2026-11-24 15:34", "UTC"));
  CHECK(stated_header("2026-11-24T15:34:00Z")->at == moment("2026-11-24 15:34", "UTC"));
  CHECK(stated_header("2026-11-24T15:34:00+01:00")->at == moment("2026-11-24 15:34", kBerlin));
  for (const char* value : {"", "0", "-1", "1e3", "inf", "nan", "soon", "3pm", "Nov 24", "20 20", "20s later",
                            "99999999999999999999", "Wed, 31 Feb 2026 07:28:00 GMT"}) {
    INFO(value);
    CHECK_FALSE(stated_header(value).has_value());
  }
}

TEST_CASE("the spaces that a locale puts before AM and PM are spaces") {
  for (const char* space : {" ", "\u00a0", "\u202f", "\u2009", "\u2007", "\u3000"}) {
    INFO(space);
    CHECK(seen_in_berlin(std::string("Try again at 9:46") + space + "PM.") == seen_in_berlin("Try again at 9:46 PM."));
    CHECK(stated_wait(std::string("try again in 20") + space + "s") == 20s);
  }
  CHECK(seen_in_berlin("You will regain access on 2026-12-01 at 00:00 UTC.").has_value());
}

TEST_CASE("the headers of limits say when the limit that is used up ends, or else when all of them have ended") {
  using Header = HttpResult::Header;
  const auto after = [](std::vector<Header> headers) {
    const auto stated = end_of_limits(headers);
    return stated ? stated->after.value_or(milliseconds(0)) : milliseconds(-1);
  };
  CHECK(after({}) == milliseconds(-1));
  CHECK(after({{"x-ratelimit-limit-requests", "60"}}) == milliseconds(-1));
  CHECK(after({{"x-ratelimit-reset-requests", "1s"}, {"x-ratelimit-reset-tokens", "6m0s"}}) == 6min);
  CHECK(after({{"x-ratelimit-reset-requests", "1s"},
               {"x-ratelimit-remaining-requests", "0"},
               {"x-ratelimit-remaining-tokens", "12"},
               {"x-ratelimit-reset-tokens", "6m0s"}}) == 1s);
  const std::vector<Header> unified{{"anthropic-ratelimit-unified-reset", "1795300000"}};
  REQUIRE(end_of_limits(unified));
  CHECK(end_of_limits(unified)->at == milliseconds(1'795'300'000'000));
}
