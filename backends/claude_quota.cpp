#include "backends/claude_quota.hpp"

#include <algorithm>

#include "backends/quota_fields.hpp"

namespace delegate {
namespace {

constexpr std::string_view kBeyondTheWindows = "overage";

/// A window that rejects calls is used up, whatever share it states.
std::optional<WindowReading> claude_window(const std::string& name, const Json& window) {
  if (name.empty() || name == kBeyondTheWindows || !window.is_object()) return std::nullopt;
  const bool is_used_up = text_at(window, "/status") == "rejected";
  const auto used = is_used_up ? std::optional(1.0) : amount_at(window, {"/utilization"});
  if (!used) return std::nullopt;
  return WindowReading{.name = name, .used = *used, .ends_at = seconds_at(window, {"/resetsAt"})};
}

std::optional<Overage> claude_overage(const Json& info) {
  const std::string status = text_at(info, "/overageStatus");
  if (!at(info, "/isUsingOverage").is_boolean() && status.empty()) return std::nullopt;
  return Overage{.in_use = true_at(info, "/isUsingOverage"), .allowed = status.starts_with("allowed")};
}

}  // namespace

QuotaReading quota_in_event(const Json& event) {
  const Json& info = at(event, "/rate_limit_info");
  QuotaReading reading{.overage = claude_overage(info)};
  if (const Json& windows = at(info, "/unifiedWindows"); windows.is_object())
    for (const auto& [name, window] : windows.items())
      if (auto one = claude_window(name, window)) reading.windows.push_back(*std::move(one));
  auto representative = claude_window(text_at(info, "/rateLimitType"), info);
  if (!representative) return reading;
  const auto known = std::find_if(reading.windows.begin(), reading.windows.end(),
                                  [&](const WindowReading& window) { return window.name == representative->name; });
  if (known == reading.windows.end()) reading.windows.push_back(*std::move(representative));
  else known->used = std::max(known->used, text_at(info, "/status") == "rejected" ? 1.0 : 0.0);
  return reading;
}

}  // namespace delegate
