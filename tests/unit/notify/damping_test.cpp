#include "core/notify/damping.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "core/notify/announcement.hpp"
#include "core/notify/selection.hpp"

// How often a person is notified of a backend that keeps failing and recovering. The clock is simulated, and all rules
// between a breaker's edge and a channel are the real ones.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kMorning{1'795'251'600'000};  // 2026-11-21 09:00 UTC
const ProcessId kSender{"boot-1", 1, 1001, 1};

struct Flapping {
  NotificationRows rows;
  NotifySettings settings;
  HostTime now{.boot_id = "boot-1", .boot = 1h, .wall = kMorning};
  std::string backend = "gemini";
  std::vector<NotificationRow> sent;
  int edges = 0;
  bool can_deliver = true;

  void pass(milliseconds time) { now.boot += time, now.wall += time; }

  void trip(const std::string& outcome) {
    Breaker after{.state = BreakerState::open, .trips = 1, .outage = true};
    after.last_failure.emplace();
    after.last_failure->outcome = outcome;
    record_backend_edge(rows, backend, Breaker{}, after, now);
    ++edges;
  }
  void recover() { record_backend_edge(rows, backend, {.outage = true}, {.recoveries = 1}, now); }
  void reset() { record_backend_edge(rows, backend, {.outage = true}, {}, now); }

  /// What the announcer does once it has gathered.
  void announce() {
    if (!is_quiet(settings, now.wall)) release_held(rows);
    claim_pending(
        rows, kSender, [](const ProcessId&) { return false; }, now);
    const OutageFacts facts{.settings = settings, .words_for = [](const auto&) { return OutageWords{}; }};
    while (const auto next = begin_next(rows, kSender, facts, now))
      for (NotificationRow row : next->rows) {
        row.delivery = can_deliver ? DeliveryState::delivered : DeliveryState::undelivered;
        if (can_deliver) row.delivered_at = now.wall;
        note_delivery(rows, row, now);
        sent.push_back(row);
      }
  }

  /// Outages of half the interval, each followed by as long a time without.
  void flap(int times, milliseconds interval, const std::string& outcome) {
    for (int i = 0; i < times; ++i) {
      trip(outcome);
      if (interval / 2 > 1500ms) pass(1500ms), announce(), pass(interval / 2 - 1500ms);
      else pass(interval / 2);
      recover();
      if (interval / 2 > 1500ms) pass(1500ms), announce(), pass(interval / 2 - 1500ms);
      else pass(interval / 2);
    }
    pass(1500ms);
    announce();
  }

  int count(const std::string& kind) const {
    return static_cast<int>(std::count_if(sent.begin(), sent.end(), [&](const auto& row) { return row.kind == kind; }));
  }
  NotificationRow newest(const std::string& kind) const {
    const auto found = std::find_if(rows.rbegin(), rows.rend(), [&](const auto& row) { return row.kind == kind; });
    REQUIRE(found != rows.rend());
    return *found;
  }
};

struct Cell {
  int edges;
  milliseconds interval;
  const char* outcome;
  int trips;       // notifications of a trip, the one that says "unstable" among them
  int recoveries;  // … of a recovery
};

// docs/notifications.md has the sums.
constexpr Cell kTable[] = {
    {1, 1min, "timed_out", 1, 1},
    {2, 1min, "timed_out", 2, 2},
    {3, 1min, "timed_out", 3, 2},
    {5, 1min, "timed_out", 3, 2},
    {20, 1min, "timed_out", 3, 2},
    {200, 1min, "timed_out", 3, 2},
    {1, 5min, "timed_out", 1, 1},
    {3, 5min, "timed_out", 3, 2},
    {20, 5min, "timed_out", 3, 2},
    {200, 5min, "timed_out", 3, 2},
    {3, 14min, "timed_out", 3, 2},
    {200, 14min, "timed_out", 3, 2},
    {3, 1h, "timed_out", 3, 3},
    {20, 1h, "timed_out", 20, 20},
    {3, 1min, "quota_exhausted", 3, 2},
    {200, 1min, "quota_exhausted", 3, 2},
    {3, 1min, "unauthenticated", 3, 3},
    {20, 1min, "unauthenticated", 20, 20},
    {200, 1min, "unauthenticated", 200, 200},
    {2, 1h, "timed_out", 2, 2},
    {5, 1h, "timed_out", 5, 5},
    {200, 1h, "timed_out", 200, 200},
    {2, 1min, "unauthenticated", 2, 2},
    {5, 1min, "unauthenticated", 5, 5},
    // Over before they could be announced.
    {1, 2s, "timed_out", 0, 0},
    {200, 2s, "timed_out", 0, 0},
};

}  // namespace

