#include "core/base/duration.hpp"
#include "core/base/text.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace delegate;
using namespace std::chrono_literals;

TEST_CASE("durations are read in every form") {
  struct Row {
    const char* text;
    milliseconds value;
  };
  const Row rows[] = {{"250ms", 250ms},
                      {"60s", 60s},
                      {"1.5m", 90s},
                      {"2h", 2h},
                      {"1d", 24h},
                      {"1h30m", 90min},
                      {"1d2h3m4s5ms", 24h + 2h + 3min + 4s + 5ms},
                      {"90", 90s},
                      {"0", 0s},
                      {"0.5", 500ms},
                      {"0s", 0s},
                      {"0.25s", 250ms},
                      {"1m500ms", 60'500ms},
                      {"0.0006s", 1ms},
                      {"007s", 7s},
                      {"10000000d", 24h * 10'000'000}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto value = parse_duration(row.text);
    REQUIRE(value.has_value());
    CHECK(*value == row.value);
  }
}

TEST_CASE("an invalid duration is an error that repeats the text") {
  for (const char* text : {"",
                           " ",
                           "s",
                           "ms",
                           "-5s",
                           "-1",
                           "+5s",
                           "5 s",
                           " 5s",
                           "5s ",
                           "5S",
                           "5sec",
                           "0m5",
                           "1h30",
                           "5.5.5s",
                           ".",
                           "1e3s",
                           "0x10s",
                           "inf",
                           "nan",
                           "infs",
                           "1h-5m",
                           "5,5s",
                           "1w",
                           "99999999999999999999",
                           "99999999999d",
                           "1e400",
                           "9223372036854775807d",
                           "5s\n",
                           "s5"}) {
    INFO(text);
    const auto value = parse_duration(text);
    REQUIRE_FALSE(value.has_value());
    CHECK(value.error().code == Code::invalid_argument);
    CHECK(value.error().what == "'" + one_line(text, 80) + "' is not a duration");
    CHECK_FALSE(value.error().hint.empty());
  }
}

TEST_CASE("durations are written exactly and in the shortest form") {
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(-5s) == "0s");
  CHECK(format_duration(1ms) == "1ms");
  CHECK(format_duration(60s) == "1m");
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(24h) == "1d");
  CHECK(format_duration(25h + 1ms) == "1d1h1ms");
}

TEST_CASE("a written duration is read as the same value") {
  std::mt19937_64 chance(42);
  for (int i = 0; i < 2000; ++i) {
    const milliseconds value(static_cast<std::int64_t>(chance() >> (16 + chance() % 40)));
    if (value >= 24h * 10'000'000) continue;
    const auto again = parse_duration(format_duration(value));
    REQUIRE(again.has_value());
    CHECK(*again == value);
  }
}

TEST_CASE("waiting times are rounded up, so that none is announced as over too early") {
  struct Row {
    milliseconds value;
    const char* text;
  };
  const Row rows[] = {{-1s, "0 s"},         {0ms, "0 s"},          {1ms, "1 s"},         {499ms, "1 s"},
                      {1s, "1 s"},          {1001ms, "2 s"},       {42s, "42 s"},        {59'001ms, "1 m"},
                      {60s, "1 m"},         {60'001ms, "1 m 1 s"}, {185s, "3 m 5 s"},    {3599s, "59 m 59 s"},
                      {3'599'001ms, "1 h"}, {1h, "1 h"},           {1h + 1s, "1 h 1 m"}, {1h + 5min, "1 h 5 m"},
                      {2h - 1s, "2 h"},     {24h - 1s, "1 d"},     {24h, "1 d"},         {24h + 1s, "1 d 1 h"},
                      {27h, "1 d 3 h"},     {48h - 1ms, "2 d"}};
  for (const Row& row : rows) {
    INFO(row.value.count());
    CHECK(format_wait(row.value) == row.text);
  }
  CHECK_FALSE(format_wait(milliseconds::max()).empty());
}

TEST_CASE("elapsed times are short and exact enough") {
  CHECK(format_took(-1ms) == "0 ms");
  CHECK(format_took(0ms) == "0 ms");
  CHECK(format_took(999ms) == "999 ms");
  CHECK(format_took(1s) == "1.0 s");
  CHECK(format_took(2'460ms) == "2.4 s");
  CHECK(format_took(9'999ms) == "9.9 s");
  CHECK(format_took(10'999ms) == "10 s");
  CHECK(format_took(185'900ms) == "3 m 5 s");
}

TEST_CASE("timestamps are written as RFC 3339 in UTC") {
  CHECK(format_rfc3339(0ms) == "1970-01-01T00:00:00.000Z");
  CHECK(format_rfc3339(1ms) == "1970-01-01T00:00:00.001Z");
  CHECK(format_rfc3339(-1ms) == "1969-12-31T23:59:59.999Z");
  CHECK(format_rfc3339(milliseconds(1'795'237'212'500)) == "2026-11-21T05:00:12.500Z");
}
