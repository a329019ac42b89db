#include "core/quota/words.hpp"

#include <catch2/catch.hpp>

#include "core/base/duration.hpp"

using namespace delegate;
using namespace std::chrono_literals;

TEST_CASE("a window is named as a person would name it") {
  CHECK(window_words("five_hour") == "5 h window");
  CHECK(window_words("seven_day") == "week");
  CHECK(window_words("seven_day_opus") == "week of opus");
  CHECK(window_words("30d") == "30 d window");
  CHECK(window_words("requests") == "requests limit");
}

TEST_CASE("of what is left no more is said than there is") {
  const auto left = [](double used) { return left_words({.name = "five_hour", .used = used}); };
  CHECK(left(0.88) == "12 %");
  CHECK(left(0.851) == "14 %");
  CHECK(left(0.999) == "0 %");
  CHECK(left(0.42) == "58 %");
  CHECK(left(0) == "100 %");
}

TEST_CASE("a moment of today is a time, one of the next days has its weekday, a later one its date") {
  constexpr milliseconds kNoon{1'800'014'400'000};  // 12:00 UTC
  CHECK(moment_words(kNoon, kNoon) == format_local(kNoon, "%H:%M"));
  CHECK(moment_words(kNoon + 48h, kNoon) == format_local(kNoon + 48h, "%a %H:%M"));
  CHECK(moment_words(kNoon + 24h * 8, kNoon) == format_local(kNoon + 24h * 8, "%a %-d %b %H:%M"));
}