TEST_CASE("a backend that flaps is announced until it is known to be unstable, and then no more") {
  for (const Cell& cell : kTable) {
    Flapping host;
    host.flap(cell.edges, cell.interval, cell.outcome);
    CAPTURE(cell.edges, cell.interval.count(), cell.outcome);
    CHECK(host.count("trip") == cell.trips);
    CHECK(host.count("recovery") == cell.recoveries);
  }
}

TEST_CASE("every edge of a backend that flaps has one record, which says why it was not sent") {
  Flapping host;
  host.flap(20, 1min, "timed_out");
  CHECK(std::count_if(host.rows.begin(), host.rows.end(), [](const auto& row) { return row.kind == "trip"; }) == 20);
  const NotificationRow last = host.newest("trip");
  CHECK(last.delivery == DeliveryState::damped);
  CHECK(last.detail == "gemini is unstable: outage 20 within 30 m");
  CHECK(host.newest("recovery").delivery == DeliveryState::damped);
  CHECK(host.newest("recovery").detail == "its outage was not announced");
}

TEST_CASE("the recovery of the outage that was announced as unstable is not announced") {
  Flapping host;
  host.flap(3, 1min, "timed_out");
  CHECK(host.newest("trip").delivery == DeliveryState::delivered);
  CHECK(host.newest("recovery").delivery == DeliveryState::damped);
  CHECK(host.newest("recovery").detail == "gemini is unstable");
}

TEST_CASE("a backend that was quiet for as long as damping counts is announced like any other again") {
  Flapping host;
  host.flap(20, 1min, "timed_out");
  host.pass(host.settings.damping_within - 2min);
  host.sent.clear();
  SECTION("not before") {
    host.flap(1, 1min, "timed_out");
    CHECK(host.sent.empty());
  }
  SECTION("but then") {
    host.pass(2min);
    host.flap(1, 1min, "timed_out");
    CHECK(host.count("trip") == 1);
    CHECK(host.count("recovery") == 1);
  }
}

TEST_CASE("a needed sign-in is announced in the middle of flapping, and its end") {
  Flapping host;
  host.flap(10, 1min, "rate_limited");
  host.sent.clear();
  host.flap(1, 1min, "unauthenticated");
  CHECK(host.count("trip") == 1);
  CHECK(host.count("recovery") == 1);
  SECTION("then it is said once more that the backend is unstable, because that is not shown any longer") {
    host.sent.clear();
    host.flap(10, 1min, "rate_limited");
    CHECK(host.count("trip") == 1);
    CHECK(damping_of(host.rows, "gemini", host.settings, host.now.wall).at(host.sent[0].id).damping ==
          Damping::unstable);
  }
}

TEST_CASE("the first outage that is long enough is announced as unstable if the earlier ones were over too soon") {
  Flapping host;
  host.flap(20, 2s, "timed_out");
  host.flap(1, 1min, "timed_out");
  REQUIRE(host.sent.size() == 1);
  const DampedOutage outage = damping_of(host.rows, "gemini", host.settings, host.now.wall).at(host.sent[0].id);
  CHECK(outage.damping == Damping::unstable);
  CHECK(outage.outages == 21);
  CHECK(outage.span == 40s + 1500ms);
}

TEST_CASE("damping can be switched off, and begins after as many outages as it is set to") {
  Flapping host;
  host.settings.damping_trips = 0;
  host.flap(20, 1min, "timed_out");
  CHECK(host.count("trip") == 20);
  Flapping patient;
  patient.settings.damping_trips = 5;
  patient.flap(20, 1min, "timed_out");
  CHECK(patient.count("trip") == 5);
}

