#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

namespace delegate {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock::time_point;

inline Steady steady_now() { return std::chrono::steady_clock::now(); }
/// In whole milliseconds, never negative.
inline milliseconds whole(Steady::duration span) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(span));
}

/// The moment by which something must be done, in steady time; "never" is a separate value. It is passed down instead
/// of a timeout, so that nested waits cannot add up.
class Deadline {
 public:
  static Deadline never() { return Deadline{}; }
  static Deadline at(Steady when) { return Deadline{when}; }
  static Deadline in(milliseconds from_now) { return Deadline{std::chrono::steady_clock::now() + from_now}; }

  bool is_never() const { return !when_; }
  bool passed(Steady now = std::chrono::steady_clock::now()) const { return when_ && now >= *when_; }
  /// The time left, rounded up to a whole millisecond; zero once passed; nothing for never.
  std::optional<milliseconds> left(Steady now = std::chrono::steady_clock::now()) const {
    if (!when_) return std::nullopt;
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*when_ - now));
  }
  Deadline or_earlier(Deadline other) const {
    if (!when_ || (other.when_ && *other.when_ < *when_)) return other;
    return *this;
  }

 private:
  Deadline() = default;
  explicit Deadline(Steady when) : when_(when) {}
  std::optional<Steady> when_;
};

}  // namespace delegate
