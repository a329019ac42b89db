#pragma once
#include <functional>
#include <map>
#include <string>

#include "core/notify/notice.hpp"

namespace delegate::notify::desktop {

/// Hands the notice to the desktop's notification server (org.freedesktop.Notifications). Over after the budget, or,
/// when the server has to be started first, after the longer time for that, which `on_activation` hears of. A server is
/// started only where the bus knows one and there is a display.
Delivery deliver(const Notice& notice, const std::map<std::string, std::string>& environment,
                 const std::function<void(milliseconds)>& on_activation);

}  // namespace delegate::notify::desktop
