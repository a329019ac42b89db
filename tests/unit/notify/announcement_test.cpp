#include "core/notify/announcement.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

// Which notifications are made of the records, and which of those that are shown they replace.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const ProcessId kAnnouncer{"boot-1", 1, 1001, 1};
bool is_alive(const ProcessId&) { return false; }
constexpr milliseconds kNoon{1'795'262'400'000};  // 2026-11-21 12:00 UTC

using Lines = std::vector<std::string>;

/// A notification server.
struct Screen {
  std::map<std::string, std::string> shown;  // title by handle
  int last = 0;

  std::string show(const Announcement& one) {
    const bool replaces = shown.contains(one.replaces);
    const std::string handle = replaces ? one.replaces : std::to_string(++last) + "@bus/:1";
    shown[handle] = replaces ? one.joint.title : one.text.title;
    return handle;
  }
  Lines titles() const {
    Lines found;
    for (const auto& [handle, title] : shown) found.push_back(title);
    std::sort(found.begin(), found.end());
    return found;
  }
};

struct Records {
  Records() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }

  NotificationRows all;
  OutageFacts facts{.now = kNoon, .answering = {{"ollama", "qwen3:8b"}}, .settings = {}, .words_for = [](const auto&) {
                      return OutageWords{"signed out", "Sign in."};
                    }};

  NotificationRow& trip(const std::string& backend, const std::string& outcome = "unauthenticated") {
    return raise(all, {.kind = "trip",
                       .subject = backend,
                       .outcome = outcome,
                       .severity = NotificationSeverity::warning,
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
    return raise(all, {.kind = "recovery", .subject = backend, .first_seen = facts.now + 12min});
  }
  HostTime host_time() const { return {.boot_id = "boot-1", .boot = facts.now - kNoon + 1h, .wall = facts.now}; }
  std::optional<Announcement> next() { return begin_next(all, kAnnouncer, facts, host_time()); }
  /// All announcements about these records, which are not sent.
  std::vector<Announcement> of(std::initializer_list<std::int64_t> ids) {
    const NotificationRows before = all;
    for (NotificationRow& row : all)
      if (std::find(ids.begin(), ids.end(), row.id) != ids.end())
        row.delivery = DeliveryState::taken, row.sender = kAnnouncer;
    std::vector<Announcement> found;
    while (auto one = next()) found.push_back(*std::move(one));
    all = before;
    return found;
  }
  /// Sends all that is pending, as the announcer does.
  void announce(Screen& screen) {
    claim_pending(all, kAnnouncer, is_alive, host_time());
    while (const auto one = next()) {
      const std::string handle = screen.show(*one);
      note_replacement(all, one->rows, one->replaces, handle);
      for (NotificationRow& row : all)
        if (std::any_of(one->rows.begin(), one->rows.end(), [&](const auto& sent) { return sent.id == row.id; }))
          shown(row, handle, 0s);
    }
  }
  std::vector<std::string> stale() { return stale_handles(all, facts.settings, facts.now); }
};
using Handles = std::vector<std::string>;

}  // namespace

TEST_CASE("a storm is one announcement") {
  Records records;
  records.trip("claude");
  records.trip("codex", "unreachable");
  records.trip("gemini", "timed_out");
  const auto told = records.of({1, 2, 3});
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.title == "3 backends: unavailable");
  CHECK(told[0].rows.size() == 3);
  CHECK(told[0].severity == NotificationSeverity::warning);
}

TEST_CASE("a recent outage that continues is shown together with the new one, replacing its notification") {
  Records records;
  records.shown(records.trip("claude"), "7@bus/:1", 59s);
  records.trip("codex");
  const auto told = records.of({2});
  REQUIRE(told.size() == 1);
  CHECK(told[0].replaces == "7@bus/:1");
  CHECK(told[0].joint.title == "claude and codex: unavailable");
  CHECK(told[0].text.title == "codex: signed out");
  SECTION("with all that the same one shows") {
    records.shown(records.trip("agy"), "7@bus/:1", 90s);
    CHECK(records.of({2})[0].joint.title == "3 backends: unavailable");
  }
  SECTION("but not what was shown longer ago") {
    records.all[0].delivered_at = records.facts.now - 61s;
    CHECK(records.of({2})[0].replaces.empty());
  }
  SECTION("nor what is over") {
    records.all[0].ended_at = records.facts.now;
    CHECK(records.of({2})[0].replaces.empty());
  }
  SECTION("but an acknowledged outage goes on") {
    records.all[0].acknowledged_at = records.facts.now;
    CHECK(records.of({2})[0].replaces == "7@bus/:1");
  }
}

