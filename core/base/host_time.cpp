#include "core/base/host_time.hpp"

#include <algorithm>

namespace delegate {
namespace {

/// Stored times can have any value: a result that does not fit becomes the largest one instead of wrapping around.
milliseconds positive_difference(milliseconds later, milliseconds earlier) {
  if (later <= earlier) return milliseconds(0);
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(later.count(), earlier.count(), &difference)) return milliseconds::max();
  return milliseconds(difference);
}

}  // namespace

milliseconds remaining(const Span& span, const HostTime& now) {
  return positive_difference(span.length, elapsed(span.since, now));
}

milliseconds elapsed(const HostTime& then, const HostTime& now) {
  return then.boot_id == now.boot_id ? positive_difference(now.boot, then.boot)
                                     : positive_difference(now.wall, then.wall);
}

bool anchored_elsewhere(const Span& span, const HostTime& now) {
  return span.since.boot_id != now.boot_id || now.boot < span.since.boot;
}

Span reanchored(const Span& span, const HostTime& now) { return Span{now, remaining(span, now)}; }

}  // namespace delegate
