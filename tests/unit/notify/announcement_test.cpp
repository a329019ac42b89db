#include "core/notify/announcement.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

// What is said to people.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr milliseconds kNoon{1'795'262'400'000};  // 2026-11-21 12:00 UTC

struct Records {
  Records() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }

  NotificationRows all;
  FallbackFacts facts{.now = kNoon, .answering = {"ollama"}};

  NotificationRow& trip(const std::string& backend, const std::string& outcome = "unauthenticated") {
    return raise(all, {.kind = "trip",
                       .subject = backend,
                       .outcome = outcome,
                       .severity = NotificationSeverity::warning,
                       .title = backend + " is unavailable: its sign-in is no longer valid",
                       .message = "Sign in to it again.",
                       .first_seen = facts.now,
                       .retry_at = facts.now + 60s});
  }
  NotificationRow& shown(NotificationRow& row, const std::string& handle, milliseconds ago) {
    row.delivery = DeliveryState::delivered;
    row.handle = handle;
    row.delivered_at = facts.now - ago;
    return row;
  }
  NotificationRow& recovery(const std::string& backend) {
    for (NotificationRow& row : all)
      if (row.subject == backend && row.kind == "trip") row.acknowledged_at = row.ended_at = facts.now;
    return raise(
        all,
        {.kind = "recovery", .subject = backend, .title = backend + " answers again", .first_seen = facts.now + 12min});
  }
  std::vector<Announcement> of(std::initializer_list<std::int64_t> ids) {
    NotificationRows taken;
    for (const NotificationRow& row : all)
      if (std::find(ids.begin(), ids.end(), row.id) != ids.end()) taken.push_back(row);
    return announcements_of(taken, all, facts);
  }
};

}  // namespace

TEST_CASE("a trip names the failed backend, the reason, its substitute, the retry time and a fix") {
  Records records;
  records.trip("gemini");
  const auto told = records.of({1});
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.title == "gemini is unavailable: its sign-in is no longer valid");
  CHECK(told[0].text.message == "ollama answers instead. gemini is tried again at 12:01. Sign in to it again.");
  CHECK(told[0].severity == NotificationSeverity::warning);
}

TEST_CASE("a time on another day is shown with its day") {
  Records records;
  records.trip("gemini").retry_at = kNoon + 36h;
  CHECK_THAT(records.of({1})[0].text.message, Contains("tried again on 23 Nov at 00:00."));
  records.all[0].retry_at = kNoon + 14 * 24h;
  CHECK_THAT(records.of({1})[0].text.message, Contains("tried again on 5 Dec at 12:00."));
}

TEST_CASE("a trip that is announced late names no time that has passed") {
  Records records;
  records.trip("gemini").retry_at = kNoon - 1s;
  CHECK_THAT(records.of({1})[0].text.message, Contains("gemini is tried again with the next call."));
}

TEST_CASE("the substitute is not the backend that is announced as unavailable, even if it has recovered") {
  Records records;
  records.facts.answering = {"gemini", "codex"};
  records.trip("gemini");
  CHECK_THAT(records.of({1})[0].text.message, StartsWith("codex answers instead."));
}

TEST_CASE("an announcement says when no other backend is left") {
  Records records;
  records.facts.answering.clear();
  records.trip("gemini");
  CHECK_THAT(records.of({1})[0].text.message, Contains("No other backend can answer now."));
}

TEST_CASE("a storm is one announcement") {
  Records records;
  records.trip("claude");
  records.trip("codex", "unreachable");
  records.trip("gemini", "timed_out");
  const auto told = records.of({1, 2, 3});
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.title == "claude, codex and gemini are unavailable");
  CHECK(told[0].text.message ==
        "ollama answers instead.\n"
        "claude: its sign-in is no longer valid\n"
        "codex: it cannot be reached\n"
        "gemini: it does not answer in time");
  CHECK(told[0].rows.size() == 3);
}

