#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/conformance/stores.hpp"

// Notifications, in every store.
using namespace delegate;

namespace {

struct NotificationShop {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());

  void call(const std::string& backend, Verdict verdict, const std::string& outcome = "timed_out") {
    REQUIRE(store->update(backend, [&](BackendState& state, const HostTime& now) {
      const auto nobody = [](const ProcessId&) { return false; };
      const Ticket ticket = try_acquire(state.breaker, now, {kMe, "t", 1h}, nobody).ticket;
      settle(
          state.breaker, policy, now, ticket,
          {.verdict = verdict, .trip = Trip::immediate, .outcome = outcome, .message = "secret words of the vendor"});
    }));
  }
  NotificationRows rows() {
    const auto rows = store->notifications();
    REQUIRE(rows);
    return *rows;
  }
  NotificationRows take(const ProcessId& who = kMe, bool others_are_gone = false) {
    NotificationRows taken;
    REQUIRE(store->change_notifications([&](NotificationRows& rows, const HostTime& now) {
      taken = claim_pending(
          rows, who, [&](const ProcessId&) { return others_are_gone; }, now);
    }));
    return taken;
  }
  NotificationRows begin(const ProcessId& who = kMe) {
    NotificationRows begun;
    REQUIRE(store->change_notifications([&](NotificationRows& rows, const HostTime& now) {
      begin_sending(rows, begun = renew_claim(rows, who, now));
    }));
    return begun;
  }
  void note(NotificationRow row, DeliveryState delivery) {
    row.delivery = delivery;
    REQUIRE(store->change_notifications(
        [&](NotificationRows& rows, const HostTime& now) { note_delivery(rows, row, now); }));
  }

  static inline const ProcessId kMe{"boot-1", 1, 1001, 4026531836};
  static inline const ProcessId kOther{"boot-1", 2, 1002, 4026531836};
  BreakerPolicy policy;
};

}  // namespace

TEST_CASE("the update that opens a breaker writes its notification, one [R12]") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  shop.call("gemini", Verdict::failure, "unauthenticated");
  const NotificationRows rows = shop.rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == "trip");
  CHECK(rows[0].subject == "gemini");
  CHECK(rows[0].severity == NotificationSeverity::warning);
  CHECK(rows[0].delivery == DeliveryState::pending);
  CHECK(rows[0].title == "gemini: signed out");
  CHECK(rows[0].retry_at == shop.clock.now().wall + shop.policy.cooldown);
}

TEST_CASE("it contains no text of a backend") {
  NotificationShop shop;
  for (const char* outcome : {"unauthenticated", "exited_nonzero", "no outcome of ours"})
    shop.call(outcome, Verdict::failure, outcome);
  for (const NotificationRow& row : shop.rows()) {
    CHECK(row.title.find("secret") == std::string::npos);
    CHECK(row.message.find("secret") == std::string::npos);
  }
}

TEST_CASE("a failed probe is counted on the same one, and an answer ends it") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  shop.call("gemini", Verdict::failure);
  shop.clock.pass(shop.policy.cooldown);
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.rows().size() == 1);
  CHECK(shop.rows()[0].count == 2);
  CHECK(shop.rows()[0].last_seen == shop.clock.now().wall);
  CHECK(shop.rows()[0].retry_at == shop.clock.now().wall + 2 * shop.policy.cooldown);
  shop.clock.pass(2 * shop.policy.cooldown);
  shop.call("gemini", Verdict::success);
  const NotificationRows rows = shop.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].acknowledged_at == shop.clock.now().wall);
  CHECK(rows[1].kind == "recovery");
  CHECK(rows[1].severity == NotificationSeverity::info);
}

TEST_CASE("an acknowledged trip does not suppress the next one") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime& now) {
    CHECK(acknowledge(rows, 0, now) == 1);
    CHECK(acknowledge(rows, 0, now) == 0);
  }));
  shop.clock.pass(shop.policy.cooldown);
  shop.call("gemini", Verdict::success);
  shop.call("gemini", Verdict::failure);
  const NotificationRows rows = shop.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].kind == "trip");
  CHECK(rows[2].delivery == DeliveryState::pending);
  CHECK_FALSE(rows[2].acknowledged_at);
}

