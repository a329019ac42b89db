#include "core/run/quota_refusal.hpp"

#include <algorithm>

#include "core/quota/words.hpp"

namespace delegate {
namespace {

using Windows = std::vector<WindowView>;

/// Another login has windows of its own.
Skip held_back(const AdmissionRequest& wanted, SkipReason reason, std::string message, milliseconds until,
               milliseconds now) {
  return {.backend = wanted.backend,
          .reason = reason,
          .retry_in = std::max(until - now, milliseconds(1)),
          .message = std::move(message) + ", until " + moment_words(until, now),
          .until = until,
          .login_refused = true};
}

/// Without a stated end a figure is believed only for a while.
milliseconds end_of(const WindowView& window) {
  return window.ends_at.value_or(window.heard_at + window.length.value_or(kLongestUndated));
}

bool ends_earlier(const WindowView& one, const WindowView& other) { return end_of(one) < end_of(other); }

Windows full_ones(const Windows& windows) {
  Windows full;
  std::copy_if(windows.begin(), windows.end(), std::back_inserter(full),
               [](const WindowView& window) { return window.used >= 1; });
  return full;
}

std::optional<Skip> refused_as_extra(const AdmissionRequest& wanted, const Quota& quota, const Windows& windows,
                                     milliseconds now) {
  const Overage overage = current_overage(quota, now);
  if (!overage.in_use && !overage.allowed) return std::nullopt;
  Windows full = full_ones(windows);
  const bool is_known_which = !full.empty();
  std::erase_if(full, [&](const WindowView& window) { return !counts_model(window.name, wanted.model); });
  if (full.empty() && (is_known_which || !overage.in_use)) return std::nullopt;
  if (full.empty()) {  // it is billed extra, and no window says why
    Windows dated = windows;
    std::erase_if(dated, [](const WindowView& window) { return !window.ends_at; });
    const auto first = std::min_element(dated.begin(), dated.end(), ends_earlier);
    const milliseconds until = first == dated.end() ? quota.overage_heard_at + kLongestUndated : *first->ends_at;
    return held_back(wanted, SkipReason::extra_billing, "it would be billed extra", until, now);
  }
  const WindowView& last = *std::max_element(full.begin(), full.end(), ends_earlier);
  return held_back(wanted, SkipReason::extra_billing,
                   "its " + window_noun(last.name) + " is used up, and more would be billed extra", end_of(last), now);
}

std::optional<Skip> refused_as_reserved(const AdmissionRequest& wanted, const Windows& windows, milliseconds now) {
  const auto window = below_reserve(windows, wanted.reserve, wanted.model);
  if (!window) return std::nullopt;
  return held_back(wanted, SkipReason::reserved,
                   "kept for you: " + left_percent_words(*window) + " of the " + window_noun(window->name) + " left",
                   end_of(*window), now);
}

}  // namespace

std::optional<Skip> refused_by_quota(const AdmissionRequest& wanted, const Quota& quota, milliseconds now) {
  if (wanted.reserve.empty() && !wanted.avoids_extra_billing) return std::nullopt;
  const Windows windows = current_windows(quota, now);
  if (wanted.avoids_extra_billing)
    if (auto skip = refused_as_extra(wanted, quota, windows, now)) return skip;
  return refused_as_reserved(wanted, windows, now);
}

}  // namespace delegate
