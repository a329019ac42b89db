#include "core/notify/selection.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

#include "core/health/outcome.hpp"

// The choices of [notify]: what is sent, when, and how urgently.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;
using desktop::Urgency;

namespace {

constexpr milliseconds kNoonOfDay{1'795'262'400'000};  // 2026-11-21 12:00 UTC

void use_time_zone(const char* name) {
  ::setenv("TZ", name, 1);
  ::tzset();
}

struct Choices {
  NotificationRows all;
  NotifySettings settings;

  NotificationRow trip(const std::string& backend, const std::string& outcome) {
    return raise(all, {.kind = "trip",
                       .subject = backend,
                       .outcome = outcome,
                       .severity = NotificationSeverity::warning,
                       .first_seen = kNoonOfDay});
  }
  NotificationRow recovery(const std::string& backend) {
    return raise(all, {.kind = "recovery", .subject = backend, .first_seen = kNoonOfDay});
  }
  std::string why(const NotificationRow& row) const {
    const auto withheld = why_withheld(row, all, settings, kNoonOfDay);
    return withheld ? std::string(to_string(withheld->delivery)) + ": " + withheld->why : "sent";
  }
};

}  // namespace

TEST_CASE("muted causes and backends are only recorded, with their recoveries") {
  Choices choices;
  choices.settings.mute_outcomes = {"rate_limited"};
  choices.settings.mute_backends = {"claude", "codex@work"};
  CHECK(choices.why(choices.trip("gemini", "timed_out")) == "sent");
  CHECK(choices.why(choices.recovery("gemini")) == "sent");
  CHECK(choices.why(choices.trip("gemini", "rate_limited")) == "unwanted: muted by notify.mute_outcomes");
  CHECK(choices.why(choices.recovery("gemini")) == "unwanted: muted by notify.mute_outcomes");
  CHECK(choices.why(choices.trip("claude", "timed_out")) == "unwanted: muted by notify.mute_backends");
  CHECK(choices.why(choices.recovery("claude")) == "unwanted: muted by notify.mute_backends");
  CHECK(choices.why(choices.trip("claude@home", "timed_out")) == "unwanted: muted by notify.mute_backends");
  CHECK(choices.why(choices.trip("codex@work", "timed_out")) == "unwanted: muted by notify.mute_backends");
  CHECK(choices.why(choices.trip("codex@home", "timed_out")) == "sent");
}

TEST_CASE("an event that is not enabled is not sent") {
  Choices choices;
  choices.settings.on = {"recovery"};
  CHECK(choices.why(choices.trip("gemini", "timed_out")) == "unwanted: not enabled in [notify]");
  choices.all.back().delivery = DeliveryState::unwanted;
  CHECK(choices.why(choices.recovery("gemini")) == "sent");
}

TEST_CASE("an alert of the canary that ended in the quiet hours is not sent, nor that it is over") {
  Choices choices;
  NotificationRow violation = raise(
      choices.all,
      {.kind = "canary", .subject = "S-01", .severity = NotificationSeverity::warning, .first_seen = kNoonOfDay - 1h});
  CHECK(choices.why(violation) == "sent");
  choices.all[0].ended_at = kNoonOfDay;
  CHECK(choices.why(choices.all[0]) == "unwanted: over before it could be announced");
  choices.all[0].delivery = DeliveryState::unwanted;
  const NotificationRow end = raise(choices.all, {.kind = "canary", .subject = "S-01", .first_seen = kNoonOfDay});
  CHECK(choices.why(end) == "unwanted: its beginning was not announced");
  choices.all[0].delivery = DeliveryState::delivered;
  CHECK(choices.why(end) == "sent");
}

TEST_CASE("quiet hours cross midnight, and their end is not quiet") {
  use_time_zone("UTC");
  NotifySettings settings{.quiet_hours = "22:00-07:00"};
  const milliseconds midnight = kNoonOfDay - 12h;
  CHECK_FALSE(is_quiet(settings, midnight - 2h - 1ms));
  CHECK(is_quiet(settings, midnight - 2h));
  CHECK(is_quiet(settings, midnight));
  CHECK(is_quiet(settings, midnight + 7h - 1ms));
  CHECK_FALSE(is_quiet(settings, midnight + 7h));
  settings.quiet_hours = "12:00-13:30";
  CHECK(is_quiet(settings, kNoonOfDay));
  CHECK(is_quiet(settings, kNoonOfDay + 89min));
  CHECK_FALSE(is_quiet(settings, kNoonOfDay + 90min));
  settings.quiet_hours.clear();
  CHECK_FALSE(is_quiet(settings, kNoonOfDay));
}

TEST_CASE("quiet hours follow the clock on the wall through the change to summer time and back") {
  use_time_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const NotifySettings settings{.quiet_hours = "22:00-07:00"};
  const milliseconds spring{1'774'738'800'000};  // 2026-03-29 00:00 CET; at 02:00 it is 03:00
  CHECK(is_quiet(settings, spring + 6h - 1ms));  // 06:59 CEST
  CHECK_FALSE(is_quiet(settings, spring + 6h));  // 07:00 CEST
  const milliseconds autumn{1'792'879'200'000};  // 2026-10-25 00:00 CEST; at 03:00 it is 02:00
  CHECK(is_quiet(settings, autumn + 8h - 1ms));  // 06:59 CET
  CHECK_FALSE(is_quiet(settings, autumn + 8h));  // 07:00 CET
  use_time_zone("UTC");
}

TEST_CASE("a needed sign-in is of normal urgency, and a limit that ends by itself of low") {
  Choices choices;
  const NotificationRow sign_in = choices.trip("gemini", "unauthenticated");
  const NotificationRow limit = choices.trip("codex", "rate_limited");
  CHECK(urgency_of({sign_in}, choices.settings) == Urgency::normal);
  CHECK(urgency_of({limit}, choices.settings) == Urgency::low);
  CHECK(urgency_of({limit, sign_in}, choices.settings) == Urgency::normal);
  CHECK(urgency_of({choices.recovery("gemini")}, choices.settings) == Urgency::low);
  choices.settings.urgency_low = {"unauthenticated"};
  choices.settings.urgency_critical = {"rate_limited"};
  CHECK(urgency_of({sign_in}, choices.settings) == Urgency::low);
  CHECK(urgency_of({limit}, choices.settings) == Urgency::critical);
}

TEST_CASE("the causes that can be chosen are exactly those that can open a breaker") {
  const auto opens = [](Verdict verdict) { return verdict != Verdict::success && verdict != Verdict::neutral; };
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i) {
    const OutcomeTraits& row = traits(static_cast<Outcome>(i));
    INFO(row.name);
    const bool can_be_chosen = std::find(kTripOutcomes.begin(), kTripOutcomes.end(), row.name) != kTripOutcomes.end();
    CHECK(can_be_chosen == (opens(row.on_call) || opens(row.on_health)));
  }
  CHECK(kTripOutcomes.back() == "rejects_requests");
}
