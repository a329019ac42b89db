#include <catch2/catch.hpp>

#include "core/quota/announce.hpp"

// Which shares of a window are announced, and when again.
using namespace delegate;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kAnnouncedNow{1'800'000'000'000};
const std::vector<int> kShares{80, 95};

struct Announced {
  Quota quota;
  milliseconds now = kAnnouncedNow;

  /// What is announced of the window after a reading like this.
  int hear(double used, milliseconds ends_at = kAnnouncedNow + 2h, std::optional<milliseconds> length = 5h) {
    now += 1s;
    merge(quota, {.windows = {{"window", used, ends_at, length}}, .overage = {}, .heard_at = now, .source = "call"},
          now);
    announce(quota, kShares, now);
    return quota.windows.at(0).announced;
  }
};

}  // namespace

TEST_CASE("a share is announced as soon as it is reached, and only the highest one") {
  CHECK(Announced{}.hear(0.79) == 0);
  CHECK(Announced{}.hear(0.8) == 80);
  CHECK(Announced{}.hear(0.99) == 95);
}

TEST_CASE("what was announced of a window stays announced until the window begins again") {
  Announced announced;
  CHECK(announced.hear(0.96) == 95);
  CHECK(announced.hear(0.81) == 95);
  announced.now += 2h;
  CHECK(announced.hear(0.1, kAnnouncedNow + 7h) == 0);
  CHECK(announced.hear(0.85, kAnnouncedNow + 7h) == 80);
}

TEST_CASE("a limit per minute is never announced, nor one of unknown length") {
  CHECK(Announced{}.hear(0.9, kAnnouncedNow + 30s, 1min) == 0);
  CHECK(Announced{}.hear(0.9, kAnnouncedNow + 30min, std::nullopt) == 0);
  CHECK(Announced{}.hear(0.9, kAnnouncedNow + 30min, 1h) == 80);
}

TEST_CASE("a window that is over is not announced") {
  Announced announced;
  announced.hear(0.5, kAnnouncedNow + 1min);
  announced.quota.windows[0].used = 0.9;
  announce(announced.quota, kShares, kAnnouncedNow + 1min);
  CHECK(announced.quota.windows[0].announced == 0);
}
