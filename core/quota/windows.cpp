#include "core/quota/windows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace delegate {
namespace {

constexpr milliseconds kHour{3'600'000};
constexpr milliseconds kDay = 24 * kHour;
constexpr milliseconds kLongestWindow = 400 * kDay;
constexpr std::size_t kLongestName = 40;
/// The clocks of a vendor and of this machine differ, and vendors compute the end of a window for each response.
constexpr milliseconds kJitter{120'000};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool begins_with_window(std::string_view name, std::string_view window) {
  return name.starts_with(window) && (name.size() == window.size() || name[window.size()] == '_');
}

/// "req-minute", "tokens-per-day": limits of servers.
std::optional<milliseconds> length_of_last_word(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, milliseconds>, 4> kWords{
      {{"second", milliseconds(1'000)}, {"minute", milliseconds(60'000)}, {"hour", kHour}, {"day", kDay}}};
  const std::string_view last = name.substr(name.rfind('-') + 1);
  const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const auto& word) { return word.first == last; });
  return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

/// "24h": a number and its unit.
std::optional<milliseconds> spelt_length(std::string_view name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end + 1 != name.data() + name.size() || number <= 0) return std::nullopt;
  const milliseconds unit = *end == 'd' ? kDay : *end == 'h' ? kHour : milliseconds(*end == 'm' ? 60'000 : 0);
  if (unit == milliseconds(0) || number > kLongestWindow / unit) return std::nullopt;
  return number * unit;
}

/// It ended long ago, or its figure is out of date: it may not exist any more. What was heard while the clock was ahead
/// would be believed until the clock is there again.
bool is_forgotten(const QuotaWindow& window, milliseconds now) {
  if (!window.ends_at)
    return window.heard_at > now + kJitter || now - window.heard_at >= window.length.value_or(kLongestUndated);
  return now - *window.ends_at >= (window.length ? std::max(*window.length, kDay) : kLongestUndated);
}

bool may_be_taken(const WindowReading& reading, milliseconds heard_at, milliseconds now) {
  if (!is_name(reading.name) || !std::isfinite(reading.used) || reading.used < 0) return false;
  if (!reading.ends_at) return true;
  if (*reading.ends_at <= now || *reading.ends_at - now > kLongestWindow) return false;
  const auto length = reading.length ? reading.length : window_length(reading.name);
  return !length || heard_at >= *reading.ends_at - *length - kJitter;
}

/// A stored time that is still to come was written before the clock was set back: anything is newer.
bool is_newer(milliseconds heard_at, milliseconds known_at, milliseconds now) {
  return heard_at > known_at || known_at > now;
}

/// A reading that states no end does not take back one that is still to come.
void take(QuotaWindow& window, const WindowReading& reading, const QuotaReading& all, milliseconds now) {
  const bool is_end_known = !reading.ends_at && window.ends_at && *window.ends_at > now;
  const auto ends_at = is_end_known ? window.ends_at : reading.ends_at;
  if (!is_same_stretch(window.ends_at, ends_at)) window.announced = 0;
  window.name = reading.name;
  window.used = std::min(reading.used, 1.0);
  window.ends_at = ends_at;
  window.length = reading.length ? reading.length : window_length(reading.name);
  window.heard_at = all.heard_at;
  window.source = all.source;
}

/// False: all of them were heard at that moment or later.
bool drop_longest_unheard(std::vector<QuotaWindow>& windows, milliseconds heard_at) {
  const auto oldest = std::min_element(windows.begin(), windows.end(), [](const QuotaWindow& a, const QuotaWindow& b) {
    return a.heard_at < b.heard_at;
  });
  if (oldest->heard_at >= heard_at) return false;
  windows.erase(oldest);
  return true;
}

void merge(std::vector<QuotaWindow>& windows, const WindowReading& reading, const QuotaReading& all, milliseconds now) {
  const auto known = std::find_if(windows.begin(), windows.end(),
                                  [&](const QuotaWindow& window) { return window.name == reading.name; });
  if (known == windows.end()) {
    if (windows.size() >= kMostWindows && !drop_longest_unheard(windows, all.heard_at)) return;
    take(windows.emplace_back(), reading, all, now);
    return;
  }
  const bool says_more = all.heard_at == known->heard_at && reading.used > known->used;
  if (is_newer(all.heard_at, known->heard_at, now) || says_more) take(*known, reading, all, now);
}

