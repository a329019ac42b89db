#pragma once
#include "core/notify/desktop/bus_calls.hpp"
#include "core/notify/notice.hpp"

// The desktop portal, which a sandbox such as Flatpak has instead of a notification server:
// org.freedesktop.portal.Notification.
namespace delegate::notify::desktop {

inline constexpr const char* kPortal = "org.freedesktop.portal.Desktop";

/// Removes and shows what the notice asks for, through the portal with this unique name, and fills in the result.
Status show_through_portal(BusCalls& calls, const std::string& portal, const Notice& notice, NoticeResult& result);

}  // namespace delegate::notify::desktop