TEST_CASE("a recent outage that continues is shown together with the new one, replacing its notification") {
  Records records;
  records.shown(records.trip("claude"), "7@bus/:1", 59s);
  records.trip("codex");
  const auto told = records.of({2});
  REQUIRE(told.size() == 1);
  CHECK(told[0].replaces == "7@bus/:1");
  CHECK(told[0].joint.title == "claude and codex are unavailable");
  CHECK_THAT(told[0].text.title, Contains("codex is unavailable"));
  SECTION("with all that the same one shows") {
    records.shown(records.trip("gemini"), "7@bus/:1", 90s);
    CHECK(records.of({2})[0].joint.title == "claude, gemini and codex are unavailable");
  }
  SECTION("but not what was shown longer ago") {
    records.all[0].delivered_at = records.facts.now - 61s;
    CHECK(records.of({2})[0].replaces.empty());
  }
  SECTION("nor what is over") {
    records.all[0].ended_at = records.facts.now;
    CHECK(records.of({2})[0].replaces.empty());
  }
  SECTION("but what somebody has seen goes on") {
    records.all[0].acknowledged_at = records.facts.now;
    CHECK(records.of({2})[0].replaces == "7@bus/:1");
  }
}

TEST_CASE("a recovery states how long the outage took, and removes the trip's notification") {
  Records records;
  records.shown(records.trip("gemini"), "7@bus/:1", 12min);
  records.recovery("gemini");
  const auto told = records.of({2});
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.title == "gemini answers again");
  CHECK(told[0].text.message == "It was unavailable for 12 m.");
  CHECK(told[0].severity == NotificationSeverity::info);
  CHECK(stale_handles(records.all) == std::vector<std::string>{"7@bus/:1"});
}

TEST_CASE("no backend is announced both as unavailable and as the substitute") {
  Records records;
  records.facts.answering = {"gemini", "ollama"};
  records.trip("gemini");
  CHECK_THAT(records.of({1})[0].text.message, Contains("ollama answers instead."));
}

TEST_CASE("a recovery replaces a notification that also shows another outage, and says that it continues") {
  Records records;
  records.shown(records.trip("claude"), "7@bus/:1", 12min);
  records.shown(records.trip("codex"), "7@bus/:1", 12min);
  records.recovery("claude");
  const Announcement first = records.of({3})[0];
  CHECK(stale_handles(records.all).empty());
  CHECK(first.replaces == "7@bus/:1");
  CHECK(first.joint.title == "claude answers again");
  CHECK(first.joint.message == "It was unavailable for 12 m.\ncodex is still unavailable.");
  CHECK(first.text.message == "It was unavailable for 12 m.");
  records.recovery("codex");
  CHECK(records.of({4})[0].replaces.empty());
  CHECK(stale_handles(records.all) == std::vector<std::string>{"7@bus/:1"});
}

TEST_CASE("the notification of a recovery is removed when the backend's next trip is shown") {
  Records records;
  records.trip("gemini");
  records.shown(records.recovery("gemini"), "8@bus/:1", 12min);
  CHECK(stale_handles(records.all).empty());
  records.trip("codex");
  CHECK(stale_handles(records.all).empty());
  records.shown(records.trip("gemini"), "9@bus/:1", 1s);
  CHECK(stale_handles(records.all) == std::vector<std::string>{"8@bus/:1"});
}

TEST_CASE("a trip and a recovery that come together are announced one after the other") {
  Records records;
  records.trip("gemini");
  records.recovery("gemini");
  const auto told = records.of({1, 2});
  REQUIRE(told.size() == 2);
  CHECK(told[0].kind == "trip");
  CHECK(told[0].text.message == "It has recovered since.");
  CHECK(told[1].kind == "recovery");
}

TEST_CASE("a hook gets one JSON object with every backend concerned") {
  Records records;
  records.trip("claude");
  records.trip("codex", "unreachable").retry_at.reset();
  const auto json = nlohmann::json::parse(to_json(records.of({1, 2})[0], kNoon));
  CHECK(json["schema"] == "delegate.notification/1");
  CHECK(json["kind"] == "trip");
  CHECK(json["severity"] == "warning");
  CHECK(json["title"] == "claude and codex are unavailable");
  CHECK(json["at"] == "2026-11-21T12:00:00.000Z");
  REQUIRE(json["backends"].size() == 2);
  CHECK(json["backends"][0]["name"] == "claude");
  CHECK(json["backends"][0]["retry_at"] == "2026-11-21T12:01:00.000Z");
  CHECK(json["backends"][1]["outcome"] == "unreachable");
  CHECK_FALSE(json["backends"][1].contains("retry_at"));
}