std::uint64_t fnv_1a(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::string window_name(milliseconds length) {
  if (length == 5 * kHour) return std::string(kFiveHour);
  if (length == 7 * kDay) return std::string(kSevenDay);
  if (length > kDay && length % kDay == milliseconds(0)) return std::to_string(length / kDay) + "d";
  if (length % kHour == milliseconds(0)) return std::to_string(length / kHour) + "h";
  return std::to_string(length / milliseconds(60'000)) + "m";
}

std::optional<milliseconds> window_length(std::string_view name) {
  if (begins_with_window(name, kFiveHour)) return 5 * kHour;
  if (begins_with_window(name, kSevenDay)) return 7 * kDay;
  const auto spelt = spelt_length(name);
  return spelt ? spelt : length_of_last_word(name);
}

bool is_of_subscription(std::string_view window) {
  return begins_with_window(window, kFiveHour) || begins_with_window(window, kSevenDay);
}

std::string_view model_of_window(std::string_view name) {
  for (const std::string_view window : {kFiveHour, kSevenDay})
    if (name.size() > window.size() && begins_with_window(name, window)) return name.substr(window.size() + 1);
  return {};
}

bool counts_model(std::string_view name, std::string_view model) {
  const std::string_view word = model_of_window(name);
  return word.empty() || model.find(word) != std::string_view::npos;
}

bool is_same_stretch(const std::optional<milliseconds>& one_end, const std::optional<milliseconds>& other_end) {
  if (!one_end || !other_end) return !one_end && !other_end;
  return std::chrono::abs(*one_end - *other_end) <= kJitter;
}

void merge(Quota& quota, const QuotaReading& reading, milliseconds now) {
  QuotaReading all = reading;
  all.heard_at = std::min(all.heard_at, now);
  quota.overage.in_use = current_overage(quota, now).in_use;  // the window that it followed may be replaced below
  std::erase_if(quota.windows, [&](const QuotaWindow& window) { return is_forgotten(window, now); });
  for (const WindowReading& window : all.windows)
    if (may_be_taken(window, all.heard_at, now)) merge(quota.windows, window, all, now);
  std::stable_sort(quota.windows.begin(), quota.windows.end(), [](const QuotaWindow& a, const QuotaWindow& b) {
    return a.length.value_or(kLongestWindow) < b.length.value_or(kLongestWindow);
  });
  if (all.overage && is_newer(all.heard_at, quota.overage_heard_at, now)) {
    quota.overage = *all.overage;
    quota.overage_heard_at = all.heard_at;
  }
}

std::string account_mark(std::string_view account_id, std::string_view salt) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t hash = fnv_1a(fnv_1a(fnv_1a(0xcbf29ce484222325u, salt), std::string_view("\0", 1)), account_id);
  std::string mark(salt);
  mark += ':';
  for (int i = 0; i < 16; ++i, hash >>= 4) mark += kDigits[hash & 15];
  return mark;
}

void note_account(Quota& quota, std::string_view account_id, std::string_view fresh_salt) {
  if (account_id.empty()) return;
  const std::string salt = quota.account.substr(0, quota.account.rfind(':'));
  if (!quota.account.empty() && account_mark(account_id, salt) == quota.account) return;
  if (!quota.account.empty()) quota = Quota{};
  quota.account = account_mark(account_id, fresh_salt);
}

std::vector<WindowView> current_windows(const Quota& quota, milliseconds now) {
  std::vector<WindowView> views;
  for (const QuotaWindow& window : quota.windows) {
    if (is_forgotten(window, now)) continue;
    WindowView view{.name = window.name,
                    .used = window.used,
                    .ends_at = window.ends_at,
                    .length = window.length,
                    .heard_at = window.heard_at,
                    .source = window.source};
    if (window.ends_at && *window.ends_at <= now) view.used = 0, view.ends_at.reset();
    views.push_back(std::move(view));
  }
  return views;
}

Overage current_overage(const Quota& quota, milliseconds now) {
  Overage overage = quota.overage;
  std::vector<QuotaWindow> running = quota.windows;  // when it was heard: others do not explain it
  std::erase_if(running,
                [&](const QuotaWindow& one) { return !one.ends_at || *one.ends_at <= quota.overage_heard_at; });
  const auto is_full = [](const QuotaWindow& window) { return window.used >= 1; };
  const auto goes_on = [&](const QuotaWindow& window) { return *window.ends_at > now; };
  // Those that are used up are those that it followed; another may last for days after them. If none is, the first end
  // of any may be the end of it.
  const bool was_full = std::any_of(running.begin(), running.end(), is_full);
  const bool is_followed =
      was_full ? std::any_of(running.begin(), running.end(),
                             [&](const QuotaWindow& window) { return is_full(window) && goes_on(window); })
               : std::all_of(running.begin(), running.end(), goes_on);
  const milliseconds age = now - quota.overage_heard_at;
  const bool is_dated = age >= -kJitter;  // otherwise the clock was set back
  if (!is_dated || !is_followed || (running.empty() && age >= kLongestUndated)) overage.in_use = false;
  return overage;
}

}  // namespace delegate
