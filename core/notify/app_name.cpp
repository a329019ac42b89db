#include "core/notify/app_name.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::string_view kAppName = "delegate";

/// Servers that wrap or cut a title have room for this many characters.
constexpr std::size_t kTitleFits = 30;

enum class NameGoesTo { nowhere, title_or_body, body };

struct ServerRow {
  std::string_view name;
  int below_version;  // the major one
  NameGoesTo place;
};

/// As seen on them. GNOME Shell shows the name since 46. XFCE cuts a title after some twenty characters.
constexpr ServerRow kServers[] = {
    {"gnome-shell", 46, NameGoesTo::title_or_body},
    {"gnome-shell", 10'000, NameGoesTo::nowhere},
    {"Plasma", 10'000, NameGoesTo::nowhere},
    {"Xfce Notify Daemon", 10'000, NameGoesTo::body},
};

std::size_t characters_in(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

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
  return row == std::end(kServers) ? NameGoesTo::title_or_body : row->place;
}

}  // namespace

Notice with_app_name(Notice notice, const ServerInformation& server) {
  const bool is_there = notice.summary.find(kAppName) != std::string::npos;
  const std::string title = notice.summary + " (" + std::string(kAppName) + ")";
  NameGoesTo place = is_there ? NameGoesTo::nowhere : place_for(server);
  const bool fits = place == NameGoesTo::title_or_body && characters_in(title) <= kTitleFits;
  if (fits) notice.summary = title;
  else if (place != NameGoesTo::nowhere) notice.body += (notice.body.empty() ? "" : "\n") + std::string(kAppName);
  return notice;
}

}  // namespace delegate::notify::desktop