TEST_CASE("a manual reset ends an outage without a notification") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.store->update("gemini", [](BackendState& state, const HostTime&) { reset(state.breaker); }));
  REQUIRE(shop.rows().size() == 1);
  CHECK(shop.rows()[0].acknowledged_at);
}

TEST_CASE("a notification is taken by one process, and by no other while that one lives") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  shop.call("gemini", Verdict::failure);
  const NotificationRows mine = shop.take(NotificationShop::kMe);
  REQUIRE(mine.size() == 1);
  shop.call("codex", Verdict::failure);
  CHECK(shop.take(NotificationShop::kOther).empty());
  CHECK(shop.take(NotificationShop::kMe).size() == 1);  // who has one takes what comes later
  shop.note(mine[0], DeliveryState::delivered);
  CHECK(shop.take(NotificationShop::kOther).empty());
}

TEST_CASE("what a killed process had taken is sent by the next, but not what it had begun to send") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  shop.call("codex", Verdict::failure);
  const NotificationRows taken = shop.take(NotificationShop::kOther);
  REQUIRE(taken.size() == 2);
  shop.note(taken[0], DeliveryState::sending);
  const NotificationRows mine = shop.take(NotificationShop::kMe, true);
  REQUIRE(mine.size() == 1);
  CHECK(mine[0].subject == "codex");
  const NotificationRow given_up = shop.rows()[0];
  CHECK(given_up.delivery == DeliveryState::undelivered);
  CHECK(given_up.detail == "the sending process was killed: it may have been shown");
}

TEST_CASE("a process that keeps a record for too long loses it: it may be stopped, or killed in another namespace") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.take(NotificationShop::kOther).size() == 1);
  shop.clock.pass(kLongestSending);
  CHECK(shop.take(NotificationShop::kMe).empty());
  shop.clock.pass(1ms);
  CHECK(shop.take(NotificationShop::kMe).size() == 1);
}

TEST_CASE("a record not taken for a minute, or whose sender is dead or idle, is orphaned") {
  NotificationShop shop;
  const auto is_left = [&](bool others_are_gone = false) {
    return is_orphaned(
        shop.rows()[0], [&](const ProcessId&) { return others_are_gone; }, shop.clock.now());
  };
  shop.call("gemini", Verdict::failure);
  shop.clock.pass(kLongestStart);
  CHECK_FALSE(is_left());  // a process was started for it
  shop.clock.pass(1ms);
  CHECK(is_left());
  const NotificationRows taken = shop.take(NotificationShop::kOther);
  REQUIRE(taken.size() == 1);
  CHECK_FALSE(is_left());
  CHECK(is_left(true));
  shop.clock.pass(kLongestSending + 1ms);
  CHECK(is_left());
  shop.note(taken[0], DeliveryState::delivered);
  CHECK_FALSE(is_left(true));
}

TEST_CASE("a process that was stopped for a minute sends nothing that another has taken over since") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  shop.call("codex", Verdict::failure);
  REQUIRE(shop.take(NotificationShop::kOther).size() == 2);
  shop.clock.pass(kLongestSending + 1ms);
  REQUIRE(shop.take(NotificationShop::kMe).size() == 2);
  CHECK(shop.begin(NotificationShop::kOther).empty());
  CHECK(shop.begin(NotificationShop::kMe).size() == 2);
  CHECK(shop.begin(NotificationShop::kMe).empty());  // once
}

TEST_CASE("setting the wall clock takes no record away from its sender") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.take(NotificationShop::kOther).size() == 1);
  for (const milliseconds step : {-1h, 3h}) {
    shop.clock.set_wall_clock(step);
    CHECK(shop.take(NotificationShop::kMe).empty());
  }
  CHECK(shop.begin(NotificationShop::kOther).size() == 1);
}

