#pragma once
#include <string>

#include "core/notify/notice.hpp"

namespace delegate::notify::desktop {

/// What org.freedesktop.Notifications.GetServerInformation says; empty: it was not answered.
struct ServerInformation {
  std::string name;
  std::string version;
};

/// The notice as this server has to get it so that a person sees which program it is from: most servers do not show the
/// name of the app, so it is added to the text, where that server does not cut it off.
Notice with_app_name(Notice notice, const ServerInformation& server);

}  // namespace delegate::notify::desktop
