#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace delegate::config {

/// A part of every day, in local time. It may cross midnight; the end is not part of it.
struct QuietHours {
  std::chrono::minutes begin{0};  // since midnight, as a clock on the wall shows it
  std::chrono::minutes end{0};

  bool contains(std::chrono::minutes time) const {
    return begin < end ? begin <= time && time < end : time >= begin || time < end;
  }
};

/// "22:00-07:00" or "22:00-24:00"; nothing if it is not of this form.
std::optional<QuietHours> quiet_hours_of(std::string_view text);

}  // namespace delegate::config
