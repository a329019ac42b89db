#include "core/quota/window_words.hpp"

#include <catch2/catch.hpp>

using namespace delegate;

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

TEST_CASE("a share is said in whole percent") {
  CHECK(percent_words(0.37) == "37 %");
  CHECK(percent_words(0.915) == "92 %");
  CHECK(percent_words(0) == "0 %");
  CHECK(percent_words(1) == "100 %");
}