TEST_CASE("a recovery replaces the notification of its trip, and the next trip that of the recovery") {
  Records records;
  records.shown(records.trip("gemini"), "7@bus/:1", 12min);
  records.recovery("gemini");
  const auto recovery = records.of({2});
  REQUIRE(recovery.size() == 1);
  CHECK(recovery[0].text.title == "gemini: works again");
  CHECK(recovery[0].severity == NotificationSeverity::info);
  CHECK(recovery[0].replaces == "7@bus/:1");
  CHECK(recovery[0].joint.title == recovery[0].text.title);

  note_replacement(records.all, recovery[0].rows, "7@bus/:1", "7@bus/:1");
  records.shown(records.all[1], "7@bus/:1", 0s);
  CHECK(records.all[0].handle.empty());
  CHECK(records.stale().empty());

  records.facts.now += 1h;
  records.trip("gemini");
  CHECK(records.of({3})[0].replaces == "7@bus/:1");
  CHECK(records.of({3})[0].joint.title == "gemini: signed out");
}

TEST_CASE("the notification of a trip is removed when its recovery is shown elsewhere") {
  Records records;
  records.shown(records.trip("gemini"), "7@bus/:1", 12min);
  const Announcement recovery = records.recovery("gemini").id == 2 ? records.of({2})[0] : Announcement{};
  note_replacement(records.all, recovery.rows, recovery.replaces, "");  // by a hook
  CHECK(records.stale() == Handles{"7@bus/:1"});
}

TEST_CASE("a server that was restarted gives the notification another handle, and the old one is forgotten") {
  Records records;
  records.shown(records.trip("claude"), "7@bus/:1", 10s);
  records.trip("codex");
  const Announcement joint = records.of({2})[0];
  note_replacement(records.all, joint.rows, joint.replaces, "1@bus/:9");
  CHECK(records.all[0].handle == "1@bus/:9");  // it shows both
}

TEST_CASE("a recovery replaces a notification that also shows another outage, and says that it continues") {
  Records records;
  records.shown(records.trip("claude"), "7@bus/:1", 12min);
  records.shown(records.trip("codex"), "7@bus/:1", 12min);
  records.recovery("claude");
  const Announcement first = records.of({3})[0];
  CHECK(records.stale().empty());
  CHECK(first.replaces == "7@bus/:1");
  CHECK(first.joint.title == "claude: works again");
  CHECK_THAT(first.joint.message, Contains("codex still out: sign in\n"));
  CHECK_THAT(first.joint.message, Contains("claude: was unavailable for 12 m."));
  CHECK(first.text.message == "It was unavailable for 12 m.");
  note_replacement(records.all, first.rows, "7@bus/:1", "7@bus/:1");
  records.shown(records.all[2], "7@bus/:1", 0s);
  SECTION("a trip of the same backend that follows replaces it with one for both") {
    records.facts.now += 1h;
    records.trip("claude");
    const Announcement again = records.of({4})[0];
    CHECK(again.replaces == "7@bus/:1");
    CHECK(again.joint.title == "codex and claude: unavailable");
  }
  SECTION("the other recovery replaces it as well") {
    records.recovery("codex");
    CHECK(records.of({4})[0].replaces == "7@bus/:1");
    CHECK(records.of({4})[0].joint.title == "codex: works again");
  }
}

TEST_CASE("the notification of a recovery is removed when the backend's next trip is shown elsewhere") {
  Records records;
  records.trip("gemini");
  records.shown(records.recovery("gemini"), "8@bus/:1", 12min);
  CHECK(records.stale().empty());
  records.trip("codex");
  CHECK(records.stale().empty());
  records.shown(records.trip("gemini"), "9@bus/:1", 1s);
  CHECK(records.stale() == Handles{"8@bus/:1"});
}

TEST_CASE("an unstable backend has one notification, which replaces its last and stays until it has been quiet") {
  Records records;
  for (int i = 0; i < 2; ++i) {
    records.shown(records.trip("gemini", "timed_out"), "7@bus/:1", 0s);
    records.recovery("gemini");
    records.facts.now += 2min;
  }
  records.shown(records.trip("codex"), "8@bus/:1", 1s);
  records.trip("gemini", "timed_out");
  const auto told = records.of({6});
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == "trip");
  CHECK(told[0].text.title == "gemini: unstable");
  CHECK(told[0].replaces == "7@bus/:1");  // and not the one of codex, which is recent
  CHECK(told[0].joint.title == "gemini: unstable");
  const auto json = nlohmann::json::parse(to_json(told[0], kNoon));
  CHECK(json["backends"][0]["unstable"] == true);
  CHECK(json["backends"][0]["outages"] == 3);

  note_replacement(records.all, told[0].rows, "7@bus/:1", "7@bus/:1");
  records.shown(records.all[5], "7@bus/:1", 0s);
  records.recovery("gemini");
  CHECK(records.stale().empty());
  records.facts.now += 31min;
  CHECK(records.stale() == Handles{"7@bus/:1"});
}

