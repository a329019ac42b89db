#pragma once
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace delegate::test {

// As rules, so that no file of the machine is needed.
inline constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
inline constexpr const char* kNewYork = "EST5EDT,M3.2.0,M11.1.0";
inline constexpr const char* kHavana = "CST5CDT,M3.2.0/0,M11.1.0/1";  // changes at midnight
inline constexpr const char* kKathmandu = "<+0545>-5:45";
inline constexpr const char* kTokyo = "JST-9";
inline constexpr const char* kUtc = "UTC0";

/// The local time zone of this process, until the end of the test.
class TimeZone {
 public:
  explicit TimeZone(const char* rule) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    set(rule);
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
  ~TimeZone() {
    if (before_) ::setenv("TZ", before_->c_str(), 1);
    else ::unsetenv("TZ");
    ::tzset();
  }
  void set(const char* rule) {
    ::setenv("TZ", rule, 1);
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
};

inline std::chrono::milliseconds utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::sys_days date(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day));
  return date.time_since_epoch() + std::chrono::hours(hour) + std::chrono::minutes(minute);
}

}  // namespace delegate::test
