#include "core/notify/quota_text.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/notify/announcement.hpp"
#include "core/notify/channels.hpp"
#include "core/notify/selection.hpp"

// What is announced about quota windows, and in which words.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNoonOfWindow{1'795'262'400'000};  // Saturday, 2026-11-21 12:00 UTC
const ProcessId kQuotaAnnouncer{"boot-1", 1, 1001, 1};

struct QuotaRecords {
  NotificationRows all;
  QuotaFacts quota;
  OutageFacts facts{.now = kNoonOfWindow, .settings = {}, .words_for = {}};

  QuotaRecords() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    facts.quota_for = [this](const NotificationRow&) { return quota; };
    window("five_hour", 0.8, 5h);
  }
  /// It began three hours ago.
  void window(const char* name, double used, milliseconds length, milliseconds left = 2h) {
    quota.windows = {
        {.name = name, .used = used, .ends_at = kNoonOfWindow + left, .length = length, .heard_at = kNoonOfWindow}};
  }
  NotificationRow& raise_about(const std::string& backend, const std::string& what) {
    return raise(all, {.kind = "quota",
                       .subject = backend,
                       .outcome = what,
                       .severity = NotificationSeverity::warning,
                       .title = backend + ": something",
                       .first_seen = kNoonOfWindow,
                       .retry_at = quota.windows.empty() ? kNoonOfWindow + 2h : quota.windows[0].ends_at});
  }
  NotificationText text(const std::string& backend = "claude") {
    const std::string name = quota.windows.empty() ? "five_hour" : quota.windows[0].name;
    return text_of_quota(raise_about(backend, name), facts);
  }
  NotificationText extra_billing() { return text_of_quota(raise_about("claude@work", "extra_billing"), facts); }
  std::optional<Announcement> next() {
    const HostTime now{.boot_id = "boot-1", .boot = 1h, .wall = kNoonOfWindow};
    for (NotificationRow& row : all)
      if (row.delivery == DeliveryState::pending) row.delivery = DeliveryState::taken, row.sender = kQuotaAnnouncer;
    return begin_next(all, kQuotaAnnouncer, facts, now);
  }
  std::string why(const NotificationRow& row, milliseconds now = kNoonOfWindow) const {
    const auto withheld = why_withheld(row, all, facts.settings, now);
    return withheld ? withheld->why : "sent";
  }
};

}  // namespace

TEST_CASE("a window's notification says how much is used, where the pace leads, and when it is renewed") {
  QuotaRecords records;
  CHECK(records.text().title == "claude: 5 h window 80 % used");
  CHECK(records.text().message == "At this pace used up at 12:45; renews at 14:00.");
  records.window("five_hour", 0.5, 5h);
  CHECK(records.text().message == "Renews at 14:00.");
  records.window("five_hour", 1, 5h);
  CHECK(records.text().title == "claude: 5 h window used up");
  CHECK(records.text().message == "Renews at 14:00.");
  records.window("seven_day", 0.95, 168h, 69h);
  CHECK(records.text().title == "claude: week 95 % used");
  CHECK(records.text().message == "At this pace used up at 17:13; renews on Tue 09:00.");
}

TEST_CASE("a title has at most thirty characters, and a name that it had to shorten is in the message") {
  QuotaRecords records;
  CHECK(records.text("claude@work").title == "claude@work: 5 h 80 % used");
  const NotificationText text = records.text("claude@corporate-account");
  CHECK(text.title.size() <= kLongestTitle + 2);  // the ellipsis has three bytes
  CHECK(text.message.ends_with(" (claude@corporate-account)"));
}

TEST_CASE("of a window without figures the record's own words are sent") {
  QuotaRecords records;
  records.quota.windows.clear();
  CHECK(records.text().title == "claude: something");
  CHECK(records.text().message == "Renews at 14:00.");
}

TEST_CASE("extra billing begins with the remedy, if there is one") {
  QuotaRecords records;
  CHECK(records.extra_billing().title == "claude@work: billed extra now");
  CHECK(records.extra_billing().message == "Calls beyond the 5 h window are charged until 14:00.");
  records.quota.may_avoid_extra = true;
  CHECK(records.extra_billing().message ==
        "Set backends.claude.overage to \"avoid\" to stop that. Calls beyond the 5 h window are charged until 14:00.");
}

TEST_CASE("the newer of two notifications about one window replaces the older one in place") {
  QuotaRecords records;
  NotificationRow& older = records.raise_about("claude", "five_hour");
  older.delivery = DeliveryState::delivered;
  older.handle = "7@bus/:1";
  records.raise_about("claude", "five_hour");
  const auto next = records.next();
  REQUIRE(next);
  CHECK(next->kind == "quota");
  CHECK(next->replaces == "7@bus/:1");
  CHECK(next->joint.title == "claude: 5 h window 80 % used");
  SECTION("but that of another window does not") {
    records.all.clear();
    records.raise_about("claude", "seven_day");
    CHECK(records.next()->replaces.empty());
  }
}

TEST_CASE("one about a window and one about an outage of the same backend have different names") {
  QuotaRecords records;
  records.raise_about("claude", "five_hour");
  CHECK(tag_of(*records.next()) == "delegate-claude-five_hour");
}

TEST_CASE("[notify] decides which of them are sent") {
  QuotaRecords records;
  const NotificationRow row = records.raise_about("claude@work", "five_hour");
  CHECK(records.why(row) == "sent");
  records.facts.settings.mute_backends = {"claude"};
  CHECK(records.why(row) == "muted by notify.mute_backends");
  records.facts.settings.on = {"trip"};
  CHECK(records.why(row) == "not enabled in [notify]");
  records.facts.settings = {};
  records.facts.settings.quiet_hours = "11:00-13:00";
  CHECK(records.why(row) == kHeldDetail);
}

TEST_CASE("after the window has ended its notification is not sent, and one that is shown is removed") {
  QuotaRecords records;
  NotificationRow& row = records.raise_about("claude", "five_hour");
  CHECK(records.why(row, kNoonOfWindow + 2h) == "over before it could be announced");
  row.delivery = DeliveryState::delivered;
  row.handle = "7@bus/:1";
  CHECK(stale_handles(records.all, records.facts.settings, kNoonOfWindow).empty());
  CHECK(stale_handles(records.all, records.facts.settings, kNoonOfWindow + 2h).size() == 1);
}

TEST_CASE("a hook reads which window it is about") {
  QuotaRecords records;
  records.raise_about("claude", "five_hour");
  const auto json = nlohmann::json::parse(to_json(*records.next(), kNoonOfWindow));
  CHECK(json["kind"] == "quota");
  CHECK(json["backends"] ==
        nlohmann::json{{{"name", "claude"}, {"window", "five_hour"}, {"ends_at", "2026-11-21T14:00:00.000Z"}}});
}
