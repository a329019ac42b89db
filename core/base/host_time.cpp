#include "core/base/host_time.hpp"

#include <algorithm>

namespace delegate {

milliseconds remaining(const Span& span, const HostTime& now) {
  if (span.since.boot_id == now.boot_id)
    return std::clamp(span.length - (now.boot - span.since.boot), milliseconds(0), span.length);
  return std::clamp(span.length - (now.wall - span.since.wall), milliseconds(0), span.length);
}

milliseconds elapsed(const HostTime& then, const HostTime& now) {
  const auto passed = then.boot_id == now.boot_id ? now.boot - then.boot : now.wall - then.wall;
  return std::max(passed, milliseconds(0));
}

bool anchored_elsewhere(const Span& span, const HostTime& now) {
  return span.since.boot_id != now.boot_id || now.boot < span.since.boot;
}

Span reanchored(const Span& span, const HostTime& now) { return Span{now, remaining(span, now)}; }

}  // namespace delegate
