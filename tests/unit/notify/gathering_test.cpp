#include "core/notify/gathering.hpp"

#include <catch2/catch.hpp>

// How long outages are gathered for one notification. The clock is simulated.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNow = 500s;
constexpr milliseconds kWall{1'795'262'400'000};

NotificationRows raised(milliseconds ago) { return {{.kind = "trip", .subject = "gemini", .first_seen = kWall - ago}}; }

}  // namespace

TEST_CASE("gathering ends when nothing has come for a while") {
  Gathering gathering(raised(0ms), kNow, kWall);
  CHECK_FALSE(gathering.is_over(kNow + 1499ms));
  CHECK(gathering.is_over(kNow + 1500ms));
  gathering.add_another(kNow + 1s);
  CHECK_FALSE(gathering.is_over(kNow + 2499ms));
  CHECK(gathering.is_over(kNow + 2500ms));
}

TEST_CASE("a steady stream of outages postpones none for longer than ten seconds after it began") {
  const milliseconds age = GENERATE(0ms, 300ms, 4s, 9'900ms);
  Gathering gathering(raised(age), kNow, kWall);
  milliseconds now = kNow;
  for (; !gathering.is_over(now); now += 300ms) gathering.add_another(now);
  CHECK(now - kNow + age >= 10s);
  CHECK(now - kNow + age < 10s + 300ms);
}

TEST_CASE("what is older than ten seconds is sent at once, and a clock that was set back does not delay it longer") {
  CHECK(Gathering(raised(1h), kNow, kWall).is_over(kNow));
  Gathering future(raised(-1h), kNow, kWall);
  milliseconds now = kNow;
  for (; !future.is_over(now); now += 300ms) future.add_another(now);
  CHECK(now - kNow < 10s + 300ms);
}
