#include "cli/mcp/quota_words.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

// What a model reads about the windows of a backend.
using namespace delegate;
using namespace delegate::cli::server;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNoonOfAgent{1'795'262'400'000};  // Saturday, 2026-11-21 12:00 UTC

inspect::WindowStatus window_of(const char* name, double used, std::optional<milliseconds> left) {
  const auto ends_at = left ? std::optional(kNoonOfAgent + *left) : std::nullopt;
  return {.view = {.name = name, .used = used, .ends_at = ends_at}, .used_up_at = {}};
}

std::string words_of(const inspect::QuotaStatus& quota) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return quota_words(quota, kNoonOfAgent);
}

}  // namespace

TEST_CASE("a model reads how much of which window is used, the scarcest first") {
  CHECK(words_of({.windows = {window_of("five_hour", 0.91, 4h + 40min), window_of("seven_day", 0.42, 69h)}}) ==
        "91 % of its 5 h window used, until 16:40; week 42 %");
  CHECK(words_of({.windows = {window_of("five_hour", 0, std::nullopt)}}) == "0 % of its 5 h window used");
  CHECK(words_of({.overage = {.in_use = true}}) == "its calls are billed extra now");
  CHECK(words_of({}).empty());
}

TEST_CASE("the structured form has each window in whole percent") {
  CHECK(quota_windows({.windows = {window_of("five_hour", 0.914, 1h)}}) ==
        OrderedJson::array({{{"name", "five_hour"}, {"used_percent", 91}, {"ends_at", "2026-11-21T13:00:00.000Z"}}}));
}
