#include "core/quota/announce.hpp"

#include <algorithm>

namespace delegate {
namespace {

constexpr milliseconds kShortestAnnounced{3'600'000};

bool may_be_announced(const QuotaWindow& window, milliseconds now) {
  const bool is_over = window.ends_at && *window.ends_at <= now;
  return !is_over && window.length && *window.length >= kShortestAnnounced;
}

int highest_reached(double used, const std::vector<int>& shares) {
  constexpr double kRounding = 1e-9;  // 0.29 is less than 29 %
  int highest = 0;
  for (const int share : shares)
    if (used * 100 + kRounding >= share) highest = std::max(highest, share);
  return highest;
}

}  // namespace

void announce(Quota& quota, const std::vector<int>& shares, milliseconds now) {
  for (QuotaWindow& window : quota.windows)
    if (may_be_announced(window, now))
      window.announced = std::max(window.announced, highest_reached(window.used, shares));
}

}  // namespace delegate