TEST_CASE("what is ended manually or acknowledged before it was sent is not sent any more") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  shop.call("codex", Verdict::failure);
  REQUIRE(shop.take().size() == 2);
  REQUIRE(shop.store->update("gemini", [](BackendState& state, const HostTime&) { reset(state.breaker); }));
  REQUIRE(shop.store->change_notifications(
      [](NotificationRows& rows, const HostTime& now) { CHECK(acknowledge(rows, 2, now) == 1); }));
  CHECK(shop.begin().empty());
  const NotificationRows rows = shop.rows();
  CHECK(rows[0].delivery == DeliveryState::unwanted);
  CHECK(rows[0].detail == "ended manually before it was sent");
  CHECK(rows[0].ended_at);
  CHECK(rows[1].delivery == DeliveryState::unwanted);
  CHECK(rows[1].detail == "acknowledged before it was sent");
  CHECK_FALSE(rows[1].ended_at);  // it goes on
}

TEST_CASE("a backend that flaps before the first notification is reported once, with its latest state") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.take().size() == 1);
  shop.clock.pass(1h);
  shop.call("gemini", Verdict::success);
  CHECK(shop.take().empty());
  shop.call("gemini", Verdict::failure);
  shop.take();
  const NotificationRows told = shop.begin();
  REQUIRE(told.size() == 1);
  CHECK(told[0].id == 3);
  CHECK(shop.rows()[0].delivery == DeliveryState::unwanted);
  CHECK(shop.rows()[0].detail == "over before it could be announced");
  CHECK(shop.rows()[1].delivery == DeliveryState::unwanted);
  CHECK(shop.rows()[1].detail == "its outage was not announced");
}

TEST_CASE("what is damped or held is stored as that, and not sent") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  shop.call("gemini", Verdict::failure);
  shop.call("codex", Verdict::failure);
  REQUIRE(shop.take().size() == 2);
  REQUIRE(shop.begin().size() == 2);
  REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime&) {
    hold_back(rows, 1, DeliveryState::damped, "gemini is unstable");
    hold_back(rows, 2, DeliveryState::held, std::string(kHeldDetail));
  }));
  CHECK(shop.rows()[0].delivery == DeliveryState::damped);
  CHECK(shop.rows()[0].detail == "gemini is unstable");
  CHECK(shop.rows()[1].delivery == DeliveryState::held);
  CHECK_FALSE(is_outstanding(shop.rows()[0]));
  CHECK(shop.take().empty());
  SECTION("what was held is sent afterwards, however long that takes") {
    shop.clock.pass(9h);
    REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime&) { release_held(rows); }));
    CHECK(shop.take(NotificationShop::kOther).size() == 1);
    shop.clock.pass(kLongestSending + 1ms);
    CHECK(shop.take().size() == 1);  // also by another process, if that one is killed
    CHECK(shop.begin().at(0).subject == "codex");
  }
  SECTION("the end of neither is announced") {
    shop.clock.pass(9h);
    for (const char* backend : {"gemini", "codex"}) shop.call(backend, Verdict::success);
    const NotificationRows rows = shop.rows();
    REQUIRE(rows.size() == 4);
    CHECK(rows[1].delivery == DeliveryState::unwanted);
    CHECK(rows[1].detail == "over before it could be announced");
    CHECK(rows[2].delivery == DeliveryState::damped);
    CHECK(rows[3].delivery == DeliveryState::unwanted);
    CHECK(shop.take().empty());
  }
}

TEST_CASE("what could not be sent for ten minutes is given up, with a reason") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  shop.clock.pass(kLongestPending + 1ms);
  CHECK(shop.take().empty());
  CHECK(shop.rows()[0].delivery == DeliveryState::undelivered);
  CHECK(shop.rows()[0].detail == "could not be sent in time");
}

TEST_CASE("only the process that has taken a record writes its result") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  NotificationRow row = shop.take(NotificationShop::kMe).at(0);
  row.sender = NotificationShop::kOther;
  shop.note(row, DeliveryState::delivered);
  CHECK(shop.rows()[0].delivery == DeliveryState::taken);
}

TEST_CASE("beyond two hundred the oldest are deleted") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime&) {
    for (int i = 0; i < 250; ++i) raise(rows, {.kind = "test", .title = std::to_string(i)});
  }));
  const NotificationRows rows = shop.rows();
  REQUIRE(rows.size() == kMostNotifications);
  CHECK(rows.front().title == "50");
  CHECK(rows.back().id == 250);
}