TEST_CASE("after a manual reset a backend is announced like any other, and nothing says that it is unstable") {
  Flapping host;
  host.flap(5, 1min, "timed_out");
  host.trip("timed_out");
  host.announce();
  CHECK(host.newest("trip").delivery == DeliveryState::damped);
  host.reset();
  CHECK(host.newest("trip").ended_at);
  CHECK(unstable_notice(host.rows, "gemini", host.settings, host.now.wall) == nullptr);
  host.sent.clear();
  host.flap(1, 1min, "timed_out");
  CHECK(host.count("trip") == 1);
  CHECK(host.count("recovery") == 1);
}

TEST_CASE("one backend's outages do not damp another's") {
  Flapping host;
  host.flap(10, 1min, "timed_out");
  host.sent.clear();
  host.backend = "codex";
  host.flap(1, 1min, "timed_out");
  CHECK(host.count("trip") == 1);
}

TEST_CASE("a clock that is set back does not damp for ever") {
  Flapping host;
  host.flap(10, 1min, "timed_out");
  host.now.wall -= 24h;
  host.sent.clear();
  host.flap(1, 1min, "timed_out");
  CHECK(host.count("trip") == 1);
}

TEST_CASE("what says that a backend is unstable is shown until the backend has been quiet") {
  Flapping host;
  host.flap(5, 1min, "timed_out");
  const NotificationRow* notice = unstable_notice(host.rows, "gemini", host.settings, host.now.wall);
  REQUIRE(notice != nullptr);
  CHECK(notice->id == 5);  // the third trip
  CHECK(unstable_notice(host.rows, "gemini", host.settings, host.now.wall + 30min) == nullptr);
  host.trip("timed_out");
  host.announce();
  CHECK(unstable_notice(host.rows, "gemini", host.settings, host.now.wall + 30min) != nullptr);  // an outage goes on
  CHECK(unstable_notice(host.rows, "codex", host.settings, host.now.wall) == nullptr);
}

TEST_CASE("during the quiet hours outages are held, and those that go on are announced afterwards") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  Flapping host;
  host.settings.quiet_hours = "08:00-10:00";
  host.flap(1, 10min, "timed_out");
  CHECK(host.sent.empty());
  CHECK(host.newest("trip").delivery == DeliveryState::unwanted);
  CHECK(host.newest("trip").detail == "over before it could be announced");
  CHECK(host.newest("recovery").delivery == DeliveryState::unwanted);
  host.trip("unauthenticated");
  host.backend = "codex";
  host.trip("timed_out");
  host.announce();
  CHECK(host.newest("trip").delivery == DeliveryState::held);
  CHECK(host.newest("trip").detail == "quiet hours");
  host.pass(40min);
  host.announce();
  CHECK(host.sent.empty());
  host.pass(10min);
  host.announce();
  REQUIRE(host.sent.size() == 2);
  CHECK(host.sent[0].subject == "gemini");
  CHECK(host.sent[1].subject == "codex");
  CHECK(host.edges == 3);
}

TEST_CASE("an outage that began while a backend flapped in the quiet hours is announced if it goes on") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  Flapping host;
  host.flap(10, 1min, "timed_out");
  host.sent.clear();
  host.settings.quiet_hours = "09:00-10:00";
  host.trip("timed_out");
  host.announce();
  CHECK(host.newest("trip").delivery == DeliveryState::held);
  host.pass(1h);
  host.announce();
  CHECK(host.count("trip") == 1);
}

TEST_CASE("the end of a long outage is announced, even if its beginning was announced as unstable") {
  Flapping host;
  host.flap(2, 1min, "timed_out");
  host.sent.clear();
  host.flap(1, 90min, "timed_out");
  CHECK(host.count("trip") == 1);
  CHECK(host.count("recovery") == 1);
}

TEST_CASE("as long as no channel has said that a backend is unstable, the next outage is to say it") {
  Flapping host;
  host.can_deliver = false;
  host.flap(3, 1min, "timed_out");
  host.can_deliver = true;
  host.sent.clear();
  host.flap(1, 1min, "timed_out");
  REQUIRE(host.count("trip") == 1);
  CHECK(damping_of(host.rows, "gemini", host.settings, host.now.wall).at(host.sent[0].id).damping == Damping::unstable);
}
