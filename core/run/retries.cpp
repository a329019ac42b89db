#include "core/run/retries.hpp"

#include <algorithm>

namespace delegate {
namespace {

/// One retry is allowed: the first refused sign-in may lead to a renewed token, the first lost connection may be an
/// accident. After a second failure another candidate is the better choice.
constexpr int kMostFailures = 2;
/// Longer pauses are not waited for even if there is time: another candidate answers sooner.
constexpr milliseconds kLongestPause{10'000};

}  // namespace

std::optional<Failure> end_of_retries(const Failure& failed, std::optional<milliseconds> left) {
  if (!failed.retrying) return std::nullopt;
  const Retrying& retrying = *failed.retrying;
  Failure end = failed;
  end.retrying.reset();
  // No CLI pauses that long by itself: it is the service that asked for it.
  if (retrying.pause > kLongestPause && !end.retry_after && !end.retry_at) end.retry_after = retrying.pause;
  if (retrying.pause > std::min(left.value_or(kLongestPause), kLongestPause)) return end;
  if (retrying.for_ever || retrying.failures >= kMostFailures || traits(failed.outcome).retry == Retry::pointless)
    return end;
  return std::nullopt;
}

}  // namespace delegate
