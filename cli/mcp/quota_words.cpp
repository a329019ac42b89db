#include "cli/mcp/quota_words.hpp"

#include <vector>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/quota/words.hpp"

namespace delegate::cli::server {

std::string quota_words(const inspect::QuotaStatus& quota, milliseconds now) {
  const inspect::WindowStatus* first = scarcest(quota);
  if (first == nullptr) return quota.overage.in_use ? "its calls are billed extra now" : "";
  std::vector<std::string> parts{used_percent_words(first->view) + " of its " + window_noun(first->view.name) +
                                 " used" +
                                 (first->view.ends_at ? ", until " + moment_words(*first->view.ends_at, now) : "")};
  for (const inspect::WindowStatus& window : quota.windows)
    if (&window != first) parts.push_back(window_words(window.view.name) + " " + used_percent_words(window.view));
  if (quota.overage.in_use) parts.emplace_back("its calls are billed extra now");
  return join(parts, "; ");
}

OrderedJson quota_windows(const inspect::QuotaStatus& quota) {
  OrderedJson list = OrderedJson::array();
  for (const inspect::WindowStatus& window : quota.windows) {
    OrderedJson one{{"name", window.view.name}, {"used_percent", percent_used(window.view.used)}};
    if (window.view.ends_at) one["ends_at"] = format_rfc3339(*window.view.ends_at);
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace delegate::cli::server
