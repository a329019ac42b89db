#include "core/notify/quota_text.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/quota/pace.hpp"
#include "core/quota/words.hpp"

namespace delegate::notify {
namespace {

/// "at 16:40", "on Tue 09:00".
std::string at_moment(milliseconds at, milliseconds now) {
  const bool today = format_local(at, "%F") == format_local(now, "%F");
  return (today ? "at " : "on ") + moment_words(at, now);
}

/// "5 h window 80 % used", or "5 h 80 % used" if that leaves no room for the name.
std::string title_words(const std::string& name, const WindowView& window) {
  const std::string used = window.used >= 1 ? "used up" : used_percent_words(window) + " used";
  const std::string words = window_noun(window.name) + " " + used;
  return name.size() + 2 + words.size() <= kLongestTitle ? words : window_words(window.name) + " " + used;
}

std::string renewal(const std::optional<milliseconds>& ends_at, milliseconds now) {
  return ends_at ? "Renews " + at_moment(*ends_at, now) + "." : "";
}

NotificationText text_of_window(const std::string& name, const WindowView& window, milliseconds now) {
  std::string message = renewal(window.ends_at, now);
  if (const auto used_up = used_up_at(window, now); used_up)  // it has an end then
    message = "At this pace used up " + at_moment(*used_up, now) + "; renews " + at_moment(*window.ends_at, now) + ".";
  return text_about(name, title_words(name, window), std::move(message));
}

NotificationText text_of_extra_billing(const NotificationRow& row, const QuotaFacts& quota, milliseconds now) {
  const auto followed = std::max_element(quota.windows.begin(), quota.windows.end(),
                                         [](const WindowView& a, const WindowView& b) { return a.used < b.used; });
  const std::string window = followed == quota.windows.end() ? "its windows" : "the " + window_noun(followed->name);
  const std::string until = row.retry_at ? " until " + moment_words(*row.retry_at, now) : "";
  const std::string remedy = quota.may_avoid_extra ? "Set backends." + candidate_name(row.subject).backend +
                                                         ".overage to \"avoid\" to stop that. "
                                                   : "";
  return text_about(row.subject, "billed extra now", remedy + "Calls beyond " + window + " are charged" + until + ".");
}

}  // namespace

NotificationText text_of_quota(const NotificationRow& row, const OutageFacts& facts) {
  const QuotaFacts quota = facts.quota_for ? facts.quota_for(row) : QuotaFacts{};
  if (row.outcome == kExtraBilling) return text_of_extra_billing(row, quota, facts.now);
  const auto window = std::find_if(quota.windows.begin(), quota.windows.end(),
                                   [&](const WindowView& one) { return one.name == row.outcome; });
  if (window == quota.windows.end()) return {row.title, renewal(row.retry_at, facts.now)};
  return text_of_window(row.subject, *window, facts.now);
}

}  // namespace delegate::notify
