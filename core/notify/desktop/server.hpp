#pragma once
#include "core/notify/desktop/bus_calls.hpp"
#include "core/notify/notice.hpp"

// The notification server of a desktop: org.freedesktop.Notifications.
namespace delegate::notify::desktop {

inline constexpr const char* kServer = "org.freedesktop.Notifications";

/// Closes and shows what the notice asks for, at the server with this unique name, and fills in the result.
/// Code::permission_denied: a sandbox does not let it through, and nothing is shown.
Status show_at_server(BusCalls& calls, const std::string& server, const Notice& notice, NoticeResult& result);

}  // namespace delegate::notify::desktop
