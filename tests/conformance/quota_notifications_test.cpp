#include <algorithm>
#include <catch2/catch.hpp>

#include "core/quota/announce.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"

// Notifications about quota windows, in every store: one for each window and share.
using namespace delegate;

namespace {

const std::vector<int> kAnnouncedShares{80, 95};

Status hear(StateStore& store, double used, milliseconds ends_at, Overage overage = {}) {
  return store.update("claude", [&](BackendState& state, const HostTime& now) {
    merge(state.quota,
          {.windows = {{"five_hour", used, ends_at}}, .overage = overage, .heard_at = now.wall, .source = "call"},
          now.wall);
    announce(state.quota, kAnnouncedShares, now.wall);
  });
}

struct QuotaShop {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  milliseconds end = clock.now().wall + 2h;

  void hear(double used, Overage overage = {}) {
    clock.pass(1s);
    REQUIRE(::hear(*store, used, end, overage));
  }
  void trip(const std::string& outcome) {
    REQUIRE(store->update("claude", [&](BackendState& state, const HostTime& now) {
      const auto all_alive = [](const ProcessId&) { return false; };
      const Ticket ticket = try_acquire(state.breaker, now, {{}, "t", 1h}, all_alive).ticket;
      settle(state.breaker, {}, now, ticket,
             {.verdict = Verdict::failure, .trip = Trip::immediate, .outcome = outcome});
    }));
  }
  NotificationRows rows() {
    const auto rows = store->notifications();
    REQUIRE(rows);
    return *rows;
  }
};

}  // namespace

TEST_CASE("each share of a window that is reached writes one notification, in the step that hears of it") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  for (const double used : {0.5, 0.79}) shop.hear(used);
  CHECK(shop.rows().empty());
  for (const double used : {0.81, 0.85, 0.9}) shop.hear(used);
  const NotificationRows first = shop.rows();
  REQUIRE(first.size() == 1);
  CHECK(first[0].kind == "quota");
  CHECK(first[0].subject == "claude");
  CHECK(first[0].outcome == "five_hour");
  CHECK(first[0].severity == NotificationSeverity::info);
  CHECK(first[0].title == "claude: 5 h window 81 % used");
  CHECK(first[0].delivery == DeliveryState::pending);
  CHECK(first[0].retry_at == shop.end);
  for (const double used : {0.96, 0.94, 0.99}) shop.hear(used);
  const NotificationRows both = shop.rows();
  REQUIRE(both.size() == 2);
  CHECK(both[1].severity == NotificationSeverity::warning);
  CHECK(both[0].delivery == DeliveryState::unwanted);
  CHECK(both[0].detail == "replaced by a newer one before it was sent");
}

TEST_CASE("several shares that are reached at once are one notification") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.97);
  CHECK(shop.rows().size() == 1);
}

TEST_CASE("a window that begins again ends its notification, and is announced anew") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.97);
  shop.clock.pass(2h);
  shop.end += 5h;
  shop.hear(0.1);
  REQUIRE(shop.rows().size() == 1);
  CHECK(shop.rows()[0].ended_at == shop.clock.now().wall);
  CHECK(shop.rows()[0].acknowledged_at);
  CHECK(shop.rows()[0].delivery == DeliveryState::unwanted);
  shop.hear(0.82);
  CHECK(shop.rows().size() == 2);
}

TEST_CASE("extra billing is announced when it begins, and once") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.5, {.allowed = true});
  CHECK(shop.rows().empty());
  for (int call = 0; call < 3; ++call) shop.hear(0.5, {.in_use = true, .allowed = true});
  REQUIRE(shop.rows().size() == 1);
  CHECK(shop.rows()[0].outcome == kExtraBilling);
  CHECK(shop.rows()[0].title == "claude: billed extra now");
  CHECK(shop.rows()[0].severity == NotificationSeverity::warning);
  CHECK(shop.rows()[0].retry_at == shop.end);
  shop.hear(0.5, {.allowed = true});
  CHECK(shop.rows()[0].ended_at);
}

TEST_CASE("extra billing that begins again within its window is not announced again") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  for (int call = 0; call < 3; ++call) {
    shop.hear(0.5, {.in_use = true, .allowed = true});
    if (call < 2) shop.hear(0.5, {.allowed = true});
  }
  REQUIRE(shop.rows().size() == 1);
  CHECK_FALSE(shop.rows()[0].ended_at);
  CHECK(shop.rows()[0].delivery == DeliveryState::pending);
  shop.clock.pass(2h);
  shop.end += 5h;
  shop.hear(0.5, {.allowed = true});
  shop.hear(0.5, {.in_use = true, .allowed = true});
  CHECK(shop.rows().size() == 2);
}

TEST_CASE("a window that has ended does not say when extra billing ends") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  const milliseconds ended = shop.clock.now().wall + 1h;
  REQUIRE(shop.store->update("claude", [&](BackendState& state, const HostTime& now) {
    state.quota.windows = {
        {.name = "seven_day_sonnet", .used = 0.9, .ends_at = ended, .length = 168h, .heard_at = now.wall}};
  }));
  shop.clock.pass(90min);
  shop.hear(0.5, {.in_use = true, .allowed = true});
  REQUIRE(shop.rows().size() == 1);
  CHECK(shop.rows()[0].retry_at == shop.end);
}

TEST_CASE("extra billing that has ended with its window is no news with every change") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.5, {.in_use = true, .allowed = true});
  shop.clock.pass(3h);
  const auto snapshot = shop.store->read();
  REQUIRE(snapshot);
  const Quota& quota = snapshot->backends.at("claude").quota;
  CHECK_FALSE(is_quota_edge(quota, quota, shop.clock.now().wall));
}

TEST_CASE("a report that there is no extra billing is as old after it was stored as before") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.5);
  const milliseconds heard_at = shop.clock.now().wall;
  CHECK(shop.store->read()->backends.at("claude").quota.overage_heard_at == heard_at);
}

TEST_CASE("a quota that is used up is announced as an outage only, another outage hides no window") {
  QuotaShop shop;
  CAPTURE(shop.kind.name);
  shop.hear(0.97);
  SECTION("used up") {
    shop.trip("quota_exhausted");
    CHECK(shop.rows()[0].delivery == DeliveryState::unwanted);
  }
  SECTION("timed out") {
    shop.trip("timed_out");
    CHECK(shop.rows()[0].delivery == DeliveryState::pending);
  }
  CHECK(shop.rows()[1].kind == "trip");
}

TEST_CASE("of eight processes that hear the same share one writes the notification") {
  TempDirectory directory;
  TestClock clock;
  Children children;
  constexpr int kProcessesAtOnce = 8;
  for (int i = 0; i < kProcessesAtOnce; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      return store && hear(*store, 0.9, clock.now().wall + 2h) ? 0 : 1;
    });
  const std::vector<int> ends = children.finish();
  CHECK(std::count(ends.begin(), ends.end(), 0) == kProcessesAtOnce);
  CHECK(open_in(directory.path(), clock)->notifications().value().size() == 1);
}