TEST_CASE("a hook gets one JSON object with every backend concerned") {
  Records records;
  records.trip("claude");
  records.trip("codex", "rate_limited").retry_at.reset();
  const auto json = nlohmann::json::parse(to_json(records.of({1, 2})[0], kNoon));
  CHECK(json["schema"] == "delegate.notification/1");
  CHECK(json["kind"] == "trip");
  CHECK(json["severity"] == "warning");
  CHECK(json["urgency"] == "normal");
  CHECK(json["title"] == "claude and codex: unavailable");
  CHECK(json["at"] == "2026-11-21T12:00:00.000Z");
  REQUIRE(json["backends"].size() == 2);
  CHECK(json["backends"][0]["name"] == "claude");
  CHECK(json["backends"][0]["retry_at"] == "2026-11-21T12:01:00.000Z");
  CHECK(json["backends"][1]["outcome"] == "rate_limited");
  CHECK_FALSE(json["backends"][1].contains("retry_at"));
  CHECK_FALSE(json["backends"][1].contains("unstable"));
  CHECK(nlohmann::json::parse(to_json(records.of({2})[0], kNoon))["urgency"] == "low");
}

TEST_CASE("two backends that become unstable together keep a notification each, after joint ones") {
  Records records;
  Screen screen;
  for (int i = 0; i < 2; ++i) {
    records.trip("gemini", "timed_out"), records.trip("codex", "timed_out");
    records.announce(screen);
    records.facts.now += 2min;
    records.recovery("gemini"), records.recovery("codex");
    records.announce(screen);
    records.facts.now += 2min;
  }
  CHECK(screen.titles() == Lines{"gemini and codex: work again"});
  records.trip("gemini", "timed_out"), records.trip("codex", "timed_out");
  records.announce(screen);
  CHECK(screen.titles() == Lines{"codex: unstable", "gemini: unstable"});
}

TEST_CASE("what has become of a record since it was taken counts") {
  Records records;
  records.trip("gemini", "timed_out"), records.trip("codex", "timed_out");
  records.recovery("claude");
  REQUIRE(claim_pending(records.all, kAnnouncer, is_alive, records.host_time()).size() == 3);
  acknowledge(records.all, 1, records.host_time());
  const auto trip = records.next();
  REQUIRE(trip);
  CHECK(trip->text.title == "codex: signed out");
  SECTION("a killed announcer had begun only the one that it was sending: the rest is sent") {
    const auto is_gone = [](const ProcessId&) { return true; };
    const NotificationRows left = claim_pending(records.all, {"boot-1", 2, 1002, 1}, is_gone, records.host_time());
    REQUIRE(left.size() == 1);
    CHECK(left[0].kind == "recovery");
    CHECK(records.all[1].delivery == DeliveryState::undelivered);
  }
  SECTION("another announcer that has taken over sends the rest, and this one nothing more") {
    records.all[2].sender = {"boot-1", 2, 1002, 1};
    CHECK_FALSE(records.next());
  }
}

TEST_CASE("an announcer with several deliveries keeps its claim as long as no single one takes too long") {
  Records records;
  for (int i = 0; i < 3; ++i) {
    records.trip("gemini", "timed_out"), records.trip("codex", "timed_out");
    if (i < 2) records.recovery("gemini"), records.recovery("codex");
  }
  const ProcessId other{"boot-1", 2, 1002, 1};
  claim_pending(records.all, kAnnouncer, is_alive, records.host_time());
  int announcements = 0;
  while (records.next()) {
    ++announcements;
    records.facts.now += kLongestSending;
    CHECK(claim_pending(records.all, other, is_alive, records.host_time()).empty());
  }
  CHECK(announcements > 1);
}

TEST_CASE("a joint notification is as urgent as the most urgent outage that it shows, and looks like one") {
  Records records;
  records.shown(records.trip("claude", "unauthenticated"), "7@bus/:1", 10s);
  records.trip("codex", "rate_limited");
  const Announcement trip = records.of({2})[0];
  CHECK(trip.urgency == desktop::Urgency::low);
  CHECK(trip.joint_urgency == desktop::Urgency::normal);
  records.shown(records.all[1], "7@bus/:1", 0s);
  records.recovery("codex");
  const Announcement recovery = records.of({3})[0];
  CHECK(recovery.urgency == desktop::Urgency::low);
  CHECK(recovery.joint_urgency == desktop::Urgency::normal);
  CHECK(recovery.joint_has_outage);
}
