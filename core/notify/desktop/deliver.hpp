#pragma once
#include <functional>
#include <map>
#include <string>

#include "core/notify/notice.hpp"

namespace delegate::notify::desktop {

/// Passes the notice to the desktop's notification server (org.freedesktop.Notifications), or in a sandbox, where only
/// that can be reached, to the desktop portal. Returns within the budget, plus the activation time if a server must be
/// started first; `on_activation` is then called with that time. A server is started only if the bus knows one and
/// there is a display.
NoticeResult deliver(const Notice& notice, const std::map<std::string, std::string>& environment,
                     const std::function<void(milliseconds)>& on_activation);

}  // namespace delegate::notify::desktop