TEST_CASE("an unacknowledged trip outlives two hundred others") {
  NotificationShop shop;
  shop.call("gemini", Verdict::failure);
  REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime&) {
    for (int i = 0; i < 250; ++i) raise(rows, {.kind = "test", .title = std::to_string(i)});
  }));
  CHECK(shop.rows().size() == kMostNotifications);
  CHECK(shop.rows().front().subject == "gemini");
}

TEST_CASE("every field of a notification survives") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  NotificationRow row{.kind = "trip",
                      .subject = "\u00fc'; DROP TABLE notifications; --",
                      .outcome = "timed_out",
                      .severity = NotificationSeverity::critical,
                      .title = "a",
                      .message = "b\nc",
                      .count = 7,
                      .first_seen = 1ms,
                      .last_seen = 2ms,
                      .retry_at = 3ms,
                      .acknowledged_at = 4ms,
                      .ended_at = 9ms,
                      .delivery = DeliveryState::delivered,
                      .channel = "hook",
                      .detail = "d",
                      .handle = "7@x/:1",
                      .delivered_at = 5ms,
                      .sender = NotificationShop::kOther,
                      .taken_at = 6ms};
  REQUIRE(shop.store->change_notifications([&](NotificationRows& rows, const HostTime&) { row = raise(rows, row); }));
  CHECK(row.id == 1);
  CHECK(shop.rows() == NotificationRows{row});
}

TEST_CASE("a guard's state is its own, and forgotten when it is as new") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  const GuardState state{.breaker = {.state = BreakerState::open, .trips = 2}, .failures = 3, .skipped = 40};
  REQUIRE(shop.store->update_guard("history", [&](GuardState& guard, const HostTime&) { guard = state; }));
  REQUIRE(put(*shop.store, "history", elaborate_state(BreakerState::closed)));
  CHECK(shop.store->guard("history").value() == state);
  CHECK(shop.store->guard("other").value() == GuardState{});
  CHECK(shop.store->read()->guards == std::map<std::string, GuardState>{{"history", state}});
  REQUIRE(shop.store->update_guard("history", [&](GuardState& guard, const HostTime&) { guard = {}; }));
  CHECK(shop.store->read()->guards.empty());
}

TEST_CASE("an alert of the canary is sent again until it arrives or half an hour is over") {
  NotificationShop shop;
  CAPTURE(shop.kind.name);
  REQUIRE(shop.store->change_notifications([](NotificationRows& rows, const HostTime& now) {
    raise(rows, {.kind = "canary", .subject = "S-01", .first_seen = now.wall, .last_seen = now.wall});
  }));
  const auto fail_once = [&] {
    NotificationRows taken = shop.take();
    REQUIRE(taken.size() == 1);
    shop.begin();
    taken[0].detail = "no desktop";
    shop.note(taken[0], DeliveryState::undelivered);
  };
  fail_once();
  CHECK(shop.rows()[0].delivery == DeliveryState::pending);
  CHECK(shop.take().empty());  // not at once
  shop.clock.pass(1min);
  SECTION("it arrives") {
    NotificationRows taken = shop.take();
    REQUIRE(taken.size() == 1);
    shop.begin();
    shop.note(taken[0], DeliveryState::delivered);
    shop.clock.pass(10min);
    CHECK(shop.take().empty());
    CHECK(shop.rows()[0].delivery == DeliveryState::delivered);
  }
  SECTION("its sender is killed: it may have been shown, and is sent again") {
    REQUIRE(shop.take().size() == 1);
    shop.begin();
    CHECK(shop.take(NotificationShop::kOther, true).size() == 1);
  }
  SECTION("it never arrives") {
    shop.clock.pass(28min);
    fail_once();
    CHECK(shop.rows()[0].delivery == DeliveryState::pending);
    shop.clock.pass(2min);
    CHECK(shop.take().empty());
    CHECK(shop.rows()[0].delivery == DeliveryState::undelivered);
    CHECK(shop.rows()[0].detail == "given up after several attempts: no desktop");
  }
}
