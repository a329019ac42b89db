#include "core/notify/app_name.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::string_view kAppName = "delegate";

/// Servers that wrap or cut a title have room for this many bytes as a rule.
constexpr std::size_t kTitleFits = 36;

enum class NameGoesTo { nowhere, title, short_title, body };

struct ServerRow {
  std::string_view name;
  int below_version;  // the major one
  NameGoesTo place;
};

/// As seen on them. GNOME Shell shows one line of the body, and the name since 46. XFCE cuts a title after some twenty
/// characters. The others show about four lines of the body, so the name takes none of them unless it must.
constexpr ServerRow kServers[] = {
    {"gnome-shell", 46, NameGoesTo::title},
    {"gnome-shell", 10'000, NameGoesTo::nowhere},
    {"Plasma", 10'000, NameGoesTo::nowhere},
    {"Xfce Notify Daemon", 10'000, NameGoesTo::body},
};

int major_version(const std::string& version) {
  int number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

NameGoesTo place_for(const ServerInformation& server) {
  const int version = major_version(server.version);
  const auto* const row = std::find_if(std::begin(kServers), std::end(kServers), [&](const ServerRow& one) {
    return one.name == server.name && version < one.below_version;
  });
  return row == std::end(kServers) ? NameGoesTo::short_title : row->place;
}

}  // namespace

Notice with_app_name(Notice notice, const ServerInformation& server) {
  const bool is_there = notice.summary.find(kAppName) != std::string::npos;
  const std::string title = notice.summary + " (" + std::string(kAppName) + ")";
  NameGoesTo place = is_there ? NameGoesTo::nowhere : place_for(server);
  if (place == NameGoesTo::short_title) place = title.size() <= kTitleFits ? NameGoesTo::title : NameGoesTo::body;
  if (place == NameGoesTo::title) notice.summary = title;
  if (place == NameGoesTo::body) notice.body += (notice.body.empty() ? "" : "\n") + std::string(kAppName);
  return notice;
}

}  // namespace delegate::notify::desktop
