#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>

#include "core/quota/words.hpp"

// Windows, shares and times as people read them.
using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kSaturdayNoon{1'795'262'400'000};  // 2026-11-21 12:00 UTC

std::string moment(milliseconds from_now) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return moment_words(kSaturdayNoon + from_now, kSaturdayNoon);
}

}  // namespace

TEST_CASE("a share is rounded, but 0 % means that nothing is used, and 100 % that nothing is left") {
  CHECK(percent_used(0) == 0);
  CHECK(percent_used(0.001) == 1);
  CHECK(percent_used(0.914) == 91);
  CHECK(percent_used(0.915) == 92);
  CHECK(percent_used(0.999) == 99);
  CHECK(percent_used(1) == 100);
  CHECK(percent_left(0.91) == 9);
}

TEST_CASE("a moment has its day if it is not today, and its date if the weekday would not be clear") {
  CHECK(moment(4h + 40min) == "16:40");
  CHECK(moment(21h) == "Sun 09:00");
  CHECK(moment(69h) == "Tue 09:00");
  CHECK(moment(160h) == "28 Nov");
  CHECK(moment(30 * 24h) == "21 Dec");
}

TEST_CASE("a moment is rounded up to the minute") {
  CHECK(moment(4h + 40min + 1s) == "16:41");
  CHECK(moment(4h + 40min + 1ms) == "16:40");
}

TEST_CASE("a window's name is said as people say it") {
  CHECK(window_words("five_hour") == "5 h");
  CHECK(window_words("seven_day") == "week");
  CHECK(window_words("seven_day_opus") == "week opus");
  CHECK(window_words("seven_day_oauth_apps") == "week oauth apps");
  CHECK(window_words("24h") == "24 h");
  CHECK(window_words("30d") == "30 d");
  CHECK(window_words("requests") == "requests");
  CHECK(window_words("tokens_usage") == "tokens usage");
  CHECK(window_words("five_hours") == "five hours");
  CHECK(window_words("").empty());
}

TEST_CASE("a window is named as a person would name it") {
  CHECK(window_noun("req-minute") == "req-minute limit");
  CHECK(window_noun("five_hour") == "5 h window");
  CHECK(window_noun("seven_day") == "week");
  CHECK(window_noun("seven_day_opus") == "week of opus");
  CHECK(window_noun("30d") == "30 d window");
  CHECK(window_noun("requests") == "requests limit");
}
